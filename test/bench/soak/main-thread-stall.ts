/**
 * Blocks the main thread of a running Node program again and again, and no other thread of it. The program is as
 * it was installed: a signal opens Node's inspector, and what is evaluated through that runs on the main thread.
 */
import * as z from 'zod';
import type { Lab } from '../../lab/lab.ts';

export interface Stall {
  /** The node of the lab on whose network the program is. */
  readonly node: string;
  /** As this machine numbers it. */
  readonly pid: number;
}

const COUNTER = 'stallsOfTheSoak';

/** Blocks it for `ms` milliseconds, every `everyMs`, until it ends. */
export async function stallMainThread(
  lab: Lab,
  { node, pid }: Stall,
  { ms, everyMs }: { ms: number; everyMs: number },
  signal: AbortSignal,
): Promise<void> {
  process.kill(pid, 'SIGUSR1');
  const expression = `
    globalThis.${COUNTER} = 0;
    const nothing = new Int32Array(new SharedArrayBuffer(4));
    setInterval(() => { Atomics.wait(nothing, 0, 0, ${ms}); globalThis.${COUNTER}++; }, ${everyMs}).unref();
    0`;
  await evaluate(lab, node, expression, signal);
}

/** How often it has been blocked. */
export async function countStalls(lab: Lab, node: string, signal: AbortSignal): Promise<number> {
  return z.number().parse(await evaluate(lab, node, `globalThis.${COUNTER}`, signal));
}

/** Run on the node: nobody else reaches the inspector. It opens some time after the signal. */
const CLIENT = `
  const deadline = Date.now() + 10_000;
  const find = async () => {
    for (;;) {
      try {
        const [target] = await (await fetch('http://127.0.0.1:9229/json/list')).json();
        return target.webSocketDebuggerUrl;
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  };
  const socket = new WebSocket(await find());
  await new Promise((resolve, reject) => { socket.onopen = resolve; socket.onerror = reject; });
  const answer = new Promise((resolve) => { socket.onmessage = ({ data }) => resolve(data); });
  const params = { expression: process.argv[1], returnByValue: true };
  socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params }));
  process.stdout.write(await answer);
  socket.close();`;

const answerSchema = z.object({
  result: z.object({ result: z.object({ value: z.unknown() }), exceptionDetails: z.undefined().optional() }),
});

async function evaluate(lab: Lab, node: string, expression: string, signal: AbortSignal): Promise<unknown> {
  const argv = [process.execPath, '--input-type=module', '-e', CLIENT, expression];
  const { code, stdout, stderr } = await lab.exec(node, argv, { signal, timeoutMs: 60_000 });
  if (code !== 0) throw new Error(`the inspector on ${node}: ${stderr.trim()}`);
  return answerSchema.parse(JSON.parse(stdout)).result.result.value;
}
