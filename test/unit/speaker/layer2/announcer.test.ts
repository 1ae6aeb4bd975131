import { Announcer } from '../../../../speaker/src/layer2/announcer.js';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../../support/recorded-log.ts';
import { RecordedMeter } from '../../../support/recorded-meter.ts';
import { SimulatedLan } from '../../../support/simulated-lan.ts';
import { OTHER, setUp, VIP, VIP6 } from './announcer-rig.ts';

describe('an announcer', () => {
  it('answers for what it announces and for nothing else, and counts it each second', async () => {
    const { client, node, announce, meter, clock, end } = setUp();
    announce(VIP);
    expect(await client.ask(VIP)).toEqual([node.mac]);
    expect(await client.ask(OTHER)).toEqual([]);
    await clock.advance(5000);
    expect(meter.value('metallb_layer2_requests_received', { ip: VIP })).toBe(1);
    expect(meter.value('metallb_layer2_responses_sent', { ip: VIP })).toBe(1);
    expect(meter.value('metallb_layer2_frames_dropped', { interface: 'lan0', reason: 'not-announced' })).toBe(
      1,
    );
    await end();
  });

  it('no longer answers for what it does not announce any more', async () => {
    const { client, announce, end } = setUp();
    announce(VIP);
    announce();
    expect(await client.ask(VIP)).toEqual([]);
    await end();
  });

  it('tells the network five times about an address it has taken over, and then no more', async () => {
    const { announce, clock, gratuitous, meter, end } = setUp();
    announce(VIP);
    expect(gratuitous()).toBe(2);
    await clock.advance(1100);
    expect(gratuitous()).toBe(4);
    await clock.advance(60_000);
    expect(gratuitous()).toBe(10);
    expect(meter.value('metallb_layer2_gratuitous_sent', { ip: VIP })).toBe(10);
    await end();
    expect(clock.sleepers).toBe(0);
  });

  it('sends nothing when it is given what it announces already', async () => {
    const { announce, clock, gratuitous, end } = setUp();
    announce(VIP);
    await clock.advance(10_000);
    announce(VIP);
    await clock.advance(10_000);
    expect(gratuitous()).toBe(10);
    announce(VIP, OTHER);
    await clock.advance(10_000);
    expect(gratuitous()).toBe(20);
    await end();
  });

  it('stops telling as soon as an address is given up', async () => {
    const { announce, clock, gratuitous, end } = setUp();
    announce(VIP);
    await clock.advance(1100);
    announce();
    await clock.advance(10_000);
    expect(gratuitous()).toBe(4);
    await end();
  });

  it('announces on the interfaces asked for, and says which of them answer', async () => {
    const { client, announcer, end } = setUp();
    announcer.apply(
      new Map([
        [VIP, ['lan0', 'lan9']],
        [OTHER, ['lan9']],
      ]),
    );
    expect(announcer.answering(VIP)).toEqual(['lan0']);
    expect(announcer.answering(OTHER)).toEqual([]);
    expect(await client.ask(VIP)).toHaveLength(1);
    expect(await client.ask(OTHER)).toEqual([]);
    await end();
  });

  it('says nothing of an address on an interface that was not asked for, nor listens there', async () => {
    const { node, announcer, clock, unsolicited, end } = setUp({ refreshIntervalMs: 10_000 });
    announcer.apply(
      new Map([
        [OTHER, ['lan9']],
        [VIP6, ['lan9']],
      ]),
    );
    await clock.advance(60_000);
    expect([unsolicited(OTHER), unsolicited(VIP6), node.groupCount]).toEqual([0, 0, 0]);
    await end();
  });

  it('follows when the interfaces of an address change, and tells the network', async () => {
    const { node, client, announcer, gratuitous, end } = setUp();
    announcer.apply(new Map([[VIP, ['lan9']]]));
    announcer.apply(new Map([[VIP, ['lan0']]]));
    expect([announcer.answering(VIP), gratuitous()]).toEqual([['lan0'], 2]);
    expect(await client.ask(VIP)).toEqual([node.mac]);
    announcer.apply(new Map([[VIP, ['lan9']]]));
    expect(announcer.answering(VIP)).toEqual([]);
    expect(await client.ask(VIP)).toEqual([]);
    await end();
  });

  it('goes by the new name of an interface', async () => {
    const { node, client, announcer, end } = setUp();
    announcer.apply(new Map([[VIP, ['lan9']]]));
    node.changeLink({ name: 'lan9' });
    await settle();
    expect(announcer.answering(VIP)).toEqual(['lan9']);
    expect(await client.ask(VIP)).toEqual([node.mac]);
    node.changeLink({ name: 'lan0' });
    await settle();
    expect(announcer.answering(VIP)).toEqual([]);
    expect(await client.ask(VIP)).toEqual([]);
    await end();
  });

  it('counts what the kernel had no room for, as it goes', async () => {
    const { meter, clock, end } = setUp({}, { takeDrops: () => 3 });
    const dropped = { interface: 'lan0', reason: 'queue-full' };
    for (const turn of [1, 2]) {
      await clock.advance(5000);
      expect(meter.value('metallb_layer2_frames_dropped', dropped)).toBe(turn * 2 * 3);
    }
    await end();
  });

  it('says that nothing answers while the cable is out, and tells the network when it is back', async () => {
    const { node, client, announcer, announce, clock, gratuitous, end } = setUp();
    announce(VIP);
    await clock.advance(10_000);
    let changes = 0;
    announcer.subscribe(() => changes++);
    node.changeLink({ carrier: false });
    await settle();
    expect([announcer.answering(VIP), announcer.listening, changes]).toEqual([[], false, 1]);
    node.changeLink({ carrier: true });
    await clock.advance(10_000);
    expect([announcer.answering(VIP), changes]).toEqual([['lan0'], 2]);
    expect(gratuitous()).toBe(20);
    expect(await client.ask(VIP)).toEqual([node.mac]);
    await end();
  });

  it('answers with a new MAC address, and tells the network about it', async () => {
    const { node, client, announce, clock, lan, end } = setUp();
    announce(VIP);
    await clock.advance(10_000);
    node.changeLink({ mac: '02:00:00:00:99:99' });
    await settle();
    expect(lan.seen.at(-1)?.packet.senderMac).toBe('02:00:00:00:99:99');
    expect(await client.ask(VIP)).toEqual(['02:00:00:00:99:99']);
    await end();
  });

  it('opens a socket again at once after it died', async () => {
    const { node, client, announce, clock, end } = setUp();
    announce(VIP);
    await clock.advance(1000);
    node.breakSockets(new Error('ENETDOWN'));
    await settle();
    expect(await client.ask(VIP)).toEqual([node.mac]);
    await end();
  });

  it('tries again, less and less often, when a socket cannot be opened', async () => {
    const lan = new SimulatedLan();
    const node = lan.addHost('node');
    const clock = new FakeClock();
    const log = new RecordedLog();
    let tries = 0;
    const stop = new AbortController();
    const announcer = new Announcer({
      links: node,
      openSocket: (link, protocol, handler) => {
        if (++tries < 4) throw new Error('EPERM');
        return node.openSocket(link, protocol, handler);
      },
      openGroups: node.openGroups,
      clock,
      random: () => 0,
      log,
      meter: new RecordedMeter(),
    });
    const ended = announcer.run(stop.signal);
    await clock.advance(499);
    expect(tries).toBe(1);
    await clock.advance(1 + 1000);
    expect(tries).toBe(3);
    expect(announcer.listening).toBe(false);
    await clock.advance(2000);
    expect(announcer.listening).toBe(true);
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    stop.abort();
    await ended;
  });

  it('waits longer and longer when sockets die as soon as they are open', async () => {
    let opened = 0;
    let isBroken = true;
    const { node, announce, announcer, clock, end } = setUp(
      {},
      {
        beforeOpen: () => {
          opened++;
          // Else a loop without a pause would never let this test end.
          if (isBroken && opened < 10_000) queueMicrotask(() => node.breakSockets(new Error('ENETDOWN')));
        },
      },
    );
    announce(VIP);
    await clock.advance(60_000);
    expect(opened / 2).toBeGreaterThan(5);
    expect(opened / 2).toBeLessThan(12);
    isBroken = false;
    await clock.advance(15_000);
    expect(announcer.answering(VIP)).toEqual(['lan0']);
    await end();
  });

  describe('whose address another station claims', () => {
    const claim = { mac: '02:00:00:00:00:02', interface: 'lan0', kind: 'claim' };

    it('reports it once when it still has the address a second later, and defends it', async () => {
      const { client, announce, log, meter, clock, conflicts, unsolicited, end } = setUp();
      announce(VIP);
      await clock.advance(10_000);
      client.send({ senderIp: VIP, targetIp: VIP });
      client.send({ operation: 'reply', senderIp: VIP, targetIp: VIP });
      await clock.advance(999);
      expect(conflicts).toEqual([]);
      expect(unsolicited(VIP)).toBe(12);
      await clock.advance(1);
      expect(conflicts).toEqual([{ ...claim, ip: VIP }]);
      expect(unsolicited(VIP)).toBe(14);
      const warnings = log.lines.filter(({ level }) => level === 'warn');
      expect(warnings.map(({ fields }) => fields)).toEqual([{ ...claim, ip: VIP }]);
      await clock.advance(4000);
      const dropped = { interface: 'lan0', reason: 'address-conflict' };
      expect(meter.value('metallb_layer2_frames_dropped', dropped)).toBe(2);
      expect(meter.value('metallb_layer2_address_conflicts', { ip: VIP })).toBe(2);
      await end();
    });

    it('defends it no more than once in ten seconds', async () => {
      const { client, announce, clock, conflicts, meter, end } = setUp();
      announce(VIP);
      await clock.advance(10_000);
      const sent = () => meter.value('metallb_layer2_gratuitous_sent', { ip: VIP });
      for (let second = 0; second < 20; second++) {
        client.send({ senderIp: VIP, targetIp: VIP });
        await clock.advance(1000);
      }
      await clock.advance(5000);
      expect(conflicts).toHaveLength(2);
      expect(sent()).toBe(10 + 2 * 2);
      await end();
    });

    it('gives it up without a word when the news is that the other one has it', async () => {
      const { client, announce, clock, conflicts, end } = setUp();
      announce(VIP);
      client.send({ senderIp: VIP, targetIp: VIP });
      await clock.advance(500);
      announce();
      await clock.advance(10_000);
      expect(conflicts).toEqual([]);
      await end();
    });

    it('reports a host that wanted to take it and was told that it is taken, without more ado', async () => {
      const { client, node, announce, clock, conflicts, unsolicited, end } = setUp();
      announce(VIP, VIP6);
      await clock.advance(10_000);
      expect(await client.ask(VIP, '0.0.0.0')).toEqual([node.mac]);
      expect(await client.solicit(VIP6, '::')).toEqual([node.mac]);
      await clock.advance(1000);
      expect(conflicts).toEqual([
        { ...claim, ip: VIP, kind: 'probe' },
        { ...claim, ip: VIP6, kind: 'probe' },
      ]);
      expect([unsolicited(VIP), unsolicited(VIP6)]).toEqual([10, 3 + 1]); // one is the answer to the probe
      await end();
    });

    it('reports and defends it although that station has just asked whether it is free', async () => {
      const { client, announce, clock, conflicts, unsolicited, end } = setUp();
      announce(VIP);
      await clock.advance(10_000);
      await client.ask(VIP, '0.0.0.0');
      await clock.advance(2000);
      client.send({ senderIp: VIP, targetIp: VIP });
      await clock.advance(1000);
      expect(conflicts.map(({ kind }) => kind)).toEqual(['probe', 'claim']);
      expect(unsolicited(VIP)).toBe(10 + 1 + 2);
      await end();
    });

    it('reports and defends an IPv6 address too', async () => {
      const { client, announce, clock, conflicts, unsolicited, end } = setUp();
      announce(VIP6);
      await clock.advance(10_000);
      client.advertise(VIP6);
      await clock.advance(1000);
      expect(conflicts).toEqual([{ ...claim, ip: VIP6 }]);
      expect(unsolicited(VIP6)).toBe(3 + 2); // the claim, and the defence
      await end();
    });

    it('knows its own other interface on the same network', async () => {
      const { client, node, announce, clock, conflicts, meter, end } = setUp();
      announce(VIP);
      await clock.advance(10_000);
      const [link] = node.links();
      node.links = () => [link!, { ...link!, index: 9, name: 'docker0', mac: client.mac }];
      client.send({ senderIp: VIP, targetIp: VIP });
      await clock.advance(5000);
      expect(conflicts).toEqual([]);
      const dropped = { interface: 'lan0', reason: 'own-frame' };
      expect(meter.value('metallb_layer2_frames_dropped', dropped)).toBe(1);
      await end();
    });
  });

  it('does not answer for what is no address, and says so', async () => {
    const { announce, announcer, client, node, end } = setUp();
    announce('lb.example.org', VIP);
    expect(announcer.answering('lb.example.org')).toEqual([]);
    expect(await client.ask(VIP)).toEqual([node.mac]);
    await end();
  });

  it('leaves interfaces alone whose names are excluded', async () => {
    const { announcer, end } = setUp({ exclusions: [/^lan/] });
    await settle();
    expect(announcer.listening).toBe(false);
    await end();
  });

  it('announces again once in an interval, one address after the other', async () => {
    const { announce, clock, unsolicited, end } = setUp({ refreshIntervalMs: 100_000 });
    announce(VIP, VIP6);
    await clock.advance(10_000);
    expect([unsolicited(VIP), unsolicited(VIP6)]).toEqual([10, 3]);
    await clock.advance(20_000);
    expect([unsolicited(VIP), unsolicited(VIP6)]).toEqual([12, 3]);
    await clock.advance(300_000);
    expect([unsolicited(VIP), unsolicited(VIP6)]).toEqual([18, 6]);
    await end();
  });

  it('sends no more frames in a second than the network is to bear, new addresses first', async () => {
    const { announce, clock, lan, end } = setUp({ framesPerSecond: 100 });
    const many = Array.from({ length: 100 }, (_, i) => `10.0.0.${i}`);
    announce(...many);
    await clock.advance(1100);
    expect(lan.seen.length).toBeGreaterThanOrEqual(110);
    expect(lan.seen.length).toBeLessThanOrEqual(122);
    await clock.advance(1000);
    const told = new Set(lan.seen.slice(0, 200).map(({ packet }) => packet.senderIp));
    expect(told.size).toBe(100);
    announce(...many, VIP);
    await clock.advance(50);
    expect(lan.seen.slice(-8).map(({ packet }) => packet.senderIp)).toContain(VIP);
    await end();
  });

  describe('that hands an address over', () => {
    it('answers until the next owner claims it', async () => {
      const { node, client, announcer, announce, end } = setUp();
      announce(VIP);
      announcer.apply(new Map(), new Set([VIP]));
      expect(announcer.answering(VIP)).toEqual([]);
      expect(await client.ask(VIP)).toEqual([node.mac]);
      client.send({ senderIp: VIP, targetIp: VIP });
      await settle();
      expect(await client.ask(VIP)).toEqual([]);
      await end();
    });

    it('answers no more when the next owner has claimed it before', async () => {
      const { client, announcer, announce, clock, end } = setUp();
      announce(VIP);
      client.send({ senderIp: VIP, targetIp: VIP });
      await clock.advance(500);
      announcer.apply(new Map(), new Set([VIP]));
      expect(await client.ask(VIP)).toEqual([]);
      await end();
    });

    it('answers no longer than a second when nobody claims it', async () => {
      const { node, client, announcer, announce, clock, end } = setUp();
      announce(VIP);
      announcer.apply(new Map(), new Set([VIP]));
      await clock.advance(999);
      expect(await client.ask(VIP)).toEqual([node.mac]);
      await clock.advance(1);
      expect(await client.ask(VIP)).toEqual([]);
      await end();
    });

    it('takes it back as if it had never been gone, but tells the network', async () => {
      const { node, client, announcer, announce, clock, gratuitous, end } = setUp();
      announce(VIP);
      await clock.advance(10_000);
      announcer.apply(new Map(), new Set([VIP]));
      announce(VIP);
      await clock.advance(10_000);
      expect(await client.ask(VIP)).toEqual([node.mac]);
      expect(gratuitous()).toBe(20);
      await end();
    });

    it('is done at once when all have been claimed, and when there is nothing to hand over', async () => {
      const { client, announcer, announce, end } = setUp();
      await announcer.handedOver(new AbortController().signal);
      announce(VIP, OTHER);
      let done = false;
      void announcer.handedOver(new AbortController().signal).then(() => (done = true));
      client.send({ senderIp: VIP, targetIp: VIP });
      await settle();
      expect(done).toBe(false);
      client.send({ senderIp: OTHER, targetIp: OTHER });
      await settle();
      expect(done).toBe(true);
      await end();
    });
  });

  it('ends with the error when it cannot go on, and leaves nothing running', async () => {
    const clock = new FakeClock();
    const node = new SimulatedLan().addHost('node');
    const failure = new Error('no memory');
    const announcer = new Announcer({
      links: node,
      openSocket: node.openSocket,
      openGroups: () => {
        throw failure;
      },
      clock,
      random: () => 0.5,
      log: new RecordedLog(),
      meter: new RecordedMeter(),
    });
    const errors: unknown[] = [];
    announcer.run(new AbortController().signal).catch((error: unknown) => errors.push(error));
    await clock.advance(60_000);
    expect([errors, clock.sleepers]).toEqual([[failure], 0]);
  });

  it('answers nothing once it has ended', async () => {
    const { client, announce, announcer, end } = setUp();
    announce(VIP);
    await end();
    expect(await client.ask(VIP)).toEqual([]);
    expect(announcer.answering(VIP)).toEqual([]);
  });
});
