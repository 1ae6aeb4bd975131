// Entry of every `npm run …` command. Runs on any Node ≥ 20 and any operating system, installs and builds
// what is missing, then hands over to the pinned Node of the `node` package, which runs the TypeScript of
// `test/` as it is.
// Progress goes to stderr: stdout belongs to the command (`npm run demo -- --json`).
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const COMMANDS = {
  bench: { script: 'test/bench/cli.ts', build: true },
  build: { build: true },
  // Builds by itself, where a real cluster is to run what is built.
  demo: { script: 'test/demo/cli.ts', build: false },
  lab: { script: 'test/lab/cli.ts', build: true },
  test: { script: 'test/run.ts', build: true },
};

const MINIMUM_NODE = 20;
const root = fileURLToPath(new URL('..', import.meta.url));
const inRoot = (path) => fileURLToPath(new URL(path, new URL('..', import.meta.url)));
const onWindows = process.platform === 'win32';
const pinnedNode = inRoot(`node_modules/node/bin/node${onWindows ? '.exe' : ''}`);

function fail(message) {
  process.stderr.write(`metallb-l2: ${message}\n`);
  process.exit(1);
}

/** Runs a command of ours to its end; its output goes to stderr. */
async function step(title, command, args, options = {}) {
  const started = Date.now();
  const report = () => {
    process.stderr.write(`  … ${title}, ${Math.round((Date.now() - started) / 1000)} s\n`);
    timer = setTimeout(report, 10_000);
  };
  let timer = setTimeout(report, 2000);
  const code = await run(command, args, { stdio: ['ignore', 2, 2], ...options });
  clearTimeout(timer);
  if (isStopped) process.exit(128 + constants.signals.SIGINT);
  if (code !== 0) fail(`${title} failed: \`${command} ${args.join(' ')}\` ended with code ${code}`);
  const seconds = (Date.now() - started) / 1000;
  if (seconds > 2) process.stderr.write(`  ${title}: ${seconds.toFixed(1)} s\n`);
}

/** npm is a batch file on Windows, which only a shell starts. */
function npm(title, ...args) {
  return onWindows ? step(title, ['npm', ...args].join(' '), [], { shell: true }) : step(title, 'npm', args);
}

let isStopped = false;

/** Signals sent to us reach the child, whose end decides ours. */
function run(command, args, options) {
  const child = spawn(command, args, { cwd: root, ...options });
  const forward = (signal) => {
    isStopped = true;
    child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  return new Promise((resolve) => {
    child.on('error', (error) => {
      process.stderr.write(`metallb-l2: cannot start ${command}: ${error.message}\n`);
      resolve(127);
    });
    child.on('close', (code, signal) => {
      for (const name of signals) process.off(name, forward);
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}

async function install() {
  const lock = createHash('sha256')
    .update(readFileSync(inRoot('package-lock.json')))
    .digest('hex');
  const stamp = inRoot('node_modules/.metallb-l2-lock');
  if (existsSync(pinnedNode) && existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  process.stderr.write('installing npm packages\n');
  // Only the `node` package needs its install script: it links the binary for this platform.
  await npm('npm ci', 'ci', '--ignore-scripts', '--no-fund', '--no-audit', '--loglevel=error');
  await npm('node 24', 'rebuild', 'node', '--ignore-scripts=false', '--loglevel=error');
  if (!existsSync(pinnedNode)) fail(`the \`node\` package has no binary for this platform: ${pinnedNode}`);
  writeFileSync(stamp, lock);
}

async function build() {
  await step('build', pinnedNode, [inRoot('node_modules/typescript/bin/tsc'), '-b']);
  await step('bundle', pinnedNode, [inRoot('speaker/scripts/bundle.mjs')]);
}

const [command, ...args] = process.argv.slice(2);
if (Number(process.versions.node.split('.')[0]) < MINIMUM_NODE) {
  fail(`Node ${process.versions.node} is too old: Node ${MINIMUM_NODE} or newer is needed`);
}
if (command === undefined || !(command in COMMANDS)) {
  fail(`no command "${command ?? ''}": one of ${Object.keys(COMMANDS).join(', ')}`);
}
const { script, build: needsBuild } = COMMANDS[command];
await install();
if (needsBuild) await build();
if (script !== undefined) {
  process.exitCode = await run(pinnedNode, [inRoot(script), ...args], { stdio: 'inherit' });
}
