/** Kubernetes label selectors: their shape, and whether labels match one. */
import * as z from 'zod';
import { noDuplicates, validations } from './validation.js';

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

/** Most selectors in one list; with it the rules of a selector stay within what they may cost. */
export const MOST_SELECTORS = 256;

/** A label value as the API server takes it (`IsValidLabelValue` of apimachinery): 63 characters at most. */
const LABEL_VALUE = { maxLength: 63, pattern: '^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$' };
/** The key of a label (`IsQualifiedName` of apimachinery): a name, and before it a DNS subdomain and `/`. */
const LABEL_KEY =
  '^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$';

export interface LabelSelectorRequirement {
  key: string;
  /** One of `OPERATORS`; upstream's CRDs admit any text here, so that others may be stored. */
  operator: string;
  values?: string[];
}

/** All parts must match; a selector without parts matches everything. */
export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: LabelSelectorRequirement[];
}

export const labelSelectorSchema = z
  .looseObject({
    matchLabels: z
      .record(z.string(), z.string().meta(LABEL_VALUE))
      .meta({
        maxProperties: 64,
        ...validations({
          rule: `self.all(key, key.matches('${LABEL_KEY}'))`,
          messageExpression: `'"' + self.filter(key, !key.matches('${LABEL_KEY}'))[0] + '" cannot be the key of a label'`,
        }),
      })
      .exactOptional()
      .describe('Labels that must all be present with these values.'),
    matchExpressions: z
      .array(
        z
          .looseObject({
            key: z
              .string()
              .meta({ maxLength: 317, pattern: LABEL_KEY })
              .describe('The label the requirement is about.'),
            operator: z.string().meta({ enum: OPERATORS }).describe('In, NotIn, Exists or DoesNotExist.'),
            values: z
              .array(z.string().meta(LABEL_VALUE))
              // A set may not have an item twice; as part of an atomic selector it is written as a whole all the same.
              .meta({ 'x-kubernetes-list-type': 'set' })
              .exactOptional()
              .describe('The values of In and NotIn; none for Exists and DoesNotExist.'),
          })
          .meta(
            validations({
              rule: "(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)",
              messageExpression: `'label "' + self.key + '": ' + self.operator + (self.operator in ['In', 'NotIn'] ? ' needs values' : ' takes no values')`,
            }),
          )
          .describe('One requirement on a label.'),
      )
      .meta({
        'x-kubernetes-list-type': 'atomic',
        maxItems: 32,
        ...validations(noDuplicates('matchExpressions')),
      })
      .exactOptional()
      .describe('Requirements that must all hold.'),
  })
  .meta({ 'x-kubernetes-map-type': 'atomic' })
  .describe('Selects by labels; an empty selector matches everything.') satisfies z.ZodType<LabelSelector>;

/** A list of selectors, each of them once. */
export function selectorsSchema(field: string) {
  return z.array(labelSelectorSchema).meta({ maxItems: MOST_SELECTORS, ...validations(noDuplicates(field)) });
}

/** A requirement that nothing can be asked with, such as an unknown operator. */
export class SelectorError extends Error {
  override readonly name = 'SelectorError';
}

/**
 * Whether `labels` match `selector`, by the rules of the API server: `NotIn` and `DoesNotExist` also
 * match when the label is absent.
 *
 * @throws SelectorError for an operator that does not exist
 */
export function matchesSelector(
  selector: LabelSelector,
  labels: Readonly<Record<string, string>> = {},
): boolean {
  const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return equal && (selector.matchExpressions ?? []).every((requirement) => holds(requirement, labels));
}

function holds(
  { key, operator, values = [] }: LabelSelectorRequirement,
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      throw new SelectorError(`label "${key}": operator "${operator}" is not one of ${OPERATORS.join(', ')}`);
  }
}

/** @throws SelectorError when nothing can be asked with one of its requirements, whatever the labels */
export function checkSelector(selector: LabelSelector): void {
  for (const requirement of selector.matchExpressions ?? []) holds(requirement, {});
}

/** The selector of objects that carry all of `labels`, as lists and watches take it: `app=web,tier=front`. */
export function selectorOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join();
}
