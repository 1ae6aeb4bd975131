import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bundle, readBundle } from '../../../component/src/image/bundle.js';
import { PLATFORMS } from '../../../component/src/image/platform.js';
import { previewImage, publishImage, tagImage } from '../../../component/src/image/publish.js';
import { formatImageReference } from '../../../component/src/image/reference.js';
import { openForAll } from '../../support/open-for-all.ts';
import { type RegistryServer, startRegistry } from '../../support/registry-server.ts';
import {
  BUNDLE_FILES,
  client,
  inspect,
  isWrite,
  makeBases,
  pushBases,
  requestTo,
  run,
  writeBundle,
} from '../../support/image-rig.ts';

let folder: string;
let bundle: Bundle;
let registry: RegistryServer;
const { open, defer } = openForAll();

/** The files of an image, as a container runtime on `architecture` would find them. */
async function pull(reference: string, architecture: string) {
  const layout = await mkdtemp(join(folder, 'pulled-'));
  const name = reference.replace(/:[0-9a-f]{16}@/, '@');
  await run('skopeo', [
    ...['--override-arch', architecture, '--override-os', 'linux'],
    ...['copy', '--src-tls-verify=false', `docker://${name}`, `oci:${layout}:it`],
  ]);
  await run('umoci', ['unpack', '--rootless', '--image', `${layout}:it`, join(layout, 'unpacked')]);
  const config = await readFile(join(layout, 'unpacked', 'config.json'), 'utf8');
  const { process } = JSON.parse(config) as { process: { args: string[]; env: string[] } };
  return { root: join(layout, 'unpacked', 'rootfs'), process };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'publish-'));
  defer(() => rm(folder, { recursive: true, force: true }));
  bundle = await readBundle(await writeBundle(join(folder, 'speaker')));
  registry = await open(startRegistry(), (opened) => opened.close());
  await makeBases(folder);
  await pushBases(folder, registry.host);
});

describe('an image built and pushed', () => {
  it.each([
    ['amd64', 'x86-64'],
    ['arm64', 'aarch64'],
  ])('can be pulled for %s and holds the programs with its own native code', async (architecture, native) => {
    const reference = await publishImage(client(bundle).deps, requestTo(registry.host, 'pulled'));
    const { root, process } = await pull(reference, architecture);
    await expect(readFile(join(root, 'app/main.mjs'), 'utf8')).resolves.toBe(BUNDLE_FILES['main.mjs']);
    await expect(readFile(join(root, 'usr/local/bin/node'), 'utf8')).resolves.toBe('#!/bin/true\n');
    await expect(readdir(join(root, 'app/native'))).resolves.toEqual([`${architecture}.node`]);
    await expect(readFile(join(root, `app/native/${architecture}.node`), 'utf8')).resolves.toMatch(native);
    expect(process.args).toEqual(['/usr/local/bin/node', '/app/main.mjs']);
    expect(process.env).toContain('TZ=UTC');
  });

  it('says what it is, where from, on which base, and where its bill of materials is', async () => {
    const { deps } = client(bundle);
    const request = requestTo(registry.host, 'labels');
    const reference = await publishImage(deps, request);
    const about = {
      'org.opencontainers.image.title': 'metallb-l2',
      'org.opencontainers.image.version': '1.2.3',
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.source': 'https://git.test/l2.git',
      'org.opencontainers.image.base.name': request.base,
      'org.opencontainers.image.base.digest': expect.stringMatching(/^sha256:/) as string,
    };
    for (const architecture of ['amd64', 'arm64']) {
      const { Architecture, Labels } = await inspect(reference, { architecture });
      expect(Architecture).toBe(architecture);
      expect(Labels).toEqual({ ...about, 'metallb-l2.sbom': `/app/sbom-${architecture}.cdx.json` });
      const { root } = await pull(reference, architecture);
      const bill = await readFile(join(root, Labels['metallb-l2.sbom']!), 'utf8');
      expect(JSON.parse(bill)).toEqual({ bomFormat: 'CycloneDX', of: architecture });
    }
    const { stdout } = await run('skopeo', [
      ...['inspect', '--raw', '--tls-verify=false'],
      `docker://${reference.replace(/:[0-9a-f]{16}@/, '@')}`,
    ]);
    expect(JSON.parse(stdout)).toMatchObject({
      annotations: about,
      manifests: [
        { platform: { os: 'linux', architecture: 'amd64' } },
        { platform: { os: 'linux', architecture: 'arm64' } },
      ],
    });
  });

  it.each(['docker', 'oci'])('on a base in %s format is one for its platform', async (format) => {
    const request = {
      ...requestTo(registry.host, `format-${format}`, `${registry.host}/base/node:${format}`),
      platforms: ['linux/amd64'] as const,
    };
    const reference = await publishImage(client(bundle).deps, request);
    expect((await inspect(reference)).Layers).toHaveLength(2);
  });

  it('takes the layers of a base in the same registry over without moving them', async () => {
    const { deps, requests } = client(bundle);
    await publishImage(deps, requestTo(registry.host, 'mounted'));
    // Each base's config, and nothing else.
    expect(requests.filter((line) => /^GET .*base\/node\/blobs/.test(line))).toHaveLength(2);
  });

  it('is copied whole when the base lies in another registry', async () => {
    const { deps, progress } = client(bundle);
    const base = `${registry.host}/base/node:both`;
    const reference = await publishImage(deps, requestTo(registry.host, 'copied', base));
    const other = await startRegistry();
    try {
      const copy = await publishImage(deps, requestTo(other.host, 'copied', base));
      expect(copy.split('@')[1]).toBe(reference.split('@')[1]);
      expect((await inspect(copy, { architecture: 'arm64' })).Layers).toHaveLength(2);
      const shares = progress.filter((line) => line.startsWith(`${other.host}/copied has`));
      expect(shares.at(-1)).toMatch(/has (.*) of \1 MB$/);
    } finally {
      await other.close();
    }
  });

  it('is not pushed again, and costs one request', async () => {
    const request = requestTo(registry.host, 'twice');
    const reference = await publishImage(client(bundle).deps, request);
    const second = client(bundle);
    await expect(publishImage(second.deps, request)).resolves.toBe(reference);
    expect(second.requests).toEqual([`HEAD /v2/twice/manifests/${tagImage(bundle, request).tag}`]);
    expect(second.progress).toEqual([]);
  });

  it('uploads only what changed when a newer bundle follows', async () => {
    const request = requestTo(registry.host, 'newer');
    await publishImage(client(bundle).deps, request);
    const files = { ...BUNDLE_FILES, 'native/arm64.node': 'aarch64, newer' };
    const newer = await readBundle(await writeBundle(join(folder, 'newer'), files));
    const { deps, requests } = client(newer);
    await publishImage(deps, request);
    // Layer and config of arm64; the two manifests and the index are documents.
    expect(requests.filter((line) => /^PUT .*uploads/.test(line))).toHaveLength(2);
  });

  it('has the same digest in every repository, in whatever order the platforms are named', async () => {
    const { deps } = client(bundle);
    const platforms = PLATFORMS.toReversed();
    const [one, two] = [
      await publishImage(deps, requestTo(registry.host, 'one')),
      await publishImage(deps, { ...requestTo(registry.host, 'two'), platforms }),
    ];
    expect(one.replace('/one:', '/two:')).toBe(two);
  });

  it('has the same digest when it is built again from the same packages', async () => {
    const again = await readBundle(await writeBundle(join(folder, 'again')));
    const request = requestTo(registry.host, 'again');
    expect(await previewImage(client(again).deps, request)).toBe(
      await previewImage(client(bundle).deps, request),
    );
  });

  it('gets another tag when the programs, the base or the platforms change', () => {
    const request = requestTo(registry.host, 'tags');
    const tags = [
      tagImage(bundle, request),
      tagImage({ ...bundle, digest: 'sha256:other' }, request),
      tagImage(bundle, { ...request, base: `${registry.host}/base/node:oci` }),
      tagImage(bundle, { ...request, platforms: ['linux/arm64'] }),
    ].map(({ tag }) => tag);
    expect(new Set(tags).size).toBe(4);
  });
});

describe('a preview', () => {
  it('tells the digest the image will have, and writes nothing', async () => {
    const { deps, requests } = client(bundle);
    const request = requestTo(registry.host, 'previewed');
    const planned = await previewImage(deps, request);
    expect(planned).toContain(formatImageReference(tagImage(bundle, request)));
    expect(requests.filter(isWrite)).toEqual([]);
    await expect(publishImage(deps, request)).resolves.toBe(planned);
  });

  it('tells the digest of an image that is there without building it', async () => {
    const request = requestTo(registry.host, 'previewed-again');
    const reference = await publishImage(client(bundle).deps, request);
    const { deps, requests } = client(bundle);
    await expect(previewImage(deps, request)).resolves.toBe(reference);
    expect(requests).toHaveLength(1);
  });
});

describe('what goes wrong', () => {
  const blamed = (field: string, value: string) => `^image\\.build\\.${field} "${value}": `;

  it.each(['one', 'docker'])('names the platform the base "%s" lacks', async (tag) => {
    const base = `${registry.host}/base/node:${tag}`;
    const { deps, requests } = client(bundle);
    await expect(publishImage(deps, requestTo(registry.host, 'lacking', base))).rejects.toThrow(
      new RegExp(`${blamed('base', base)}.*linux/arm64.*; choose another base, or leave the platform out`),
    );
    expect(requests.filter(isWrite)).toEqual([]);
  });

  it('names the platform the bundle lacks', async () => {
    const contents = new Map([...bundle.contents].filter(([platform]) => platform === 'linux/amd64'));
    const lacking = client({ ...bundle, contents });
    await expect(publishImage(lacking.deps, requestTo(registry.host, 'x'))).rejects.toThrow(
      /has no native code for linux\/arm64, only for linux\/amd64; leave it out of "platforms", or install/,
    );
  });

  it('names the base that is not there', async () => {
    const base = `${registry.host}/base/node:none`;
    await expect(publishImage(client(bundle).deps, requestTo(registry.host, 'x', base))).rejects.toThrow(
      new RegExp(
        `${blamed('base', base)}cannot read none of ${registry.host}/base/node: 404.*; check the name`,
      ),
    );
  });

  it('names the registry that does not answer', async () => {
    const closed = await startRegistry();
    await closed.close();
    await expect(publishImage(client(bundle).deps, requestTo(closed.host, 'x'))).rejects.toThrow(
      new RegExp(
        `${blamed('repository', `${closed.host}/x`)}.*no answer from http://${closed.host}: .*ECONNREFUSED.*; check the host`,
      ),
    );
  });

  it('names the file of a damaged bundle, and how to mend it', async () => {
    const image = await writeBundle(join(folder, 'damaged'));
    await writeFile(join(image, 'main.mjs'), 'bad');
    await expect(readBundle(image)).rejects.toThrow(
      /main\.mjs is not the file its manifest describes; install/,
    );
    await rm(join(image, 'main.mjs'));
    await expect(readBundle(image)).rejects.toThrow(/cannot read .*main\.mjs; install/);
  });
});
