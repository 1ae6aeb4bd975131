/**
 * `IPAddressPool.status`: how many addresses of a pool are in use and how many are left. Changes of a second
 * are written as one, and only what differs from what is there.
 */
import { type Clock, isKubeError, type KubeApi, type Random } from '@metallb-l2/sdk/kube';
import { IP_ADDRESS_POOLS, type IPAddressPool, type IPAddressPoolStatus } from '@metallb-l2/sdk/models';
import type { Source } from '../cluster/spec-changes.js';
import type { Log } from '../ports.js';
import { followChanges } from './follow-changes.js';
import type { PlanBoard, PlanOutcome } from './plan-board.js';
import { WritePatience } from './write-patience.js';

export interface PoolStatusDeps {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly plans: PlanBoard;
  readonly pools: Source<IPAddressPool>;
}

const PAUSE_MS = 1000;

/**
 * The largest count that is written. The field is an int64, but not every larger one is a number of JavaScript;
 * who reads 2^53 - 1 knows as well as with upstream's 2^63 - 1 that the pool will not run out.
 */
const MOST = Number.MAX_SAFE_INTEGER;

export class PoolStatusWriter {
  readonly #deps: PoolStatusDeps;
  readonly #patience: WritePatience;
  /** Versions of pools, by UID, that this writer has replaced; the cache has not caught up while it shows them. */
  readonly #replaced = new Map<string, string>();

  constructor(deps: PoolStatusDeps) {
    this.#deps = deps;
    this.#patience = new WritePatience(deps.clock, deps.random);
  }

  /** Works until `signal` is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, plans, pools } = this.#deps;
    const step = () => this.#writeAll(signal);
    await followChanges({ clock, pauseMs: PAUSE_MS, sources: [plans, pools], step }, signal);
  }

  async #writeAll(signal: AbortSignal): Promise<number | undefined> {
    const { plans, pools } = this.#deps;
    if (plans.latest === undefined) return undefined;
    const wanted = poolStatuses(plans.latest);
    const present = pools.list();
    this.#forget(present);
    let againInMs: number | undefined;
    for (const pool of present) {
      const { uid = '', name = '', resourceVersion } = pool.metadata;
      const status = wanted.get(name);
      if (status === undefined || says(pool.status, status)) continue;
      if (this.#replaced.get(uid) === resourceVersion) continue;
      const waitMs = this.#patience.ask(uid, status);
      if (waitMs === 0) await this.#write({ ...pool, status }, signal);
      // A failed write is due again then as well.
      againInMs = Math.min(againInMs ?? Infinity, waitMs === 0 ? this.#patience.ask(uid, status) : waitMs);
    }
    return againInMs;
  }

  async #write(pool: IPAddressPool, signal: AbortSignal): Promise<void> {
    const { uid = '', name, resourceVersion = '' } = pool.metadata;
    try {
      await this.#deps.api.replace(IP_ADDRESS_POOLS, pool, { subresource: 'status', signal });
      this.#replaced.set(uid, resourceVersion);
    } catch (error) {
      if (signal.aborted || !isKubeError(error)) throw error;
      const level = isKubeError(error, 'Conflict', 'NotFound') ? 'debug' : 'warn';
      this.#deps.log[level]({ pool: name, err: error }, 'cannot write how full a pool is');
    }
  }

  #forget(present: readonly IPAddressPool[]): void {
    const uids = new Set(present.map(({ metadata }) => metadata.uid ?? ''));
    for (const uid of this.#replaced.keys()) if (!uids.has(uid)) this.#replaced.delete(uid);
  }
}

/** What to say of each pool, by name; one that is refused has nothing to give. */
export function poolStatuses({ usage, refusedPools }: PlanOutcome): ReadonlyMap<string, IPAddressPoolStatus> {
  const nothing = { assignedIPv4: 0, assignedIPv6: 0, availableIPv4: 0, availableIPv6: 0 };
  const left = ({ total, inUse }: { total: bigint; inUse: number }) => {
    const free = total - BigInt(inUse);
    return free > BigInt(MOST) ? MOST : Number(free);
  };
  return new Map([
    ...refusedPools.map(({ object }) => [object.metadata.name ?? '', nothing] as const),
    ...usage.map(({ pool, families }) => {
      const status = {
        assignedIPv4: families[4].inUse,
        assignedIPv6: families[6].inUse,
        availableIPv4: left(families[4]),
        availableIPv6: left(families[6]),
      };
      return [pool, status] as const;
    }),
  ]);
}

/** Counts above the largest that is written are as good as that one: upstream's controller writes them. */
function says(actual: IPAddressPoolStatus | undefined, wanted: IPAddressPoolStatus): boolean {
  const keys = Object.keys(wanted) as (keyof IPAddressPoolStatus)[];
  return actual !== undefined && keys.every((key) => Math.min(actual[key], MOST) === wanted[key]);
}
