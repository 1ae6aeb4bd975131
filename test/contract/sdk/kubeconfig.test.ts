import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { connect, KubeconfigError } from '@metallb-l2/sdk/kube/connect';
import { kubeconfig } from '../../support/kubeconfig.ts';

describe('a kubeconfig', () => {
  const { KUBECONFIG: before } = process.env;

  afterEach(() => {
    if (before === undefined) delete process.env['KUBECONFIG'];
    else process.env['KUBECONFIG'] = before;
  });

  it('that is named but not there is said to be missing', () => {
    process.env['KUBECONFIG'] = '/no/such/file';
    expect(() => connect()).toThrow(
      'no kubeconfig found: KUBECONFIG names /no/such/file, which does not exist',
    );
  });

  it('is looked up in every file of KUBECONFIG; the first current context wins', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'metallb-l2-'));
    const files = [join(folder, 'missing'), join(folder, 'a'), join(folder, 'b')];
    const named = (name: string) =>
      kubeconfig(`https://${name}.example.com`).replaceAll('"test"', `"${name}"`);
    await writeFile(files[1] ?? '', named('first'));
    await writeFile(files[2] ?? '', named('second'));
    process.env['KUBECONFIG'] = files.join(delimiter);
    try {
      expect(connect().server).toBe('https://first.example.com');
      expect(connect({ context: 'second' }).server).toBe('https://second.example.com');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('is put together from files that know of the same things, of which the first counts', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'metallb-l2-'));
    const files = ['empty', 'a', 'b', 'broken'].map((name) => join(folder, name));
    const [empty = '', a = '', b = '', broken = ''] = files;
    await writeFile(empty, '');
    await writeFile(a, kubeconfig('https://a.example.com').replace('"current-context":"test"', '"x":1'));
    await writeFile(b, kubeconfig('https://b.example.com'));
    await writeFile(broken, '{');
    try {
      process.env['KUBECONFIG'] = [empty, a, b].join(delimiter);
      expect(connect().server).toBe('https://a.example.com');
      process.env['KUBECONFIG'] = files.join(delimiter);
      expect(() => connect()).toThrow(`the kubeconfig ${broken} cannot be read: `);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('is read from a file that is named, and gives the namespace of its context', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'metallb-l2-'));
    const file = join(folder, 'config');
    const content = kubeconfig('https://127.0.0.1');
    try {
      expect(() => connect({ kubeconfigFile: file })).toThrow(file);
      await writeFile(file, content);
      expect(connect({ kubeconfigFile: file }).namespace).toBeUndefined();
      await writeFile(file, content.replace('"user":"test"', '"user":"test","namespace":"shop"'));
      expect(connect({ kubeconfigFile: file }).namespace).toBe('shop');
      expect(() => connect({ kubeconfigFile: file, context: 'prod' })).toThrow(
        `the kubeconfig ${file} has no context "prod"`,
      );
      await writeFile(file, '{');
      expect(() => connect({ kubeconfigFile: file })).toThrow(`the kubeconfig ${file} cannot be read: `);
      await writeFile(file, '');
      expect(() => connect({ kubeconfigFile: file })).toThrow(`the kubeconfig ${file} has no contexts`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it.each([
    ['is no YAML', '{', undefined, /cannot be read/],
    ['is empty of contexts', 'apiVersion: v1', undefined, /has no contexts/],
    ['has no such context', kubeconfig('https://127.0.0.1'), 'prod', /no context "prod" .*it has "test"/],
    [
      'has no such user',
      kubeconfig('https://127.0.0.1').replace('"user":"test"', '"user":"admin"'),
      undefined,
      /no user "admin", which context "test" names; it has "test"/,
    ],
    [
      'has a server that is no text',
      kubeconfig('nonsense').replace('"nonsense"', '6443'),
      undefined,
      /^the kubeconfig: cluster "test": server 6443 is not text; give a URL, such as "https:/,
    ],
    [
      'has a token file that is missing',
      kubeconfig('https://127.0.0.1', { tokenFile: '/no/such/token' }),
      undefined,
      /^the kubeconfig: user "test": tokenFile "\/no\/such\/token" cannot be read: .*ENOENT.*; log in again/,
    ],
    ['has a server that is no URL', kubeconfig('nonsense'), undefined, /server "nonsense" is not a URL/],
    [
      'has a server without https:// before it',
      kubeconfig('localhost:6443'),
      undefined,
      /^the kubeconfig: cluster "test": server "localhost:6443" is not a URL of http or https, such as "https:/,
    ],
    [
      'has no current context',
      kubeconfig('https://127.0.0.1').replace('"current-context":"test"', '"preferences":{}'),
      undefined,
      /no current context; name one of "test"/,
    ],
  ])('is refused when it %s', (_what, content, context, message) => {
    const source = { kubeconfig: content, ...(context !== undefined && { context }) };
    expect(() => connect(source)).toThrow(message);
    expect(() => connect(source)).toThrow(KubeconfigError);
  });
});
