import { electOwner, orderCandidates } from '@metallb-l2/sdk/election';

describe('orderCandidates', () => {
  // Upstream's own vectors (speaker/layer2_controller_test.go), then some for IPv6.
  const vectors: [nodes: string[], ip: string, order: string[]][] = [
    [['node-a', 'node-b', 'node-c'], '10.0.0.1', ['node-b', 'node-a', 'node-c']],
    [['node-a', 'node-b', 'node-c'], '10.0.0.2', ['node-b', 'node-c', 'node-a']],
    [['node-a', 'node-b'], '10.20.30.1', ['node-b', 'node-a']],
    [['iris1', 'iris2', 'iris3'], '10.20.30.1', ['iris3', 'iris2', 'iris1']],
    [['iris1', 'iris2', 'iris3'], '10.20.30.2', ['iris1', 'iris2', 'iris3']],
    [['iris1', 'iris2', 'iris3'], '1000::1', ['iris3', 'iris1', 'iris2']],
  ];
  for (const [nodes, ip, order] of vectors) {
    it(`orders ${nodes.join(', ')} for ${ip} as upstream does`, () => {
      expect(orderCandidates(nodes, ip)).toEqual(order);
    });
  }

  // Upstream's vectors of its preferredNodeSelectors, which follow v0.16.1.
  const preferred: [weights: Record<string, number>, order: string[]][] = [
    [{ 'edge-a': 100 }, ['edge-a', 'edge-b', 'worker-a', 'worker-b']],
    [{ 'edge-a': 100, 'edge-b': 100 }, ['edge-b', 'edge-a', 'worker-a', 'worker-b']],
    [{ 'worker-b': 10, 'edge-a': 20 }, ['edge-a', 'worker-b', 'edge-b', 'worker-a']],
  ];
  for (const [weights, order] of preferred) {
    it(`elects preferred nodes first: ${JSON.stringify(weights)}`, () => {
      const nodes = ['worker-a', 'worker-b', 'edge-a', 'edge-b'];
      expect(orderCandidates(nodes, '10.20.30.1', new Map(Object.entries(weights)))).toEqual(order);
    });
  }

  it('does not depend on the order or on repetition of its input', () => {
    expect(orderCandidates(['node-c', 'node-a', 'node-b', 'node-a'], '10.0.0.1')).toEqual(
      orderCandidates(['node-a', 'node-b', 'node-c'], '10.0.0.1'),
    );
  });

  it('moves only the addresses of a node that leaves', () => {
    const nodes = ['a', 'b', 'c', 'd', 'e'];
    for (let i = 1; i < 200; i++) {
      const ip = `10.0.0.${i}`;
      const owner = electOwner(nodes, ip);
      const ownerWithoutE = electOwner(nodes.slice(0, 4), ip);
      if (owner !== 'e') expect(ownerWithoutE).toBe(owner);
    }
  });
});

describe('electOwner', () => {
  it('elects nobody when there is nobody', () => {
    expect(electOwner([], '10.0.0.1')).toBeUndefined();
  });
});
