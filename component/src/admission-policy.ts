/**
 * What RBAC cannot say: a speaker claims services for its own node only. The API server knows the node of
 * a pod by the token it sends, and a `ValidatingAdmissionPolicy` holds every status against it. So one node
 * that has been broken into cannot say that another announces a service.
 *
 * The label is judged as the write leaves it, which lets a speaker adopt the object of another node. Then
 * `status.node` may be unset, as moving it past upstream's immutable field needs, or set to the own node.
 * Deletes are not judged: the next owner removes what the last one left.
 */
import { SERVICE_L2_STATUSES } from '@metallb-l2/sdk/models';
import { STATUS_LABELS } from '@metallb-l2/sdk/settings';
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import { clusterMetadataOf, type Site } from './site.js';

/** Cluster-wide, like the kind. */
const NAME = 'metallb-l2-speaker-node';

/** Where the API server says on which node the pod of a token runs (Kubernetes 1.30). */
const NODE_OF_TOKEN = 'authentication.kubernetes.io/node-name';

/**
 * A label holds 63 characters and a node name up to 253: a longer one is cut and a hash added, which CEL
 * cannot compute. Nodes that share their first 52 characters are told apart by `status.node` alone.
 */
const IS_OWN_LABEL = `size(variables.node) <= 63
  ? variables.label == variables.node
  : variables.label.startsWith(variables.node.substring(0, 52) + '-') && variables.label.matches('-[0-9a-f]{10}$') && size(variables.label) == 63`;

/** Restricts the speakers of the installation, and nobody else. */
export function createAdmissionPolicy(site: Site, opts: pulumi.CustomResourceOptions): pulumi.Resource[] {
  const { v1 } = k8s.admissionregistration;
  const { group, plural } = SERVICE_L2_STATUSES;
  const { name, namespace } = site;
  const metadata = clusterMetadataOf(site, NAME);
  const policy = new v1.ValidatingAdmissionPolicy(
    `${name}-speaker-node`,
    {
      metadata,
      spec: {
        failurePolicy: 'Fail',
        // Complete, defaults included: who applies it again must find it as it is, or is in conflict with who made it.
        matchConstraints: {
          matchPolicy: 'Equivalent',
          namespaceSelector: {},
          objectSelector: {},
          resourceRules: [
            {
              scope: '*',
              apiGroups: [group],
              apiVersions: ['*'],
              operations: ['CREATE', 'UPDATE'],
              resources: [plural, `${plural}/status`],
            },
          ],
        },
        matchConditions: [
          {
            name: 'is-speaker',
            expression: pulumi.interpolate`request.userInfo.username == 'system:serviceaccount:${namespace}:speaker'`,
          },
        ],
        variables: [
          { name: 'node', expression: `request.userInfo.?extra[?'${NODE_OF_TOKEN}'][?0].orValue('')` },
          { name: 'label', expression: `object.metadata.?labels[?'${STATUS_LABELS.node}'].orValue('')` },
          { name: 'statusNode', expression: `object.?status.?node.orValue('')` },
        ],
        validations: [
          {
            expression: `variables.node != ''`,
            reason: 'Forbidden',
            message:
              'the token of this speaker names no node: it is not bound to a pod, or the API server is older than Kubernetes 1.30',
          },
          {
            expression: `variables.node == '' || (${IS_OWN_LABEL})`,
            reason: 'Forbidden',
            messageExpression: `'the speaker of node "' + variables.node + '" may not claim a service for node "' + variables.label + '" (label ${STATUS_LABELS.node})'`,
          },
          {
            expression: `variables.node == '' || request.?subResource.orValue('') != 'status' || variables.statusNode in ['', variables.node]`,
            reason: 'Forbidden',
            messageExpression: `'the speaker of node "' + variables.node + '" may not claim a service for node "' + variables.statusNode + '" (status.node)'`,
          },
        ],
      },
    },
    opts,
  );
  const binding = new v1.ValidatingAdmissionPolicyBinding(
    `${name}-speaker-node`,
    { metadata, spec: { policyName: policy.metadata.name, validationActions: ['Deny'] } },
    opts,
  );
  return [policy, binding];
}
