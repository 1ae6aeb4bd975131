import { fileURLToPath } from 'node:url';
import { run } from '../../lab/run.ts';

const RUN = fileURLToPath(new URL('../../run.ts', import.meta.url));
const npmTest = (...args: string[]) => run([process.execPath, RUN, ...args]);

describe('npm test', () => {
  it.each(['--help', '-h'])('says with %s what it runs', async (option) => {
    const { code, stdout } = await npmTest(option);
    expect(code).toBe(0);
    expect(stdout).toMatch(/lint, types, unit, contract, cluster, e2e\./);
  });

  it.each([[['untit']], [['lint', 'network-events']], [['-t', 'a name']]])(
    'runs nothing when it is asked for %j, and says why',
    async (args) => {
      const { code, stdout, stderr } = await npmTest(...args);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/: no level, and for jest it needs one\n\nusage: npm test /);
    },
  );
});
