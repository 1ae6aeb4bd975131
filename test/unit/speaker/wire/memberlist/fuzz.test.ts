/** Bytes that nobody should send: they are refused, never thrown at the program, and never grow in it. */
import { crc32 } from '../../../../../speaker/src/wire/memberlist/crc32.js';
import { createKeyring, metallbKey } from '../../../../../speaker/src/wire/memberlist/keyring.js';
import { concat, writeStruct } from '../../../../../speaker/src/wire/memberlist/msgpack.js';
import { createPacketCodec } from '../../../../../speaker/src/wire/memberlist/packet.js';
import { createStreamCodec } from '../../../../../speaker/src/wire/memberlist/stream.js';
import { bytesOf, hexOf } from '../../../../support/hex.ts';
import { compressLzw } from '../../../../support/lzw.ts';
import { randomBytesFrom, seededRandom } from '../../../../support/seeded-random.ts';
import { PUSH_PULL, VECTORS } from './vectors.ts';

const ROUNDS = 40_000;
const encryption = { key: metallbKey(Buffer.from('secret')), nonce: () => new Uint8Array(12) };
const keyring = createKeyring(encryption);

const compressed = (inside: Uint8Array) =>
  Uint8Array.from([9, ...writeStruct({ Algo: 0, Buf: compressLzw(inside) })]);
const checked = (body: Uint8Array) => {
  const crc = new DataView(new ArrayBuffer(4));
  crc.setUint32(0, crc32(body));
  return Uint8Array.from([12, ...new Uint8Array(crc.buffer), ...body]);
};

/** Overwrites, cuts, doubles and inserts, as chance will have it. */
function mutate(bytes: Uint8Array, random: () => number): Uint8Array {
  let mutated: Uint8Array = bytes.slice();
  const at = () => Math.floor(random() * mutated.length);
  for (let times = 1 + Math.floor(random() * 3); times > 0 && mutated.length > 0; times--) {
    const [from, to] = [at(), at()].sort((a, b) => a - b) as [number, number];
    const kind = Math.floor(random() * 4);
    if (kind === 0) mutated[from] = Math.floor(random() * 256);
    else if (kind === 1) mutated = mutated.slice(0, from);
    else if (kind === 2) mutated = concat([mutated.subarray(0, to), mutated.subarray(from)]);
    // Heads of everything that has a length of its own.
    else mutated[from] = [0xdb, 0xdd, 0xdf, 0xc6, 0xc9, 0xff, 0x8f, 0x9f][Math.floor(random() * 8)] as number;
  }
  return mutated;
}

/** What came of many rounds; a fuzzer all of whose rounds end at the first byte has seen nothing. */
interface Outcome {
  accepted: number;
  readonly reasons: Set<string>;
}

describe('packets', () => {
  const codec = createPacketCodec();
  const messages = VECTORS.map(({ message }) => message);
  const seeds = [
    ...VECTORS.map(({ wire }) => bytesOf(wire)),
    codec.encode(messages),
    checked(codec.encode(messages)),
    compressed(codec.encode(messages)),
  ];

  function fuzz(next: (round: number) => Uint8Array, seal = false): Outcome {
    const outcome: Outcome = { accepted: 0, reasons: new Set() };
    const sealing = createPacketCodec(encryption);
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = next(round);
      const packet = seal ? sealing.decode(keyring.seal(bytes, new Uint8Array())) : codec.decode(bytes);
      if (!packet.ok) {
        outcome.reasons.add(packet.reason);
        continue;
      }
      outcome.accepted++;
      // What was accepted can be passed on, and is then the same.
      for (const message of packet.value.messages) {
        const wire = codec.encode([message]);
        const again = codec.decode(wire);
        const same = again.ok && Buffer.compare(codec.encode(again.value.messages), wire) === 0;
        if (!same) throw new Error(`not the same again: ${hexOf(bytes)}`);
      }
    }
    return outcome;
  }

  it('of chance', () => {
    const next = randomBytesFrom(7946);
    const { reasons } = fuzz((round) => Uint8Array.from([round % 16, ...next(round % 120)]));
    expect(reasons).toContain('truncated');
    expect(reasons).toContain('malformed');
    expect(reasons).toContain('unknown-type');
  });

  for (const seal of [false, true]) {
    it(`that were damaged ${seal ? 'before they were encrypted' : 'on the way'}`, () => {
      const random = seededRandom(seal ? 5 : 1);
      const { accepted, reasons } = fuzz((round) => mutate(seeds[round % seeds.length]!, random), seal);
      expect(accepted).toBeGreaterThan(ROUNDS / 20);
      for (const reason of ['truncated', 'malformed', 'checksum', 'compression', 'unknown-type']) {
        expect(reasons).toContain(reason);
      }
    });
  }
});

describe('streams', () => {
  const plain = createStreamCodec();
  const sealed = createStreamCodec(encryption);
  const wire = bytesOf(PUSH_PULL.wire);
  const seeds = [
    wire,
    compressed(wire),
    plain.encode({ type: 'user', bytes: new Uint8Array(40) }),
    plain.encode({ type: 'error', message: 'too late' }),
    plain.encode({ type: 'ping', seqNo: 1, node: 'n1' }),
  ];

  it('that were damaged, in pieces of chance', () => {
    const random = seededRandom(6);
    const outcome: Outcome = { accepted: 0, reasons: new Set() };
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = mutate(seeds[round % seeds.length]!, random);
      const decoder = plain.decoder();
      let open = true;
      for (let at = 0; at < bytes.length && open;) {
        const length = 1 + Math.floor(random() * 100);
        const result = decoder.push(bytes.subarray(at, at + length));
        at += length;
        open = result.ok && result.value === undefined;
        if (!result.ok) outcome.reasons.add(result.reason);
        else if (result.value) outcome.accepted++;
      }
    }
    expect(outcome.accepted).toBeGreaterThan(ROUNDS / 20);
    for (const reason of ['malformed', 'too-large', 'unknown-type', 'compression']) {
      expect(outcome.reasons).toContain(reason);
    }
  });

  it('that were damaged after they were encrypted are never read', () => {
    const random = seededRandom(8);
    const whole = sealed.encode(PUSH_PULL.message);
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = mutate(whole, random);
      const isWhole = Buffer.compare(bytes.subarray(0, whole.length), whole) === 0;
      const result = sealed.decoder().push(bytes);
      if (!isWhole && result.ok && result.value) throw new Error(`was read: ${hexOf(bytes)}`);
    }
  });
});
