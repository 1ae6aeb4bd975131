/** What becomes of the options a program gives the component, and of the name it calls it by. */
import * as pulumi from '@pulumi/pulumi';
import { MetalLBLayer2, type MetalLBLayer2Args } from '../../../component/src/index.js';
import { EVERY_ARGUMENT } from '../../support/argument-cases.ts';
import { mockPulumi, type RecordedResource, settled } from '../../support/pulumi-mocks.ts';

async function install(
  opts: pulumi.ComponentResourceOptions,
  { name = 'metallb', args = EVERY_ARGUMENT }: { name?: string; args?: MetalLBLayer2Args } = {},
): Promise<RecordedResource[]> {
  const mocks = await mockPulumi();
  new MetalLBLayer2(name, args, opts);
  await settled();
  return mocks.resources.filter(({ parent }) => parent !== '');
}

const kindOf = ({ type }: RecordedResource) => type.split(':').at(-1) ?? '';
const nameInCluster = ({ inputs }: RecordedResource) => (inputs['metadata'] as { name?: string }).name;

describe('the component', () => {
  it('lets everything it makes take as long as it may take itself', async () => {
    const resources = await install({ customTimeouts: { create: '1h', update: '90m' } });
    expect(resources.length).toBeGreaterThan(20);
    for (const { customTimeouts } of resources)
      expect(customTimeouts).toEqual({ create: '1h', update: '90m' });
    for (const { customTimeouts } of await install({})) expect(customTimeouts).toEqual({});
  });

  it('protects what it makes, but for what a change of its content replaces', async () => {
    const resources = await install({ protect: true });
    const open = resources.filter(({ protect }) => !protect);
    expect(open.map(({ name }) => name).sort()).toEqual(['metallb-dashboard', 'metallb-interfaces']);
    expect(new Set(open.map(kindOf))).toEqual(new Set(['ConfigMap']));
  });

  it('replaces the speakers only once the old ones are gone, which have the ports of their nodes', async () => {
    const resources = await install({});
    const goFirst = resources.filter(({ deleteBeforeReplace }) => deleteBeforeReplace);
    expect(goFirst.map(({ name }) => name)).toEqual(['metallb-speaker']);
  });
});

describe('a name Kubernetes does not take', () => {
  it.each([
    ['metallb', 'metallb-'],
    ['lan.metallb', 'lan.metallb-'],
    ['MetalLB', 'metallb-'],
    ['LAN platform/metallb', 'lan-platform-metallb-'],
    ['_lan_', 'lan-'],
  ])('is none of the component: %s', async (name, prefix) => {
    const named = (await install({}, { name })).filter((each) => nameInCluster(each) === undefined);
    // Pulumi gives these the name of the resource and eight letters and digits.
    expect(named.map((each) => each.name).sort()).toEqual([`${prefix}dashboard`, `${prefix}interfaces`]);
  });
});
