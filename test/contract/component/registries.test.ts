import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Bundle, readBundle } from '../../../component/src/image/bundle.js';
import { dockerLogin } from '../../../component/src/image/docker-login.js';
import { publishImage, tagImage } from '../../../component/src/image/publish.js';
import { RegistryError } from '../../../component/src/image/registry-error.js';
import { setUpDocker } from '../../support/credential-helper.ts';
import { openForAll } from '../../support/open-for-all.ts';
import { type RegistryServer, startRegistry } from '../../support/registry-server.ts';
import { TEST_CERTIFICATE } from '../../support/tls.ts';
import { type TokenServer, startTokenServer } from '../../support/token-server.ts';
import {
  client,
  inspect,
  isWrite,
  makeBases,
  pushBases,
  requestTo,
  run,
  writeBundle,
} from '../../support/image-rig.ts';

const ANN = { username: 'ann', password: 'correct horse' };
const IDENTITY_TOKEN = 'ann for a year';
const WRONG = { username: 'ann', password: 'battery staple' };
const HTPASSWD = 'ann:$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e';

const PUSH = fileURLToPath(new URL('push.program.ts', import.meta.url));

let folder: string;
let bundleFolder: string;
let bundle: Bundle;
let open: RegistryServer;
let guarded: RegistryServer;
let tokens: TokenServer;
let hosted: RegistryServer;
let encrypted: RegistryServer;
const { open: openAndClose, defer } = openForAll();

/** Has a server closed in the end. */
function closing<T extends { close(): Promise<void> }>(server: Promise<T>): Promise<T> {
  return openAndClose(server, (opened) => opened.close());
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'registries-'));
  defer(() => rm(folder, { recursive: true, force: true }));
  bundleFolder = await writeBundle(join(folder, 'speaker'));
  bundle = await readBundle(bundleFolder);
  open = await closing(startRegistry());
  guarded = await closing(startRegistry({ htpasswd: HTPASSWD }));
  tokens = await closing(startTokenServer({ ...ANN, identityToken: IDENTITY_TOKEN }));
  hosted = await closing(startRegistry({ tokenRealm: tokens.realm }));
  encrypted = await closing(startRegistry({ tls: true }));
  await makeBases(folder);
  await pushBases(folder, open.host);
  await pushBases(folder, guarded.host, ANN);
  await pushBases(folder, hosted.host, ANN);
});

describe.each([
  ['a password', () => guarded],
  ['a token of its token server', () => hosted],
])('a registry that asks for %s', (_, registry) => {
  it('is answered', async () => {
    const { deps } = client(bundle);
    const request = { ...requestTo(registry().host, 'mine'), credentials: ANN };
    const reference = await publishImage(deps, request);
    expect((await inspect(reference, { login: ANN })).Layers).toHaveLength(2);
  });

  it("is answered with the machine's log-in when none is given", async () => {
    const { deps } = client(bundle, { login: ANN });
    await expect(publishImage(deps, requestTo(registry().host, 'logged-in'))).resolves.toContain('@sha256:');
  });

  it('refuses who does not answer, and the error says what to do', async () => {
    const { host } = registry();
    const failure = publishImage(client(bundle).deps, requestTo(host, 'mine'));
    await expect(failure).rejects.toThrow(RegistryError);
    await expect(failure).rejects.toThrow(
      new RegExp(
        `^image\\.build\\.repository "${host}/mine": .*${host}/mine: 401.*; give "username" and "password", or log in with: docker login ${host}`,
      ),
    );
  });

  it('refuses a wrong password, and the error does not repeat it', async () => {
    const request = { ...requestTo(registry().host, 'mine'), credentials: WRONG };
    const failure = publishImage(client(bundle).deps, request);
    await expect(failure).rejects.toThrow('does not accept "ann"');
    await expect(failure).rejects.not.toThrow('battery');
  });

  it('keeps a base from who has not logged in, and the error says how to', async () => {
    const base = `${registry().host}/base/node:both`;
    await expect(publishImage(client(bundle).deps, requestTo(open.host, 'base', base))).rejects.toThrow(
      new RegExp(`^image\\.build\\.base "${base}": .*; log in with: docker login ${registry().host}$`),
    );
  });
});

describe("a log-in kept by a credential helper of Docker's", () => {
  /** Pushes with what Docker's configuration knows when `helper`, a shell script, keeps the log-ins. */
  async function pushWith(helper: string | undefined, host: string, repository: string): Promise<string> {
    const docker = await closing(
      setUpDocker({ credsStore: 'test' }, helper === undefined ? {} : { test: helper }),
    );
    const { deps } = client(bundle, { loginFor: (registry) => dockerLogin(registry, docker) });
    return publishImage(deps, requestTo(host, repository));
  }

  it('is what a registry is answered with', async () => {
    const helper = `[ "$server" = ${guarded.host} ] && echo '{"Username":"ann","Secret":"${ANN.password}"}'`;
    const reference = await pushWith(helper, guarded.host, 'helped');
    expect((await inspect(reference, { login: ANN })).Layers).toHaveLength(2);
  });

  it('may be an identity token, which its token server takes', async () => {
    const helper = `echo '{"Username":"<token>","Secret":"${IDENTITY_TOKEN}"}'`;
    const reference = await pushWith(helper, hosted.host, 'identified');
    expect((await inspect(reference, { login: ANN })).Layers).toHaveLength(2);
    const refused = pushWith(helper.replace('a year', 'ever'), hosted.host, 'mine');
    await expect(refused).rejects.toThrow(
      /does not accept the identity token that is kept for it; give "user/,
    );
    await expect(refused).rejects.not.toThrow('for ever');
    await expect(pushWith(helper, guarded.host, 'mine')).rejects.toThrow(
      'does not accept the identity token',
    );
  });

  it('that cannot be had is in the way only where one is asked for, and the error says why', async () => {
    await expect(pushWith(undefined, open.host, 'no-helper')).resolves.toContain('@sha256:');
    await expect(pushWith(undefined, guarded.host, 'no-helper')).rejects.toThrow(
      new RegExp(
        `no-helper: 401.*; docker-credential-test, which .*config.json names for ${guarded.host}, is not on the PATH; ` +
          'see that it works, or take it out of the file, or give "username" and "password", or log in',
      ),
    );
  });
});

it('asks a token server for each kind of access, not for each request', async () => {
  const before = tokens.asked.length;
  const { deps, requests } = client(bundle);
  await publishImage(deps, { ...requestTo(hosted.host, 'thrifty'), credentials: ANN });
  const asked = tokens.asked.slice(before);
  expect(new Set(asked)).toEqual(
    new Set([
      'repository:thrifty:pull',
      'repository:base/node:pull',
      'repository:thrifty:pull,push',
      'repository:thrifty:pull,push repository:base/node:pull',
    ]),
  );
  expect(asked.length).toBeLessThan(requests.length / 2);
});

describe('a registry with a certificate of its own', () => {
  const scheme = (options: { insecure: boolean; host: string }) =>
    options.host === open.host || options.insecure;
  const request = () => ({
    ...requestTo(encrypted.host, 'tls', `${open.host}/base/node:both`),
    insecure: false,
  });

  it('is not trusted, and the error says how to', async () => {
    await expect(publishImage(client(bundle, { scheme }).deps, request())).rejects.toThrow(
      /no answer from https:.*; name the file of its certificate authority in .*NODE_EXTRA_CA_CERTS/,
    );
  });

  /** What a process prints that trusts the authority and pushes to `host`. */
  async function pushTrusting(host: string): Promise<string> {
    const file = join(folder, 'authority.pem');
    await writeFile(file, TEST_CERTIFICATE.cert);
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: file };
    return (await run(process.execPath, [PUSH, bundleFolder, host, open.host], { env })).stdout;
  }

  it('is trusted as the error says', async () => {
    const reference = await pushTrusting(encrypted.host);
    expect(reference).toMatch(new RegExp(`^${encrypted.host}/tls:[0-9a-f]{16}@sha256:`));
    expect((await inspect(reference)).Layers).toHaveLength(2);
  });

  it('for another name is no matter of trust', async () => {
    expect(await pushTrusting(encrypted.host.replace('127.0.0.1', 'localhost'))).toMatch(
      /^failed: .* no answer from https:\/\/localhost.*; give the registry a certificate that is good for this name and this day$/,
    );
  });

  it('that speaks plain HTTP instead is named with what to set', async () => {
    const plain = { ...requestTo(open.host, 'plain'), insecure: false };
    await expect(publishImage(client(bundle, { scheme: () => false }).deps, plain)).rejects.toThrow(
      /no answer from https:.*: ERR_SSL_WRONG_VERSION_NUMBER; check the host, and set "insecure" if it speaks plain HTTP/,
    );
  });
});

describe('a push that is interrupted', () => {
  it('wherever it is, is finished by the next one, which ends with the same image', async () => {
    const whole = client(bundle);
    const reference = await publishImage(whole.deps, requestTo(open.host, 'whole'));
    const writes = whole.requests.filter(isWrite).length;
    expect(writes).toBeGreaterThan(10);
    for (let allowed = 0; allowed < writes; allowed++) {
      const request = requestTo(open.host, `broken-${allowed}`);
      let done = 0;
      let killed = false;
      const before = (asked: string) => {
        killed ||= isWrite(asked) && done++ === allowed;
        if (killed) throw new TypeError('killed');
      };
      await expect(publishImage(client(bundle, { before }).deps, request)).rejects.toThrow('killed');
      const { deps, requests } = client(bundle);
      const finished = await publishImage(deps, request);
      expect(finished.split('@')[1]).toBe(reference.split('@')[1]);
      expect(requests.filter(isWrite).length).toBeLessThanOrEqual(writes);
    }
    const { tag } = tagImage(bundle, requestTo(open.host, 'x'));
    expect((await inspect(`${open.host}/broken-${writes - 1}:${tag}`)).Layers).toHaveLength(2);
  });

  it('by a connection that breaks in the middle of a layer starts that layer over', async () => {
    const proxy = await startCuttingProxy(open.host, 300_000);
    try {
      const { deps } = client(bundle);
      const request = requestTo(proxy.host, 'cut', `${open.host}/base/node:both`);
      const reference = await publishImage(deps, request);
      expect(proxy.cuts()).toBe(1);
      expect((await inspect(reference, { architecture: 'arm64' })).Layers).toHaveLength(2);
    } finally {
      await proxy.close();
    }
  });
});

/** A way to `target` on which the first connection to send more than `bytes` breaks. */
async function startCuttingProxy(target: string, bytes: number) {
  const sockets = new Set<Socket>();
  let cuts = 0;
  const server = createServer((incoming) => {
    const outgoing = connect({ host: '127.0.0.1', port: Number(target.split(':')[1]) });
    let sent = 0;
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => (incoming.destroy(), outgoing.destroy(), sockets.delete(socket)));
    }
    outgoing.pipe(incoming);
    incoming.on('data', (chunk: Buffer) => {
      sent += chunk.length;
      outgoing.write(chunk);
      if (cuts > 0 || sent <= bytes) return;
      cuts++;
      incoming.resetAndDestroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cuts: () => cuts,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
