/** Reads from a `Service` what it asks of the allocator and what it has; annotations are upstream's. */
import type { Service } from '@metallb-l2/sdk/kube';
import type { Address, AddressFamily } from '@metallb-l2/sdk/models';
import { SERVICE_ANNOTATIONS } from '@metallb-l2/sdk/settings';
import { refOf, serviceKey, type ServiceKey } from '../cluster/service-ref.js';
import type { AllocationRequest } from './allocator.js';
import type { Claimant } from './holders.js';
import { familiesOf, tryParse } from './ip-families.js';
import { quoteAddresses, type Refusal, refusal } from './refusal.js';

const DEPRECATED_PREFIX = 'metallb.universe.tf';

/** The name of `service` in events, in logs and between sharers. */
export function keyOf(service: Service): ServiceKey {
  return serviceKey(refOf(service));
}

/**
 * Whether `service` wants an address from this controller: one of another class belongs to another.
 *
 * @param served the only class that is served; undefined for services without one
 */
export function wantsAddress({ spec }: Service, served: string | undefined): boolean {
  return spec?.type === 'LoadBalancer' && spec.loadBalancerClass === served;
}

/** How `service` uses an address, whichever it gets. */
export function readClaimant(service: Service): Claimant {
  const ports = service.spec?.ports ?? [];
  return {
    service: keyOf(service),
    sharingKey: annotation(service, SERVICE_ANNOTATIONS.allowSharedIp) ?? '',
    ...readBackendKeys(service),
    ports: ports.map(({ protocol = 'TCP', port }) => `${protocol}/${String(port)}`),
  };
}

/** What `service` asks for, or what is wrong with the question. */
export function readRequest(service: Service): AllocationRequest | Refusal {
  const families = readFamilies(service);
  if ('reason' in families) return families;
  const addresses = readRequestedAddresses(service);
  if ('reason' in addresses) return addresses;
  const pool = annotation(service, SERVICE_ANNOTATIONS.addressPool);
  const { namespace = '', labels = {} } = service.metadata;
  return {
    ...readClaimant(service),
    tenant: { namespace, labels },
    held: heldAddresses(service),
    families,
    secondFamilyOptional: service.spec?.ipFamilyPolicy === 'PreferDualStack',
    addresses,
    pool: pool === '' ? undefined : pool,
  };
}

/** The addresses in the status. */
export function heldAddresses(service: Service): readonly Address[] {
  return heldTexts(service).flatMap((text) => tryParse(text) ?? []);
}

/** The same as they are written. */
export function heldTexts(service: Service): readonly string[] {
  return (service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip ? [ip] : []));
}

/** The name under which older releases knew an annotation; still read, never written. */
export function deprecatedName(name: string): string {
  return name.replace(/^metallb\.io\//, `${DEPRECATED_PREFIX}/`);
}

/** The value of an annotation under its name or its deprecated one; the former wins, even when empty. */
export function annotation(service: Service, name: string): string | undefined {
  const annotations = service.metadata.annotations ?? {};
  return annotations[name] ?? annotations[deprecatedName(name)];
}

/** The annotations users have set under deprecated names; what a controller has written is not theirs to change. */
export function deprecatedAnnotations(service: Service): string[] {
  return Object.keys(service.metadata.annotations ?? {}).filter(
    (name) =>
      name.startsWith(DEPRECATED_PREFIX) && name !== deprecatedName(SERVICE_ANNOTATIONS.allocatedFromPool),
  );
}

function readFamilies(service: Service): readonly AddressFamily[] | Refusal {
  const { clusterIP = '', clusterIPs = [], ipFamilyPolicy } = service.spec ?? {};
  const texts = clusterIPs.length > 0 ? clusterIPs : [clusterIP];
  if (ipFamilyPolicy === 'RequireDualStack' && clusterIPs.length < 2) {
    const message = `Service requires dual stack but not enough clusterips [${clusterIPs.join(' ')}]`;
    return refusal('notDualStack', message);
  }
  const families = familiesOf(texts);
  if (!('problem' in families)) return families;
  const shown = `[${clusterIPs.map((text) => JSON.stringify(text)).join(' ')}]`;
  return refusal(
    'noClusterIP',
    `Failed to retrieve ClusterIPs IPFamily for ${shown} ${clusterIP}: ${families.problem}`,
  );
}

function readRequestedAddresses(service: Service): readonly Address[] | Refusal {
  const name = SERVICE_ANNOTATIONS.loadBalancerIPs;
  const listed = annotation(service, name) ?? '';
  const single = service.spec?.loadBalancerIP ?? '';
  if (listed !== '' && single !== '') {
    return refusal('invalidRequest', `service can not have both ${name} and svc.Spec.LoadBalancerIP`);
  }
  if (single !== '') {
    const address = tryParse(single);
    if (address !== undefined) return [address];
    return refusal('invalidRequest', `invalid spec.loadBalancerIP ${JSON.stringify(single)}`);
  }
  if (listed === '') return [];
  const parsed = listed.split(',').map((text) => tryParse(text.trim()));
  const addresses = parsed.filter((address) => address !== undefined);
  if (addresses.length < parsed.length) {
    return refusal('invalidRequest', `invalid ${name}: ${JSON.stringify(listed)}`);
  }
  if (addresses.length > 2) {
    return refusal('invalidRequest', `more than two addresses ${quoteAddresses(addresses)}`);
  }
  if (addresses.length === 2 && addresses[0]?.family === addresses[1]?.family) {
    return refusal('invalidRequest', `${quoteAddresses(addresses)} has the same family`);
  }
  return addresses;
}

/**
 * With traffic kept local, sharers must lead to the same pods, or one node would have to serve both. Equal
 * selectors do so in one namespace only, and without a selector nobody knows: upstream forgets both.
 */
function readBackendKeys(service: Service): Pick<Claimant, 'backendKey' | 'upstreamBackendKey'> {
  const { externalTrafficPolicy, selector = {} } = service.spec ?? {};
  if (externalTrafficPolicy !== 'Local') return { backendKey: '', upstreamBackendKey: '' };
  const pairs = Object.entries(selector).map(([key, value]) => `${key}=${value}`);
  const upstreamBackendKey = pairs.sort().join(',');
  const { namespace = '' } = service.metadata;
  const backendKey = pairs.length > 0 ? `${namespace} ${upstreamBackendKey}` : keyOf(service);
  return { backendKey, upstreamBackendKey };
}
