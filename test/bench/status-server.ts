/** An API server that serves one list of statuses, in pages or whole, from memory. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StatusServer {
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

export async function startStatusServer(objects: number): Promise<StatusServer> {
  const items = Array.from({ length: objects }, (_, index) => JSON.stringify(statusOf(index)));
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://server');
    response.writeHead(200, { 'content-type': 'application/json' });
    if (searchParams.get('watch') === 'true') {
      response.flushHeaders();
      return;
    }
    const from = Number(searchParams.get('continue') ?? 0);
    const to = from + Number(searchParams.get('limit') ?? objects);
    const metadata = { resourceVersion: '1', ...(to < objects && { continue: String(to) }) };
    const head = `{"kind":"ServiceL2StatusList","apiVersion":"metallb.io/v1beta1","metadata":${JSON.stringify(metadata)}`;
    response.end(`${head},"items":[${items.slice(from, to).join(',')}]}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    kubeconfig: JSON.stringify({
      clusters: [
        { name: 'bench', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } },
      ],
      users: [{ name: 'bench', user: {} }],
      contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
      'current-context': 'bench',
    }),
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** As an API server sends one, `managedFields` included. */
function statusOf(index: number) {
  const [service, node] = [`service-${index}`, `node-${index % 100}`];
  const labels = {
    'metallb.io/node': node,
    'metallb.io/service-name': service,
    'metallb.io/service-namespace': `team-${index % 50}`,
  };
  const time = new Date(Date.UTC(2026, 0, 1) + index * 1000).toISOString().replace('.000', '');
  const fields = (names: readonly string[]) => Object.fromEntries(names.map((name) => [`f:${name}`, {}]));
  const managed = (subresource: string | undefined, fieldsV1: object) => ({
    apiVersion: 'metallb.io/v1beta1',
    fieldsType: 'FieldsV1',
    fieldsV1,
    manager: 'metallb-l2',
    operation: 'Update',
    ...(subresource !== undefined && { subresource }),
    time,
  });
  const suffix = index.toString(36).padStart(5, '0');
  return {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'ServiceL2Status',
    metadata: {
      creationTimestamp: time,
      generateName: `${node}-`,
      generation: 1,
      labels,
      managedFields: [
        managed(undefined, {
          'f:metadata': {
            'f:generateName': {},
            'f:labels': { '.': {}, ...fields(Object.keys(labels)) },
            'f:ownerReferences': { '.': {}, [`k:{"uid":"0b3c1ed0-6f0f-4a50-9c2a-${suffix}"}`]: {} },
          },
        }),
        managed('status', {
          'f:status': {
            '.': {},
            ...fields([
              'addresses',
              'announcedSince',
              'interfaces',
              'node',
              'serviceName',
              'serviceNamespace',
            ]),
          },
        }),
      ],
      name: `${node}-${suffix}`,
      namespace: 'metallb-system',
      ownerReferences: [
        {
          apiVersion: 'v1',
          kind: 'Pod',
          name: `speaker-${suffix}`,
          uid: `0b3c1ed0-6f0f-4a50-9c2a-${suffix}`,
        },
      ],
      resourceVersion: String(index + 1),
      uid: `6d8a7c52-1a33-4b6e-8f6e-0000000${suffix}`,
    },
    status: {
      addresses: [`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`],
      announcedSince: time,
      interfaces: [{ name: 'eth0' }],
      node,
      serviceName: service,
      serviceNamespace: labels['metallb.io/service-namespace'],
    },
  };
}
