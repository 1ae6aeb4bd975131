/** Builds one pinned Go program, with signs of life: a first build takes minutes. */
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { type Task, withProgress } from './progress.ts';
import { type Tool } from './tools.ts';

/** The oldest Go that builds the pinned modules. */
const GO_MINIMUM = { major: 1, minor: 26 };

/**
 * Checks that a Go that can build `module` is on PATH.
 *
 * @param purpose what it is needed for, and what else would do, for the error
 * @throws when Go is missing or older than 1.26
 */
export async function requireGo(module: string, purpose: string): Promise<void> {
  const needed = `Go ${GO_MINIMUM.major}.${GO_MINIMUM.minor} or newer is needed to build ${purpose}`;
  let answer: string;
  try {
    // In the module's folder, where Go may fetch the toolchain its go.mod asks for.
    answer = (await promisify(execFile)('go', ['version'], { cwd: module })).stdout;
  } catch (error) {
    throw new Error(`${needed}; \`go version\` failed: is Go installed and on PATH? (https://go.dev/dl)`, {
      cause: error,
    });
  }
  if (!isGoRecentEnough(answer)) throw new Error(`${needed}; found: ${answer.trim()} (https://go.dev/dl)`);
}

/** Whether the output of `go version` names Go 1.26 or newer; development builds count as newest. */
export function isGoRecentEnough(answer: string): boolean {
  if (/^go version devel /.test(answer)) return true;
  const [, major, minor] = /^go version go(\d+)\.(\d+)/.exec(answer) ?? [];
  if (major === undefined || minor === undefined) return false;
  if (Number(major) !== GO_MINIMUM.major) return Number(major) > GO_MINIMUM.major;
  return Number(minor) >= GO_MINIMUM.minor;
}

export interface GoBuild {
  readonly name: string;
  readonly tool: Tool;
  /** The folder of the `go.mod`. */
  readonly module: string;
  readonly output: string;
}

/** @throws with the compiler's last lines when the build fails, with the signal's reason when aborted */
export async function goBuild(build: GoBuild, { log, signal }: Task): Promise<void> {
  const { name, tool } = build;
  const lines: string[] = [];
  log(`${name} ${tool.version}: building, once for this version; about ${tool.buildSeconds} s on two cores`);
  const detail = () => describeProgress(lines.at(-1));
  await withProgress(log, `${name}: building`, () => run(build, lines, signal), { detail });
}

/** What `go build -v` does, from the line it printed last: a download, or the package it has compiled. */
function describeProgress(line: string | undefined): string | undefined {
  return line?.startsWith('go: ') ? line.slice('go: '.length) : line;
}

function run({ name, tool, module, output }: GoBuild, lines: string[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('go', ['build', '-v', '-ldflags', tool.ldflags, '-o', output, tool.package], {
      cwd: module,
      // GOWORK: the modules stand for themselves, whatever workspace surrounds the clone.
      env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' },
      stdio: ['ignore', 'ignore', 'pipe'],
      signal,
    });
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => {
      lines.push(...text.split('\n').filter((line) => line !== ''));
      lines.splice(0, lines.length - 20);
    });
    child.on('error', (error) => reject(signal.aborted ? (signal.reason as Error) : error));
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`building ${name} failed (go build: ${code}):\n${lines.join('\n')}`));
    });
  });
}
