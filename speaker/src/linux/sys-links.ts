/**
 * The kernel's interfaces as `/sys/class/net` shows them: {@link LinkSource} by reading them again every
 * second. A change is seen that much later.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '@metallb-l2/sdk/kube';
import type { Link, LinkSource, Log } from '../ports.js';
import { isMacAddress } from '../wire/address.js';

export interface SysLinksOptions {
  /** Where the interfaces are listed. @default '/sys/class/net' */
  directory?: string;
}

/** Milliseconds between two looks. */
const INTERVAL_MS = 1000;

// if.h
const IFF_UP = 0x1;
const IFF_LOOPBACK = 0x8;
const IFF_NOARP = 0x80;

/** Interfaces of the network namespace that `/sys` was mounted in. */
export class SysLinks implements LinkSource {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #directory: string;
  readonly #listeners = new Set<() => void>();
  #links: readonly Link[] = [];

  constructor(deps: { clock: Clock; log: Log }, options: SysLinksOptions = {}) {
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#directory = options.directory ?? '/sys/class/net';
  }

  links(): readonly Link[] {
    return this.#links;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#refresh();
      await this.#clock.sleep(INTERVAL_MS, signal).catch(() => undefined);
    }
  }

  #refresh(): void {
    let links: readonly Link[];
    try {
      links = readLinks(this.#directory);
    } catch (error) {
      this.#log.warn({ err: error, directory: this.#directory }, 'cannot list the network interfaces');
      return;
    }
    if (isDeepStrictEqual(links, this.#links)) return;
    this.#links = links;
    for (const listener of this.#listeners) listener();
  }
}

/** Reads all interfaces of `directory`, ordered by index; one that goes away meanwhile is left out. */
export function readLinks(directory: string): Link[] {
  return readdirSync(directory)
    .map((name) => readLink(directory, name))
    .filter((link) => link !== undefined)
    .sort((a, b) => a.index - b.index);
}

function readLink(directory: string, name: string): Link | undefined {
  const read = (file: string): string | undefined => {
    try {
      return readFileSync(join(directory, name, file), 'utf8').trim();
    } catch {
      return undefined; // gone, or `carrier` of an interface that is down
    }
  };
  const index = Number(read('ifindex'));
  const flags = Number(read('flags'));
  if (!Number.isInteger(index) || !Number.isInteger(flags)) return undefined;
  const mac = read('address') ?? '';
  return {
    index,
    name,
    mac: isMacAddress(mac) ? mac : '',
    hardwareType: Number(read('type') ?? 0),
    up: (flags & IFF_UP) !== 0,
    carrier: read('carrier') === '1',
    loopback: (flags & IFF_LOOPBACK) !== 0,
    noArp: (flags & IFF_NOARP) !== 0,
    hasMaster: existsSync(join(directory, name, 'master')),
  };
}
