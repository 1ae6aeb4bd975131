/** Which nodes may announce a service, narrowed down step by step. */
import {
  type AdvertisementView,
  excludeNode,
  isReadyPod,
  nodesServing,
  podsOf,
  readSpeakerFlags,
  readyNodes,
} from '../election/index.js';
import type { Node, Pod, Service } from '../kube/core-types.js';
import { EXCLUDE_NODE_LABEL } from '../settings/labels.js';
import { enumerate } from '../text.js';
import { type Check, failed, passed, unreadableCheck } from './check.js';
import type { ExplainFacts } from './facts.js';
import { describeSelectors } from './selector-text.js';
import { readSignsOfLife, silenceOf } from './signs-of-life.js';

export interface Candidates {
  readonly checks: readonly Check[];
  /** Nodes that may announce; absent when that cannot be said or there are none. */
  readonly candidates?: ReadonlySet<string>;
}

/** Makes one check for each rule, until one leaves no node. */
export function findCandidates(
  facts: ExplainFacts,
  service: Service,
  advertisements: readonly AdvertisementView[],
): Candidates {
  if (!facts.nodes.ok) return { checks: [unreadableCheck('nodes', facts.nodes)] };
  const checks: Check[] = [];
  const all = new Map(facts.nodes.items.map((node) => [node.metadata.name ?? '', node]));
  const selected = [...all.keys()].filter((name) => advertisements.some(({ nodes }) => nodes.has(name)));
  checks.push(nodesCheck(facts, [...all.keys()], { advertisements, selected }));
  if (selected.length === 0) return { checks };

  const { ignoresExclusion } = readSpeakerFlags(facts.pods.ok ? facts.pods.items : []);
  const allowed = selected.filter((name) => {
    const refusal = excludeNode(all.get(name) as Node);
    return refusal === undefined || (ignoresExclusion && refusal === 'excludedFromLoadBalancers');
  });
  checks.push(exclusionsCheck(selected, allowed, all));
  if (allowed.length === 0) return { checks };

  if (!facts.pods.ok) return { checks: [...checks, unreadableCheck('speakers', facts.pods)] };
  const speakers = podsOf('speaker', facts.pods.items);
  const ready = readyNodes(speakers);
  const manned = allowed.filter((name) => ready.has(name));
  const signs = readSignsOfLife(facts.nodeLeases);
  const silent = manned.flatMap((name) => silenceOf(name, signs) ?? []);
  checks.push(speakersCheck(facts.namespace, allowed, { speakers, manned, silent }));
  if (manned.length === 0) return { checks };

  if (service.spec?.externalTrafficPolicy !== 'Local') return { checks, candidates: new Set(manned) };
  const serving = facts.endpointSlices.ok ? nodesServing(facts.endpointSlices.items) : undefined;
  // That the service has no endpoints, or that they may not be read, has been said by now.
  if (serving === undefined) return { checks };
  const local = manned.filter((name) => serving.has(name));
  checks.push(trafficPolicyCheck(serving, manned, local));
  return local.length === 0 ? { checks } : { checks, candidates: new Set(local) };
}

function nodesCheck(
  { advertisements: objects }: ExplainFacts,
  all: readonly string[],
  found: { advertisements: readonly AdvertisementView[]; selected: readonly string[] },
): Check {
  const { advertisements, selected } = found;
  const names = new Set(advertisements.map(({ name }) => name));
  if (selected.length > 0) {
    return passed('nodes', `L2Advertisement ${enumerate(names)} selects ${enumerate(selected)}.`);
  }
  const selectors = (objects.ok ? objects.items : [])
    .filter(({ metadata }) => names.has(metadata.name ?? ''))
    .flatMap(({ spec }) => spec?.nodeSelectors ?? []);
  return failed(
    'nodes',
    'notSelectedByAdvertisement',
    `The nodeSelectors of L2Advertisement ${enumerate(names)} (${describeSelectors(selectors)}) match no node (${enumerate(all)}).`,
    'Label a node so that it is selected, or change the nodeSelectors.',
  );
}

function exclusionsCheck(
  selected: readonly string[],
  allowed: readonly string[],
  nodes: ReadonlyMap<string, Node>,
): Check {
  const refusals = selected
    .filter((name) => !allowed.includes(name))
    .map((name) => ({ name, refusal: excludeNode(nodes.get(name) as Node) }));
  const refusedFor = (wanted: string) =>
    refusals.filter(({ refusal }) => refusal === wanted).map(({ name }) => name);
  const labelled = refusedFor('excludedFromLoadBalancers');
  const cut = refusedFor('networkUnavailable');
  const parts = [
    ...(labelled.length > 0 ? [`the label ${EXCLUDE_NODE_LABEL} excludes ${enumerate(labelled)}`] : []),
    ...(cut.length > 0 ? [`the condition NetworkUnavailable holds for ${enumerate(cut)}`] : []),
  ];
  if (parts.length === 0) return passed('exclusions', 'None of these nodes is excluded.');
  const reasons = `${parts.join(', and ')}.`;
  if (allowed.length > 0) return passed('exclusions', `${enumerate(allowed)} may announce; ${reasons}`);
  return failed(
    'exclusions',
    labelled.length > 0 ? 'excludedFromLoadBalancers' : 'networkUnavailable',
    `None of these nodes may announce: ${reasons}`,
    labelled.length > 0
      ? `Remove the label: kubectl label node ${labelled[0] ?? ''} ${EXCLUDE_NODE_LABEL}-`
      : `See why the network plug-in has not set up the node: kubectl describe node ${cut[0] ?? ''}`,
  );
}

function speakersCheck(
  namespace: string,
  allowed: readonly string[],
  found: { speakers: readonly Pod[]; manned: readonly string[]; silent: readonly string[] },
): Check {
  const { speakers, manned, silent } = found;
  if (speakers.length === 0) {
    return failed(
      'speakers',
      'noSpeakers',
      `There is no speaker pod in namespace ${namespace}.`,
      'Install MetalLB; if it is there, in another namespace, name that one.',
    );
  }
  const without = allowed.filter((name) => !manned.includes(name));
  const podOn = (name: string) => speakers.find(({ spec }) => spec?.nodeName === name);
  const missing = without.map((name) => {
    const pod = podOn(name);
    if (pod === undefined) return `${name} has none`;
    const state = isReadyPod(pod) || pod.metadata.deletionTimestamp !== undefined ? 'ends' : 'is not ready';
    return `${pod.metadata.name ?? ''} on ${name} ${state}`;
  });
  if (manned.length > 0) {
    const but = [...missing, ...silent].length === 0 ? '' : `; ${enumerate([...missing, ...silent])}`;
    return passed('speakers', `The speaker is ready on ${enumerate(manned)}${but}.`);
  }
  const stuck = without.map(podOn).find((pod) => pod !== undefined);
  return failed(
    'speakers',
    'notMember',
    `No speaker is ready on a node that may announce: ${enumerate(missing)}.`,
    stuck === undefined
      ? 'See why the DaemonSet of the speakers runs none there: its node selector and tolerations.'
      : `See why: kubectl -n ${namespace} describe pod ${stuck.metadata.name ?? ''}`,
  );
}

function trafficPolicyCheck(
  serving: ReadonlySet<string>,
  manned: readonly string[],
  local: readonly string[],
): Check {
  if (local.length > 0) {
    return passed(
      'trafficPolicy',
      `Its externalTrafficPolicy is Local, and ${enumerate(local)} has ready endpoints.`,
    );
  }
  return failed(
    'trafficPolicy',
    'noLocalEndpoint',
    `Its externalTrafficPolicy is Local, but its ready endpoints are on ${enumerate([...serving].sort())}, and only ${enumerate(manned)} may announce it.`,
    'Run a pod of the service on such a node, or set externalTrafficPolicy to Cluster.',
  );
}
