/** Turns what a program wrote into the inputs everything later works from: named, placed and in one spelling. */
import { AUTONAMED } from './annotations.ts';
import {
  annotationOf,
  isCrd,
  isPatch,
  kindOf,
  nameOf,
  namespaceOf,
  nameOfUrn,
  withMetadata,
} from './kinds.ts';
import type { GroupVersionKind } from './kinds.ts';
import { autoname } from './names.ts';
import { copySecrets, hasUnknown, isObject, omit, reveal, textOf, UNKNOWN, valueAt } from './properties.ts';
import type { Properties, Value } from './properties.ts';

export interface CheckRequest {
  readonly urn: string;
  readonly type: string;
  /** The inputs before; empty for a new resource and for the new half of a replacement. */
  readonly olds: Properties;
  readonly news: Properties;
  readonly seed: Uint8Array;
  /** Where an object goes that names no namespace; absent for a kind that has none. */
  readonly defaultNamespace: string | undefined;
}

/** Fields of the metadata that only the API server writes. */
export const SERVER_METADATA = [
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'generation',
  'managedFields',
  'resourceVersion',
  'selfLink',
  'uid',
];

/**
 * The inputs of a resource, with every secret of the program wrapped.
 *
 * @throws when the resource cannot be managed as it is written
 */
export function checkInputs(request: CheckRequest): Properties {
  const kind = kindOf(reveal(request.news), request.type);
  let object = normalizeInputs(reveal(request.news), kind);
  if (object['metadata'] === UNKNOWN) return copySecrets(object, request.news);

  if (nameOf(object) === '') object = named(object, kind, request);
  if (request.defaultNamespace !== undefined && namespaceOf(object) === '') {
    object = withMetadata(object, { namespace: request.defaultNamespace });
  }
  return copySecrets(object, request.news);
}

/** One spelling for inputs that mean the same to the API server, so that they do not differ for ever. */
export function normalizeInputs(inputs: Properties, kind: GroupVersionKind): Properties {
  const object = withoutNulls(inputs) as Properties;
  if (isObject(object['metadata'])) object['metadata'] = omit(object['metadata'], SERVER_METADATA);
  if (isCrd(kind)) return normalizeCrd(object);
  return kind.group === '' && kind.kind === 'Secret' ? normalizeSecret(object) : object;
}

function named(object: Properties, kind: GroupVersionKind, request: CheckRequest): Properties {
  if (isPatch(request.type, kind)) {
    throw new Error('patch resources require the `.metadata.name` field to be set');
  }
  if (valueAt(object, 'metadata', 'generateName') !== undefined) {
    throw new Error('the `.metadata.generateName` field is not supported in Server-Side Apply mode');
  }
  const olds = reveal(request.olds);
  const name =
    annotationOf(olds, AUTONAMED) === 'true' ? nameOf(olds) : autoname(nameOfUrn(request.urn), request.seed);
  const annotations = valueAt(object, 'metadata', 'annotations');
  return withMetadata(object, {
    name,
    ...(annotations === UNKNOWN
      ? {}
      : { annotations: { ...(isObject(annotations) ? annotations : {}), [AUTONAMED]: 'true' } }),
  });
}

/** The server drops `preserveUnknownFields: false` and ignores a status. */
function normalizeCrd(object: Properties): Properties {
  const spec = object['spec'];
  const preserves = !isObject(spec) || spec['preserveUnknownFields'] !== false;
  return {
    ...omit(object, ['status']),
    ...(preserves ? {} : { spec: omit(spec, ['preserveUnknownFields']) }),
  };
}

/** The server moves `stringData` into `data`. */
function normalizeSecret(object: Properties): Properties {
  const { data, stringData } = object;
  if (!isObject(stringData) || hasUnknown(stringData) || hasUnknown(data ?? null)) return object;
  const encoded = Object.entries(stringData).map(([key, text]) => [
    key,
    Buffer.from(textOf(text)).toString('base64'),
  ]);
  return {
    ...omit(object, ['stringData']),
    data: { ...(isObject(data) ? data : {}), ...(Object.fromEntries(encoded) as Properties) },
  };
}

function withoutNulls(value: Value): Value {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([key, item]) => [key, withoutNulls(item)]),
  );
}
