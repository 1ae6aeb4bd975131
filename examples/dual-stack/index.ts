import { type ImageBuild, MetalLBLayer2 } from '@metallb-l2/component';
import * as pulumi from '@pulumi/pulumi';

const config = new pulumi.Config();
const build = config.getObject<ImageBuild>('build');

const metallb = new MetalLBLayer2('metallb', {
  image: build === undefined ? { reference: config.require('image') } : { build },
  pools: [
    // Of both families, so that a service of two families gets one address of each.
    { name: 'office', addresses: config.requireObject<string[]>('office') },
    // Handed out only to services that ask for this pool.
    { name: 'edge', addresses: config.requireObject<string[]>('edge'), autoAssign: false },
  ],
  advertisements: [
    { name: 'office', pools: ['office'] },
    // Only these nodes are connected to the edge network.
    { name: 'edge', pools: ['edge'], nodeSelectors: [{ matchLabels: { 'example.com/network': 'edge' } }] },
  ],
});

export const { namespace, image, ready } = metallb;
