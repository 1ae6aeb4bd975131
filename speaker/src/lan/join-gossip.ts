import { randomFillSync } from 'node:crypto';
import { createGossipSockets } from '../linux/gossip-sockets.js';
import type { MemberlistDeps } from '../membership/core.js';
import { GossipMembership } from '../membership/gossip-membership.js';
import { PROFILES } from '../membership/profile.js';
import { metallbKey } from '../wire/memberlist/keyring.js';
import { createPacketCodec } from '../wire/memberlist/packet.js';
import { createStreamCodec } from '../wire/memberlist/stream.js';
import type { GivenPeers, GossipMember } from './gossip.js';
import type { GossipOptions } from './protocol.js';

const NONCE_LENGTH = 12;
/** Nonces that are drawn at once: to ask for randomness takes far longer than to use it. */
const NONCES = 256;

/** Takes part in the gossip on real sockets, in the way upstream's speakers do. */
export function joinGossip(
  deps: Pick<MemberlistDeps, 'clock' | 'random' | 'meter' | 'log'>,
  { self, profile, secret }: GossipOptions,
  peers: GivenPeers,
): GossipMember {
  const encryption = secret === undefined ? undefined : { key: metallbKey(secret), nonce: randomNonces() };
  return new GossipMembership(
    {
      ...deps,
      peers,
      transport: createGossipSockets({ ...self, streamTimeoutMs: PROFILES[profile].streamTimeoutMs }),
      packets: createPacketCodec(encryption),
      streams: createStreamCodec(encryption),
    },
    { self, profile: PROFILES[profile] },
  );
}

function randomNonces(): () => Uint8Array {
  const drawn = new Uint8Array(NONCE_LENGTH * NONCES);
  let used = drawn.length;
  return () => {
    if (used === drawn.length) {
      randomFillSync(drawn);
      used = 0;
    }
    used += NONCE_LENGTH;
    return drawn.slice(used - NONCE_LENGTH, used);
  };
}
