/** Compares what RBAC grants with what was asked of the API server. */
import { DEFAULT_NAMESPACE } from '@metallb-l2/sdk/settings';
import type { ACCESS } from '../../component/src/rbac.js';
import type { ApiCall } from '../lab/audit.ts';

type Access = typeof ACCESS;

/** One verb on one resource, in one place. */
interface Right extends Omit<ApiCall, 'namespace' | 'name'> {
  readonly where: 'everywhere' | 'in the namespace';
  /** Empty for every name. */
  readonly names: readonly string[];
}

/**
 * Each right of `access` that no call needed, as `account: verb resource, where`. One granted everywhere is
 * needed only by calls that go beyond MetalLB's namespace.
 */
export function unusedRights(access: Access, calls: readonly ApiCall[]): string[] {
  return rightsOf(access)
    .filter((right) => !calls.some((call) => isNeededBy(right, call)))
    .map(({ account, verb, resource, where }) => `${account}: ${verb} ${resource}, ${where}`);
}

function rightsOf(access: Access): Right[] {
  return Object.entries(access).flatMap(([account, { cluster, namespace }]) => [
    ...cluster.flatMap((rule) => rightsOfRule(account, rule, 'everywhere')),
    ...namespace.flatMap((rule) => rightsOfRule(account, rule, 'in the namespace')),
  ]);
}

function rightsOfRule(
  account: string,
  { apiGroups, resources, verbs, resourceNames: names = [] }: Access['speaker']['cluster'][number],
  where: Right['where'],
): Right[] {
  return apiGroups.flatMap((apiGroup) =>
    resources.flatMap((resource) =>
      verbs.map((verb) => ({ account, apiGroup, resource, verb, where, names })),
    ),
  );
}

function isNeededBy({ account, apiGroup, resource, verb, where, names }: Right, call: ApiCall): boolean {
  const isThere = (call.namespace === DEFAULT_NAMESPACE) === (where === 'in the namespace');
  return (
    isThere &&
    call.account === account &&
    call.apiGroup === apiGroup &&
    call.resource === resource &&
    call.verb === verb &&
    (names.length === 0 || names.includes(call.name))
  );
}
