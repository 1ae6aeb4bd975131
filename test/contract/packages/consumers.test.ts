/**
 * The packages in the projects of those who use them: packed, installed, type-checked by the project's compiler and
 * previewed by the real engine under each Node. Prints what works where.
 */
import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createOwnedFolder } from '../../toolchain/owned-folder.ts';
import { cacheFolder } from '../../toolchain/cache.ts';
import { type Pulumi, openPulumi } from '../../support/pulumi-project.ts';
import {
  Versions,
  cloneInstalled,
  installPackages,
  packPackages,
  writeProject,
} from '../../support/packed-packages.ts';
import { SET_UPS, type SetUp, titleOf } from './set-ups.ts';

interface Findings {
  /** Where the compiler has something to say: files of the project, or packages; absent without a compiler. */
  readonly typeErrors?: readonly string[];
  /** The output of `pulumi preview` by the version of Node. */
  readonly previews: ReadonlyMap<number, { code: number; output: string }>;
}

/** A machine of two cores does two at a time. */
const LANES = 2;
/** Milliseconds for one project to be tried out, and for those before it in its lane; an idle machine takes 20 s. */
const LIMIT = 20 * 60_000;

const task = {
  log: (line: string) => process.stderr.write(`${line}\n`),
  signal: new AbortController().signal,
};
const findings = new Map<SetUp, Promise<Findings>>();
let folder: string;
let pulumi: Pulumi;
const lanes = Array.from({ length: LANES }, (): Promise<unknown> => Promise.resolve());

beforeAll(async () => {
  // In the cache, for hard links do not reach from one file system into another.
  folder = await createOwnedFolder(join(cacheFolder(process.env), 'consumers'));
  const versions = await Versions.install(task);
  const tar = join(folder, 'tar');
  await mkdir(tar);
  await installPackages(join(folder, 'installed'), (await packPackages(tar)).values());
  pulumi = await openPulumi({ log: () => undefined });
  for (const [index, setUp] of SET_UPS.entries()) {
    const found = lanes[index % LANES]!.then(() => tryOut(versions, setUp, `set-up-${index}`));
    findings.set(setUp, found);
    lanes[index % LANES] = found.catch(() => undefined);
  }
}, LIMIT);

afterAll(async () => {
  await Promise.all(lanes);
  process.stdout.write(await table());
  await pulumi.dispose();
  await rm(folder, { recursive: true });
}, LIMIT);

async function tryOut(
  versions: Versions,
  { typescript, tsNode, nodes, files }: SetUp,
  name: string,
): Promise<Findings> {
  const project = join(folder, name);
  const compiler = typescript === undefined ? undefined : versions.typescript(typescript);
  await cloneInstalled(join(folder, 'installed'), project, compiler);
  if (tsNode !== true) await rm(join(project, 'node_modules/ts-node'), { recursive: true });
  await writeProject(project, files);
  await pulumi.run(project, ['stack', 'init', name]);
  const previews = new Map<number, { code: number; output: string }>();
  for (const version of nodes) {
    previews.set(version, await pulumi.run(project, ['preview'], versions.node(version)));
  }
  return compiler === undefined
    ? { previews }
    : { previews, typeErrors: await typeErrors(compiler, project) };
}

/** Paths of files with errors; of a file in a package, the package's. */
async function typeErrors(compiler: string, project: string): Promise<string[]> {
  const args = [join(compiler, 'bin/tsc'), '--noEmit', '--pretty', 'false', '-p', project];
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, args, { cwd: project }, (_error, stdout) => resolve(stdout));
  });
  const files = [...output.matchAll(/^(\S+?)\(\d+,\d+\): error/gm)].map(([, file = '']) => {
    return /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? file;
  });
  return [...new Set(files)].sort();
}

describe.each(SET_UPS.map((setUp) => ({ title: titleOf(setUp), setUp })))('$title', ({ setUp }) => {
  const { typeErrors = [], fails } = setUp;
  if (setUp.typescript !== undefined) {
    const title = typeErrors.length === 0 ? 'compiles' : `has type errors in ${typeErrors.join(', ')}`;
    it(title, async () => expect((await findings.get(setUp))?.typeErrors).toEqual(typeErrors), LIMIT);
  }

  it.each(setUp.nodes)(
    `${fails === undefined ? 'runs' : 'does not run'} on Node %d`,
    async (node) => {
      const preview = (await findings.get(setUp))?.previews.get(node);
      if (fails === undefined) {
        expect(preview?.output).toContain('namespace: "metallb-system"');
        expect(preview?.output).toContain('sdk      : "function ipaddresspools"');
        expect(preview?.code).toBe(0);
      } else {
        expect(preview?.output).toMatch(fails);
        expect(preview?.code).not.toBe(0);
      }
    },
    LIMIT,
  );
});

async function table(): Promise<string> {
  const nodes = [20, 22, 24];
  const rows = SET_UPS.map(async (setUp) => {
    const found = await findings.get(setUp)?.catch(() => undefined);
    const types = found?.typeErrors;
    const runs = nodes.map((node) => {
      const preview = found?.previews.get(node);
      return preview === undefined ? '' : preview.code === 0 ? 'runs' : 'fails';
    });
    return [titleOf(setUp), types === undefined ? '' : types.length === 0 ? 'none' : types.join(), ...runs];
  });
  const head = ['project', 'type errors in', ...nodes.map((node) => `Node ${node}`)];
  const lines = [head, ...(await Promise.all(rows))];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const text = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  return `${text.join('\n')}\n`;
}
