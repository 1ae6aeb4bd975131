/** Which of the nodes that may announce a service is elected, with all services that share its addresses. */
import {
  type AdvertisementView,
  type Contender,
  electOwners,
  type Layer2Config,
  sumPreferences,
} from '../election/index.js';
import type { Service } from '../kube/core-types.js';
import { latestAnnouncement } from '../status/announcement.js';
import { readSayings } from '../status/saying.js';
import { enumerate } from '../text.js';
import { type Check, failed, passed } from './check.js';
import type { ExplainFacts } from './facts.js';
import { addressTexts, keyOf } from './service-request.js';
import { contendersSharing, sharersInWords } from './sharers.js';
import { isUnheardOfSince, readSignsOfLife } from './signs-of-life.js';

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
  const contenders = new Map<string, Contender>([...sharers, [keyOf(service), subject]]);
  const elect = (dead: readonly string[]) => electOwners(without(dead, contenders)).get(keyOf(service));
  const owner = elect([]);
  if (owner === undefined) return undefined;

  const address = addresses[0] ?? '';
  const among = enumerate([...candidates].sort());
  const survivor = electedSince(facts, owner, elect);
  if (survivor !== undefined && candidates.has(survivor.node)) {
    const { node, dead } = survivor;
    const message = `${node} is elected for ${address} among ${among} without ${enumerate(dead)}, of which nothing has been heard since ${node} took over.`;
    return { check: passed('election', message), elected: node };
  }
  if (candidates.has(owner)) {
    const message = `${owner} is elected for ${address} among ${among}.`;
    return { check: passed('election', message), elected: owner };
  }
  return {
    check: failed(
      'election',
      'sharedAddressElsewhere',
      `It shares ${address} with ${sharersInWords(sharers, addresses)}, so one node announces all of them: ${owner} is elected, which may not announce this one (only ${among} may).`,
      'Let the same nodes announce all services that share the address: the same endpoints or externalTrafficPolicy Cluster, and the same advertisements; or give it an address of its own.',
    ),
  };
}

/**
 * The node that says it announces the service, if it is the one elected without `owner`, and perhaps others, of
 * which nothing was heard after it had taken over: speakers know of a death before Kubernetes does.
 */
function electedSince(
  { statuses, nodeLeases }: ExplainFacts,
  owner: string,
  elect: (dead: readonly string[]) => string | undefined,
): { readonly node: string; readonly dead: readonly string[] } | undefined {
  const { sayings } = readSayings(statuses.ok ? statuses.items : []);
  const { node, since } =
    latestAnnouncement(sayings.filter(({ claimedBy }) => claimedBy === undefined)) ?? {};
  if (node === undefined || since === undefined || node === owner) return undefined;
  const signs = readSignsOfLife(nodeLeases);
  const dead: string[] = [];
  for (let elected: string | undefined = owner; elected !== node; elected = elect(dead)) {
    if (elected === undefined || !isUnheardOfSince(since.getTime(), elected, signs)) return undefined;
    dead.push(elected);
  }
  return { node, dead };
}

function without(
  dead: readonly string[],
  contenders: ReadonlyMap<string, Contender>,
): ReadonlyMap<string, Contender> {
  const entries = [...contenders].map(([key, contender]) => {
    const candidates = contender.candidates.filter((node) => !dead.includes(node));
    return [key, { ...contender, candidates }] as const;
  });
  return new Map(entries);
}
