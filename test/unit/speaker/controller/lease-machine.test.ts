import type { Lease } from '@metallb-l2/sdk/kube';
import { DEFAULT_LEASE } from '@metallb-l2/sdk/settings';
import {
  type ElectionAction,
  type ElectionInput,
  type ElectionState,
  initialElectionState,
  type Instant,
  leads,
  released,
  step,
} from '../../../../speaker/src/controller/leader-election/lease-machine.js';

const CONFIG = { ...DEFAULT_LEASE, namespace: 'metallb-system', name: 'metallb-controller', identity: 'me' };
const EPOCH = Date.parse('2026-01-01T00:00:00Z');

/** `seconds` after the beginning, by both clocks. */
const at = (seconds: number): Instant => ({ monotonic: seconds * 1000, wall: EPOCH + seconds * 1000 });

function lease(version: number, spec: NonNullable<Lease['spec']>): Lease {
  const metadata = { namespace: 'metallb-system', name: 'metallb-controller', resourceVersion: `${version}` };
  return { metadata, spec };
}
const heldBy = (holderIdentity: string, version: number, spec: Lease['spec'] = {}) =>
  lease(version, { holderIdentity, leaseDurationSeconds: 15, leaseTransitions: 3, ...spec });

/** One contender, fed by hand; waits are not stretched unless `chance` says so. */
class Contender {
  state: ElectionState = initialElectionState(at(0));
  chance = 0;

  feed(input: ElectionInput, now: Instant): ElectionAction {
    const { state, action } = step(CONFIG, this.state, input, now, () => this.chance);
    this.state = state;
    return action;
  }

  /** Wakes and reads `found`. */
  look(found: Lease | undefined, now: Instant): ElectionAction {
    expect(this.feed({ type: 'awake' }, now)).toEqual({ do: 'read' });
    return this.feed({ type: 'read', lease: found }, now);
  }

  /** Leads from `now` on. */
  win(now: Instant): void {
    expect(this.look(undefined, now).do).toBe('write');
    this.feed({ type: 'written', lease: heldBy('me', 1) }, now);
  }

  leads(now: Instant): boolean {
    return leads(CONFIG, this.state, now);
  }
}

describe('the lease machine', () => {
  let me: Contender;
  beforeEach(() => {
    me = new Contender();
  });

  it('makes the lease when there is none, and leads', () => {
    expect(me.look(undefined, at(0))).toEqual({
      do: 'write',
      lease: {
        metadata: { namespace: 'metallb-system', name: 'metallb-controller' },
        spec: {
          holderIdentity: 'me',
          leaseDurationSeconds: 15,
          acquireTime: '2026-01-01T00:00:00.000000Z',
          renewTime: '2026-01-01T00:00:00.000000Z',
          leaseTransitions: 0,
        },
      },
    });
    expect(me.leads(at(0))).toBe(false);
    expect(me.feed({ type: 'written', lease: heldBy('me', 1) }, at(0.1))).toEqual({ do: 'wait', ms: 2000 });
    expect(me.leads(at(0.1))).toBe(true);
  });

  it('renews every two seconds without reading, and keeps when it was got', () => {
    me.win(at(0));
    const action = me.feed({ type: 'awake' }, at(2));
    expect(action).toMatchObject({
      do: 'write',
      lease: {
        metadata: { resourceVersion: '1' },
        spec: { renewTime: '2026-01-01T00:00:02.000000Z', leaseTransitions: 3 },
      },
    });
  });

  it('leads for ten seconds from when its last confirmed renewal was sent, by whichever clock is ahead', () => {
    me.win(at(0));
    me.feed({ type: 'awake' }, at(2));
    me.feed({ type: 'written', lease: heldBy('me', 2) }, at(4));
    expect(me.leads(at(11.9))).toBe(true);
    expect(me.leads(at(12))).toBe(false);
    expect(me.leads({ ...at(3), wall: at(12).wall })).toBe(false);
    expect(me.leads({ ...at(12), wall: at(3).wall })).toBe(false);
  });

  it('tries again in two seconds after a failure, though not after its time', () => {
    me.win(at(0));
    me.feed({ type: 'awake' }, at(2));
    expect(me.feed({ type: 'failed' }, at(7))).toEqual({ do: 'wait', ms: 2000 });
    expect(me.feed({ type: 'awake' }, at(9))).toMatchObject({ do: 'write' });
    expect(me.feed({ type: 'failed' }, at(9.5))).toEqual({ do: 'wait', ms: 500 });
    expect(me.feed({ type: 'awake' }, at(10))).toEqual({ do: 'read' });
  });

  it('looks again when a renewal whose answer was lost makes the next one conflict', () => {
    me.win(at(0));
    me.feed({ type: 'awake' }, at(2));
    me.feed({ type: 'failed' }, at(3));
    me.feed({ type: 'awake' }, at(5));
    expect(me.feed({ type: 'conflict' }, at(5))).toEqual({ do: 'read' });
    const action = me.feed({ type: 'read', lease: heldBy('me', 2) }, at(5));
    expect(action).toMatchObject({ do: 'write', lease: { metadata: { resourceVersion: '2' } } });
    expect(me.feed({ type: 'conflict' }, at(5))).toEqual({ do: 'wait', ms: 2000 });
  });

  it('leads at once when it reads that only the answer to its claim was lost', () => {
    const claim = me.look(undefined, at(0));
    me.feed({ type: 'failed' }, at(5));
    const found = claim.do === 'write' ? claim.lease : undefined;
    const metadata = { ...found?.metadata, resourceVersion: '1' };
    expect(me.look({ ...found, metadata }, at(7))).toMatchObject({ do: 'write', lease: { metadata } });
    expect(me.leads(at(7))).toBe(true);
    expect(me.leads(at(10))).toBe(false);
  });

  it('lets a lease in its own name run out that it does not lead by, since last writes may still arrive', () => {
    expect(me.look(heldBy('me', 1), at(0)).do).toBe('wait');
    expect(me.look(heldBy('me', 1), at(14.9)).do).toBe('wait');
    expect(me.look(heldBy('me', 1), at(15))).toMatchObject({
      do: 'write',
      lease: { spec: { leaseTransitions: 3 } },
    });

    const again = new Contender();
    again.win(at(0));
    again.feed({ type: 'awake' }, at(2));
    again.feed({ type: 'failed' }, at(7));
    expect(again.look(heldBy('me', 2), at(10)).do).toBe('wait');
    expect(again.leads(at(10))).toBe(false);
  });

  it('does not lead any more once it reads that another one does', () => {
    me.win(at(0));
    me.feed({ type: 'awake' }, at(2));
    me.feed({ type: 'conflict' }, at(2));
    expect(me.feed({ type: 'read', lease: heldBy('other', 5) }, at(2)).do).toBe('wait');
    expect(me.leads(at(2))).toBe(false);
  });

  it('takes over what it has seen unchanged for the duration in the lease, whatever times are in it', () => {
    const old = heldBy('other', 1, { renewTime: '2020-01-01T00:00:00.000000Z' });
    expect(me.look(old, at(100))).toEqual({ do: 'wait', ms: 2000 });
    expect(me.look(heldBy('other', 2), at(110)).do).toBe('wait');
    expect(me.look(heldBy('other', 2), at(124.9)).do).toBe('wait');
    expect(me.look(heldBy('other', 2), at(125))).toMatchObject({
      do: 'write',
      lease: {
        metadata: { resourceVersion: '2' },
        spec: { holderIdentity: 'me', leaseTransitions: 4, acquireTime: '2026-01-01T00:02:05.000000Z' },
      },
    });
  });

  it('goes by the duration of the holder, not by its own, and not by the wall clock', () => {
    me.look(heldBy('other', 1, { leaseDurationSeconds: 60 }), at(0));
    expect(me.look(heldBy('other', 1, { leaseDurationSeconds: 60 }), at(59)).do).toBe('wait');
    const later = { monotonic: 59_500, wall: at(3600).wall };
    expect(me.look(heldBy('other', 1, { leaseDurationSeconds: 60 }), later).do).toBe('wait');
    expect(me.look(heldBy('other', 1, { leaseDurationSeconds: 60 }), at(60)).do).toBe('write');
  });

  it('stretches the waits of a candidate by up to 1.2 of themselves, and wakes for the end of the lease', () => {
    me.chance = 1;
    expect(me.look(heldBy('other', 1), at(0))).toEqual({ do: 'wait', ms: 4400 });
    expect(me.look(heldBy('other', 1), at(12))).toEqual({ do: 'wait', ms: 3000 });
  });

  it('takes a released lease at once, and releases its own that way', () => {
    me.win(at(0));
    const free = released(CONFIG, heldBy('me', 1), at(1));
    expect(free?.spec).toEqual({
      leaseDurationSeconds: 1,
      leaseTransitions: 3,
      acquireTime: '2026-01-01T00:00:01.000000Z',
      renewTime: '2026-01-01T00:00:01.000000Z',
    });
    expect(released(CONFIG, heldBy('other', 1), at(1))).toBeUndefined();
    const next = new Contender();
    expect(next.look(free, at(1))).toMatchObject({ do: 'write', lease: { spec: { leaseTransitions: 4 } } });
  });
});
