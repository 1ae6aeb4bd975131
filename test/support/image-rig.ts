/** What the tests of the image builder work with: a small bundle, a base with a node, and the real client. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Bundle } from '../../component/src/image/bundle.js';
import type { Credentials, Login } from '../../component/src/image/credentials.js';
import type { HttpDeps } from '../../component/src/image/http.js';
import { MEDIA_TYPES, contentOf } from '../../component/src/image/oci.js';
import { PLATFORMS } from '../../component/src/image/platform.js';
import type { BuildRequest, PublishDeps } from '../../component/src/image/publish.js';
import { Registry, type RegistryOptions } from '../../component/src/image/registry.js';

export const run = promisify(execFile);

/** Two platforms, native code for each, and enough bytes for an upload to break off in between. */
export const BUNDLE_FILES: Readonly<Record<string, string>> = {
  'main.mjs': 'console.log("hello");\n',
  'native/amd64.node': `x86-64 ${'.'.repeat(1_000_000)}`,
  'native/arm64.node': `aarch64 ${'.'.repeat(1_000_000)}`,
  'sbom-amd64.cdx.json': '{"bomFormat":"CycloneDX","of":"amd64"}',
  'sbom-arm64.cdx.json': '{"bomFormat":"CycloneDX","of":"arm64"}',
};

/** A bundle as the speaker package ships it, only smaller. Resolves with its folder. */
export async function writeBundle(
  root: string,
  files: Readonly<Record<string, string>> = BUNDLE_FILES,
): Promise<string> {
  const image = join(root, 'dist', 'image');
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(image, path)), { recursive: true });
    await writeFile(join(image, path), text);
  }
  const platformOf = (path: string) => PLATFORMS.find((name) => path.includes(name.replace('linux/', '')));
  const manifest = {
    version: 2,
    entrypoint: 'main.mjs',
    platforms: [
      { platform: 'linux/amd64', sbom: 'sbom-amd64.cdx.json' },
      { platform: 'linux/arm64', sbom: 'sbom-arm64.cdx.json' },
    ],
    files: Object.entries(files).map(([path, text]) => ({
      path,
      sha256: createHash('sha256').update(text).digest('hex'),
      mode: 0o644,
      ...(platformOf(path) === undefined ? {} : { platform: platformOf(path) }),
    })),
  };
  await writeFile(join(image, 'manifest.json'), JSON.stringify(manifest));
  const about = { version: '1.2.3', repository: { type: 'git', url: 'git+https://git.test/l2.git' } };
  await writeFile(join(root, 'package.json'), JSON.stringify(about));
  return image;
}

/** Makes bases of one layer with a node as their entrypoint, one for each platform, below `folder`. */
export async function makeBases(folder: string): Promise<void> {
  const layout = join(folder, 'base');
  await writeFile(join(folder, 'node'), '#!/bin/true\n');
  await run('umoci', ['init', '--layout', layout]);
  for (const architecture of ['amd64', 'arm64']) {
    const image = `${layout}:${architecture}`;
    await run('umoci', ['new', '--image', image]);
    await run('umoci', [
      'insert',
      '--rootless',
      '--image',
      image,
      join(folder, 'node'),
      '/usr/local/bin/node',
    ]);
    await run('umoci', [
      ...['config', '--image', image, '--os', 'linux', '--architecture', architecture],
      ...['--config.entrypoint', '/usr/local/bin/node', '--config.env', 'TZ=UTC'],
    ]);
  }
}

/**
 * Pushes the bases as `base/node`: tags `docker` and `oci` for amd64 in both formats registries keep, `both` for
 * an index with both platforms, `one` for one with amd64 only.
 */
export async function pushBases(folder: string, host: string, login?: Credentials): Promise<void> {
  const credentials = login === undefined ? [] : ['--dest-creds', `${login.username}:${login.password}`];
  const push = (architecture: string, format: string, tag: string) =>
    run('skopeo', [
      ...['copy', '--dest-tls-verify=false', ...credentials, '--format', format],
      ...[`oci:${join(folder, 'base')}:${architecture}`, `docker://${host}/base/node:${tag}`],
    ]);
  await push('amd64', 'v2s2', 'docker');
  await push('amd64', 'oci', 'oci');
  await push('arm64', 'oci', 'arm64');
  const registry = new Registry(recordingHttp().http, {
    ...{ host, insecure: true, howToLogIn: '' },
    ...(login === undefined ? {} : { login }),
  });
  const entries = await Promise.all(
    Object.entries({ amd64: 'oci', arm64: 'arm64' }).map(async ([architecture, tag]) => {
      const { mediaType, digest, size } = await registry.getManifest('base/node', tag);
      return { mediaType, digest, size, platform: { os: 'linux', architecture } };
    }),
  );
  const pushIndex = (tag: string, manifests: typeof entries) => {
    const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests };
    const content = contentOf(MEDIA_TYPES.index, Buffer.from(JSON.stringify(index)));
    return registry.putManifest('base/node', tag, content);
  };
  await pushIndex('both', entries);
  await pushIndex('one', entries.slice(0, 1));
}

/** HTTP with a record of what was asked for, and without pauses. `before` may fail in a request's stead. */
function recordingHttp(before: (request: string) => void = () => undefined) {
  const requests: string[] = [];
  const http: HttpDeps = {
    fetch: async (url, init) => {
      const asked = `${init?.method ?? 'GET'} ${new URL(url instanceof Request ? url.url : url).pathname}`;
      before(asked);
      requests.push(asked);
      return fetch(url, init);
    },
    clock: { sleep: () => Promise.resolve() },
    random: Math.random,
  };
  return { http, requests };
}

export interface ClientOptions {
  /** What `docker login` has left. */
  login?: Login;
  /** @default one that knows `login` */
  loginFor?: PublishDeps['loginFor'];
  before?: (request: string) => void;
  /** @default all registries are spoken to in plain HTTP, the base's as well */
  scheme?: (options: RegistryOptions) => boolean;
}

/** The real client, with a record of what it asked for. */
export function client(
  bundle: Bundle,
  {
    login,
    loginFor = () => Promise.resolve(login === undefined ? {} : { login }),
    before,
    scheme = () => true,
  }: ClientOptions = {},
) {
  const { http, requests } = recordingHttp(before);
  const progress: string[] = [];
  const deps: PublishDeps = {
    bundle,
    openRegistry: (options) => new Registry(http, { ...options, insecure: scheme(options) }),
    loginFor,
    report: (line) => progress.push(line),
  };
  return { deps, requests, progress };
}

/** Asks for an image for both platforms on a base in the same registry. */
export function requestTo(host: string, repository: string, base = `${host}/base/node:both`): BuildRequest {
  return { repository: `${host}/${repository}`, base, platforms: PLATFORMS, insecure: true };
}

export const isWrite = (request: string) => /^(POST|PUT)/.test(request);

/** What skopeo says of the image for a platform; it takes a tag or a digest, not both. */
export async function inspect(
  reference: string,
  { architecture = 'amd64', login }: { architecture?: string; login?: Credentials } = {},
): Promise<{ Architecture: string; Layers: string[]; Labels: Record<string, string> }> {
  const name = reference.replace(/:[0-9a-f]{16}@/, '@');
  const { stdout } = await run('skopeo', [
    ...['--override-arch', architecture, '--override-os', 'linux', 'inspect', '--tls-verify=false'],
    ...(login === undefined ? [] : ['--creds', `${login.username}:${login.password}`]),
    `docker://${name}`,
  ]);
  return JSON.parse(stdout) as Awaited<ReturnType<typeof inspect>>;
}
