import { BroadcastQueue, retransmitLimit } from '../../../../speaker/src/membership/broadcasts.js';
import type { Claim } from '../../../../speaker/src/membership/members.js';

function suspect(node: string, incarnation = 1): Claim {
  return { type: 'suspect', node, incarnation, from: 'x' };
}

function queueOf(...nodes: string[]): BroadcastQueue {
  const queue = new BroadcastQueue(() => 10);
  for (const node of nodes) queue.add(suspect(node));
  return queue;
}

const nodesOf = (claims: readonly Claim[]) => claims.map(({ node }) => node);

describe('BroadcastQueue', () => {
  it('gives each piece of news as often as the limit says, then forgets it', () => {
    const queue = queueOf('a');
    const taken = [1, 2, 3, 4].map(() => nodesOf(queue.take(100, 3)));
    expect(taken).toEqual([['a'], ['a'], ['a'], []]);
    expect(queue.isEmpty).toBe(true);
  });

  it('gives first what was sent least', () => {
    const queue = queueOf('a');
    queue.take(100, 9);
    queue.add(suspect('b'));
    expect(nodesOf(queue.take(10, 9))).toEqual(['b']);
    expect(nodesOf(queue.take(100, 9))).toEqual(['a', 'b']);
  });

  it('knows only the latest about one member, and sends that as often as if it were all', () => {
    const queue = queueOf('a');
    queue.take(100, 2);
    queue.add(suspect('a', 7));
    expect(queue.take(100, 2)).toEqual([suspect('a', 7)]);
    expect(queue.take(100, 2)).toEqual([suspect('a', 7)]);
    expect(queue.has('a')).toBe(false);
  });

  it('never gives more bytes than there is room for, and loses nothing by that', () => {
    const queue = queueOf('a', 'b', 'c');
    expect(nodesOf(queue.take(25, 1))).toEqual(['a', 'b']);
    expect(nodesOf(queue.take(5, 1))).toEqual([]);
    expect(nodesOf(queue.take(25, 1))).toEqual(['c']);
  });

  it('does not let small news that was sent often pass large news that was not', () => {
    const queue = new BroadcastQueue(({ node }) => (node === 'large' ? 50 : 10));
    queue.add(suspect('small'));
    queue.take(100, 9);
    queue.add(suspect('large'));
    expect(nodesOf(queue.take(40, 9))).toEqual([]);
  });
});

describe('retransmitLimit', () => {
  it.each([
    [1, 4],
    [9, 4],
    [10, 8],
    [99, 8],
    [100, 12],
  ])('among %i members with multiplier 4 is %i', (members, limit) => {
    expect(retransmitLimit(4, members)).toBe(limit);
  });
});
