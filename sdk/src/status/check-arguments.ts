/** What is asked, checked before anything is sent: plain JavaScript can leave all of it out. */
import type { ServiceRef } from './announcement.js';
import { ServiceL2StatusError } from './errors.js';

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Anything else than a name would change what the selector selects. @throws ServiceL2StatusError */
export function checkService(service: ServiceRef | null | undefined): void {
  if (typeof service !== 'object' || service === null) {
    const message = `service: ${String(service)} is not a service, such as { namespace: "default", name: "web" }`;
    throw new ServiceL2StatusError('InvalidArgument', message);
  }
  for (const field of ['namespace', 'name'] as const) {
    if (typeof service[field] === 'string' && DNS_LABEL.test(service[field])) continue;
    const message = `service.${field}: ${JSON.stringify(service[field])} is not a name, such as "web" or "my-app-2"`;
    throw new ServiceL2StatusError('InvalidArgument', message, { service });
  }
}

/**
 * No node has an empty name, as an unset variable gives: an empty list, or any node, would pass for an answer.
 *
 * @throws ServiceL2StatusError
 */
export function checkNode(node: string | undefined, field = 'node'): void {
  if (node !== '') return;
  const message = `${field}: "" is not the name of a node, such as "node1"; leave it out to mean every node`;
  throw new ServiceL2StatusError('InvalidArgument', message);
}

/** With an empty name a cluster would pass for one without MetalLB. @throws ServiceL2StatusError */
export function checkNamespace(namespace: string): void {
  if (DNS_LABEL.test(namespace)) return;
  const message = `namespace: ${JSON.stringify(namespace)} is not a name, such as "metallb-system"`;
  throw new ServiceL2StatusError('InvalidArgument', message);
}

/** @throws ServiceL2StatusError */
export function checkMilliseconds(ms: number, field: string, service?: ServiceRef): void {
  if (ms >= 0) return;
  const message = `${field}: ${ms} is not a number of milliseconds from 0 on`;
  throw new ServiceL2StatusError('InvalidArgument', message, { service });
}
