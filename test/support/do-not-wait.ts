/** For clusters without nodes, where no Deployment ever becomes ready: the engine does not wait for one. */
import * as pulumi from '@pulumi/pulumi';

export const doNotWait: pulumi.ResourceTransform = ({ type, props, opts }) => {
  if (type !== 'kubernetes:apps/v1:Deployment') return undefined;
  const { metadata, ...rest } = props as { metadata: pulumi.Input<{ annotations?: Record<string, string> }> };
  const waitless = pulumi.output(metadata).apply(({ annotations = {}, ...known }) => ({
    ...known,
    annotations: { ...annotations, 'pulumi.com/skipAwait': 'true' },
  }));
  return { props: { ...rest, metadata: waitless }, opts };
};
