/**
 * The program `metallb-l2`: puts terminal, clock, signals and kubeconfig behind the ports, and the exit code
 * where the shell finds it. Called as `kubectl-l2`, as kubectl calls its plugin, it speaks of itself as
 * `kubectl l2`; called as `kubectl_complete-l2`, as kubectl asks how a line could go on, it completes it.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { WriteStream } from 'node:tty';
import { systemClock, systemRandom } from '../kube/clock.js';
import { EXIT } from './exit-code.js';
import { Interruption, type Output } from './ports.js';
import { runCli } from './program.js';

const stop = new AbortController();
// Only the first signal is handled: a second ends the process at once.
process.once('SIGINT', () => stop.abort(new Interruption('interrupted', 130)));
process.once('SIGTERM', () => stop.abort(new Interruption('terminated', 143)));

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const calledAs = basename(process.argv[1] ?? '').replace(/\.(m?js|exe|cmd)$/, '');

const completing = calledAs === 'kubectl_complete-l2';
const argv = process.argv.slice(2);

const name = calledAs === 'kubectl-l2' ? 'kubectl l2' : 'metallb-l2';
const exitCode = await runCli(completing ? ['__complete', ...argv] : argv, {
  name,
  version,
  out: outputTo(process.stdout, loseOutput),
  // Notes that nobody reads are no reason to end.
  err: outputTo(process.stderr, () => undefined),
  clock: systemClock,
  random: systemRandom,
  signal: stop.signal,
  // client-node takes a quarter of a second to load: help and errors of usage do not wait for it.
  connect: async (choice) => {
    const { connect } = await import('../kube/connect/index.js');
    const api = connect(choice);
    return { api, namespace: api.namespace, close: () => api.close() };
  },
});
process.exitCode ??= exitCode;

function loseOutput({ code, message }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE') {
    // Whoever read it has seen enough, as `head` does.
    stop.abort(new Interruption('nobody reads the output', 0));
    return;
  }
  process.exitCode = EXIT.output;
  process.stderr.write(`${name}: the output cannot be written: ${message}\n`);
  stop.abort(new Interruption('the output cannot be written', EXIT.output));
}

/** @param onLoss called once when nothing can be written any more */
function outputTo(stream: WriteStream, onLoss: (error: NodeJS.ErrnoException) => void): Output {
  let open = true;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (open) onLoss(error);
    open = false;
  });
  const noColour = (process.env['NO_COLOR'] ?? '') !== '' || process.env['TERM'] === 'dumb';
  return {
    colours: stream.isTTY && !noColour,
    write: (text) => {
      if (open) stream.write(text);
    },
  };
}
