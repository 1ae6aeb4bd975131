import { retransmitLimit } from '../../../../speaker/src/membership/broadcasts.js';
import { PROFILES } from '../../../../speaker/src/membership/profile.js';
import { pushPullScale } from '../../../../speaker/src/membership/push-pull.js';
import {
  confirmSuspicion,
  suspicionEndsAt,
  suspicionTerms,
  suspicionTimeoutMs,
} from '../../../../speaker/src/membership/suspicion.js';

describe('suspicion', () => {
  // As hashicorp/memberlist v0.5.1 printed them with its LAN defaults.
  it.each([
    { n: 2, min: 4, max: 4, k: 0, one: 4, two: 4, retransmits: 4, pushPullS: 30 },
    { n: 3, min: 4, max: 4, k: 0, one: 4, two: 4, retransmits: 4, pushPullS: 30 },
    { n: 5, min: 4, max: 24, k: 2, one: 11.4, two: 4, retransmits: 4, pushPullS: 30 },
    { n: 10, min: 4, max: 24, k: 2, one: 11.4, two: 4, retransmits: 8, pushPullS: 30 },
    { n: 100, min: 8, max: 48, k: 2, one: 22.8, two: 8, retransmits: 12, pushPullS: 90 },
    { n: 1000, min: 12, max: 72, k: 2, one: 34.1, two: 12, retransmits: 16, pushPullS: 180 },
  ])(
    'among $n members lasts as long as upstream has it',
    ({ n, min, max, k, one, two, retransmits, pushPullS }) => {
      const { lan } = PROFILES;
      const terms = suspicionTerms(lan, n);
      const seconds = (confirmed: number) => suspicionTimeoutMs(terms, confirmed) / 1000;
      expect(terms.confirmations).toBe(k);
      expect(terms.minMs / 1000).toBeCloseTo(min, 3);
      expect(seconds(0)).toBeCloseTo(max, 3);
      expect(seconds(1)).toBeCloseTo(one, 1);
      expect(seconds(2)).toBeCloseTo(two, 3);
      expect(retransmitLimit(lan.retransmitMultiplier, n)).toBe(retransmits);
      expect((lan.pushPullIntervalMs * pushPullScale(n)) / 1000).toBe(pushPullS);
    },
  );

  const terms = { minMs: 100, maxMs: 600, confirmations: 2 };
  const suspicion = { startedAt: 1_000, terms, accusers: ['a'] };

  it('ends sooner with each one who confirms', () => {
    const once = confirmSuspicion(suspicion, 'b')!;
    const twice = confirmSuspicion(once, 'c')!;
    expect([suspicion, once, twice].map(suspicionEndsAt)).toEqual([1_600, 1_284, 1_100]);
  });

  it('is not confirmed by its first accuser, nor twice by another', () => {
    const once = confirmSuspicion(suspicion, 'b')!;
    expect(confirmSuspicion(suspicion, 'a')).toBeUndefined();
    expect(confirmSuspicion(once, 'b')).toBeUndefined();
  });

  it('keeps no more accusers than it needs', () => {
    const twice = confirmSuspicion(confirmSuspicion(suspicion, 'b')!, 'c')!;
    expect(confirmSuspicion(twice, 'd')).toBeUndefined();
  });
});
