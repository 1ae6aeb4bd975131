/** Accounts of pods. The API server takes no pod before its namespace has one. */
import type { ResourceType } from '@metallb-l2/sdk/kube';

export const SERVICE_ACCOUNTS: ResourceType = {
  group: '',
  version: 'v1',
  plural: 'serviceaccounts',
  kind: 'ServiceAccount',
  namespaced: true,
};
