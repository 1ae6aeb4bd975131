import {
  AddressError,
  formatAddress,
  parseAddress,
  parseAddressRange,
  rangeContains,
  rangesOverlap,
} from '@metallb-l2/sdk/models';

const inWords = (text: string): string => {
  const { family, first, last } = parseAddressRange(text);
  return `${formatAddress(family, first)} ${formatAddress(family, last)}`;
};

describe('a range of addresses', () => {
  it.each([
    ['192.168.10.0/24', '192.168.10.0 192.168.10.255'],
    ['192.168.10.77/24', '192.168.10.0 192.168.10.255'],
    ['192.168.10.5/32', '192.168.10.5 192.168.10.5'],
    ['0.0.0.0/0', '0.0.0.0 255.255.255.255'],
    ['192.168.10.5-192.168.10.9', '192.168.10.5 192.168.10.9'],
    [' 192.168.10.5 - 192.168.10.5 ', '192.168.10.5 192.168.10.5'],
    ['2001:DB8::/120', '2001:db8:: 2001:db8::ff'],
    ['fd00::1-fd00::1:0', 'fd00::1 fd00::1:0'],
    ['::/0', ':: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['::1/128', '::1 ::1'],
  ])('written %s is understood', (text, expected) => {
    expect(inWords(text)).toBe(expected);
  });

  it.each([
    ['10.0.0.300/24', '"10.0.0.300" has the number 300, but each must be between 0 and 255'],
    ['192.168.10.5', '"192.168.10.5" is a single address; write it as "192.168.10.5/32" to use it alone'],
    ['::1', '"::1" is a single address; write it as "::1/128" to use it alone'],
    ['192.168.10.9-192.168.10.5', 'ends before it starts; write "192.168.10.5-192.168.10.9"'],
    ['192.168.10.1-::1', 'starts with IPv4 and ends with IPv6; write one range for each'],
    ['192.168.10.0/33', 'has the prefix length "33"; for IPv4 it is a number from 0 to 32'],
    ['::/129', 'for IPv6 it is a number from 0 to 128'],
    ['192.168.10.0/', 'has the prefix length ""'],
    ['192.168.10.0/024', 'has the prefix length "024"'],
    ['192.168.10.0/-1', 'has the prefix length "-1"'],
    ['192.168.10.0/24/1', 'has the prefix length "24/1"'],
    ['192.168.010.0/24', 'has a number with a leading zero, "010"'],
    ['192.168.10/24', '"192.168.10" is not an IP address'],
    ['0xc0.168.10.0/24', '"0xc0.168.10.0" is not an IP address'],
    ['3232238080/24', '"3232238080" is not an IP address'],
    ['192.168.10.0.1/24', 'is not an IP address'],
    ['192.168.10.-5/24', 'is not an IP address'],
    ['fe80::1%eth0/64', '"fe80::1%eth0" has a zone id; leave out "%eth0"'],
    ['::ffff:192.168.10.0/120', 'mixes IPv4 and IPv6'],
    ['1::2::3/64', '"1::2::3" is not an IPv6 address'],
    ['12345::/64', '"12345::" is not an IPv6 address'],
    ['1:2:3:4:5:6:7/64', 'is not an IPv6 address'],
    [':1/64', 'is not an IPv6 address'],
    ['example.com/24', '"example.com" is not an IP address'],
    ['', '"" is not an IP address'],
    ['192.168.10.1-', '"" is not an IP address'],
    ['192.168.10.1-9', '"9" is not an IP address'],
  ])('written %s is refused, with the reason', (text, message) => {
    expect(() => parseAddressRange(text)).toThrow(AddressError);
    expect(() => parseAddressRange(text)).toThrow(message);
  });

  it('overlaps what shares an address with it, of the same family', () => {
    const overlap = (a: string, b: string) => rangesOverlap(parseAddressRange(a), parseAddressRange(b));
    expect(overlap('10.0.0.0/24', '10.0.0.255-10.0.1.5')).toBe(true);
    expect(overlap('10.0.0.255-10.0.1.5', '10.0.0.0/24')).toBe(true);
    expect(overlap('10.0.0.0/24', '10.0.0.7/32')).toBe(true);
    expect(overlap('10.0.0.0/24', '10.0.1.0/24')).toBe(false);
    expect(overlap('0.0.0.0/0', '::/0')).toBe(false);
  });

  it('contains its ends and what is between, of the same family', () => {
    const range = parseAddressRange('10.0.0.5-10.0.0.9');
    const contains = (text: string) => rangeContains(range, parseAddress(text));
    expect(['10.0.0.4', '10.0.0.5', '10.0.0.9', '10.0.0.10', '::a00:7'].map(contains)).toEqual([
      false,
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('the text of an address', () => {
  it.each([
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['FE80::ABCD', 'fe80::abcd'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['192.168.10.1', '192.168.10.1'],
  ])('for %s is %s (RFC 5952)', (text, canonical) => {
    const { family, value } = parseAddress(text);
    expect(formatAddress(family, value)).toBe(canonical);
  });

  it('agrees with the URL standard on IPv6, whichever groups are zero', () => {
    for (let mask = 0; mask < 256; mask++) {
      const groups = Array.from({ length: 8 }, (_, bit) => (((mask >> bit) & 1) === 1 ? 'a' : '0'));
      // The URL standard writes ::ffff:0:0/96 and ::/96 in hexadecimal too, so every pattern can be compared.
      const text = groups.join(':');
      const { family, value } = parseAddress(text);
      expect(`[${formatAddress(family, value)}]`).toBe(new URL(`http://[${text}]`).hostname);
    }
  });
});
