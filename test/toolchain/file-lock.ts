/**
 * A lock between processes: a file that names its holder. The lock of a holder that no longer runs is taken
 * over, so a killed process blocks nobody.
 */
import { link, mkdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pause } from './pause.ts';
import { isRunning, ownIdentity, pidOf } from './process-identity.ts';

export interface FileLockOptions {
  readonly signal: AbortSignal;
  /** Called once when another running process holds the lock. */
  readonly onWait?: (holderPid: number) => void;
  /** Milliseconds between looks at a held lock. @default 100 */
  readonly pollMs?: number;
}

/** How old the right to remove a dead holder's lock may become: removing takes a millisecond. */
const RECOVERY_LIMIT_MS = 5000;

let taken = 0;

/**
 * Runs `work` while holding the lock file at `path`; its folder is created when missing.
 *
 * @throws the signal's reason when aborted while waiting
 */
export async function withFileLock<T>(
  path: string,
  options: FileLockOptions,
  work: () => Promise<T>,
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  await acquire(path, options);
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function acquire(path: string, { signal, onWait, pollMs = 100 }: FileLockOptions): Promise<void> {
  let told = false;
  for (;;) {
    signal.throwIfAborted();
    if (await tryCreate(path)) return;
    const holder = await readHolder(path);
    if (holder === undefined) continue;
    if (!isRunning(holder)) {
      await removeDead(path);
      continue;
    }
    if (!told) {
      told = true;
      onWait?.(pidOf(holder));
    }
    await pause(pollMs, signal);
  }
}

/** A hard link appears with its content in place, so nobody ever reads a lock without a holder. */
async function tryCreate(path: string): Promise<boolean> {
  const own = `${path}.${process.pid}.${taken++}`;
  await writeFile(own, ownIdentity());
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(own, { force: true });
  }
}

async function readHolder(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/**
 * Removes a lock whose holder is dead. Only the process that made the recovery folder may do so, after a
 * second look: else two could find the same dead lock and the slower one remove the quicker one's new lock.
 */
async function removeDead(path: string): Promise<void> {
  const recovery = `${path}.recovery`;
  try {
    await mkdir(recovery);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
    await removeAbandoned(recovery);
    await sleep(10);
    return;
  }
  try {
    const holder = await readHolder(path);
    if (holder !== undefined && !isRunning(holder)) await rm(path, { force: true });
  } finally {
    await rmdir(recovery);
  }
}

async function removeAbandoned(recovery: string): Promise<void> {
  const found = await stat(recovery).catch(() => undefined);
  if (found !== undefined && Date.now() - found.mtimeMs > RECOVERY_LIMIT_MS) {
    await rmdir(recovery).catch(() => undefined);
  }
}

function isErrno(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}
