/** Schemas of what is Kubernetes' own: names, labels, selectors, tolerations, quantities. */
import * as z from 'zod';
import { computable, expected, fields, listOf, matching, oneOf, text, wholeNumber } from './fields.js';

const LABEL_VALUE = /^([A-Za-z0-9]([-\w.]*[A-Za-z0-9])?)?$/;
const LABEL_KEY = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/;

export const namespaceSchema = matching(
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  63,
  'a namespace: lower-case letters, digits and "-", at most 63 of them',
);

export const objectName = matching(
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  253,
  'a name: lower-case letters, digits, "-" and ".", at most 253 of them',
);

const labelKey = matching(LABEL_KEY, 317, 'the name of a label: "role" or "example.com/role"');
const labelValue = matching(
  LABEL_VALUE,
  63,
  'the value of a label: letters, digits, "-", "_" and ".", at most 63 of them',
);

/** Texts by name; what is wrong with a name is said at its path. */
function mapOf(value: z.ZodType, isKey: (key: string) => boolean, badKey: string, what: string) {
  return z.record(z.string(), computable(value), expected(what)).superRefine((map, context) => {
    for (const key of Object.keys(map)) {
      if (!isKey(key)) context.addIssue({ code: 'custom', path: [key], message: badKey });
    }
  });
}

/** Labels. @param reserved names that are set already, and by what */
export function labelsSchema(reserved: Readonly<Record<string, string>> = {}) {
  return mapOf(
    labelValue,
    (key) => labelKey.safeParse(key).success,
    'this is not the name of a label; write one like "role" or "example.com/role"',
    'labels by name: { "example.com/role": "lan" }',
  ).superRefine((labels, context) => {
    for (const key of Object.keys(labels)) {
      const by = reserved[key];
      if (by === undefined) continue;
      context.addIssue({ code: 'custom', path: [key], message: `${by}; leave this label out` });
    }
  });
}

export const annotationsSchema = mapOf(
  text('the value of an annotation'),
  (key) => labelKey.safeParse(key).success,
  'this is not the name of an annotation; write one like "example.com/owner"',
  'annotations by name: { "example.com/owner": "network" }',
);

const requirement = fields(
  {
    key: computable(labelKey),
    operator: computable(oneOf(['In', 'NotIn', 'Exists', 'DoesNotExist'])),
    values: computable(listOf(labelValue, 'values')).optional(),
  },
  'a requirement: { key: "role", operator: "Exists" }',
).superRefine(({ operator, values }, context) => {
  const count = Array.isArray(values) ? values.length : values === undefined ? 0 : undefined;
  if (typeof operator !== 'string' || count === undefined) return;
  const wantsValues = operator === 'In' || operator === 'NotIn';
  if (wantsValues === count > 0) return;
  const message = wantsValues
    ? `nothing given; "${operator}" needs at least one value`
    : `values given; "${operator}" takes none, leave them out`;
  context.addIssue({ code: 'custom', path: ['values'], message });
});

export const selectorSchema = fields(
  {
    matchLabels: computable(labelsSchema()).optional(),
    matchExpressions: computable(listOf(requirement, 'requirements')).optional(),
  },
  'a label selector: { matchLabels: { role: "lan" } }',
);

export const selectorsSchema = listOf(selectorSchema, 'label selectors');

export const tolerationSchema = fields(
  {
    key: computable(labelKey).optional(),
    operator: computable(oneOf(['Equal', 'Exists'])).optional(),
    value: computable(labelValue).optional(),
    effect: computable(oneOf(['NoSchedule', 'PreferNoSchedule', 'NoExecute'])).optional(),
    tolerationSeconds: computable(wholeNumber(0, 2 ** 31 - 1, 'seconds')).optional(),
  },
  'a toleration: { key: "dedicated", operator: "Exists" }',
).superRefine(({ key, operator = 'Equal', value, effect, tolerationSeconds }, context) => {
  const refuse = (path: string, message: string) =>
    context.addIssue({ code: 'custom', path: [path], message });
  if (key === undefined && operator === 'Equal')
    refuse('key', 'nothing given; only operator "Exists" goes without');
  if (operator === 'Exists' && value !== undefined)
    refuse('value', 'operator "Exists" takes none; leave it out');
  if (tolerationSeconds !== undefined && typeof (effect ?? '') === 'string' && effect !== 'NoExecute') {
    refuse('tolerationSeconds', 'only effect "NoExecute" has an end; leave it out, or set the effect');
  }
});

/** Kubernetes' quantities: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity */
const quantity = matching(
  /^(\d+(\.\d+)?|\.\d+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+)?$/,
  64,
  'a quantity like "100m" (of a CPU) or "128Mi" (of memory)',
);
const quantities = mapOf(
  quantity,
  (key) => labelKey.safeParse(key).success,
  'this is not the name of a resource; write "cpu" or "memory"',
  'quantities by resource: { cpu: "100m", memory: "128Mi" }',
);

export const resourcesSchema = fields(
  { requests: computable(quantities).optional(), limits: computable(quantities).optional() },
  'an object with "requests" or "limits"',
);

/** Environment variables. @param reserved names that are set already, and by what */
export function envSchema(reserved: (name: string) => string | undefined) {
  return mapOf(
    text('the value of a variable, as text'),
    (key) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(key),
    'this is not the name of a variable; write letters, digits and "_"',
    'variables by name: { NODE_OPTIONS: "--max-old-space-size=512" }',
  ).superRefine((env, context) => {
    for (const key of Object.keys(env)) {
      const by = reserved(key);
      if (by !== undefined) context.addIssue({ code: 'custom', path: [key], message: by });
    }
  });
}
