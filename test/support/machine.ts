/**
 * What a level of tests asks of the machine, and how it is made ready: tools are built and packages
 * installed before jest starts, so no test's time limit has to allow for them.
 */
import { whyNoLab } from '../lab/requirements.ts';
import { ensurePackages } from '../toolchain/packages.ts';
import type { Task } from '../toolchain/progress.ts';
import { resolveTools } from '../toolchain/resolve.ts';
import { TOOLS, type ToolName } from '../toolchain/tools.ts';

/** `tools`: the API server, the Pulumi engine and Debian's packages; `lab`: whole nodes as well. */
export type Need = 'nothing' | 'tools' | 'lab';

/**
 * Makes the machine ready for `need`; answers why it is the wrong kind of machine where it is.
 *
 * @throws when something that can be had is missing, with the remedy
 */
export async function prepareMachine(need: Need, task: Task): Promise<string | undefined> {
  if (need === 'nothing') return undefined;
  if (process.platform !== 'linux') return `they need Linux, this is ${process.platform}`;
  const obstacle = need === 'lab' ? whyNoLab() : undefined;
  if (obstacle !== undefined) return obstacle;
  await ensurePackages(task);
  await resolveTools(Object.keys(TOOLS) as ToolName[], task);
  return undefined;
}
