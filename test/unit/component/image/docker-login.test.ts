import { chmod, rm } from 'node:fs/promises';
import { dockerLogin } from '../../../../component/src/image/docker-login.js';
import { type DockerSetUp, setUpDocker } from '../../../support/credential-helper.ts';

const SECRET = 'correct horse';
const STORED = { 'r.example': { username: 'bob', password: 'of the file' } };
const BOB = { login: STORED['r.example'] };

let docker: DockerSetUp;
const setUps: DockerSetUp[] = [];

async function setUp(...args: Parameters<typeof setUpDocker>): Promise<void> {
  docker = await setUpDocker(...args);
  setUps.push(docker);
}

afterAll(async () => {
  for (const each of setUps) await each.close();
});

const login = (registry: string, limitMs = 30_000) => dockerLogin(registry, { env: docker.env, limitMs });

/** What is known of `registry` when the helper of all registries is this script. */
async function loginOf(script: string, { registry = 'r.example', limitMs = 30_000 } = {}) {
  await setUp({ auths: STORED, credsStore: 'test' }, { test: script });
  return login(registry, limitMs);
}

describe('the log-in of a registry', () => {
  it('is what its credential helper answers, not what the file has', async () => {
    const script = `printf '{"ServerURL":"%s","Username":"ann","Secret":"${SECRET}"}' "$server"`;
    await expect(loginOf(script)).resolves.toEqual({ login: { username: 'ann', password: SECRET } });
  });

  it('is an identity token when the helper says so', async () => {
    const script = `echo '{"Username":"<token>","Secret":"${SECRET}"}'`;
    await expect(loginOf(script)).resolves.toEqual({ login: { identityToken: SECRET } });
  });

  it('is asked for by the name Docker Hub has there', async () => {
    const script = `printf '{"Username":"%s","Secret":"x"}' "$server"`;
    const kept = { username: 'https://index.docker.io/v1/', password: 'x' };
    await expect(loginOf(script, { registry: 'docker.io' })).resolves.toEqual({ login: kept });
  });

  it.each([
    ['says that it knows none', 'echo credentials not found in native keychain; exit 1'],
    ['answers with an empty one', `echo '{"Username":"","Secret":""}'`],
  ])('is that of the file when the helper %s', async (_, script) => {
    await expect(loginOf(script)).resolves.toEqual(BOB);
    await expect(loginOf(script, { registry: 'other.example' })).resolves.toEqual({});
  });

  it('comes from the helper of this registry alone, where it has one', async () => {
    await setUp(
      { credHelpers: { 'r.example': 'mine' }, credsStore: 'all' },
      { mine: `echo '{"Username":"ann","Secret":"x"}'`, all: `echo '{"Username":"all","Secret":"x"}'` },
    );
    await expect(login('r.example')).resolves.toEqual({ login: { username: 'ann', password: 'x' } });
    await expect(login('other.example')).resolves.toEqual({
      login: { username: 'all', password: 'x' },
    });
  });

  it('is none without a configuration', async () => {
    await setUp({ auths: STORED });
    await rm(docker.configFile);
    await expect(login('r.example')).resolves.toEqual({});
  });
});

describe('a credential helper that fails', () => {
  it.each([
    [
      'fails with a reason',
      'echo the keychain is locked; exit 3',
      'ended with code 3: the keychain is locked;',
    ],
    ['tells it on the other stream', 'echo no session >&2; exit 1', 'ended with code 1: no session;'],
    ['fails with a log-in', `echo '{"Secret":"${SECRET}"}'; exit 1`, 'ended with code 1;'],
    ['is killed', 'kill -KILL $$', 'ended with SIGKILL;'],
    ['answers with a sentence', `echo 'it is ${SECRET}'`, 'answered with something else than a user name'],
    ['answers with half of one', `echo '{"Secret":"${SECRET}"}'`, 'answered with something else than a'],
    ['answers with nothing', 'true', 'answered with something else than a'],
  ])('as it %s is named, with what to do, and without a secret', async (_, script, said) => {
    const { problem, ...kept } = await loginOf(script);
    expect(kept).toEqual(BOB);
    expect(problem).toContain(
      `docker-credential-test, which ${docker.configFile} names for r.example, ${said}`,
    );
    expect(problem).toMatch(/; see that it works, or take it out of the file$/);
    expect(problem).not.toContain(SECRET);
  });

  it('as it does not answer is given up', async () => {
    const { problem } = await loginOf('exec sleep 1000', { limitMs: 300 });
    expect(problem).toContain('gave no answer within 0.3 s');
  });

  it('as it is not there is named, and so is one that cannot be run', async () => {
    await setUp({ credsStore: 'lost', credHelpers: { 'r.example': 'test' } }, { test: '' });
    await chmod(docker.configFile.replace('config.json', 'docker-credential-test'), 0o644);
    const [lost, locked] = [await login('other.example'), await login('r.example')];
    expect(lost.problem).toMatch(/^docker-credential-lost, .* for other.example, is not on the PATH; see/);
    expect(locked.problem).toMatch(/^docker-credential-test, .* cannot be run \(EACCES\); see/);
  });
});

describe('a configuration that cannot be read', () => {
  it('is named, with what is wrong and what to do', async () => {
    await setUp(`{"auths":{"r.example":{"auth":"${SECRET}`);
    const { problem } = await login('r.example');
    expect(problem).toBe(`Docker's ${docker.configFile} is no JSON; mend it`);
  });
});
