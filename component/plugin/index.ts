// What Pulumi's analyzer reads; index.js is what runs.
export { MetalLBLayer2 } from '@metallb-l2/component';
