import { NetlinkLinks } from '../../../../speaker/src/linux/netlink-links.js';
import type { NetlinkHandler } from '../../../../speaker/src/linux/netlink-socket.js';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../../support/recorded-log.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import * as capture from '../wire/rtnetlink-capture.ts';

/** The kernel's side of a netlink socket: answers requests with what was captured. */
class Kernel {
  requests = 0;
  open = 0;
  refuse: Error | undefined;
  answer: readonly Uint8Array[] = capture.DUMP;
  handler!: NetlinkHandler;

  readonly openSocket = (handler: NetlinkHandler) => {
    if (this.refuse) throw this.refuse;
    this.handler = handler;
    this.open++;
    return {
      send: (request: Uint8Array) => {
        this.requests++;
        const sequence = new DataView(request.buffer).getUint32(8, true);
        this.say(
          this.answer.map((bytes) => {
            const answer = bytes.slice();
            for (let offset = 0; offset < answer.length;) {
              const view = new DataView(answer.buffer, offset);
              view.setUint32(8, sequence, true);
              offset += view.getUint32(0, true);
            }
            return answer;
          }),
        );
      },
      close: () => this.open--,
    };
  };

  say(datagrams: readonly Uint8Array[]): void {
    for (const bytes of datagrams) this.handler.onDatagram(bytes);
    this.handler.onDrained();
  }
}

describe('NetlinkLinks', () => {
  const kernel = () => new Kernel();

  function start(from: Kernel) {
    const clock = new FakeClock();
    const log = new RecordedLog();
    const links = new NetlinkLinks({ clock, log, random: seededRandom(1), openSocket: from.openSocket });
    const stop = new AbortController();
    const seen = { changes: 0 };
    links.subscribe(() => seen.changes++);
    const ended = links.run(stop.signal);
    const names = () => links.links().map(({ name }) => name);
    const end = async () => {
      stop.abort();
      await ended;
      expect(clock.sleepers).toBe(0);
      expect(from.open).toBe(0);
    };
    return { clock, log, links, seen, names, end };
  }

  it('knows the interfaces at once', async () => {
    const { links, seen, end } = start(kernel());
    const vb = {
      index: 2,
      name: 'vb',
      mac: expect.any(String) as string,
      hardwareType: 1,
      up: false,
      carrier: false,
      loopback: false,
      noArp: false,
      hasMaster: false,
    };
    expect(links.links()).toEqual([
      { ...vb, index: 1, name: 'lo', mac: '', hardwareType: 772, loopback: true },
      vb,
      { ...vb, index: 3, name: 'va' },
    ]);
    expect(seen.changes).toBe(1);
    await end();
  });

  it('follows an interface through its life, one update for each change', async () => {
    const from = kernel();
    const { links, seen, names, end } = start(from);
    const va = () => links.links().find(({ index }) => index === 3);
    const steps = [
      { said: capture.UP, is: { up: true, carrier: false, mac: '0e:5c:be:11:e8:a0' } },
      { said: capture.RUNNING, is: { up: true, carrier: true } },
      { said: capture.ENSLAVED, is: { hasMaster: true } },
      { said: capture.NEW_MAC, is: { hasMaster: false, carrier: false, mac: '02:00:00:00:00:99' } },
      { said: capture.RENAMED, is: { name: 'vz', up: false } },
    ];
    for (const [step, { said, is }] of steps.entries()) {
      from.say(said);
      expect(va()).toMatchObject(is);
      expect(seen.changes).toBe(step + 2);
      from.say(said); // the kernel often says a thing twice
      expect(seen.changes).toBe(step + 2);
    }
    from.say([...capture.BRIDGE_PORT, ...capture.BRIDGE_PORT_GONE, ...capture.ADDRESS_GONE]);
    expect(names()).toEqual(['lo', 'vb', 'vz']);
    from.say(capture.GONE);
    expect(names()).toEqual(['lo', 'vb']);
    expect(from.requests).toBe(1);
    await end();
  });

  it.each([
    { flags: 0x10043, is: { carrier: true, noArp: false } },
    { flags: 0x10003, is: { carrier: false } }, // 802.1X holds frames back
    { flags: 0x43, is: { carrier: false } },
    { flags: 0x100c3, is: { noArp: true } },
  ])('reads the flags $flags as $is', async ({ flags, is }) => {
    const from = kernel();
    const { links, end } = start(from);
    const said = capture.RUNNING[0]!.slice();
    new DataView(said.buffer).setUint32(24, flags, true);
    from.say([said]);
    expect(links.links().find(({ index }) => index === 3)).toMatchObject({ up: true, ...is });
    await end();
  });

  it.each([
    { what: 'refuses to answer', said: '24000000 0200 0000 09000000 00000000 f0ffffff' + '00'.repeat(16) },
    { what: 'says that it had to drop messages', said: '10000000 0400 0000 00000000 00000000' },
  ])('asks again when the kernel $what', async ({ said }) => {
    const from = kernel();
    const { clock, end } = start(from);
    from.say([new Uint8Array(Buffer.from(said.replaceAll(' ', ''), 'hex'))]);
    await clock.advance(50);
    expect(from.requests).toBe(2);
    await end();
  });

  it('asks again when the kernel lost messages, and forgets what is not there any more', async () => {
    const from = kernel();
    const { clock, names, end } = start(from);
    from.answer = [capture.DUMP[0]!, capture.DUMP[2]!];
    from.handler.onLoss();
    await clock.advance(50);
    expect(names()).toEqual(['lo', 'vb']);
    expect(from.requests).toBe(2);
    await end();
  });

  it.each([
    ['interfaces changed under', (end: DataView) => end.setUint16(6, 0x12, true)],
    ['the kernel broke off', (end: DataView) => end.setInt32(16, -90, true)],
  ])('does not believe a list that %s, and asks again', async (_, spoil) => {
    const from = kernel();
    const { clock, names, end } = start(from);
    const spoilt = capture.DUMP[2]!.slice();
    spoil(new DataView(spoilt.buffer));
    from.answer = [capture.DUMP[0]!, spoilt];
    from.handler.onLoss();
    await clock.advance(25);
    expect(from.requests).toBe(2);
    expect(names()).toEqual(['lo', 'vb', 'va']);
    from.answer = [capture.DUMP[0]!, capture.DUMP[2]!];
    await clock.advance(100);
    expect(names()).toEqual(['lo', 'vb']);
    await end();
  });

  it('keeps what an event told during a list that no longer has it', async () => {
    const from = kernel();
    from.answer = [capture.DUMP[0]!, ...capture.UP, capture.DUMP[2]!];
    const { names, end } = start(from);
    expect(names()).toEqual(['lo', 'vb', 'va']);
    await end();
  });

  it('opens another socket when one dies, keeping what it knows meanwhile', async () => {
    const from = kernel();
    const { clock, log, names, seen, end } = start(from);
    from.refuse = new Error('no sockets today');
    from.open--;
    from.handler.onDown(new Error('EBADF'));
    await clock.advance(1000);
    expect(names()).toEqual(['lo', 'vb', 'va']);
    expect(log.lines.map(({ message }) => message)).toContain('cannot list the network interfaces');
    from.refuse = undefined;
    await clock.advance(10_000);
    expect(from.open).toBe(1);
    expect(seen.changes).toBe(1);
    await end();
  });

  it('waits longer and longer while asking is in vain', async () => {
    const from = kernel();
    from.refuse = new Error('no sockets today');
    const { clock, log, end } = start(from);
    await clock.advance(600_000);
    expect(log.lines.length).toBeGreaterThan(60);
    expect(log.lines.length).toBeLessThan(200);
    await end();
  });

  it('says so when the kernel refuses, as where a policy forbids the question', async () => {
    const from = kernel();
    const { log, end } = start(from);
    const refusal = new Uint8Array(36);
    const view = new DataView(refusal.buffer);
    view.setUint32(0, refusal.length, true);
    view.setUint16(4, 2, true);
    view.setInt32(16, -13, true);
    from.say([refusal]);
    expect(log.lines).toEqual([
      {
        level: 'warn',
        fields: { errno: 13 },
        message: 'the kernel does not list the network interfaces',
      },
    ]);
    await end();
  });

  it('asks again when it cannot read what the kernel says, and says so', async () => {
    const from = kernel();
    const { clock, log, end } = start(from);
    from.say([new Uint8Array(3)]);
    await clock.advance(50);
    expect(from.requests).toBe(2);
    expect(log.lines).toEqual([
      {
        level: 'warn',
        fields: { reason: 'short-header' },
        message: 'cannot read what the kernel says of an interface',
      },
    ]);
    await end();
  });
});
