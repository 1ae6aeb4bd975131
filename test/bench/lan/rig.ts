/** A lab in which one subject announces one service, and a client watches how it does. */
import { readFile } from 'node:fs/promises';
import { PODS, type KubeApi, type Pod } from '@metallb-l2/sdk/kube';
import { connect, type KubeConnection } from '@metallb-l2/sdk/kube/connect';
import { selectorOf } from '@metallb-l2/sdk/models';
import { COMPONENT_LABELS, DEFAULT_NAMESPACE } from '@metallb-l2/sdk/settings';
import { nodesByMac } from '../../demo/probe.ts';
import { kubectl } from '../../lab/kubectl.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { CONTAINERD_SOCKET } from '../../lab/node-config.ts';
import type { Task } from '../../toolchain/progress.ts';
import type { SubjectName } from '../benchmark.ts';
import { type Installation, type Subject, SUBJECTS } from '../subjects.ts';
import { answerOrder, longestGapMs } from './observation.ts';
import { LanProbe } from './probe.ts';
import { createService, DELETE_SERVICE, SERVER, SERVICE_PORT, startServer } from './service.ts';

/** The host that watches. */
export const CLIENT = 'client';
/** One node alone has to answer for so long, without a pause, before anything is measured. */
const STEADY_MS = 3000;
const PAUSE_MS = 200;
/** What was seen just before a trial belongs to it. */
const RECENT_MS = 500;
/** Upstream takes up to a minute to find together again. */
const PATIENCE_MS = 180_000;

/** A lab with a client that watches and the server the service leads to; the caller takes it down. */
export async function startWatchedLab(task: Task): Promise<Lab> {
  const lab = await startLab({ ...task, nodes: 3, clients: [CLIENT, SERVER] });
  try {
    await startServer(lab, task);
    return lab;
  } catch (error) {
    await lab.down();
    throw error;
  }
}

/** A rig of each subject, one after the other in the same lab, which goes with the last one. */
export async function* rigsOf(subjects: readonly SubjectName[], task: Task): AsyncGenerator<Rig, void> {
  const lab = await startWatchedLab(task);
  try {
    for (const subject of subjects) {
      const rig = await Rig.open(lab, SUBJECTS[subject], task);
      try {
        yield rig;
        // Not reached when the trials failed.
        await rig.uninstall();
      } finally {
        await rig.close();
      }
    }
  } finally {
    await lab.down();
  }
}

interface RigParts {
  readonly lab: Lab;
  readonly api: KubeConnection;
  readonly probe: LanProbe;
  /** Starts another one. */
  readonly watch: () => Promise<LanProbe>;
  readonly subject: Subject;
  /** By hardware address. */
  readonly nodes: ReadonlyMap<string, string>;
  readonly task: Task;
  readonly installation: Installation;
  /** What the client asks for. */
  readonly address: string;
}

export class Rig {
  readonly lab: Lab;
  readonly api: KubeApi;
  readonly subject: Subject;
  readonly task: Task;
  readonly #parts: RigParts;
  #probe: LanProbe;
  #winner: string | undefined;

  private constructor(parts: RigParts) {
    ({ lab: this.lab, api: this.api, subject: this.subject, task: this.task } = parts);
    this.#parts = parts;
    this.#probe = parts.probe;
  }

  get probe(): LanProbe {
    return this.#probe;
  }

  /** Installs `subject`; resolves when it announces the service from one node. */
  static async open(lab: Lab, subject: Subject, task: Task): Promise<Rig> {
    const installation = await subject.install(lab, task);
    const api = connect({ kubeconfig: await readFile(lab.kubeconfigPath, 'utf8') });
    let probe: LanProbe | undefined;
    try {
      const address = await createService(api, lab, task.signal);
      const nodes = await nodesByMac(lab);
      const watch = () => LanProbe.start(lab, CLIENT, { address, port: SERVICE_PORT }, task);
      probe = await watch();
      const rig = new Rig({ lab, api, probe, watch, subject, nodes, task, installation, address });
      await rig.settle();
      return rig;
    } catch (error) {
      await probe?.stop();
      api.close();
      await installation.dispose();
      throw error;
    }
  }

  /** Does `work` while the client is silent: its questions, which all nodes hear, are work for each of them. */
  async unwatched<T>(work: () => Promise<T>): Promise<T> {
    await this.#probe.stop();
    try {
      return await work();
    } finally {
      this.#probe = await this.#parts.watch();
    }
  }

  /** Takes the subject away, so that the lab is free for another one; {@link close} it afterwards. */
  async uninstall(): Promise<void> {
    await kubectl(this.lab, DELETE_SERVICE);
    await this.#parts.installation.uninstall();
  }

  /** Ends the watching. What is installed then stays, for a lab that goes anyway. */
  async close(): Promise<void> {
    await this.probe.stop();
    this.#parts.api.close();
    await this.#parts.installation.dispose();
  }

  /** The hardware address of the node that is elected while all nodes are there. */
  get winner(): string {
    if (this.#winner === undefined) throw new Error('the election is not over yet');
    return this.#winner;
  }

  /** The node that is elected while all are there. */
  get winningNode(): string {
    return this.#parts.nodes.get(this.winner) ?? this.winner;
  }

  /**
   * Waits until everything is as it was before: nodes and speakers ready, and the node that is elected while all
   * are there answers alone. Then forgets what was seen but for the last moment.
   */
  async settle(): Promise<void> {
    const { signal } = this.task;
    await kubectl(this.lab, ['wait', 'node', '--all', '--for=condition=Ready', '--timeout=120s'], { signal });
    await this.rolledOut();
    await this.probe.until('one node alone answers', () => this.isSteady(), PATIENCE_MS);
    [this.#winner] = this.probe.answering(STEADY_MS);
    const since = Date.now();
    const isServed = () => this.probe.connects.some(({ at, ok }) => ok && at > since);
    await this.probe.until('the service is served', isServed, PATIENCE_MS);
    for (const { name } of this.lab.nodes) await this.#forgetUntranslated(name);
    this.probe.forget(RECENT_MS);
  }

  /**
   * A connect that came before kube-proxy knew the service was not translated, which conntrack holds on to for two
   * minutes: whichever later one has the same source port leads nowhere, whoever announces the address.
   */
  async #forgetUntranslated(node: string): Promise<void> {
    const { address } = this.#parts;
    const argv = ['conntrack', '-D', '--orig-dst', address, '--reply-src', address];
    const { code, stderr } = await this.lab.exec(node, argv, { signal: this.task.signal });
    // It also ends with 1 when there is none.
    if (code !== 0 && !stderr.includes(' 0 flow entries'))
      throw new Error(`${argv.join(' ')}: ${stderr.trim()}`);
  }

  /** Whether the elected node alone has answered for a while. */
  isSteady(): boolean {
    const answering = this.probe.answering(STEADY_MS);
    const [first] = answering;
    if (answering.size !== 1 || (this.#winner !== undefined && first !== this.#winner)) return false;
    const now = Date.now();
    return longestGapMs(this.probe.answers, { from: now - STEADY_MS, to: now }) < PAUSE_MS;
  }

  /** The nodes that answered since the rig settled, in the order in which they began to. */
  answeringNodes(): string[] {
    const span = { from: 0, to: Date.now() };
    return answerOrder(this.probe.answers, span).map((mac) => this.#parts.nodes.get(mac) ?? mac);
  }

  /** Waits until every speaker is there and ready. */
  async rolledOut(): Promise<void> {
    const { signal } = this.task;
    const ref = ['-n', DEFAULT_NAMESPACE, `daemonset/${this.subject.daemonSet}`];
    await kubectl(this.lab, ['rollout', 'status', '--timeout=180s', ...ref], { signal });
  }

  /** The speaker's pod on the winning node. */
  async winningPod(): Promise<Pod> {
    const labelSelector = selectorOf(COMPONENT_LABELS.speaker);
    const fieldSelector = `spec.nodeName=${this.winningNode}`;
    const options = { namespace: DEFAULT_NAMESPACE, labelSelector, fieldSelector, signal: this.task.signal };
    const { items } = await this.api.list(PODS, options);
    const pod = items.find(({ metadata }) => metadata.deletionTimestamp === undefined);
    if (pod === undefined) throw new Error(`there is no speaker on ${this.winningNode}`);
    return pod;
  }

  /** The running container of the speaker on the winning node. */
  async winningContainer(): Promise<string | undefined> {
    const { metadata } = await this.winningPod();
    const path = '{.status.containerStatuses[?(@.state.running)].containerID}';
    const pod = ['-n', DEFAULT_NAMESPACE, 'pod', metadata.name ?? ''];
    const id = await kubectl(this.lab, ['get', ...pod, '-o', `jsonpath=${path}`]);
    return id === '' ? undefined : id.replace('containerd://', '');
  }

  /** Ends the processes of a container on the winning node at once, as a crash does. */
  async kill(container: string): Promise<void> {
    const ctr = ['ctr', '--address', CONTAINERD_SOCKET, '--namespace', 'k8s.io'];
    const argv = [...ctr, 'tasks', 'kill', '--signal', 'SIGKILL', container];
    const { code, stderr } = await this.lab.exec(this.winningNode, argv, { signal: this.task.signal });
    if (code !== 0) throw new Error(`${argv.join(' ')}: ${stderr.trim()}`);
  }
}
