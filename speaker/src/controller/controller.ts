/**
 * The role `controller`: hands out addresses to services and removes what nobody looks after.
 *
 * It keeps no state of its own, so it may be killed at any moment. Of several, one leads and does all of
 * it; two would plan from copies of the cluster that differ for a moment, and could give one address to
 * two services.
 *
 * Those that wait to lead hold no copy of the cluster. A leader reads it after it has got the lease, so that
 * it sees every write of the one before: a copy that was kept meanwhile may be a moment behind.
 */
import {
  type Clock,
  type KubeApi,
  LEASES,
  NAMESPACES,
  PODS,
  type Random,
  ResourceCache,
  SERVICES,
} from '@metallb-l2/sdk/kube';
import {
  CONFIGURATION_STATES,
  IP_ADDRESS_POOLS,
  L2_ADVERTISEMENTS,
  SERVICE_L2_STATUSES,
} from '@metallb-l2/sdk/models';
import { CONTROLLER_LEASE, type ControllerSettings } from '@metallb-l2/sdk/settings';
import { EventRecorder, subjectOf } from '../cluster/events.js';
import { sayProblems } from '../cluster/say-problems.js';
import { withoutStatusChanges } from '../cluster/spec-changes.js';
import { ScopedHealth } from '../http/scoped-health.js';
import type { Health, Log, Meter } from '../ports.js';
import { runTogether } from '../run-together.js';
import { AddressLoop } from './address-loop.js';
import { ConfigurationReporter } from './configuration-reporter.js';
import { LeaderElection } from './leader-election/leader-election.js';
import type { Term } from './leader-election/term.js';
import { ensureMemberlistSecret } from './memberlist-secret.js';
import { OrphanSweeper } from './orphans.js';
import { PlanBoard } from './plan-board.js';
import { PoolStatusWriter } from './pool-status.js';

export interface ControllerDeps {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly random: Random;
  /** Bytes nobody can guess. */
  readonly randomBytes: (length: number) => Uint8Array;
  readonly log: Log;
  readonly meter: Meter;
  readonly health: Health;
}

const LEASE = { apiVersion: `${LEASES.group}/${LEASES.version}`, kind: LEASES.kind };

/** Runs the controller until `signal` is aborted; no write is under way when it resolves. */
export async function runController(
  deps: ControllerDeps,
  settings: ControllerSettings,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, pod, lease } = settings;
  const config = { ...lease, namespace, name: CONTROLLER_LEASE, identity: pod.name };
  const election = new LeaderElection(deps, config, async (term) => {
    const health = new ScopedHealth(deps.health);
    await lead({ ...deps, api: term.api, health }, settings, term).finally(() => {
      health.end();
    });
  });
  await election.run(signal);
}

/** What only the leader does, until its term ends. */
async function lead(deps: ControllerDeps, settings: ControllerSettings, term: Term): Promise<void> {
  const { namespace, pod, memberlistSecret, loadBalancerClass } = settings;
  const services = new ResourceCache(deps, SERVICES);
  const namespaces = new ResourceCache(deps, NAMESPACES);
  const pools = new ResourceCache(deps, IP_ADDRESS_POOLS, { namespace });
  const statuses = new ResourceCache(deps, SERVICE_L2_STATUSES, { namespace });
  const pods = new ResourceCache(deps, PODS, { namespace });
  const events = new EventRecorder(deps, { component: 'metallb-controller', instance: pod.name });
  const advertisements = new ResourceCache(deps, L2_ADVERTISEMENTS, { namespace });
  const states = new ResourceCache(deps, CONFIGURATION_STATES, { namespace });
  const plans = new PlanBoard();
  const addresses = new AddressLoop({
    ...deps,
    events,
    services,
    namespaces: withoutStatusChanges(namespaces),
    pools: withoutStatusChanges(pools),
    loadBalancerClass,
    onPlan: (plan) => {
      plans.show(plan);
    },
  });
  const poolStatus = new PoolStatusWriter({ ...deps, plans, pools });
  const configuration = new ConfigurationReporter(
    { ...deps, events, plans, pools, advertisements, states },
    { namespace, pod },
  );
  const orphans = new OrphanSweeper({ ...deps, events, statuses, services, pods });
  const caches = {
    services,
    namespaces,
    pools,
    statuses,
    pods,
    advertisements,
    'configuration states': states,
  };
  const unsubscribe = Object.entries(caches).map(([what, cache]) => sayProblems(deps.log, what, cache));
  events.record(subjectOf(LEASE, term.lease), {
    type: 'Normal',
    reason: 'LeaderElection',
    message: `${pod.name} became leader`,
  });
  await runTogether(
    term.signal,
    ...Object.values(caches).map((cache) => (either: AbortSignal) => cache.run(either)),
    (either) => events.run(either),
    (either) => addresses.run(either),
    (either) => orphans.run(either),
    (either) => poolStatus.run(either),
    (either) => configuration.run(either),
    async (either) => {
      if (memberlistSecret === undefined) return;
      await ensureMemberlistSecret(deps, { namespace, ...memberlistSecret }, either);
    },
  ).finally(() => {
    for (const end of unsubscribe) end();
  });
}
