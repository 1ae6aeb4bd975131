/** Upstream's programs as images of the lab's registry. */
import { type Task } from '../../toolchain/progress.ts';
import { resolveTool } from '../../toolchain/resolve.ts';
import { TOOLS } from '../../toolchain/tools.ts';
import { ensureProgramImage } from '../images.ts';
import type { Lab } from '../lab.ts';
import { pushImage } from '../registry.ts';

/** The image of a program, built when it is new and pushed to the lab's registry. */
export async function provideImage(
  lab: Lab,
  tool: 'metallb-speaker' | 'metallb-controller',
  task: Task,
): Promise<string> {
  const executable = await resolveTool(tool, task);
  const image = await ensureProgramImage(`peer/${tool}:${TOOLS[tool].version}`, executable, task);
  const reference = `${lab.registry.host}/${image.name}`;
  await pushImage(image.layout, reference, task);
  return reference;
}
