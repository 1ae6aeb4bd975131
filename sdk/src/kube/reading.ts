/** Reading a kind of objects that one may not be allowed to read, or that the cluster may not know. */
import { isKubeError } from './errors.js';
import type { KubeApi, KubeObject, ListOptions, ObjectRef, ResourceType } from './kube-api.js';
import { listAll } from './list-all.js';

/** The objects of a kind, or why there are none to look at. */
export type Reading<T> =
  | { readonly ok: true; readonly items: readonly T[] }
  | {
      readonly ok: false;
      /** `forbidden`: not allowed to read them. `notServed`: the cluster does not know the kind. */
      readonly reason: 'forbidden' | 'notServed';
      /** What was tried, such as `list nodes`, or `list pods in namespace metallb-system`. */
      readonly permission: string;
    };

/**
 * All objects of a kind, as far as they can be read.
 *
 * @throws KubeError for whatever is not about the kind: a server that does not answer, bad credentials
 */
export async function readAll<T extends KubeObject>(
  api: KubeApi,
  type: ResourceType<T>,
  options: Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector' | 'signal'>,
): Promise<Reading<T>> {
  try {
    return { ok: true, items: (await listAll(api, type, options)).items };
  } catch (error) {
    return unreadable(error, 'list', type, options.namespace);
  }
}

/**
 * One object, or nothing when there is none of that name. For kinds that every cluster knows.
 *
 * @throws KubeError as {@link readAll}
 */
export async function readOne<T extends KubeObject>(
  api: KubeApi,
  type: ResourceType<T>,
  ref: ObjectRef,
  signal: AbortSignal,
): Promise<Reading<T>> {
  try {
    return { ok: true, items: [await api.get(type, ref, { signal })] };
  } catch (error) {
    if (isKubeError(error, 'NotFound')) return { ok: true, items: [] };
    return unreadable(error, 'get', type, ref.namespace);
  }
}

/** What each of the promises has read, under its name. @throws what the first of them to fail throws */
export async function readByName<Readings extends Record<string, Reading<KubeObject>>>(promises: {
  readonly [Name in keyof Readings]: Promise<Readings[Name]>;
}): Promise<Readings> {
  const named = Object.entries<Promise<unknown>>(promises).map(
    async ([name, promise]) => [name, await promise] as const,
  );
  return Object.fromEntries(await Promise.all(named)) as Readings;
}

function unreadable(
  error: unknown,
  verb: 'get' | 'list',
  type: ResourceType,
  namespace: string | undefined,
): Reading<never> {
  const resource = type.group === '' ? type.plural : `${type.plural}.${type.group}`;
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
  const permission = `${verb} ${resource}${where}`;
  if (isKubeError(error, 'Forbidden')) return { ok: false, reason: 'forbidden', permission };
  if (isKubeError(error, 'NotFound')) return { ok: false, reason: 'notServed', permission };
  throw error;
}
