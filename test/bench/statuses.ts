/**
 * Reading every status of a big cluster: the SDK's cache, ready to answer by service and by node, beside
 * client-node's plain list of the same objects. Each run is a process of its own, against one HTTP server.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type Benchmark, type Result, spreadOf } from './benchmark.ts';
import { startStatusServer } from './status-server.ts';
import type { Measured, SubjectName } from './statuses-subject.ts';

const SUBJECT_SCRIPT = new URL('./statuses-subject.ts', import.meta.url);

export const statuses: Benchmark = {
  name: 'statuses',
  about: '10,000 statuses listed, checked and indexed; client-node lists them only',
  takes: ['trials'],
  async *run({ quick, signal, trials: runs = quick ? 1 : 7 }) {
    const objects = quick ? 20 : 10_000;
    const server = await startStatusServer(objects);
    try {
      const measured = new Map<SubjectName, Measured[]>([
        ['sdk', []],
        ['client-node', []],
      ]);
      for (let run = 0; run < runs; run++) {
        // In turn, so that a busy moment of the machine hits both.
        for (const [subject, all] of measured) all.push(await measure(subject, server.kubeconfig, signal));
      }
      for (const [subject, all] of measured) {
        const wrong = all.find((each) => each.objects !== objects);
        if (wrong) throw new Error(`${subject} read ${wrong.objects} of ${objects} objects`);
        yield {
          benchmark: 'statuses',
          subject: await versionOf(subject),
          runs,
          parameters: { objects },
          figures: {
            listMs: spreadOf(all.map(({ listMs }) => listMs)),
            heapMiB: spreadOf(all.map(({ heapBytes }) => heapBytes / 2 ** 20)),
          },
        } satisfies Result;
      }
    } finally {
      await server.stop();
    }
  },
};

async function measure(subject: SubjectName, kubeconfig: string, signal: AbortSignal): Promise<Measured> {
  const child = fork(SUBJECT_SCRIPT, [subject, kubeconfig], {
    execArgv: ['--expose-gc'],
    signal,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let measured: Measured | undefined;
  child.on('message', (message) => (measured = message as Measured));
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0 || !measured) throw new Error(`the process of ${subject} ended with code ${String(code)}`);
  return measured;
}

async function versionOf(subject: SubjectName): Promise<string> {
  const name = subject === 'sdk' ? '@metallb-l2/sdk' : '@kubernetes/client-node';
  const manifest = await readFile(
    new URL(`../../node_modules/${name}/package.json`, import.meta.url),
    'utf8',
  );
  return `${name} ${(JSON.parse(manifest) as { version: string }).version}`;
}
