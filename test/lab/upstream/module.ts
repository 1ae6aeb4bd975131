/** Upstream's Go module of the version its programs are built from: it holds the manifest and the chart, too. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as z from 'zod';
import { TOOLS } from '../../toolchain/tools.ts';

const MODULE = 'go.universe.tf/metallb';
const TOOLCHAIN = fileURLToPath(new URL('../../toolchain/metallb', import.meta.url));

export const UPSTREAM_VERSION = TOOLS['metallb-controller'].version;

const downloadSchema = z.object({ Dir: z.string() });

/** The folder of the module, which nobody may write. */
export async function upstreamFolder(signal: AbortSignal): Promise<string> {
  const argv = ['mod', 'download', '-json', `${MODULE}@${UPSTREAM_VERSION}`];
  const { stdout } = await promisify(execFile)('go', argv, {
    cwd: TOOLCHAIN,
    env: { ...process.env, GOWORK: 'off' },
    signal,
  });
  return downloadSchema.parse(JSON.parse(stdout)).Dir;
}
