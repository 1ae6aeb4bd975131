/** `npm test` where its tools cannot be had, and where it is stopped before it has them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const RUN = fileURLToPath(new URL('../../run.ts', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'test-command-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Runs the level `contract` with an empty cache and a `go` that does what `script` says. */
async function runContract(script: string, until?: RegExp): Promise<{ code: number; output: string }> {
  const go = join(folder, 'go');
  await writeFile(go, `#!/bin/sh\n${script}\n`);
  await chmod(go, 0o755);
  const env = { PATH: folder, METALLB_L2_CACHE: join(folder, 'cache') };
  const child = spawn(process.execPath, [RUN, 'contract'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let isStopped = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      // Once: a second interrupt would end it at once.
      if (isStopped || !until?.test(output)) return;
      isStopped = child.kill('SIGINT');
    });
  }
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}

it('says what is missing, and counts what could not run as failed', async () => {
  const { code, output } = await runContract('echo go version go1.20.0 linux/amd64');
  expect(code).toBe(1);
  expect(output).toMatch(/^contract: cannot run: Go 1\.26 or newer is needed to build etcd/m);
  expect(output).toMatch(/\n0 passed, 1 failed\n$/);
});

it('ends in order when it is stopped while it builds a tool', async () => {
  const building = '[ "$1" = version ] && echo go version go1.26.0 linux/amd64 || exec /bin/sleep 30';
  const { code, output } = await runContract(building, /etcd .*: building/);
  expect(code).toBe(130);
  expect(output).toMatch(/\nstopped before the end\n0 passed, 0 failed\n$/);
  expect(output).not.toMatch(/^\s+at /m);
});
