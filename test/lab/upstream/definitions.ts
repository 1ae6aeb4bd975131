/**
 * The CRDs upstream v0.16.1 cannot run without. Those of layer 2 accept what upstream's accept and have its
 * immutable `status.node`; those of BGP, which nothing here uses, accept anything.
 */
import { customResourceDefinitions } from '@metallb-l2/sdk/crds';
import type { CustomResourceDefinition } from '@metallb-l2/sdk/kube';

/** `[kind, versions]`; the last version is the stored one. */
const OTHER_KINDS: readonly (readonly [string, readonly string[]])[] = [
  ['BFDProfile', ['v1beta1']],
  ['BGPAdvertisement', ['v1beta1']],
  ['BGPPeer', ['v1beta1', 'v1beta2']],
  ['Community', ['v1beta1']],
  ['ServiceBGPStatus', ['v1beta1']],
];

export function upstreamDefinitions(): CustomResourceDefinition[] {
  const layer2 = customResourceDefinitions().map((definition) =>
    definition.spec.names.kind === 'ServiceL2Status' ? asUpstreamHasIt(definition) : definition,
  );
  return [...layer2, ...OTHER_KINDS.map(([kind, versions]) => permissive(kind, versions))];
}

/** The definition of `ServiceL2Status` with upstream's faults: its node is immutable, our fields are pruned. */
export function asUpstreamHasIt(ours: CustomResourceDefinition): CustomResourceDefinition {
  const definition = structuredClone(ours);
  for (const { schema } of definition.spec.versions) {
    const fields = schema.openAPIV3Schema.properties?.['status']?.properties ?? {};
    fields['node'] = { ...fields['serviceName'] };
    delete fields['addresses'];
    delete fields['announcedSince'];
  }
  return definition;
}

function permissive(kind: string, versions: readonly string[]): CustomResourceDefinition {
  const singular = kind.toLowerCase();
  const plural = pluralOf(singular);
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.metallb.io` },
    spec: {
      group: 'metallb.io',
      scope: 'Namespaced',
      names: { kind, listKind: `${kind}List`, plural, singular },
      versions: versions.map((name) => ({
        name,
        served: true,
        storage: name === versions.at(-1),
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      })),
    },
  };
}

function pluralOf(singular: string): string {
  if (singular.endsWith('y')) return `${singular.slice(0, -1)}ies`;
  return singular.endsWith('s') ? `${singular}es` : `${singular}s`;
}
