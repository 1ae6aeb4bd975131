/**
 * The custom resource definitions. They are patches that stay: a patch creates what is missing and adopts
 * what is there (from an earlier install, from kubectl), and since deleting a definition deletes every
 * object of its kind, the users' own pools as well, `pulumi destroy` leaves them.
 */
import { customResourceDefinitions } from '@metallb-l2/sdk/crds';
import type { CustomResourceDefinition } from '@metallb-l2/sdk/kube';
import * as k8s from '@pulumi/kubernetes';
import type * as pulumi from '@pulumi/pulumi';

/** Without a fixed manager every reinstall would be a new one, in conflict with the one before. */
const FIELD_MANAGER = 'metallb-l2';

/** Installs, or mends, the definitions of MetalLB's layer-2 resources. */
export function installCrds(
  name: string,
  opts: pulumi.CustomResourceOptions,
): k8s.apiextensions.v1.CustomResourceDefinitionPatch[] {
  return customResourceDefinitions().map(({ metadata, spec }: CustomResourceDefinition) => {
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
  });
}
