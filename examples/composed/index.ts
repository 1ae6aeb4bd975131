import { type ImageBuild } from '@metallb-l2/component';
import * as kubernetes from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import { LanPlatform } from './platform.ts';

const config = new pulumi.Config();
const build = config.getObject<ImageBuild>('build');

// The kubeconfig may be the output of what makes the cluster; a preview then works before there is one.
const provider = new kubernetes.Provider('cluster', {
  kubeconfig: config.requireSecret('kubeconfig'),
  // After an `up` that was interrupted, the next one takes over what the first has made.
  upsertExistingObjects: true,
});

const platform = new LanPlatform(
  'lan',
  {
    addresses: config.requireObject<string[]>('addresses'),
    image: build === undefined ? { reference: config.require('image') } : { build },
  },
  { provider },
);

export const { namespace, ready } = platform;
