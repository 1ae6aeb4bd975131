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


describe('the component', () => {
  it('lets everything it makes take as long as it may take itself', async () => {
    const resources = await install({ customTimeouts: { create: '1h', update: '90m' } });
    expect(resources.length).toBeGreaterThan(20);
    for (const { customTimeouts } of resources)
      expect(customTimeouts).toEqual({ create: '1h', update: '90m' });
    for (const { customTimeouts } of await install({})) expect(customTimeouts).toEqual({});
  });

  it('replaces the speakers only once the old ones are gone, which have the ports of their nodes', async () => {
    const resources = await install({});
    const goFirst = resources.filter(({ deleteBeforeReplace }) => deleteBeforeReplace);
    expect(goFirst.map(({ name }) => name)).toEqual(['metallb-speaker']);
  });
});
