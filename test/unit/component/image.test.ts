import { jest } from '@jest/globals';
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import type { PublishDeps } from '../../../component/src/image/publish.js';
import { RegistryError } from '../../../component/src/image/registry-error.js';
import type { Registry, RegistryOptions } from '../../../component/src/image/registry.js';
import { resolveImage } from '../../../component/src/image.js';
import type { ParsedBuild } from '../../../component/src/args/parse-args.js';
import { mockPulumi, settled, valueOf } from '../../support/pulumi-mocks.ts';

const DIGEST = `sha256:${'cd'.repeat(32)}`;
const BUILD: ParsedBuild = {
  repository: 'registry.example.com/metallb-l2',
  base: 'registry.example.com/node:24',
  platforms: ['linux/amd64', 'linux/arm64'],
  insecure: false,
  credentials: { username: 'ann', password: pulumi.secret('correct horse') },
};

/** A registry that answers the first question, whether it has the image, and nothing else. */
function publishing(findManifest: () => Promise<string | undefined>) {
  const opened: RegistryOptions[] = [];
  const open = (): Promise<PublishDeps> =>
    Promise.resolve({
      bundle: { version: '1.0.0', digest: 'sha256:bundle', entry: '/app/main.mjs', contents: new Map() },
      openRegistry: (options) => {
        opened.push(options);
        return { host: options.host, findManifest } as unknown as Registry;
      },
      loginFor: () => Promise.resolve({}),
      report: () => undefined,
    });
  return { opened, open };
}

class Parent extends pulumi.ComponentResource {
  constructor(opts: pulumi.ComponentResourceOptions = {}) {
    super('test:index:Parent', 'parent', {}, opts);
    this.registerOutputs({});
  }
}

describe('the image of the pods', () => {
  it('is the one that is named', async () => {
    await mockPulumi();
    const named = resolveImage({ reference: 'r.example.com/l2:1' }, new Parent());
    await expect(valueOf(named)).resolves.toBe('r.example.com/l2:1');
    await settled();
  });

  it('is pushed with the password, which makes no secret of its name', async () => {
    await mockPulumi();
    const { opened, open } = publishing(() => Promise.resolve(DIGEST));
    const built = resolveImage({ build: BUILD }, new Parent(), open);
    await expect(valueOf(built)).resolves.toMatch(
      new RegExp(`^registry.example.com/metallb-l2:[0-9a-f]{16}@${DIGEST}$`),
    );
    await expect(pulumi.isSecret(built)).resolves.toBe(false);
    expect(opened).toEqual([
      {
        host: 'registry.example.com',
        insecure: false,
        howToLogIn: expect.stringContaining('docker login registry.example.com') as string,
        login: { username: 'ann', password: 'correct horse' },
      },
    ]);
    await settled();
  });

  it('is not pushed before there is what the component depends on, such as its registry', async () => {
    await mockPulumi();
    const happened: string[] = [];
    const { promise, resolve: answer } = Promise.withResolvers<string>();
    const registry = new k8s.core.v1.Service('registry', { metadata: { name: promise } });
    const { open } = publishing(() => Promise.resolve(DIGEST));
    const built = resolveImage({ build: BUILD }, new Parent({ dependsOn: registry }), () => {
      happened.push('asks the registry');
      return open();
    });
    setImmediate(() => {
      happened.push('has a registry');
      answer('registry');
    });
    await expect(valueOf(built)).resolves.toContain(DIGEST);
    expect(happened).toEqual(['has a registry', 'asks the registry']);
    await settled();
  });

  it('has no digest in a preview whose registry does not answer, and the preview says so', async () => {
    const warned = jest.spyOn(console, 'warn').mockReturnValue();
    await mockPulumi({ preview: true });
    const { open } = publishing(() => Promise.reject(new RegistryError('no answer')));
    const planned = resolveImage({ build: BUILD }, new Parent(), open);
    await expect(valueOf(planned)).resolves.toMatch(/^registry.example.com\/metallb-l2:[0-9a-f]{16}$/);
    await settled();
    expect(warned).toHaveBeenCalledWith(expect.stringContaining('digest of the image is not known'));
    warned.mockRestore();
  });
});
