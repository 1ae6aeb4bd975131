/**
 * The service that is watched. Its one endpoint is a server on the LAN that is no node, so that what a client
 * sees depends on who announces the address and on nothing else.
 */
import { spawn } from 'node:child_process';
import {
  ENDPOINT_SLICES,
  NAMESPACES,
  SERVICES,
  SERVICE_NAME_LABEL,
  type KubeApi,
  type KubeObject,
} from '@metallb-l2/sdk/kube';
import type { Lab } from '../../lab/lab.ts';
import { pause } from '../../toolchain/pause.ts';
import type { Task } from '../../toolchain/progress.ts';
import { resolveTool } from '../../toolchain/resolve.ts';

export const SERVER = 'server';
export const SERVICE_PORT = 80;
export const SERVER_PORT = 8080;
const NAMESPACE = 'bench';
const NAME = 'watched';
const PATIENCE_MS = 60_000;

/** Starts the server; it ends with the lab or the signal. */
export async function startServer(lab: Lab, task: Task): Promise<void> {
  const program = await resolveTool('lan-probe', task);
  const [file, ...args] = lab.commandOn(SERVER, [program, 'serve', `-listen=:${SERVER_PORT}`]);
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'inherit'], signal: task.signal });
  child.on('error', () => undefined).unref();
}

/** Makes the service; resolves with its address. */
export async function createService(api: KubeApi, lab: Lab, signal: AbortSignal): Promise<string> {
  await publishServer(api, lab, signal);
  for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline;) {
    const { status } = await api.get(SERVICES, { name: NAME, namespace: NAMESPACE }, { signal });
    const ip = status?.loadBalancer?.ingress?.[0]?.ip;
    if (ip !== undefined) return ip;
    await pause(200, signal);
  }
  throw new Error(`the service has no address after ${PATIENCE_MS / 1000} s`);
}

/** Makes the service, with or without anybody who could give it an address. */
export async function publishServer(api: KubeApi, lab: Lab, signal: AbortSignal): Promise<void> {
  const { hosts } = await lab.status();
  const server = hosts.find(({ name }) => name === SERVER)?.ip;
  if (server === undefined) throw new Error(`the lab has no client called ${SERVER}`);
  const metadata = { name: NAME, namespace: NAMESPACE };
  await api.create(NAMESPACES, { metadata: { name: NAMESPACE } }, { signal });
  const service = {
    metadata,
    spec: { type: 'LoadBalancer', ports: [{ port: SERVICE_PORT, targetPort: SERVER_PORT }] },
  } as KubeObject;
  await api.create(SERVICES, service, { signal });
  await api.create(
    ENDPOINT_SLICES,
    {
      metadata: { ...metadata, labels: { [SERVICE_NAME_LABEL]: NAME } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [server], conditions: { ready: true } }],
      ports: [{ port: SERVER_PORT, protocol: 'TCP' }],
    },
    { signal },
  );
}

export const DELETE_SERVICE = ['delete', 'namespace', NAMESPACE, '--ignore-not-found', '--wait'];
