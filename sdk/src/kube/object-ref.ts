/** How objects are named: to the API server, and in a text. */
import type { KubeObject, ObjectMeta, ObjectRef } from './kube-api.js';

/** The name of `object` in calls, as far as it has one: a name may still be generated. */
export function refOf({ metadata: { namespace, name } }: KubeObject): ObjectRef {
  return { ...(namespace !== undefined && { namespace }), ...(name !== undefined && { name }) } as ObjectRef;
}

/** `namespace/name`: tells the objects of one kind apart, and reads well in messages. */
export function qualifiedName({ namespace = '', name = '' }: Pick<ObjectMeta, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}
