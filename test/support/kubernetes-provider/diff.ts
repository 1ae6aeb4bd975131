/** What an update would change, and what of it the API server only accepts on a new object. */
import { isDeepStrictEqual } from 'node:util';
import { AUTONAMED } from './annotations.ts';
import { annotationOf, kindOf, nameOf, namespaceOf, type GroupVersionKind } from './kinds.ts';
import { isObject, type Properties, type Value } from './properties.ts';

type ChangeKind = 'add' | 'delete' | 'update';

export interface Change {
  readonly kind: ChangeKind;
  /** Whether only a new object can have it. */
  readonly replaces: boolean;
}

export interface InputDiff {
  /** By property path, in the engine's spelling. */
  readonly changes: ReadonlyMap<string, Change>;
  /** Whether the old object must go before the new one, which has its name, can come. */
  readonly deleteBeforeReplace: boolean;
}

export interface DiffRules {
  readonly type: string;
  /** Patch resources change everything but their identity in place. */
  readonly patch: boolean;
  readonly namespaced: boolean;
  readonly mutableConfigMaps: boolean;
  readonly mutableSecrets: boolean;
}

const IDENTITY = ['kind', 'metadata.name', 'metadata.namespace'];

/** Fields the API server refuses to change, by group and kind. */
const IMMUTABLE: Readonly<Record<string, readonly string[]>> = {
  'apps/DaemonSet': ['spec.selector'],
  'apps/Deployment': ['spec.selector'],
  'apps/StatefulSet': [
    'spec.podManagementPolicy',
    'spec.revisionHistoryLimit',
    'spec.selector',
    'spec.serviceName',
    'spec.volumeClaimTemplates',
  ],
  'batch/Job': ['spec.completions', 'spec.parallelism', 'spec.selector', 'spec.template'],
  'rbac.authorization.k8s.io/ClusterRoleBinding': ['roleRef'],
  'rbac.authorization.k8s.io/RoleBinding': ['roleRef'],
  'storage.k8s.io/StorageClass': ['parameters', 'provisioner'],
  '/PersistentVolumeClaim': ['spec.accessModes', 'spec.selector', 'spec.storageClassName', 'spec.volumeName'],
  '/Service': ['spec.clusterIP'],
};

/**
 * The difference between two inputs without secret wrappings. A value that is not known yet differs from the
 * one before: a preview errs on the side of change.
 */
export function diffInputs(olds: Properties, news: Properties, rules: DiffRules): InputDiff {
  const oldInputs = placed(olds, rules.namespaced);
  const newInputs = placed(news, rules.namespaced);
  const oldKind = kindOf(oldInputs, rules.type);
  const newKind = kindOf(newInputs, rules.type);
  const immutable = rules.patch ? IDENTITY : [...IDENTITY, ...immutableFields(newKind, newInputs, rules)];
  if (oldKind.group !== newKind.group) immutable.push('apiVersion');

  const changes = new Map<string, Change>();
  for (const [path, kind] of compare(oldInputs, newInputs)) {
    changes.set(path, { kind, replaces: immutable.some((field) => touches(path, field)) });
  }
  const fixedName = nameOf(newInputs) !== '' && annotationOf(newInputs, AUTONAMED) !== 'true';
  return {
    changes,
    deleteBeforeReplace:
      [...changes.values()].some((change) => change.replaces) &&
      fixedName &&
      nameOf(newInputs) === nameOf(oldInputs) &&
      namespaceOf(newInputs) === namespaceOf(oldInputs),
  };
}

/** An object in `default` by omission is in `default`; one of a cluster-scoped kind is nowhere. */
function placed(inputs: Properties, namespaced: boolean): Properties {
  const { metadata } = inputs;
  if (!isObject(metadata)) return inputs;
  const { namespace = 'default', ...rest } = metadata;
  return { ...inputs, metadata: namespaced ? { ...rest, namespace } : rest };
}

function immutableFields(kind: GroupVersionKind, inputs: Properties, rules: DiffRules): readonly string[] {
  const frozen = inputs['immutable'] === true;
  if (kind.group === '' && kind.kind === 'Secret') {
    return rules.mutableSecrets && !frozen ? ['type'] : ['type', 'data', 'stringData'];
  }
  if (kind.group === '' && kind.kind === 'ConfigMap') {
    return rules.mutableConfigMaps && !frozen ? [] : ['data', 'binaryData'];
  }
  return IMMUTABLE[`${kind.group}/${kind.kind}`] ?? [];
}

/** Whether a change at `path` is one of `field`, of something inside it, or of all that holds it. */
function touches(path: string, field: string): boolean {
  const within = (inner: string, outer: string) =>
    inner === outer || inner.startsWith(`${outer}.`) || inner.startsWith(`${outer}[`);
  return within(path, field) || within(field, path);
}

function* compare(
  old: Value | undefined,
  now: Value | undefined,
  path = '',
): Generator<[string, ChangeKind]> {
  if (isDeepStrictEqual(old, now)) return;
  if (old === undefined) yield [path, 'add'];
  else if (now === undefined) yield [path, 'delete'];
  else if (isObject(old) && isObject(now)) {
    for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) {
      yield* compare(old[key], now[key], join(path, key));
    }
  } else if (Array.isArray(old) && Array.isArray(now)) {
    for (let index = 0; index < Math.max(old.length, now.length); index += 1) {
      yield* compare(old[index], now[index], `${path}[${index}]`);
    }
  } else yield [path, 'update'];
}

function join(path: string, key: string): string {
  if (/[."[\]]/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}
