/**
 * Lets Node run the TypeScript sources of sdk and speaker as they are, without a build: what they import by
 * the name it has once it is compiled is found by the name it has here. Jest's `moduleNameMapper` does the
 * same for tests.
 */
import { registerHooks } from 'node:module';

const SDK = /^@metallb-l2\/sdk(\/.+)?$/;

/** Holds for everything imported from now on, in this process. */
export function runSources(): void {
  registerHooks({
    resolve: (specifier, context, next) => next(sourceOf(specifier, context.parentURL) ?? specifier, context),
  });
}

function sourceOf(specifier: string, importer: string | undefined): string | undefined {
  const sdk = SDK.exec(specifier);
  if (sdk) return new URL(`../../sdk/src${sdk[1] ?? ''}/index.ts`, import.meta.url).href;
  const isSource = importer?.endsWith('.ts') === true && /^\.{1,2}\/.*\.js$/.test(specifier);
  return isSource ? specifier.replace(/\.js$/, '.ts') : undefined;
}
