import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Bundle, readBundle } from '../../../component/src/image/bundle.js';
import type { Credentials } from '../../../component/src/image/credentials.js';
import { MEDIA_TYPES, contentOf } from '../../../component/src/image/oci.js';
import {
  type BuildRequest,
  type PublishDeps,
  previewImage,
  publishImage,
  tagImage,
} from '../../../component/src/image/publish.js';
import { formatImageReference } from '../../../component/src/image/reference.js';
import { Registry, RegistryError } from '../../../component/src/image/registry.js';
import { type RegistryServer, startRegistry } from '../../support/registry-server.ts';

const run = promisify(execFile);

const ANN = { username: 'ann', password: 'correct horse' };
const HTPASSWD = 'ann:$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e';

let folder: string;
let bundle: Bundle;
let registry: RegistryServer;
let guarded: RegistryServer;
/** Undone in reverse, as far as the start came. */
const releases: (() => Promise<void>)[] = [];

/** A bundle as the speaker package ships it, only smaller. */
async function writeBundle(root: string, files: Record<string, string>): Promise<string> {
  const image = join(root, 'dist', 'image');
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(image, path)), { recursive: true });
    await writeFile(join(image, path), text);
  }
  const manifest = {
    version: 1,
    entrypoint: 'main.mjs',
    files: Object.entries(files).map(([path, text]) => ({
      path,
      sha256: createHash('sha256').update(text).digest('hex'),
      mode: 0o644,
    })),
  };
  await writeFile(join(image, 'manifest.json'), JSON.stringify(manifest));
  await writeFile(join(root, 'package.json'), JSON.stringify({ version: '1.2.3' }));
  return image;
}

/** A base with one layer and a node as its entrypoint, in both formats registries keep. */
async function pushBase(to: RegistryServer, credentials: string[] = []): Promise<void> {
  const layout = join(folder, 'base');
  const push = (format: string, tag: string) =>
    run('skopeo', [
      ...['copy', '--dest-tls-verify=false', ...credentials, '--format', format],
      ...[`oci:${layout}:base`, `docker://${to.host}/base/node:${tag}`],
    ]);
  await push('v2s2', 'docker');
  await push('oci', 'oci');
}

async function makeBase(): Promise<void> {
  const layout = join(folder, 'base');
  await writeFile(join(folder, 'node'), '#!/bin/true\n');
  await run('umoci', ['init', '--layout', layout]);
  await run('umoci', ['new', '--image', `${layout}:base`]);
  await run('umoci', [
    'insert',
    '--rootless',
    '--image',
    `${layout}:base`,
    join(folder, 'node'),
    '/usr/local/bin/node',
  ]);
  await run('umoci', [
    ...['config', '--image', `${layout}:base`, '--os', 'linux', '--architecture', 'amd64'],
    ...['--config.entrypoint', '/usr/local/bin/node', '--config.env', 'TZ=UTC'],
  ]);
}

/** The real client, with a record of what it asked for. */
function client(options: { login?: Credentials } = {}) {
  const requests: string[] = [];
  const progress: string[] = [];
  const http = {
    fetch: (url: string | URL | Request, init?: RequestInit) => {
      requests.push(`${init?.method ?? 'GET'} ${new URL(url instanceof Request ? url.url : url).pathname}`);
      return fetch(url, init);
    },
    clock: { sleep: () => Promise.resolve() },
    random: Math.random,
  };
  const deps: PublishDeps = {
    bundle,
    openRegistry: (registryOptions) => new Registry(http, { ...registryOptions, insecure: true }),
    credentialsFor: () => Promise.resolve(options.login),
    report: (line) => progress.push(line),
  };
  return { deps, requests, progress, http };
}

function requestTo(host: string, repository: string, base = `${host}/base/node:docker`): BuildRequest {
  return { repository: `${host}/${repository}`, base, platform: 'linux/amd64', insecure: true };
}

const writes = (requests: string[]) => requests.filter((line) => /^(POST|PUT)/.test(line));

async function inspect(
  reference: string,
  ...options: string[]
): Promise<{ Digest: string; Layers: string[] }> {
  // skopeo takes a tag or a digest, not both.
  const name = reference.replace(/:[0-9a-f]{16}@/, '@');
  const { stdout } = await run('skopeo', ['inspect', '--tls-verify=false', ...options, `docker://${name}`]);
  return JSON.parse(stdout) as { Digest: string; Layers: string[] };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'publish-'));
  releases.push(() => rm(folder, { recursive: true, force: true }));
  const files = {
    'main.mjs': 'console.log("hello");\n',
    'node_modules/koffi/index.js': 'module.exports = 1;\n',
  };
  bundle = await readBundle(await writeBundle(join(folder, 'speaker'), files));
  registry = await startRegistry();
  releases.push(() => registry.close());
  guarded = await startRegistry({ htpasswd: HTPASSWD });
  releases.push(() => guarded.close());
  await makeBase();
  await pushBase(registry);
  await pushBase(guarded, ['--dest-creds', `${ANN.username}:${ANN.password}`]);
});

afterAll(async () => {
  for (const release of releases.reverse()) await release();
});

describe('an image built and pushed', () => {
  it.each(['docker', 'oci'])(
    'on a base in %s format can be pulled and holds the programs',
    async (format) => {
      const { deps } = client();
      const request = requestTo(registry.host, `pull-${format}`, `${registry.host}/base/node:${format}`);
      const reference = await publishImage(deps, request);

      const { Digest, Layers } = await inspect(reference);
      expect(reference).toBe(`${formatImageReference(tagImage(bundle, request))}@${Digest}`);
      expect(Layers).toHaveLength(2);

      const layout = join(folder, `pulled-${format}`);
      await run('skopeo', [
        'copy',
        '--src-tls-verify=false',
        `docker://${registry.host}/pull-${format}@${Digest}`,
        `oci:${layout}:it`,
      ]);
      await run('umoci', ['unpack', '--rootless', '--image', `${layout}:it`, join(layout, 'unpacked')]);
      const root = join(layout, 'unpacked', 'rootfs');
      await expect(readFile(join(root, 'app/main.mjs'), 'utf8')).resolves.toBe('console.log("hello");\n');
      await expect(readFile(join(root, 'usr/local/bin/node'), 'utf8')).resolves.toBe('#!/bin/true\n');
      const { process } = JSON.parse(await readFile(join(layout, 'unpacked', 'config.json'), 'utf8')) as {
        process: { args: string[]; env: string[] };
      };
      expect(process.args).toEqual(['/usr/local/bin/node', '/app/main.mjs']);
      expect(process.env).toContain('TZ=UTC');
    },
  );

  it('takes the layers of a base in the same registry over without moving them', async () => {
    const { deps, requests, progress } = client();
    await publishImage(deps, requestTo(registry.host, 'mounted'));
    expect(requests.filter((line) => /^GET .*base\/node\/blobs/.test(line))).toHaveLength(1); // its config
    expect(progress.filter((line) => line.startsWith('pushing'))).toHaveLength(1); // our layer
  });

  it('is copied whole when the base lies in another registry', async () => {
    const { deps, progress } = client();
    const reference = await publishImage(
      deps,
      requestTo(registry.host, 'copied', `${registry.host}/base/node:oci`),
    );
    const other = await startRegistry();
    try {
      const request = requestTo(other.host, 'copied', `${registry.host}/base/node:oci`);
      const copy = await publishImage(deps, request);
      expect(copy.split('@')[1]).toBe(reference.split('@')[1]);
      expect(progress.filter((line) => line.startsWith(`pushing ${other.host}`))).toHaveLength(2);
      expect((await inspect(copy)).Layers).toHaveLength(2);
    } finally {
      await other.close();
    }
  });

  it('is not pushed again, and costs one request', async () => {
    const first = client();
    const reference = await publishImage(first.deps, requestTo(registry.host, 'twice'));
    const second = client();
    await expect(publishImage(second.deps, requestTo(registry.host, 'twice'))).resolves.toBe(reference);
    expect(second.requests).toEqual([
      `HEAD /v2/twice/manifests/${tagImage(bundle, requestTo(registry.host, 'twice')).tag}`,
    ]);
    expect(second.progress).toEqual([]);
  });

  it('has the same digest in every repository', async () => {
    const { deps } = client();
    const [one, two] = [
      await publishImage(deps, requestTo(registry.host, 'one')),
      await publishImage(deps, requestTo(registry.host, 'two')),
    ];
    expect(one.split('@')[1]).toBe(two.split('@')[1]);
  });

  it('gets another tag when the programs, the base or the platform change', () => {
    const request = requestTo(registry.host, 'tags');
    const tags = [
      tagImage(bundle, request),
      tagImage({ ...bundle, digest: 'sha256:other' }, request),
      tagImage(bundle, { ...request, base: `${registry.host}/base/node:oci` }),
      tagImage(bundle, { ...request, platform: 'linux/arm64' }),
    ].map(({ tag }) => tag);
    expect(new Set(tags).size).toBe(4);
  });

  it('is the one of its platform when the base has several', async () => {
    const { deps, http } = client();
    const source = new Registry(http, { host: registry.host, insecure: true });
    const manifest = await source.getManifest('base/node', 'oci');
    const entry = { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.size };
    const index = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.index,
      manifests: [{ ...entry, platform: { os: 'linux', architecture: 'amd64' } }],
    };
    const content = contentOf(MEDIA_TYPES.index, Buffer.from(JSON.stringify(index)));
    await source.putManifest('base/node', 'several', content);

    const request = requestTo(registry.host, 'several', `${registry.host}/base/node:several`);
    await expect(publishImage(deps, request)).resolves.toContain('@sha256:');
    await expect(publishImage(deps, { ...request, platform: 'linux/arm64' })).rejects.toThrow(
      /cannot build on .*several: no image for linux\/arm64 among linux\/amd64/,
    );
  });
});

describe('a preview', () => {
  it('tells the digest the image will have, and writes nothing', async () => {
    const { deps, requests } = client();
    const request = requestTo(registry.host, 'previewed');
    const planned = await previewImage(deps, request);
    expect(writes(requests)).toEqual([]);
    await expect(publishImage(deps, request)).resolves.toBe(planned);
  });

  it('tells the digest of an image that is there without building it', async () => {
    const request = requestTo(registry.host, 'previewed-again');
    const reference = await publishImage(client().deps, request);
    const { deps, requests } = client();
    await expect(previewImage(deps, request)).resolves.toBe(reference);
    expect(requests).toHaveLength(1);
  });
});

describe('a registry that asks who one is', () => {
  it('is answered', async () => {
    const { deps } = client();
    const reference = await publishImage(deps, { ...requestTo(guarded.host, 'mine'), credentials: ANN });
    const { Digest } = await inspect(reference, '--creds', `${ANN.username}:${ANN.password}`);
    expect(reference).toContain(Digest);
  });

  it("is answered with the machine's log-in when none is given", async () => {
    const { deps } = client({ login: ANN });
    await expect(publishImage(deps, requestTo(guarded.host, 'logged-in'))).resolves.toContain('@sha256:');
  });

  it('refuses who does not answer, and the error says what to do', async () => {
    const failure = publishImage(client().deps, requestTo(guarded.host, 'mine'));
    await expect(failure).rejects.toThrow(RegistryError);
    await expect(failure).rejects.toThrow(
      new RegExp(
        `${guarded.host}/mine: 401; give "username" and "password", or log in with: docker login ${guarded.host}`,
      ),
    );
  });

  it('refuses a wrong password, and the error does not repeat it', async () => {
    const credentials = { username: 'ann', password: 'battery staple' };
    const failure = publishImage(client().deps, { ...requestTo(guarded.host, 'mine'), credentials });
    await expect(failure).rejects.toThrow('does not accept "ann"');
    await expect(failure).rejects.not.toThrow('battery');
  });
});

describe('what goes wrong', () => {
  it('names the base that is not there', async () => {
    const request = requestTo(registry.host, 'x', `${registry.host}/base/node:none`);
    await expect(publishImage(client().deps, request)).rejects.toThrow(
      new RegExp(`cannot read none of ${registry.host}/base/node: 404.*; check the name`),
    );
  });

  it('names the registry that does not answer', async () => {
    const closed = await startRegistry();
    await closed.close();
    const { deps } = client();
    await expect(publishImage(deps, requestTo(closed.host, 'x'))).rejects.toThrow(
      new RegExp(`${closed.host}/x: no answer from http://${closed.host}: .*ECONNREFUSED.*; check the host`),
    );
  });

  it('names the file of a damaged bundle, and how to mend it', async () => {
    const image = await writeBundle(join(folder, 'damaged'), { 'main.mjs': 'good' });
    await writeFile(join(image, 'main.mjs'), 'bad');
    await expect(readBundle(image)).rejects.toThrow(
      /main\.mjs is not the file its manifest describes; install/,
    );
    await rm(join(image, 'main.mjs'));
    await expect(readBundle(image)).rejects.toThrow(/cannot read .*main\.mjs; install/);
  });
});
