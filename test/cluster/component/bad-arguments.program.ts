/**
 * A user's program with everything wrong in it, run with the real engine. A process of its own, as a user's
 * is: an error that ends a Pulumi program would also end a test's.
 *
 * Arguments: the path of a kubeconfig. Prints what the engine said as JSON.
 */
import { readFile } from 'node:fs/promises';
import { MetalLBLayer2 } from '@metallb-l2/component';
import { createStack } from '../../support/pulumi-stack.ts';

const program = () => {
  new MetalLBLayer2('metallb', {
    image: { reference: 'registry.example.com/a:1', build: { repository: 'registry.example.com/b' } },
    pools: [
      { name: 'office', addresses: ['10.0.0.300/24'] },
      { name: 'lab', addresses: ['10.0.1.9-10.0.1.1'] },
      { name: 'empty', addresses: [] },
      { name: 'office', addresses: ['10.0.2.0/24'] },
    ],
    advertisements: [{ name: 'all', pools: ['offices'] }],
  });
  return Promise.resolve({});
};

const [kubeconfigPath = ''] = process.argv.slice(2);
const lines: string[] = [];
const stack = await createStack({
  name: 'test',
  projectName: 'bad-arguments',
  program,
  kubeconfig: await readFile(kubeconfigPath, 'utf8'),
  log: (line) => lines.push(line),
});
let failed = false;
try {
  await stack.up();
} catch {
  failed = true;
} finally {
  await stack.dispose();
}
process.stdout.write(JSON.stringify({ failed, output: lines.join('\n') }));
