/**
 * The network of a lab: a bridge in a machine of its own, a cable from every host to it, and one to this
 * machine. The bridge is also the router, which knows no way out and says so.
 */
import * as z from 'zod';
import { type Host, onHostNetwork } from './host.ts';
import { type HostPlan, type LabPlan } from './plan.ts';
import { run, runChecked } from './run.ts';

/** How every interface of a host that leads to the network is called. */
const INTERFACE = 'eth0';

/** Lays the cables between the machines; `lan` is the one that holds the bridge. */
export async function connectHosts(
  plan: LabPlan,
  lan: Host,
  hosts: ReadonlyMap<string, Host>,
): Promise<void> {
  await configure(lan, renderLan(plan, hosts));
  await setKernel(lan, ROUTER);
  await Promise.all([
    connectMachine(plan, lan),
    ...[plan.controlPlane, ...plan.nodes, ...plan.clients].map(async (hostPlan) => {
      const host = hosts.get(hostPlan.name);
      if (host === undefined) throw new Error(`no machine runs for ${hostPlan.name}`);
      await setKernel(host, hostPlan.role === 'client' ? {} : ROUTER);
      await configure(host, renderHost(plan, hostPlan));
    }),
  ]);
}

/** Plugs a host's cable in, or pulls it out of the bridge. */
export async function setPort(lan: Host, port: string, state: 'up' | 'down'): Promise<void> {
  await runChecked(onHostNetwork(lan, ['ip', 'link', 'set', 'dev', port, state]));
}

const linksSchema = z.array(z.object({ ifname: z.string(), flags: z.array(z.string()) }));

/** The hosts whose cable is plugged in. */
export async function readPluggedPorts(lan: Host): Promise<Set<string>> {
  const { stdout } = await runChecked(
    onHostNetwork(lan, ['ip', '-json', 'link', 'show', 'master', 'bridge']),
  );
  const links = linksSchema.parse(JSON.parse(stdout));
  return new Set(links.filter(({ flags }) => flags.includes('UP')).map(({ ifname }) => ifname));
}

const routesSchema = z.array(z.object({ dst: z.string() }));

/** The destinations of this machine's IPv4 routes, without the default. */
export async function readRoutes(): Promise<string[]> {
  const { stdout } = await runChecked(['ip', '-4', '-json', 'route', 'show', 'table', 'all']);
  const destinations = routesSchema.parse(JSON.parse(stdout)).map(({ dst }) => dst);
  return destinations.filter((destination) => destination !== 'default');
}

/** Removes this machine's interface of a lab, if it has one. */
export async function removeMachineInterface(name: string): Promise<void> {
  await run(['ip', 'link', 'delete', name]);
}

/** Hosts on the way of other's traffic forward it, and answer whichever way it comes. */
const ROUTER = {
  'net/ipv4/ip_forward': '1',
  'net/ipv6/conf/all/forwarding': '1',
  'net/ipv4/conf/all/rp_filter': '0',
  'net/ipv4/conf/default/rp_filter': '0',
};

function renderLan(plan: LabPlan, hosts: ReadonlyMap<string, Host>): string[] {
  return [
    'link set lo up',
    // Without snooping, neighbour discovery reaches every port like on a plain switch.
    'link add bridge type bridge stp_state 0 forward_delay 0 mcast_snooping 0',
    'link set bridge up',
    `address add ${plan.gateway}/24 dev bridge`,
    `address add ${plan.gateway6}/64 dev bridge nodad`,
    'route add unreachable default',
    'route add unreachable ::/0',
    ...[...hosts].flatMap(([name, { init }]) => [
      `link add name ${name} type veth peer name ${INTERFACE} netns ${Number.parseInt(init, 10)}`,
      `link set dev ${name} master bridge up`,
    ]),
  ];
}

function renderHost(plan: LabPlan, host: HostPlan): string[] {
  const others = host.role === 'client' ? [] : plan.nodes.filter(({ name }) => name !== host.name);
  return [
    'link set lo up',
    `address add ${host.ip}/24 dev ${INTERFACE}`,
    `address add ${host.ip6}/64 dev ${INTERFACE} nodad`,
    `link set ${INTERFACE} up`,
    `route add default via ${plan.gateway}`,
    `route add default via ${plan.gateway6}`,
    ...others.flatMap(({ podRange, podRange6, ip, ip6 }) => [
      `route add ${podRange} via ${ip}`,
      `route add ${podRange6} via ${ip6}`,
    ]),
  ];
}

async function connectMachine({ machine }: LabPlan, lan: Host): Promise<void> {
  await runChecked(['ip', '-batch', '-'], {
    input: [
      `link add ${machine.interface} type veth peer name machine netns ${Number.parseInt(lan.init, 10)}`,
      `address add ${machine.ip}/24 dev ${machine.interface}`,
      `address add ${machine.ip6}/64 dev ${machine.interface} nodad`,
      `link set ${machine.interface} up`,
    ].join('\n'),
  });
  await configure(lan, ['link set machine master bridge up']);
}

async function configure(host: Host, commands: readonly string[]): Promise<void> {
  await runChecked(onHostNetwork(host, ['ip', '-batch', '-']), { input: `${commands.join('\n')}\n` });
}

async function setKernel(host: Host, settings: Readonly<Record<string, string>>): Promise<void> {
  const lines = Object.entries(settings).map(([name, value]) => `echo ${value} > /proc/sys/${name}`);
  await runChecked(onHostNetwork(host, ['sh', '-e']), { input: lines.join('\n') });
}
