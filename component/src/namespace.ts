/** The namespace everything lives in. */
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import type { Texts } from './args/parse-args.js';
import type { Site } from './site.js';

/** Open to the speaker's pods, which use the host's network and raw sockets. */
export const POD_SECURITY: Readonly<Texts> = {
  'pod-security.kubernetes.io/enforce': 'privileged',
  'pod-security.kubernetes.io/audit': 'privileged',
  'pod-security.kubernetes.io/warn': 'privileged',
};

/** Makes the namespace. */
export function createNamespace(
  { name, namespace, labels }: Site,
  more: { labels: pulumi.Input<Texts>; annotations: pulumi.Input<Texts> | undefined },
  opts: pulumi.CustomResourceOptions,
): k8s.core.v1.Namespace {
  return new k8s.core.v1.Namespace(
    `${name}-namespace`,
    {
      metadata: {
        name: namespace,
        labels: pulumi
          .all([labels, more.labels])
          .apply(([common, own]) => ({ ...common, ...own, ...POD_SECURITY })),
        ...(more.annotations && { annotations: more.annotations }),
      },
    },
    opts,
  );
}
