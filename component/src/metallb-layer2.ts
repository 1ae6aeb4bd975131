/** MetalLB's layer-2 mode as one Pulumi resource. Wiring only: what is decided is decided below. */
import * as pulumi from '@pulumi/pulumi';
import { createAdmissionPolicy } from './admission-policy.js';
import type { MetalLBLayer2Args } from './args.js';
import { createController } from './controller.js';
import { installCrds } from './crds.js';
import { resolveImage } from './image.js';
import { createNamespace } from './namespace.js';
import { parseArgs } from './parse-args.js';
import { createAdvertisements, createPools } from './pools.js';
import { createAccount } from './rbac.js';
import { isDaemonSetRolledOut, isDeploymentRolledOut } from './rollout.js';
import { createSpeaker } from './speaker.js';

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
  /** The image the pods run; one that was built has its digest. */
  readonly image: pulumi.Output<string>;
  /** Names of the custom resource definitions, once they are in place. */
  readonly crdNames: pulumi.Output<string[]>;
  /** Whether the controller and every speaker run and are ready. */
  readonly ready: pulumi.Output<boolean>;

  /**
   * @param name prefix of the names of all resources in the stack
   * @throws ArgsError before anything is registered, with everything that is wrong with `args`
   */
  constructor(name: string, args: MetalLBLayer2Args, opts?: pulumi.ComponentResourceOptions) {
    const parsed = parseArgs(args, process.arch);
    super('metallb-l2:index:MetalLBLayer2', name, {}, opts);

    const after = (...dependsOn: pulumi.Resource[]) => ({ parent: this, dependsOn });
    const namespaces = parsed.createNamespace
      ? [createNamespace(name, parsed.namespace, { parent: this })]
      : [];
    const namespace = namespaces[0]?.metadata.name ?? pulumi.output(parsed.namespace);

    const crds = installCrds(name, after(...namespaces));
    const accounts = [
      ...createAccount(name, 'controller', namespace, after(...crds)),
      ...createAccount(name, 'speaker', namespace, after(...crds)),
    ];
    const policy = parsed.admissionPolicy ? createAdmissionPolicy(name, namespace, after(...crds)) : [];
    const image = resolveImage(parsed.image, this);
    const settings = { namespace, image, logLevel: parsed.logLevel };
    const controller = createController(name, settings, after(...accounts));
    const pools = createPools(name, namespace, parsed.pools, after(...crds, controller));
    const advertisements = createAdvertisements(
      name,
      namespace,
      parsed.advertisements,
      after(...crds, controller, ...pools),
    );
    // After the controller, which makes the secret the speakers mount.
    const speaker = createSpeaker(
      name,
      settings,
      after(...accounts, ...policy, controller, ...pools, ...advertisements),
    );

    this.namespace = namespace;
    this.image = image;
    this.crdNames = pulumi.all(crds.map((crd) => crd.metadata.name));
    this.ready = pulumi
      .all([
        pulumi.output({ metadata: controller.metadata, spec: controller.spec, status: controller.status }),
        pulumi.output({ metadata: speaker.metadata, status: speaker.status }),
      ])
      .apply(
        ([deployment, daemonSet]) => isDeploymentRolledOut(deployment) && isDaemonSetRolledOut(daemonSet),
      );
    this.registerOutputs({
      namespace: this.namespace,
      image: this.image,
      crdNames: this.crdNames,
      ready: this.ready,
    });
  }
}
