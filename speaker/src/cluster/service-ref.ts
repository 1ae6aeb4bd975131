/** Names one service, and as a text that serves as a key and reads well in logs. */
import type { KubeObject, ObjectRef } from '@metallb-l2/sdk/kube';

export interface ServiceRef {
  readonly namespace: string;
  readonly name: string;
}

/** `namespace/name`. */
export type ServiceKey = string;

export function serviceKey({ namespace, name }: ServiceRef): ServiceKey {
  return `${namespace}/${name}`;
}

/** How an object that comes from the API server, a service or another, is named. */
export function refOf({ metadata: { namespace = '', name = '' } }: KubeObject): Required<ObjectRef> {
  return { namespace, name };
}
