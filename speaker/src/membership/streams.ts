/** One question and its answer over TCP: a connection carries one message each way. */
import type { GossipEndpoint, GossipStream } from '../ports.js';
import type { Decoded } from '../wire/decoded.js';
import type { StreamMessage } from '../wire/memberlist/messages.js';
import type { Core } from './core.js';
import { inScope } from './scope.js';

/** Why there is no answer: nobody is there, it takes too long, or what came is not understood. */
export type StreamFault = 'unreachable' | 'broken-off' | 'unreadable';

/** How long, in milliseconds, a connection may take to come about, and all of it together with the answer. */
export interface StreamPatience {
  readonly connectMs: number;
  readonly answerMs: number;
}

/** Sends `message` and gives the answer to it. */
export async function askOverStream(
  core: Core,
  to: GossipEndpoint,
  message: StreamMessage,
  { connectMs, answerMs }: StreamPatience,
  signal: AbortSignal,
): Promise<Decoded<StreamMessage, StreamFault>> {
  const timeoutMs = Math.min(connectMs, answerMs);
  if (timeoutMs <= 0) return { ok: false, reason: 'unreachable' };
  return inScope(signal, async (scope) => {
    let stream: GossipStream;
    const endsAt = core.now + answerMs;
    try {
      stream = await core.deps.transport.connect(to, { timeoutMs, signal: scope });
    } catch {
      return { ok: false, reason: 'unreachable' };
    }
    closeAfter(core, stream, endsAt - core.now, scope);
    try {
      await stream.send(core.deps.streams.encode(message));
      return await readMessage(core, stream);
    } catch {
      return { ok: false, reason: 'broken-off' };
    } finally {
      stream.close();
    }
  });
}

/** The one message the other side sends; what cannot be read is counted. */
export async function readMessage(
  core: Core,
  stream: GossipStream,
): Promise<Decoded<StreamMessage, 'broken-off' | 'unreadable'>> {
  const decoder = core.deps.streams.decoder();
  let hasBegun = false;
  for await (const bytes of stream.receive()) {
    hasBegun = true;
    const read = decoder.push(bytes);
    if (!read.ok) {
      core.drop(read.reason);
      return { ok: false, reason: 'unreadable' };
    }
    if (read.value === undefined) continue;
    for (const fault of decoder.faults) core.drop(fault);
    return { ok: true, value: read.value };
  }
  if (hasBegun) core.drop('truncated');
  return { ok: false, reason: 'broken-off' };
}

/** Closes `stream` after `ms` milliseconds or when `scope` ends; whoever reads from it then goes on. */
export function closeAfter(core: Core, stream: GossipStream, ms: number, scope: AbortSignal): void {
  void core.deps.clock
    .sleep(ms, scope)
    .catch(() => undefined)
    .then(() => stream.close());
}
