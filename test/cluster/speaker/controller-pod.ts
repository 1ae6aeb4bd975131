import { type KubeApi, PODS } from '@metallb-l2/sdk/kube';
import { SERVICE_ACCOUNTS } from '../../lab/service-accounts.ts';
import { until } from '../../support/until.ts';

export interface PodRef {
  readonly name: string;
  readonly uid: string;
}

/** The pod that a controller counts as; without it the garbage collector takes what belongs to it. */
export async function createPod(
  api: KubeApi,
  { namespace, name }: { namespace: string; name: string },
): Promise<PodRef> {
  // A pod needs its namespace's account, which the controller manager makes a little later.
  await until('the namespace has its account', () =>
    api.get(SERVICE_ACCOUNTS, { namespace, name: 'default' }).then(
      () => true,
      () => false,
    ),
  );
  const { metadata } = await api.create(PODS, {
    metadata: { name, namespace },
    spec: { containers: [{ name, image: 'none' }] },
  });
  return { name, uid: metadata.uid ?? '' };
}
