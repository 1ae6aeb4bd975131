/** Names one service, and as a text that serves as a key and reads well in logs. */
export interface ServiceRef {
  readonly namespace: string;
  readonly name: string;
}

/** `namespace/name`. */
export type ServiceKey = string;

export function serviceKey({ namespace, name }: ServiceRef): ServiceKey {
  return `${namespace}/${name}`;
}
