import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { withFileLock } from '../../toolchain/file-lock.ts';
import { identifyProcess } from '../../toolchain/process-identity.ts';

const DEAD = `${2 ** 30} 1`;
const FIRST_PROCESS = identifyProcess(1) ?? '';

describe('a lock between processes', () => {
  let folder: string;
  let lock: string;
  const { signal } = new AbortController();

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'file-lock-'));
    lock = join(folder, 'tools', 'a.lock');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Enters `count` times at once and gives the most that were inside together. */
  async function crowd(count: number): Promise<number> {
    let inside = 0;
    let most = 0;
    const enter = () =>
      withFileLock(lock, { signal, pollMs: 1 }, async () => {
        most = Math.max(most, ++inside);
        await turn();
        inside--;
      });
    await Promise.all(Array.from({ length: count }, enter));
    return most;
  }

  it('lets one in at a time, and is gone afterwards', async () => {
    expect(await crowd(20)).toBe(1);
    expect(readdirSync(join(folder, 'tools'))).toEqual([]);
  });

  it('is taken over from a dead holder, by one only', async () => {
    await withFileLock(lock, { signal }, () => Promise.resolve());
    writeFileSync(lock, DEAD);
    expect(await crowd(20)).toBe(1);
    expect(readdirSync(join(folder, 'tools'))).toEqual([]);
  });

  it('is waited for while its holder runs, and the holder is named', async () => {
    await withFileLock(lock, { signal }, () => Promise.resolve());
    writeFileSync(lock, FIRST_PROCESS);
    const holders: number[] = [];
    const onWait = (pid: number) => {
      holders.push(pid);
      rmSync(lock);
    };
    expect(await withFileLock(lock, { signal, onWait, pollMs: 1 }, () => Promise.resolve('done'))).toBe(
      'done',
    );
    expect(holders).toEqual([1]);
  });

  it('is not waited for any longer once aborted', async () => {
    await withFileLock(lock, { signal }, () => Promise.resolve());
    writeFileSync(lock, FIRST_PROCESS);
    const stop = new AbortController();
    const onWait = () => stop.abort(new Error('enough'));
    const waiting = withFileLock(lock, { signal: stop.signal, onWait }, () => Promise.resolve());
    await expect(waiting).rejects.toThrow('enough');
    expect(existsSync(lock)).toBe(true);
  });

  it('is given back when the work fails', async () => {
    const failing = withFileLock(lock, { signal }, () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(existsSync(lock)).toBe(false);
  });
});
