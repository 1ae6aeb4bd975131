/**
 * Why a service is or is not announced: a chain of checks, in the order in which MetalLB itself decides,
 * from the objects of the API alone. It ends at the first link that makes the next ones pointless; what
 * the status objects say is checked in any case.
 */
import {
  advertises,
  type AdvertisementView,
  findPool,
  type Layer2Config,
  type PoolView,
  readAddresses,
  readSpeakerFlags,
  resolveLayer2Config,
} from '../election/index.js';
import type { Service } from '../kube/core-types.js';
import { type Address, formatAddress } from '../models/address.js';
import { type ServiceRef, serviceKey } from '../status/announcement.js';
import { enumerate } from '../text.js';
import { type Check, failed, passed, unreadableCheck } from './check.js';
import { checkElection } from './election.js';
import { endpointsCheck } from './endpoints.js';
import type { ExplainFacts } from './facts.js';
import { interfacesCheck } from './interfaces.js';
import { whyNoAddress } from './no-address.js';
import { findCandidates } from './nodes.js';
import { describeSelectors } from './selector-text.js';
import { checkStatuses } from './statuses.js';

export interface Explanation {
  readonly service: ServiceRef;
  /** Whether a node that is there, with a speaker that is ready, says that it announces the service. */
  readonly announced: boolean;
  /** That node; of several, the one that should. */
  readonly node?: string;
  /** The answer in one or two sentences. */
  readonly verdict: string;
  /** In the order in which they were made; the first that fails is the cause. */
  readonly checks: readonly Check[];
}

/** Draws the conclusions from `facts`. */
export function explain(facts: ExplainFacts): Explanation {
  const { checks, elected } = checkAnnouncement(facts);
  const failure = checks.find(({ ok }) => ok === false);
  const { check, announcing } = checkStatuses(facts, { elected, failure });
  checks.push(check);
  const node = announcing.find((each) => each === elected) ?? announcing[0];
  return {
    service: facts.ref,
    announced: node !== undefined,
    ...(node !== undefined && { node }),
    verdict: verdictOf(facts.ref, announcing, checks),
    checks,
  };
}

interface Chain {
  readonly checks: Check[];
  /** The node that should announce the service, if that can be said. */
  readonly elected?: string | undefined;
}

function checkAnnouncement(facts: ExplainFacts): Chain {
  const checks: Check[] = [];
  const key = serviceKey(facts.ref);
  if (!facts.service.ok) return { checks: [unreadableCheck('service', facts.service)] };
  const [service] = facts.service.items;
  if (service === undefined) {
    const message = `There is no service ${key}.`;
    return { checks: [failed('service', 'serviceNotFound', message, 'Check its name and namespace.')] };
  }
  checks.push(passed('service', `Service ${key} exists.`), typeCheck(service));
  if (!isPassed(checks)) return { checks };
  const classOf = classCheck(facts, service);
  checks.push(classOf);
  if (classOf.ok === false) return { checks };

  const endpoints = endpointsCheck(facts, service);
  const addresses = readAddresses(service);
  checks.push(addressCheck(facts, service, addresses));
  if (addresses === undefined || addresses.length === 0) return { checks: [...checks, endpoints] };

  if (!facts.pools.ok) return { checks: [...checks, unreadableCheck('pool', facts.pools), endpoints] };
  const config = resolveLayer2Config({
    pools: facts.pools.items,
    advertisements: facts.advertisements.ok ? facts.advertisements.items : [],
    nodes: facts.nodes.ok ? facts.nodes.items : [],
  });
  const pool = findPool(addresses, config.pools);
  checks.push(poolCheck(facts, addresses, { pool, config }));
  if (pool === undefined) return { checks: [...checks, endpoints] };

  const advertisements = config.advertisements.filter((each) => advertises(each, pool.name, service));
  checks.push(advertisementCheck(facts, service, { pool, config, advertisements }), endpoints);
  if (advertisements.length === 0) return { checks };
  const nodes = findCandidates(facts, service, advertisements);
  checks.push(...nodes.checks);
  // Without endpoints nobody announces; the nodes are looked at all the same, for there may be more to mend.
  if (nodes.candidates === undefined || !endpoints.ok) return { checks };

  const { candidates } = nodes;
  const election = checkElection(facts, service, { config, advertisements, candidates });
  if (election === undefined) return { checks };
  checks.push(election.check);
  const { elected } = election;
  if (elected === undefined) return { checks };
  const interfaces = interfacesCheck(facts, elected, advertisements);
  if (interfaces !== undefined) checks.push(interfaces);
  return { checks, elected };
}

function isPassed(checks: readonly Check[]): boolean {
  return checks.at(-1)?.ok === true;
}

function typeCheck({ spec = {}, metadata: { name = '' } }: Service): Check {
  const { type = 'ClusterIP' } = spec;
  if (type === 'LoadBalancer') return passed('type', 'It is of type LoadBalancer.');
  return failed(
    'type',
    'notLoadBalancer',
    `It is of type ${type}, and only services of type LoadBalancer get an address.`,
    `Set spec.type of service ${name} to LoadBalancer.`,
  );
}

function classCheck({ pods }: ExplainFacts, { spec = {} }: Service): Check {
  const { loadBalancerClass } = spec;
  // Which class is served stands in the pods of the speakers; nearly always it is none.
  if (!pods.ok && loadBalancerClass !== undefined) return unreadableCheck('class', pods);
  const served = readSpeakerFlags(pods.ok ? pods.items : []).loadBalancerClass;
  if (loadBalancerClass === served) {
    const which =
      served === undefined ? 'It leaves the choice of load balancer open' : `Its class is ${served}`;
    return passed('class', `${which}.`);
  }
  if (loadBalancerClass === undefined) {
    return failed(
      'class',
      'otherLoadBalancerClass',
      `It has no loadBalancerClass, and MetalLB serves only ${served ?? ''} here.`,
      `Create it anew with spec.loadBalancerClass: ${served ?? ''}, which cannot be set later.`,
    );
  }
  return failed(
    'class',
    'otherLoadBalancerClass',
    `Its loadBalancerClass ${loadBalancerClass} hands it to another load balancer.`,
    `Create it anew ${served === undefined ? 'without spec.loadBalancerClass' : `with spec.loadBalancerClass: ${served}`}, which cannot be changed, if MetalLB is to serve it.`,
  );
}

function addressCheck(
  facts: ExplainFacts,
  service: Service,
  addresses: readonly Address[] | undefined,
): Check {
  if (addresses === undefined) {
    const ingress = service.status?.loadBalancer?.ingress ?? [];
    const texts = enumerate(ingress.map(({ ip, hostname }) => ip ?? hostname ?? 'nothing'));
    return failed(
      'address',
      'invalidIP',
      `Its status names ${texts}, which is not an IP address: another load balancer has written it.`,
      'See which other controller serves LoadBalancer services here, and give each a loadBalancerClass.',
    );
  }
  if (addresses.length === 0) return whyNoAddress(facts, service);
  return passed('address', `It has the address ${textOf(addresses)}.`);
}

function poolCheck(
  { namespace }: ExplainFacts,
  addresses: readonly Address[],
  { pool, config }: { pool: PoolView | undefined; config: Layer2Config },
): Check {
  const address = textOf(addresses);
  if (pool !== undefined) return passed('pool', `IPAddressPool ${pool.name} has ${address}.`);
  const known = config.pools.length === 0 ? 'there is none' : enumerate(config.pools.map(({ name }) => name));
  return failed(
    'pool',
    'ipNotAllowed',
    `No IPAddressPool in namespace ${namespace} has ${address} (${known}).`,
    'Add the address to a pool; or, if another load balancer has assigned it, give each a loadBalancerClass.',
  );
}

function advertisementCheck(
  facts: ExplainFacts,
  service: Service,
  found: { pool: PoolView; config: Layer2Config; advertisements: readonly AdvertisementView[] },
): Check {
  const { pool, config, advertisements } = found;
  if (!facts.advertisements.ok) return unreadableCheck('advertisement', facts.advertisements);
  if (advertisements.length > 0) {
    const names = enumerate(advertisements.map(({ name }) => name));
    return passed('advertisement', `L2Advertisement ${names} announces IPAddressPool ${pool.name}.`);
  }
  const ofPool = config.advertisements.filter(({ pools }) => pools.has(pool.name));
  if (ofPool.length === 0) {
    const others = config.advertisements.map(({ name }) => name);
    const known = others.length === 0 ? 'there is none' : `there is ${enumerate(others)}, for other pools`;
    const message = `No L2Advertisement in namespace ${facts.namespace} announces IPAddressPool ${pool.name} (${known}).`;
    const refused = config.problems.filter(({ kind }) => kind === 'L2Advertisement');
    return failed(
      'advertisement',
      'noAdvertisementForPool',
      [message, ...refused.map((problem) => problem.message)].join(' '),
      refused.length === 0
        ? `Create an L2Advertisement with ipAddressPools: [${pool.name}].`
        : `Correct L2Advertisement ${enumerate(refused.map(({ name }) => name))}, or create one with ipAddressPools: [${pool.name}].`,
    );
  }
  const wanted = ofPool.map(
    ({ name, serviceSelectors }) => `${name} (${describeSelectors(serviceSelectors)})`,
  );
  const labels = describeSelectors([{ matchLabels: service.metadata.labels ?? {} }]);
  return failed(
    'advertisement',
    'noMatchingAdvertisement',
    `The serviceSelectors of L2Advertisement ${enumerate(wanted)} do not match its labels (${labels}).`,
    'Label the service so that an advertisement selects it, or widen the serviceSelectors.',
  );
}

function verdictOf(ref: ServiceRef, announcing: readonly string[], checks: readonly Check[]): string {
  const key = serviceKey(ref);
  const problem = checks.find(({ ok }) => ok === false) ?? checks.find(({ ok }) => ok === 'unknown');
  if (announcing.length === 0) {
    if (problem?.ok === 'unknown') return `Whether ${key} is announced cannot be said. ${problem.message}`;
    return `${key} is not announced. ${problem?.message ?? ''}`.trim();
  }
  const who = `${key} is announced by ${enumerate(announcing)}`;
  if (problem?.ok !== false) return `${who}. ${checks.at(-1)?.message ?? ''}`.trim();
  return `${who}, but something is wrong. ${problem.message}`;
}

function textOf(addresses: readonly Address[]): string {
  return enumerate(addresses.map(({ family, value }) => formatAddress(family, value)));
}
