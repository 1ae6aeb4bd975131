/** What this node has to announce: a pure function of the cluster and of whose speakers are alive. */
import {
  electOwners,
  type Eligibility,
  interfacesFor,
  judgeService,
  type NodeRefusal,
  type ServiceRefusal,
} from '@metallb-l2/sdk/election';
import type { Service } from '@metallb-l2/sdk/kube';
import { refOf, type ServiceKey, type ServiceRef } from './cluster/service-ref.js';
import type { ClusterSnapshot } from './cluster/snapshot.js';
import type { InterfaceScope } from './layer2/announcer.js';

/** What becomes of one service on this node. */
export type Verdict =
  | {
      readonly kind: 'announce';
      readonly service: ServiceRef;
      readonly addresses: readonly string[];
      readonly interfaces: InterfaceScope;
    }
  /** Another node may or does announce it. */
  | { readonly kind: 'elsewhere'; readonly service: ServiceRef; readonly reason: NodeRefusal }
  /** Nobody can. */
  | { readonly kind: 'nowhere'; readonly service: ServiceRef; readonly reason: ServiceRefusal };

/** Decides about every service of type LoadBalancer. */
export function decideAnnouncements(
  snapshot: ClusterSnapshot,
  members: ReadonlySet<string>,
  nodeName: string,
): ReadonlyMap<ServiceKey, Verdict> {
  const judged = new Map<ServiceKey, Eligibility>();
  for (const [key, service] of snapshot.services) {
    const eligibility = judgeService({
      service,
      endpointSlices: snapshot.endpointSlices.get(key) ?? [],
      config: snapshot.config,
      nodes: snapshot.nodes,
      members,
      loadBalancerClass: snapshot.loadBalancerClass,
    });
    judged.set(key, eligibility);
  }
  const owners = electOwners(new Map([...judged].flatMap(([key, each]) => (each.ok ? [[key, each]] : []))));
  const verdicts = new Map<ServiceKey, Verdict>();
  for (const [key, eligibility] of judged) {
    const service = refOf(snapshot.services.get(key) as Service);
    if (!eligibility.ok) {
      verdicts.set(key, { kind: 'nowhere', service, reason: eligibility.reason });
      continue;
    }
    const { addresses, advertisements, candidates, refused } = eligibility;
    const owner = owners.get(key);
    if (owner !== undefined && !candidates.includes(owner)) {
      verdicts.set(key, { kind: 'nowhere', service, reason: 'sharedAddressElsewhere' });
    } else if (owner === nodeName) {
      const interfaces = interfacesFor(nodeName, advertisements);
      verdicts.set(key, { kind: 'announce', service, addresses, interfaces });
    } else {
      const reason = refused.get(nodeName) ?? (snapshot.nodes.has(nodeName) ? 'notOwner' : 'notMember');
      verdicts.set(key, { kind: 'elsewhere', service, reason });
    }
  }
  return verdicts;
}

/** The addresses to answer for; one that several services share is answered where any of them asks. */
export function addressTable(verdicts: Iterable<Verdict>): ReadonlyMap<string, InterfaceScope> {
  const table = new Map<string, InterfaceScope>();
  for (const verdict of verdicts) {
    if (verdict.kind !== 'announce') continue;
    for (const address of verdict.addresses) {
      table.set(address, union(table.get(address), verdict.interfaces));
    }
  }
  return table;
}

function union(a: InterfaceScope | undefined, b: InterfaceScope): InterfaceScope {
  if (a === undefined) return b;
  if (a === 'all' || b === 'all') return 'all';
  return [...new Set([...a, ...b])].sort();
}
