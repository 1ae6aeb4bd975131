/** The lab has both families of addresses everywhere: hosts, pods and services. */
import { isIPv4, isIPv6 } from 'node:net';
import { readFile } from 'node:fs/promises';
import { type KubeObject, type Pod, PODS, SERVICES } from '@metallb-l2/sdk/kube';
import { connect, type KubeConnection } from '@metallb-l2/sdk/kube/connect';
import { httpGet } from '../demo/probe.ts';
import { createWorkload, WORKLOAD_NAMESPACE } from '../demo/workload.ts';
import { startLab, type Lab } from '../lab/lab.ts';
import { eventually } from '../support/eventually.ts';

const MINUTE = 60_000;
const task = { log: () => undefined, signal: new AbortController().signal };

function addressesOf(status: Pod['status'] & { podIPs?: { ip: string }[] } = {}): string[] {
  return (status.podIPs ?? []).map(({ ip }) => ip);
}

describe('a lab', () => {
  let lab: Lab;
  let api: KubeConnection;

  beforeAll(async () => {
    lab = await startLab({ ...task, nodes: 2 });
    api = connect({ kubeconfig: await readFile(lab.kubeconfigPath, 'utf8') });
    const { baseImage: image } = lab.registry;
    await createWorkload(api, { image, replicas: 2, services: [], signal: task.signal });
    await api.create(SERVICES, {
      metadata: { name: 'both', namespace: WORKLOAD_NAMESPACE },
      spec: {
        ipFamilyPolicy: 'RequireDualStack',
        selector: { app: 'web' },
        ports: [{ port: 80, targetPort: 8080 }],
      },
    } as KubeObject);
  }, 3 * MINUTE);

  afterAll(async () => {
    api.close();
    await lab.down();
  }, MINUTE);

  it(
    'gives every pod an address of each family, which every node reaches',
    async () => {
      await eventually(async () => {
        const { items } = await api.list(PODS, { namespace: WORKLOAD_NAMESPACE });
        expect(items.map(({ spec }) => spec?.nodeName).sort()).toEqual(['node1', 'node2']);
        for (const { metadata, status } of items) {
          const [ip4 = '', ip6 = ''] = addressesOf(status);
          expect([isIPv4(ip4), isIPv6(ip6)]).toEqual([true, true]);
          for (const node of lab.nodes) {
            for (const address of [`${ip4}:8080`, `[${ip6}]:8080`]) {
              expect(await httpGet(lab, node.name, address)).toEqual({ ok: true, body: metadata.name });
            }
          }
        }
      });
    },
    2 * MINUTE,
  );

  it(
    'gives a service an address of each family, which leads to the pods of all nodes',
    async () => {
      const { spec } = await api.get(SERVICES, { namespace: WORKLOAD_NAMESPACE, name: 'both' });
      const [ip4 = '', ip6 = ''] = spec?.clusterIPs ?? [];
      expect([isIPv4(ip4), isIPv6(ip6)]).toEqual([true, true]);
      for (const address of [ip4, `[${ip6}]`]) {
        await eventually(async () => {
          const bodies = new Set<string>();
          for (let request = 0; request < 10; request++) {
            bodies.add((await httpGet(lab, 'node1', address)).body);
          }
          expect(bodies.size).toBe(2);
        });
      }
    },
    2 * MINUTE,
  );
});
