import { ipBytes, macBytes } from '../../../../speaker/src/wire/address.js';
import { decodeNdp, encodeNdp, type NdpMessage } from '../../../../speaker/src/wire/ndp.js';
import { randomBytesFrom } from '../../../support/seeded-random.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));

// The checksums were computed by another program, from RFC 4443 §2.3 and RFC 1071.
const ASKER = '20010db8000000000000000000000001';
const VIP = '20010db8000000000000000000000050';
const GROUP = 'ff0200000000000000000001ff000050';
const ALL_NODES = 'ff020000000000000000000000000001';
const SOLICITATION = `60000000 0020 3a ff ${ASKER} ${GROUP} 87 00 1b8b 00000000 ${VIP} 0101 020000000001`;
const PROBE = `60000000 0018 3a ff ${'00'.repeat(16)} ${GROUP} 87 00 4c4f 00000000 ${VIP}`;
const UNICAST = `60000000 0018 3a ff fe80${'00'.repeat(13)}01 ${VIP} 87 00 1e19 00000000 ${VIP}`;
const ANSWER = `60000000 0020 3a ff ${VIP} ${ASKER} 88 00 892d 60000000 ${VIP} 0201 0200000000aa`;
const UNSOLICITED = `60000000 0020 3a ff ${VIP} ${ALL_NODES} 88 00 f7e3 20000000 ${VIP} 0201 0200000000aa`;

/** `wire` with its checksum made right again, so that what is wrong with it is something else. */
function resealed(wire: string): Uint8Array {
  const packet = bytes(wire);
  packet.set([0, 0], 42);
  const length = Math.min((packet[4]! << 8) | packet[5]!, packet.length - 40);
  let sum = 58 + length;
  const summed = packet.subarray(8, 40 + length);
  summed.forEach((byte, i) => (sum += i % 2 === 0 ? byte << 8 : byte));
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  packet.set([(~sum >> 8) & 0xff, ~sum & 0xff], 42);
  return packet;
}

describe('decodeNdp and encodeNdp', () => {
  const target = ipBytes('2001:db8::50');
  const group = ipBytes('ff02::1:ff00:50');
  const asker = ipBytes('2001:db8::1');
  const answer = { type: 'advertisement', target, source: target, router: false, override: true } as const;
  const cases: { name: string; wire: string; message: NdpMessage }[] = [
    {
      name: 'a question to the group',
      wire: SOLICITATION,
      message: {
        type: 'solicitation',
        source: asker,
        destination: group,
        target,
        linkLayerAddress: macBytes('02:00:00:00:00:01'),
      },
    },
    {
      name: 'a question whether the address is taken',
      wire: PROBE,
      message: { type: 'solicitation', source: ipBytes('::'), destination: group, target },
    },
    {
      name: 'a question to the address itself',
      wire: UNICAST,
      message: { type: 'solicitation', source: ipBytes('fe80::1'), destination: target, target },
    },
    {
      name: 'an answer',
      wire: ANSWER,
      message: {
        ...answer,
        destination: asker,
        linkLayerAddress: macBytes('02:00:00:00:00:aa'),
        solicited: true,
      },
    },
    {
      name: 'an announcement',
      wire: UNSOLICITED,
      message: {
        ...answer,
        destination: ipBytes('ff02::1'),
        linkLayerAddress: macBytes('02:00:00:00:00:aa'),
        solicited: false,
      },
    },
  ];
  for (const { name, wire, message } of cases) {
    it(`agree on ${name}`, () => {
      expect(hex(encodeNdp(message))).toBe(wire.replaceAll(' ', ''));
      expect(decodeNdp(bytes(wire))).toEqual({ ok: true, value: message });
    });
  }

  it('agree on the router flag', () => {
    const message: NdpMessage = { ...answer, destination: asker, router: true, solicited: true };
    expect(encodeNdp(message)[44]).toBe(0xe0);
    expect(decodeNdp(encodeNdp(message))).toEqual({ ok: true, value: message });
  });

  it('ignore what follows the packet', () => {
    expect(decodeNdp(bytes(SOLICITATION + '00'.repeat(20)))).toEqual(decodeNdp(bytes(SOLICITATION)));
  });

  it('pass over options of other types, and take the first of two addresses', () => {
    const nonce = '0e01 112233445566';
    const wire = SOLICITATION.replace('0020', '0030').replace('0101', `${nonce} 0101`) + '0101 0200000000ee';
    const decoded = decodeNdp(resealed(wire));
    expect(decoded.ok && hex(decoded.value.linkLayerAddress!)).toBe('020000000001');
  });

  const faults: { reason: string; name: string; wire: Uint8Array }[] = [
    { reason: 'short-packet', name: 'nothing', wire: bytes('') },
    { reason: 'short-packet', name: 'half a target', wire: bytes(PROBE).subarray(0, 63) },
    { reason: 'short-packet', name: 'a cut-off option', wire: bytes(SOLICITATION).subarray(0, 71) },
    {
      reason: 'short-packet',
      name: 'a length less than a message',
      wire: resealed(PROBE.replace('0018', '0017')),
    },
    {
      reason: 'short-packet',
      name: 'a length beyond the end',
      wire: resealed(PROBE.replace('0018', '0019')),
    },
    { reason: 'ip-version', name: 'version 4', wire: resealed(PROBE.replace('60', '40')) },
    { reason: 'next-header', name: 'hop-by-hop options', wire: resealed(PROBE.replace('3a', '00')) },
    { reason: 'hop-limit', name: 'hop limit 64', wire: resealed(PROBE.replace('3a ff', '3a 40')) },
    { reason: 'hop-limit', name: 'hop limit 254', wire: resealed(PROBE.replace('3a ff', '3a fe')) },
    { reason: 'icmp-type', name: 'a router advertisement', wire: resealed(PROBE.replace('87 00', '86 00')) },
    { reason: 'icmp-code', name: 'code 1', wire: resealed(PROBE.replace('87 00', '87 01')) },
    { reason: 'checksum', name: 'a wrong checksum', wire: bytes(PROBE.replace('4c4f', '4c4e')) },
    { reason: 'checksum', name: 'no checksum', wire: bytes(PROBE.replace('4c4f', '0000')) },
    {
      reason: 'checksum',
      name: 'another destination than was summed',
      wire: bytes(UNICAST.replace(VIP, ASKER)),
    },
    {
      reason: 'option-length',
      name: 'an option of length 0',
      wire: resealed(SOLICITATION.replace('0101', '0100')),
    },
    {
      reason: 'option-length',
      name: 'an option past the end',
      wire: resealed(SOLICITATION.replace('0101', '0e02')),
    },
    {
      reason: 'option-length',
      name: 'half an option header',
      wire: resealed(PROBE.replace('0018', '0019') + '01'),
    },
    {
      reason: 'option-length',
      name: 'an address of 14 bytes, which is none of Ethernet',
      wire: resealed(SOLICITATION.replace('0020', '0028').replace('0101', '0102') + '00'.repeat(8)),
    },
    {
      reason: 'group-target',
      name: 'a group as target',
      wire: resealed(PROBE.slice(0, -VIP.length) + GROUP),
    },
    { reason: 'group-source', name: 'a group as source', wire: resealed(UNICAST.replace('fe80', 'ff02')) },
    {
      reason: 'unspecified-source',
      name: 'no source, but not to a solicited-node group',
      wire: resealed(PROBE.replace(GROUP, ALL_NODES)),
    },
    {
      reason: 'unspecified-source',
      name: 'no source, but a link-layer address',
      wire: resealed(SOLICITATION.replace(ASKER, '00'.repeat(16))),
    },
    {
      reason: 'solicited-group',
      name: 'an answer to a group',
      wire: resealed(UNSOLICITED.replace(' 20000000', ' 60000000')),
    },
  ];
  for (const { reason, name, wire } of faults) {
    it(`refuse ${name} as ${reason}`, () => {
      expect(decodeNdp(wire)).toEqual({ ok: false, reason });
    });
  }

  it('refuse every other value of every byte but those that mean nothing to the checksum', () => {
    const wire = bytes(SOLICITATION);
    // The version's byte, and the traffic class and flow label after it, are not summed.
    for (let offset = 4; offset < wire.length; offset++) {
      const changed = wire.slice();
      changed[offset]! ^= 0x10;
      expect({ offset, ok: decodeNdp(changed).ok }).toEqual({ offset, ok: false });
    }
  });

  it('refuse every truncation', () => {
    for (let length = 0; length < 72; length++) {
      expect(decodeNdp(bytes(SOLICITATION).subarray(0, length)).ok).toBe(false);
    }
  });

  it('never throw on random bytes', () => {
    const next = randomBytesFrom(4861);
    const header = bytes(SOLICITATION).subarray(0, 42);
    for (let round = 0; round < 5000; round++) {
      const wire = next(round % 120);
      if (round % 2 === 0) wire.set(header.subarray(0, wire.length));
      decodeNdp(wire);
    }
  });
});
