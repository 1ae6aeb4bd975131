/** Interfaces of this machine, added and looked at by tests that run as root. */
import { execFileSync } from 'node:child_process';
import { systemClock, systemRandom } from '@metallb-l2/sdk/kube';
import { NetlinkLinks } from '../../speaker/src/linux/netlink-links.js';
import type { Link } from '../../speaker/src/ports.js';
import { identifyProcess } from '../toolchain/process-identity.ts';
import { RecordedLog } from './recorded-log.ts';

/** Runs `ip` of iproute2. @throws when it fails, with what it said */
export function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Runs many commands of `ip` in one process, one after the other. @throws when one fails, with what it said */
export function ipBatch(commands: readonly (readonly string[])[]): void {
  const input = commands.map((args) => args.join(' ')).join('\n');
  execFileSync('ip', ['-batch', '-'], { input, stdio: ['pipe', 'ignore', 'pipe'] });
}

/** The links of this machine, followed until `stop` is called. */
export function followLinks(): { links: NetlinkLinks; stop(): Promise<void> } {
  const links = new NetlinkLinks({ clock: systemClock, random: systemRandom, log: new RecordedLog() });
  const stop = new AbortController();
  const ended = links.run(stop.signal);
  return {
    links,
    stop: async () => {
      stop.abort();
      await ended;
    },
  };
}

/** What the kernel says of its interfaces now. */
export function linksNow(): readonly Link[] {
  const followed = followLinks();
  void followed.stop();
  return followed.links.links();
}

/** What the kernel says of the interface `name` now. @throws when there is none */
export function linkOf(name: string): Link {
  const link = linksNow().find((each) => each.name === name);
  if (link === undefined) throw new Error(`there is no interface ${name}`);
  return link;
}

/** Removes the interfaces of tests that were killed: they are called `ml`, a letter and the number of the process. */
export function removeAbandonedInterfaces(): void {
  for (const { name } of linksNow()) {
    const [, pid] = /^ml[a-z](\d+)/.exec(name) ?? [];
    if (pid === undefined || identifyProcess(Number(pid)) !== undefined) continue;
    try {
      ip('link', 'del', name);
    } catch {
      // It has gone with the other end of its cable.
    }
  }
}

/** Whether this kernel can add interfaces of `type`; tries it. */
export function canAdd(...args: readonly string[]): boolean {
  const name = `mlt${process.pid}`;
  try {
    ip('link', 'add', name, ...args);
  } catch {
    return false;
  }
  ip('link', 'del', name);
  return true;
}
