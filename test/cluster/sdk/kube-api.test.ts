import { kubeApiContract } from '../../contract/sdk/kube-api.contract.ts';
import { START_TIMEOUT_MS, type TestCluster, startTestCluster } from './control-plane.ts';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startTestCluster();
}, START_TIMEOUT_MS);

afterAll(() => cluster.stop());

kubeApiContract('the connection to a real API server', async () => ({
  api: cluster.api,
  namespace: await cluster.createNamespace(),
}));
