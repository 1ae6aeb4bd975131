/** Every reason why bytes from a peer are not a message; label values of the metric that counts them. */
export type MemberlistFault =
  | 'label' // a cluster label, which MetalLB does not use
  | 'plaintext' // not encrypted, and a key is set
  | 'ciphertext' // encrypted, and no key is set
  | 'decryption' // another key, changed on the way, or too short to be encrypted at all
  | 'checksum'
  | 'compression' // an unknown algorithm or a broken LZW stream
  | 'too-large' // more than this program is willing to hold
  | 'truncated' // ends before it is complete
  | 'malformed' // not the msgpack of the message its type says
  | 'unknown-type'; // a type that does not exist, or not in this place
