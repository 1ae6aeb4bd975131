/** Custom resource definitions on any API server, by its API alone. */
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type CustomResourceDefinition,
  type KubeApi,
} from '@metallb-l2/sdk/kube';

/** Applies a CRD and waits until its resources are served. */
export async function establish(
  api: KubeApi,
  crd: CustomResourceDefinition,
): Promise<CustomResourceDefinition> {
  const name = crd.metadata.name ?? '';
  await api.patch(CUSTOM_RESOURCE_DEFINITIONS, { name }, crd, {
    type: 'apply',
    fieldManager: 'test',
    force: true,
  });
  const options = { resourceVersion: '0', fieldSelector: `metadata.name=${name}`, timeoutSeconds: 60 };
  for await (const line of api.watch(CUSTOM_RESOURCE_DEFINITIONS, options)) {
    if (line.type === 'BOOKMARK') continue;
    const conditions = line.object.status?.conditions ?? [];
    if (conditions.some(({ type, status }) => type === 'Established' && status === 'True'))
      return line.object;
  }
  throw new Error(`${name} was not established within a minute`);
}
