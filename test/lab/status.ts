/** What runs in a lab right now, read from the kernel and not from memory, and a picture of it. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { pidOf } from '../toolchain/process-identity.ts';
import { type Host } from './host.ts';
import { type HostRole } from './plan.ts';

export interface HostStatus {
  readonly name: string;
  readonly role: HostRole;
  readonly ip: string;
  readonly ip6: string;
  /** Whether its cable is plugged in. */
  readonly plugged: boolean;
  /** The names of its processes, sorted. */
  readonly processes: readonly string[];
}

export interface LabStatus {
  readonly name: string;
  readonly registry: string;
  readonly addressPool: string;
  readonly kubeconfigPath: string;
  readonly hosts: readonly HostStatus[];
}

/** Processes that only hold a machine or a pod together. */
const HOLDERS = new Set(['catatonit', 'containerd-shim-runc-v2', 'setpriv']);

interface ProcessEntry {
  readonly name: string;
  readonly parent: string;
  /** Names its process namespace. */
  readonly space: string;
}

/** The names of the processes on each host, those in containers included. */
export function readProcesses(hosts: readonly Host[]): Map<string, string[]> {
  const table = readProcessTable();
  const spaces = new Map<string, string>();
  for (const { name, init } of hosts) {
    const space = readSpace(`${pidOf(init)}/ns/pid_for_children`);
    if (space !== undefined) spaces.set(space, name);
  }
  const found = new Map<string, string[]>(hosts.map(({ name }) => [name, []]));
  for (const entry of table.values()) {
    if (HOLDERS.has(entry.name)) continue;
    // A container has a namespace of its own, and the process that started it is on the host.
    let ancestor: ProcessEntry | undefined = entry;
    while (ancestor !== undefined && !spaces.has(ancestor.space)) ancestor = table.get(ancestor.parent);
    const host = ancestor === undefined ? undefined : spaces.get(ancestor.space);
    if (host !== undefined) found.get(host)?.push(entry.name);
  }
  for (const names of found.values()) names.sort();
  return found;
}

/** Draws the lab: one line for each host on its cable to the bridge. */
export function renderStatus(status: LabStatus): string {
  const width = Math.max(...status.hosts.map(({ name }) => name.length));
  const ipWidth = Math.max(...status.hosts.map(({ ip }) => ip.length));
  const lines = status.hosts.map(({ name, role, ip, plugged, processes }) => {
    const cable = plugged ? '├──' : '├╳ ';
    const state = plugged ? 'up ' : 'cut';
    return `  ${cable} ${name.padEnd(width)}  ${ip.padEnd(ipWidth)}  ${state}  ${summarize(role, processes)}`;
  });
  return [
    `lab ${status.name}`,
    '  bridge',
    ...lines,
    '',
    `  addresses for services  ${status.addressPool}`,
    `  image registry          ${status.registry} (plain HTTP)`,
    `  kubeconfig              ${status.kubeconfigPath}`,
  ].join('\n');
}

function summarize(role: HostRole, processes: readonly string[]): string {
  if (processes.length === 0) return role === 'client' ? '(client)' : 'nothing runs';
  const counts = new Map<string, number>();
  for (const name of processes) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => (count === 1 ? name : `${name} ×${count}`)).join(', ');
}

function readProcessTable(): Map<string, ProcessEntry> {
  const table = new Map<string, ProcessEntry>();
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const entry = readProcess(pid);
    if (entry !== undefined) table.set(pid, entry);
  }
  return table;
}

/** Undefined when the process has ended meanwhile, or is a thread of the kernel. */
function readProcess(pid: string): ProcessEntry | undefined {
  try {
    const [command = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    const space = readSpace(`${pid}/ns/pid`);
    if (command === '' || parent === undefined || space === undefined) return undefined;
    return { name: basename(command), parent, space };
  } catch {
    return undefined;
  }
}

function readSpace(path: string): string | undefined {
  try {
    return readlinkSync(`/proc/${path}`);
  } catch {
    return undefined;
  }
}
