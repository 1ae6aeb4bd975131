import { AddressBook } from '../../../../speaker/src/layer2/address-book.js';
import { Responder } from '../../../../speaker/src/layer2/responder.js';
import { Traffic } from '../../../../speaker/src/layer2/traffic.js';
import type { Link, LinkProtocol, LinkSocketHandler } from '../../../../speaker/src/ports.js';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../../support/recorded-log.ts';
import { RecordedMeter } from '../../../support/recorded-meter.ts';
import { SimulatedLan } from '../../../support/simulated-lan.ts';

const VIP = '192.0.2.50';

/** A responder on sockets that the test plays the kernel of. */
function setUp(kernel: { takes?: boolean; drops?: number; refuses?: LinkProtocol } = {}) {
  const lan = new SimulatedLan();
  const asker = lan.addHost('asker');
  const link = lan.addHost('node').links()[0] as Link;
  const handlers = new Map<LinkProtocol, LinkSocketHandler>();
  const open = new Set<LinkProtocol>();
  const meter = new RecordedMeter();
  const traffic = new Traffic(meter);
  const book = new AddressBook();
  book.replace(new Map([[VIP, 'all']]));
  const down: Responder[] = [];
  const responder = new Responder(
    {
      openSocket: (_link, protocol, handler) => {
        if (protocol === kernel.refuses) throw new Error('EPERM');
        handlers.set(protocol, handler);
        open.add(protocol);
        return {
          send: () => kernel.takes ?? true,
          takeDrops: () => kernel.drops ?? 0,
          close: () => open.delete(protocol),
        };
      },
      openGroups: () => ({ join: () => undefined, leave: () => undefined, close: () => undefined }),
      clock: new FakeClock(),
      log: new RecordedLog(),
      traffic,
    },
    {
      find: (bytes, offset, length) => book.find(bytes, offset, length),
      isCurrent: (address) => book.isCurrent(address),
      isOwnMac: () => false,
      onClaim: () => undefined,
      onDown: (dead) => down.push(dead),
    },
    link,
    { framesPerSecond: 1000 },
  );
  const dropped = (reason: string) => {
    traffic.flush();
    return meter.value('metallb_layer2_frames_dropped', { interface: link.name, reason });
  };
  const ask = () =>
    handlers.get('arp')?.onFrame({
      bytes: asker.frame('ff:ff:ff:ff:ff:ff', { senderIp: '192.0.2.1', targetIp: VIP }),
      packetType: 'broadcast',
      interfaceIndex: link.index,
    });
  return { responder, handlers, open, meter, book, down, dropped, ask };
}

describe('a responder', () => {
  it('counts an answer that the kernel did not take as dropped, not as sent', () => {
    const { responder, ask, dropped, meter } = setUp({ takes: false });
    responder.open();
    ask();
    expect(dropped('send-failed')).toBe(1);
    expect(meter.value('metallb_layer2_requests_received', { ip: VIP })).toBe(1);
    expect(meter.value('metallb_layer2_responses_sent', { ip: VIP })).toBe(0);
  });

  it('counts what the kernel had no room for, on both sockets', () => {
    const { responder, dropped } = setUp({ drops: 3 });
    responder.open();
    responder.countDrops();
    expect(dropped('queue-full')).toBe(6);
  });

  it('is open for both families or not at all', () => {
    const { responder, open, book } = setUp({ refuses: 'ndp' });
    expect(() => responder.open()).toThrow('EPERM');
    expect(open.size).toBe(0);
    expect(responder.answers(book.announced.get(VIP)!)).toBe(false);
  });

  it('closes everything when one socket dies, and says so once', () => {
    const { responder, handlers, open, book, down } = setUp();
    responder.open();
    expect([open.size, responder.answers(book.announced.get(VIP)!)]).toEqual([2, true]);
    handlers.get('ndp')?.onDown(new Error('ENETDOWN'));
    expect([open.size, responder.answers(book.announced.get(VIP)!)]).toEqual([0, false]);
    expect(down).toEqual([responder]);
  });
});
