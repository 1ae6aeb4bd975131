/** What a service asks for, and what it has. */
import { readAddresses } from '../election/index.js';
import type { Service } from '../kube/core-types.js';
import type { Reading } from '../kube/reading.js';
import { type AddressFamily, formatAddress } from '../models/address.js';
import { SERVICE_ANNOTATIONS } from '../settings/labels.js';
import { serviceKey } from '../status/announcement.js';

/** IP families of the service; empty when its cluster addresses do not say. */
export function familiesOf({ spec = {} }: Service): AddressFamily[] {
  const texts = spec.clusterIPs ?? (spec.clusterIP === undefined ? [] : [spec.clusterIP]);
  return texts.filter((text) => /[.:]/.test(text)).map((text) => (text.includes(':') ? 6 : 4));
}

/** The addresses it asks for, as they are written. */
export function requestedAddresses(service: Service): string[] {
  const listed =
    annotation(service, SERVICE_ANNOTATIONS.loadBalancerIPs) ?? service.spec?.loadBalancerIP ?? '';
  return listed
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '');
}

/** The addresses it has, in canonical form. */
export function addressTexts(service: Service): string[] {
  return (readAddresses(service) ?? []).map(({ family, value }) => formatAddress(family, value));
}

/** Whether it lets other services have its addresses too. */
export function mayShare(service: Service): boolean {
  return annotation(service, SERVICE_ANNOTATIONS.allowSharedIp) !== undefined;
}

/**
 * Those of `others` that have an address of `service` too, and those that have one of theirs: one node is elected
 * for all of them.
 */
export function servicesSharing(service: Service | undefined, others: Reading<Service>): readonly Service[] {
  if (service === undefined || !others.ok) return [];
  const found: Service[] = [];
  const addresses = new Set(addressTexts(service));
  let rest = others.items.filter(
    (other) => keyOf(other) !== keyOf(service) && other.spec?.type === 'LoadBalancer',
  );
  for (let near = rest; near.length > 0; found.push(...near)) {
    near = rest.filter((other) => addressTexts(other).some((address) => addresses.has(address)));
    rest = rest.filter((other) => !near.includes(other));
    for (const address of near.flatMap(addressTexts)) addresses.add(address);
  }
  return found;
}

/** The value of an annotation, under its name or the one of older releases; undefined when empty. */
export function annotation({ metadata: { annotations = {} } }: Service, name: string): string | undefined {
  const value = annotations[name] ?? annotations[name.replace('metallb.io/', 'metallb.universe.tf/')];
  return value === '' ? undefined : value;
}

/** `namespace/name`. */
export function keyOf({ metadata: { namespace = '', name = '' } }: Service): string {
  return serviceKey({ namespace, name });
}
