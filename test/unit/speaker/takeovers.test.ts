import type { Verdict } from '../../../speaker/src/reconcile.js';
import { Takeovers } from '../../../speaker/src/takeovers.js';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordedMeter } from '../../support/recorded-meter.ts';

const service = { namespace: 'default', name: 'web' };
const KEY = 'default/web';
const VERDICTS: Record<Verdict['kind'], Verdict> = {
  announce: { kind: 'announce', service, addresses: ['192.0.2.50'], interfaces: 'all' },
  elsewhere: { kind: 'elsewhere', service, reason: 'notOwner' },
  nowhere: { kind: 'nowhere', service, reason: 'noServingEndpoints' },
};

function setUp() {
  const clock = new FakeClock();
  const meter = new RecordedMeter();
  const takeovers = new Takeovers({ clock, meter });
  let before = new Map<string, Verdict>();
  const value = (name: string, labels = {}) => meter.value(`metallb_speaker_${name}`, labels);
  return {
    clock,
    takeovers,
    decide: (kind?: Verdict['kind']) => {
      const now = new Map(kind === undefined ? [] : [[KEY, VERDICTS[kind]]]);
      takeovers.decided(before, now, clock.monotonic());
      before = now;
    },
    elections: () => [value('elections', { result: 'won' }), value('elections', { result: 'lost' })],
    took: () => [value('takeover_seconds_count'), value('takeover_seconds_sum')],
  };
}

describe('take-overs', () => {
  it('last from the news to the first answer, and are counted once', async () => {
    const { clock, takeovers, decide, elections, took } = setUp();
    decide('elsewhere');
    decide('announce');
    await clock.advance(500);
    decide('announce');
    expect(took()).toEqual([0, 0]);
    await clock.advance(1000);
    takeovers.answered(KEY);
    expect(took()).toEqual([1, 1.5]);
    await clock.advance(60_000);
    takeovers.answered(KEY); // its cable was out meanwhile
    expect(took()).toEqual([1, 1.5]);
    expect(elections()).toEqual([1, 0]);
  });

  it('are lost to other nodes, and not when nobody can announce the service', () => {
    const { decide, elections } = setUp();
    decide('announce');
    decide('elsewhere');
    expect(elections()).toEqual([1, 1]);
    decide('announce');
    decide('nowhere');
    decide('announce');
    decide();
    expect(elections()).toEqual([3, 1]);
  });

  it('that came to nothing do not make the next one longer', async () => {
    const { clock, takeovers, decide, took } = setUp();
    for (const kind of ['elsewhere', 'nowhere', undefined] as const) {
      decide('announce');
      await clock.advance(60_000);
      decide(kind);
      takeovers.answered(KEY);
    }
    expect(took()).toEqual([0, 0]);
    decide('announce');
    await clock.advance(250);
    takeovers.answered(KEY);
    expect(took()).toEqual([1, 0.25]);
  });
});
