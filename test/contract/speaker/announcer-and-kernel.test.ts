/**
 * The announcer against Linux itself: a host in a network namespace resolves, probes and tries to take the
 * addresses announced at the other end of its cable.
 */
import { readFileSync } from 'node:fs';
import { Listeners, systemClock, systemRandom } from '@metallb-l2/sdk/kube';
import { type AddressConflict, Announcer } from '../../../speaker/src/layer2/announcer.js';
import { openMulticastGroups } from '../../../speaker/src/linux/multicast-groups.js';
import { openPacketSocket } from '../../../speaker/src/linux/packet-socket.js';
import type { Link, LinkSource, PacketType } from '../../../speaker/src/ports.js';
import { ipBytes } from '../../../speaker/src/wire/address.js';
import { decodeArp, encodeArp } from '../../../speaker/src/wire/arp.js';
import { encodeEthernet } from '../../../speaker/src/wire/ethernet.js';
import { ip, linksNow } from '../../support/network-interfaces.ts';
import { NetworkNamespace } from '../../support/network-namespace.ts';
import { RecordedLog } from '../../support/recorded-log.ts';
import { RecordedMeter } from '../../support/recorded-meter.ts';
import { untilHolds } from '../../support/until.ts';
import { missingPermission } from '../../support/packet-permission.ts';

const VIP4 = '192.0.2.50';
const VIP6 = '2001:db8::50';

const NEAR = `mln${process.pid}n`;
const FAR = `mln${process.pid}f`;

/** One interface of this machine, looked at when the test says so. */
class OneLink implements LinkSource {
  readonly #name: string;
  readonly #listeners = new Listeners();

  constructor(name: string) {
    this.#name = name;
  }

  links(): readonly Link[] {
    return linksNow().filter(({ name }) => name === this.#name);
  }

  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  changed(): void {
    this.#listeners.call();
  }

  run(): Promise<void> {
    return Promise.resolve();
  }
}

class Speaker {
  readonly links: OneLink;
  readonly meter = new RecordedMeter();
  readonly conflicts: AddressConflict[] = [];
  readonly announcer: Announcer;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  constructor(name: string) {
    this.links = new OneLink(name);
    this.announcer = new Announcer(
      {
        links: this.links,
        openSocket: openPacketSocket,
        openGroups: openMulticastGroups,
        clock: systemClock,
        random: systemRandom,
        log: new RecordedLog(),
        meter: this.meter,
      },
      { onConflict: (conflict) => this.conflicts.push(conflict) },
    );
    this.#ended = this.announcer.run(this.#stop.signal);
  }

  get mac(): string {
    return this.links.links()[0]!.mac;
  }

  announce(...ips: string[]): void {
    this.announcer.apply(new Map(ips.map((address) => [address, 'all'])));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }
}

async function untilPluggedIn(): Promise<void> {
  await untilHolds(() => new OneLink(NEAR).links()[0]?.carrier === true);
}

const missing = missingPermission();
const describeOnLinux = (name: string, tests: () => void) => {
  if (missing === undefined) describe(name, tests);
  else describe.skip(`${name} (${missing})`, tests);
};

describeOnLinux('an announcer and a Linux host', () => {
  let far: NetworkNamespace;
  let speaker: Speaker;
  const farIp = (...args: string[]) => far.run('ip', ...args);

  beforeEach(async () => {
    far = await NetworkNamespace.open();
    await far.plugIn(NEAR, FAR);
    await untilPluggedIn();
    await farIp('addr', 'add', '192.0.2.1/24', 'dev', FAR);
    await farIp('addr', 'add', '2001:db8::1/64', 'dev', FAR, 'nodad');
    speaker = new Speaker(NEAR);
  });
  afterEach(async () => {
    await speaker.stop();
    ip('link', 'del', NEAR); // the namespace alone would keep its name for a while
    await far.close();
  });

  /** What the far host knows of `address`, such as `192.0.2.50 lladdr 02:… REACHABLE`. */
  const neighbour = (address: string) => farIp('neigh', 'show', address, 'dev', FAR);

  /** Makes the far host send a datagram to `address`, and waits for its neighbour entry to look so. */
  async function resolves(address: string, entry: RegExp): Promise<void> {
    await far.run('bash', '-c', `echo > /dev/udp/${address}/9`).catch(() => undefined);
    await untilHolds(async () => entry.test(await neighbour(address)));
  }

  for (const address of [VIP4, VIP6]) {
    it(`is found by the host that asks for ${address}, and only for what it announces`, async () => {
      speaker.announce(address);
      expect(speaker.announcer.answering(address)).toEqual([NEAR]);
      await resolves(address, new RegExp(`lladdr ${speaker.mac} .*REACHABLE`));
      await resolves(address.replace(/50$/, '51'), /FAILED/);
    });

    it(`confirms to the host that ${address} still is there, when it is asked at its own MAC`, async () => {
      const asked: PacketType[] = [];
      const protocol = address === VIP4 ? 'arp' : 'ndp';
      const target = Buffer.from(ipBytes(address));
      const witness = openPacketSocket(speaker.links.links()[0]!, protocol, {
        onFrame: ({ bytes, packetType }) => {
          const at = protocol === 'arp' ? 38 : 62;
          if (target.equals(bytes.subarray(at, at + target.length))) asked.push(packetType);
        },
        onDown: () => undefined,
      });
      try {
        speaker.announce(address);
        const entry = ['neigh', 'replace', address, 'lladdr', speaker.mac, 'dev', FAR, 'nud', 'probe'];
        await farIp(...entry);
        await untilHolds(async () => (await neighbour(address)).includes('REACHABLE'));
        // A kernel that waits for the answer for more than a second asks again.
        expect(new Set(asked)).toEqual(new Set(['host']));
        speaker.announce();
        await farIp(...entry);
        await untilHolds(async () => (await neighbour(address)).includes('FAILED'));
      } finally {
        witness.close();
      }
    });
  }

  it('keeps the host from taking an IPv6 address, and says that it tried', async () => {
    speaker.announce(VIP6);
    await farIp('addr', 'add', `${VIP6}/64`, 'dev', FAR);
    await untilHolds(async () => (await farIp('-6', 'addr', 'show', 'dev', FAR)).includes('dadfailed'));
    await untilHolds(() => speaker.conflicts.length > 0);
    const mac = /link\/ether (\S+)/.exec(await farIp('link', 'show', FAR))![1];
    expect(speaker.conflicts).toEqual([{ ip: VIP6, mac, interface: NEAR, kind: 'probe' }]);
  });

  it('lets the host take an address it does not announce', async () => {
    speaker.announce(VIP6);
    const other = '2001:db8::51';
    await farIp('addr', 'add', `${other}/64`, 'dev', FAR);
    await untilHolds(
      async () => !/tentative/.test(await farIp('-6', 'addr', 'show', 'to', other, 'dev', FAR)),
    );
    expect(await farIp('-6', 'addr', 'show', 'dev', FAR)).not.toContain('dadfailed');
  });

  it('tells the host its new MAC address', async () => {
    speaker.announce(VIP4, VIP6);
    for (const address of [VIP4, VIP6]) await resolves(address, /REACHABLE/);
    const mac = '02:00:00:00:99:99';
    ip('link', 'set', NEAR, 'address', mac);
    speaker.links.changed();
    for (const address of [VIP4, VIP6]) {
      await untilHolds(async () => (await neighbour(address)).includes(`lladdr ${mac}`));
      await farIp('neigh', 'replace', address, 'lladdr', mac, 'dev', FAR, 'nud', 'probe');
      await untilHolds(async () => (await neighbour(address)).includes('REACHABLE'));
    }
  });

  it('is a member of the group of each IPv6 address as long as it announces one in it', () => {
    const groups = () =>
      readFileSync('/proc/net/igmp6', 'utf8')
        .split('\n')
        .filter((line) => line.includes(NEAR) && line.includes('ff0200000000000000000001ff0000'))
        .map((line) => /ff02\w+/.exec(line)![0].slice(-4));
    speaker.announce(VIP6, '2001:db8:1::50', '2001:db8::51');
    expect(groups().sort()).toEqual(['0050', '0051']);
    speaker.announce('2001:db8:1::50');
    expect(groups()).toEqual(['0050']);
    speaker.announce();
    expect(groups()).toEqual([]);
  });
});

describeOnLinux('an announcer and frames of other networks', () => {
  let speaker: Speaker;

  beforeEach(async () => {
    ip('link', 'add', NEAR, 'type', 'veth', 'peer', 'name', FAR);
    for (const end of [NEAR, FAR]) ip('link', 'set', end, 'up');
    await untilPluggedIn();
    speaker = new Speaker(NEAR);
  });
  afterEach(async () => {
    await speaker.stop();
    ip('link', 'del', NEAR);
  });

  it('answers no frame with the tag of a VLAN, but one with a tag for its priority alone', async () => {
    const far = new OneLink(FAR).links()[0]!;
    const answered: string[] = [];
    const socket = openPacketSocket(far, 'arp', {
      onFrame: ({ bytes }) => {
        const arp = decodeArp(bytes.subarray(14));
        if (arp.ok && arp.value.operation === 'reply' && arp.value.targetMac === far.mac) {
          answered.push(arp.value.senderIp);
        }
      },
      onDown: () => undefined,
    });
    const question = (targetIp: string, tag: number[]) => {
      const payload = encodeArp({
        operation: 'request',
        senderMac: far.mac,
        senderIp: '192.0.2.1',
        targetMac: '00:00:00:00:00:00',
        targetIp,
      });
      const header = { destination: 'ff:ff:ff:ff:ff:ff', source: far.mac, etherType: 0x0806 };
      const frame = encodeEthernet({ ...header, payload });
      return Uint8Array.of(...frame.subarray(0, 12), ...tag, ...frame.subarray(12));
    };
    try {
      speaker.announce('192.0.2.50', '192.0.2.51', '192.0.2.52');
      socket.send(question('192.0.2.50', [0x81, 0x00, 0x00, 0x07]));
      socket.send(question('192.0.2.51', [0x81, 0x00, 0xe0, 0x00]));
      socket.send(question('192.0.2.52', []));
      await untilHolds(() => answered.includes('192.0.2.52'));
      expect(answered).toEqual(['192.0.2.51', '192.0.2.52']);
      const dropped = { interface: NEAR, reason: 'other-host' };
      await untilHolds(() => speaker.meter.value('metallb_layer2_frames_dropped', dropped) === 1);
    } finally {
      socket.close();
    }
  });

  it('says how many frames came faster than it could take them', async () => {
    const far = new OneLink(FAR).links()[0]!;
    const socket = openPacketSocket(far, 'arp', { onFrame: () => undefined, onDown: () => undefined });
    const payload = encodeArp({
      operation: 'request',
      senderMac: far.mac,
      senderIp: '192.0.2.1',
      targetMac: '00:00:00:00:00:00',
      targetIp: '192.0.2.99',
    });
    const header = { destination: 'ff:ff:ff:ff:ff:ff', source: far.mac, etherType: 0x0806 };
    const frame = encodeEthernet({ ...header, payload });
    // Nothing is read while this loop runs.
    for (let i = 0; i < 30_000; i++) socket.send(frame);
    socket.close();
    const dropped = (reason: string) =>
      speaker.meter.value('metallb_layer2_frames_dropped', { interface: NEAR, reason });
    await untilHolds(() => dropped('queue-full') + dropped('not-announced') >= 30_000);
    expect(dropped('queue-full')).toBeGreaterThan(0);
    // The kernel at the other end says a few things of its own.
    expect(dropped('queue-full') + dropped('not-announced')).toBeLessThan(30_100);
  });
});
