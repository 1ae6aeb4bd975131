/** A credential helper of Docker's on the PATH, and the `config.json` that names it, in folders of their own. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

export interface DockerSetUp {
  readonly configFile: string;
  /** The variables that have both found. */
  readonly env: NodeJS.ProcessEnv;
  close(): Promise<void>;
}

/**
 * Writes `config`, and a program `docker-credential-NAME` for each of `helpers`: a shell script, in which `$server` is
 * what it is asked for.
 */
export async function setUpDocker(
  config: unknown,
  helpers: Readonly<Record<string, string>> = {},
): Promise<DockerSetUp> {
  const folder = await mkdtemp(join(tmpdir(), 'docker-'));
  const configFile = join(folder, 'config.json');
  await writeFile(configFile, typeof config === 'string' ? config : JSON.stringify(config));
  for (const [name, script] of Object.entries(helpers)) {
    const path = join(folder, `docker-credential-${name}`);
    await writeFile(path, `#!/bin/sh\n[ "$1" = get ] || exit 9\nserver=$(cat)\n${script}\n`);
    await chmod(path, 0o755);
  }
  const path = [folder, process.env['PATH']].filter((part) => part !== undefined).join(delimiter);
  return {
    configFile,
    env: { ...process.env, DOCKER_CONFIG: folder, PATH: path },
    close: () => rm(folder, { recursive: true }),
  };
}
