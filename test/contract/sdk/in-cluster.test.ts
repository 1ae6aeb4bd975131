import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONFIG_MAPS } from '@metallb-l2/sdk/kube';
import { connectInCluster } from '@metallb-l2/sdk/kube/in-cluster';
import { TEST_CERTIFICATE } from '../../support/tls.ts';

const EMPTY_LIST = JSON.stringify({ kind: 'ConfigMapList', metadata: { resourceVersion: '7' }, items: [] });

let folder: string;
let server: https.Server;
let env: Record<string, string>;
/** What the server believes, and what it was told. */
let believed: string;
let told: (string | undefined)[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'metallb-l2-account-'));
  believed = 'Bearer first';
  told = [];
  server = https.createServer(TEST_CERTIFICATE, ({ headers: { authorization } }, response) => {
    told.push(authorization);
    response.writeHead(authorization === believed ? 200 : 401, { 'content-type': 'application/json' });
    response.end(EMPTY_LIST);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(port) };
  await writeFile(join(folder, 'token'), 'first\n');
  await writeFile(join(folder, 'ca.crt'), TEST_CERTIFICATE.cert);
  await writeFile(join(folder, 'namespace'), 'metallb-system');
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

describe('a connection from inside the cluster', () => {
  it("uses the pod's service account", async () => {
    const api = connectInCluster({ env, folder })!;
    expect(api.namespace).toBe('metallb-system');
    expect((await api.list(CONFIG_MAPS)).metadata.resourceVersion).toBe('7');
    expect(told).toEqual(['Bearer first']);
    api.close();
  });

  it('reads a token that was renewed as soon as the old one is not believed', async () => {
    const api = connectInCluster({ env, folder })!;
    await api.list(CONFIG_MAPS);
    believed = 'Bearer second';
    await writeFile(join(folder, 'token'), 'second');
    await expect(api.list(CONFIG_MAPS)).rejects.toMatchObject({ code: 'Unauthorized' });
    await api.list(CONFIG_MAPS);
    expect(told).toEqual(['Bearer first', 'Bearer first', 'Bearer second']);
    api.close();
  });

  it('believes only a server that the authority of the cluster vouches for', async () => {
    await writeFile(join(folder, 'ca.crt'), '');
    const api = connectInCluster({ env, folder })!;
    await expect(api.list(CONFIG_MAPS)).rejects.toMatchObject({ code: 'Unavailable' });
    expect(told).toEqual([]);
    api.close();
  });

  it('says why when the account is gone', async () => {
    const api = connectInCluster({ env, folder })!;
    await rm(join(folder, 'ca.crt'));
    await expect(api.list(CONFIG_MAPS)).rejects.toThrow(/no credentials: .*ca\.crt/);
    api.close();
  });

  it('takes an IPv6 address of the API server', () => {
    const api = connectInCluster({ env: { KUBERNETES_SERVICE_HOST: 'fd00::1' }, folder })!;
    expect(api.server).toBe('https://[fd00::1]:443');
    api.close();
  });

  it('is not there outside a pod', () => {
    expect(connectInCluster({ env: {}, folder })).toBeUndefined();
    expect(connectInCluster({ env, folder: join(folder, 'none') })).toBeUndefined();
  });
});
