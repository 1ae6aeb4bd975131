import { type ArpPacket, decodeArp, encodeArp, isGratuitous } from '../../../../speaker/src/wire/arp.js';
import { randomBytesFrom } from '../../../support/seeded-random.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));

const REQUEST = '0001 0800 06 04 0001  020000000001 c0000201  000000000000 c0000232';

describe('decodeArp and encodeArp', () => {
  const cases: { name: string; wire: string; packet: ArpPacket }[] = [
    {
      name: 'a request',
      wire: REQUEST,
      packet: {
        operation: 'request',
        senderMac: '02:00:00:00:00:01',
        senderIp: '192.0.2.1',
        targetMac: '00:00:00:00:00:00',
        targetIp: '192.0.2.50',
      },
    },
    {
      name: 'a reply',
      wire: '0001 0800 06 04 0002  0200000000ff c0000232  020000000001 c0000201',
      packet: {
        operation: 'reply',
        senderMac: '02:00:00:00:00:ff',
        senderIp: '192.0.2.50',
        targetMac: '02:00:00:00:00:01',
        targetIp: '192.0.2.1',
      },
    },
    {
      name: 'a probe, whose sender has no address yet',
      wire: '0001 0800 06 04 0001  020000000001 00000000  000000000000 c0000232',
      packet: {
        operation: 'request',
        senderMac: '02:00:00:00:00:01',
        senderIp: '0.0.0.0',
        targetMac: '00:00:00:00:00:00',
        targetIp: '192.0.2.50',
      },
    },
  ];
  for (const { name, wire, packet } of cases) {
    it(`agree on ${name}`, () => {
      expect(hex(encodeArp(packet))).toBe(wire.replaceAll(' ', ''));
      expect(decodeArp(bytes(wire))).toEqual({ ok: true, value: packet });
    });
  }

  it('ignore the padding of a minimum-size frame', () => {
    expect(decodeArp(bytes(REQUEST + '00'.repeat(18)))).toEqual(decodeArp(bytes(REQUEST)));
  });

  it('accept hardware type IEEE 802 as the kernel does', () => {
    expect(decodeArp(bytes(REQUEST.replace('0001', '0006'))).ok).toBe(true);
  });

  const faults: { reason: string; wire: string }[] = [
    { reason: 'short-packet', wire: '' },
    { reason: 'short-packet', wire: REQUEST.slice(0, -2) },
    { reason: 'hardware-type', wire: REQUEST.replace('0001', '0020') },
    { reason: 'protocol-type', wire: REQUEST.replace('0800', '86dd') },
    { reason: 'address-length', wire: REQUEST.replace('06 04', '08 04') },
    { reason: 'address-length', wire: REQUEST.replace('06 04', '06 10') },
    { reason: 'unknown-operation', wire: REQUEST.replace('04 0001', '04 0003') },
  ];
  for (const { reason, wire } of faults) {
    it(`refuse "${wire}" as ${reason}`, () => {
      expect(decodeArp(bytes(wire))).toEqual({ ok: false, reason });
    });
  }

  it('never throw on random bytes, and what decodes encodes to itself', () => {
    const next = randomBytesFrom(826);
    let decoded = 0;
    for (let round = 0; round < 5000; round++) {
      const wire = next(round % 60);
      // Half of the rounds get a valid header, or hardly any would get past it.
      if (round % 2 === 0) wire.set(bytes('0001 0800 06 04 0001').subarray(0, wire.length));
      const result = decodeArp(wire);
      if (!result.ok) continue;
      decoded++;
      expect(hex(encodeArp(result.value))).toBe(hex(wire.subarray(0, 28)));
    }
    expect(decoded).toBeGreaterThan(1000);
  });
});

describe('encodeArp', () => {
  it('refuses what is not an address, naming it', () => {
    const packet = {
      operation: 'request',
      senderMac: '',
      senderIp: '',
      targetMac: '',
      targetIp: '',
    } as const;
    expect(() => encodeArp({ ...packet, senderMac: 'zz' })).toThrow('"zz" is not a MAC address');
    const mac = '02:00:00:00:00:01';
    expect(() => encodeArp({ ...packet, senderMac: mac, senderIp: '300.1.1.1' })).toThrow('"300.1.1.1"');
    expect(() => encodeArp({ ...packet, senderMac: mac, senderIp: '2001:db8::1' })).toThrow(
      '"2001:db8::1" is not an IPv4 address',
    );
  });
});

describe('isGratuitous', () => {
  it('holds when sender and target address are one', () => {
    expect(isGratuitous(bytes(REQUEST), 0)).toBe(false);
    expect(isGratuitous(bytes(REQUEST.replace('c0000201', 'c0000232')), 0)).toBe(true);
  });
});
