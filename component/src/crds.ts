/**
 * The custom resource definitions. They are patches that stay: a patch creates what is missing and adopts
 * what is there (from an earlier install, from kubectl), and since deleting a definition deletes every
 * object of its kind, the users' own pools as well, `pulumi destroy` leaves them.
 */
import { customResourceDefinitions } from '@metallb-l2/sdk/crds';
import type { CustomResourceDefinition } from '@metallb-l2/sdk/kube';
import { SERVICE_L2_STATUSES } from '@metallb-l2/sdk/models';
import * as k8s from '@pulumi/kubernetes';
import type * as pulumi from '@pulumi/pulumi';

/** Without a fixed manager every reinstall would be a new one, in conflict with the one before. */
const FIELD_MANAGER = 'metallb-l2';

type CrdPatch = k8s.apiextensions.v1.CustomResourceDefinitionPatch;

/** Installs, or mends, the definitions of MetalLB's layer-2 resources. */
export function installCrds(name: string, opts: pulumi.CustomResourceOptions): CrdPatch[] {
  return customResourceDefinitions().map((definition) => patchCrd(name, definition, opts));
}

/** Lets `status.node` of `ServiceL2Status` change, and touches no other definition. */
export function mendCrds(name: string, opts: pulumi.CustomResourceOptions): CrdPatch[] {
  return customResourceDefinitions()
    .filter(({ spec }) => spec.names.kind === SERVICE_L2_STATUSES.kind)
    .map((definition) => patchCrd(name, definition, opts));
}

function patchCrd(
  name: string,
  { metadata, spec }: CustomResourceDefinition,
  opts: pulumi.CustomResourceOptions,
): CrdPatch {
  const { name: crdName = '', labels, annotations } = metadata;
  return new k8s.apiextensions.v1.CustomResourceDefinitionPatch(
    `${name}-crd-${crdName.split('.')[0] ?? crdName}`,
    {
      metadata: {
        name: crdName,
        ...(labels === undefined ? {} : { labels }),
        annotations: {
          ...annotations,
          'pulumi.com/patchForce': 'true',
          'pulumi.com/patchFieldManager': FIELD_MANAGER,
        },
      },
      spec: spec as k8s.types.input.apiextensions.v1.CustomResourceDefinitionSpecPatch,
    },
    { ...opts, retainOnDelete: true },
  );
}
