import { customProfile, PROFILES } from '../../../../speaker/src/membership/profile.js';

describe('profiles', () => {
  it.each(Object.entries(PROFILES))('%s hears its helpers before the verdict', (_, profile) => {
    expect(2 * profile.probeTimeoutMs).toBeLessThanOrEqual(profile.verdictMs * 1.2);
  });

  it('can be changed value by value', () => {
    expect(customProfile('fast', { gossipNodes: 5 })).toEqual({ ...PROFILES.fast, gossipNodes: 5 });
  });

  it('refuse a verdict before the time-out, or after the next probe', () => {
    expect(() => customProfile('lan', { probeTimeoutMs: 1_000 })).toThrow(
      'probeTimeoutMs (1000) must be less than verdictMs (1000)',
    );
    expect(() => customProfile('lan', { verdictMs: 1_001 })).toThrow(
      'verdictMs (1001) must not be more than probeIntervalMs (1000)',
    );
  });

  it('refuse what is not a positive number', () => {
    expect(() => customProfile('lan', { gossipNodes: 0 })).toThrow(
      'gossipNodes must be greater than 0, it is 0',
    );
    expect(() => customProfile('lan', { probeIntervalMs: NaN })).toThrow(
      'probeIntervalMs must be greater than 0',
    );
  });
});
