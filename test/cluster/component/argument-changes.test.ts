/**
 * What a user sees in a preview who changes an argument of a running installation, with the real engine and a
 * real API server. The table is printed.
 */
import { CUSTOM_RESOURCE_DEFINITIONS, type CustomResourceDefinition } from '@metallb-l2/sdk/kube';
import { ArgsError, MetalLBLayer2, type MetalLBLayer2Args } from '../../../component/src/index.js';
import { parseArgs } from '../../../component/src/args/parse-args.js';
import { changed, EVERY_ARGUMENT, independentGroups, stepsOf } from '../../support/argument-cases.ts';
import { doNotWait } from '../../support/do-not-wait.ts';
import type { PulumiStack } from '../../support/pulumi-stack.ts';
import { type StackCluster, startStackCluster } from '../../support/stack-cluster.ts';

const START_TIMEOUT_MS = 180_000;
const PREVIEW_TIMEOUT_MS = 180_000;

const programOf = (args: MetalLBLayer2Args) => () => {
  new MetalLBLayer2('metallb', args, { transforms: [doNotWait] });
  return Promise.resolve({});
};

/** A kind of the Prometheus operator, as far as an API server has to know it. */
function monitoringDefinition(kind: string): CustomResourceDefinition {
  const plural = `${kind.toLowerCase()}s`;
  const group = 'monitoring.coreos.com';
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  };
}

let cluster: StackCluster;
let stack: PulumiStack;
const table: (readonly [path: string, steps: readonly string[]])[] = [];

beforeAll(async () => {
  cluster = await startStackCluster();
  for (const kind of ['PodMonitor', 'ServiceMonitor', 'PrometheusRule']) {
    await cluster.api.create(CUSTOM_RESOURCE_DEFINITIONS, monitoringDefinition(kind));
  }
  stack = await cluster.createStack('changes', programOf(EVERY_ARGUMENT));
  await stack.up();
}, START_TIMEOUT_MS);

afterAll(async () => {
  await cluster.stop();
  const width = Math.max(...table.map(([path]) => path.length));
  const lines = table.map(([path, steps]) => `${path.padEnd(width)}  ${steps.join(', ')}`);
  process.stdout.write(`each argument changed, and what a preview shows:\n${lines.join('\n')}\n`);
}, 60_000);

/** Whether `step` takes an object, with what users made of it, to put another in its place. */
const isReplacement = (step: string) => /replace/.test(step) && !/ ConfigMap /.test(step);

function isRefused(args: MetalLBLayer2Args): boolean {
  try {
    parseArgs(args);
    return false;
  } catch (error) {
    if (error instanceof ArgsError) return true;
    throw error;
  }
}

describe('a preview of an installation', () => {
  it(
    'shows nothing when nothing was changed, nor after a refresh',
    async () => {
      expect((await stack.preview()).steps).toEqual([]);
      await stack.refresh();
      const { steps } = await stack.preview();
      expect(steps).toEqual([]);
    },
    PREVIEW_TIMEOUT_MS,
  );

  // That each change touches what is named here, and nothing else, is seen in test/unit/component/arguments.test.ts;
  // what an update of it means is the provider's to say, and changes that have nothing to do with each other
  // need not be asked one by one.
  it.each(independentGroups(isRefused).map((group, index) => [`group ${String(index + 1)}`, group] as const))(
    'shows the steps of the changed arguments and replaces nothing (%s)',
    async (_, group) => {
      const { steps } = await stack.preview(programOf(changed(...group)));
      for (const each of group) table.push([each.path, stepsOf(each)]);
      expect(steps.toSorted()).toEqual([...new Set(group.flatMap(stepsOf))].sort());
      expect(steps.filter(isReplacement)).toEqual([]);
    },
    PREVIEW_TIMEOUT_MS,
  );

  it(
    'whose labels were changed shows each object updated once, and none replaced',
    async () => {
      const labels = { 'example.com/part-of': 'core' };
      const { steps } = await stack.preview(programOf({ ...EVERY_ARGUMENT, labels }));
      table.push(['labels', [`update of ${String(steps.length)} objects`]]);
      expect(steps.filter((step) => !step.startsWith('update '))).toEqual([]);
      expect(new Set(steps).size).toBe(steps.length);
    },
    PREVIEW_TIMEOUT_MS,
  );

  it(
    'that moves to another namespace leaves the resource definitions as they are',
    async () => {
      const { steps } = await stack.preview(programOf({ ...EVERY_ARGUMENT, namespace: 'elsewhere' }));
      table.push(['namespace', ['everything is made anew but the resource definitions']]);
      expect(steps.filter((step) => step.includes('CustomResourceDefinition'))).toEqual([]);
      expect(steps).toContain('replace Namespace metallb-namespace');
      // The speakers of both would want the same ports of the nodes.
      const speaker = steps.filter((step) => step.endsWith(' DaemonSet metallb-speaker'));
      expect(speaker[0]).toMatch(/^delete/);
    },
    PREVIEW_TIMEOUT_MS,
  );
});
