import { assembleImage, assembleIndex, choosePlatform } from '../../../../component/src/image/assemble.js';
import {
  type ImageConfig,
  MEDIA_TYPES,
  contentOf,
  parseConfig,
  parseManifest,
} from '../../../../component/src/image/oci.js';

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const LAYER = contentOf(MEDIA_TYPES.layer, Buffer.from('the layer'));

function base(settings: ImageConfig['config'], layerType = 'application/vnd.oci.image.layer.v1.tar+gzip') {
  return {
    manifest: {
      schemaVersion: 2 as const,
      config: { mediaType: MEDIA_TYPES.config, digest: digest('1'), size: 1 },
      layers: [{ mediaType: layerType, digest: digest('2'), size: 20 }],
    },
    config: {
      architecture: 'amd64',
      os: 'linux',
      created: '2026-01-02T03:04:05Z',
      ...(settings === undefined ? {} : { config: settings }),
      rootfs: { type: 'layers' as const, diff_ids: [digest('3')] },
      history: [{ created_by: 'base' }],
    },
  };
}

const OPTIONS = { platform: 'linux/amd64', entry: '/app/main.mjs', labels: { title: 'metallb-l2' } } as const;

function assembledConfig(settings: ImageConfig['config']) {
  return parseConfig(assembleImage(base(settings), LAYER, OPTIONS).config.bytes);
}

describe('an image on a base', () => {
  it('has the layers of the base and ours last, described by digest and size', () => {
    const image = assembleImage(base({}), LAYER, OPTIONS);
    const parsed = parseManifest(image.manifest.bytes);
    expect(parsed).toMatchObject({
      kind: 'image',
      manifest: {
        mediaType: MEDIA_TYPES.manifest,
        config: { digest: image.config.digest, size: image.config.size },
        layers: [{ digest: digest('2') }, { digest: LAYER.digest, size: 9, mediaType: MEDIA_TYPES.layer }],
      },
    });
    const config = parseConfig(image.config.bytes);
    expect(config.rootfs.diff_ids).toEqual([digest('3'), LAYER.digest]);
    expect(config.history).toHaveLength(2);
  });

  it('gives the same digest for the same base and layer', () => {
    const once = assembleImage(base({ Env: ['A=1'] }), LAYER, OPTIONS).manifest.digest;
    expect(assembleImage(base({ Env: ['A=1'] }), LAYER, OPTIONS).manifest.digest).toBe(once);
  });

  it.each([
    [{ Entrypoint: ['/nodejs/bin/node'] }, '/nodejs/bin/node'],
    [{ Entrypoint: ['docker-entrypoint.sh'], Cmd: ['node'] }, 'node'],
    [{ Cmd: ['/usr/local/bin/node'] }, '/usr/local/bin/node'],
    [{ Entrypoint: ['/bin/sh'], Cmd: null }, 'node'],
    [undefined, 'node'],
  ] satisfies [ImageConfig['config'], string][])(
    'with %j runs %s',
    (settings: ImageConfig['config'], node) => {
      const { config } = assembledConfig(settings);
      expect(config?.Entrypoint).toEqual([node, '/app/main.mjs']);
      expect(config?.Cmd).toBeUndefined();
    },
  );

  it("keeps the base's environment, user and folder, and adds labels to its own", () => {
    const kept = { Env: ['PATH=/bin'], User: '1000', WorkingDir: '/srv' };
    expect(assembledConfig({ ...kept, Labels: { maker: 'base', title: 'base' } }).config).toMatchObject({
      ...kept,
      Labels: { maker: 'base', title: 'metallb-l2' },
    });
  });

  it.each([
    ['application/vnd.docker.image.rootfs.diff.tar.gzip', 'application/vnd.oci.image.layer.v1.tar+gzip'],
    ['application/vnd.docker.image.rootfs.diff.tar', 'application/vnd.oci.image.layer.v1.tar'],
    ['application/vnd.oci.image.layer.v1.tar+zstd', 'application/vnd.oci.image.layer.v1.tar+zstd'],
  ])('names a layer of type %s in OCI terms', (docker, oci) => {
    const { baseLayers } = assembleImage(base({}, docker), LAYER, OPTIONS);
    expect(baseLayers).toEqual([{ mediaType: oci, digest: digest('2'), size: 20 }]);
  });

  it('is refused on a base for another platform', () => {
    expect(() => assembleImage(base({}), LAYER, { ...OPTIONS, platform: 'linux/arm64' })).toThrow(
      'the base image is for linux/amd64, not for linux/arm64',
    );
  });
});

describe('an index', () => {
  const entry = (platform: { os: string; architecture: string } | undefined, digit: string) => ({
    mediaType: MEDIA_TYPES.manifest,
    digest: digest(digit),
    size: 1,
    ...(platform === undefined ? {} : { platform }),
  });
  const index = {
    schemaVersion: 2 as const,
    manifests: [
      entry({ os: 'unknown', architecture: 'unknown' }, '4'),
      entry({ os: 'linux', architecture: 'arm64' }, '5'),
      entry(undefined, '6'),
    ],
  };

  it('of ours names each image with its platform', () => {
    const arm = base({});
    Object.assign(arm.config, { architecture: 'arm64', variant: 'v8' });
    const images = [
      assembleImage(base({}), LAYER, OPTIONS),
      assembleImage(arm, LAYER, { ...OPTIONS, platform: 'linux/arm64' }),
    ];
    const made = assembleIndex(images, { title: 'metallb-l2' });
    expect(made.mediaType).toBe(MEDIA_TYPES.index);
    expect(parseManifest(made.bytes)).toMatchObject({
      kind: 'index',
      index: {
        annotations: { title: 'metallb-l2' },
        manifests: [
          { digest: images[0]!.manifest.digest, platform: { os: 'linux', architecture: 'amd64' } },
          {
            digest: images[1]!.manifest.digest,
            platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
          },
        ],
      },
    });
  });

  it('gives the manifest of the platform', () => {
    expect(choosePlatform(index, 'linux/arm64').digest).toBe(digest('5'));
  });

  it('lists what it has when it lacks the platform', () => {
    expect(() => choosePlatform(index, 'linux/amd64')).toThrow('no image for linux/amd64 among linux/arm64');
  });
});
