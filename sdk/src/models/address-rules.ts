/**
 * What the API server checks of the addresses of a pool: the spelling that `parseAddressRange` reads, and of
 * overlaps within the pool those that CEL can see. `ip()` and `cidr()` are in CEL since Kubernetes 1.31.
 */
import { celText, type ValidationRule, validations } from './validation.js';

/** Characters: two addresses of 39, a dash, and blanks. */
const LONGEST_RANGE = 96;
const MOST_RANGES = 512;
/** More of them cannot be compared with each other within what a rule may cost at run time. */
const MOST_COMPARED = 128;

const first = (range: string) => `${range}.substring(0, ${range}.indexOf('-')).trim()`;
const last = (range: string) => `${range}.substring(${range}.indexOf('-') + 1).trim()`;
const [FIRST, LAST] = [first('self'), last('self')];
const IS_RANGE = `self.contains('-') && isIP(${FIRST}) && isIP(${LAST})`;
const IS_RANGE_OF_ONE_FAMILY = `${IS_RANGE} && ip(${FIRST}).family() == ip(${LAST}).family()`;
/** Dots after colons, in one and the same address. */
const MIXES_FORMS = "self.matches('[:][^-]*[.]')";

/** Rules and messages of one text; each message begins with that text. */
const ADDRESS_RULES: readonly (readonly [rule: string, message: string])[] = [
  [
    `isIP(self.trim()) || isCIDR(self.trim()) || ${IS_RANGE} || ${MIXES_FORMS}`,
    `(self.contains('/') ? ${celText('is no CIDR; write an address and a prefix length, at most 32 for IPv4 and 128 for IPv6, like 192.168.10.0/24')}
      : self.contains('-') ? ${celText('is no range; write the first and the last address, like 192.168.10.5-192.168.10.9')}
      : ${celText('is no address; write a CIDR like 192.168.10.0/24, or a range like 192.168.10.5-192.168.10.9')})`,
  ],
  [
    `!isIP(self.trim()) || ${MIXES_FORMS}`,
    `'is a single address; write "' + self.trim() + (self.contains(':') ? '/128' : '/32') + '" to use it alone'`,
  ],
  [
    `!(${MIXES_FORMS})`,
    celText('mixes IPv4 and IPv6; write the IPv4 address alone, or the IPv6 address in hexadecimal'),
  ],
  [
    `!(${IS_RANGE}) || ip(${FIRST}).family() == ip(${LAST}).family()`,
    celText('starts with one IP version and ends with the other; write one range for each'),
  ],
  ...[isInOrderAsNumbers(), isInOrderByBits(0, 43), isInOrderByBits(43, 86), isInOrderByBits(86, 128)].map(
    (rule) => [rule, `'ends before it starts; write "' + ${LAST} + '-' + ${FIRST} + '"'`] as const,
  ),
];

/** CEL does not order addresses; those of IPv4 it can order as the numbers they are. */
function isInOrderAsNumbers(): string {
  const number = (from: number) =>
    [1, 2, 3].reduce((sum, next) => `(${sum}) * 256 + part[${String(from + next)}]`, `part[${String(from)}]`);
  return `!(${IS_RANGE}) || self.contains(':') || [self.findAll('[0-9]+').map(part, int(part))].all(part, ${number(0)} <= ${number(4)})`;
}

/**
 * That a range of IPv6 is in order as far as bits `from` to `to` (exclusive) show: at the first bit in which
 * its ends differ, its start must have the 0, which means that the network of that bit still begins with the
 * lower half. In parts, for all 128 bits at once cost too much.
 */
function isInOrderByBits(from: number, to: number): string {
  const bits = Array.from({ length: to - from }, (_, bit) => bit);
  const lengths = [...bits.map((bit) => from + bit), to].map((length) => `'/${String(length)}'`);
  const inOrder = [
    '!nets[bit].containsIP(end)',
    'nets[bit + 1].containsIP(end)',
    'nets[bit + 1].containsIP(nets[bit].masked().ip())',
  ];
  const nets = `[${lengths.join()}].map(length, cidr(${FIRST} + length))`;
  return `!(${IS_RANGE_OF_ONE_FAMILY}) || !self.contains(':') || [ip(${LAST})].all(end, [${nets}].all(nets, [${bits.join()}].all(bit, ${inOrder.join(' || ')})))`;
}

const RANGES = `self.filter(each, each.contains('-') && isIP(${first('each')}) && isIP(${last('each')}))`;
const CIDRS = 'self.filter(each, isCIDR(each.trim())).map(each, cidr(each.trim()))';
const ENDS = `${RANGES}.map(each, ip(${first('each')})) + ${RANGES}.map(each, ip(${last('each')}))`;
const STARTS = `${RANGES}.map(each, cidr(${first('each')} + (${first('each')}.contains(':') ? '/128' : '/32')))`;
const IS_SHORT = `size(self) <= ${String(MOST_COMPARED)}`;

/** Two CIDRs have addresses in common if one has an address of the other; ranges are compared by their ends. */
const LIST_RULES: readonly ValidationRule[] = [
  {
    rule: `!(${IS_SHORT}) || [${CIDRS}].all(nets, nets.all(net, nets.exists_one(other, net.containsIP(other.ip()) || other.containsIP(net.ip()))))`,
    messageExpression: celText('one CIDR of the pool lies within another; leave it out'),
  },
  {
    rule: `!(${IS_SHORT}) || [${STARTS}].all(starts, starts.all(start, starts.exists_one(other, other.containsIP(start.ip()))))`,
    messageExpression: celText('two ranges of the pool start with the same address; leave one of them out'),
  },
  {
    rule: `!(${IS_SHORT}) || [${ENDS}].all(ends, ${CIDRS}.all(net, !ends.exists(end, net.containsIP(end))))`,
    messageExpression: celText(
      'a range of the pool begins or ends within one of its CIDRs; list each address once',
    ),
  },
];

/** Of one text among the addresses of a pool. */
export const addressTextRules = {
  maxLength: LONGEST_RANGE,
  ...validations(
    ...ADDRESS_RULES.map(([rule, message]) => ({
      rule,
      messageExpression: `'"' + self + '" ' + ${message}`,
    })),
  ),
};

/** Of all of them. */
export const addressListRules = { maxItems: MOST_RANGES, ...validations(...LIST_RULES) };
