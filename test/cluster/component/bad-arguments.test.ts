/** What a user sees who gets everything wrong at once, with the real engine and a real API server. */
import { fileURLToPath } from 'node:url';
import { NAMESPACES } from '@metallb-l2/sdk/kube';
import { connect } from '@metallb-l2/sdk/kube/connect';
import { startControlPlane, type ControlPlane } from '../../lab/control-plane.ts';
import { run } from '../../lab/run.ts';

const PROGRAM = fileURLToPath(new URL('bad-arguments.program.ts', import.meta.url));

describe('a program with bad arguments', () => {
  let cluster: ControlPlane;
  let result: { failed: boolean; output: string };

  beforeAll(async () => {
    cluster = await startControlPlane({ log: () => undefined, signal: new AbortController().signal });
    const { stdout, stderr } = await run([process.execPath, PROGRAM, cluster.kubeconfigPath]);
    if (stdout === '') throw new Error(stderr);
    result = JSON.parse(stdout) as typeof result;
  }, 120_000);

  afterAll(() => cluster.stop());

  it.each([
    ['an address that is none', 'pools[0].addresses[0]', '"10.0.0.300" has the number 300'],
    ['a range whose end comes before its start', 'pools[1].addresses[0]', '10.0.1.9-10.0.1.1'],
    ['a pool without addresses', 'pools[2].addresses', ''],
    ['a name two pools have', 'pools[3].name', 'office'],
    ['an advertisement of a pool that is not there', 'advertisements[0].pools[0]', 'offices'],
    ['an image that is both given and built', 'image', 'build'],
  ])('is told the path of %s', (_, path, value) => {
    expect(result.failed).toBe(true);
    const line = result.output.split('\n').find((candidate) => candidate.includes(`${path}:`));
    expect(line).toContain(value);
  });

  it('has created nothing', async () => {
    const api = connect({ kubeconfig: cluster.kubeconfig });
    const { items } = await api.list(NAMESPACES);
    api.close();
    expect(items.map(({ metadata }) => metadata.name)).not.toContain('metallb-system');
    expect(result.output).not.toContain('kubernetes:');
  });
});
