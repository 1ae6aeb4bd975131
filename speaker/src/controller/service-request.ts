/** Reads from a `Service` what it asks of the allocator and what it has; annotations are upstream's. */
import type { Service } from '@metallb-l2/sdk/kube';
import { type Address, AddressError, type AddressFamily, parseAddress } from '@metallb-l2/sdk/models';
import { SERVICE_ANNOTATIONS } from '@metallb-l2/sdk/settings';
import { serviceKey, type ServiceKey } from '../cluster/service-ref.js';
import type { AllocationRequest, Claimant } from './allocator.js';
import { quoteAddresses, type Refusal, refusal } from './refusal.js';

/** The name of `service` in events, in logs and between sharers. */
export function keyOf({ metadata: { namespace = '', name = '' } }: Service): ServiceKey {
  return serviceKey({ namespace, name });
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
    backendKey: readBackendKey(service),
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
  return {
    ...readClaimant(service),
    families,
    secondFamilyOptional: service.spec?.ipFamilyPolicy === 'PreferDualStack',
    addresses,
    pool: pool === '' ? undefined : pool,
  };
}

/** The addresses in the status; empty when there are none or one of them cannot be read. */
export function heldAddresses(service: Service): readonly Address[] {
  const texts = (service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip ? [ip] : []));
  const addresses = texts.flatMap((text) => tryParse(text) ?? []);
  return addresses.length === texts.length ? addresses : [];
}

/** The name under which older releases knew an annotation; still read, never written. */
export function deprecatedName(name: string): string {
  return name.replace(/^metallb\.io\//, 'metallb.universe.tf/');
}

/** The value of an annotation under its name or its deprecated one; the former wins, even when empty. */
export function annotation(service: Service, name: string): string | undefined {
  const annotations = service.metadata.annotations ?? {};
  return annotations[name] ?? annotations[deprecatedName(name)];
}

function readFamilies(service: Service): readonly AddressFamily[] | Refusal {
  const { spec = {} } = service;
  const texts = spec.clusterIPs ?? (spec.clusterIP === undefined ? [] : [spec.clusterIP]);
  const families = texts.flatMap((text) => tryParse(text)?.family ?? []);
  if (families.length === 0 || families.length !== texts.length) {
    const message = `Failed to retrieve ClusterIPs IPFamily for ${JSON.stringify(keyOf(service))}: no cluster address`;
    return refusal('noClusterIP', message);
  }
  if (spec.ipFamilyPolicy === 'RequireDualStack' && families.length < 2) {
    const message = `Service requires dual stack but not enough clusterips [${texts.join(' ')}]`;
    return refusal('notDualStack', message);
  }
  return families;
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

/** With traffic kept local, sharers must lead to the same pods, or one node would have to serve both. */
function readBackendKey({ spec = {} }: Service): string {
  if (spec.externalTrafficPolicy !== 'Local') return '';
  const pairs = Object.entries(spec.selector ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.sort().join(',');
}

function tryParse(text: string): Address | undefined {
  try {
    return parseAddress(text);
  } catch (error) {
    if (error instanceof AddressError) return undefined;
    throw error;
  }
}
