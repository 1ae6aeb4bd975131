/** What to write over the definition of `ServiceL2Status` that is there, whatever release of upstream's it is of. */
import type * as k8s from '@pulumi/kubernetes';

type Found = k8s.types.output.apiextensions.v1.CustomResourceDefinition;
type Version = Found['spec']['versions'][number];

export interface MendedDefinition {
  annotations: Record<string, string>;
  spec: k8s.types.input.apiextensions.v1.CustomResourceDefinitionSpecPatch;
}

/**
 * Names what was mended last. Without it a definition that upstream has put back would be mended to what the stack
 * believes is there, and `up` would find nothing to do.
 */
const MENDED = 'metallb-l2/mended';

/** A schema as the Kubernetes provider spells it, as far as it is looked at here. */
interface Schema {
  properties?: Record<string, Schema>;
  x_kubernetes_validations?: { rule: string }[];
}

/**
 * The definition as it is, but for the rule that `status.node` may not change. Versions of a definition can be
 * written only as a whole, so all of them are in it.
 */
export function mendedDefinition({ metadata, spec }: Pick<Found, 'metadata' | 'spec'>): MendedDefinition {
  const { group, scope, names } = spec;
  const versions = spec.versions.map(withMutableNode);
  const isMended = spec.versions.every((version, index) => version === versions[index]);
  const { annotations } = metadata as Partial<typeof metadata>;
  const mark = isMended ? annotations?.[MENDED] : `${metadata.uid}/${metadata.generation}`;
  return {
    annotations: mark === undefined ? {} : { [MENDED]: mark },
    spec: { group, scope, names, versions },
  };
}

/** The same object when there is nothing to change. */
function withMutableNode(version: Version): Version {
  const found = version.schema.openAPIV3Schema as Schema;
  const openAPIV3Schema = changed(found, ['status', 'node'], (node) => {
    const { x_kubernetes_validations: rules = [], ...rest } = node;
    const kept = rules.filter(({ rule }) => !/\boldSelf\b/.test(rule));
    if (kept.length === rules.length) return node;
    return { ...rest, ...(kept.length > 0 && { x_kubernetes_validations: kept }) };
  });
  return openAPIV3Schema === found ? version : ({ ...version, schema: { openAPIV3Schema } } as Version);
}

/** `schema` with the field at `path` changed, or itself when there is no such field or no change. */
function changed(
  schema: Schema,
  [field, ...path]: readonly string[],
  change: (schema: Schema) => Schema,
): Schema {
  if (field === undefined) return change(schema);
  const before = schema.properties?.[field];
  const after = before && changed(before, path, change);
  if (after === undefined || after === before) return schema;
  return { ...schema, properties: { ...schema.properties, [field]: after } };
}
