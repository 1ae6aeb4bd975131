/**
 * Resource properties as the engine sends them: plain JSON in which an unknown value is a sentinel string
 * and a secret is an object with a signature. Both survive every function here unless it says otherwise:
 * a secret that loses its wrapping ends up in the state file in clear.
 */
import structs from 'google-protobuf/google/protobuf/struct_pb.js';

export type Value = null | boolean | number | string | Value[] | Properties;
export interface Properties {
  [key: string]: Value;
}

/** Stands for a value that is only known after the update. */
export const UNKNOWN = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

const SIGNATURE = '4dabf18193072939515e22adb298388d';
const SECRET_SIGNATURE = '1b47061264138c4ac30d75fd1eb44270';

/** The TypeScript SDK cannot spell these keys of a CRD's schema with dashes. */
const UNDERSCORED = new Map(
  [
    'embedded-resource',
    'int-or-string',
    'list-map-keys',
    'list-type',
    'map-type',
    'preserve-unknown-fields',
    'validations',
  ].map((name) => [`x_kubernetes_${name.replaceAll('-', '_')}`, `x-kubernetes-${name}`]),
);
const DASHED = new Map([...UNDERSCORED].map(([underscored, dashed]) => [dashed, underscored]));

/** Reads a protobuf Struct; an absent one has no properties. */
export function decodeProperties(struct: structs.Struct | undefined): Properties {
  return struct?.toJavaScript() ?? {};
}

/** Writes a protobuf Struct. Keys without a value are left out: Struct refuses `undefined`. */
export function encodeProperties(properties: Properties): structs.Struct {
  return structs.Struct.fromJavaScript(JSON.parse(JSON.stringify(properties)) as Properties);
}

/** Wraps a value so that the engine encrypts it; one already wrapped stays as it is. */
export function secret(value: Value): Properties {
  return isSecret(value) ? value : { [SIGNATURE]: SECRET_SIGNATURE, value };
}

export function isSecret(value: Value | undefined): value is Properties {
  return isObject(value) && value[SIGNATURE] === SECRET_SIGNATURE;
}

/** A copy without wrappings at any depth. For the API server only: never for what the engine stores. */
export function reveal<T extends Value>(value: T): T;
export function reveal(value: Value): Value {
  if (isSecret(value)) return reveal(value['value'] ?? null);
  return mapValues(value, reveal);
}

/** Whether anything inside is only known after the update. */
export function hasUnknown(value: Value): boolean {
  return value === UNKNOWN || children(value).some(hasUnknown);
}

/** `properties` with the keys of a CRD's schema as the API server spells them. */
export function toServerKeys<T extends Value>(value: T): T {
  return renameKeys(value, UNDERSCORED) as T;
}

/** `properties` with the keys of a CRD's schema as the TypeScript SDK spells them. */
export function toSdkKeys<T extends Value>(value: T): T {
  return renameKeys(value, DASHED) as T;
}

/**
 * A copy of `outputs` in which everything that is secret in `inputs` is wrapped. An array with a secret
 * anywhere inside is wrapped whole: the server may reorder it. The data of a Secret is always wrapped.
 */
export function copySecrets(outputs: Properties, inputs: Properties): Properties {
  const copy: Properties = { ...outputs };
  for (const [key, input] of Object.entries(inputs)) {
    const output = copy[key];
    if (output === undefined) continue;
    if (isObject(input) && isObject(output) && !isSecret(input) && !isSecret(output)) {
      copy[key] = copySecrets(output, input);
    } else if (containsSecret(input)) {
      copy[key] = secret(output);
    }
  }
  return copy['kind'] === 'Secret' ? wrapSecretData(copy) : copy;
}

export function isObject(value: Value | undefined): value is Properties {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A copy without `keys`. */
export function omit(object: Properties, keys: readonly string[]): Properties {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}

/** A value as a reader expects it in a sentence; empty when absent. */
export function textOf(value: Value | undefined): string {
  if (typeof value === 'string') return value;
  return value === undefined ? '' : JSON.stringify(value);
}

/** The value at a path of plain keys, or `undefined`. */
export function valueAt(value: Value | undefined, ...path: string[]): Value | undefined {
  return path.reduce<Value | undefined>((at, key) => (isObject(at) ? at[key] : undefined), value);
}

function wrapSecretData(object: Properties): Properties {
  const copy: Properties = { ...object };
  for (const key of ['data', 'stringData']) {
    if (copy[key] !== undefined) copy[key] = secret(copy[key]);
  }
  // `kubectl apply` leaves a whole copy of the data in an annotation.
  const annotations = valueAt(copy, 'metadata', 'annotations');
  const lastApplied = valueAt(annotations, 'kubectl.kubernetes.io/last-applied-configuration');
  if (lastApplied !== undefined) {
    copy['metadata'] = {
      ...(copy['metadata'] as Properties),
      annotations: secret(annotations ?? null),
    };
  }
  return copy;
}

function containsSecret(value: Value): boolean {
  return isSecret(value) || children(value).some(containsSecret);
}

function children(value: Value): Value[] {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
}

function mapValues(value: Value, change: (value: Value) => Value): Value {
  if (Array.isArray(value)) return value.map((item) => change(item));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, change(item)]));
}

function renameKeys(value: Value, names: ReadonlyMap<string, string>): Value {
  if (Array.isArray(value)) return value.map((item) => renameKeys(item, names));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [names.get(key) ?? key, renameKeys(item, names)]),
  );
}
