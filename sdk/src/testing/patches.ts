/** RFC 7386 merge patches and RFC 6902 JSON patches over plain JSON values. */
import type { KubeObject, PatchOptions } from '../kube/kube-api.js';
import { failure } from './write-rules.js';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * `before` with the patch applied.
 *
 * @throws KubeError `Invalid` when a JSON patch does not fit
 */
export function patched(
  before: KubeObject,
  patch: unknown,
  options: PatchOptions,
  operation: string,
): KubeObject {
  switch (options.type) {
    case 'merge':
      return applyMergePatch(withoutVersion(before), patch) as KubeObject;
    case 'json':
      try {
        return applyJsonPatch(before, patch as JsonPatchOperation[]) as KubeObject;
      } catch (error) {
        if (!(error instanceof JsonPatchError)) throw error;
        throw failure('Invalid', 422, error.message, operation);
      }
    case 'apply':
      throw new Error(
        'InMemoryKubeApi does not simulate server-side apply; use a merge patch or a real server',
      );
  }
}

/** So that only a resourceVersion inside the patch is a precondition. */
function withoutVersion(object: KubeObject): KubeObject {
  const { resourceVersion: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** Applies a merge patch and returns the result; the inputs stay as they are. */
function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, key);
    else if (value !== undefined) result[key] = applyMergePatch(result[key], value);
  }
  return result;
}

/** A JSON patch that does not fit its target; the whole patch is then without effect. */
class JsonPatchError extends Error {
  override readonly name = 'JsonPatchError';
}

interface JsonPatchOperation {
  op: 'add' | 'remove' | 'replace' | 'test' | 'move' | 'copy';
  path: string;
  from?: string;
  value?: unknown;
}

/**
 * Applies a JSON patch and returns the result; the inputs stay as they are.
 *
 * @throws JsonPatchError when a path does not exist or a `test` fails
 */
function applyJsonPatch(target: unknown, operations: readonly JsonPatchOperation[]): unknown {
  const document = { root: structuredClone(target) as Json };
  for (const { op, path, from, value } of operations) {
    switch (op) {
      case 'add':
        add(document, path, value as Json);
        break;
      case 'remove':
        remove(document, path);
        break;
      case 'replace':
        remove(document, path);
        add(document, path, value as Json);
        break;
      case 'move':
        add(document, path, remove(document, from ?? ''));
        break;
      case 'copy':
        add(document, path, structuredClone(read(document, from ?? '')));
        break;
      case 'test':
        if (canonicalJson(read(document, path)) !== canonicalJson(value)) {
          throw new JsonPatchError(`testing value ${path} failed`);
        }
    }
  }
  return document.root;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON text that is equal for equal values, whatever the order of keys. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    isRecord(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}

function missing(path: string): JsonPatchError {
  return new JsonPatchError(`path ${path} does not exist`);
}

function locate(
  document: { root: Json },
  path: string,
): { parent: Json[] | Record<string, Json>; key: string } {
  const keys = path.split('/').map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  let parent: Json | undefined = document;
  let key = 'root';
  for (const next of keys.slice(1)) {
    parent = member(parent, key);
    key = next;
  }
  if (typeof parent !== 'object' || parent === null) throw missing(path);
  return { parent, key };
}

function member(parent: Json | undefined, key: string): Json | undefined {
  if (Array.isArray(parent)) return parent[Number(key)];
  return isRecord(parent) ? (parent as Record<string, Json>)[key] : undefined;
}

function read(document: { root: Json }, path: string): Json {
  const { parent, key } = locate(document, path);
  const value = member(parent, key);
  if (value === undefined) throw missing(path);
  return value;
}

function add(document: { root: Json }, path: string, value: Json): void {
  const { parent, key } = locate(document, path);
  if (!Array.isArray(parent)) {
    parent[key] = value;
    return;
  }
  const index = key === '-' ? parent.length : Number(key);
  if (!(index >= 0 && index <= parent.length)) throw missing(path);
  parent.splice(index, 0, value);
}

function remove(document: { root: Json }, path: string): Json {
  const value = read(document, path);
  const { parent, key } = locate(document, path);
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else Reflect.deleteProperty(parent, key);
  return value;
}
