/**
 * `npm test`: all levels, or those named on the command line, from the cheapest to the dearest.
 * The last line counts every check; a check that could not run says why and is counted as skipped.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { prepareMachine, type Need } from './support/machine.ts';
import { stopSignal } from './support/stop-signal.ts';

interface Tally {
  passed: number;
  failed: number;
  skipped: string[];
}

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (path: string) => join(root, 'node_modules', path);

const CHECKS: Record<string, { name: string; args: string[] }[]> = {
  lint: [
    { name: 'eslint', args: [bin('eslint/bin/eslint.js'), '.', '--max-warnings=0'] },
    { name: 'prettier', args: [bin('prettier/bin/prettier.cjs'), '--check', '--log-level=warn', '.'] },
    { name: 'knip (unused code)', args: [bin('knip/bin/knip.js')] },
  ],
  types: [{ name: 'tsc', args: [bin('typescript/bin/tsc'), '-p', 'test'] }],
};

const JEST_LEVELS: Record<string, Need> = {
  unit: 'nothing',
  contract: 'tools',
  cluster: 'tools',
  e2e: 'lab',
};

const LEVELS = [...Object.keys(CHECKS), ...Object.keys(JEST_LEVELS)];

function runNode(args: string[]): Promise<number> {
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
  // A terminal interrupts the child as well, but not everybody who stops this program is one.
  const onAbort = () => child.kill('SIGINT');
  signal.addEventListener('abort', onAbort, { once: true });
  return new Promise((resolve) => {
    child.on('error', () => resolve(127));
    child.on('close', (code) => {
      signal.removeEventListener('abort', onAbort);
      resolve(code ?? 1);
    });
  });
}

async function runChecks(level: string): Promise<Tally> {
  const tally: Tally = { passed: 0, failed: 0, skipped: [] };
  for (const check of CHECKS[level] ?? []) {
    const started = Date.now();
    const code = await runNode(check.args);
    const verdict = code === 0 ? 'ok' : 'FAILED';
    process.stdout.write(
      `${level}: ${check.name} ${verdict} (${((Date.now() - started) / 1000).toFixed(1)} s)\n`,
    );
    if (code === 0) tally.passed += 1;
    else tally.failed += 1;
  }
  return tally;
}

const jestReport = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numRuntimeErrorTestSuites: z.number(),
  testResults: z.array(
    z.object({ assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })) }),
  ),
});

async function runJest(level: string, extra: string[]): Promise<Tally> {
  const need = JEST_LEVELS[level] ?? 'nothing';
  const log = (line: string): void => void process.stdout.write(`${line}\n`);
  const missing = await prepareMachine(need, { log, signal });
  if (missing !== undefined) return { passed: 0, failed: 0, skipped: [`all ${level} tests: ${missing}`] };

  const folder = await mkdtemp(join(tmpdir(), 'metallb-l2-test-'));
  try {
    const report = join(folder, 'report.json');
    const code = await runNode([
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      bin('jest/bin/jest.js'),
      `--selectProjects=${level}`,
      // Levels with real clusters are bound by the machine, not by the number of files at once.
      ...(level === 'unit' ? [] : ['--runInBand']),
      '--json',
      `--outputFile=${report}`,
      ...extra,
    ]);
    const text = await readFile(report, 'utf8').catch(() => undefined);
    if (text === undefined) return { passed: 0, failed: 1, skipped: [] };
    const result = jestReport.parse(JSON.parse(text));
    const skipped = result.testResults
      .flatMap((file) => file.assertionResults)
      .filter((test) => test.status === 'pending' || test.status === 'todo')
      .map((test) => test.fullName);
    const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
    const ranNothing = result.numPassedTests + failed + skipped.length === 0;
    return {
      passed: result.numPassedTests,
      failed: failed === 0 && (code !== 0 || ranNothing) ? 1 : failed,
      skipped,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const signal = stopSignal();
const requested = process.argv.slice(2).filter((arg) => LEVELS.includes(arg));
const extra = process.argv.slice(2).filter((arg) => !LEVELS.includes(arg));
const total: Tally = { passed: 0, failed: 0, skipped: [] };
for (const level of requested.length > 0 ? requested : LEVELS) {
  if (signal.aborted) break;
  process.stdout.write(`\n== ${level}\n`);
  const tally = level in CHECKS ? await runChecks(level) : await runJest(level, extra);
  total.passed += tally.passed;
  total.failed += tally.failed;
  total.skipped.push(...tally.skipped);
}
process.stdout.write('\n');
for (const reason of total.skipped) process.stdout.write(`skipped: ${reason}\n`);
const skipped = total.skipped.length > 0 ? `, ${total.skipped.length} skipped` : '';
process.stdout.write(`${total.passed} passed, ${total.failed} failed${skipped}\n`);
process.exitCode = signal.aborted ? 130 : Math.min(total.failed, 1);
