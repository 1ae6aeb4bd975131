import { BlockList, isIPv6 } from 'node:net';
import { chooseNetwork, NETWORK_COUNT, planLab } from '../../lab/plan.ts';

const shape = { name: 'lab', network: 7, nodes: 3, clients: ['client'] };

describe('the plan of a lab', () => {
  it('gives every host an address of its own, outside the range for services', () => {
    for (const network of [0, 255, 256, NETWORK_COUNT - 1]) {
      const clients = Array.from({ length: 50 }, (_, index) => `client${index}`);
      const plan = planLab({ ...shape, network, nodes: 50, clients });
      const hosts = [plan.controlPlane, ...plan.nodes, ...plan.clients, plan.machine];
      const addresses = [plan.gateway, ...hosts.map(({ ip }) => ip)];
      const addresses6 = [plan.gateway6, ...hosts.map(({ ip6 }) => ip6)];
      expect(new Set(addresses).size).toBe(103);
      expect(new Set(addresses6).size).toBe(103);
      expect(addresses6.every(isIPv6)).toBe(true);
      const pool = new BlockList();
      const [first = '', prefix = ''] = plan.addressPool.split('/');
      const [first6 = '', prefix6 = ''] = plan.addressPool6.split('/');
      pool.addSubnet(first, Number(prefix));
      pool.addSubnet(first6, Number(prefix6), 'ipv6');
      expect(addresses.filter((address) => pool.check(address))).toEqual([]);
      expect(addresses6.filter((address) => pool.check(address, 'ipv6'))).toEqual([]);
    }
  });

  it('differs between networks in every address of the hosts and in the interface of this machine', () => {
    const [one, other] = [planLab(shape), planLab({ ...shape, network: 263 })];
    expect(one.nodes[0]?.ip).toBe('198.18.7.11');
    expect(other.nodes[0]?.ip).toBe('198.19.7.11');
    expect(one.nodes[0]?.ip6).not.toBe(other.nodes[0]?.ip6);
    expect(one.machine.interface).not.toBe(other.machine.interface);
    expect(other.machine.interface.length).toBeLessThanOrEqual(15);
  });

  it('gives every node its own addresses for pods', () => {
    const { nodes } = planLab(shape);
    expect(nodes.map(({ podRange }) => podRange)).toEqual([
      '10.200.1.0/24',
      '10.200.2.0/24',
      '10.200.3.0/24',
    ]);
    expect(new Set(nodes.map(({ podRange6 }) => podRange6)).size).toBe(3);
  });

  it.each([
    [{ name: '../etc' }, 'name: "../etc"'],
    [{ name: '' }, 'name: ""'],
    [{ nodes: 0 }, 'nodes: 0'],
    [{ nodes: 1.5 }, 'nodes: 1.5'],
    [{ nodes: 51 }, 'nodes: 51'],
    [{ clients: ['a b'] }, 'clients: "a b"'],
    [{ clients: ['node1'] }, 'clients: "node1" is the name of another host'],
    [{ clients: ['c', 'c'] }, 'clients: "c" is the name of another host'],
    [{ clients: ['lan'] }, 'clients: "lan" is the name of another host'],
  ])('refuses %j and names the field', (change, message) => {
    expect(() => planLab({ ...shape, ...change })).toThrow(message);
  });
});

describe('the network of a lab', () => {
  it('is the preferred one when nothing is in the way', () => {
    expect(chooseNetwork(42, new Set(), ['10.0.0.0/8', '192.168.1.0/24'])).toBe(42);
  });

  it('is not that of another lab', () => {
    expect(chooseNetwork(42, new Set([42, 43]), [])).toBe(44);
  });

  it('does not touch what the machine has a route to, be it wider or narrower', () => {
    expect(chooseNetwork(0, new Set(), ['198.18.0.0/24', '198.18.1.77', '198.18.2.128/25'])).toBe(3);
    expect(chooseNetwork(0, new Set(), ['198.18.0.0/16'])).toBe(256);
  });

  it('is found after the last one at the first', () => {
    expect(chooseNetwork(NETWORK_COUNT - 1, new Set([NETWORK_COUNT - 1]), [])).toBe(0);
  });

  it('is refused when all are taken', () => {
    expect(() => chooseNetwork(5, new Set(), ['198.18.0.0/15'])).toThrow('no free network in 198.18.0.0/15');
  });
});
