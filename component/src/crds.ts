/**
 * The custom resource definitions. They are patches that stay: a patch creates what is missing and adopts
 * what is there (from an earlier install, from kubectl), and since deleting a definition deletes every
 * object of its kind, the users' own pools as well, `pulumi destroy` leaves them.
 */
import { customResourceDefinitions } from '@metallb-l2/sdk/crds';
import { SERVICE_L2_STATUSES } from '@metallb-l2/sdk/models';
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import { mendedDefinition } from './mended-definition.js';

/** Without a fixed manager every reinstall would be a new one, in conflict with the one before. */
const FIELD_MANAGER = 'metallb-l2';

type CrdPatch = k8s.apiextensions.v1.CustomResourceDefinitionPatch;
type SpecPatch = k8s.types.input.apiextensions.v1.CustomResourceDefinitionSpecPatch;

/** Installs, or mends, the definitions of MetalLB's layer-2 resources. */
export function installCrds(name: string, opts: pulumi.CustomResourceOptions): CrdPatch[] {
  return customResourceDefinitions().map(({ metadata, spec }) =>
    patchCrd(name, metadata.name ?? '', { annotations: {}, spec: spec as SpecPatch }, opts),
  );
}

/** Lets `status.node` of `ServiceL2Status` change, and touches nothing else of any definition. */
export function mendCrds(name: string, opts: pulumi.CustomResourceOptions): CrdPatch[] {
  const { plural, group } = SERVICE_L2_STATUSES;
  const crdName = `${plural}.${group}`;
  const found = k8s.apiextensions.v1.CustomResourceDefinition.get(`${name}-found-${plural}`, crdName, opts);
  const { annotations, spec } = pulumi
    .output({ metadata: found.metadata, spec: found.spec })
    .apply(mendedDefinition);
  return [patchCrd(name, crdName, { annotations, spec }, opts)];
}

function patchCrd(
  name: string,
  crdName: string,
  { annotations, spec }: { annotations: pulumi.Input<Record<string, string>>; spec: pulumi.Input<SpecPatch> },
  opts: pulumi.CustomResourceOptions,
): CrdPatch {
  return new k8s.apiextensions.v1.CustomResourceDefinitionPatch(
    `${name}-crd-${crdName.split('.')[0] ?? crdName}`,
    {
      metadata: {
        name: crdName,
        annotations: pulumi.output(annotations).apply((more) => ({
          ...more,
          'pulumi.com/patchForce': 'true',
          'pulumi.com/patchFieldManager': FIELD_MANAGER,
        })),
      },
      spec,
    },
    { ...opts, retainOnDelete: true },
  );
}
