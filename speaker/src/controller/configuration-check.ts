/**
 * What of the configuration is not in force, from the controller's point of view. Only what is named here is
 * left out; everything else stays as it is.
 */
import {
  checkSelector,
  type IPAddressPool,
  type L2Advertisement,
  type LabelSelector,
  SelectorError,
} from '@metallb-l2/sdk/models';
import { byAge } from './pools.js';

export interface RefusedAdvertisement {
  readonly object: L2Advertisement;
  /** What is wrong and what of the advertisement is left out, naming field and value. */
  readonly message: string;
}

/** Of each advertisement the first thing that is wrong, the oldest advertisement first. */
export function checkAdvertisements(
  advertisements: readonly L2Advertisement[],
  pools: readonly IPAddressPool[],
): RefusedAdvertisement[] {
  const names = new Set(pools.map(({ metadata }) => metadata.name));
  return advertisements.toSorted(byAge).flatMap((object) => {
    const problem = selectorProblem(object) ?? unknownPools(object, names);
    if (problem === undefined) return [];
    return [{ object, message: `advertisement "${object.metadata.name ?? ''}": ${problem}` }];
  });
}

/** Stored while there was no rule against it: speakers leave out all of the advertisement. */
function selectorProblem({ spec = {} }: L2Advertisement): string | undefined {
  const lists: Record<string, readonly LabelSelector[] | undefined> = {
    ipAddressPoolSelectors: spec.ipAddressPoolSelectors,
    nodeSelectors: spec.nodeSelectors,
    preferredNodeSelectors: spec.preferredNodeSelectors?.map(({ preference }) => preference),
    serviceSelectors: spec.serviceSelectors,
  };
  for (const [field, selectors = []] of Object.entries(lists)) {
    for (const [index, selector] of selectors.entries()) {
      try {
        checkSelector(selector);
      } catch (error) {
        if (!(error instanceof SelectorError)) throw error;
        return `spec.${field}[${String(index)}]: ${error.message}; the advertisement is left out`;
      }
    }
  }
  return undefined;
}

function unknownPools(
  { spec = {} }: L2Advertisement,
  names: ReadonlySet<string | undefined>,
): string | undefined {
  const { ipAddressPools = [], ipAddressPoolSelectors = [] } = spec;
  const index = ipAddressPools.findIndex((name) => !names.has(name));
  if (index < 0) return undefined;
  const unknown = ipAddressPools.filter((name) => !names.has(name)).map((name) => JSON.stringify(name));
  const others = ipAddressPools.length > unknown.length || ipAddressPoolSelectors.length > 0;
  return `spec.ipAddressPools[${String(index)}]: there is no IPAddressPool ${unknown.join(', ')}; ${
    others ? 'only its other pools are announced' : 'nothing is announced for it'
  }`;
}
