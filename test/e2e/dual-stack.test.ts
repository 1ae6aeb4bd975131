/**
 * The lab has both families of addresses everywhere: hosts, pods and services. On it `examples/dual-stack`, the very
 * program, gives services addresses of both families, which a node answers for.
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { type Announcement, ServiceL2StatusClient } from '@metallb-l2/sdk';
import { electOwner } from '@metallb-l2/sdk/election';
import { type KubeObject, type Pod, PODS, SERVICES } from '@metallb-l2/sdk/kube';
import { connect, type KubeConnection } from '@metallb-l2/sdk/kube/connect';
import { arpAnswers, httpGet, ndpAnswer, nodesByMac } from '../demo/probe.ts';
import { labSite } from '../demo/site.ts';
import { createWorkload, WORKLOAD_NAMESPACE } from '../demo/workload.ts';
import { kubectl } from '../lab/kubectl.ts';
import { startLab, type Lab } from '../lab/lab.ts';
import { eventually } from '../support/eventually.ts';
import { exampleStack } from '../support/example-stack.ts';
import { openForAll } from '../support/open-for-all.ts';
import type { PulumiStack } from '../support/pulumi-stack.ts';

const MINUTE = 60_000;
const { signal, open, defer } = openForAll();
const task = { log: () => undefined, signal };

let lab: Lab;
let api: KubeConnection;
let stack: PulumiStack;
let macs: ReadonlyMap<string, string>;

beforeAll(async () => {
  lab = await open(startLab({ ...task, nodes: 2 }), (opened) => opened.down());
  const { kubeconfig, config, sampleImage: image } = await labSite(lab);
  api = connect({ kubeconfig });
  defer(() => api.close());
  macs = await nodesByMac(lab);
  await createWorkload(api, { image, replicas: 2, services: [], signal });
  const { build } = config;
  const options = { kubeconfig, config: { build, ...poolsOf(lab) }, ...task };
  stack = await open(exampleStack('dual-stack', options), (opened) => opened.dispose());
}, 3 * MINUTE);

/** The lab's free addresses, divided. */
function poolsOf({ addressPool, addressPool6 }: Lab) {
  const [first = ''] = addressPool.split('/');
  const [first6 = ''] = addressPool6.split('/');
  const next = first.replace(/\d+$/, (last) => String(Number(last) + 16));
  return {
    office: [`${first}/28`, `${first6}/120`],
    edge: [`${next}/28`, `${first6.replace(/:0$/, ':100')}/120`],
  };
}

async function createService(name: string, spec: object, annotations: Record<string, string> = {}) {
  await api.create(SERVICES, {
    metadata: { name, namespace: WORKLOAD_NAMESPACE, annotations },
    spec: {
      ipFamilyPolicy: 'RequireDualStack',
      selector: { app: 'web' },
      ports: [{ port: 80, targetPort: 8080 }],
      ...spec,
    },
  } as KubeObject);
}

function addressesOf(status: Pod['status'] & { podIPs?: { ip: string }[] } = {}): string[] {
  return (status.podIPs ?? []).map(({ ip }) => ip);
}

/** Waits until requests from `host` to each address have reached both pods. */
async function expectBothPods(host: string, addresses: readonly string[]): Promise<void> {
  for (const address of addresses) {
    await eventually(async () => {
      const bodies = new Set<string>();
      for (let request = 0; request < 10 && bodies.size < 2; request++) {
        const { ok, body } = await httpGet(lab, host, address);
        expect({ ok, body }).toEqual({ ok: true, body });
        bodies.add(body);
      }
      expect(bodies.size).toBe(2);
    });
  }
}

describe('a lab', () => {
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
      await createService('both', {});
      const { spec } = await api.get(SERVICES, { namespace: WORKLOAD_NAMESPACE, name: 'both' });
      const [ip4 = '', ip6 = ''] = spec?.clusterIPs ?? [];
      expect([isIPv4(ip4), isIPv6(ip6)]).toEqual([true, true]);
      await expectBothPods('node1', [ip4, `[${ip6}]`]);
    },
    2 * MINUTE,
  );
});

describe('examples/dual-stack', () => {
  let announced: ReadonlyMap<string, Announcement>;
  /** The node on the edge network: the one that would not be elected if all were. */
  let edgeNode: string;

  /** What the controller gave a service, IPv4 first. */
  async function ingressOf(name: string): Promise<[string, string]> {
    const { status } = await api.get(SERVICES, { namespace: WORKLOAD_NAMESPACE, name });
    const [ip4 = '', ip6 = ''] = (status?.loadBalancer?.ingress ?? []).map(({ ip = '' }) => ip).sort();
    expect([isIPv4(ip4), isIPv6(ip6)]).toEqual([true, true]);
    return [ip4, ip6];
  }

  beforeAll(async () => {
    await stack.up();
    await createService('office', { type: 'LoadBalancer' });
    await createService('edge', { type: 'LoadBalancer' }, { 'metallb.io/address-pool': 'edge' });
    await eventually(async () => {
      const { status } = await api.get(SERVICES, { namespace: WORKLOAD_NAMESPACE, name: 'edge' });
      const elected = electOwner(['node1', 'node2'], status?.loadBalancer?.ingress?.[0]?.ip ?? '');
      await ingressOf('edge');
      edgeNode = elected === 'node1' ? 'node2' : 'node1';
    });
    await kubectl(lab, ['label', 'node', edgeNode, 'example.com/network=edge']);
    const client = new ServiceL2StatusClient({ api });
    await eventually(async () => {
      const { statuses } = await client.list();
      expect(statuses.map(({ service, addresses }) => [service.name, addresses.length]).sort()).toEqual([
        ['edge', 2],
        ['office', 2],
      ]);
      announced = new Map(statuses.map((each) => [each.service.name, each]));
    });
    client.close();
  }, 3 * MINUTE);

  it.each(['office', 'edge'] as const)(
    'gives a service an address of each family from pool %s, which one node answers for and which leads to the pods',
    async (pool) => {
      const [ip4, ip6] = await ingressOf(pool);
      const range = new BlockList();
      for (const [index, cidr] of poolsOf(lab)[pool].entries()) {
        const [network = '', length] = cidr.split('/');
        range.addSubnet(network, Number(length), index === 0 ? 'ipv4' : 'ipv6');
      }
      expect([range.check(ip4), range.check(ip6, 'ipv6')]).toEqual([true, true]);

      const announcement = announced.get(pool);
      expect([...(announcement?.addresses ?? [])].sort()).toEqual([ip4, ip6]);
      expect((await arpAnswers(lab, 'client', ip4)).map((mac) => macs.get(mac))).toEqual([
        announcement?.node,
      ]);
      await expectBothPods('client', [ip4, `[${ip6}]`]);
      expect(macs.get(await ndpAnswer(lab, 'client', ip6))).toBe(announcement?.node);
    },
    2 * MINUTE,
  );

  it('announces the edge only where it is connected', () => {
    expect(announced.get('edge')?.node).toBe(edgeNode);
  });
});
