import { openNetlinkSocket } from '../../../speaker/src/linux/netlink-socket.js';
import type { Link } from '../../../speaker/src/ports.js';
import {
  canAdd,
  followLinks,
  ip,
  ipBatch,
  removeAbandonedInterfaces,
} from '../../support/network-interfaces.ts';
import { untilHolds } from '../../support/until.ts';
import { describeAsRoot } from '../../support/describe-as-root.ts';

/** Of a process that there cannot be. */
const ABANDONED = `mlk${2 ** 22 + 1}x`;

describeAsRoot('NetlinkLinks on this kernel', () => {
  const va = `mlk${process.pid}a`;
  const vb = `mlk${process.pid}b`;
  const bridge = `mlk${process.pid}c`;
  let followed: ReturnType<typeof followLinks>;
  /** Every state the link of `va`'s index was in, as updates told. */
  let states: (Link | undefined)[];
  let index: number;

  const known = (name: string) => followed.links.links().find((link) => link.name === name);
  const last = () => states.at(-1);

  beforeAll(removeAbandonedInterfaces);
  beforeEach(() => {
    ip('link', 'add', va, 'type', 'veth', 'peer', 'name', vb);
    followed = followLinks();
    index = known(va)?.index ?? 0;
    states = [known(va)];
    followed.links.subscribe(() => {
      const now = followed.links.links().find((link) => link.index === index);
      // Interfaces of others come and go on this machine; updates that concern them are not ours.
      if (JSON.stringify(now) !== JSON.stringify(last())) states.push(now);
    });
  });
  afterEach(async () => {
    await followed.stop();
    for (const name of [va, `${va}z`, bridge]) {
      if (known(name) !== undefined) ip('link', 'del', name);
    }
  });

  it('knows what is there at once', () => {
    expect(known('lo')).toMatchObject({ index: 1, loopback: true, mac: '', hardwareType: 772 });
    expect(known(va)).toMatchObject({ hardwareType: 1, up: false, carrier: false, hasMaster: false });
    expect(known(va)?.mac).toMatch(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
  });

  it('tells of up, carrier, no carrier and down, each once', async () => {
    ip('link', 'set', va, 'up');
    await untilHolds(() => last()?.up === true);
    ip('link', 'set', vb, 'up');
    await untilHolds(() => last()?.carrier === true);
    ip('link', 'set', vb, 'down');
    await untilHolds(() => last()?.carrier === false);
    ip('link', 'set', va, 'down');
    await untilHolds(() => last()?.up === false);
    expect(states.map((state) => [state?.up, state?.carrier])).toEqual([
      [false, false],
      [true, false],
      [true, true],
      [true, false],
      [false, false],
    ]);
  });

  it('tells of a new MAC and a new name, each once', async () => {
    ip('link', 'set', va, 'address', '02:00:00:00:00:99');
    await untilHolds(() => last()?.mac === '02:00:00:00:00:99');
    ip('link', 'set', va, 'name', `${va}z`);
    await untilHolds(() => last()?.name === `${va}z`);
    expect(states).toHaveLength(3);
  });

  it('tells of an interface that joins a bridge and leaves it, and does not take that for its end', async () => {
    ip('link', 'add', bridge, 'type', 'bridge');
    ip('link', 'set', va, 'master', bridge);
    await untilHolds(() => last()?.hasMaster === true);
    ip('link', 'set', va, 'nomaster');
    await untilHolds(() => last()?.hasMaster === false);
    expect(states.map((state) => state?.hasMaster)).toEqual([false, true, false]);
    expect(known(bridge)).toBeDefined();
  });

  it('tells of interfaces that are added and removed, those of tests that were killed', async () => {
    ip('link', 'add', ABANDONED, 'type', 'bridge');
    await untilHolds(() => known(ABANDONED) !== undefined);
    removeAbandonedInterfaces();
    await untilHolds(() => known(ABANDONED) === undefined);
    expect(known(va)).toBeDefined();
  });

  it('tells of interfaces that are added and removed', async () => {
    ip('link', 'add', bridge, 'type', 'bridge');
    await untilHolds(() => known(bridge) !== undefined);
    ip('link', 'del', bridge);
    await untilHolds(() => known(bridge) === undefined);
    ip('link', 'del', va);
    await untilHolds(() => last() === undefined);
    expect(known(vb)).toBeUndefined();
  });

  it('tells of a new interface on top of another', async () => {
    // A kernel without the module 8021q has no VLANs; to rtnetlink a macvlan is as good.
    const kind = canAdd('link', 'lo', 'type', 'vlan', 'id', '7') ? ['vlan', 'id', '10'] : ['macvlan'];
    ip('link', 'add', 'link', va, 'name', `${va}v`, 'type', ...kind);
    await untilHolds(() => known(`${va}v`) !== undefined);
  });

  it('asks again after the kernel lost messages, is right then, and hears what comes after that', async () => {
    const moreThanFits = 400;
    ipBatch(Array.from({ length: moreThanFits }, (_, i) => ['link', 'set', va, 'mtu', String(1000 + i)]));
    ip('link', 'set', va, 'address', '02:00:00:00:00:98');
    await untilHolds(() => last()?.mac === '02:00:00:00:00:98');
    ip('link', 'set', va, 'address', '02:00:00:00:00:97');
    await untilHolds(() => last()?.mac === '02:00:00:00:00:97');
  });

  it('is silent once its socket is closed, which may be done twice', async () => {
    const datagrams: number[] = [];
    const socket = openNetlinkSocket({
      onDatagram: ({ length }) => datagrams.push(length),
      onLoss: () => undefined,
      onDrained: () => undefined,
      onDown: () => undefined,
    });
    ip('link', 'set', va, 'up');
    await untilHolds(() => datagrams.length > 0);
    socket.close();
    socket.close();
    const before = datagrams.length;
    ip('link', 'set', va, 'down');
    await untilHolds(() => last()?.up === false);
    expect(datagrams).toHaveLength(before);
  });
});
