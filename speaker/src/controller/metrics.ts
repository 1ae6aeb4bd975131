/** What the controller counts; names and labels are upstream's, except those that begin with `metallb_l2_`. */
import type { AllocationRefusal } from '@metallb-l2/sdk/election';
import type { Meter } from '../ports.js';
import type { Plan } from './plan.js';

export interface ControllerMetrics {
  /** Shows what `plan` says about pools and about services that wait. */
  report(plan: Plan): void;
  countWrite(): void;
  countFailedWrite(): void;
}

export function declareControllerMetrics(meter: Meter): ControllerMetrics {
  const total = meter.gauge('metallb_allocator_addresses_total', 'Addresses a pool can give out', ['pool']);
  const inUse = meter.gauge('metallb_allocator_addresses_in_use_total', 'Addresses of a pool in use', [
    'pool',
  ]);
  const loaded = meter.gauge('metallb_k8s_client_config_loaded_bool', '1 once pools have been read', []);
  const stale = meter.gauge('metallb_k8s_client_config_stale_bool', '1 while a pool is refused', []);
  const refused = meter.gauge(
    'metallb_l2_services_refused',
    'Services that do not get the address they ask for, by reason',
    ['reason'],
  );
  const writes = meter.counter('metallb_k8s_client_updates_total', 'Services written', []);
  const failedWrites = meter.counter(
    'metallb_k8s_client_update_errors_total',
    'Failed writes of services',
    [],
  );
  let shownPools = new Set<string>();
  let shownReasons = new Set<AllocationRefusal>();

  return {
    report(plan) {
      const pools = new Set(plan.usage.map(({ pool }) => pool));
      for (const pool of shownPools) {
        if (pools.has(pool)) continue;
        total.remove({ pool });
        inUse.remove({ pool });
      }
      for (const usage of plan.usage) {
        total.set({ pool: usage.pool }, Number(usage.total));
        inUse.set({ pool: usage.pool }, usage.inUse);
      }
      shownPools = pools;

      const refusals = plan.decisions.flatMap(({ refusal }) => refusal?.reason ?? []);
      const reasons = new Set(refusals);
      for (const reason of shownReasons) if (!reasons.has(reason)) refused.remove({ reason });
      for (const reason of reasons) {
        refused.set({ reason }, refusals.filter((other) => other === reason).length);
      }
      shownReasons = reasons;

      loaded.set({}, 1);
      stale.set({}, plan.refusedPools.length > 0 ? 1 : 0);
    },
    countWrite() {
      writes.inc({});
    },
    countFailedWrite() {
      failedWrites.inc({});
    },
  };
}
