/**
 * What a decoder gives back. Bytes from the network are never an exception: they decode, or there is a
 * reason from the decoder's closed list.
 */
export type Decoded<T, Reason extends string> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: Reason };
