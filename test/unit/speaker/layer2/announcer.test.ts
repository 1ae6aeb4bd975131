import { Announcer } from '../../../../speaker/src/layer2/announcer.js';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../../support/recorded-log.ts';
import { RecordedMeter } from '../../../support/recorded-meter.ts';
import { SimulatedLan } from '../../../support/simulated-lan.ts';

const VIP = '192.0.2.50';
const OTHER = '192.0.2.51';

function setUp() {
  const lan = new SimulatedLan();
  const node = lan.addHost('node');
  const client = lan.addHost('client');
  const clock = new FakeClock();
  const log = new RecordedLog();
  const meter = new RecordedMeter();
  const stop = new AbortController();
  const announcer = new Announcer({
    links: node,
    openSocket: node.openSocket,
    clock,
    random: () => 0.5,
    log,
    meter,
  });
  const ended = announcer.run(stop.signal);
  const announce = (...ips: string[]) => announcer.apply(new Map(ips.map((ip) => [ip, 'all'])));
  const gratuitous = () => lan.seen.filter(({ packet }) => packet.senderIp === packet.targetIp).length;
  return {
    lan,
    node,
    client,
    clock,
    log,
    meter,
    announcer,
    announce,
    gratuitous,
    end: async () => {
      stop.abort();
      await ended;
      await settle();
    },
  };
}

describe('an announcer', () => {
  it('answers for what it announces and for nothing else', async () => {
    const { client, node, announce, meter, end } = setUp();
    announce(VIP);
    expect(await client.ask(VIP)).toEqual([node.mac]);
    expect(await client.ask(OTHER)).toEqual([]);
    expect(meter.value('metallb_layer2_requests_received', { ip: VIP })).toBe(1);
    expect(meter.value('metallb_layer2_responses_sent', { ip: VIP })).toBe(1);
    expect(meter.value('metallb_layer2_frames_dropped', { reason: 'not-announced' })).toBe(1);
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

  it('opens a socket again after it died', async () => {
    const { node, client, announce, end } = setUp();
    announce(VIP);
    node.breakSockets(new Error('ENETDOWN'));
    await settle();
    expect(await client.ask(VIP)).toEqual([node.mac]);
    await end();
  });

  it('tries again, less and less often, when a socket cannot be opened', async () => {
    const lan = new SimulatedLan();
    const node = lan.addHost('node');
    const clock = new FakeClock();
    let tries = 0;
    const stop = new AbortController();
    const announcer = new Announcer({
      links: node,
      openSocket: (link, handler) => {
        if (++tries < 4) throw new Error('EPERM');
        return node.openSocket(link, handler);
      },
      clock,
      random: () => 0,
      log: new RecordedLog(),
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
    stop.abort();
    await ended;
  });

  it('reports another station that claims its address, once', async () => {
    const { client, announce, log, meter, end } = setUp();
    announce(VIP);
    client.send({ senderIp: VIP, targetIp: VIP });
    client.send({ operation: 'reply', senderIp: VIP, targetIp: VIP });
    await settle();
    const warnings = log.lines.filter(({ level }) => level === 'warn');
    expect(warnings.map(({ fields }) => fields)).toEqual([{ ip: VIP, claimedBy: client.mac }]);
    expect(meter.value('metallb_layer2_frames_dropped', { reason: 'address-conflict' })).toBe(2);
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

  it('answers nothing once it has ended', async () => {
    const { client, announce, announcer, end } = setUp();
    announce(VIP);
    await end();
    expect(await client.ask(VIP)).toEqual([]);
    expect(announcer.answering(VIP)).toEqual([]);
  });
});
