/**
 * Which services a pool may serve: its `serviceAllocation`. Namespaces and service labels must both fit;
 * a part that is left out, or empty, fits everything.
 */
import {
  checkSelector,
  type LabelSelector,
  matchesSelector,
  type ServiceAllocation,
} from '@metallb-l2/sdk/models';

type Labels = Readonly<Record<string, string>>;

/** By name. No selector matches a namespace that is not, or not yet, among them. */
export type NamespaceLabels = ReadonlyMap<string, Labels>;

/** What a pool looks at of a service. */
export interface Tenant {
  readonly namespace: string;
  readonly labels: Labels;
}

export interface PoolScope {
  /** Lower goes first; `Infinity` when none is given. */
  readonly priority: number;
  /** The namespaces whose services it may serve, by name or by label; undefined when it may serve all. */
  readonly namespaces:
    { readonly names: ReadonlySet<string>; readonly selectors: readonly LabelSelector[] } | undefined;
  /** One of them must match the labels of the service; undefined when any will do. */
  readonly services: readonly LabelSelector[] | undefined;
}

/** @throws SelectorError for a selector that nothing can be asked with */
export function readScope(allocation: ServiceAllocation): PoolScope {
  const { priority = 0, namespaces = [], namespaceSelectors = [], serviceSelectors = [] } = allocation;
  for (const selector of [...namespaceSelectors, ...serviceSelectors]) checkSelector(selector);
  const anyNamespace = namespaces.length === 0 && namespaceSelectors.length === 0;
  return {
    priority: priority > 0 ? priority : Infinity,
    namespaces: anyNamespace ? undefined : { names: new Set(namespaces), selectors: namespaceSelectors },
    services: serviceSelectors.length === 0 ? undefined : serviceSelectors,
  };
}

export function admitsNamespace(
  { namespaces }: PoolScope,
  name: string,
  namespaceLabels: NamespaceLabels,
): boolean {
  if (namespaces === undefined || namespaces.names.has(name)) return true;
  const labels = namespaceLabels.get(name);
  return labels !== undefined && namespaces.selectors.some((selector) => matchesSelector(selector, labels));
}

export function admitsLabels({ services }: PoolScope, labels: Labels): boolean {
  return services === undefined || services.some((selector) => matchesSelector(selector, labels));
}
