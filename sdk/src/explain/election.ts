/** Which of the nodes that may announce a service is elected, with all services that share its addresses. */
import {
  type AdvertisementView,
  type Contender,
  electOwners,
  type Layer2Config,
  sumPreferences,
} from '../election/index.js';
import type { Service } from '../kube/core-types.js';
import { enumerate } from '../text.js';
import { type Check, failed, passed } from './check.js';
import type { ExplainFacts } from './facts.js';
import { addressTexts, keyOf } from './service-request.js';
import { contendersSharing, sharersInWords } from './sharers.js';

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
  const owner = electOwners(contenders).get(keyOf(service));
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
      `It shares ${address} with ${sharersInWords(sharers, addresses)}, so one node announces all of them: ${owner} is elected, which may not announce this one (only ${among} may).`,
      'Let the same nodes announce all services that share the address: the same endpoints or externalTrafficPolicy Cluster, and the same advertisements; or give it an address of its own.',
    ),
  };
}
