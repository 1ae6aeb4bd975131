import { MetalLBLayer2 } from '@metallb-l2/component';

const metallb = new MetalLBLayer2('metallb', { crds: 'patch' });

export const { crdNames, ready } = metallb;
