/** Controllers as processes of their own, each behind a proxy that sees and can spoil what it asks the API server. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LEASES, SERVICES } from '@metallb-l2/sdk/kube';
import { IP_ADDRESS_POOLS } from '@metallb-l2/sdk/models';
import { findFreePort } from '../../lab/control-plane.ts';
import { dyingWithParent } from '../../lab/processes.ts';
import { FaultyProxy, type ProxiedRequest } from '../../support/faulty-proxy.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { ServiceObserver } from '../../support/service-observer.ts';
import { until } from '../../support/until.ts';
import type { TestCluster } from '../sdk/control-plane.ts';

const PROGRAM = join(import.meta.dirname, '../../../speaker/dist/main.js');
const LEASE = 'metallb-controller';
/** Creates under way at once, of one user. */
const PARALLEL = 4;

export class ControllerProcess {
  readonly name: string;
  readonly proxy: FaultyProxy;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #httpPort: number;
  #log = '';

  private constructor(
    name: string,
    proxy: FaultyProxy,
    child: ChildProcess,
    folder: string,
    httpPort: number,
  ) {
    this.name = name;
    this.proxy = proxy;
    this.#child = child;
    this.#folder = folder;
    this.#httpPort = httpPort;
    child.stdout?.on('data', (chunk: Buffer) => (this.#log += chunk.toString()));
  }

  static async start(
    cluster: TestCluster,
    namespace: string,
    name: string,
    seed = 0,
  ): Promise<ControllerProcess> {
    const proxy = await FaultyProxy.start(cluster.kubeconfig, seededRandom(seed));
    const folder = await mkdtemp(join(tmpdir(), 'metallb-l2-controller-'));
    const kubeconfig = join(folder, 'kubeconfig');
    await writeFile(kubeconfig, proxy.kubeconfig, { mode: 0o600 });
    const port = await findFreePort();
    const env = {
      KUBECONFIG: kubeconfig,
      METALLB_NAMESPACE: namespace,
      METALLB_POD_NAME: name,
      METALLB_POD_UID: `${name}-uid`,
      METALLB_HTTP_PORT: String(port),
    };
    const [file, ...args] = dyingWithParent([process.execPath, PROGRAM, 'controller']);
    const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    return new ControllerProcess(name, proxy, child, folder, port);
  }

  /** Lines of its log, parsed. */
  get log(): { level: string; message: string }[] {
    // The last one may have come in part.
    const lines = this.#log.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as { level: string; message: string });
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  isReady(): Promise<boolean> {
    return this.#ask('/readyz').then((answer) => answer?.status === 200);
  }

  async metrics(): Promise<string> {
    return (await (await this.#ask('/metrics'))?.text()) ?? '';
  }

  /** Everything it asked to change since `from`, an index of the proxy's requests. */
  writesSince(from: number): ProxiedRequest[] {
    return this.proxy.requests.slice(from).filter(({ method }) => method !== 'GET');
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void {
    this.#child.kill(signal);
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (!this.hasEnded) {
      // With the output closed, so that the log has its last words.
      const ended = once(this.#child, 'close');
      this.#child.kill(signal);
      await ended;
    }
  }

  /** Ends it, however it is, and removes what it needed. */
  async remove(): Promise<void> {
    await this.end('SIGKILL');
    await this.proxy.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #ask(path: string): Promise<Response | undefined> {
    return fetch(`http://127.0.0.1:${this.#httpPort}${path}`).catch(() => undefined);
  }
}

export class ControllerRig {
  readonly namespace: string;
  readonly observer: ServiceObserver;
  readonly #cluster: TestCluster;
  readonly #controllers: ControllerProcess[] = [];

  private constructor(cluster: TestCluster, namespace: string) {
    this.#cluster = cluster;
    this.namespace = namespace;
    this.observer = new ServiceObserver(cluster.api, namespace);
  }

  /** A namespace with a pool of 1,024 addresses and nobody who hands them out yet. */
  static async create(cluster: TestCluster): Promise<ControllerRig> {
    const rig = new ControllerRig(cluster, await cluster.createNamespace());
    await cluster.api.create(IP_ADDRESS_POOLS, {
      metadata: { name: 'production', namespace: rig.namespace },
      spec: { addresses: ['10.40.0.0/22'] },
    });
    await rig.observer.ready();
    return rig;
  }

  async start(name: string, seed = 0): Promise<ControllerProcess> {
    const controller = await ControllerProcess.start(this.#cluster, this.namespace, name, seed);
    this.#controllers.push(controller);
    return controller;
  }

  /** The one that holds the lease. */
  async leader(): Promise<string | undefined> {
    const ref = { namespace: this.namespace, name: LEASE };
    const lease = await this.#cluster.api.get(LEASES, ref).catch(() => undefined);
    return lease?.spec?.holderIdentity;
  }

  /** Waits until another one than `former` leads. @returns which */
  async successorOf(former?: ControllerProcess): Promise<ControllerProcess> {
    let leader: string | undefined;
    await until(
      former === undefined ? 'somebody leads' : `somebody takes over from ${former.name}`,
      async () => {
        leader = await this.leader();
        return leader !== undefined && leader !== former?.name;
      },
      60_000,
    );
    const found = this.#controllers.find(({ name }) => name === leader);
    if (found === undefined) throw new Error(`nobody knows ${leader ?? 'it'}`);
    return found;
  }

  /** Creates services `web-from` to `web-(to - 1)`. */
  async createServices(from: number, to: number): Promise<void> {
    let next = from;
    const createSome = async () => {
      while (next < to) {
        await this.#cluster.api.create(SERVICES, {
          metadata: { name: `web-${next++}`, namespace: this.namespace },
          spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
        });
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, createSome));
  }

  async deleteService(name: string): Promise<void> {
    await this.#cluster.api.delete(SERVICES, { namespace: this.namespace, name });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#controllers.map((controller) => controller.remove()));
    // The next rig's controllers see all namespaces.
    for (const name of this.observer.addresses.keys()) await this.deleteService(name);
    await this.observer.stop();
  }
}
