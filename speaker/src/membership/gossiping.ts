/** Passes news on: while there is any, a few members chosen at random hear it in each interval. */
import type { Core } from './core.js';
import { isMember } from './members.js';
import { sample } from './shuffle.js';

export async function gossip(core: Core, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if (core.broadcasts.isEmpty) {
      await core.news.notified(signal);
      continue;
    }
    tellSome(core);
    await core.sleep(core.profile.gossipIntervalMs, signal);
  }
}

function tellSome(core: Core): void {
  const { gossipNodes, deadMemoryMs } = core.profile;
  // The dead are told too: one that lives objects when it hears so.
  const listeners = core.table.others(
    (member) => isMember(member) || (member.state === 'dead' && core.now - member.since < deadMemoryMs),
  );
  if (listeners.length === 0) {
    core.broadcasts.clear();
    return;
  }
  for (const listener of sample(listeners, gossipNodes, core.deps.random)) core.sendTo(listener, []);
}
