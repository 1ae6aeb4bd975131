/** Who owns which fields of an object, as server-side apply records it in `metadata.managedFields`. */
import { isObject, valueAt, type Properties, type Value } from './properties.ts';

/** Managers of an object made or applied without server-side apply: the one that updates it first takes over from them. */
const PREDECESSORS = [
  { manager: 'kubectl', operation: 'Apply' },
  { manager: 'kubectl', operation: 'Update' },
  { manager: 'before-first-apply', operation: 'Update' },
  { manager: 'pulumi-kubernetes', operation: 'Update' },
];

/**
 * The JSON patch by which `fieldManager` inherits the fields of its predecessors, so that they do not stand
 * in its way as a conflict; empty when there is nothing to inherit.
 */
export function inheritFields(live: Properties, fieldManager: string): Properties[] {
  const entries = managedFields(live);
  const inherited = entries.filter((entry) =>
    PREDECESSORS.some(
      ({ manager, operation }) =>
        entry['manager'] === manager &&
        entry['operation'] === operation &&
        entry['subresource'] === undefined,
    ),
  );
  if (inherited.length === 0) return [];
  const isOwn = (entry: Properties) => entry['manager'] === fieldManager && entry['operation'] === 'Apply';
  const own = entries.find(isOwn);
  const fields = [own, ...inherited].reduce<Properties>((all, entry) => union(all, entry?.['fieldsV1']), {});
  const taken = {
    ...(own ?? inherited[0]),
    manager: fieldManager,
    operation: 'Apply',
    fieldsV1: fields,
  } as Properties;
  const others = entries.filter((entry) => !isOwn(entry) && !inherited.includes(entry));
  return [
    { op: 'replace', path: '/metadata/managedFields', value: [...others, taken] },
    // A precondition: the object may have changed since it was read.
    {
      op: 'replace',
      path: '/metadata/resourceVersion',
      value: valueAt(live, 'metadata', 'resourceVersion') ?? '',
    },
  ];
}

/** Whether the field at `path` belongs to others and not to `fieldManager`. */
export function isOwnedByOthers(live: Properties, path: readonly string[], fieldManager: string): boolean {
  const keys = path.map((key) => `f:${key}`);
  const owners = managedFields(live)
    .filter((entry) => valueAt(entry['fieldsV1'], ...keys) !== undefined)
    .map((entry) => entry['manager']);
  return owners.length > 0 && !owners.includes(fieldManager);
}

function managedFields(live: Properties): Properties[] {
  const fields = valueAt(live, 'metadata', 'managedFields');
  return Array.isArray(fields) ? fields.filter(isObject) : [];
}

function union(a: Properties, b: Value | undefined): Properties {
  const all = { ...a };
  for (const [key, value] of Object.entries(isObject(b) ? b : {})) {
    const before = all[key];
    all[key] = isObject(before) ? union(before, value) : value;
  }
  return all;
}
