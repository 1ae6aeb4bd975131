/** An advertisement on its own, for stacks that do not install MetalLB themselves. */
import * as pulumi from '@pulumi/pulumi';
import { parseL2Advertisement } from './args/parse-pools.js';
import type { L2AdvertisementArgs } from './args/pools.js';
import { createAdvertisement } from './pools.js';

/**
 * Announces pools of an installation that is there: ours, or upstream's. Names of pools are taken as they
 * are, since the pools may be in another stack.
 */
export class L2Advertisement extends pulumi.ComponentResource {
  /** Name of the `L2Advertisement`. */
  readonly name: pulumi.Output<string>;
  /** Its namespace. */
  readonly namespace: pulumi.Output<string>;

  /**
   * @param name of the resource, and of the advertisement unless `args` say otherwise
   * @throws ArgsError before anything is registered, with everything that is wrong with `args`
   */
  constructor(name: string, args: L2AdvertisementArgs, opts?: pulumi.ComponentResourceOptions) {
    const parsed = parseL2Advertisement(name, args);
    super('metallb-l2:index:L2Advertisement', name, {}, opts);
    const { metadata } = createAdvertisement(name, parsed, undefined, { parent: this });
    this.name = metadata.name;
    this.namespace = metadata.namespace;
    this.registerOutputs({ name: this.name, namespace: this.namespace });
  }
}
