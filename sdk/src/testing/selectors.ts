/** Label and field selectors in the text form of list and watch requests. */
import { KubeError } from '../kube/errors.js';
import type { KubeObject, ListOptions } from '../kube/kube-api.js';
import { type LabelSelectorRequirement, matchesSelector } from '../models/label-selector.js';

export type ObjectFilter = (object: KubeObject) => boolean;

/**
 * What `options` select.
 *
 * @throws KubeError `BadRequest` for a selector that cannot be read
 */
export function filterOf(
  options: Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'>,
  operation: string,
): ObjectFilter {
  const matchExpressions = splitTerms(options.labelSelector ?? '').map((term) =>
    parseLabelTerm(term, operation),
  );
  const fields = splitTerms(options.fieldSelector ?? '').map((term) => parseFieldTerm(term, operation));
  return (object) =>
    (options.namespace === undefined || object.metadata.namespace === options.namespace) &&
    matchesSelector({ matchExpressions }, object.metadata.labels) &&
    fields.every(({ path, value, equal }) => (fieldAt(object, path) === value) === equal);
}

/** Splits at the commas outside parentheses. */
function splitTerms(selector: string): string[] {
  return selector
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter((term) => term !== '');
}

function parseLabelTerm(term: string, operation: string): LabelSelectorRequirement {
  const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(term);
  if (set) {
    const [, key = '', operator, values = ''] = set;
    return {
      key,
      operator: operator === 'in' ? 'In' : 'NotIn',
      values: values.split(',').map((value) => value.trim()),
    };
  }
  const equality = /^([^\s=!]+)\s*(==?|!=)\s*([^\s=!]*)$/.exec(term);
  if (equality) {
    const [, key = '', operator, value = ''] = equality;
    return { key, operator: operator === '!=' ? 'NotIn' : 'In', values: [value] };
  }
  const existence = /^(!?)([^\s=!()]+)$/.exec(term);
  if (existence) {
    const [, not, key = ''] = existence;
    return { key, operator: not === '!' ? 'DoesNotExist' : 'Exists' };
  }
  throw new KubeError('BadRequest', `unable to parse requirement: ${term}`, { status: 400, operation });
}

function parseFieldTerm(term: string, operation: string): { path: string[]; value: string; equal: boolean } {
  const match = /^([\w.]+)(==?|!=)(.*)$/.exec(term);
  if (!match) {
    throw new KubeError('BadRequest', `invalid field selector: ${term}`, { status: 400, operation });
  }
  const [, path = '', operator, value = ''] = match;
  return { path: path.split('.'), value, equal: operator !== '!=' };
}

/** An absent field is selected as the empty text. */
function fieldAt(object: unknown, path: readonly string[]): unknown {
  let value: unknown = object;
  for (const key of path) value = (value as Record<string, unknown> | undefined)?.[key];
  return value ?? '';
}
