import { NAMESPACES, NODES, SERVICES } from '@metallb-l2/sdk/kube';
import { type Rig, openRig, seedService } from './rig.ts';

/** A line whose last word is to be completed: with a space at its end, an empty one. */
async function complete(rig: Rig, line: string): Promise<string[]> {
  expect(await rig.runWords(['__complete', ...line.split(' ')])).toBe(0);
  return rig
    .out()
    .split('\n')
    .slice(0, -1)
    .map((each) => each.split('\t')[0] ?? '');
}

describe('completion', () => {
  it.each([
    ['s', ['status', ':4']],
    ['status --no', ['--node', '--no-headers', ':4']],
    ['-n shop wat', ['watch', ':4']],
    ['status -o ', ['wide', 'json', 'yaml', 'name', ':4']],
    ['wait web --for w', ['withdrawn', ':4']],
    ['completion ', ['bash', 'zsh', 'fish', ':4']],
    ['--kubeconfig ', [':0']],
    ['who web ', [':4']],
  ])('of "%s" is %j', async (line, expected) => {
    expect(await complete(openRig(), line)).toEqual(expected);
  });

  it('offers the services of type LoadBalancer, of the namespace that is meant', async () => {
    const rig = openRig({ namespace: 'shop' });
    seedService(rig, 'shop/web');
    seedService(rig, 'shop/worker');
    seedService(rig, 'blog/web');
    rig.api.seed(SERVICES, { metadata: { namespace: 'shop', name: 'wiki' }, spec: { type: 'ClusterIP' } });
    expect(await complete(rig, 'who w')).toEqual(['web', 'worker', ':4']);
    expect(await complete(rig, 'who -n blog w')).toEqual(['web', ':4']);
    expect(await complete(rig, '--namespace blog status ')).toEqual(['web', ':4']);
    expect(await complete(rig, 'who blog/')).toEqual(['blog/web', ':4']);
    expect(rig.openConnections).toBe(0);
  });

  it('offers namespaces and nodes', async () => {
    const rig = openRig();
    rig.api.seed(NAMESPACES, { metadata: { name: 'shop' } });
    rig.api.seed(NODES, { metadata: { name: 'node1' } });
    expect(await complete(rig, 'status -n ')).toEqual(['shop', ':4']);
    expect(await complete(rig, 'wait web --not ')).toEqual(['node1', ':4']);
  });

  it('offers nothing, without a word, when the cluster cannot be asked or takes too long', async () => {
    const rig = openRig({ connect: async () => Promise.reject(new Error('no kubeconfig')) });
    expect(await complete(rig, 'who ')).toEqual([':4']);
    expect(rig.err()).toBe('');
    const slow = openRig();
    slow.api.fault = () => new Promise(() => undefined);
    const answer = complete(slow, 'who ');
    await slow.clock.advance(2000);
    expect(await answer).toEqual([':4']);
    expect(slow.clock.sleepers).toBe(0);
  });

  it.each(['bash', 'zsh', 'fish'])('prints a script for %s', async (shell) => {
    const rig = openRig();
    expect(await rig.run(`completion ${shell}`)).toBe(0);
    expect(rig.out()).toContain('metallb-l2 __complete');
  });

  it('knows no other shell', async () => {
    const rig = openRig();
    expect(await rig.run('completion tcsh')).toBe(2);
    expect(rig.err()).toContain('Allowed choices are bash, zsh, fish');
  });
});
