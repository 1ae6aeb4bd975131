/** The demo without a cluster, for any machine: all of it plays in this process. */
import { systemClock, systemRandom, type Clock, type Random } from '@metallb-l2/sdk/kube';
import { IP_ADDRESS_POOLS, L2_ADVERTISEMENTS } from '@metallb-l2/sdk/models';
import { DEFAULT_NAMESPACE } from '@metallb-l2/sdk/settings';
import type { Log } from '../../speaker/src/ports.js';
import { runTogether } from '../../speaker/src/run-together.js';
import { runDemo, type DemoOptions, type DemoResult } from './demo.ts';
import { SimulatedCluster } from './simulated-cluster.ts';
import type { Stage } from './stage.ts';

/** Kubernetes grants a silent node 50 s before it is lost; nobody wants to watch that. */
const NODE_GRACE_MS = 1500;
/** Longest wait for the pods to get ready, in milliseconds. */
const PATIENCE_MS = 30_000;
/** What is real and what is not, in one line. */
export const SIMULATED =
  'simulated: the real speakers, controller and SDK in one process, over an API server in memory, a ' +
  `simulated LAN and gossip; Kubernetes gives a silent node up after ${NODE_GRACE_MS / 1000} s here, not 50 s`;

const metadata = { name: 'production', namespace: DEFAULT_NAMESPACE };

/** Plays the demo to its end, about three seconds on the clock; nothing stays. */
export async function simulatedDemo(
  { log, signal }: DemoOptions,
  time: { clock: Clock; random: Random } = { clock: systemClock, random: systemRandom },
): Promise<DemoResult> {
  const nodes = ['node1', 'node2', 'node3'];
  const cluster = new SimulatedCluster({ ...time, nodes, nodeGraceMs: NODE_GRACE_MS, log: errorsOnly(log) });
  const shown = new AbortController();
  let result: DemoResult | undefined;
  await runTogether(
    AbortSignal.any([signal, shown.signal]),
    (either) => cluster.run(either),
    async (either) => {
      result = await runDemo(stageOf(cluster, time, either), { log, signal: either });
      shown.abort();
    },
  );
  signal.throwIfAborted();
  if (result === undefined) throw new Error('the simulated cluster ended before the demo');
  return result;
}

function stageOf(
  cluster: SimulatedCluster,
  { clock, random }: { clock: Clock; random: Random },
  signal: AbortSignal,
): Stage {
  const { api } = cluster;
  return {
    api,
    clock,
    random,
    installation: 'a controller, and a speaker on each of three nodes',
    sampleImage: 'none',
    install: async () => {
      await api.create(IP_ADDRESS_POOLS, { metadata, spec: { addresses: ['192.0.2.100-192.0.2.109'] } });
      await api.create(L2_ADVERTISEMENTS, { metadata, spec: {} });
      const deadline = clock.now() + PATIENCE_MS;
      while (!(await cluster.ready())) {
        if (clock.now() > deadline) return false;
        await clock.sleep(50, signal);
      }
      return true;
    },
    lan: {
      ask: async (address) => {
        const macs = await cluster.client.ask(address);
        return { macs, nodes: macs.map((mac) => cluster.nodesByMac.get(mac) ?? mac) };
      },
      cutPower: async (node) => cluster.cutPower(node),
    },
  };
}

/** Of what the programs log, only what is not as it should be. */
function errorsOnly(log: DemoOptions['log']): Log {
  const nothing = () => undefined;
  const error = (fields: object, message: string) => log(`   error: ${message} ${JSON.stringify(fields)}`);
  return { debug: nothing, info: nothing, warn: nothing, error };
}
