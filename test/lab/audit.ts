/**
 * The audit log of a lab's API server: what the programs of an installation asked of it. Only calls of service
 * accounts in MetalLB's namespace are written down, and nothing of what they carry.
 */
import { readFile } from 'node:fs/promises';
import { DEFAULT_NAMESPACE } from '@metallb-l2/sdk/settings';

/** A call as RBAC looks at it. */
export interface ApiCall {
  /** The name of the service account. */
  readonly account: string;
  readonly verb: string;
  readonly apiGroup: string;
  /** With the subresource, as a rule names it: `services/status`. */
  readonly resource: string;
  /** Empty for calls that concern no namespace, or all. */
  readonly namespace: string;
  readonly name: string;
}

const ACCOUNTS = `system:serviceaccounts:${DEFAULT_NAMESPACE}`;
const USER_PREFIX = `system:serviceaccount:${DEFAULT_NAMESPACE}:`;

/** An audit policy (audit.k8s.io/v1), as text. A watch is told of when it starts: it may end with the lab only. */
export function renderAuditPolicy(): string {
  return JSON.stringify({
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [{ level: 'Metadata', userGroups: [ACCOUNTS] }, { level: 'None' }],
  });
}

/** What of an event of audit.k8s.io/v1 is looked at. */
interface AuditEvent {
  readonly auditID: string;
  readonly verb: string;
  readonly user: { readonly username: string };
  /** Absent for paths that are no resources, such as `/version`. */
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
}

/** The calls in an audit log, each once, in the order in which they were answered. */
export async function readApiCalls(file: string): Promise<ApiCall[]> {
  const lines = (await readFile(file, 'utf8')).split('\n');
  // The last line may be half written.
  const events = lines.slice(0, -1).map((line) => JSON.parse(line) as AuditEvent);
  const calls = new Map<string, ApiCall>();
  for (const { auditID, verb, user, objectRef } of events) {
    if (objectRef === undefined) continue;
    const { apiGroup = '', resource, subresource, namespace = '', name = '' } = objectRef;
    calls.set(auditID, {
      account: user.username.slice(USER_PREFIX.length),
      verb,
      apiGroup,
      resource: subresource === undefined ? resource : `${resource}/${subresource}`,
      namespace,
      name,
    });
  }
  return [...calls.values()];
}
