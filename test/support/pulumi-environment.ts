/** What a user of Pulumi may have set for stacks of their own: a stack, a passphrase, options of the engine, flags of providers. */

/**
 * Sets every variable of Pulumi's in `env` to nothing, for a process that is given it besides: none of them may have
 * a say in a stack of the tests or the demo.
 */
export function withoutPulumi(env: NodeJS.ProcessEnv): Record<string, undefined> {
  const names = Object.keys(env).filter((name) => name.startsWith('PULUMI_'));
  return Object.fromEntries(names.map((name) => [name, undefined]));
}
