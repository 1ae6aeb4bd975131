/**
 * The system packages the lab needs. What is missing is installed where that is possible without asking, by
 * root through apt; elsewhere one error names it all.
 */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from './cache.ts';
import { withFileLock } from './file-lock.ts';
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
  const isRoot = process.getuid?.() === 0;
  if ((await findMissing()).length === 0 && !(isRoot && (await areServicesHeld()))) return;
  const lock = join(cacheFolder(process.env), 'packages.lock');
  const onWait = (holderPid: number) => task.log(`process ${holderPid} is installing packages, waiting`);
  await withFileLock(lock, { signal: task.signal, onWait }, async () => {
    // One that was killed may have left them held, for good.
    if (isRoot) await releaseServices();
    const missing = await findMissing();
    if (missing.length === 0) return;
    const list = missing.join(' ');
    const byHand = `apt-get install -y --no-install-recommends ${list}`;
    if (!isRoot || !(await isPresent('apt-get'))) {
      throw new Error(`the lab needs these Debian packages, which are missing: ${list}\nas root: ${byHand}`);
    }
    task.log(`installing missing packages: ${list} (their services are not started)`);
    await withProgress(task.log, 'apt-get', () => install(missing, task.signal));
    const left = await findMissing();
    if (left.length > 0) throw new Error(`still missing after ${byHand}: ${left.join(' ')}`);
  });
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
    signal.throwIfAborted();
    const running = promisify(execFile)('apt-get', ['-o', 'DPkg::Lock::Timeout=300', ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      maxBuffer: 64 * 1024 * 1024,
    });
    // Interrupted, it lets dpkg end what it is at; killed, it would leave packages half installed.
    const onAbort = () => running.child.kill('SIGINT');
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await running;
    } catch (error) {
      signal.throwIfAborted();
      const lines = (error as { stderr?: string }).stderr?.trim() ?? '';
      throw new Error(`apt-get ${args.join(' ')} failed:\n${lines}`, { cause: error });
    } finally {
      signal.removeEventListener('abort', onAbort);
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

async function areServicesHeld(): Promise<boolean> {
  return (await readFile(START_POLICY, 'utf8').catch(() => undefined)) === START_NOTHING;
}

async function releaseServices(): Promise<void> {
  if (await areServicesHeld()) await rm(START_POLICY);
}
