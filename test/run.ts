/**
 * `npm test`: all levels, or those named on the command line, from the cheapest to the dearest.
 * The last line counts every check; a check that could not run says why and is counted as skipped.
 */
import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { prepareMachine, type Need } from './support/machine.ts';
import { INTERRUPTED, stopSignal } from './support/stop-signal.ts';
import { cacheFolder } from './toolchain/cache.ts';
import { createOwnedFolder } from './toolchain/owned-folder.ts';

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

const USAGE = `usage: npm test [-- LEVEL...]
       npm run test:LEVEL [-- WHAT]

Runs all levels, or those that are named: ${LEVELS.join(', ')}.
WHAT is for jest, of the levels from unit on: a pattern of paths, -t and a pattern of names, or any option it has.
contract, cluster and e2e need Linux, and build or install what is missing; all of e2e needs root, as some tests of
contract do. The last line counts every check; what could not run is named with the reason, and counted as skipped.
`;

function runNode(args: string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
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
    if (signal.aborted) break;
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
  try {
    const missing = await prepareMachine(need, { log, signal });
    if (missing !== undefined) return { passed: 0, failed: 0, skipped: [`all ${level} tests: ${missing}`] };
  } catch (error) {
    if (signal.aborted) return { passed: 0, failed: 0, skipped: [] };
    log(`${level}: cannot run: ${(error as Error).message}`);
    return { passed: 0, failed: 1, skipped: [] };
  }

  const folder = await createOwnedFolder(join(cacheFolder(process.env), 'runs'));
  try {
    const report = join(folder, 'report.json');
    const args = [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      bin('jest/bin/jest.js'),
      `--selectProjects=${level}`,
      // Levels with real clusters are bound by the machine, not by the number of files at once.
      ...(level === 'unit' ? [] : ['--runInBand']),
      '--json',
      `--outputFile=${report}`,
      ...extra,
    ];
    // What tests that are interrupted leave in their temporary folders goes with this one.
    const code = await runNode(args, { TMPDIR: folder });
    const text = await readFile(report, 'utf8').catch(() => undefined);
    if (text === undefined) return { passed: 0, failed: signal.aborted ? 0 : 1, skipped: [] };
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
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

const args = process.argv.slice(2);
if (args.includes('--help') || args.includes('-h')) {
  process.stdout.write(USAGE);
  process.exit();
}
const requested = args.filter((arg) => LEVELS.includes(arg));
const extra = args.filter((arg) => !LEVELS.includes(arg));
if (extra.length > 0 && !requested.some((level) => level in JEST_LEVELS)) {
  process.stderr.write(`npm test: ${extra.join(' ')}: no level, and for jest it needs one\n\n${USAGE}`);
  process.exit(1);
}

const signal = stopSignal();
const total: Tally = { passed: 0, failed: 0, skipped: [] };
for (const level of requested.length > 0 ? requested : LEVELS) {
  if (signal.aborted) break;
  process.stdout.write(`\n== ${level}\n`);
  const tally = level in CHECKS ? await runChecks(level) : await runJest(level, extra);
  total.passed += tally.passed;
  total.failed += tally.failed;
  total.skipped.push(...tally.skipped);
}
process.stdout.write(signal.aborted ? '\nstopped before the end\n' : '\n');
for (const reason of total.skipped) process.stdout.write(`skipped: ${reason}\n`);
const skipped = total.skipped.length > 0 ? `, ${total.skipped.length} skipped` : '';
process.stdout.write(`${total.passed} passed, ${total.failed} failed${skipped}\n`);
process.exitCode = signal.aborted ? INTERRUPTED : Math.min(total.failed, 1);
