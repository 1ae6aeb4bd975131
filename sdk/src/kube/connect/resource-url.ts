/** Paths and queries of the Kubernetes REST API. */
import { KubeError, describeCall } from '../errors.js';
import type { ListOptions, ObjectRef, ResourceType } from '../kube-api.js';

/**
 * Such as `/apis/metallb.io/v1beta1/namespaces/metallb-system/servicel2statuses/node-a-x7k2p/status`.
 *
 * @throws KubeError `BadRequest` for a name that makes it the path of something else, such as an empty one: to
 *   delete that is to delete all there are
 */
export function resourcePath(type: ResourceType, ref: Partial<ObjectRef> = {}, subresource?: string): string {
  const parts = type.group === '' ? ['api', type.version] : ['apis', type.group, type.version];
  if (ref.namespace !== undefined) parts.push('namespaces', ref.namespace);
  parts.push(type.plural);
  if (ref.name !== undefined) parts.push(ref.name);
  if (subresource !== undefined) parts.push(subresource);
  for (const part of parts.slice(2)) {
    if (!['', '.', '..'].includes(part)) continue;
    const operation = describeCall('address', type, ref, subresource);
    throw new KubeError('BadRequest', `"${part}" is no name`, { operation });
  }
  return `/${parts.map(encodeURIComponent).join('/')}`;
}

type QueryValue = string | number | boolean | undefined;

/** The query of `values` without those undefined, with its `?`; empty when there is none. */
export function queryOf(values: Readonly<Record<string, QueryValue>>): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) if (value !== undefined) query.set(key, String(value));
  return query.size === 0 ? '' : `?${query.toString()}`;
}

/** The part of a query that lists and watches share. */
export function selectionOf(
  options: Pick<ListOptions, 'labelSelector' | 'fieldSelector' | 'resourceVersion'>,
) {
  const { labelSelector, fieldSelector, resourceVersion } = options;
  return { labelSelector, fieldSelector, resourceVersion };
}
