/** What happens to the network of a node, and what a client on it sees of the real speaker meanwhile. */
import { readFile } from 'node:fs/promises';
import { customResourceDefinitions } from '@metallb-l2/sdk/crds';
import { EVENTS } from '@metallb-l2/sdk/kube';
import { connect, type KubeConnection } from '@metallb-l2/sdk/kube/connect';
import { LanProbe } from '../bench/lan/probe.ts';
import { nodesByMac } from '../demo/probe.ts';
import { createPool, createService, createSpeakerPod } from '../lab/bare-cluster.ts';
import { startBareSpeaker } from '../lab/bare-speaker.ts';
import { hostFolder } from '../lab/folders.ts';
import { onHostNetwork, openHost } from '../lab/host.ts';
import { applyObjects, kubectl } from '../lab/kubectl.ts';
import { startLab, type Lab } from '../lab/lab.ts';
import { runChecked } from '../lab/run.ts';
import { eventually } from '../support/eventually.ts';
import { openForAll } from '../support/open-for-all.ts';
import { pidOf } from '../toolchain/process-identity.ts';

const MINUTE = 60_000;
const LIMIT_MS = 20_000;
/** Who answered so many milliseconds ago, and nobody else, is who answers. */
const RECENT_MS = 300;
const WEB = '10.20.0.1';
const LIMITED = '10.21.0.1';

const { signal, open, defer } = openForAll();
const task = { log: () => undefined, signal };
let lab: Lab;
let api: KubeConnection;
const probes: LanProbe[] = [];

beforeAll(async () => {
  const shape = { bare: true, nodes: 2, clients: ['client', 'intruder'] };
  lab = await open(startLab({ ...task, ...shape }), (opened) => opened.down());
  api = connect({ kubeconfig: await readFile(lab.kubeconfigPath, 'utf8') });
  defer(() => api.close());
  await applyObjects(lab, customResourceDefinitions(), task.signal);
  await kubectl(lab, ['wait', 'crd', '--all', '--for=condition=Established', '--timeout=30s']);
  await startSpeaker('node1');
  await createPool(api, { name: 'everywhere', addresses: ['10.20.0.0/24'] }, task.signal);
  await createPool(api, { name: 'limited', addresses: ['10.21.0.0/24'], interfaces: ['eth0'] }, task.signal);
  await createService(api, 'web', WEB, task.signal);
  await createService(api, 'limited', LIMITED, task.signal);
}, MINUTE);

afterEach(async () => {
  for (const probe of probes.splice(0)) await probe.stop();
});

async function startSpeaker(node: string): Promise<void> {
  const found = lab.nodes.find(({ name }) => name === node);
  if (found === undefined) throw new Error(`there is no ${node}`);
  const pod = await createSpeakerPod(api, found, task.signal);
  const speaker = startBareSpeaker(lab, pod, { gossips: true });
  defer(() => speaker.kill());
}

/** Runs `ip` of iproute2 in the network of a host. */
async function ip(host: string, ...args: string[]): Promise<string> {
  const open = await openHost(host, hostFolder(lab.name, host));
  return (await runChecked(onHostNetwork(open, ['ip', ...args]))).stdout;
}

/** A cable between two hosts of its own, beside the one to the bridge; both call their end the same. */
async function layCable(name: string, host: string, other: string): Promise<void> {
  const { init } = await openHost(other, hostFolder(lab.name, other));
  const peer = ['peer', 'name', name, 'netns', String(pidOf(init))];
  await ip(host, 'link', 'add', 'name', name, 'type', 'veth', ...peer);
  for (const end of [host, other]) await ip(end, 'link', 'set', name, 'up');
}

async function macOf(host: string, name: string): Promise<string> {
  const text = await ip(host, '-brief', 'link', 'show', 'dev', name);
  return /\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b/.exec(text)?.[0] ?? '';
}

/** The client's view of an address, on one of its interfaces. */
async function watch(address: string, name = 'eth0'): Promise<LanProbe> {
  const probe = await LanProbe.start(lab, 'client', { address, interface: name }, task);
  probes.push(probe);
  return probe;
}

function untilOnly(probe: LanProbe, mac: string, limitMs = LIMIT_MS): Promise<void> {
  const onlyIt = () => [...probe.answering(RECENT_MS)].join() === mac;
  return probe.until(`${mac} answers, alone`, onlyIt, limitMs);
}

function untilSilent(probe: LanProbe): Promise<void> {
  return probe.until('nobody answers', () => probe.answering(RECENT_MS).size === 0, LIMIT_MS);
}

it(
  'tells the network its new MAC address, and answers with it',
  async () => {
    const probe = await watch(WEB);
    await untilOnly(probe, await macOf('node1', 'eth0'));
    const mac = '02:00:00:00:00:77';
    const claimed = () => probe.claims.some((claim) => claim.mac === mac);
    expect(claimed()).toBe(false);
    await ip('node1', 'link', 'set', 'eth0', 'address', mac);
    await untilOnly(probe, mac);
    await probe.until('it has said so', claimed, LIMIT_MS);
  },
  MINUTE,
);

it(
  'answers again, and says so, when a link that was down is up',
  async () => {
    const mac = await macOf('node1', 'eth0');
    const probe = await watch(WEB);
    await untilOnly(probe, mac);
    await ip('node1', 'link', 'set', 'eth0', 'down');
    await untilSilent(probe);
    const claimsBefore = probe.claims.length;
    await ip('node1', 'link', 'set', 'eth0', 'up');
    await untilOnly(probe, mac);
    await probe.until('it has said so', () => probe.claims.length > claimsBefore, LIMIT_MS);
  },
  MINUTE,
);

it(
  'answers on an interface that is added while it runs, for what is announced on all of them',
  async () => {
    await layCable('eth1', 'node1', 'client');
    await ip('client', 'address', 'add', '10.9.0.1/24', 'dev', 'eth1');
    const [web, limited, limitedOnEth0] = [
      await watch(WEB, 'eth1'),
      await watch(LIMITED, 'eth1'),
      await watch(LIMITED, 'eth0'),
    ];
    await untilOnly(web, await macOf('node1', 'eth1'));
    await untilOnly(limitedOnEth0, await macOf('node1', 'eth0'));
    expect(limited.answers).toEqual([]);
  },
  MINUTE,
);

it(
  'answers on the bridge an interface is enslaved to, not on the interface',
  async () => {
    const probe = await watch(WEB, 'eth1');
    await untilOnly(probe, await macOf('node1', 'eth1'));
    const mac = '02:00:00:00:00:b0';
    await ip('node1', 'link', 'add', 'bridge0', 'address', mac, 'type', 'bridge');
    await ip('node1', 'link', 'set', 'bridge0', 'up');
    await ip('node1', 'link', 'set', 'eth1', 'master', 'bridge0');
    await untilOnly(probe, mac);
    await ip('node1', 'link', 'delete', 'bridge0');
    await untilOnly(probe, await macOf('node1', 'eth1'));
  },
  MINUTE,
);

it(
  'says in an event and a metric that another station uses an address, and defends it',
  async () => {
    const mac = await macOf('node1', 'eth0');
    const probe = await watch(WEB);
    await untilOnly(probe, mac);
    const from = Date.now();
    // A gratuitous ARP request, as a station sends it that has configured the address.
    const claim = ['arping', '-U', '-c', '1', '-i', 'eth0', '-S', WEB, WEB];
    await lab.exec('intruder', claim);
    const intruder = await macOf('intruder', 'eth0');
    await eventually(async () => {
      const { items } = await api.list(EVENTS, { namespace: 'default' });
      const said = items.filter(({ reason }) => reason === 'addressConflict');
      expect(said).toMatchObject([{ type: 'Warning', involvedObject: { kind: 'Service', name: 'web' } }]);
      expect(said[0]?.message).toContain(intruder);
    }, LIMIT_MS);
    const defended = () => probe.claims.some((claim) => claim.mac === mac && claim.at > from);
    await probe.until('it has defended the address', defended, LIMIT_MS);
    await eventually(async () => {
      const response = await fetch(`http://${lab.nodes[0]!.ip}:7472/metrics`);
      expect(await response.text()).toMatch(
        new RegExp(`^metallb_layer2_address_conflicts\\{ip="${WEB}"\\} [1-9]`, 'm'),
      );
    }, LIMIT_MS);
    await untilOnly(probe, mac);
  },
  MINUTE,
);

it(
  'leaves its addresses to another node while its cable is pulled, and has them back alone',
  async () => {
    await startSpeaker('node2');
    const probe = await watch(WEB);
    await eventually(async () => {
      for (const { ip: host } of lab.nodes) {
        const text = await (await fetch(`http://${host}:7472/metrics`)).text();
        expect(text).toContain('metallb_speaker_memberlist_members{state="alive"} 2');
      }
    }, LIMIT_MS);
    await probe.until('one node answers', () => probe.answering(2 * RECENT_MS).size === 1, LIMIT_MS);
    const [winner = ''] = probe.answering(RECENT_MS);
    const nodes = await nodesByMac(lab);
    const other = [...nodes.keys()].find((mac) => mac !== winner) ?? '';
    await lab.cutPower(nodes.get(winner) ?? '');
    await untilOnly(probe, other);
    await lab.restore(nodes.get(winner) ?? '');
    await untilOnly(probe, winner);
    expect(await answeringFor(probe, 1000)).toEqual([winner]);
  },
  MINUTE,
);

/** Who answers in the time to come. */
async function answeringFor(probe: LanProbe, ms: number): Promise<string[]> {
  const until = Date.now() + ms;
  await probe.until('the time is over', () => Date.now() >= until, 2 * ms);
  return [...probe.answering(ms)];
}
