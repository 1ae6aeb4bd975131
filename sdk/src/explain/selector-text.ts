/** Label selectors as kubectl writes them. */
import type { LabelSelector } from '../models/label-selector.js';

/** Such as `app=web,tier in (front,edge)`; alternatives are parted by `or`. */
export function describeSelectors(selectors: readonly LabelSelector[]): string {
  return selectors.map(describe).join(' or ') || 'everything';
}

function describe({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const equalities = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  const expressions = matchExpressions.map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator.toLowerCase()} (${values.join()})`;
  });
  return [...equalities, ...expressions].join() || 'none';
}
