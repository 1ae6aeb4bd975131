// What runs. Beside it, index.ts says the same to Pulumi's analyzer, which reads types.
export { AddressPool, L2Advertisement, MetalLBLayer2 } from '@metallb-l2/component';
