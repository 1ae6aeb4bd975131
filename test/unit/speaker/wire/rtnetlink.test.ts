import { decodeRouteMessages, encodeLinkDumpRequest } from '../../../../speaker/src/wire/rtnetlink.js';
import { randomBytesFrom, seededRandom } from '../../../support/seeded-random.ts';
import * as capture from './rtnetlink-capture.ts';

const VA_MAC = '0e:5c:be:11:e8:a0';
const VA = { index: 3, name: 'va', mac: VA_MAC, hardwareType: 1, master: 0 };

function messagesOf(datagrams: readonly Uint8Array[]) {
  return datagrams.flatMap((bytes) => {
    const decoded = decodeRouteMessages(bytes);
    if (!decoded.ok) throw new Error(decoded.reason);
    return decoded.value;
  });
}

/** A captured message with some bytes put elsewhere. */
function changed(bytes: Uint8Array, change: (view: DataView) => void): Uint8Array {
  const copy = bytes.slice();
  change(new DataView(copy.buffer));
  return copy;
}

describe('encodeLinkDumpRequest', () => {
  it('writes the request whose answer is captured below', () => {
    expect(Buffer.from(encodeLinkDumpRequest(7)).toString('hex')).toBe(
      '20000000 1200 0103 07000000 00000000 00 00 0000 00000000 00000000 00000000'.replaceAll(' ', ''),
    );
  });
});

describe('decodeRouteMessages', () => {
  it('reads the answer to a request, of several datagrams', () => {
    const answer = { sequence: 7, interrupted: false };
    expect(messagesOf(capture.DUMP)).toEqual([
      {
        kind: 'link',
        link: { index: 1, name: 'lo', mac: '', hardwareType: 772, flags: 0x8, master: 0 },
        ...answer,
      },
      {
        kind: 'link',
        link: {
          index: 2,
          name: 'vb',
          mac: expect.any(String) as string,
          hardwareType: 1,
          flags: 0x1002,
          master: 0,
        },
        ...answer,
      },
      { kind: 'link', link: { ...VA, mac: expect.any(String) as string, flags: 0x1002 }, ...answer },
      { kind: 'dump-end', ...answer },
    ]);
  });

  const event = { kind: 'link', sequence: 0, interrupted: false };
  const cases = [
    {
      name: 'an interface that comes up',
      from: capture.UP,
      to: { ...event, link: { ...VA, flags: 0x1003 } },
    },
    {
      name: 'the carrier that comes',
      from: capture.RUNNING,
      to: { ...event, link: { ...VA, flags: 0x11043 } },
    },
    {
      name: 'an interface that becomes part of a bridge',
      from: capture.ENSLAVED,
      to: { ...event, link: { ...VA, flags: 0x11043, master: 4 } },
    },
    {
      name: 'a new MAC',
      from: capture.NEW_MAC,
      to: { ...event, link: { ...VA, flags: 0x1003, mac: '02:00:00:00:00:99' } },
    },
    {
      name: 'a new name',
      from: capture.RENAMED,
      to: { ...event, link: { ...VA, flags: 0x1002, mac: '02:00:00:00:00:99', name: 'vz' } },
    },
    { name: 'an interface that is gone', from: capture.GONE, to: { kind: 'link-gone', index: 3 } },
    {
      name: 'nothing of what a bridge says of a port',
      from: capture.BRIDGE_PORT,
      to: { kind: 'other', type: 16 },
    },
    {
      name: 'nothing of a port that leaves its bridge: the interface is still there',
      from: capture.BRIDGE_PORT_GONE,
      to: { kind: 'other', type: 17 },
    },
    { name: 'nothing of addresses', from: capture.ADDRESS_GONE, to: { kind: 'other', type: 21 } },
  ];
  for (const { name, from, to } of cases) {
    it(`reads ${name}`, () => {
      expect(messagesOf(from)).toEqual([to]);
    });
  }

  it('reads several messages of one datagram', () => {
    const both = new Uint8Array(Buffer.concat([...capture.BRIDGE_PORT_GONE, ...capture.GONE]));
    expect(messagesOf([both]).map(({ kind }) => kind)).toEqual(['other', 'link-gone']);
  });

  it('says when the list was made while interfaces changed', () => {
    const interrupted = capture.DUMP.map((bytes) => changed(bytes, (view) => view.setUint16(6, 0x12, true)));
    expect(messagesOf(interrupted).at(-1)).toEqual({ kind: 'dump-end', sequence: 7, interrupted: true });
  });

  it('takes a list that the kernel broke off for an error, not for a list', () => {
    const brokenOff = changed(capture.DUMP[2]!, (view) => view.setInt32(16, -90, true));
    expect(messagesOf([brokenOff])).toEqual([{ kind: 'error', sequence: 7, errno: 90 }]);
  });

  it('reads errors of the kernel, and that it lost messages', () => {
    const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
    const error = hex('24000000 0200 0000 09000000 00000000 f0ffffff 20000000 1200 0103 09000000 00000000');
    expect(messagesOf([error])).toEqual([{ kind: 'error', sequence: 9, errno: 16 }]);
    expect(messagesOf([hex('10000000 0400 0000 00000000 00000000')])).toEqual([{ kind: 'overrun' }]);
  });

  const whole = capture.GONE[0]!;
  const bad: { name: string; bytes: Uint8Array; reason: string }[] = [
    { name: 'a header that is cut off', bytes: whole.subarray(0, 15), reason: 'short-header' },
    { name: 'a message that is cut off', bytes: whole.subarray(0, 600), reason: 'bad-length' },
    {
      name: 'a length of nothing, which would never end',
      bytes: changed(whole, (view) => view.setUint32(0, 0, true)),
      reason: 'bad-length',
    },
    {
      name: 'a length beyond the end',
      bytes: changed(whole, (view) => view.setUint32(0, 0xffffffff, true)),
      reason: 'bad-length',
    },
    {
      name: 'a link without its fixed part',
      bytes: changed(whole.slice(0, 24), (view) => view.setUint32(0, 24, true)),
      reason: 'short-link',
    },
    ...[2, 3].map((type) => ({
      name: `an error without its number, of type ${type}`,
      bytes: changed(new Uint8Array(16), (view) => {
        view.setUint32(0, 16, true);
        view.setUint16(4, type, true);
      }),
      reason: 'short-error',
    })),
    ...[0, 3, 0xffff].map((length) => ({
      name: `an attribute with the length ${length}`,
      bytes: changed(capture.UP[0]!, (view) => view.setUint16(32, length, true)),
      reason: 'bad-attribute',
    })),
  ];
  for (const { name, bytes, reason } of bad) {
    it(`refuses ${name}`, () => {
      expect(decodeRouteMessages(bytes)).toEqual({ ok: false, reason });
    });
  }

  it('neither throws nor hangs on anything, whole, cut or scrambled', () => {
    const random = seededRandom(11);
    const noise = randomBytesFrom(12);
    const up = capture.UP[0]!;
    for (let round = 0; round < 20_000; round++) {
      const bytes =
        random() < 0.5 ? noise(Math.floor(random() * 128)) : up.slice(0, Math.floor(random() * up.length));
      for (let i = 0; i < 4 && bytes.length > 0; i++)
        bytes[Math.floor(random() * bytes.length)] = random() * 256;
      const decoded = decodeRouteMessages(bytes);
      expect(typeof decoded.ok).toBe('boolean');
    }
  });
});
