/**
 * The demo: installs the product with the quickstart program, announces services, and shows what happens
 * to them when a speaker's pod is deleted and when a node loses its power.
 */
import { ServiceL2StatusClient, type ServiceL2StatusEvent } from '@metallb-l2/sdk';
import { PODS, SERVICES, type Clock, type KubeApi } from '@metallb-l2/sdk/kube';
import { selectorOf } from '@metallb-l2/sdk/models';
import { COMPONENT_LABELS, DEFAULT_NAMESPACE } from '@metallb-l2/sdk/settings';
import { AnnouncementBoard } from './announcement-board.ts';
import type { Sighting, Stage, StageLan } from './stage.ts';
import { createWorkload, WORKLOAD_NAMESPACE } from './workload.ts';

export interface DemoOptions {
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** The figures of one run; times are in milliseconds. */
export interface DemoResult {
  /** Whether the installation ended with every pod ready. */
  readonly ready: boolean;
  /** How many services are announced. */
  readonly services: number;
  /** Which node announced each service at first. */
  readonly announcedBy: Readonly<Record<string, string>>;
  /** Services that moved when the speaker's pod was deleted, and when the power was cut. */
  readonly moved: { readonly podDeleted: number; readonly powerCut?: number };
  readonly ms: Readonly<Record<string, number>>;
}

const SERVICE_NAMES = ['web-1', 'web-2', 'web-3', 'web-4', 'web-5', 'web-6'];
/** Longest wait for any one step, in milliseconds: many times what a slow machine takes. */
const PATIENCE_MS = 120_000;

/** Installs metallb-l2 on `stage` and shows what it does; everything is left in place. */
export async function runDemo(stage: Stage, { log, signal }: DemoOptions): Promise<DemoResult> {
  const { api, clock, lan } = stage;
  const client = new ServiceL2StatusClient({ api }, stage);
  const ended = new AbortController();
  const until = AbortSignal.any([signal, ended.signal]);
  const board = new AnnouncementBoard(SERVICE_NAMES, until);
  let watching: Promise<void> = Promise.resolve();
  try {
    const timer = new StepTimer(clock, log);
    const ready = await timer.step('up', stage.installation, () => stage.install());

    const print = (event: ServiceL2StatusEvent) => {
      const line = describeEvent(event, clock);
      if (line !== undefined) log(`   ${line}`);
    };
    watching = board.follow(client.watch({}, { signal: until }), print);
    await timer.step(
      'announced',
      `${SERVICE_NAMES.length} services of type LoadBalancer, announced`,
      async () => {
        await createWorkload(api, { image: stage.sampleImage, replicas: 3, services: SERVICE_NAMES, signal });
        await board.until((nodes) => nodes.size === SERVICE_NAMES.length, PATIENCE_MS);
      },
    );
    const announcedBy = Object.fromEntries(board.nodes);
    await timer.step('asked', 'asked from a client that is no node', () =>
      lookFromClient(stage, board, log, signal),
    );

    const victim = busiestNode(board.nodes);
    /** Waits until everything `victim` announces has moved because of what `disturb` does. */
    const movedBy = async (disturb: () => Promise<void>) => {
      const moved = board.nextMoves(servicesOn(board.nodes, victim), victim, PATIENCE_MS);
      const [services] = await Promise.all([moved, disturb()]);
      return services;
    };
    const podDeleted = await timer.step('podDeleted', `the speaker's pod on ${victim} is deleted`, () =>
      movedBy(() => deleteSpeaker(api, victim, signal)),
    );

    let powerCut: string[] | undefined;
    if (lan !== undefined) {
      await timer.step('tookBack', 'the new pod takes over again', () =>
        board.until((nodes) => [...nodes].every(([name, node]) => announcedBy[name] === node), PATIENCE_MS),
      );
      powerCut = await timer.step('powerCut', `the power of ${victim} is cut`, () =>
        movedBy(() => lan.cutPower(victim)),
      );
      await timer.step('askedAgain', 'asked again from the client', () =>
        lookFromClient(stage, board, log, signal),
      );
    }
    const [example = ''] = powerCut ?? podDeleted;
    await timer.step('explained', `what the SDK says about ${example}`, () =>
      explainService(client, example, log, signal),
    );
    return {
      ready,
      services: board.nodes.size,
      announcedBy,
      moved: { podDeleted: podDeleted.length, ...(powerCut && { powerCut: powerCut.length }) },
      ms: timer.ms,
    };
  } finally {
    ended.abort();
    await watching.catch(() => undefined);
    client.close();
  }
}

/** Prints, for each service, who answers ARP and what HTTP gives; rejects when a service does not answer. */
async function lookFromClient(
  { api, clock, lan }: Stage,
  board: AnnouncementBoard,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { items } = await api.list(SERVICES, { namespace: WORKLOAD_NAMESPACE, signal });
  for (const { metadata, status } of items) {
    const name = metadata.name ?? '';
    const address = status?.loadBalancer?.ingress?.[0]?.ip ?? '';
    const said = `   ${name}  ${address}  ServiceL2Status says ${board.nodes.get(name) ?? 'nobody'}`;
    if (lan === undefined) {
      log(said);
      continue;
    }
    const agrees = ({ nodes, http }: Sighting) =>
      nodes.join() === board.nodes.get(name) && http?.ok !== false;
    const sighting = await askUntil(agrees, { lan, address, clock, signal });
    const { nodes, macs, http } = sighting;
    log(
      `${said}, ARP is answered by ${nodes.join(' and ') || 'nobody'} (${macs.join(' ')})` +
        (http === undefined ? '' : `, HTTP: ${http.body}`),
    );
    if (!agrees(sighting)) throw new Error(`${name}: what the client sees is not what the status says`);
  }
}

/** Asks until the answer is as it should be, and gives the last answer when it never is. */
async function askUntil(
  isRight: (sighting: Sighting) => boolean,
  question: { lan: StageLan; address: string; clock: Clock; signal: AbortSignal },
): Promise<Sighting> {
  const { lan, address, clock, signal } = question;
  const deadline = clock.now() + 30_000;
  for (;;) {
    const sighting = await lan.ask(address);
    if (isRight(sighting) || clock.now() > deadline) return sighting;
    await clock.sleep(500, signal);
  }
}

async function explainService(
  client: ServiceL2StatusClient,
  name: string,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const service = { namespace: WORKLOAD_NAMESPACE, name };
  const { node, certainty, why } = await client.whoAnnounces(service, { signal });
  log(`   whoAnnounces: ${node ?? 'nobody'}, ${certainty}: ${why}`);
  const { verdict, checks } = await client.explain(service, { signal });
  log(`   explain: ${verdict}`);
  for (const { ok, message } of checks)
    log(`     ${ok === true ? '✓' : ok === false ? '✗' : '?'} ${message}`);
}

async function deleteSpeaker(api: KubeApi, node: string, signal: AbortSignal): Promise<void> {
  const labelSelector = selectorOf(COMPONENT_LABELS.speaker);
  const options = { namespace: DEFAULT_NAMESPACE, labelSelector, signal };
  const { items } = await api.list(PODS, { ...options, fieldSelector: `spec.nodeName=${node}` });
  for (const { metadata } of items) {
    await api.delete(PODS, { namespace: DEFAULT_NAMESPACE, name: metadata.name ?? '' }, { signal });
  }
}

function servicesOn(nodes: ReadonlyMap<string, string>, node: string): string[] {
  return [...nodes].filter(([, announcer]) => announcer === node).map(([name]) => name);
}

function busiestNode(nodes: ReadonlyMap<string, string>): string {
  const announcers = [...new Set(nodes.values())];
  const [busiest] = announcers.sort((a, b) => servicesOn(nodes, b).length - servicesOn(nodes, a).length);
  if (busiest === undefined) throw new Error('no node announces a service');
  return busiest;
}

/** One line of what the SDK's watch saw. */
function describeEvent(event: ServiceL2StatusEvent, clock: Clock): string | undefined {
  const at = new Date(clock.now()).toISOString().slice(11, 23);
  switch (event.type) {
    case 'announced':
      return `${at}  ${event.status.service.name} is announced by ${event.status.node}`;
    case 'moved':
      return `${at}  ${event.status.service.name} moved from ${event.from} to ${event.to}`;
    case 'withdrawn':
      return `${at}  ${event.status.service.name} is announced no more`;
    case 'desynced':
      return `${at}  the API server is away: ${event.error.message}`;
    case 'synced':
    case 'updated':
      return undefined;
    default:
      return event satisfies never;
  }
}

/** Says what is done and how long it took; keeps the times (ms) by key. */
class StepTimer {
  readonly ms: Record<string, number> = {};
  readonly #clock: Clock;
  readonly #log: (line: string) => void;

  constructor(clock: Clock, log: (line: string) => void) {
    this.#clock = clock;
    this.#log = log;
  }

  async step<T>(key: string, title: string, work: () => Promise<T>): Promise<T> {
    this.#log(`\n== ${title}`);
    const started = this.#clock.now();
    const result = await work();
    const ms = this.#clock.now() - started;
    this.ms[key] = ms;
    this.#log(`   done in ${(ms / 1000).toFixed(1)} s`);
    return result;
  }
}
