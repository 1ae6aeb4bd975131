import { AddressIndex } from '../../../../speaker/src/layer2/address-index.js';
import { AnnouncedAddress } from '../../../../speaker/src/layer2/announced-address.js';
import { decideNdp } from '../../../../speaker/src/layer2/ndp-responder.js';
import type { ReceivedFrame } from '../../../../speaker/src/ports.js';
import { ipBytes, ipText, macBytes, readMac } from '../../../../speaker/src/wire/address.js';
import { decodeEthernet, encodeEthernet } from '../../../../speaker/src/wire/ethernet.js';
import { multicastMac } from '../../../../speaker/src/wire/ipv6.js';
import { decodeNdp, encodeNdp } from '../../../../speaker/src/wire/ndp.js';

const MINE = '02:00:00:00:00:aa';
const ASKER = '02:00:00:00:00:01';
const VIP = '2001:db8::50';
const OTHER_VIP = '2001:db8::51';
const GROUP = 'ff02::1:ff00:50';

const ADDRESSES = new AddressIndex<AnnouncedAddress>();
for (const ip of [VIP, OTHER_VIP]) ADDRESSES.add(new AnnouncedAddress(ip, 'all'));
const ME = {
  interfaceIndex: 7,
  mac: macBytes(MINE),
  find: (bytes: Uint8Array, offset: number, length: number) => ADDRESSES.find(bytes, offset, length),
};

interface Fields {
  type?: 'solicitation' | 'advertisement';
  source?: string;
  destination?: string;
  target?: string;
  /** The link-layer address option; none when `''`. */
  mac?: string;
  solicited?: boolean;
}

function received(
  fields: Fields = {},
  frame: Partial<ReceivedFrame> & { to?: string; from?: string; etherType?: number } = {},
): ReceivedFrame {
  const { type = 'solicitation', source = '2001:db8::1', target = VIP, mac = ASKER } = fields;
  const destination = ipBytes(fields.destination ?? (type === 'solicitation' ? GROUP : 'ff02::1'));
  const toMac = destination[0] === 0xff ? readMac(multicastMac(destination), 0) : MINE;
  const { to = toMac, from = ASKER, etherType = 0x86dd, ...meta } = frame;
  const addresses = {
    source: ipBytes(source),
    destination,
    target: ipBytes(target),
    ...(mac === '' ? {} : { linkLayerAddress: macBytes(mac) }),
  };
  const flags = { router: false, override: true, solicited: fields.solicited ?? false };
  const payload = encodeNdp(
    type === 'solicitation' ? { type, ...addresses } : { type, ...addresses, ...flags },
  );
  return {
    bytes: encodeEthernet({ destination: to, source: from, etherType, payload }),
    packetType: to === MINE ? 'host' : 'multicast',
    interfaceIndex: 7,
    ...meta,
  };
}

/** The answer as text, or the reason there is none. */
function answerTo(frame: ReceivedFrame) {
  const decision = decideNdp(frame, ME);
  if (decision.action === 'drop') return decision.reason;
  const ethernet = decodeEthernet(decision.frame);
  const ndp = ethernet.ok ? decodeNdp(ethernet.value.payload) : ethernet;
  if (!ethernet.ok || !ndp.ok || ndp.value.type !== 'advertisement') throw new Error('no advertisement');
  const { source, destination, target, linkLayerAddress, router, solicited, override } = ndp.value;
  return {
    to: ethernet.value.destination,
    from: ethernet.value.source,
    source: ipText(source),
    destination: ipText(destination),
    target: ipText(target),
    mac: linkLayerAddress && readMac(linkLayerAddress, 0),
    flags: { router, solicited, override },
    prober: decision.prober && readMac(decision.prober, 0),
  };
}

describe('decideNdp', () => {
  const answer = {
    to: ASKER,
    from: MINE,
    source: VIP,
    destination: '2001:db8::1',
    target: VIP,
    mac: MINE,
    flags: { router: false, solicited: true, override: true },
    prober: undefined,
  };

  it('answers a question to the group of an announced address, to the asker alone', () => {
    expect(answerTo(received())).toEqual(answer);
  });

  it('answers a question to the address itself, with which a neighbour checks that it is there', () => {
    expect(answerTo(received({ destination: VIP }))).toEqual(answer);
  });

  it('answers such a question without a link-layer address, to where it came from', () => {
    expect(answerTo(received({ destination: VIP, mac: '' }))).toEqual(answer);
  });

  it('answers the station that the option names, which need not be the sender of the frame', () => {
    const mac = '02:00:00:00:00:02';
    expect(answerTo(received({ mac }))).toEqual({ ...answer, to: mac });
  });

  it('answers a question to the group that a switch sent to our MAC alone', () => {
    expect(answerTo(received({}, { to: MINE }))).toEqual(answer);
  });

  it('answers a link-local asker, though it has no link-local address itself', () => {
    expect(answerTo(received({ source: 'fe80::1' }))).toEqual({ ...answer, destination: 'fe80::1' });
  });

  it('tells all nodes when a host wants to take the address, and that this was not asked for', () => {
    expect(answerTo(received({ source: '::', mac: '' }))).toEqual({
      ...answer,
      to: '33:33:00:00:00:01',
      destination: 'ff02::1',
      flags: { router: false, solicited: false, override: true },
      prober: ASKER,
    });
  });

  it('answers for one address of ours even when the asker uses another', () => {
    expect(answerTo(received({ source: OTHER_VIP }))).toEqual({ ...answer, destination: OTHER_VIP });
  });

  it('leaves the question as it was', () => {
    const frame = received();
    const before = frame.bytes.slice();
    decideNdp(frame, ME);
    decideNdp(received({ source: '::', mac: '' }), ME);
    expect(frame.bytes).toEqual(before);
    expect(answerTo(frame)).toEqual(answer);
  });

  const broken = (change: (bytes: Uint8Array) => void, frame = received()): ReceivedFrame => {
    change(frame.bytes);
    return frame;
  };
  const drops: { name: string; frame: ReceivedFrame; reason: string }[] = [
    {
      name: 'an address nobody announces',
      frame: received({ target: '2001:db8::5:50' }),
      reason: 'not-announced',
    },
    {
      name: 'an advertisement of such an address',
      frame: received({ type: 'advertisement', target: '2001:db8::99' }),
      reason: 'not-announced',
    },
    { name: 'hop limit 64', frame: broken((bytes) => (bytes[21] = 64)), reason: 'hop-limit' },
    { name: 'a damaged question', frame: broken((bytes) => (bytes[79] = 9)), reason: 'checksum' },
    { name: 'code 1', frame: broken((bytes) => (bytes[55] = 1)), reason: 'icmp-code' },
    {
      name: 'a router solicitation',
      frame: broken((bytes) => (bytes[54] = 133)),
      reason: 'icmp-type',
    },
    {
      name: 'a probe with a link-layer address',
      frame: received({ source: '::' }),
      reason: 'unspecified-source',
    },
    {
      name: 'a probe that is not sent to a group',
      frame: received({ source: '::', mac: '', destination: VIP }),
      reason: 'unspecified-source',
    },
    {
      name: 'a question to the group of another address',
      frame: received({ destination: 'ff02::1:ff00:51' }),
      reason: 'other-destination',
    },
    {
      name: 'a question to all nodes',
      frame: received({ destination: 'ff02::1' }),
      reason: 'other-destination',
    },
    {
      name: 'a question to another station',
      frame: received({}, { to: '02:00:00:00:00:bb' }),
      reason: 'other-destination',
    },
    {
      name: 'a question to the MAC of another group',
      frame: received({}, { to: '33:33:ff:00:00:51' }),
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
    { name: 'our own frame coming back', frame: received({}, { from: MINE }), reason: 'own-frame' },
    { name: 'our own packet relayed', frame: received({ mac: MINE }), reason: 'own-frame' },
    { name: 'another protocol', frame: received({}, { etherType: 0x0806 }), reason: 'other-protocol' },
    {
      name: 'an asker that is a group',
      frame: received({ mac: '33:33:00:00:00:01' }),
      reason: 'bad-sender',
    },
    {
      name: 'an asker of zeros',
      frame: received({ mac: '00:00:00:00:00:00' }),
      reason: 'bad-sender',
    },
    { name: 'half a header', frame: { ...received(), bytes: new Uint8Array(9) }, reason: 'short-frame' },
    {
      name: 'half a packet',
      frame: { ...received(), bytes: received().bytes.subarray(0, 77) },
      reason: 'short-packet',
    },
    {
      name: 'half an option',
      frame: { ...received(), bytes: received().bytes.subarray(0, 80) },
      reason: 'short-packet',
    },
  ];
  for (const { name, frame, reason } of drops) {
    it(`does not answer ${name}`, () => {
      expect(answerTo(frame)).toBe(reason);
    });
  }

  const claims: { name: string; fields: Fields; by?: string }[] = [
    { name: 'an unsolicited advertisement', fields: { type: 'advertisement' } },
    {
      name: 'an answer to us',
      fields: { type: 'advertisement', destination: '2001:db8::9', solicited: true },
    },
    { name: 'an advertisement without its MAC', fields: { type: 'advertisement', mac: '' } },
    {
      name: 'an advertisement by proxy',
      fields: { type: 'advertisement', source: 'fe80::1', mac: '02:00:00:00:00:02' },
      by: '02:00:00:00:00:02',
    },
    { name: 'a question from the address', fields: { source: VIP, target: '2001:db8::99' } },
    { name: 'a question from the address for itself', fields: { source: VIP } },
  ];
  for (const { name, fields, by = ASKER } of claims) {
    it(`sees a conflict in ${name} from another station, and does not answer it`, () => {
      const decision = decideNdp(received(fields), ME);
      if (decision.action !== 'drop' || decision.reason !== 'address-conflict') {
        throw new Error('no conflict');
      }
      expect([decision.address.ip, readMac(decision.sender, 0)]).toEqual([VIP, by]);
    });
  }
});
