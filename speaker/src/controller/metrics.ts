/** What the controller counts; names and labels are upstream's, except those that begin with `metallb_l2_`. */
import type { AllocationRefusal } from '@metallb-l2/sdk/election';
import type { Gauge, Meter } from '../ports.js';
import type { Plan } from './plan.js';
import type { PoolUsage } from './pool-usage.js';

export interface ControllerMetrics {
  /** Shows what `plan` says about pools and about services that wait. */
  report(plan: Plan): void;
  /** Another controller says it from now on: takes back what is shown, but not what was counted. */
  takeBack(): void;
  countWrite(): void;
  countFailedWrite(): void;
}

export function declareControllerMetrics(meter: Meter): ControllerMetrics {
  const pools = declarePoolMetrics(meter);
  const loaded = meter.gauge(
    'metallb_k8s_client_config_loaded_bool',
    'Whether pools have been read: 1 once they have',
    [],
  );
  const stale = meter.gauge(
    'metallb_k8s_client_config_stale_bool',
    'Whether a pool is refused: 1 while one is, 0 otherwise',
    [],
  );
  const refused = meter.gauge(
    'metallb_l2_services_refused',
    'Services that do not get the address they ask for, by reason',
    ['reason'],
  );
  const writes = meter.counter('metallb_k8s_client_updates_total', 'Writes of services', []);
  const failedWrites = meter.counter(
    'metallb_k8s_client_update_errors_total',
    'Failed writes of services',
    [],
  );
  let shownReasons = new Set<AllocationRefusal>();
  const reportRefusals = (refusals: readonly AllocationRefusal[]) => {
    const reasons = new Set(refusals);
    for (const reason of shownReasons) if (!reasons.has(reason)) refused.remove({ reason });
    for (const reason of reasons) {
      refused.set({ reason }, refusals.filter((other) => other === reason).length);
    }
    shownReasons = reasons;
  };

  return {
    report(plan) {
      pools.report(plan.usage);
      reportRefusals(plan.decisions.flatMap(({ refusal }) => refusal?.reason ?? []));
      loaded.set({}, 1);
      stale.set({}, plan.refusedPools.length > 0 ? 1 : 0);
    },
    takeBack() {
      pools.report([]);
      reportRefusals([]);
      loaded.remove({});
      stale.remove({});
    },
    countWrite() {
      writes.inc({});
    },
    countFailedWrite() {
      failedWrites.inc({});
    },
  };
}

/** How full pools are: all addresses, and those of each IP version. */
function declarePoolMetrics(meter: Meter): { report(usage: readonly PoolUsage[]): void } {
  const gauge = (name: string, help: string) => meter.gauge(name, help, ['pool']);
  const of = (total: Gauge, inUse: Gauge, pick: (usage: PoolUsage) => PoolUsage['families'][4]) => ({
    total,
    inUse,
    pick,
  });
  const gauges = [
    of(
      gauge('metallb_allocator_addresses_total', 'Addresses a pool can give out'),
      gauge('metallb_allocator_addresses_in_use_total', 'Addresses of a pool in use'),
      (usage) => usage,
    ),
    of(
      gauge('metallb_allocator_ipv4_addresses_total', 'IPv4 addresses a pool can give out'),
      gauge('metallb_allocator_ipv4_addresses_in_use_total', 'IPv4 addresses of a pool in use'),
      ({ families }) => families[4],
    ),
    of(
      gauge('metallb_allocator_ipv6_addresses_total', 'IPv6 addresses a pool can give out'),
      gauge('metallb_allocator_ipv6_addresses_in_use_total', 'IPv6 addresses of a pool in use'),
      ({ families }) => families[6],
    ),
  ];
  let shown: readonly string[] = [];
  return {
    report(usages) {
      const names = new Set(usages.map(({ pool }) => pool));
      for (const { pick, total, inUse } of gauges) {
        for (const pool of shown) {
          if (names.has(pool)) continue;
          total.remove({ pool });
          inUse.remove({ pool });
        }
        for (const usage of usages) {
          const { pool } = usage;
          total.set({ pool }, Number(pick(usage).total));
          inUse.set({ pool }, pick(usage).inUse);
        }
      }
      shown = [...names];
    },
  };
}
