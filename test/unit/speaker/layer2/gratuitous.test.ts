import { framesFor, gratuitousFrames, roundsFor } from '../../../../speaker/src/layer2/gratuitous.js';
import { ipBytes, ipText, readMac } from '../../../../speaker/src/wire/address.js';
import { decodeArp } from '../../../../speaker/src/wire/arp.js';
import { decodeEthernet } from '../../../../speaker/src/wire/ethernet.js';
import { decodeNdp } from '../../../../speaker/src/wire/ndp.js';

const MAC = '02:00:00:00:00:aa';
const VIP4 = ipBytes('192.0.2.50');
const VIP6 = ipBytes('2001:db8::50');

function opened(bytes: Uint8Array) {
  const ethernet = decodeEthernet(bytes);
  if (!ethernet.ok) throw new Error(ethernet.reason);
  return ethernet.value;
}

describe('gratuitousFrames', () => {
  it('are, for IPv4, a request and a reply to everybody, whose target MAC is the sender', () => {
    const frames = gratuitousFrames(MAC, VIP4).map(opened);
    expect(frames.map(({ destination, source }) => [destination, source])).toEqual([
      ['ff:ff:ff:ff:ff:ff', MAC],
      ['ff:ff:ff:ff:ff:ff', MAC],
    ]);
    expect(frames.map(({ payload }) => decodeArp(payload))).toEqual(
      ['request', 'reply'].map((operation) => ({
        ok: true,
        value: {
          operation,
          senderMac: MAC,
          senderIp: '192.0.2.50',
          targetMac: MAC,
          targetIp: '192.0.2.50',
        },
      })),
    );
  });

  it('are, for IPv6, one unsolicited advertisement to all nodes that overrides', () => {
    const [frame, ...more] = gratuitousFrames(MAC, VIP6).map(opened);
    expect(more).toEqual([]);
    expect(frame).toMatchObject({ destination: '33:33:00:00:00:01', source: MAC, etherType: 0x86dd });
    const message = decodeNdp(frame!.payload);
    if (!message.ok || message.value.type !== 'advertisement') throw new Error('no advertisement');
    const { source, destination, target, linkLayerAddress, router, solicited, override } = message.value;
    expect([source, destination, target].map(ipText)).toEqual(['2001:db8::50', 'ff02::1', '2001:db8::50']);
    expect(readMac(linkLayerAddress!, 0)).toBe(MAC);
    expect({ router, solicited, override }).toEqual({ router: false, solicited: false, override: true });
  });

  it('are as many as the rate limit is told', () => {
    for (const address of [VIP4, VIP6])
      expect(gratuitousFrames(MAC, address)).toHaveLength(framesFor(address));
  });
});

describe('roundsFor', () => {
  it('are five of ARP, and the three that RFC 4861 allows of neighbour discovery', () => {
    expect([roundsFor(VIP4), roundsFor(VIP6)]).toEqual([5, 3]);
  });
});
