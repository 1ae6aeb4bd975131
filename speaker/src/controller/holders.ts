/**
 * Who may be on one address together: services with the same sharing key that lead to the same backends
 * and have no port in common.
 */
import { type Address, formatAddress } from '@metallb-l2/sdk/models';
import { type Refusal, refusal } from './refusal.js';

/** What must be known of a service to say whether it may use an address beside another one. */
export interface Claimant {
  /** `namespace/name`. */
  readonly service: string;
  /** Services may share an address only if they have the same key; empty means never. */
  readonly sharingKey: string;
  /** Where its traffic may go; those that begin to share must agree on it. */
  readonly backendKey: string;
  /** The same as upstream sees it, who tells fewer backends apart; those that share already may go on. */
  readonly upstreamBackendKey: string;
  /** As `TCP/80`. */
  readonly ports: readonly string[];
}

/** By which key backends are compared. */
export type BackendKey = 'backendKey' | 'upstreamBackendKey';

/** The services that have one address. */
export class Holders {
  readonly #claimants = new Map<string, Claimant>();
  /** Which service has a port. */
  readonly #portOwners = new Map<string, string>();
  /** By which key some of them may not be together, as others have put them there. */
  readonly #atOdds = new Set<BackendKey>();

  constructor(first: Claimant) {
    this.add(first);
  }

  add(claimant: Claimant): void {
    const other = this.#anyBut(claimant);
    const clashes = this.#takenPort(claimant) !== undefined;
    for (const by of ['backendKey', 'upstreamBackendKey'] as const) {
      if (other !== undefined && (clashes || !mayShare(other, claimant, by))) this.#atOdds.add(by);
    }
    this.#claimants.set(claimant.service, claimant);
    for (const port of claimant.ports) this.#portOwners.set(port, claimant.service);
  }

  /** Why `claimant` may not have `address`, which is the one these have. */
  obstacle(claimant: Claimant, address: Address, by: BackendKey): Refusal | undefined {
    const other = this.#anyBut(claimant);
    if (other === undefined) return undefined;
    if (this.#atOdds.has(by) || !mayShare(other, claimant, by)) {
      const others = [...this.#claimants.keys()].filter((service) => service !== claimant.service);
      return refusal(
        'addressInUse',
        `can't change sharing key for ${JSON.stringify(claimant.service)}, address also in use by ${others.sort().join(',')}`,
      );
    }
    const port = this.#takenPort(claimant);
    if (port === undefined) return undefined;
    const text = formatAddress(address.family, address.value);
    return refusal('portInUse', `port ${port} is already in use on ${JSON.stringify(text)}`);
  }

  #takenPort({ service, ports }: Claimant): string | undefined {
    return ports.find((port) => {
      const owner = this.#portOwners.get(port);
      return owner !== undefined && owner !== service;
    });
  }

  #anyBut({ service }: Claimant): Claimant | undefined {
    for (const other of this.#claimants.values()) if (other.service !== service) return other;
    return undefined;
  }
}

function mayShare(a: Claimant, b: Claimant, by: BackendKey): boolean {
  return a.sharingKey !== '' && a.sharingKey === b.sharingKey && a[by] === b[by];
}
