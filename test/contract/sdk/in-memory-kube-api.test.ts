import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import { kubeApiContract } from './kube-api.contract.ts';

kubeApiContract('the in-memory API server', () =>
  Promise.resolve({ api: new InMemoryKubeApi(), namespace: 'demo' }),
);
