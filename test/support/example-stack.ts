/** The programs in `examples` as stacks of the Automation API: the very files a user copies. */
import { createStack, type PulumiStack, type StackOptions } from './pulumi-stack.ts';

const EXAMPLES = new URL('../../examples/', import.meta.url);
let runs = 0;

export function exampleStack(
  example: string,
  options: Omit<StackOptions, 'name' | 'projectName' | 'program'>,
): Promise<PulumiStack> {
  const { href } = new URL(`${example}/index.ts`, EXAMPLES);
  return createStack({
    ...options,
    name: 'demo',
    projectName: `metallb-${example}`,
    // The program runs once for each operation, as it would with `pulumi up`: a module is loaded only once.
    program: async () => {
      runs += 1;
      return { ...((await import(`${href}?run=${runs}`)) as Record<string, unknown>) };
    },
  });
}
