import { decideArp } from '../../../../speaker/src/layer2/arp-responder.js';
import { AddressIndex } from '../../../../speaker/src/layer2/address-index.js';
import { AnnouncedAddress } from '../../../../speaker/src/layer2/announced-address.js';
import type { ReceivedFrame } from '../../../../speaker/src/ports.js';
import { macBytes, readMac } from '../../../../speaker/src/wire/address.js';
import { type ArpPacket, decodeArp, encodeArp } from '../../../../speaker/src/wire/arp.js';
import { decodeEthernet, encodeEthernet } from '../../../../speaker/src/wire/ethernet.js';
import { randomBytesFrom } from '../../../support/seeded-random.ts';

const MINE = '02:00:00:00:00:aa';
const ASKER = '02:00:00:00:00:01';
const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const VIP = '192.0.2.50';
const OTHER_VIP = '192.0.2.51';
const ADDRESSES = new AddressIndex<AnnouncedAddress>();
for (const ip of [VIP, OTHER_VIP]) ADDRESSES.add(new AnnouncedAddress(ip, 'all'));
const ME = {
  interfaceIndex: 7,
  mac: macBytes(MINE),
  find: (bytes: Uint8Array, offset: number, length: number) => ADDRESSES.find(bytes, offset, length),
};

const REQUEST: ArpPacket = {
  operation: 'request',
  senderMac: ASKER,
  senderIp: '192.0.2.1',
  targetMac: '00:00:00:00:00:00',
  targetIp: VIP,
};

function received(
  packet: Partial<ArpPacket> = {},
  frame: Partial<ReceivedFrame> & { destination?: string; source?: string; etherType?: number } = {},
): ReceivedFrame {
  const { destination = BROADCAST, source = ASKER, etherType = 0x0806, ...meta } = frame;
  const payload = encodeArp({ ...REQUEST, ...packet });
  return {
    bytes: encodeEthernet({ destination, source, etherType, payload }),
    packetType: destination === BROADCAST ? 'broadcast' : 'host',
    interfaceIndex: 7,
    ...meta,
  };
}

/** The answer's Ethernet destination and packet, or the reason there is none. */
function answerTo(frame: ReceivedFrame) {
  const decision = decideArp(frame, ME);
  if (decision.action === 'drop') return decision.reason;
  const ethernet = decodeEthernet(decision.frame);
  const arp = ethernet.ok ? decodeArp(ethernet.value.payload) : ethernet;
  if (!ethernet.ok || !arp.ok) throw new Error('the answer is no ARP frame');
  return { from: ethernet.value.source, to: ethernet.value.destination, ...arp.value };
}

describe('decideArp', () => {
  const reply = {
    from: MINE,
    to: ASKER,
    operation: 'reply',
    senderMac: MINE,
    senderIp: VIP,
    targetMac: ASKER,
    targetIp: '192.0.2.1',
  };

  it('answers a broadcast request for an announced address, to the asker alone', () => {
    expect(answerTo(received())).toEqual(reply);
  });

  it('answers a unicast request, with which a neighbour checks that we are still there', () => {
    expect(answerTo(received({}, { destination: MINE }))).toEqual(reply);
  });

  it('answers a probe, so that its sender does not take the address, and says that it was one', () => {
    const probe = received({ senderIp: '0.0.0.0' });
    expect(answerTo(probe)).toEqual({ ...reply, targetIp: '0.0.0.0' });
    expect(decideArp(probe, ME)).toMatchObject({ action: 'reply', prober: macBytes(ASKER) });
    expect(decideArp(received(), ME)).toMatchObject({ action: 'reply', prober: undefined });
  });

  it('answers a request of hardware type IEEE 802, as Ethernet', () => {
    const frame = received();
    frame.bytes[15] = 6;
    expect(answerTo(frame)).toEqual(reply);
    const decision = decideArp(frame, ME);
    expect(decision.action === 'reply' && [...decision.frame.subarray(14, 16)]).toEqual([0, 1]);
  });

  it('answers with 42 bytes, whatever padding the request had', () => {
    const frame = received();
    const decision = decideArp({ ...frame, bytes: Uint8Array.of(...frame.bytes, ...new Uint8Array(18)) }, ME);
    expect(decision.action === 'reply' && decision.frame.length).toBe(42);
  });

  it('leaves the request as it was', () => {
    const frame = received();
    const before = frame.bytes.slice();
    decideArp(frame, ME);
    expect(frame.bytes).toEqual(before);
  });

  it('answers for one address of ours even when the asker claims another', () => {
    expect(answerTo(received({ senderIp: OTHER_VIP }))).toMatchObject({ operation: 'reply', senderIp: VIP });
  });

  const drops: { name: string; frame: ReceivedFrame; reason: string }[] = [
    {
      name: 'an address nobody announces',
      frame: received({ targetIp: '192.0.2.99' }),
      reason: 'not-announced',
    },
    { name: 'a reply', frame: received({ operation: 'reply' }), reason: 'not-a-request' },
    {
      name: 'a request addressed to another station',
      frame: received({}, { destination: '02:00:00:00:00:bb' }),
      reason: 'other-destination',
    },
    {
      name: 'a frame the kernel marks as for another host, such as one of a foreign VLAN',
      frame: received({}, { packetType: 'otherhost' }),
      reason: 'other-host',
    },
    {
      name: 'a frame of a VLAN on top',
      frame: received({}, { interfaceIndex: 8 }),
      reason: 'other-interface',
    },
    { name: 'a frame this host sends', frame: received({}, { packetType: 'outgoing' }), reason: 'own-frame' },
    { name: 'our own frame coming back', frame: received({}, { source: MINE }), reason: 'own-frame' },
    { name: 'our own packet relayed', frame: received({ senderMac: MINE }), reason: 'own-frame' },
    { name: 'another protocol', frame: received({}, { etherType: 0x0800 }), reason: 'other-protocol' },
    { name: 'a sender that is a group', frame: received({ senderMac: BROADCAST }), reason: 'bad-sender' },
    {
      name: 'a sender of zeros',
      frame: received({ senderMac: '00:00:00:00:00:00' }),
      reason: 'bad-sender',
    },
    { name: 'half a frame', frame: { ...received(), bytes: new Uint8Array(9) }, reason: 'short-frame' },
    {
      name: 'half a packet',
      frame: { ...received(), bytes: received().bytes.subarray(0, 30) },
      reason: 'short-packet',
    },
  ];
  for (const { name, frame, reason } of drops) {
    it(`does not answer ${name}`, () => {
      expect(answerTo(frame)).toBe(reason);
    });
  }

  const claims: { name: string; packet: Partial<ArpPacket> }[] = [
    { name: 'a gratuitous request', packet: { senderIp: VIP, targetIp: VIP } },
    { name: 'a gratuitous reply', packet: { operation: 'reply', senderIp: VIP, targetIp: VIP } },
    { name: 'a reply to a third address', packet: { operation: 'reply', senderIp: VIP } },
    { name: 'a question for a third address', packet: { senderIp: VIP, targetIp: '192.0.2.99' } },
  ];
  for (const { name, packet } of claims) {
    it(`sees a conflict in ${name} from another station, and does not answer it`, () => {
      const decision = decideArp(received(packet), ME);
      if (decision.action !== 'drop' || decision.reason !== 'address-conflict')
        throw new Error('no conflict');
      expect([decision.address.ip, readMac(decision.sender, 0)]).toEqual([VIP, ASKER]);
    });
  }

  it('never throws on random frames', () => {
    const next = randomBytesFrom(5227);
    for (let round = 0; round < 3000; round++) {
      const bytes = next(round % 64);
      if (round % 2 === 0) bytes.set(received().bytes.subarray(0, Math.min(20, bytes.length)));
      expect(['reply', 'drop']).toContain(decideArp({ ...received(), bytes }, ME).action);
    }
  });
});
