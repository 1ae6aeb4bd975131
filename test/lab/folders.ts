/** Where a lab keeps its things, inside the cache folder. */
import { join } from 'node:path';
import { cacheFolder } from '../toolchain/cache.ts';

/** Holds one folder for each lab that runs or was left behind. */
export function labsFolder(): string {
  return join(cacheFolder(process.env), 'labs');
}

/** The lock under which labs are added and removed. */
export function labsLock(): string {
  return join(cacheFolder(process.env), 'labs.lock');
}

/** Everything one lab writes. */
export function labFolder(name: string): string {
  return join(labsFolder(), name);
}

/** What one host of a lab writes. */
export function hostFolder(lab: string, host: string): string {
  return join(labFolder(lab), 'hosts', host);
}

export function kubeconfigPath(lab: string): string {
  return join(labFolder(lab), 'kubeconfig');
}

/** Folders every node has for itself; the programs know them by these names only. */
export const PRIVATE_FOLDERS = ['/run', '/var/lib', '/var/log'];
