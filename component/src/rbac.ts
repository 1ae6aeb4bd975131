/** What the two programs may do, and nothing else. */
import { CONTROLLER_LEASE, MEMBERLIST_SECRET } from '@metallb-l2/sdk/settings';
import * as k8s from '@pulumi/kubernetes';
import type * as pulumi from '@pulumi/pulumi';
import { clusterMetadataOf, metadataOf, type Site } from './site.js';

export type Role = 'controller' | 'speaker';

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  resourceNames?: string[];
}

interface Access {
  /** In every namespace, and for kinds without one. */
  cluster: Rule[];
  /** In the namespace of the installation. */
  namespace: Rule[];
}

/** What a cache kept by list and watch needs. */
const CACHED = ['list', 'watch'];
const CORE = '';
const METALLB = 'metallb.io';
const COORDINATION = 'coordination.k8s.io';

/** Every call the programs make to the API server, as rules. */
export const ACCESS: Readonly<Record<Role, Access>> = {
  controller: {
    cluster: [
      { apiGroups: [CORE], resources: ['services'], verbs: [...CACHED, 'get'] },
      { apiGroups: [CORE], resources: ['services/status'], verbs: ['update'] },
      { apiGroups: [CORE], resources: ['namespaces'], verbs: CACHED },
      { apiGroups: [CORE], resources: ['events'], verbs: ['create'] },
    ],
    namespace: [
      { apiGroups: [CORE], resources: ['pods'], verbs: CACHED },
      // Making an object cannot be limited to a name; reading it can, and no other secret is read.
      { apiGroups: [CORE], resources: ['secrets'], verbs: ['create'] },
      { apiGroups: [CORE], resources: ['secrets'], verbs: ['get'], resourceNames: [MEMBERLIST_SECRET] },
      { apiGroups: [COORDINATION], resources: ['leases'], verbs: ['create'] },
      {
        apiGroups: [COORDINATION],
        resources: ['leases'],
        verbs: ['get', 'update'],
        resourceNames: [CONTROLLER_LEASE],
      },
      { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get'], resourceNames: ['controller'] },
      { apiGroups: [METALLB], resources: ['ipaddresspools', 'l2advertisements'], verbs: CACHED },
      { apiGroups: [METALLB], resources: ['ipaddresspools/status'], verbs: ['update'] },
      { apiGroups: [METALLB], resources: ['servicel2statuses'], verbs: [...CACHED, 'delete'] },
      { apiGroups: [METALLB], resources: ['configurationstates'], verbs: [...CACHED, 'create', 'patch'] },
      { apiGroups: [METALLB], resources: ['configurationstates/status'], verbs: ['patch'] },
    ],
  },
  speaker: {
    cluster: [
      { apiGroups: [CORE], resources: ['services', 'nodes'], verbs: CACHED },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: CACHED },
      { apiGroups: [CORE], resources: ['events'], verbs: ['create'] },
    ],
    namespace: [
      { apiGroups: [CORE], resources: ['pods'], verbs: CACHED },
      { apiGroups: [METALLB], resources: ['ipaddresspools', 'l2advertisements'], verbs: CACHED },
      {
        apiGroups: [METALLB],
        resources: ['servicel2statuses'],
        verbs: [...CACHED, 'create', 'patch', 'delete'],
      },
      { apiGroups: [METALLB], resources: ['servicel2statuses/status'], verbs: ['patch'] },
    ],
  },
};

/** The service account of a program, bound to its rules. */
export function createAccount(site: Site, role: Role, opts: pulumi.CustomResourceOptions): pulumi.Resource[] {
  const { rbac } = k8s;
  const { name, namespace } = site;
  const resourceName = `${name}-${role}`;
  // Cluster-wide names carry the product: upstream's own stay untouched beside them.
  const clusterRoleName = `metallb-l2:${role}`;
  const clusterMetadata = clusterMetadataOf(site, clusterRoleName);
  const metadata = metadataOf(site, role);
  const subjects = [{ kind: 'ServiceAccount', name: role, namespace }];
  const refTo = (kind: string, target: string) => ({
    apiGroup: 'rbac.authorization.k8s.io',
    kind,
    name: target,
  });

  const account = new k8s.core.v1.ServiceAccount(resourceName, { metadata }, opts);
  const clusterRole = new rbac.v1.ClusterRole(
    resourceName,
    { metadata: clusterMetadata, rules: ACCESS[role].cluster },
    opts,
  );
  const clusterBinding = new rbac.v1.ClusterRoleBinding(
    resourceName,
    { metadata: clusterMetadata, roleRef: refTo('ClusterRole', clusterRoleName), subjects },
    opts,
  );
  const localRole = new rbac.v1.Role(resourceName, { metadata, rules: ACCESS[role].namespace }, opts);
  const localBinding = new rbac.v1.RoleBinding(
    resourceName,
    { metadata, roleRef: refTo('Role', role), subjects },
    opts,
  );
  return [account, clusterRole, clusterBinding, localRole, localBinding];
}
