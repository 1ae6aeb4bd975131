import * as pulumi from '@pulumi/pulumi';
import { parseArgs } from '../../../component/src/args/parse-args.js';
import { parseAddressPool, parseL2Advertisement } from '../../../component/src/args/parse-pools.js';
import { GOOD, IMAGE, problemsOf } from './good-arguments.ts';

const pool = (fields: object) => ({ pools: [{ name: 'a', addresses: ['10.0.0.0/24'], ...fields }] });

/** Plain JavaScript can pass anything. */
const refusals = (args: object) => problemsOf(() => parseArgs(args));

describe('arguments', () => {
  it.each<[string, object, string, string[]]>([
    [
      'an address that is none',
      { pools: [{ name: 'a', addresses: ['10.0.0.300/24'] }] },
      'pools[0].addresses[0]',
      ['10.0.0.300', 'between 0 and 255'],
    ],
    [
      'a range that ends before it starts',
      { pools: [{ name: 'a', addresses: ['10.0.1.0/24', '10.0.0.9-10.0.0.1'] }] },
      'pools[0].addresses[1]',
      ['10.0.0.9-10.0.0.1', 'write "10.0.0.1-10.0.0.9"'],
    ],
    [
      'an empty pool',
      { pools: [{ name: 'a', addresses: [] }] },
      'pools[0].addresses',
      ['empty', 'at least one'],
    ],
    [
      'a single address as a range',
      { pools: [{ name: 'a', addresses: ['10.0.0.1'] }] },
      'pools[0].addresses[0]',
      ['"10.0.0.1"', '10.0.0.1/32'],
    ],
    [
      'two pools of one name',
      {
        pools: [
          { name: 'a', addresses: ['10.0.0.0/24'] },
          { name: 'a', addresses: ['10.0.1.0/24'] },
        ],
      },
      'pools[1].name',
      ['"a"', 'pools[0]', 'must differ'],
    ],
    [
      'pools that overlap',
      {
        pools: [
          { name: 'a', addresses: ['10.0.0.0/24'] },
          { name: 'b', addresses: ['10.0.9.0/24', '10.0.0.200-10.0.1.5'] },
        ],
      },
      'pools[1].addresses[1]',
      ['"10.0.0.200-10.0.1.5"', '"10.0.0.0/24"', 'pools[0].addresses[0]'],
    ],
    [
      'a pool that overlaps with itself',
      { pools: [{ name: 'a', addresses: ['10.0.0.0/24', '10.0.0.7/32'] }] },
      'pools[0].addresses[1]',
      ['10.0.0.7/32'],
    ],
    [
      'a pool name Kubernetes refuses',
      { pools: [{ name: 'My Pool', addresses: ['10.0.0.0/24'] }] },
      'pools[0].name',
      ['"My Pool"', 'lower-case'],
    ],
    ['pools that are no list', { pools: { a: ['10.0.0.0/24'] } }, 'pools', ['an object', 'a list of pools']],
    ['no pools at all', { pools: undefined }, 'pools', ['nothing', 'a list of pools']],
    ['no image at all', { image: undefined }, 'image', ['nothing', '"reference" or "build"']],
    [
      'an advertisement of an unknown pool',
      { advertisements: [{ name: 'x', pools: ['production', 'staging'] }] },
      'advertisements[0].pools[1]',
      ['"staging"', '"production", "lab"'],
    ],
    [
      'two advertisements of one name',
      { advertisements: [{ name: 'x' }, { name: 'x' }] },
      'advertisements[1].name',
      ['"x"', 'advertisements[0]'],
    ],
    [
      'an interface name Linux refuses',
      { advertisements: [{ name: 'x', interfaces: ['eth0', 'eth 1'] }] },
      'advertisements[0].interfaces[1]',
      ['"eth 1"', 'at most 15'],
    ],
    [
      'a selector with an unknown operator',
      {
        advertisements: [
          { name: 'x', nodeSelectors: [{ matchExpressions: [{ key: 'k', operator: 'Is' }] }] },
        ],
      },
      'advertisements[0].nodeSelectors[0].matchExpressions[0].operator',
      ['"Is"', '"NotIn"'],
    ],
    [
      'an image given and built',
      { image: { reference: IMAGE, build: { repository: 'r.io/a' } } },
      'image',
      ['keep one'],
    ],
    ['no image', { image: {} }, 'image', ['neither']],
    ['an image that is a text', { image: IMAGE }, 'image', [IMAGE, '"reference" or "build"']],
    [
      'an image name that is none',
      { image: { reference: 'Registry/App' } },
      'image.reference',
      ['"Registry/App"', 'lower-case'],
    ],
    [
      'a repository with a tag',
      { image: { build: { repository: 'r.example.com/l2:latest' } } },
      'image.build.repository',
      ['"r.example.com/l2:latest"', 'leave it out'],
    ],
    [
      'a platform without native code',
      { image: { build: { repository: 'r.io/l2', platforms: ['linux/amd64', 'linux/s390x'] } } },
      'image.build.platforms[1]',
      ['"linux/s390x"', '"linux/arm64"'],
    ],
    [
      'a user without a password',
      { image: { build: { repository: 'r.io/l2', username: 'ann' } } },
      'image.build.password',
      ['go together'],
    ],
    ['a bad namespace', { namespace: 'MetalLB_System' }, 'namespace', ['"MetalLB_System"', 'lower-case']],
    ['a namespace that is too long', { namespace: 'n'.repeat(64) }, 'namespace', ['at most 63']],
    [
      'an unknown log level',
      { logLevel: 'verbose' },
      'logLevel',
      ['"verbose"', '"debug" or "info" or "warn" or "error"'],
    ],
    ['a flag that is a text', { createNamespace: 'yes' }, 'createNamespace', ['"yes"', 'true or false']],
    [
      'a misspelt argument',
      { logLevl: 'debug' },
      'logLevl',
      ['no such field', 'did you mean "logLevel"?', 'pools'],
    ],
    [
      'an argument that resembles none',
      { verbosity: 3 },
      'verbosity',
      ['no such field; the fields here are'],
    ],
    // Namespace, labels, definitions
    [
      'a label of pod security',
      { namespaceLabels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
      'namespaceLabels.pod-security.kubernetes.io/enforce',
      ['the component sets it', 'leave this label out'],
    ],
    [
      'labels of a namespace that is not made',
      { createNamespace: false, namespaceLabels: { team: 'network' } },
      'namespaceLabels',
      ['createNamespace: false'],
    ],
    [
      'an annotation that is a number',
      { namespaceAnnotations: { 'example.com/cost-centre': 7 } },
      'namespaceAnnotations.example.com/cost-centre',
      ['7 given', 'the value of an annotation'],
    ],
    [
      'the label the pods are told apart by',
      { labels: { app: 'edge' } },
      'labels.app',
      ['leave this label out'],
    ],
    [
      'the value of a label that Kubernetes refuses',
      { labels: { owner: 'Jane Doe' } },
      'labels.owner',
      ['"Jane Doe"', 'at most 63'],
    ],
    [
      'the name of a label that Kubernetes refuses',
      { labels: { 'my label': 'x' } },
      'labels.my label',
      ['not the name of a label'],
    ],
    ['labels that are a list', { labels: ['a'] }, 'labels', ['a list given', 'labels by name']],
    [
      'an unknown way with definitions',
      { crds: 'adopt' },
      'crds',
      ['"adopt"', '"install" or "patch" or "skip"'],
    ],
    [
      'a pull secret that is no list',
      { imagePullSecrets: 'registry' },
      'imagePullSecrets',
      ['"registry"', 'a list of names'],
    ],
    [
      'a class that is no label',
      { loadBalancerClass: 'my class' },
      'loadBalancerClass',
      ['"my class"', '"example.com/l2"'],
    ],
    // Pools and advertisements
    [
      'a priority that is a fraction',
      pool({ serviceAllocation: { priority: 1.5 } }),
      'pools[0].serviceAllocation.priority',
      ['1.5 given', 'a whole number'],
    ],
    [
      'a namespace that is none',
      pool({ serviceAllocation: { namespaces: ['Shop'] } }),
      'pools[0].serviceAllocation.namespaces[0]',
      ['"Shop"', 'lower-case'],
    ],
    [
      'a requirement that lacks its values',
      pool({
        serviceAllocation: { serviceSelectors: [{ matchExpressions: [{ key: 'tier', operator: 'In' }] }] },
      }),
      'pools[0].serviceAllocation.serviceSelectors[0].matchExpressions[0].values',
      ['"In" needs at least one value'],
    ],
    [
      'a requirement with values it does not take',
      pool({
        serviceAllocation: {
          namespaceSelectors: [{ matchExpressions: [{ key: 'tier', operator: 'Exists', values: ['a'] }] }],
        },
      }),
      'pools[0].serviceAllocation.namespaceSelectors[0].matchExpressions[0].values',
      ['"Exists" takes none'],
    ],
    [
      'a misspelt selector',
      { advertisements: [{ name: 'x', nodeSelectors: [{ matchLabel: { rack: 'a' } }] }] },
      'advertisements[0].nodeSelectors[0].matchLabel',
      ['did you mean "matchLabels"?'],
    ],
    [
      'a weight beyond 100',
      { advertisements: [{ name: 'x', preferredNodes: [{ weight: 101, preference: {} }] }] },
      'advertisements[0].preferredNodes[0].weight',
      ['101 given', 'from 1 to 100'],
    ],
    [
      'a wish without preference',
      { advertisements: [{ name: 'x', preferredNodes: [{ weight: 1 }] }] },
      'advertisements[0].preferredNodes[0].preference',
      ['nothing given', 'a label selector'],
    ],
    [
      'the adoption of a pool in a namespace that is not known yet',
      { namespace: pulumi.output('lb'), ...pool({ adopt: true }) },
      'pools[0].adopt',
      ['only known later', 'write it out'],
    ],
    // Pods
    [
      'a toleration of an unknown effect',
      { speaker: { tolerations: [{ key: 'a', effect: 'NoRun' }] } },
      'speaker.tolerations[0].effect',
      ['"NoRun"', '"NoExecute"'],
    ],
    [
      'a toleration of every key that compares values',
      { speaker: { tolerations: [{ value: 'lan' }] } },
      'speaker.tolerations[0].key',
      ['only operator "Exists" goes without'],
    ],
    [
      'a toleration that exists and has a value',
      { controller: { tolerations: [{ key: 'a', operator: 'Exists', value: 'b' }] } },
      'controller.tolerations[0].value',
      ['takes none'],
    ],
    [
      'a toleration that ends without eviction',
      { controller: { tolerations: [{ key: 'a', effect: 'NoSchedule', tolerationSeconds: 5 }] } },
      'controller.tolerations[0].tolerationSeconds',
      ['only effect "NoExecute" has an end'],
    ],
    [
      'a quantity that is none',
      { speaker: { resources: { requests: { memory: '128 MB' } } } },
      'speaker.resources.requests.memory',
      ['"128 MB"', '"128Mi"'],
    ],
    [
      'a quantity that is a number',
      { controller: { resources: { limits: { cpu: 1 } } } },
      'controller.resources.limits.cpu',
      ['1 given', '"100m"'],
    ],
    [
      'another system than Linux',
      { speaker: { nodeSelector: { 'kubernetes.io/os': 'windows' } } },
      'speaker.nodeSelector.kubernetes.io/os',
      ['run on Linux alone'],
    ],
    [
      'a variable that is an argument',
      { speaker: { env: { METALLB_LOG_LEVEL: 'debug' } } },
      'speaker.env.METALLB_LOG_LEVEL',
      ['it is set by the argument "logLevel"'],
    ],
    [
      'a variable the component sets',
      { controller: { env: { METALLB_POD_UID: 'x' } } },
      'controller.env.METALLB_POD_UID',
      ['leave it out'],
    ],
    [
      'a variable that is a number',
      { speaker: { env: { RETRIES: 3 } } },
      'speaker.env.RETRIES',
      ['3 given', 'as text'],
    ],
    [
      'a pattern that is no regular expression',
      { speaker: { excludeInterfaces: ['^ok$', 'eth('] } },
      'speaker.excludeInterfaces[1]',
      ['eth(', 'Unterminated group'],
    ],
    [
      'a pattern that matches everything',
      { speaker: { excludeInterfaces: [''] } },
      'speaker.excludeInterfaces[0]',
      ['matches every interface'],
    ],
    [
      'no interface at all',
      { speaker: { includeInterfaces: [] } },
      'speaker.includeInterfaces',
      ['no interface would be used'],
    ],
    [
      'an unknown profile of gossip',
      { speaker: { gossipProfile: 'slow' } },
      'speaker.gossipProfile',
      ['"slow"', '"fast" or "lan" or "wan"'],
    ],
    [
      'a negative interval',
      { speaker: { gratuitousIntervalSeconds: -1 } },
      'speaker.gratuitousIntervalSeconds',
      ['-1 given', 'seconds from 0 to 86400'],
    ],
    [
      'an interval that is a text',
      { speaker: { gratuitousIntervalSeconds: '2m' } },
      'speaker.gratuitousIntervalSeconds',
      ['"2m" given', 'seconds'],
    ],
    [
      'a rate that lets nothing through',
      { speaker: { gratuitousFramesPerSecond: 0 } },
      'speaker.gratuitousFramesPerSecond',
      ['0 given', 'from 10 to 100000'],
    ],
    [
      'no controller at all',
      { controller: { replicas: 0 } },
      'controller.replicas',
      ['0 given', 'pods from 1 to 5'],
    ],
    [
      'a class of priority that is no name',
      { controller: { priorityClassName: 'Very High' } },
      'controller.priorityClassName',
      ['"Very High"', '""'],
    ],
    [
      'a field of the other program',
      { controller: { gossipProfile: 'lan' } },
      'controller.gossipProfile',
      ['no such field', 'replicas'],
    ],
    // Operations
    [
      'both monitors',
      { metrics: { podMonitor: true, serviceMonitor: true } },
      'metrics.serviceMonitor',
      ['asked twice'],
    ],
    [
      'an interval without a monitor',
      { metrics: { interval: '15s' } },
      'metrics.interval',
      ['set "podMonitor" or "serviceMonitor"'],
    ],
    [
      'an interval without a unit',
      { metrics: { podMonitor: true, interval: '15' } },
      'metrics.interval',
      ['"15"', '"15s" or "1m"'],
    ],
    [
      'labels for nothing',
      { metrics: { dashboard: true, selectorLabels: { release: 'x' } } },
      'metrics.selectorLabels',
      ['nothing to label'],
    ],
    [
      'labels of a dashboard that is not there',
      { metrics: { alerts: true, dashboardLabels: { grafana: '1' } } },
      'metrics.dashboardLabels',
      ['set "dashboard"'],
    ],
    [
      'a policy without a way to the API server',
      { networkPolicy: { apiServerPorts: [] } },
      'networkPolicy.apiServerPorts',
      ['could not reach the API server'],
    ],
    [
      'a port that is none',
      { networkPolicy: { apiServerPorts: [65_536] } },
      'networkPolicy.apiServerPorts[0]',
      ['65536 given', 'from 1 to 65535'],
    ],
    [
      'a policy that is a flag',
      { networkPolicy: true },
      'networkPolicy',
      ['true given', '{} for the defaults'],
    ],
    [
      'a misspelt field of a pool',
      { pools: [{ name: 'a', addresses: ['10.0.0.0/24'], auto: true }] },
      'pools[0].auto',
      ['no such field', 'autoAssign'],
    ],
    [
      'a misspelt field of an image',
      { image: { reference: IMAGE, tag: 'x' } },
      'image.tag',
      ['no such field', 'reference, build'],
    ],
  ])('are refused for %s, by the path of the field', (_, change, path, words) => {
    const problems = refusals({ ...GOOD, ...change });
    expect(problems.map((problem) => problem.path)).toEqual([path]);
    for (const word of words) expect(problems[0]?.message).toContain(word);
  });

  it('that "patch" would ignore are refused one by one', () => {
    const paths = ['image', 'pools', 'speaker'];
    const problems = refusals({ ...GOOD, crds: 'patch', speaker: {}, namespace: 'upstream' });
    expect(problems.map(({ path }) => path)).toEqual(paths);
    for (const { message } of problems) expect(message).toContain('crds: "install"');
    expect(refusals({ crds: 'patch', namespace: 'upstream' })).toEqual([]);
  });
});

describe('arguments of a pool of its own', () => {
  const parse = (args: object, name = 'office') =>
    problemsOf(() => parseAddressPool(name, args as Parameters<typeof parseAddressPool>[1]));

  it.each<[string, object, string, string]>([
    ['without addresses', {}, 'addresses', 'nothing given; write a list of ranges'],
    ['with an address that is none', { addresses: ['10.0.0.300/24'] }, 'addresses[0]', 'the number 300'],
    [
      'that overlaps with itself',
      { addresses: ['10.0.0.0/24', '10.0.0.7/32'] },
      'addresses[1]',
      '10.0.0.0/24',
    ],
    ['in a bad namespace', { addresses: ['10.0.0.0/24'], namespace: 'A' }, 'namespace', 'lower-case'],
    [
      'that is misspelt',
      { adresses: [], addresses: ['10.0.0.0/24'] },
      'adresses',
      'did you mean "addresses"?',
    ],
    [
      'to be adopted under a name that is not known',
      { addresses: ['10.0.0.0/24'], adopt: true, name: pulumi.output('x') },
      'adopt',
      'the name is only known later',
    ],
  ])('are refused for one %s', (_, args, path, message) => {
    expect(parse(args)).toEqual([{ path, message: expect.stringContaining(message) as unknown }]);
  });

  it('may take the name of the resource, if it is one', () => {
    expect(parse({ addresses: ['10.0.0.0/24'] })).toEqual([]);
    expect(parse({ addresses: ['10.0.0.0/24'] }, 'Office Pool').map(({ path }) => path)).toEqual(['name']);
    expect(parse({ addresses: ['10.0.0.0/24'], name: 'office' }, 'Office Pool')).toEqual([]);
  });
});

describe('arguments of an advertisement of its own', () => {
  const parse = (args: object) => problemsOf(() => parseL2Advertisement('office', args));

  it('may name pools of other stacks', () => {
    expect(parse({ pools: ['elsewhere', pulumi.output('later')] })).toEqual([]);
  });

  it.each<[string, object, string, string]>([
    ['a pool name that is none', { pools: ['Elsewhere'] }, 'pools[0]', 'lower-case'],
    ['an interface that is none', { interfaces: ['eth 0'] }, 'interfaces[0]', 'at most 15'],
    ['a misspelt field', { nodeSelector: [] }, 'nodeSelector', 'did you mean "nodeSelectors"?'],
  ])('are refused for %s', (_, args, path, message) => {
    expect(parse(args)).toEqual([{ path, message: expect.stringContaining(message) as unknown }]);
  });
});
