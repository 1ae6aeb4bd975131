/** What a service asks for, and what it has. */
import { readAddresses } from '../election/index.js';
import type { Service } from '../kube/core-types.js';
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

/** The value of an annotation, under its name or the one of older releases; undefined when empty. */
export function annotation({ metadata: { annotations = {} } }: Service, name: string): string | undefined {
  const value = annotations[name] ?? annotations[name.replace('metallb.io/', 'metallb.universe.tf/')];
  return value === '' ? undefined : value;
}

/** `namespace/name`. */
export function keyOf({ metadata: { namespace = '', name = '' } }: Service): string {
  return serviceKey({ namespace, name });
}
