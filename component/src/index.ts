/** A Pulumi component that installs MetalLB's layer-2 mode. */
export { MetalLBLayer2 } from './metallb-layer2.js';
export { ArgsError, type ArgsProblem } from './args-error.js';
export type { Advertisement, Image, ImageBuild, MetalLBLayer2Args, Pool } from './args.js';
