/**
 * Asks a credential helper of Docker's for a log-in: `docker-credential-NAME get`, the server on standard input, JSON on
 * standard output (https://github.com/docker/docker-credential-helpers). What it prints may hold a secret: only what it
 * says when it fails is repeated.
 */
import { execFile, type ExecFileException } from 'node:child_process';
import * as z from 'zod';
import type { Login } from './credentials.js';

export interface HelperSettings {
  /** The variables it finds, and is found by. */
  env: NodeJS.ProcessEnv;
  /** How long it may take, in milliseconds. */
  limitMs: number;
}

/** In place of a user name when the secret is an identity token. */
const TOKEN_USER = '<token>';

const answerSchema = z.looseObject({ Username: z.string(), Secret: z.string() });

/**
 * Undefined when the helper knows no log-in for `server`.
 *
 * @throws with what went wrong, to follow the helper's name
 */
export async function askHelper(
  helper: string,
  server: string,
  settings: HelperSettings,
): Promise<Login | undefined> {
  const { error, stdout, stderr } = await runHelper(`docker-credential-${helper}`, server, settings);
  if (error !== null) {
    if (/credentials not found/i.test(stdout)) return undefined;
    throw new Error(failureOf(error, stdout.trim() || stderr.trim(), settings.limitMs));
  }
  const answer = answerSchema.safeParse(jsonOf(stdout));
  if (!answer.success) throw new Error('answered with something else than a user name and a secret');
  const { Username: username, Secret: secret } = answer.data;
  if (username === '' || secret === '') return undefined;
  return username === TOKEN_USER ? { identityToken: secret } : { username, password: secret };
}

interface HelperResult {
  error: ExecFileException | null;
  stdout: string;
  stderr: string;
}

function runHelper(program: string, server: string, { env, limitMs }: HelperSettings): Promise<HelperResult> {
  return new Promise((resolve) => {
    const options = { env, timeout: limitMs, killSignal: 'SIGKILL' } as const;
    const child = execFile(program, ['get'], options, (error, stdout, stderr) => {
      resolve({ error, stdout, stderr });
    });
    // One that ends without reading is judged by how it ends.
    child.stdin?.on('error', () => undefined).end(server);
  });
}

function failureOf({ code, killed, signal }: ExecFileException, said: string, limitMs: number): string {
  if (code === 'ENOENT') return 'is not on the PATH';
  if (typeof code === 'string') return `cannot be run (${code})`;
  if (killed === true) return `gave no answer within ${limitMs / 1000} s`;
  const [line = ''] = said.split('\n');
  // A failing one says why in a sentence; JSON would be a log-in.
  const reason = line === '' || said.includes('{') ? '' : `: ${line.slice(0, 200)}`;
  return `ended with ${signal ?? `code ${code}`}${reason}`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
