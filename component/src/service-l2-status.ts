/**
 * Which node announces a service, asked by a program. The answer is that of the moment the program runs: it is no
 * resource, so nothing about it is ever created, changed or refreshed.
 */
import type { AnswerReason, Certainty, ServiceL2StatusClient } from '@metallb-l2/sdk';
import { DEFAULT_NAMESPACE } from '@metallb-l2/sdk/settings';
import * as pulumi from '@pulumi/pulumi';
import * as z from 'zod';
import type { ServiceReference } from './announcers.js';
import { refuse } from './args/error.js';
import { expected, fields, problemsOf, text } from './args/fields.js';
import { namespaceSchema, objectName } from './args/kubernetes-schema.js';
import { askCluster, explaining, unlessInPreview } from './ask-cluster.js';
import { whenCreated } from './when-created.js';

/** Arguments of {@link getServiceL2Status}. */
export interface GetServiceL2StatusArgs {
  service: ServiceReference;
  /**
   * Path or content of the kubeconfig of the cluster.
   *
   * @default `$KUBECONFIG`, `~/.kube/config` or the pod's service account
   */
  kubeconfig?: string;
  /** @default the current context of the kubeconfig */
  context?: string;
  /**
   * The namespace of MetalLB, where the status objects are.
   *
   * @default "metallb-system"
   */
  namespace?: string;
  /**
   * How long to wait for the service to be announced, in seconds: a service that has just been made is announced
   * a moment after it got its address. When the time is over the answer is what is then. Never in a preview.
   *
   * @default 0
   */
  waitSeconds?: number;
}

/** Arguments of {@link getServiceL2StatusOutput}: those of {@link getServiceL2Status}, each perhaps computed. */
export interface GetServiceL2StatusOutputArgs {
  service: pulumi.Input<{ namespace: pulumi.Input<string>; name: pulumi.Input<string> }>;
  kubeconfig?: pulumi.Input<string> | undefined;
  context?: pulumi.Input<string> | undefined;
  namespace?: pulumi.Input<string> | undefined;
  waitSeconds?: pulumi.Input<number> | undefined;
}

/** Where a service is announced. */
export interface GetServiceL2StatusResult {
  service: ServiceReference;
  /** The announcing node; undefined when nobody announces the service. */
  node?: string;
  /** Every node that says it announces the service, sorted; more than one while it moves, or in a conflict. */
  nodes: string[];
  /** `settled`, `moving`, `conflicting`, `stale` or `nobody`. */
  certainty: Certainty;
  /** What the answer rests on, as a word. */
  reason: AnswerReason;
  /** {@link reason} as a sentence, with names. */
  why: string;
  /** Interfaces of the node that answer, sorted. Empty means all, with upstream's speakers. */
  interfaces: string[];
  /** Addresses that are answered for; empty with upstream's speakers. */
  addresses: string[];
  /** Since when, in RFC 3339. */
  since?: string;
}

/**
 * Asks which node announces a service.
 *
 * @throws RunError when the cluster cannot be asked, with what to do about it
 */
export function getServiceL2Status(args: GetServiceL2StatusArgs): Promise<GetServiceL2StatusResult> {
  return explaining('getServiceL2Status', () => ask(args));
}

/**
 * Asks which node announces a service, once everything that its arguments come from, or that it depends on, has
 * been created. In a preview the answer is unknown as long as one of these does not exist, and while there is no
 * kubeconfig, nobody answers or MetalLB is not installed; in an update these are errors. A secret kubeconfig does
 * not make the answer a secret.
 *
 * @example
 * ```ts
 * const service = { namespace: web.metadata.namespace, name: web.metadata.name };
 * const status = getServiceL2StatusOutput({ service, kubeconfig, waitSeconds: 30 }, { dependsOn: metallb });
 * export const node = status.node;
 * ```
 */
export function getServiceL2StatusOutput(
  args: GetServiceL2StatusOutputArgs,
  { dependsOn }: Pick<pulumi.InvokeOutputOptions, 'dependsOn'> = {},
): pulumi.Output<GetServiceL2StatusResult> {
  const kubeconfig = pulumi.unsecret(pulumi.output(args.kubeconfig));
  return pulumi
    .all([pulumi.output({ ...args, kubeconfig }), whenCreated(args, dependsOn)])
    .apply(([known]) => unlessInPreview('getServiceL2StatusOutput', () => ask(known)));
}

type Question = Pick<GetServiceL2StatusArgs, 'service'> & {
  [Field in keyof GetServiceL2StatusArgs]: GetServiceL2StatusArgs[Field] | undefined;
};

const seconds = expected('a number of seconds from 0 on');

const questionSchema = fields(
  {
    service: fields(
      { namespace: namespaceSchema, name: objectName },
      'an object with "namespace" and "name"',
    ),
    kubeconfig: text('the path or the content of a kubeconfig').optional(),
    context: text('the name of a context').optional(),
    namespace: namespaceSchema.optional(),
    waitSeconds: z.number(seconds).min(0, seconds).optional(),
  },
  'an object with "service"',
);

async function ask(question: Question): Promise<GetServiceL2StatusResult> {
  refuse(problemsOf(questionSchema, question, ''), 'getServiceL2Status');
  const { service, namespace, waitSeconds, ...access } = question;
  return askCluster({ ...access, namespace: namespace ?? DEFAULT_NAMESPACE }, async (client) => {
    if (!pulumi.runtime.isDryRun()) await waitFor(client, service, waitSeconds ?? 0);
    const { certainty, reason, why, others, ...found } = await client.whoAnnounces(service);
    const nodes = [found, ...others].flatMap(({ node }) => node ?? []);
    return {
      service: { ...service },
      ...(found.node === undefined ? {} : { node: found.node }),
      nodes: [...new Set(nodes)].sort(),
      certainty,
      reason,
      why,
      interfaces: [...found.interfaces],
      addresses: [...found.addresses],
      ...(found.since === undefined ? {} : { since: found.since.toISOString() }),
    };
  });
}

/** Until the service is announced, or the time is over. */
async function waitFor(
  client: ServiceL2StatusClient,
  service: ServiceReference,
  seconds: number,
): Promise<void> {
  if (seconds === 0) return;
  const { ServiceL2StatusError } = await import('@metallb-l2/sdk');
  try {
    await client.waitUntilAnnounced(service, { timeoutMs: seconds * 1000 });
  } catch (error) {
    if (!(error instanceof ServiceL2StatusError && error.code === 'Timeout')) throw error;
  }
}
