import type { GossipCodec } from '../../../../speaker/src/membership/codec.js';
const enc = new TextEncoder(),
  dec = new TextDecoder();
const to = (v: unknown) =>
  enc.encode(JSON.stringify(v, (_k, x: unknown) => (x instanceof Uint8Array ? { b: [...x] } : x)));
const from = (b: Uint8Array): any =>
  JSON.parse(dec.decode(b), (_k, x: any) =>
    x && typeof x === 'object' && Array.isArray(x.b) ? Uint8Array.from(x.b) : x,
  );
export const testCodec: GossipCodec = {
  sizeOf: () => 80,
  encodePacket: (m) => to(m),
  decodePacket: (d) => {
    try {
      return { ok: true, value: from(d) };
    } catch {
      return { ok: false, reason: 'garbage' };
    }
  },
  encodeStream: (m) => to(m),
  decodeStream: async (chunks) => {
    for await (const c of chunks) return { ok: true, value: from(c) };
    return { ok: false, reason: 'ended' };
  },
};
