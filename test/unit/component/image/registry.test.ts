import { MEDIA_TYPES, contentOf } from '../../../../component/src/image/oci.js';
import { RegistryError } from '../../../../component/src/image/registry-error.js';
import { Registry } from '../../../../component/src/image/registry.js';

const OPEN = { host: 'registry.test', insecure: false, howToLogIn: 'log in' };
const DIGEST = `sha256:${'ef'.repeat(32)}`;

/** A registry that gives access for tokens of its token server, as Docker Hub and most hosted ones do. */
function tokenRegistry(options: { password?: string } = {}) {
  const asked: { url: string; authorization: string | undefined }[] = [];
  const answer = (url: URL, authorization: string | undefined): Response => {
    if (url.host === 'auth.test') {
      const allowed = options.password === undefined || authorization?.startsWith('Basic ') === true;
      if (!allowed) return Response.json({ errors: [{ message: 'who are you' }] }, { status: 401 });
      return Response.json({ token: `token for ${url.searchParams.getAll('scope').join(' ')}` });
    }
    if (authorization?.startsWith('Bearer token for repository:team/app:pull') !== true) {
      const challenge =
        'Bearer realm="https://auth.test/token",service="hub",scope="repository:team/app:pull"';
      return new Response(null, { status: 401, headers: { 'www-authenticate': challenge } });
    }
    return new Response(null, { status: 200, headers: { 'docker-content-digest': DIGEST } });
  };
  const deps = {
    fetch: (url: string | URL | Request, init?: RequestInit) => {
      const authorization = new Headers(init?.headers).get('authorization') ?? undefined;
      const asUrl = new URL(url instanceof Request ? url.url : url);
      asked.push({ url: asUrl.href, authorization });
      return Promise.resolve(answer(asUrl, authorization));
    },
    clock: { sleep: () => Promise.resolve() },
    random: () => 0,
  };
  return { deps, asked };
}

describe('a registry with a token server', () => {
  it('is asked again with a token for what is wanted, and then without asking for another', async () => {
    const { deps, asked } = tokenRegistry();
    const registry = new Registry(deps, { ...OPEN });
    await expect(registry.findManifest('team/app', 'v1')).resolves.toBe(DIGEST);
    await expect(registry.findManifest('team/app', 'v2')).resolves.toBe(DIGEST);
    expect(asked.map(({ url }) => url)).toEqual([
      'https://registry.test/v2/team/app/manifests/v1',
      'https://auth.test/token?service=hub&scope=repository%3Ateam%2Fapp%3Apull',
      'https://registry.test/v2/team/app/manifests/v1',
      'https://registry.test/v2/team/app/manifests/v2',
    ]);
  });

  it('sees the password only at its token server', async () => {
    const { deps, asked } = tokenRegistry({ password: 'x' });
    const login = { username: 'ann', password: 'x' };
    const registry = new Registry(deps, { ...OPEN, login });
    await expect(registry.findManifest('team/app', 'v1')).resolves.toBe(DIGEST);
    const basic = asked.filter(({ authorization }) => authorization?.startsWith('Basic '));
    expect(basic.map(({ url }) => new URL(url).host)).toEqual(['auth.test']);
  });

  it('that gives no token is named with what to do', async () => {
    const { deps } = tokenRegistry({ password: 'x' });
    const registry = new Registry(deps, { ...OPEN });
    const failure = registry.findManifest('team/app', 'v1');
    await expect(failure).rejects.toThrow(RegistryError);
    await expect(failure).rejects.toThrow(
      'cannot get a token for registry.test/team/app: 401 (who are you); log in',
    );
  });
});

describe('a manifest that is written', () => {
  const writing = (status: number) => {
    const deps = {
      fetch: () => Promise.resolve(new Response(null, { status })),
      clock: { sleep: () => Promise.resolve() },
      random: () => 0,
    };
    const manifest = contentOf(MEDIA_TYPES.manifest, Buffer.from('{}'));
    return new Registry(deps, { ...OPEN }).putManifest('team/app', 'v1', manifest);
  };

  // Quay has answered 202 for years: https://github.com/containers/image/issues/381
  it.each([200, 201, 202])('is there when the registry answers %i', async (status) => {
    await expect(writing(status)).resolves.toBeUndefined();
  });

  it.each([304, 400, 403])('is not when it answers %i', async (status) => {
    await expect(writing(status)).rejects.toThrow(`cannot write v1 to registry.test/team/app: ${status}`);
  });
});

describe('what a registry sends', () => {
  it('is refused when it is not what its digest promises', async () => {
    const deps = {
      fetch: () => Promise.resolve(new Response('tampered with')),
      clock: { sleep: () => Promise.resolve() },
      random: () => 0,
    };
    const registry = new Registry(deps, { ...OPEN });
    const blob = { mediaType: 'application/octet-stream', digest: DIGEST, size: 13 };
    await expect(registry.getBlob('team/app', blob)).rejects.toThrow(
      /answered sha256:.* when asked for sha256:ef/,
    );
    await expect(registry.getManifest('team/app', DIGEST)).rejects.toThrow(/when asked for sha256:ef/);
  });
});
