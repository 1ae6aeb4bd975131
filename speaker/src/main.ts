/**
 * The one program of the image: `speaker` or `controller`. Puts the real clock, API client, sockets, log
 * and metrics behind the ports, and turns signals and failures into an exit code: 0 after an orderly stop,
 * 1 when something failed, 2 when the settings are bad.
 */
import { randomBytes } from 'node:crypto';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Clock, type KubeApi, type Random, systemClock, systemRandom } from '@metallb-l2/sdk/kube';
import { connectInCluster } from '@metallb-l2/sdk/kube/in-cluster';
import {
  type CommonSettings,
  type ControllerSettings,
  parseControllerSettings,
  parseSpeakerSettings,
  SettingsError,
  type SpeakerSettings,
} from '@metallb-l2/sdk/settings';
import { Command } from 'commander';
import { HealthBoard } from './http/health.js';
import { startHttpServer } from './http/server.js';
import { lanThreadOptions } from './lan/lan-thread-options.js';
import type { LanThreadOptions } from './lan/protocol.js';
import { createLog } from './log.js';
import { PrometheusMeter } from './metrics.js';
import type { Health, Log, MainMeter } from './ports.js';

/** Milliseconds between two looks whether lists and watches have left garbage. */
const RELEASE_MEMORY_EVERY_MS = 30_000;

/** Beside this file, in the build (`.js`) as in the image (`.mjs`). */
const LAN_WORKER = new URL(`./lan/lan-worker${extname(import.meta.url)}`, import.meta.url);

interface Deps {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly meter: MainMeter;
  readonly health: Health;
}

/** What differs between the two programs. Sources of the other one are not even loaded. */
interface Role<Settings extends CommonSettings> {
  readonly name: string;
  readonly parse: (env: NodeJS.ProcessEnv) => Settings;
  readonly run: (deps: Deps, settings: Settings, signal: AbortSignal) => Promise<void>;
}

const speaker: Role<CommonSettings & { program: SpeakerSettings; thread: LanThreadOptions }> = {
  name: 'speaker',
  parse: (env) => {
    const settings = parseSpeakerSettings(env);
    return { ...settings, program: settings, thread: lanThreadOptions(settings) };
  },
  run: async (deps, { program, thread }, signal) => {
    const [{ runSpeaker }, { LanThread }, { compileQuickly, keepMemorySmall }, libc] = await Promise.all([
      import('./speaker.js'),
      import('./lan/lan-thread.js'),
      import('./linux/memory.js'),
      // Also keeps koffi's library in memory: it is needed until a thread that used it is gone altogether.
      import('./linux/libc.js'),
    ]);
    compileQuickly();
    const lan = new LanThread({
      ...deps,
      start: () => new Worker(LAN_WORKER, { name: 'lan', workerData: thread }),
      closeDescriptor: libc.close,
      gossips: thread.gossip !== undefined,
    });
    await Promise.all([
      runSpeaker({ ...deps, lan }, program, signal),
      keepMemorySmall(deps.clock, signal, { everyMs: RELEASE_MEMORY_EVERY_MS }),
    ]);
  },
};

const controller: Role<ControllerSettings> = {
  name: 'controller',
  parse: parseControllerSettings,
  run: async (deps, settings, signal) => {
    const [{ runController }, { compileQuickly, keepMemorySmall }] = await Promise.all([
      import('./controller/controller.js'),
      import('./linux/memory.js'),
    ]);
    compileQuickly();
    await Promise.all([
      runController({ ...deps, randomBytes }, settings, signal),
      keepMemorySmall(deps.clock, signal, { everyMs: RELEASE_MEMORY_EVERY_MS }),
    ]);
  },
};

async function start<Settings extends CommonSettings>(role: Role<Settings>): Promise<number> {
  const settings = readSettings(role);
  if (settings === undefined) return 2;

  const log = createLog(role.name, settings.logLevel);
  const failed = (error: unknown) => {
    log.error({ err: error }, 'failed');
    process.exit(1);
  };
  process.on('uncaughtException', failed);
  process.on('unhandledRejection', failed);

  const health = new HealthBoard(systemClock);
  const meter = new PrometheusMeter();
  meter.collectProcessMetrics();
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => {
    log.info({ signal }, 'stopping');
    health.stopping();
    stop.abort();
  };
  // Only the first one is handled: a second ends the process at once.
  process.once('SIGTERM', onSignal);
  process.once('SIGINT', onSignal);

  try {
    const http = await startHttpServer({ health, metrics: meter, log }, settings.httpPort);
    log.info({ node: process.versions.node, namespace: settings.namespace, httpPort: http.port }, 'starting');
    const deps = { api: await connect(), clock: systemClock, random: systemRandom, log, meter, health };
    await role.run(deps, settings, stop.signal);
    await http.close();
  } catch (error) {
    log.error({ err: error }, 'failed');
    return 1;
  }
  log.info({}, 'stopped');
  return 0;
}

/** To the cluster of the pod's service account; outside a pod, or with `$KUBECONFIG`, to that of a kubeconfig. */
async function connect(): Promise<KubeApi> {
  const inCluster = process.env['KUBECONFIG'] === undefined ? connectInCluster() : undefined;
  if (inCluster !== undefined) return inCluster;
  // Reading kubeconfigs takes client-node, which a pod need not even load.
  const { connect: connectTo } = await import('@metallb-l2/sdk/kube/connect');
  return connectTo();
}

function readSettings<Settings extends CommonSettings>(role: Role<Settings>): Settings | undefined {
  try {
    return role.parse(process.env);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${role.name}: ${error.message}\n`);
    return undefined;
  }
}

const program = new Command('metallb-l2')
  .description("MetalLB's layer-2 mode: settings are read from the environment (METALLB_*)")
  .showHelpAfterError();
program
  .command(speaker.name)
  .description(
    'answers ARP and NDP on this node for the services it announces; needs CAP_NET_RAW and the host network',
  )
  .action(async () => process.exit(await start(speaker)));
program
  .command(controller.name)
  .description('hands out the addresses of IPAddressPools to services; of several replicas one leads')
  .action(async () => process.exit(await start(controller)));
await program.parseAsync();
