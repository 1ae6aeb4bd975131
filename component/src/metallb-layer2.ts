/** MetalLB's layer-2 mode as one Pulumi resource. */
import * as pulumi from '@pulumi/pulumi';
import { type ServiceAnnouncement, announcersOf } from './announcers.js';
import type { MetalLBLayer2Args } from './args/args.js';
import { parseArgs } from './args/parse-args.js';
import { install, patch } from './install.js';

/**
 * Gives services of type LoadBalancer addresses of your LAN, and answers ARP and NDP for them from a node.
 *
 * One `pulumi up` on an empty cluster installs everything, each step once the one before is in place:
 * namespace, resource definitions, accounts and rights, controller, pools and advertisements, speakers.
 * It ends when all of it is ready. `pulumi destroy` removes all but the resource definitions.
 *
 * @example
 * ```ts
 * new MetalLBLayer2('metallb', {
 *   image: { build: { repository: 'registry.example.com/metallb-l2' } },
 *   pools: [{ name: 'production', addresses: ['192.168.10.0/24'] }],
 * });
 * ```
 */
export class MetalLBLayer2 extends pulumi.ComponentResource {
  /** The namespace everything was installed into. */
  readonly namespace: pulumi.Output<string>;
  /** The image the pods run; one that was built has its digest. Empty with `crds: "patch"`. */
  readonly image: pulumi.Output<string>;
  /** Names of the custom resource definitions it keeps, once they are in place. */
  readonly crdNames: pulumi.Output<string[]>;
  /** Whether the controller and every speaker run and are ready; with `crds: "patch"`, that it is patched. */
  readonly ready: pulumi.Output<boolean>;

  /**
   * @param name prefix of the names of all resources in the stack
   * @throws ArgsError before anything is registered, with everything that is wrong with `args`
   */
  constructor(name: string, args: MetalLBLayer2Args, opts?: pulumi.ComponentResourceOptions) {
    const parsed = parseArgs(args);
    super('metallb-l2:index:MetalLBLayer2', name, {}, opts);

    const { namespace, image, crdNames, ready } =
      parsed.crds === 'patch' ? patch(name, parsed, this) : install(name, parsed, this, opts?.customTimeouts);
    this.namespace = namespace;
    this.image = image;
    this.crdNames = crdNames;
    this.ready = ready;
    this.registerOutputs({ namespace, image, crdNames, ready });
  }

  /**
   * Which node announces which service, sorted by service: asked anew whenever this is read, once controller and
   * speakers are in place, with the kubeconfig of the provider. Unknown in a preview that cannot ask. It is no
   * part of the component's state, and for programs in TypeScript and JavaScript only.
   */
  get announcers(): pulumi.Output<ServiceAnnouncement[]> {
    return announcersOf(this.getProvider('kubernetes:core/v1:Namespace'), this.namespace, this.ready);
  }
}
