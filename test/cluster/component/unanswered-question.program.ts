/**
 * A user's program that asks a cluster which does not answer, previewed and brought up with the real engine. A
 * process of its own, as a user's is: an error that ends a Pulumi program would also end a test's.
 *
 * Arguments: a kubeconfig. Prints what the engine said as JSON.
 */
import { getServiceL2StatusOutput } from '@metallb-l2/component';
import { createStack } from '../../support/pulumi-stack.ts';

const [kubeconfig = ''] = process.argv.slice(2);
const lines: string[] = [];
const stack = await createStack({
  name: 'test',
  projectName: 'unanswered-question',
  program: () => {
    const { node } = getServiceL2StatusOutput({ service: { namespace: 'default', name: 'web' }, kubeconfig });
    return Promise.resolve({ node });
  },
  kubeconfig,
  log: (line) => lines.push(line),
});
const outputOf = async (operation: Promise<unknown>) => {
  const failed = await operation.then(
    () => false,
    () => true,
  );
  return { failed, output: lines.splice(0).join('\n') };
};
try {
  const preview = await outputOf(stack.preview());
  const up = await outputOf(stack.up());
  process.stdout.write(JSON.stringify({ preview, up }));
} finally {
  await stack.dispose();
}
