import { settle } from '../../../support/fake-clock.ts';
import { setUp, VIP, VIP6 } from './announcer-rig.ts';

/** Addresses that are each asked for in a group of its own. */
const vips6 = (count: number, network: number) =>
  Array.from({ length: count }, (_, i) => `2001:db8::${network}:${(i + 1).toString(16)}`);

describe('an announcer of IPv6 addresses', () => {
  it('is asked for them in their group, and answers the asker', async () => {
    const { client, node, announce, announcer, lan, end } = setUp();
    announce(VIP6, VIP);
    expect(await client.solicit(VIP6)).toEqual([node.mac]);
    expect(await client.solicit('2001:db8::51')).toEqual([]);
    expect(announcer.answering(VIP6)).toEqual(['lan0']);
    expect(lan.seenNdp.at(-2)).toEqual({
      from: 'node',
      to: client.mac,
      type: 'advertisement',
      source: VIP6,
      destination: '2001:db8::250',
      target: VIP6,
      mac: node.mac,
      flags: 'SO',
    });
    await end();
  });

  it('tells the network three times about one it has taken over', async () => {
    const { announce, clock, unsolicited, meter, end } = setUp();
    announce(VIP6);
    expect(unsolicited(VIP6)).toBe(1);
    await clock.advance(1099);
    expect(unsolicited(VIP6)).toBe(1);
    await clock.advance(60_000);
    expect(unsolicited(VIP6)).toBe(3);
    expect(meter.value('metallb_layer2_gratuitous_sent', { ip: VIP6 })).toBe(3);
    await end();
  });

  it('stays in a group that two of them share until both are gone', async () => {
    const { client, node, announce, clock, end } = setUp();
    const twin = '2001:db8:1::50';
    announce(VIP6, twin);
    expect(node.groupCount).toBe(1);
    announce(twin);
    expect(await client.solicit(twin)).toEqual([node.mac]);
    expect(await client.solicit(VIP6)).toEqual([]);
    announce();
    expect(node.groupCount).toBe(0);
    await clock.advance(1000);
    await end();
    expect(node.groupCount).toBe(0);
  });

  it('joins again on a link that was made anew', async () => {
    const { client, node, announce, announcer, end } = setUp();
    announce(VIP6);
    node.changeLink({ index: 5, carrier: false });
    await settle();
    expect(announcer.answering(VIP6)).toEqual([]);
    node.changeLink({ carrier: true });
    await settle();
    expect(announcer.answering(VIP6)).toEqual(['lan0']);
    expect(await client.solicit(VIP6)).toEqual([node.mac]);
    await end();
  });

  it('says that it does not answer while it cannot join, and tries again', async () => {
    let isFull = true;
    const { client, node, announce, announcer, clock, log, end } = setUp(
      {},
      {
        beforeJoin: () => {
          if (isFull) throw new Error('ENOBUFS');
        },
      },
    );
    announce(VIP6, VIP);
    await settle();
    expect([announcer.answering(VIP6), announcer.answering(VIP)]).toEqual([[], ['lan0']]);
    await clock.advance(10_000);
    const warnings = log.lines.filter(({ level }) => level === 'warn');
    expect(warnings.map(({ fields }) => fields)).toMatchObject([{ groups: 1, interface: 'lan0' }]);
    let changes = 0;
    announcer.subscribe(() => changes++);
    isFull = false;
    await clock.advance(10_000);
    expect([announcer.answering(VIP6), changes]).toEqual([['lan0'], 1]);
    expect(await client.solicit(VIP6)).toEqual([node.mac]);
    await end();
  });

  it('joins the groups of many a part at a time, so that questions meanwhile are answered', async () => {
    const { client, node, announce, announcer, clock, end } = setUp();
    const many = vips6(1000, 1);
    announce(...many);
    expect(node.groupCount).toBe(200);
    const answered = () => many.filter((ip) => announcer.answering(ip).length > 0).length;
    expect(answered()).toBe(200);
    await clock.advance(100);
    expect([node.groupCount, answered()]).toEqual([1000, 1000]);
    expect(await client.solicit(many[999]!)).toEqual([node.mac]);
    announce(VIP);
    await clock.advance(100);
    expect(node.groupCount).toBe(0);
    await end();
  });

  it('tells of addresses that answer from now on when as many groups are left in the same turn', async () => {
    const { announce, announcer, clock, end } = setUp();
    announce(...vips6(300, 1));
    await clock.advance(100);
    const next = vips6(100, 2);
    announce(...next); // leaves 200 groups; the turn after that leaves 100 and joins 100
    const answered = () => next.filter((ip) => announcer.answering(ip).length > 0).length;
    let told = answered();
    announcer.subscribe(() => (told = answered()));
    await clock.advance(100);
    expect([answered(), told]).toEqual([100, 100]);
    await end();
  });

  it('waits longer and longer between its tries when the kernel refuses very many, and says so', async () => {
    let tries = 0;
    let isRefused = true;
    const { node, announce, clock, log, end } = setUp(
      {},
      {
        beforeJoin: () => {
          tries++;
          // Else a loop without a pause would never let this test end.
          if (isRefused && tries < 10_000) throw new Error('EINVAL');
        },
      },
    );
    announce(...vips6(300, 1));
    await clock.advance(10_000);
    expect(tries).toBeLessThanOrEqual(8 * 300);
    const warnings = log.lines.filter(({ level }) => level === 'warn');
    expect(warnings.map(({ fields }) => fields)).toMatchObject([{ groups: 300, interface: 'lan0' }]);
    isRefused = false;
    await clock.advance(10_000);
    expect(node.groupCount).toBe(300);
    await end();
  });

  it('does not try again before its time what the kernel refuses, however much else is announced', async () => {
    let tries = 0;
    const { announce, clock, end } = setUp(
      {},
      {
        beforeJoin: () => {
          tries++;
          throw new Error('EINVAL');
        },
      },
    );
    announce(VIP6);
    await settle();
    for (let host = 100; host < 120; host++) {
      announce(VIP6, `192.0.2.${host}`);
      await clock.advance(20);
    }
    expect(tries).toBe(1);
    await clock.advance(200);
    expect(tries).toBe(2);
    await end();
  });

  it('is handed over as an IPv4 address is', async () => {
    const { node, client, announcer, announce, clock, end } = setUp();
    announce(VIP6);
    announcer.apply(new Map(), new Set([VIP6]));
    expect(announcer.answering(VIP6)).toEqual([]);
    expect(await client.solicit(VIP6)).toEqual([node.mac]);
    client.advertise(VIP6);
    await settle();
    expect(await client.solicit(VIP6)).toEqual([]);
    expect(node.groupCount).toBe(0);
    await clock.advance(1000);
    await end();
  });
});
