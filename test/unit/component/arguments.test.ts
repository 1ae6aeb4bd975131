import { MetalLBLayer2, type MetalLBLayer2Args } from '../../../component/src/index.js';
import { argsSchema } from '../../../component/src/args/args-schema.js';
import { parseArgs } from '../../../component/src/args/parse-args.js';
import { ARGUMENT_CASES, changed, EVERY_ARGUMENT, stepsOf } from '../../support/argument-cases.ts';
import { declaredFields, pathsOf } from '../../support/argument-paths.ts';
import { mockPulumi, type RecordedResource, settled } from '../../support/pulumi-mocks.ts';

/** Resources by kind and name. */
async function resourcesOf(args: MetalLBLayer2Args): Promise<Map<string, RecordedResource>> {
  const mocks = await mockPulumi();
  new MetalLBLayer2('metallb', args);
  await settled();
  return new Map(mocks.resources.map((each) => [`${each.type.split(':').at(-1) ?? ''} ${each.name}`, each]));
}

/** As a preview would show it, from the inputs alone: what is replaced is the provider's to say. */
function stepsBetween(before: Map<string, RecordedResource>, after: Map<string, RecordedResource>): string[] {
  const text = (resource: RecordedResource | undefined) => JSON.stringify(resource?.inputs);
  return [
    ...[...before.keys()].filter((name) => !after.has(name)).map((name) => `delete ${name}`),
    ...[...after.keys()].filter((name) => !before.has(name)).map((name) => `create ${name}`),
    ...[...after.keys()]
      .filter((name) => before.has(name) && text(before.get(name)) !== text(after.get(name)))
      .map((name) => `update ${name}`),
  ].sort();
}

/** A ConfigMap whose content changes is made anew under another name, which only the provider knows. */
function withoutReplacement(steps: readonly string[]): string[] {
  const replaced = steps.find((step) => step.startsWith('replace '));
  return replaced === undefined ? [...steps].sort() : [replaced.replace('replace', 'update')];
}

describe('each argument', () => {
  let before: Map<string, RecordedResource>;
  beforeAll(async () => {
    before = await resourcesOf(EVERY_ARGUMENT);
  });

  it.each(ARGUMENT_CASES.map((each) => [each.path, each] as const))(
    '%s reaches what it is about, and nothing else',
    async (_, each) => {
      const after = await resourcesOf(changed(each));
      expect(stepsBetween(before, after)).toEqual(withoutReplacement(stepsOf(each)));
      if (each.shown === 'by what is there') {
        const gone = (each.steps ?? []).map((step) => step.replace(/^delete /, ''));
        expect(gone.filter((resource) => !before.has(resource))).toEqual([]);
        expect(gone.filter((resource) => after.has(resource))).toEqual([]);
        return;
      }
      const [resource, inputs] = each.shown;
      expect(after.get(resource)?.inputs).toMatchObject(inputs);
      expect(before.get(resource)?.inputs ?? {}).not.toMatchObject(inputs);
    },
  );

  it('namespace is where everything is', async () => {
    const resources = await resourcesOf({ ...EVERY_ARGUMENT, namespace: 'elsewhere' });
    for (const [name, { inputs }] of resources) {
      const { namespace } = (inputs['metadata'] ?? {}) as { namespace?: string };
      if (namespace !== undefined) expect([name, namespace]).toEqual([name, 'elsewhere']);
    }
    expect(resources.get('Namespace metallb-namespace')?.inputs).toMatchObject({
      metadata: { name: 'elsewhere' },
    });
  });

  it('labels are on every object but the definitions, and no selector has them', () => {
    for (const [name, { inputs }] of before) {
      const own = /^(CustomResourceDefinitionPatch|MetalLBLayer2) /.test(name);
      const { labels = {} } = (inputs['metadata'] ?? {}) as { labels?: Record<string, string> };
      expect([name, labels['example.com/part-of']]).toEqual([name, own ? undefined : 'edge']);
    }
    for (const name of ['Deployment metallb-controller', 'DaemonSet metallb-speaker']) {
      const { spec } = before.get(name)?.inputs as {
        spec: { selector: object; template: { metadata: object } };
      };
      expect(spec.template.metadata).toMatchObject({ labels: { 'example.com/part-of': 'edge' } });
      expect(JSON.stringify(spec.selector)).not.toContain('part-of');
    }
  });

  it('has a test, and is among the declared ones', () => {
    const tested = new Set([...ARGUMENT_CASES.map(({ path }) => path), 'namespace', 'labels']);
    // How an image is built is no matter of resources: image.test.ts and the publishing contract show it.
    const known = pathsOf(argsSchema);
    expect(known.filter((path) => !tested.has(path) && !path.startsWith('image.build.'))).toEqual([]);
    expect([...tested].filter((path) => !known.includes(path))).toEqual([]);
    const declared = declaredFields('MetalLBLayer2Args', ['LabelSelector']).map(({ path }) => path);
    expect(known.filter((path) => !declared.includes(path))).toEqual([]);
    expect(declared.filter((path) => !known.some((each) => each.startsWith(path)))).toEqual([]);
  });

  it('is given in the installation the others are held against', () => {
    const given = JSON.stringify(EVERY_ARGUMENT);
    const missing = pathsOf(argsSchema).filter(
      (path) => !given.includes(`"${path.split('.').at(-1) ?? ''}"`),
    );
    expect(missing.filter((path) => !path.startsWith('image.build.'))).toEqual(['metrics.serviceMonitor']);
  });
});

describe('what is optional', () => {
  it('says its default', () => {
    const silent = ['MetalLBLayer2Args', 'AddressPoolArgs', 'L2AdvertisementArgs'].flatMap((name) =>
      declaredFields(name, [])
        .filter(
          ({ optional, byDefault, type }) => optional && byDefault === undefined && !/^[A-Z]/.test(type),
        )
        .map(({ path }) => path),
    );
    // Needed, save where something else is given instead.
    expect(silent).toEqual(['image.reference', 'image.build.password']);
  });

  it('is filled in by a cautious operator', () => {
    const parsed = parseArgs({ image: { reference: 'registry.example.com/l2:1' }, pools: [] });
    expect(parsed).toEqual({
      crds: 'install',
      namespace: 'metallb-system',
      createNamespace: true,
      namespaceLabels: {},
      namespaceAnnotations: undefined,
      labels: {},
      image: { reference: 'registry.example.com/l2:1' },
      imagePullSecrets: undefined,
      pools: [],
      advertisements: [
        {
          name: 'default',
          pools: undefined,
          poolSelectors: undefined,
          interfaces: undefined,
          nodeSelectors: undefined,
          preferredNodes: undefined,
          serviceSelectors: undefined,
          adopt: false,
        },
      ],
      loadBalancerClass: undefined,
      logLevel: 'info',
      admissionPolicy: true,
      speaker: {
        nodeSelector: {},
        tolerations: [
          { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' },
        ],
        priorityClassName: 'system-node-critical',
        resources: { requests: { cpu: '20m', memory: '96Mi' }, limits: undefined },
        env: {},
        excludeInterfaces: undefined,
        includeInterfaces: undefined,
        gossipProfile: 'fast',
        gratuitousIntervalSeconds: 120,
        gratuitousFramesPerSecond: 4000,
      },
      controller: {
        nodeSelector: {},
        tolerations: undefined,
        priorityClassName: 'system-cluster-critical',
        resources: { requests: { cpu: '20m', memory: '96Mi' }, limits: undefined },
        env: {},
        replicas: 2,
      },
      metrics: {
        monitor: undefined,
        interval: undefined,
        alerts: false,
        selectorLabels: {},
        dashboard: false,
        dashboardLabels: { grafana_dashboard: '1' },
      },
      networkPolicy: undefined,
    });
  });
});
