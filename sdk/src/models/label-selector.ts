/** Kubernetes label selectors: their shape, and whether labels match one. */
import * as z from 'zod';

export interface LabelSelectorRequirement {
  key: string;
  /** `In`, `NotIn`, `Exists` or `DoesNotExist`. The CRDs, like upstream's, admit any text here. */
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
      .record(z.string(), z.string())
      .exactOptional()
      .describe('Labels that must all be present with these values.'),
    matchExpressions: z
      .array(
        z
          .looseObject({
            key: z.string().describe('The label the requirement is about.'),
            operator: z.string().describe('In, NotIn, Exists or DoesNotExist.'),
            values: z
              .array(z.string())
              .meta({ 'x-kubernetes-list-type': 'atomic' })
              .exactOptional()
              .describe('The values of In and NotIn; none for Exists and DoesNotExist.'),
          })
          .describe('One requirement on a label.'),
      )
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .exactOptional()
      .describe('Requirements that must all hold.'),
  })
  .meta({ 'x-kubernetes-map-type': 'atomic' })
  .describe('Selects by labels; an empty selector matches everything.') satisfies z.ZodType<LabelSelector>;

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
      throw new SelectorError(
        `label "${key}": operator "${operator}" is not one of In, NotIn, Exists, DoesNotExist`,
      );
  }
}

/** The selector of objects that carry all of `labels`, as lists and watches take it: `app=web,tier=front`. */
export function selectorOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join();
}
