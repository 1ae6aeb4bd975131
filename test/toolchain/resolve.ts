/**
 * Gives the path of a pinned tool: the executable an environment variable names, else the one in the cache,
 * else one built now. A version is built once for all processes of the machine that share the cache.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheFolder } from './cache.ts';
import { withFileLock } from './file-lock.ts';
import { goBuild, requireGo } from './go-build.ts';
import { type Task } from './progress.ts';
import { TOOLS, type Tool, type ToolName } from './tools.ts';

/**
 * The path of one tool, built when there is none yet.
 *
 * @throws when the environment names something that is no executable, when Go is missing or too old, or when
 *   the build fails
 */
export async function resolveTool(name: ToolName, task: Task): Promise<string> {
  const tool: Tool = TOOLS[name];
  const chosen = process.env[tool.env];
  if (chosen !== undefined && chosen !== '') {
    await requireExecutable(chosen, tool.env);
    return chosen;
  }
  const { module, path } = await placeOf(name);
  if (await isExecutable(path)) return path;

  const onWait = (holderPid: number) => task.log(`${name}: process ${holderPid} is building it, waiting`);
  return withFileLock(`${dirname(path)}.lock`, { signal: task.signal, onWait }, async () => {
    if (await isExecutable(path)) return path;
    await requireGo(module, purposeOf(name));
    // What a killed build left behind goes; its compiler may even still run, so the name is a new one.
    await rm(dirname(path), { recursive: true, force: true });
    await mkdir(dirname(path), { recursive: true });
    const unfinished = `${path}.${process.pid}`;
    try {
      await goBuild({ name, tool, module, output: unfinished }, task);
      await rename(unfinished, path);
    } finally {
      await rm(unfinished, { force: true });
    }
    return path;
  });
}

/** Why one of `names` is missing here and cannot be built either; undefined when all are there or can be. */
export async function whyNoTools(names: readonly ToolName[]): Promise<string | undefined> {
  for (const name of names) {
    const { module, path } = await placeOf(name);
    if ((process.env[TOOLS[name].env] ?? '') !== '' || (await isExecutable(path))) continue;
    try {
      await requireGo(module, purposeOf(name));
    } catch (error) {
      return (error as Error).message;
    }
  }
  return undefined;
}

async function placeOf(name: ToolName): Promise<{ module: string; path: string }> {
  const tool: Tool = TOOLS[name];
  const module = join(import.meta.dirname, tool.module);
  const key = cacheKey(name, tool, await sourcesOf(module));
  return { module, path: join(cacheFolder(process.env), 'tools', key, name) };
}

function purposeOf(name: ToolName): string {
  return `${name} ${TOOLS[name].version}, or set ${TOOLS[name].env} to an executable of your own`;
}

/** The paths of several tools by name, built one after the other: a Go build keeps every core busy by itself. */
export async function resolveTools<N extends ToolName>(
  names: readonly N[],
  task: Task,
): Promise<Record<N, string>> {
  const paths: Partial<Record<N, string>> = {};
  for (const name of names) paths[name] = await resolveTool(name, task);
  return paths as Record<N, string>;
}

/** The cache entry of a tool: another version of anything in its `go.mod`, or other flags, make another one. */
export function cacheKey(name: string, tool: Tool, sources: string): string {
  const hash = createHash('sha256').update(`${tool.package}\n${tool.ldflags}\n${sources}`).digest('hex');
  return `${name}-${tool.version}-${hash.slice(0, 12)}`;
}

/** What decides the build besides the flags: the `go.mod`, and the source of a program that is ours. */
async function sourcesOf(module: string): Promise<string> {
  const programs = (await readdir(module)).filter((file) => file.endsWith('.go')).sort();
  const files = ['go.mod', ...programs].map((file) => readFile(join(module, file), 'utf8'));
  return (await Promise.all(files)).join('\n');
}

async function requireExecutable(path: string, env: string): Promise<void> {
  if (await isExecutable(path)) return;
  throw new Error(
    `${env}=${path} is not an executable file: correct the path, or unset ${env} to use the built one`,
  );
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
