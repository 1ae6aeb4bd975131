/** A pool on its own, for stacks that do not install MetalLB themselves. */
import * as pulumi from '@pulumi/pulumi';
import { parseAddressPool } from './args/parse-pools.js';
import type { AddressPoolArgs } from './args/pools.js';
import { createPool } from './pools.js';

/**
 * Addresses for services of type LoadBalancer, added to an installation that is there: ours, or upstream's.
 *
 * @example
 * ```ts
 * const office = new AddressPool('office', { addresses: ['192.168.20.0/24'] });
 * new L2Advertisement('office', { pools: [office.name] });
 * ```
 */
export class AddressPool extends pulumi.ComponentResource {
  /** Name of the `IPAddressPool`. */
  readonly name: pulumi.Output<string>;
  /** Its namespace. */
  readonly namespace: pulumi.Output<string>;

  /**
   * @param name of the resource, and of the pool unless `args` say otherwise
   * @throws ArgsError before anything is registered, with everything that is wrong with `args`
   */
  constructor(name: string, args: AddressPoolArgs, opts?: pulumi.ComponentResourceOptions) {
    const parsed = parseAddressPool(name, args);
    super('metallb-l2:index:AddressPool', name, {}, opts);
    const { metadata } = createPool(name, parsed, undefined, { parent: this });
    this.name = metadata.name;
    this.namespace = metadata.namespace;
    this.registerOutputs({ name: this.name, namespace: this.namespace });
  }
}
