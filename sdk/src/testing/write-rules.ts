/** What the API server does to every object on its way in: names, the split of `status`, metadata it guards. */
import type { Random } from '../kube/clock.js';
import { KubeError, type KubeErrorCode } from '../kube/errors.js';
import type { KubeObject, ObjectMeta, ResourceType } from '../kube/kube-api.js';

/** Kinds of the API server itself, as against custom resources. */
export function isBuiltIn(type: ResourceType): boolean {
  return type.group === '' || type.group.endsWith('.k8s.io');
}

const WITHOUT_STATUS = new Set(['configmaps', 'events', 'endpointslices', 'leases']);

export function failure(code: KubeErrorCode, status: number, message: string, operation: string): KubeError {
  return new KubeError(code, message, { status, operation, reason: code });
}

/** Lists of built-in kinds leave `apiVersion` and `kind` out of their items, as the real server does. */
export function listItem(type: ResourceType, object: KubeObject): KubeObject {
  if (!isBuiltIn(type)) return object;
  const { apiVersion: _version, kind: _kind, ...rest } = object;
  return rest;
}

/** The object as it is stored by a create, still without identity. */
export function prepareCreate(type: ResourceType, object: KubeObject, operation: string): KubeObject {
  const { metadata } = object;
  if (type.namespaced && metadata.namespace === undefined) {
    throw failure('BadRequest', 400, 'metadata.namespace is required', operation);
  }
  if (metadata.resourceVersion !== undefined) {
    throw failure(
      'ServerError',
      500,
      'resourceVersion should not be set on objects to be created',
      operation,
    );
  }
  const { uid: _uid, creationTimestamp: _created, deletionTimestamp: _deleted, ...kept } = metadata;
  return { ...withStatus(type, object, undefined), metadata: { ...kept, ...generation(type, 1) } };
}

/** `before` changed as `wanted` asks, within what the endpoint may change. */
export function prepareUpdate(
  type: ResourceType,
  before: KubeObject,
  wanted: KubeObject,
  subresource: 'status' | undefined,
): KubeObject {
  const old = before as KubeObject & Record<string, unknown>;
  if (subresource === 'status' && !isBuiltIn(type)) return withStatus(type, before, statusOf(wanted), true);
  const metadata = guardedMetadata(before.metadata, wanted.metadata);
  const identity = { apiVersion: before.apiVersion, kind: before.kind, metadata } as KubeObject;
  if (subresource === 'status') {
    const { spec: _, ...rest } = wanted as KubeObject & Record<string, unknown>;
    return { ...rest, ...('spec' in old && { spec: old['spec'] }), ...identity };
  }
  const after = { ...withStatus(type, wanted, statusOf(before)), ...identity };
  const specChanged = JSON.stringify(specOf(after)) !== JSON.stringify(specOf(before));
  if (specChanged && before.metadata.generation !== undefined) {
    after.metadata.generation = before.metadata.generation + 1;
  }
  return after;
}

/** What is wrong with names or labels, in the server's words. */
export function metadataProblem(metadata: ObjectMeta): string | undefined {
  const { name = '' } = metadata;
  if (name.length > 253 || !/^[a-z0-9]([-a-z0-9.:]*[a-z0-9])?$/.test(name)) {
    return `metadata.name: Invalid value: "${name}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'`;
  }
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (value.length > 63) {
      return `metadata.labels: Invalid value: "${value}": must be no more than 63 bytes (label ${key})`;
    }
    if (!/^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/.test(value)) {
      return `metadata.labels: Invalid value: "${value}": a valid label must consist of alphanumeric characters, '-', '_' or '.' (label ${key})`;
    }
  }
  return undefined;
}

/** `base` (cut to 58 characters) and five characters that never spell a word. */
export function generatedName(base: string, random: Random): string {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
  let suffix = '';
  while (suffix.length < 5) suffix += alphabet[Math.floor(random() * alphabet.length)] ?? '';
  return base.slice(0, 58) + suffix;
}

function guardedMetadata(before: ObjectMeta, wanted: ObjectMeta): ObjectMeta {
  const guarded = [
    'name',
    'namespace',
    'uid',
    'generateName',
    'creationTimestamp',
    'deletionTimestamp',
    'generation',
    'resourceVersion',
  ] as const;
  const kept = Object.fromEntries(guarded.map((field) => [field, before[field]]));
  const metadata = { ...wanted, ...kept };
  for (const field of guarded) if (metadata[field] === undefined) Reflect.deleteProperty(metadata, field);
  return metadata;
}

function generation(type: ResourceType, value: number): { generation?: number } {
  return isBuiltIn(type) ? {} : { generation: value };
}

function statusOf(object: KubeObject): unknown {
  return (object as KubeObject & { status?: unknown }).status;
}

function specOf(object: KubeObject): unknown {
  return (object as KubeObject & { spec?: unknown }).spec;
}

/** `object` with the given status, or as it is when the kind has no status of its own. */
function withStatus(type: ResourceType, object: KubeObject, status: unknown, always = false): KubeObject {
  if (!always && WITHOUT_STATUS.has(type.plural)) return object;
  const { status: _, ...rest } = object as KubeObject & { status?: unknown };
  return { ...rest, ...(status !== undefined && { status }) };
}
