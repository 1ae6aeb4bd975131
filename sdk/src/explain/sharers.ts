/** The services that are elected together with one, since they share addresses. */
import {
  type Contender,
  judgeService,
  type Layer2Config,
  readSpeakerFlags,
  readyNodes,
} from '../election/index.js';
import { type Node, type Service, SERVICE_NAME_LABEL } from '../kube/core-types.js';
import { EXCLUDE_NODE_LABEL } from '../settings/labels.js';
import { serviceKey } from '../status/announcement.js';
import { enumerate } from '../text.js';
import type { ExplainFacts } from './facts.js';
import { keyOf, servicesSharing } from './service-request.js';

/** Those of the services that share addresses with `service` for which nodes stand for election, by their keys. */
export function contendersSharing(
  facts: ExplainFacts,
  service: Service,
  config: Layer2Config,
): ReadonlyMap<string, Contender> {
  const { nodes, pods, otherEndpointSlices } = facts;
  const slices = Map.groupBy(
    otherEndpointSlices.ok ? otherEndpointSlices.items : [],
    ({ metadata: { namespace = '', labels = {} } }) =>
      serviceKey({ namespace, name: labels[SERVICE_NAME_LABEL] ?? '' }),
  );
  const { loadBalancerClass, ignoresExclusion } = readSpeakerFlags(pods.ok ? pods.items : []);
  const world = {
    config,
    nodes: new Map(
      (nodes.ok ? nodes.items : []).map((node) => [
        node.metadata.name ?? '',
        ignoresExclusion ? notExcluded(node) : node,
      ]),
    ),
    members: readyNodes(pods.ok ? pods.items : []),
    loadBalancerClass,
  };
  const judged = servicesSharing(service, facts.otherServices).map((other) => {
    const endpointSlices = slices.get(keyOf(other)) ?? [];
    return [keyOf(other), judgeService({ ...world, service: other, endpointSlices })] as const;
  });
  return new Map(judged.flatMap(([key, each]) => (each.ok ? [[key, each] as const] : [])));
}

/** Those that have one of `addresses`, and those that share another one with these. */
export function sharersInWords(
  sharers: ReadonlyMap<string, Contender>,
  addresses: readonly string[],
): string {
  const near: string[] = [];
  const far: string[] = [];
  for (const [key, sharer] of sharers) {
    (sharer.addresses.some((each) => addresses.includes(each)) ? near : far).push(key);
  }
  return enumerate(near) + (far.length === 0 ? '' : ` (and they an address with ${enumerate(far)})`);
}

/** The node as speakers see it that do not mind the label. */
function notExcluded(node: Node): Node {
  const { [EXCLUDE_NODE_LABEL]: _, ...labels } = node.metadata.labels ?? {};
  return { ...node, metadata: { ...node.metadata, labels } };
}
