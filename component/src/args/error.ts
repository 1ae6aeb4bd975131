/** Everything that is wrong with the arguments, told at once. */
import * as pulumi from '@pulumi/pulumi';

/** One thing that is wrong: where, and what to write instead. */
export interface ArgsProblem {
  /** Path of the field: `pools[0].addresses[1]`. */
  path: string;
  /** Names the value and the remedy. */
  message: string;
}

/** The arguments are refused. Pulumi shows its message without a stack trace. */
export class ArgsError extends pulumi.RunError {
  readonly problems: readonly ArgsProblem[];

  /** @param component whose arguments they are */
  constructor(problems: readonly ArgsProblem[], component = 'MetalLBLayer2') {
    const lines = problems.map(({ path, message }) => `\n  ${path}: ${message}`);
    super(`the arguments of ${component} are refused:${lines.join('')}`);
    this.name = 'ArgsError';
    this.problems = problems;
  }
}

/** @throws ArgsError unless there are no problems */
export function refuse(problems: readonly ArgsProblem[], component?: string): void {
  if (problems.length > 0) throw new ArgsError(problems, component);
}
