/**
 * Turns a zod model into the structural schema of a CRD. The API server knows a part of OpenAPI v3 only, and
 * treats the frame of an object by itself, so of what zod generates:
 *
 * - `apiVersion` and `kind` become plain strings and `metadata` a plain object;
 * - `additionalProperties` stays where it types the values of a map, and goes where it says that unknown
 *   fields are kept (the API server prunes them);
 * - keys that a structural schema may not have are an error rather than dropped, so that no rule of a model
 *   is lost without notice;
 * - `x-kubernetes-…` keys come as they are from the model's metadata.
 */
import * as z from 'zod';
import type { StructuralSchema } from '../kube/core-types.js';

const KEPT = new Set([
  'type',
  'description',
  'format',
  'default',
  'enum',
  'minItems',
  'maxItems',
  'maxProperties',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'pattern',
  'nullable',
  'required',
  'x-kubernetes-map-type',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-validations',
]);

/** What zod generates, as far as it is looked at here. */
interface GeneratedSchema {
  properties?: Record<string, GeneratedSchema>;
  additionalProperties?: GeneratedSchema | boolean;
  items?: GeneratedSchema;
  required?: string[];
  [key: string]: unknown;
}

/**
 * The schema of a whole object of the kind that `model` describes.
 *
 * @throws Error when the model uses something that has no place in a structural schema
 */
export function structuralSchemaOf(model: z.ZodType): StructuralSchema {
  const generated = z.toJSONSchema(model, { target: 'openapi-3.0', io: 'input' }) as GeneratedSchema;
  const { properties, required, ...schema } = convert(generated, '');
  const fields = (required ?? []).filter((field) => field !== 'metadata');
  return {
    ...schema,
    properties: {
      ...properties,
      apiVersion: { type: 'string', description: 'Group and version of the object.' },
      kind: { type: 'string', description: 'Kind of the object.' },
      metadata: { type: 'object' },
    },
    ...(fields.length > 0 && { required: fields }),
  };
}

function convert(generated: GeneratedSchema, path: string): StructuralSchema {
  const { properties, additionalProperties, items, ...rest } = generated;
  const unknown = Object.keys(rest).find((key) => !KEPT.has(key));
  if (unknown !== undefined) throw new Error(`${path}: "${unknown}" cannot be part of a structural schema`);
  const schema = rest as StructuralSchema;
  if (properties) {
    schema.properties = {};
    for (const [name, property] of Object.entries(properties)) {
      if (path === '' && FRAME.has(name)) continue;
      schema.properties[name] = convert(property, `${path}.${name}`);
    }
  } else if (typeof additionalProperties === 'object' && Object.keys(additionalProperties).length > 0) {
    schema.additionalProperties = convert(additionalProperties, `${path}.*`);
  }
  if (items) schema.items = convert(items, `${path}[]`);
  return schema;
}

const FRAME = new Set(['apiVersion', 'kind', 'metadata']);
