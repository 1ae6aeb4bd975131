import {
  type Allocation,
  type AllocationRequest,
  Allocator,
} from '../../../../speaker/src/controller/allocator.js';
import { readPools } from '../../../../speaker/src/controller/pools.js';
import type { Refusal } from '../../../../speaker/src/controller/refusal.js';
import { formatAddress, parseAddress, type IPAddressPool } from '@metallb-l2/sdk/models';
import { pool } from './fixtures.ts';

function allocatorOf(...pools: IPAddressPool[]): Allocator {
  const { pools: standing, refused } = readPools(pools);
  expect(refused).toEqual([]);
  return new Allocator(standing);
}

function request(service: string, fields: Partial<AllocationRequest> = {}): AllocationRequest {
  return {
    service,
    sharingKey: '',
    backendKey: '',
    ports: ['TCP/80'],
    families: [4],
    secondFamilyOptional: false,
    addresses: [],
    pool: undefined,
    ...fields,
  };
}

/** The outcome as text: addresses and their pool, or the reason and its message. */
function told(outcome: Allocation | Refusal): string {
  if ('reason' in outcome) return `${outcome.reason}: ${outcome.message}`;
  const texts = outcome.addresses.map(({ family, value }) => formatAddress(family, value));
  return `${texts.join(' ')} from ${outcome.pool}`;
}

const addresses = (...texts: string[]) => texts.map(parseAddress);

describe('an allocator', () => {
  it('gives the lowest free address of the first pool by name, ranges in the order they are listed', () => {
    const allocator = allocatorOf(
      pool('b', ['10.0.1.0/30']),
      pool('a', ['10.0.0.9-10.0.0.10', '10.0.0.1-10.0.0.2']),
    );
    allocator.hold(request('held'), addresses('10.0.0.9'));
    const given = ['1', '2', '3', '4'].map((name) => told(allocator.allocate(request(name))));
    expect(given).toEqual(['10.0.0.10 from a', '10.0.0.1 from a', '10.0.0.2 from a', '10.0.1.0 from b']);
  });

  it('says so when every pool is full, and when the requested pool is', () => {
    const allocator = allocatorOf(
      pool('a', ['10.0.0.1/32']),
      pool('b', ['10.0.1.1/32'], { autoAssign: false }),
    );
    allocator.allocate(request('first'));
    expect(told(allocator.allocate(request('second')))).toBe('allPoolsExhausted: no available IPs');
    expect(told(allocator.allocate(request('third', { pool: 'a' })))).toBe(
      'poolExhausted: no available IPs in pool a',
    );
  });

  it('gives an address of a pool without automatic assignment only to who asks for the pool', () => {
    const allocator = allocatorOf(pool('reserved', ['10.0.0.0/24'], { autoAssign: false }));
    expect(told(allocator.allocate(request('any')))).toBe('allPoolsExhausted: no available IPs');
    expect(told(allocator.allocate(request('named', { pool: 'reserved' })))).toBe('10.0.0.0 from reserved');
    expect(told(allocator.allocate(request('lost', { pool: 'nowhere' })))).toBe(
      'unknownPool: unknown pool "nowhere"',
    );
  });

  it('does not give an address of a pool tied to namespaces or services to everyone', () => {
    const allocator = allocatorOf(
      pool('tied', ['10.0.0.0/24'], { serviceAllocation: { namespaces: ['team-a'] } }),
    );
    expect(told(allocator.allocate(request('any')))).toBe('allPoolsExhausted: no available IPs');
  });

  it('leaves out addresses ending in .0 and .255 where the pool says so, also for who asks for one', () => {
    const allocator = allocatorOf(pool('a', ['10.0.0.254-10.0.2.0'], { avoidBuggyIPs: true }));
    allocator.allocate(request('first'));
    expect(told(allocator.allocate(request('second')))).toBe('10.0.1.1 from a');
    expect(told(allocator.allocate(request('asks', { addresses: addresses('10.0.1.255') })))).toBe(
      'notInPool: ["10.0.1.255"] is not allowed in config',
    );
    // 10.0.0.254, then 10.0.1.1 to 10.0.1.254.
    expect(allocator.usage()).toMatchObject([{ pool: 'a', total: 255n, inUse: 2 }]);
  });

  it('gives the very address that is asked for, or says what stands in the way', () => {
    const allocator = allocatorOf(
      pool('a', ['10.0.0.0/24']),
      pool('b', ['10.0.1.0/24'], { autoAssign: false }),
    );
    const ask = (name: string, text: string, fields: Partial<AllocationRequest> = {}) =>
      told(allocator.allocate(request(name, { addresses: addresses(text), ...fields })));
    expect(ask('ns/one', '10.0.0.7')).toBe('10.0.0.7 from a');
    expect(ask('ns/two', '10.0.1.7')).toBe('10.0.1.7 from b');
    expect(ask('ns/three', '10.0.0.7')).toBe(
      'addressInUse: can\'t change sharing key for "ns/three", address also in use by ns/one',
    );
    expect(ask('ns/three', '192.168.0.1')).toBe('notInPool: ["192.168.0.1"] is not allowed in config');
    expect(ask('ns/three', '10.0.0.8', { pool: 'b' })).toBe(
      'otherPool: requested loadBalancer IP(s) ["10.0.0.8"] is not compatible with requested address pool b',
    );
    expect(ask('ns/three', '2001:db8::1')).toBe(
      'familyMismatch: requested loadBalancer IP(s) ["2001:db8::1"] does not match the ipFamily of the service',
    );
  });

  it('lets services share an address when key and backends agree and their ports differ', () => {
    const allocator = allocatorOf(pool('a', ['10.0.0.0/24']));
    const sharer = (name: string, port: string, fields: Partial<AllocationRequest> = {}) =>
      told(allocator.allocate(request(name, { sharingKey: 'k', ports: [port], ...fields })));
    expect(sharer('one', 'TCP/80')).toBe('10.0.0.0 from a');
    expect(sharer('two', 'TCP/443')).toBe('10.0.0.0 from a');
    expect(sharer('three', 'TCP/80')).toBe('10.0.0.1 from a');
    expect(sharer('four', 'TCP/8080', { sharingKey: 'other' })).toBe('10.0.0.2 from a');
    expect(sharer('five', 'TCP/8080', { backendKey: 'app=x' })).toBe('10.0.0.3 from a');
    expect(sharer('six', 'TCP/80', { addresses: addresses('10.0.0.0') })).toBe(
      'portInUse: port TCP/80 is already in use on "10.0.0.0"',
    );
    expect(allocator.usage()).toMatchObject([{ pool: 'a', total: 256n, inUse: 4 }]);
  });

  it('takes both addresses of a dual-stack service from one pool, or one where that is enough', () => {
    const allocator = allocatorOf(pool('a', ['10.0.0.0/32']), pool('b', ['10.0.1.0/24', '2001:db8::/64']));
    const dual = (name: string, fields: Partial<AllocationRequest> = {}) =>
      told(allocator.allocate(request(name, { families: [4, 6], ...fields })));
    expect(dual('both')).toBe('10.0.1.0 2001:db8:: from b');
    expect(dual('preferred', { pool: 'a', secondFamilyOptional: true })).toBe('10.0.0.0 from a');
    expect(dual('required', { pool: 'a' })).toBe('poolExhausted: no available IPs in pool a');
  });

  it('costs no more for a /8 or a /64 than for a /24', () => {
    const allocator = allocatorOf(pool('huge', ['10.0.0.0/8', '2001:db8::/64']));
    for (let index = 0; index < 5000; index += 1) allocator.allocate(request(`service-${String(index)}`));
    expect(told(allocator.allocate(request('next')))).toBe('10.0.19.136 from huge');
    expect(allocator.usage()).toMatchObject([{ pool: 'huge', total: 2n ** 24n + 2n ** 64n, inUse: 5001 }]);
  });
});
