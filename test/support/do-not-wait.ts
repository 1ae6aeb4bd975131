/** For clusters without nodes, where no Deployment ever becomes ready: the engine does not wait for one. */
import * as pulumi from '@pulumi/pulumi';

export const doNotWait: pulumi.ResourceTransform = ({ type, props, opts }) => {
  if (type !== 'kubernetes:apps/v1:Deployment') return undefined;
  const { metadata, ...rest } = props as { metadata: pulumi.Input<Record<string, unknown>> };
  const annotations = { 'pulumi.com/skipAwait': 'true' };
  return {
    props: { ...rest, metadata: pulumi.output(metadata).apply((known) => ({ ...known, annotations })) },
    opts,
  };
};
