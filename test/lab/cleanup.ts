/** Takes labs away, also those whose owner was killed: machines first, then what the kernel keeps without them. */
import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withFileLock } from '../toolchain/file-lock.ts';
import { isRunning } from '../toolchain/process-identity.ts';
import { type Task, withProgress } from '../toolchain/progress.ts';
import { hostFolder, labFolder, labsLock } from './folders.ts';
import { openHost, stopHost } from './host.ts';
import { removeMachineInterface } from './network.ts';
import { TASKS_FOLDER } from './node-config.ts';
import { planLab } from './plan.ts';
import { listLabs, readLabState } from './state.ts';

const CGROUPS = '/sys/fs/cgroup';
/** Where containerd puts the containers of Kubernetes, in every tree. */
const CONTAINERS_CGROUP = 'k8s.io';
const PATIENCE_MS = 10_000;

/** Removes every lab whose owner is dead, and every folder that holds no lab. Call under the labs' lock. */
export async function removeAbandonedLabs({ log }: Pick<Task, 'log'>): Promise<void> {
  for (const name of await listLabs()) {
    if (await isInUse(name)) continue;
    log(`removing lab ${name}, left behind by a process that is gone`);
    await remove(name, { log });
  }
}

/** Removes one lab with everything it has; fine when there is little or nothing of it. */
export async function removeLab(name: string, task: Pick<Task, 'log'>): Promise<void> {
  // Once begun it is not given up: half a lab is of no use to anyone.
  const { signal } = new AbortController();
  await withFileLock(labsLock(), { signal }, () => remove(name, task));
}

async function remove(name: string, { log }: Pick<Task, 'log'>): Promise<void> {
  await withProgress(log, `lab ${name}: removing`, async () => {
    const state = await readLabState(name);
    const hosts = await listHosts(name);
    await Promise.all(hosts.map((host) => stopHost(hostFolder(name, host))));
    if (state !== undefined) await removeMachineInterface(planLab(state).machine.interface);
    const containers = await Promise.all(hosts.map((host) => listContainers(hostFolder(name, host))));
    await removeCgroups(containers.flat());
    await rm(labFolder(name), { recursive: true, force: true, maxRetries: 5 });
  });
}

/** A lab is in use while its owner lives, or, when it has none, while any of its machines runs. */
async function isInUse(name: string): Promise<boolean> {
  const state = await readLabState(name);
  if (state === undefined) return false;
  return state.owner === null ? isAnyHostRunning(name) : isRunning(state.owner);
}

async function isAnyHostRunning(lab: string): Promise<boolean> {
  const hosts = await listHosts(lab);
  const inits = await Promise.allSettled(hosts.map((host) => openHost(host, hostFolder(lab, host))));
  return inits.some((result) => result.status === 'fulfilled' && isRunning(result.value.init));
}

function listHosts(lab: string): Promise<string[]> {
  return readdir(hostFolder(lab, '')).catch(() => []);
}

/** Version 1 has a tree for each controller, version 2 a single one. */
async function removeCgroups(containers: readonly string[]): Promise<void> {
  const trees = (await readdir(CGROUPS)).map((controller) => join(CGROUPS, controller));
  for (const folder of [CGROUPS, ...trees].map((tree) => join(tree, CONTAINERS_CGROUP))) {
    await Promise.all(containers.map((container) => removeCgroup(join(folder, container))));
    // Shared with every other containerd of this machine: goes with the last container.
    await rmdir(folder).catch(() => undefined);
  }
}

/** Only folders can be removed from a cgroup tree, the inner ones first, and not before the last process left. */
async function removeCgroup(path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.isDirectory()) await removeCgroup(join(path, entry.name));
  }
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      await rmdir(path);
      return;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'ENOENT') return;
      if (code !== 'EBUSY' || performance.now() > deadline) throw error;
    }
    await sleep(20);
  }
}

/** The containers that were not ended in an orderly way: only of those a cgroup is left. */
async function listContainers(folder: string): Promise<string[]> {
  return readdir(join(folder, TASKS_FOLDER)).catch(() => []);
}
