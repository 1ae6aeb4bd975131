/** The order in which everything is made. Wiring only: what is decided is decided in the files it names. */
import * as pulumi from '@pulumi/pulumi';
import { createAdmissionPolicy } from './admission-policy.js';
import type { ParsedArgs, ParsedPatch } from './args/parse-args.js';
import { createController, createDisruptionBudget } from './controller.js';
import { installCrds, mendCrds } from './crds.js';
import { resolveImage } from './image.js';
import { createInterfaceRules } from './interface-rules.js';
import { createAlerts } from './metrics/alerts.js';
import { createDashboard } from './metrics/dashboard.js';
import { createMonitors } from './metrics/monitors.js';
import { createNamespace } from './namespace.js';
import { createNetworkPolicy } from './network-policy.js';
import type { PodSettings } from './pod.js';
import { createAdvertisement, createPool } from './pools.js';
import { createAccount } from './rbac.js';
import { isDaemonSetRolledOut, isDeploymentRolledOut } from './rollout.js';
import { labelled, type Site } from './site.js';
import { createSpeaker } from './speaker.js';

/** What a program is told about the installation. */
export interface Installed {
  namespace: pulumi.Output<string>;
  image: pulumi.Output<string>;
  crdNames: pulumi.Output<string[]>;
  ready: pulumi.Output<boolean>;
}

/**
 * Everything, each step once the one before is in place.
 *
 * @param customTimeouts of each resource; Pulumi itself takes those of a component for nobody's
 */
export function install(
  name: string,
  parsed: ParsedArgs,
  parent: pulumi.Resource,
  customTimeouts: pulumi.CustomTimeouts = {},
): Installed {
  const after = (...dependsOn: pulumi.Resource[]) => ({ parent, dependsOn, customTimeouts });
  const labels = labelled(parsed.labels, {});
  const namespaces = parsed.createNamespace
    ? [
        createNamespace(
          { name, namespace: parsed.namespace, labels },
          { labels: parsed.namespaceLabels, annotations: parsed.namespaceAnnotations },
          after(),
        ),
      ]
    : [];
  const namespace = namespaces[0]?.metadata.name ?? pulumi.output(parsed.namespace);
  const site: Site = { name, namespace, labels };

  const crds = parsed.crds === 'skip' ? [] : installCrds(name, after(...namespaces));
  const base = after(...namespaces, ...crds);
  const accounts = [...createAccount(site, 'controller', base), ...createAccount(site, 'speaker', base)];
  const policy = parsed.admissionPolicy ? createAdmissionPolicy(site, base) : [];
  const networkPolicy = parsed.networkPolicy ? [createNetworkPolicy(site, parsed.networkPolicy, base)] : [];
  createOperations(site, parsed, base);

  const image = resolveImage(parsed.image, parent);
  const { imagePullSecrets, logLevel, loadBalancerClass } = parsed;
  const settings: PodSettings = { site, image, imagePullSecrets, logLevel, loadBalancerClass };
  const controller = createController(settings, parsed.controller, after(...accounts, ...networkPolicy));
  createDisruptionBudget(site, base);
  const configuration = createConfiguration(site, parsed, after(...crds, controller));
  const rules = createInterfaceRules(site, parsed.speaker, base);
  // After the controller, which makes the secret the speakers mount.
  const speaker = createSpeaker(
    settings,
    parsed.speaker,
    rules,
    after(...accounts, ...policy, controller, ...configuration),
  );

  return {
    namespace,
    image,
    crdNames: pulumi.all(crds.map((crd) => crd.metadata.name)),
    ready: pulumi
      .all([
        pulumi.output({ metadata: controller.metadata, spec: controller.spec, status: controller.status }),
        pulumi.output({ metadata: speaker.metadata, status: speaker.status }),
      ])
      .apply(
        ([deployment, daemonSet]) => isDeploymentRolledOut(deployment) && isDaemonSetRolledOut(daemonSet),
      ),
  };
}

/** Only the definition whose `status.node` cannot change; ready as soon as it is mended. */
export function patch(name: string, { namespace }: ParsedPatch, parent: pulumi.Resource): Installed {
  const crdNames = pulumi.all(mendCrds(name, { parent }).map((crd) => crd.metadata.name));
  return {
    namespace: pulumi.output(namespace),
    image: pulumi.output(''),
    crdNames,
    ready: crdNames.apply(() => true),
  };
}

/** The pools and, after them, what announces them. */
function createConfiguration(
  { name, namespace, labels }: Site,
  parsed: ParsedArgs,
  opts: { parent: pulumi.Resource; dependsOn: pulumi.Resource[] },
): pulumi.Resource[] {
  // An adopted object is found by the namespace as it was written.
  const placed = <T extends { adopt: boolean }>(item: T) => ({
    ...item,
    namespace: item.adopt ? parsed.namespace : namespace,
  });
  const pools = parsed.pools.map((pool) =>
    createPool(`${name}-pool-${pool.name}`, placed(pool), labels, opts),
  );
  const afterPools = { ...opts, dependsOn: [...opts.dependsOn, ...pools] };
  const advertisements = parsed.advertisements.map((each) =>
    createAdvertisement(`${name}-advertisement-${each.name}`, placed(each), labels, afterPools),
  );
  return [...pools, ...advertisements];
}

/** What watches the installation; nothing of it waits for that. */
function createOperations(site: Site, { metrics }: ParsedArgs, opts: pulumi.CustomResourceOptions): void {
  createMonitors(site, metrics, opts);
  if (metrics.alerts) createAlerts(site, metrics, opts);
  if (metrics.dashboard) createDashboard(site, metrics, opts);
}
