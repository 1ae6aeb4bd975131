/** The image registry of a lab, on the control plane's host. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Task } from '../toolchain/progress.ts';
import { type Host, onHost } from './host.ts';
import { ServerProcess } from './processes.ts';
import { runChecked } from './run.ts';

const PORT = 5000;

/** `ip:port` of the registry on the host with this address; it speaks plain HTTP. */
export function registryAddress(ip: string): string {
  return `${ip}:${PORT}`;
}

/** Starts an empty registry; resolves when it answers. */
export async function startRegistry(host: Host, ip: string, task: Task): Promise<void> {
  const folder = join(host.folder, 'registry');
  const config = join(host.folder, 'registry.json');
  await mkdir(folder, { recursive: true });
  await writeFile(
    config,
    JSON.stringify({
      version: '0.1',
      log: { level: 'warn' },
      storage: { filesystem: { rootdirectory: folder }, delete: { enabled: true } },
      http: { addr: registryAddress(ip) },
    }),
  );
  const server = ServerProcess.start({
    name: 'docker-registry',
    argv: onHost(host, ['docker-registry', 'serve', config]),
    logFile: join(host.folder, 'logs', 'docker-registry.log'),
    diesWithParent: false,
  });
  await server.ready(task, { probe: async () => (await fetch(`http://${registryAddress(ip)}/v2/`)).ok });
}

/** Copies an image of an OCI layout into the registry, with the manifest form every tool understands. */
export async function pushImage(layout: string, reference: string, { signal }: Task): Promise<void> {
  const options = ['--insecure-policy', 'copy', '--quiet', '--dest-tls-verify=false', '--format=v2s2'];
  await runChecked(['skopeo', ...options, `oci:${layout}`, `docker://${reference}`], { signal });
}
