/** Arguments there is nothing wrong with, for tests that change something, and what is wrong then. */
import { ArgsError, type ArgsProblem } from '../../../component/src/args/error.js';
import type { MetalLBLayer2Args } from '../../../component/src/args/args.js';

export const IMAGE = 'registry.example.com/metallb-l2:1';

export const GOOD: MetalLBLayer2Args = {
  image: { reference: IMAGE },
  pools: [
    { name: 'production', addresses: ['192.168.10.0/24'] },
    { name: 'lab', addresses: ['192.168.20.5-192.168.20.9', 'fd00::/120'] },
  ],
};

/** What `parse` has against its arguments. */
export function problemsOf(parse: () => unknown): readonly ArgsProblem[] {
  try {
    parse();
  } catch (error) {
    if (error instanceof ArgsError) return error.problems;
    throw error;
  }
  return [];
}
