/**
 * Finds the Kubernetes provider plugin the engine shall run. The real one always comes first; only where
 * there is none does the stand-in of this folder take its place, and says so.
 */
import { execFile } from 'node:child_process';
import { access, constants, mkdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../toolchain/cache.ts';
import { writeLauncher } from '../plugin-launcher.ts';
import { REAL_VERSION } from './version.ts';

export interface ProviderPath {
  /** The folder to put first on the engine's PATH; absent when the plugin is on it already. */
  readonly path: string | undefined;
  readonly standIn: boolean;
}

export interface ProviderPathOptions {
  readonly log: (line: string) => void;
  /** The `pulumi` executable, which can download the real plugin. */
  readonly pulumi: string;
}

const VERSION = `v${REAL_VERSION}`;
const PLUGIN = `resource-kubernetes-${VERSION}`;
const EXECUTABLE = 'pulumi-resource-kubernetes';
const DOWNLOAD_VARIABLE = 'METALLB_L2_REAL_PROVIDER';
const DOWNLOAD_TIMEOUT_MS = 120_000;

/** Marks our own launcher, so that one on PATH is not taken for the real plugin. */
const MARK = '# The stand-in Kubernetes provider';

/** The plugin to use: one on PATH, one installed, one downloaded when `METALLB_L2_REAL_PROVIDER=1`, else the stand-in. */
export async function providerPath({ log, pulumi }: ProviderPathOptions): Promise<ProviderPath> {
  const { env } = process;
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    if (folder !== '' && (await isRealPlugin(folder))) return { path: undefined, standIn: false };
  }
  const installed = join(env['PULUMI_HOME'] ?? join(homedir(), '.pulumi'), 'plugins', PLUGIN);
  if (await isRealPlugin(installed)) return { path: installed, standIn: false };

  const pulumiHome = join(cacheFolder(env), 'pulumi-home');
  const downloaded = join(pulumiHome, 'plugins', PLUGIN);
  if (await isRealPlugin(downloaded)) return { path: downloaded, standIn: false };

  let reason = `the real plugin ${VERSION} is not installed; set ${DOWNLOAD_VARIABLE}=1 to download it`;
  if (env[DOWNLOAD_VARIABLE] === '1') {
    try {
      await download(pulumi, pulumiHome);
      return { path: downloaded, standIn: false };
    } catch (error) {
      reason = `the real plugin ${VERSION} could not be downloaded: ${(error as Error).message.trim()}`;
    }
  }
  log(`using the stand-in Kubernetes provider: ${reason}`);
  const main = join(import.meta.dirname, 'main.ts');
  const path = await writeLauncher(join(cacheFolder(env), 'provider'), {
    executable: EXECUTABLE,
    main,
    mark: MARK,
  });
  return { path, standIn: true };
}

async function isRealPlugin(folder: string): Promise<boolean> {
  const path = join(folder, EXECUTABLE);
  try {
    await access(path, constants.X_OK);
    return !(await readFile(path)).subarray(0, 200).toString('latin1').includes(MARK);
  } catch {
    return false;
  }
}

async function download(pulumi: string, pulumiHome: string): Promise<void> {
  await mkdir(pulumiHome, { recursive: true });
  await promisify(execFile)(pulumi, ['plugin', 'install', 'resource', 'kubernetes', VERSION], {
    env: { ...process.env, PULUMI_HOME: pulumiHome, PULUMI_SKIP_UPDATE_CHECK: 'true' },
    timeout: DOWNLOAD_TIMEOUT_MS,
  });
}
