/** What the API server itself makes of pools and advertisements, by its own `kubectl apply`. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { customResourceDefinitions } from '@metallb-l2/sdk/crds';
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type CustomResourceDefinition,
  isKubeError,
  type ResourceType,
} from '@metallb-l2/sdk/kube';
import {
  IP_ADDRESS_POOLS,
  L2_ADVERTISEMENTS,
  METALLB_API_VERSION,
  parseAddressRange,
} from '@metallb-l2/sdk/models';
import { run } from '../../lab/run.ts';
import { ACCEPTED, type ConfigurationCase, REFUSED } from '../../support/configuration-cases.ts';
import { eventually } from '../../support/eventually.ts';
import { resolveTool } from '../../toolchain/resolve.ts';
import { establish, START_TIMEOUT_MS, startTestCluster, type TestCluster } from './control-plane.ts';

const task = { log: () => undefined, signal: new AbortController().signal };

let cluster: TestCluster;
let namespace: string;
let folder: string;
let kubectl: string;

beforeAll(async () => {
  [cluster, kubectl] = await Promise.all([startTestCluster(), resolveTool('kubectl', task)]);
  namespace = await cluster.createNamespace();
  folder = await mkdtemp(join(tmpdir(), 'configuration-errors-'));
  await writeFile(join(folder, 'kubeconfig'), cluster.kubeconfig);
}, START_TIMEOUT_MS);

afterAll(async () => {
  await cluster.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Applies one object of each case, named by its place in the list. */
function apply(cases: readonly ConfigurationCase[], prefix: string) {
  const items = cases.map(({ kind, spec }, index) => ({
    apiVersion: METALLB_API_VERSION,
    kind,
    metadata: { name: `${prefix}-${String(index)}`, namespace },
    spec,
  }));
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  return run([kubectl, `--kubeconfig=${join(folder, 'kubeconfig')}`, 'apply', '-f', '-'], { input });
}

/** The one line kubectl prints about each object, by its name. */
function answersOf(stderr: string): ReadonlyMap<string, string> {
  const lines = stderr.split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => [/ "([^"]+)" is invalid: /.exec(line)?.[1] ?? '', line]));
}

it('refuses what is wrong at kubectl apply, naming the field and what would be right', async () => {
  const { code, stdout, stderr } = await apply(REFUSED, 'refused');
  const answers = answersOf(stderr);
  const missing = REFUSED.flatMap(({ what, field, message }, index) => {
    const answer = answers.get(`refused-${String(index)}`) ?? 'taken';
    return answer.includes(`${field}: `) && answer.includes(message)
      ? []
      : [{ what, field, message, answer }];
  });
  expect(missing).toEqual([]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
});

it('says one thing about one mistake in an address', async () => {
  const mistakes = REFUSED.filter(({ field }) => field === 'spec.addresses[0]');
  const { stderr } = await apply(mistakes, 'once');
  const answers = [...answersOf(stderr).values()];
  expect(answers).toHaveLength(mistakes.length);
  expect(answers.filter((answer) => answer.includes('is invalid: ['))).toEqual([]);
});

it('takes what is unusual and right', async () => {
  const { code, stderr } = await apply(ACCEPTED, 'taken');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

it('reads addresses as the programs do', () => {
  const texts = (cases: readonly ConfigurationCase[]) =>
    cases.flatMap(({ kind, spec }) => (kind === 'IPAddressPool' ? spec.addresses : []));
  expect(() => texts(ACCEPTED).map(parseAddressRange)).not.toThrow();
  const spellings = REFUSED.filter(({ field }) => field === 'spec.addresses[0]');
  const readable = texts(spellings).filter((text) => {
    try {
      parseAddressRange(text);
      return true;
    } catch {
      return false;
    }
  });
  expect(readable).toEqual([]);
});

describe('an object that was stored before there were rules', () => {
  const spec = { addresses: ['192.168.77.0/24', '192.168.77.7/32'], serviceAllocation: { namespaces: [''] } };
  const values = ['a', 'a'];
  const nodeSelectors = [{ matchExpressions: [{ key: 'a b', operator: 'Like', values }] }];

  /** Our definitions without what they add to upstream's schema: a rule, a bound, a list that is a set. */
  function withoutRules(definition: CustomResourceDefinition): CustomResourceDefinition {
    const added = [
      'x-kubernetes-validations',
      'maxItems',
      'maxProperties',
      'maxLength',
      'minLength',
      'pattern',
      'enum',
    ];
    return JSON.parse(
      JSON.stringify(definition, (key, value: unknown) => {
        if (added.includes(key)) return undefined;
        return key === 'x-kubernetes-list-type' && value === 'set' ? 'atomic' : value;
      }),
    ) as CustomResourceDefinition;
  }

  it('may be changed elsewhere and get its status, but not keep its mistake when that is touched', async () => {
    const definitions = customResourceDefinitions();
    for (const definition of definitions) await establish(cluster.api, withoutRules(definition));
    const ref = { namespace, name: 'stored' };
    // Definitions take a moment to reach what serves their objects.
    await eventually(async () => {
      const create = cluster.api.create(IP_ADDRESS_POOLS, { metadata: ref, spec });
      await create.catch((error: unknown) => {
        if (!isKubeError(error, 'AlreadyExists')) throw error;
      });
      await cluster.api.create(L2_ADVERTISEMENTS, { metadata: ref, spec: { nodeSelectors } });
    });
    for (const definition of definitions) await establish(cluster.api, definition);
    const touch = (type: ResourceType, patch: object, status = false) =>
      cluster.api.patch(type, ref, patch, {
        type: 'merge',
        ...(status && { subresource: 'status' as const }),
      });
    await eventually(async () => {
      const other = { addresses: ['192.168.78.0/24', '192.168.78.7/32'] };
      await expect(touch(IP_ADDRESS_POOLS, { spec: other })).rejects.toMatchObject({ code: 'Invalid' });
      const operator = [{ matchExpressions: [{ key: 'a', operator: 'Like' }] }];
      await expect(touch(L2_ADVERTISEMENTS, { spec: { nodeSelectors: operator } })).rejects.toMatchObject({
        code: 'Invalid',
      });
    });

    await touch(IP_ADDRESS_POOLS, { metadata: { labels: { a: 'b' } }, spec: { autoAssign: false } });
    const usage = { assignedIPv4: 1, assignedIPv6: 0, availableIPv4: 255, availableIPv6: 0 };
    await touch(IP_ADDRESS_POOLS, { status: usage }, true);
    expect((await cluster.api.get(IP_ADDRESS_POOLS, ref)).status).toEqual(usage);
    await touch(L2_ADVERTISEMENTS, { spec: { interfaces: ['eth0'] } });
  });

  it('is served by the definitions as they are', async () => {
    const names = customResourceDefinitions().map(({ metadata }) => metadata.name ?? '');
    for (const name of names) {
      const { status } = await cluster.api.get(CUSTOM_RESOURCE_DEFINITIONS, { name });
      expect(status?.conditions?.filter(({ type }) => type === 'NonStructuralSchema')).toEqual([]);
    }
  });
});
