/** Ends suspicions that have run out: the suspect is dead. */
import type { Core } from './core.js';
import { nextExpiry } from './members.js';

export async function expireSuspicions(core: Core, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const next = nextExpiry(core.table.all());
    if (next === undefined) await core.suspicions.notified(signal);
    else await core.suspicions.notifiedWithin(next - core.now, core.clock, signal);
    core.apply({ type: 'expire' });
  }
}
