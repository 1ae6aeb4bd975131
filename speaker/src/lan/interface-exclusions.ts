import { DEFAULT_EXCLUDED_INTERFACES, type InterfaceRules } from '@metallb-l2/sdk/settings';

export const DEFAULT_EXCLUSIONS: readonly RegExp[] = DEFAULT_EXCLUDED_INTERFACES.map(
  (pattern) => new RegExp(pattern),
);

/**
 * The interface names to leave alone, as one list: to use only names that match A or B is to leave alone
 * those that match neither.
 */
export function exclusionsOf({ exclude = DEFAULT_EXCLUSIONS, include }: InterfaceRules): readonly RegExp[] {
  if (include === undefined) return exclude;
  const wanted = include.map(({ source }) => `(?:${source})`).join('|');
  return [...exclude, new RegExp(`^(?!.*(?:${wanted}))`)];
}
