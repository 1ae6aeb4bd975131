/**
 * Every name and address of a lab, worked out from a few numbers. Labs differ in the network between their
 * hosts; pod and service addresses never leave a lab's namespaces, so they are the same in all.
 */
import { BlockList } from 'node:net';

export type HostRole = 'control-plane' | 'node' | 'client';

/** A machine on the lab's network. */
export interface HostPlan {
  /** Also the name of its port on the bridge. */
  readonly name: string;
  readonly role: HostRole;
  readonly ip: string;
  readonly ip6: string;
}

export interface NodePlan extends HostPlan {
  /** The addresses of its pods. */
  readonly podRange: string;
  readonly podRange6: string;
}

/** What tells one lab from another. */
export interface LabShape {
  readonly name: string;
  /** Which of the {@link NETWORK_COUNT} networks is its own. */
  readonly network: number;
  readonly nodes: number;
  readonly clients: readonly string[];
}

export interface LabPlan {
  readonly name: string;
  readonly controlPlane: HostPlan;
  readonly nodes: readonly NodePlan[];
  readonly clients: readonly HostPlan[];
  /** The router of the network, which leads nowhere. */
  readonly gateway: string;
  readonly gateway6: string;
  /** The one interface this machine has in the lab. */
  readonly machine: { readonly interface: string; readonly ip: string; readonly ip6: string };
  /** Addresses of the network no host has, for services. */
  readonly addressPool: string;
  readonly addressPool6: string;
  readonly serviceRanges: readonly [string, string];
  readonly podRanges: readonly [string, string];
}

/** The networks to choose from: the /24s of 198.18.0.0/15, reserved for test set-ups (RFC 2544, RFC 6815). */
export const NETWORK_COUNT = 512;

const LAB_NAME = /^[a-z][a-z0-9-]{0,30}$/;
/** Interface names have at most 15 characters. */
const HOST_NAME = /^[a-z][a-z0-9-]{0,14}$/;
const HOSTS_MAX = 50;
const RESERVED = ['control-plane', 'lan', 'machine'];

/** @throws naming the field when a name or a number is out of bounds */
export function planLab({ name, network, nodes, clients }: LabShape): LabPlan {
  check(LAB_NAME.test(name), `name: "${name}" must be a letter, then up to 30 of a-z, 0-9 and -`);
  check(
    Number.isInteger(nodes) && nodes >= 1 && nodes <= HOSTS_MAX,
    `nodes: ${nodes} must be a whole number from 1 to ${HOSTS_MAX}`,
  );
  check(clients.length <= HOSTS_MAX, `clients: ${clients.length} are more than ${HOSTS_MAX}`);
  const nodeNames = Array.from({ length: nodes }, (_, index) => `node${index + 1}`);
  clients.forEach((client, index) => {
    check(HOST_NAME.test(client), `clients: "${client}" must be a letter, then up to 14 of a-z, 0-9 and -`);
    const taken = [...RESERVED, ...nodeNames, ...clients.slice(0, index)].includes(client);
    check(!taken, `clients: "${client}" is the name of another host`);
  });
  const lan = networkPrefix(network);
  const lan6 = `fd6d:e7a1:b000:${network.toString(16)}:`;
  const host = (hostName: string, role: HostRole, last: number): HostPlan => {
    return { name: hostName, role, ip: `${lan}.${last}`, ip6: `${lan6}:${last}` };
  };
  return {
    name,
    controlPlane: host('control-plane', 'control-plane', 2),
    nodes: nodeNames.map((node, index) => ({
      ...host(node, 'node', 11 + index),
      podRange: `10.200.${index + 1}.0/24`,
      podRange6: `fd6d:e7a1:c000:${index + 1}::/64`,
    })),
    clients: clients.map((client, index) => host(client, 'client', 101 + index)),
    gateway: `${lan}.1`,
    gateway6: `${lan6}:1`,
    machine: { interface: `ml2-${network}`, ip: `${lan}.3`, ip6: `${lan6}:3` },
    addressPool: `${lan}.192/27`,
    addressPool6: `${lan6}:1:0/112`,
    serviceRanges: ['10.96.0.0/16', 'fd6d:e7a1:d000::/112'],
    podRanges: ['10.200.0.0/16', 'fd6d:e7a1:c000::/48'],
  };
}

/**
 * Chooses a network that no lab has and that nothing the machine can reach lies in.
 *
 * @param preferred where the search starts
 * @param taken networks of other labs
 * @param routes destinations of the machine's own routes, as `address` or `address/prefix`
 * @throws when none is left
 */
export function chooseNetwork(
  preferred: number,
  taken: ReadonlySet<number>,
  routes: readonly string[],
): number {
  for (let step = 0; step < NETWORK_COUNT; step++) {
    const network = (preferred + step) % NETWORK_COUNT;
    if (!taken.has(network) && !routes.some((route) => overlaps(network, route))) return network;
  }
  throw new Error('no free network in 198.18.0.0/15: labs or routes of this machine take all of it');
}

function overlaps(network: number, route: string): boolean {
  const [address = '', prefix = '32'] = route.split('/');
  const own = new BlockList();
  own.addSubnet(`${networkPrefix(network)}.0`, 24);
  const theirs = new BlockList();
  theirs.addSubnet(address, Number(prefix));
  return own.check(address) || theirs.check(`${networkPrefix(network)}.0`);
}

function networkPrefix(network: number): string {
  return `198.${18 + (network >> 8)}.${network & 255}`;
}

function check(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}
