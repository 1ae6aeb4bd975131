/**
 * The demo: installs the product with the quickstart program, announces services, and shows what happens
 * to them when a speaker's pod is deleted and when a node loses its power.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceL2StatusClient, type ServiceL2StatusEvent } from '@metallb-l2/sdk';
import { PODS, SERVICES, type KubeApi } from '@metallb-l2/sdk/kube';
import { connect } from '@metallb-l2/sdk/kube/connect';
import { selectorOf } from '@metallb-l2/sdk/models';
import { COMPONENT_LABELS, DEFAULT_NAMESPACE } from '@metallb-l2/sdk/settings';
import { AnnouncementBoard } from './announcement-board.ts';
import { arpAnswers, httpGet, nodesByMac } from './probe.ts';
import type { PulumiStack } from '../support/pulumi-stack.ts';
import type { Site } from './site.ts';
import { createWorkload, WORKLOAD_NAMESPACE } from './workload.ts';

export interface DemoOptions {
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** The figures of one run; times are in milliseconds. */
export interface DemoResult {
  /** Whether `pulumi up` ended with every pod ready. */
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

/** Installs `stack`, the quickstart, on `site` and shows what it does; everything is left in place. */
export async function runDemo(site: Site, stack: PulumiStack, options: DemoOptions): Promise<DemoResult> {
  const { log, signal } = options;
  const api = connect({ kubeconfig: site.kubeconfig });
  const client = new ServiceL2StatusClient({ api });
  const stopWatch = new AbortController();
  const board = new AnnouncementBoard(SERVICE_NAMES);
  let watching: Promise<void> = Promise.resolve();
  try {
    const timer = new StepTimer(log);
    const outputs = await timer.step('up', 'pulumi up of examples/quickstart', async () => {
      return (await stack.up()).outputs;
    });

    const print = (event: ServiceL2StatusEvent) => {
      const line = describeEvent(event);
      if (line !== undefined) log(`   ${line}`);
    };
    watching = board.follow(client.watch({}, { signal: AbortSignal.any([signal, stopWatch.signal]) }), print);
    await timer.step(
      'announced',
      `${SERVICE_NAMES.length} services of type LoadBalancer, announced`,
      async () => {
        await createWorkload(api, { image: site.sampleImage, replicas: 3, services: SERVICE_NAMES, signal });
        await board.until((nodes) => nodes.size === SERVICE_NAMES.length, PATIENCE_MS);
      },
    );
    const announcedBy = Object.fromEntries(board.nodes);
    await timer.step('asked', 'asked from a client that is no node', () =>
      lookFromClient(site, api, board, options),
    );

    const victim = busiestNode(board.nodes);
    const podDeleted = await timer.step(
      'podDeleted',
      `the speaker's pod on ${victim} is deleted`,
      async () => {
        const affected = servicesOn(board.nodes, victim);
        const moved = board.nextMoves(affected, victim, PATIENCE_MS);
        await deleteSpeaker(api, victim, signal);
        return (await moved).length;
      },
    );

    let powerCut: number | undefined;
    const { lan } = site;
    if (lan !== undefined) {
      await timer.step('tookBack', 'the new pod takes over again', () =>
        board.until((nodes) => [...nodes].every(([name, node]) => announcedBy[name] === node), PATIENCE_MS),
      );
      powerCut = await timer.step('powerCut', `the power of ${victim} is cut`, async () => {
        const affected = servicesOn(board.nodes, victim);
        const moved = board.nextMoves(affected, victim, PATIENCE_MS);
        await lan.lab.cutPower(victim);
        return (await moved).length;
      });
      await timer.step('askedAgain', 'asked again from the client', () =>
        lookFromClient(site, api, board, options),
      );
    }
    return {
      ready: outputs['ready'] === true,
      services: board.nodes.size,
      announcedBy,
      moved: { podDeleted, ...(powerCut === undefined ? {} : { powerCut }) },
      ms: timer.ms,
    };
  } finally {
    stopWatch.abort();
    await watching.catch(() => undefined);
    client.close();
    api.close();
  }
}

/** Prints, for each service, who answers ARP and what HTTP gives; rejects when a service does not answer. */
async function lookFromClient(
  site: Site,
  api: KubeApi,
  board: AnnouncementBoard,
  { log, signal }: DemoOptions,
): Promise<void> {
  const { items } = await api.list(SERVICES, { namespace: WORKLOAD_NAMESPACE, signal });
  const macs = site.lan === undefined ? undefined : await nodesByMac(site.lan.lab);
  for (const { metadata, status } of items) {
    const name = metadata.name ?? '';
    const address = status?.loadBalancer?.ingress?.[0]?.ip ?? '';
    const announced = board.nodes.get(name) ?? '?';
    if (site.lan === undefined || macs === undefined) {
      log(`   ${name}  ${address}  ServiceL2Status says ${announced}`);
      continue;
    }
    const { lab, client } = site.lan;
    const answers = await untilTrue(async () => {
      const answering = await arpAnswers(lab, client, address);
      const http = await httpGet(lab, client, address);
      const nodes = answering.map((mac) => macs.get(mac) ?? mac);
      return { ok: nodes.join() === board.nodes.get(name) && http.ok, nodes, answering, http };
    }, signal);
    const { nodes, answering, http, ok } = answers;
    log(
      `   ${name}  ${address}  ServiceL2Status says ${announced}, ` +
        `ARP is answered by ${nodes.join(' and ') || 'nobody'} (${answering.join(' ')}), HTTP: ${http.body}`,
    );
    if (!ok) throw new Error(`${name}: what the client sees is not what the status says`);
  }
}

/** Asks until the answer is ok, and gives the last answer when it never is. */
async function untilTrue<T extends { ok: boolean }>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const answer = await ask();
    if (answer.ok || Date.now() > deadline) return answer;
    await sleep(500, undefined, { signal });
  }
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
function describeEvent(event: ServiceL2StatusEvent): string | undefined {
  const at = new Date().toISOString().slice(11, 23);
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
  readonly #log: (line: string) => void;

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  async step<T>(key: string, title: string, work: () => Promise<T>): Promise<T> {
    this.#log(`\n== ${title}`);
    const started = performance.now();
    const result = await work();
    const ms = Math.round(performance.now() - started);
    this.ms[key] = ms;
    this.#log(`   done in ${(ms / 1000).toFixed(1)} s`);
    return result;
  }
}
