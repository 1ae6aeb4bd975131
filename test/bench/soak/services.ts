/** Many services on a cluster whose controller gives out the addresses, and one for IPv6. */
import {
  ENDPOINT_SLICES,
  NAMESPACES,
  SERVICE_NAME_LABEL,
  SERVICES,
  type KubeApi,
  type KubeObject,
} from '@metallb-l2/sdk/kube';
import { SERVICE_ANNOTATIONS } from '@metallb-l2/sdk/settings';
import { createPool } from '../../lab/bare-cluster.ts';
import type { Lab } from '../../lab/lab.ts';
import { pause } from '../../toolchain/pause.ts';
import type { Task } from '../../toolchain/progress.ts';
import { SERVER, SERVER_PORT, SERVICE_PORT } from '../lan/service.ts';

const NAMESPACE = 'soak';
const WATCHED = 'watched6';
const POOL = 'soak';
const POOL6 = 'soak6';
const PARALLEL = 8;
const PATIENCE_MS = 120_000;

/** Resolves with the IPv6 address of the one service of that family, when all `count` have an address. */
export async function createFleet(api: KubeApi, lab: Lab, count: number, { signal }: Task): Promise<string> {
  const { hosts } = await lab.status();
  const server = hosts.find(({ name }) => name === SERVER)?.ip6 ?? '';
  await createPool(api, { name: POOL, addresses: ['10.20.0.0/16'] }, signal);
  await createPool(api, { name: POOL6, addresses: [lab.addressPool6] }, signal);
  await api.create(NAMESPACES, { metadata: { name: NAMESPACE } }, { signal });
  const create = async (name: string, family: 'IPv4' | 'IPv6') => {
    const pool = family === 'IPv4' ? POOL : POOL6;
    const endpoint = family === 'IPv4' ? '10.1.0.1' : server;
    for (const object of objectsOf(name, { family, pool, endpoint })) {
      await api.create(object.type, object.object, { signal });
    }
  };
  await create(WATCHED, 'IPv6');
  const names = Array.from({ length: count - 1 }, (_, index) => `service-${index}`).values();
  // Each worker takes the next one off the same iterator.
  const work = async () => {
    for (const name of names) await create(name, 'IPv4');
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return untilAllHaveAddresses(api, count, signal);
}

function objectsOf(
  name: string,
  { family, pool, endpoint }: { family: 'IPv4' | 'IPv6'; pool: string; endpoint: string },
): { type: typeof SERVICES | typeof ENDPOINT_SLICES; object: KubeObject }[] {
  const metadata = { name, namespace: NAMESPACE };
  const service = {
    metadata: { ...metadata, annotations: { [SERVICE_ANNOTATIONS.addressPool]: pool } },
    spec: {
      type: 'LoadBalancer',
      ipFamilies: [family],
      allocateLoadBalancerNodePorts: false,
      ports: [{ port: SERVICE_PORT, targetPort: SERVER_PORT }],
    },
  };
  const slice = {
    metadata: { ...metadata, labels: { [SERVICE_NAME_LABEL]: name } },
    addressType: family,
    endpoints: [{ addresses: [endpoint], conditions: { ready: true } }],
    ports: [{ port: SERVER_PORT, protocol: 'TCP' }],
  };
  return [
    { type: SERVICES, object: service },
    { type: ENDPOINT_SLICES, object: slice },
  ];
}

async function untilAllHaveAddresses(api: KubeApi, count: number, signal: AbortSignal): Promise<string> {
  for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline;) {
    const { items } = await api.list(SERVICES, { namespace: NAMESPACE, signal });
    const addresses = new Map(
      items.flatMap(({ metadata, status }) => {
        const ip = status?.loadBalancer?.ingress?.[0]?.ip;
        return ip === undefined ? [] : [[metadata.name, ip] as const];
      }),
    );
    if (addresses.size === count) return addresses.get(WATCHED) ?? '';
    await pause(500, signal);
  }
  throw new Error(`not all of ${count} services have an address after ${PATIENCE_MS / 1000} s`);
}
