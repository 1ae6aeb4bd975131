/** What a resource of the program is in the API: its kind, read from the type in its URN, and its scope. */
import { isObject, valueAt, type Properties } from './properties.ts';

export interface GroupVersionKind {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** Types the stand-in has no part in: whole charts, files and folders of manifests. */
const FOREIGN_MODULES = /^(helm\.sh|yaml|kustomize)(\/|$)/;

/** Built-in kinds without a namespace, for when there is no cluster to ask. */
const CLUSTER_SCOPED = new Set([
  'APIService',
  'ClusterRole',
  'ClusterRoleBinding',
  'CustomResourceDefinition',
  'MutatingWebhookConfiguration',
  'Namespace',
  'Node',
  'PersistentVolume',
  'PriorityClass',
  'RuntimeClass',
  'StorageClass',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'ValidatingWebhookConfiguration',
]);

/** The type of a URN: `kubernetes:apps/v1:Deployment` of `urn:pulumi:dev::app::a:b:C$kubernetes:apps/v1:Deployment::web`. */
export function typeOfUrn(urn: string): string {
  return urn.split('::')[2]?.split('$').at(-1) ?? '';
}

/** The name the program gave the resource. */
export function nameOfUrn(urn: string): string {
  return urn.split('::').slice(3).join('::');
}

/**
 * The kind a type stands for; a Patch type stands for the kind it patches.
 *
 * @throws when the type is none of an object in the API
 */
export function kindOfType(type: string): GroupVersionKind {
  const [, module, name] = type.split(':');
  const parts = /^(?:(.+)\/)?([^/]+)$/.exec(module ?? '');
  if (parts?.[2] === undefined || name === undefined || FOREIGN_MODULES.test(module ?? '')) {
    throw new Error(
      `the stand-in Kubernetes provider only knows objects of the API, not ${type}: ` +
        'use the real provider for charts, manifests and kustomizations',
    );
  }
  if (name.endsWith('List')) throw new Error(`${type} is a list: use a resource for each of its objects`);
  const group = parts[1] === 'core' ? '' : (parts[1] ?? '');
  return { group, version: parts[2], kind: name.replace(/Patch$/, '') };
}

/** The kind an object says it has, else the one of its type. */
export function kindOf(object: Properties, type: string): GroupVersionKind {
  const { apiVersion, kind } = object;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return kindOfType(type);
  const slash = apiVersion.indexOf('/');
  return { group: apiVersion.slice(0, Math.max(slash, 0)), version: apiVersion.slice(slash + 1), kind };
}

export function apiVersionOf({ group, version }: GroupVersionKind): string {
  return group === '' ? version : `${group}/${version}`;
}

/** Whether the resource owns some fields of an object and not the object: the type ends in Patch, the kind does not. */
export function isPatch(type: string, { kind }: GroupVersionKind): boolean {
  return type.endsWith('Patch') && !kind.endsWith('Patch');
}

export function isCrd({ group, kind }: GroupVersionKind): boolean {
  return group === 'apiextensions.k8s.io' && kind === 'CustomResourceDefinition';
}

/** A guess, for a kind the API server cannot be asked about: what is not known to be cluster-scoped has a namespace. */
export function isProbablyNamespaced({ kind }: GroupVersionKind): boolean {
  return !CLUSTER_SCOPED.has(kind);
}

export function nameOf(object: Properties): string {
  return stringAt(object, 'metadata', 'name');
}

/** Empty for an object without one. */
export function namespaceOf(object: Properties): string {
  return stringAt(object, 'metadata', 'namespace');
}

/** The value of an annotation, empty when absent. */
export function annotationOf(object: Properties, name: string): string {
  return stringAt(object, 'metadata', 'annotations', name);
}

/** `namespace/name`, or the name alone. */
export function idOf(object: Properties): string {
  const namespace = namespaceOf(object);
  return namespace === '' ? nameOf(object) : `${namespace}/${nameOf(object)}`;
}

/** The inverse of {@link idOf}. */
export function parseId(id: string): { namespace: string; name: string } {
  const slash = id.indexOf('/');
  return { namespace: id.slice(0, Math.max(slash, 0)), name: id.slice(slash + 1) };
}

/** A copy with `fields` set in the metadata. */
export function withMetadata(object: Properties, fields: Properties): Properties {
  const metadata = isObject(object['metadata']) ? object['metadata'] : {};
  return { ...object, metadata: { ...metadata, ...fields } };
}

function stringAt(object: Properties, ...path: string[]): string {
  const value = valueAt(object, ...path);
  return typeof value === 'string' ? value : '';
}
