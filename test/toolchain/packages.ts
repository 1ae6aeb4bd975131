/**
 * The system packages the lab needs. What is missing is installed where that is possible without asking, by
 * root through apt; elsewhere one error names it all.
 */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { type Task, withProgress } from './progress.ts';

/** Debian packages, each with files that show it is there: names on PATH or absolute paths. */
const PACKAGES = {
  containerd: ['containerd', 'ctr'],
  runc: ['runc'],
  'containernetworking-plugins': ['/usr/lib/cni/ptp', '/usr/lib/cni/host-local'],
  nftables: ['nft'],
  conntrack: ['conntrack'],
  iproute2: ['ip'],
  iptables: ['iptables'],
  umoci: ['umoci'],
  skopeo: ['skopeo'],
  'docker-registry': ['docker-registry'],
  catatonit: ['catatonit'],
  arping: ['arping'],
} as const satisfies Record<string, readonly string[]>;

const FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Debian's switch for "install, but start no service"; the lab runs its own containerd and registry. */
const START_POLICY = '/usr/sbin/policy-rc.d';
const START_NOTHING = '#!/bin/sh\n# Written by the metallb-l2 lab while it installs packages.\nexit 101\n';

/**
 * Makes sure every package is there.
 *
 * @throws naming the missing packages when they cannot be installed
 */
export async function ensurePackages(task: Task): Promise<void> {
  const missing = await findMissing();
  if (missing.length === 0) return;
  const list = missing.join(' ');
  const byHand = `apt-get install -y --no-install-recommends ${list}`;
  if (process.getuid?.() !== 0 || !(await isPresent('apt-get'))) {
    throw new Error(`the lab needs these Debian packages, which are missing: ${list}\nas root: ${byHand}`);
  }
  task.log(`installing missing packages: ${list} (their services are not started)`);
  await withProgress(task.log, 'apt-get', () => install(missing, task.signal));
  const left = await findMissing();
  if (left.length > 0) throw new Error(`still missing after ${byHand}: ${left.join(' ')}`);
}

async function findMissing(): Promise<string[]> {
  const missing: string[] = [];
  for (const [name, files] of Object.entries(PACKAGES)) {
    const present = await Promise.all(files.map(isPresent));
    if (present.includes(false)) missing.push(name);
  }
  return missing;
}

async function isPresent(file: string): Promise<boolean> {
  const paths = isAbsolute(file) ? [file] : FOLDERS.map((folder) => join(folder, file));
  const found = await Promise.allSettled(paths.map((path) => access(path, constants.X_OK)));
  return found.some(({ status }) => status === 'fulfilled');
}

async function install(names: readonly string[], signal: AbortSignal): Promise<void> {
  const aptGet = async (...args: string[]) => {
    try {
      await promisify(execFile)('apt-get', ['-o', 'DPkg::Lock::Timeout=300', ...args], {
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
        maxBuffer: 64 * 1024 * 1024,
        signal,
      });
    } catch (error) {
      const lines = (error as { stderr?: string }).stderr?.trim() ?? '';
      throw new Error(`apt-get ${args.join(' ')} failed:\n${lines}`, { cause: error });
    }
  };
  await holdServices();
  try {
    await aptGet('update');
    await aptGet('install', '-y', '--no-install-recommends', ...names);
  } finally {
    await releaseServices();
  }
}

async function holdServices(): Promise<void> {
  // A policy of the machine's own stays; it is there to hold services as well.
  await writeFile(START_POLICY, START_NOTHING, { mode: 0o755, flag: 'wx' }).catch(() => undefined);
}

async function releaseServices(): Promise<void> {
  const policy = await readFile(START_POLICY, 'utf8').catch(() => undefined);
  if (policy === START_NOTHING) await rm(START_POLICY);
}
