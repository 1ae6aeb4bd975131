import { readPools } from '../../../../speaker/src/controller/pools.js';
import { pool } from './fixtures.ts';

const messages = (...objects: Parameters<typeof readPools>[0]) =>
  readPools(objects).refused.map(({ message }) => message);

describe('reading pools', () => {
  it('refuses a pool with an address that cannot be read and keeps the others in force', () => {
    const { pools, refused } = readPools([pool('bad', ['10.0.0.300/24']), pool('good', ['10.0.1.0/24'])]);
    expect(pools.map(({ name }) => name)).toEqual(['good']);
    expect(refused.map(({ object }) => object.metadata.name)).toEqual(['bad']);
    expect(refused[0]?.message).toMatch(
      /^pool "bad": spec\.addresses\[0\]: "10\.0\.0\.300" has the number 300/,
    );
  });

  it('refuses the younger of two pools that overlap, in whatever order they come', () => {
    const older = pool('z-older', ['10.0.0.0/24'], {}, 1);
    const younger = pool('a-younger', ['10.0.1.0/24', '10.0.0.128-10.0.0.130'], {}, 2);
    const said =
      'CIDR "10.0.0.128-10.0.0.130" in pool "a-younger" overlaps with already defined CIDR "10.0.0.0-10.0.0.255"';
    expect(messages(older, younger)).toEqual([said]);
    expect(messages(younger, older)).toEqual([said]);
  });

  it('refuses a pool that overlaps itself', () => {
    expect(messages(pool('a', ['10.0.0.0/24', '10.0.0.9/32']))).toHaveLength(1);
  });

  it('refuses an empty pool and one that is not shaped like a pool, naming the field', () => {
    expect(messages(pool('empty', []))[0]).toContain('spec.addresses');
    const shapeless = pool('shapeless', ['10.0.0.0/24'], { autoAssign: 'yes' as unknown as boolean });
    expect(messages(shapeless)[0]).toContain('spec.autoAssign');
  });

  it('refuses a pool with a selector that nothing can be asked with', () => {
    const near = { matchExpressions: [{ key: 'zone', operator: 'Near' }] };
    for (const field of ['namespaceSelectors', 'serviceSelectors']) {
      expect(messages(pool('odd', ['10.0.0.0/24'], { serviceAllocation: { [field]: [near] } }))).toEqual([
        'pool "odd": spec.serviceAllocation: label "zone": operator "Near" is not one of In, NotIn, Exists, DoesNotExist',
      ]);
    }
  });
});
