/**
 * A machine of the lab: network, mount, process and name spaces of its own, held by one process. Nothing of
 * it is visible from outside, and when that process is killed the kernel takes all of it away: processes,
 * mounts, interfaces, rules.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identifyProcess, isRunning, pidOf, type ProcessIdentity } from '../toolchain/process-identity.ts';
import { type Task } from '../toolchain/progress.ts';
import { ServerProcess } from './processes.ts';

/** A running machine. */
export interface Host {
  readonly name: string;
  readonly folder: string;
  readonly init: ProcessIdentity;
}

export interface HostOptions {
  readonly name: string;
  readonly folder: string;
  /** Shell commands that furnish the machine, run inside it; `$0` is its folder. @default none */
  readonly furnish?: string;
  readonly diesWithParent: boolean;
}

// Written by the process itself before it does anything, so no machine exists that is not written down.
const START = `
set -e
echo "$$ $(cut -d ' ' -f 22 /proc/$$/stat)" > "$0/init.new"
mv "$0/init.new" "$0/init"
exec unshare --net --mount --pid --uts --fork --kill-child=KILL --propagation slave -- sh -c "$1" "$0" "$2"
`;

const FURNISH = (more: string) => `
set -e
mount -t proc proc /proc
echo "$1" > /proc/sys/kernel/hostname
${more}
: > "$0/ready"
exec catatonit -P
`;

/** Starts a machine; its network has nothing but a loopback interface that is down. */
export async function startHost(options: HostOptions, task: Task): Promise<Host> {
  const { name, folder, furnish = '', diesWithParent } = options;
  await mkdir(join(folder, 'logs'), { recursive: true });
  const server = ServerProcess.start({
    name,
    argv: ['sh', '-c', START, folder, FURNISH(furnish), name],
    logFile: join(folder, 'host.log'),
    diesWithParent,
  });
  await server.ready(task, { probe: () => Promise.resolve(existsSync(join(folder, 'ready'))) });
  return { name, folder, init: await readInit(folder) };
}

/** The machine whose folder this is, which another process started. */
export async function openHost(name: string, folder: string): Promise<Host> {
  return { name, folder, init: await readInit(folder) };
}

/** Turns a command into one that runs on the machine and ends when its caller does. */
export function onHost({ init }: Host, argv: readonly string[]): [string, ...string[]] {
  const spaces = `/proc/${pidOf(init)}/ns`;
  return [
    'nsenter',
    `--net=${spaces}/net`,
    `--mount=${spaces}/mnt`,
    `--uts=${spaces}/uts`,
    // The holder itself stays outside; its children are the first inside.
    `--pid=${spaces}/pid_for_children`,
    '--',
    'setpriv',
    '--pdeathsig=KILL',
    '--',
    ...argv,
  ];
}

/** Turns a command into one of this machine that sees the network of the host. */
export function onHostNetwork({ init }: Host, argv: readonly string[]): [string, ...string[]] {
  return ['nsenter', `--net=/proc/${pidOf(init)}/ns/net`, '--', ...argv];
}

/**
 * Ends the machine in `folder` with all its processes, if it runs; works on what a killed run left too.
 * Resolves when they are gone, or after five seconds: a killed process may stay listed for as long as a parent
 * outside does not collect it, but does nothing any more.
 */
export async function stopHost(folder: string): Promise<void> {
  const holder = await readInit(folder).catch(() => undefined);
  if (holder === undefined || !isRunning(holder)) return;
  // The first process inside ends only after all others, so it is the one to wait for.
  const first = identifyProcess(firstChild(pidOf(holder)) ?? 0);
  const identities = first === undefined ? [holder] : [first, holder];
  for (const identity of identities) kill(pidOf(identity));
  const deadline = performance.now() + 5000;
  while (identities.some(isRunning) && performance.now() < deadline) await sleep(10);
}

async function readInit(folder: string): Promise<ProcessIdentity> {
  return (await readFile(join(folder, 'init'), 'utf8')).trim();
}

function firstChild(pid: number): number | undefined {
  try {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
    return child === undefined || child === '' ? undefined : Number(child);
  } catch {
    return undefined;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
