// What Pulumi's analyzer reads; index.js is what runs.
export { AddressPool, L2Advertisement, MetalLBLayer2 } from '@metallb-l2/component';
