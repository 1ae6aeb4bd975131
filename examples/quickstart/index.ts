import { type ImageBuild, MetalLBLayer2 } from '@metallb-l2/component';
import * as pulumi from '@pulumi/pulumi';

const config = new pulumi.Config();
const build = config.getObject<ImageBuild>('build');

const metallb = new MetalLBLayer2('metallb', {
  image: build === undefined ? { reference: config.require('image') } : { build },
  pools: [{ name: 'production', addresses: config.requireObject<string[]>('addresses') }],
});

export const { namespace, image, ready } = metallb;
