/** What a machine must be like for a lab to run on it, checked before anything is started. */
import { existsSync } from 'node:fs';
import { sep } from 'node:path';
import { labsFolder, PRIVATE_FOLDERS } from './folders.ts';

/** Why no lab can run here, with the remedy; undefined when one can. Tests print it when they skip. */
export function whyNoLab(): string | undefined {
  if (process.platform !== 'linux') {
    return `the lab needs Linux (network namespaces), this is ${process.platform}`;
  }
  if (process.getuid?.() !== 0) return 'the lab needs root: it makes network namespaces and mounts';
  if (!['/sys/fs/cgroup/cgroup.controllers', '/sys/fs/cgroup/memory'].some((path) => existsSync(path))) {
    return 'the lab needs control groups: mount cgroup2 (or the version 1 controllers) at /sys/fs/cgroup';
  }
  if (!existsSync('/proc/net/if_inet6')) return 'the lab needs IPv6: start the kernel without ipv6.disable=1';
  const hidden = PRIVATE_FOLDERS.find((folder) => labsFolder().startsWith(folder + sep));
  if (hidden !== undefined) {
    return `the cache folder lies under ${hidden}, which each node has for itself: set METALLB_L2_CACHE to another place`;
  }
  return undefined;
}
