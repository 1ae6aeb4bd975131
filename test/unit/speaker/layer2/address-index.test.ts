import { AddressIndex } from '../../../../speaker/src/layer2/address-index.js';
import { ipBytes } from '../../../../speaker/src/wire/address.js';

const entry = (ip: string) => ({ ip, bytes: ipBytes(ip) });

/** Looks for `ip` in the middle of other bytes. */
function find(index: AddressIndex<{ ip: string; bytes: Uint8Array }>, ip: string): string | undefined {
  const bytes = ipBytes(ip);
  return index.find(Uint8Array.of(1, 2, 3, ...bytes, 4), 3, bytes.length)?.ip;
}

describe('an address index', () => {
  it('finds each of many addresses of both families, and no other', () => {
    const index = new AddressIndex<{ ip: string; bytes: Uint8Array }>();
    const ips = Array.from({ length: 3000 }, (_, i) => [
      `10.${i >> 8}.${i & 255}.200`,
      `2001:db8:${i.toString(16)}::${(i * 7 + 1).toString(16)}`,
    ]).flat();
    for (const ip of ips) index.add(entry(ip));
    expect(ips.filter((ip) => find(index, ip) !== ip)).toEqual([]);
    expect(find(index, '10.0.0.201')).toBeUndefined();
    expect(find(index, '2001:db8::2')).toBeUndefined();
  });

  it('finds an address no more once it is deleted, and its neighbours still', () => {
    const index = new AddressIndex<{ ip: string; bytes: Uint8Array }>();
    const [gone, kept] = [entry('192.0.2.1'), entry('192.0.2.2')];
    for (const each of [gone, kept]) index.add(each);
    index.delete(gone);
    index.delete(gone);
    expect([find(index, '192.0.2.1'), find(index, '192.0.2.2')]).toEqual([undefined, '192.0.2.2']);
  });

  it('tells addresses apart whose hash is one', () => {
    // An IPv6 address with nothing but its last word has the hash of the IPv4 address of those bytes.
    const index = new AddressIndex<{ ip: string; bytes: Uint8Array }>();
    const [four, six] = [entry('0.0.0.80'), entry('::50')];
    index.add(four);
    expect(find(index, '::50')).toBeUndefined();
    index.add(six);
    expect([find(index, '0.0.0.80'), find(index, '::50')]).toEqual(['0.0.0.80', '::50']);
    index.delete(four);
    expect([find(index, '0.0.0.80'), find(index, '::50')]).toEqual([undefined, '::50']);
  });

  it('tells two IPv6 addresses apart whose hash is one', () => {
    const index = new AddressIndex<{ ip: string; bytes: Uint8Array }>();
    index.add(entry('2001:db8::50'));
    expect(find(index, '2001:db8::1:9e58:8b81')).toBeUndefined();
  });

  it('does not take an IPv6 address of the same hash for the IPv4 address it begins with', () => {
    const index = new AddressIndex<{ ip: string; bytes: Uint8Array }>();
    index.add(entry('c000:201::5454:4810'));
    expect(find(index, '192.0.2.1')).toBeUndefined();
  });
});
