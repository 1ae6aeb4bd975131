import { SystemCallError } from '../../../speaker/src/linux/libc.js';
import { openMulticastGroups } from '../../../speaker/src/linux/multicast-groups.js';
import { openPacketSocket } from '../../../speaker/src/linux/packet-socket.js';
import type { Link } from '../../../speaker/src/ports.js';
import { ip, linkOf, removeAbandonedInterfaces } from '../../support/network-interfaces.ts';
import { SimulatedLan } from '../../support/simulated-lan.ts';
import { type LinkEnd, linkSocketContract } from './link-socket.contract.ts';
import { missingPermission } from '../../support/packet-permission.ts';

linkSocketContract('a socket on the simulated LAN', () => {
  const lan = new SimulatedLan();
  const endOf = (name: string): LinkEnd => {
    const host = lan.addHost(name);
    return { link: host.links()[0] as Link, openSocket: host.openSocket, openGroups: host.openGroups };
  };
  return Promise.resolve({ near: endOf('near'), far: endOf('far'), cut: () => Promise.resolve() });
});

const missing = missingPermission();
if (missing === undefined) {
  removeAbandonedInterfaces();
  linkSocketContract('an AF_PACKET socket', async () => {
    const names = { near: `mlp${process.pid}a`, far: `mlp${process.pid}b` };
    ip('link', 'add', names.near, 'type', 'veth', 'peer', 'name', names.far);
    for (const name of Object.values(names)) ip('link', 'set', name, 'up');
    const endOf = (name: string): LinkEnd => ({
      link: linkOf(name),
      openSocket: openPacketSocket,
      openGroups: openMulticastGroups,
    });
    while (!linkOf(names.near).carrier) await new Promise((resolve) => setTimeout(resolve, 2));
    return {
      near: endOf(names.near),
      far: endOf(names.far),
      cut: () => {
        ip('link', 'del', names.near);
        return Promise.resolve();
      },
    };
  });

  describe('an AF_PACKET socket', () => {
    it('says so when its interface goes away, and is closed then', async () => {
      const name = `mlp${process.pid}c`;
      ip('link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}p`);
      ip('link', 'set', name, 'up');
      const link = linkOf(name);
      const down = new Promise<Error>((resolve) => {
        openPacketSocket(link, 'arp', { onFrame: () => undefined, onDown: resolve });
      });
      ip('link', 'del', name);
      expect(await down).toBeInstanceOf(SystemCallError);
    });
  });
} else {
  it.skip(`an AF_PACKET socket: ${missing}`, () => undefined);
}
