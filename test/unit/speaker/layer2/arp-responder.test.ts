import { decideArp } from '../../../../speaker/src/layer2/arp-responder.js';
import type { ReceivedFrame } from '../../../../speaker/src/ports.js';
import { type ArpPacket, decodeArp, encodeArp } from '../../../../speaker/src/wire/arp.js';
import { decodeEthernet, encodeEthernet } from '../../../../speaker/src/wire/ethernet.js';
import { randomBytesFrom } from '../../../support/seeded-random.ts';

const MINE = '02:00:00:00:00:aa';
const ASKER = '02:00:00:00:00:01';
const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const VIP = '192.0.2.50';
const OTHER_VIP = '192.0.2.51';
const ME = { interfaceIndex: 7, mac: MINE, owns: (ip: string) => ip === VIP || ip === OTHER_VIP };

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

  it('answers a probe, so that its sender does not take the address', () => {
    expect(answerTo(received({ senderIp: '0.0.0.0' }))).toEqual({ ...reply, targetIp: '0.0.0.0' });
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
    { name: 'another protocol', frame: received({}, { etherType: 0x0800 }), reason: 'not-arp' },
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
    { name: 'a question for a third address', packet: { senderIp: VIP, targetIp: '192.0.2.99' } },
  ];
  for (const { name, packet } of claims) {
    it(`sees a conflict in ${name} from another station, and does not answer it`, () => {
      expect(decideArp(received(packet), ME)).toEqual({
        action: 'drop',
        reason: 'address-conflict',
        ip: VIP,
        claimedBy: ASKER,
      });
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
