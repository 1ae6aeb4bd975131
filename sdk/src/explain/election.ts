/** Which of the nodes that may announce a service is elected, with all services that share its addresses. */
import {
  type AdvertisementView,
  type Contender,
  electOwners,
  judgeService,
  type Layer2Config,
  readSpeakerFlags,
  readyNodes,
  sumPreferences,
} from '../election/index.js';
import { type Service, SERVICE_NAME_LABEL } from '../kube/core-types.js';
import { serviceKey } from '../status/announcement.js';
import { enumerate } from '../text.js';
import { type Check, failed, passed } from './check.js';
import type { ExplainFacts } from './facts.js';
import { addressTexts, keyOf, servicesSharing } from './service-request.js';

/** Nothing when nobody stands for election. */
export function checkElection(
  facts: ExplainFacts,
  service: Service,
  rules: {
    config: Layer2Config;
    advertisements: readonly AdvertisementView[];
    candidates: ReadonlySet<string>;
  },
): { readonly check: Check; readonly elected?: string } | undefined {
  const { config, advertisements, candidates } = rules;
  const addresses = addressTexts(service);
  const subject = { addresses, candidates: [...candidates], preferences: sumPreferences(advertisements) };
  const sharers = contendersSharing(facts, service, config);
  const owner = electOwners(new Map<string, Contender>([...sharers, [keyOf(service), subject]])).get(
    keyOf(service),
  );
  if (owner === undefined) return undefined;

  const address = addresses[0] ?? '';
  const among = enumerate([...candidates].sort());
  if (candidates.has(owner)) {
    const message = `${owner} is elected for ${address} among ${among}.`;
    return { check: passed('election', message), elected: owner };
  }
  return {
    check: failed(
      'election',
      'sharedAddressElsewhere',
      `It shares ${address} with ${enumerate(sharers.keys())}, so one node announces all of them: ${owner} is elected, which may not announce this one (only ${among} may).`,
      'Let the same nodes announce all services that share the address: the same endpoints or externalTrafficPolicy Cluster, and the same advertisements; or give it an address of its own.',
    ),
  };
}

function contendersSharing(facts: ExplainFacts, service: Service, config: Layer2Config) {
  const { nodes, pods, otherEndpointSlices } = facts;
  const slices = Map.groupBy(
    otherEndpointSlices.ok ? otherEndpointSlices.items : [],
    ({ metadata: { namespace = '', labels = {} } }) =>
      serviceKey({ namespace, name: labels[SERVICE_NAME_LABEL] ?? '' }),
  );
  const world = {
    config,
    nodes: new Map((nodes.ok ? nodes.items : []).map((node) => [node.metadata.name ?? '', node])),
    members: readyNodes(pods.ok ? pods.items : []),
    loadBalancerClass: readSpeakerFlags(pods.ok ? pods.items : []).loadBalancerClass,
  };
  const judged = servicesSharing(service, facts.otherServices).map((other) => {
    const endpointSlices = slices.get(keyOf(other)) ?? [];
    return [keyOf(other), judgeService({ ...world, service: other, endpointSlices })] as const;
  });
  return new Map(judged.flatMap(([key, each]) => (each.ok ? [[key, each] as const] : [])));
}
