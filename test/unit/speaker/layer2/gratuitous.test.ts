import { burstWaits, gratuitousFrames } from '../../../../speaker/src/layer2/gratuitous.js';
import { decodeArp } from '../../../../speaker/src/wire/arp.js';
import { decodeEthernet } from '../../../../speaker/src/wire/ethernet.js';

describe('gratuitousFrames', () => {
  it('are a request and a reply to everybody, whose target MAC is the sender', () => {
    const frames = gratuitousFrames('02:00:00:00:00:aa', '192.0.2.50').map((bytes) => {
      const ethernet = decodeEthernet(bytes);
      if (!ethernet.ok) throw new Error(ethernet.reason);
      return { destination: ethernet.value.destination, arp: decodeArp(ethernet.value.payload) };
    });
    expect(frames).toEqual(
      ['request', 'reply'].map((operation) => ({
        destination: 'ff:ff:ff:ff:ff:ff',
        arp: {
          ok: true,
          value: {
            operation,
            senderMac: '02:00:00:00:00:aa',
            senderIp: '192.0.2.50',
            targetMac: '02:00:00:00:00:aa',
            targetIp: '192.0.2.50',
          },
        },
      })),
    );
  });
});

describe('burstWaits', () => {
  it('sends at once, then with more than the second for which Linux keeps a neighbour as it is', () => {
    expect([...burstWaits()]).toEqual([0, 1100, 1100, 1100, 1100]);
  });
});
