import { KubeError } from '../../../../sdk/src/kube/errors.js';
import type { WatchUpdate } from '../../../../sdk/src/kube/watch-machine.js';
import type { ServiceL2Status, ServiceL2StatusStatus } from '../../../../sdk/src/models/service-l2-status.js';
import { type ServiceL2StatusEvent, StatusTracker } from '../../../../sdk/src/status/status-tracker.js';
import { statusObject } from './fixtures.ts';

const SETTLE_MS = 2000;

/** A status object for service demo/web, made in second `created`. */
const object = (
  name: string,
  node: string,
  created = 0,
  status: ServiceL2StatusStatus = { node },
): ServiceL2Status => ({ ...statusObject({ name, node, created, status: 'none' }), status });

const synced = (...objects: ServiceL2Status[]): WatchUpdate<ServiceL2Status> => ({ type: 'synced', objects });
const applied = (each: ServiceL2Status): WatchUpdate<ServiceL2Status> => ({ type: 'applied', object: each });
const deleted = (each: ServiceL2Status): WatchUpdate<ServiceL2Status> => ({ type: 'deleted', object: each });

/** Plays updates, each at a time in ms, and tells the events in short. */
function play(...steps: [at: number, update: WatchUpdate<ServiceL2Status> | 'tick'][]): string[] {
  const tracker = new StatusTracker(SETTLE_MS);
  return steps.flatMap(([at, update]) =>
    (update === 'tick' ? tracker.settle(at) : tracker.take(update, at)).map(inShort),
  );
}

function inShort(event: ServiceL2StatusEvent): string {
  switch (event.type) {
    case 'synced':
      return `synced ${event.statuses.map(({ node }) => node).join(' ')}`.trim();
    case 'moved':
      return `moved ${event.from} ${event.to}`;
    case 'desynced':
      return `desynced ${event.error.code} ${String(event.retryInMs)}`;
    default:
      return `${event.type} ${event.status.node} ${event.status.object.name}`;
  }
}

describe('the events of announcements', () => {
  it('begin with all there is', () => {
    expect(play([0, synced(object('a', 'node-a'))])).toEqual(['synced node-a']);
    expect(play([0, synced()])).toEqual(['synced']);
  });

  it('tell an announcement as soon as labels name its node, and its details as they come', () => {
    const full = object('a', 'node-a', 0, { node: 'node-a', addresses: ['192.0.2.1'] });
    expect(
      play([0, synced()], [1, applied(object('a', 'node-a', 0, {}))], [2, applied(full)], [3, applied(full)]),
    ).toEqual(['synced', 'announced node-a a', 'updated node-a a']);
  });

  it('tell a move within one object as moved', () => {
    expect(play([0, synced(object('a', 'node-a'))], [1, applied(object('a', 'node-b'))])).toEqual([
      'synced node-a',
      'moved node-a node-b',
    ]);
  });

  it('tell a delete and a create within the settle time as one move', () => {
    const [a, b] = [object('a', 'node-a', 0), object('b', 'node-b', 5)];
    expect(
      play([0, synced(a)], [5000, deleted(a)], [6999, 'tick'], [6999, applied(b)], [9999, 'tick']),
    ).toEqual(['synced node-a', 'moved node-a node-b']);
  });

  it('tell a create before the delete as one move too', () => {
    const [a, b] = [object('a', 'node-a', 0), object('b', 'node-b', 5)];
    expect(play([0, synced(a)], [5000, applied(b)], [5100, deleted(a)], [9999, 'tick'])).toEqual([
      'synced node-a',
      'moved node-a node-b',
    ]);
  });

  it('tell a new object of the same node as an update', () => {
    const [a, b] = [object('a', 'node-a', 0), object('b', 'node-a', 5)];
    expect(play([0, synced(a)], [5000, deleted(a)], [5100, applied(b)], [9999, 'tick'])).toEqual([
      'synced node-a',
      'updated node-a b',
    ]);
  });

  it('tell a withdrawal once the settle time is over, and what comes then as announced', () => {
    const a = object('a', 'node-a', 0);
    expect(
      play(
        [0, synced(a)],
        [5000, deleted(a)],
        [7000, 'tick'],
        [7001, 'tick'],
        [8000, applied(object('b', 'node-b', 8))],
      ),
    ).toEqual(['synced node-a', 'withdrawn node-a a', 'announced node-b b']);
  });

  it('keep quiet about what a dead node left behind', () => {
    const [dead, live] = [object('a', 'node-a', 0), object('b', 'node-b', 5)];
    const touched = { ...dead, metadata: { ...dead.metadata, resourceVersion: '99' } };
    expect(play([0, synced(dead, live)], [1, applied(touched)], [2, deleted(dead)], [9999, 'tick'])).toEqual([
      'synced node-b',
    ]);
  });

  it('fall back on an older object when the latest goes', () => {
    const [a, b] = [object('a', 'node-a', 0), object('b', 'node-b', 5)];
    expect(play([0, synced(a, b)], [1, deleted(b)])).toEqual(['synced node-b', 'moved node-b node-a']);
  });

  it('tell after an interruption what changed meanwhile, then all there is', () => {
    const error = new KubeError('Unavailable', 'no', { operation: 'watch' });
    expect(
      play(
        [0, synced(object('a', 'node-a'))],
        [1000, { type: 'desynced', error, retryInMs: 800 }],
        [2000, synced(object('a', 'node-b'))],
        [3000, { type: 'desynced', error, retryInMs: 800 }],
        [4000, { type: 'resumed' }],
        [5000, synced()],
        [7000, 'tick'],
      ),
    ).toEqual([
      'synced node-a',
      'desynced Unreachable 800',
      'moved node-a node-b',
      'synced node-b',
      'desynced Unreachable 800',
      'synced node-b',
      'synced',
      'withdrawn node-b a',
    ]);
  });

  it('take an object that turns nonsense for one that is gone', () => {
    const broken = { ...object('a', 'node-a'), status: { node: 7 } } as unknown as ServiceL2Status;
    expect(play([0, synced(object('a', 'node-a'))], [1, applied(broken)], [2001, 'tick'])).toEqual([
      'synced node-a',
      'withdrawn node-a a',
    ]);
    expect(new StatusTracker(SETTLE_MS).take(synced(broken), 0)).toEqual([
      {
        type: 'synced',
        statuses: [],
        invalid: [
          {
            ref: { namespace: 'metallb-system', name: 'a' },
            problem: expect.stringContaining('status.node') as string,
          },
        ],
      },
    ]);
  });

  it('say when the next withdrawal is due', () => {
    const a = object('a', 'node-a');
    const tracker = new StatusTracker(SETTLE_MS);
    tracker.take(synced(a), 0);
    expect(tracker.nextSettleAt).toBeUndefined();
    tracker.take(deleted(a), 500);
    expect(tracker.nextSettleAt).toBe(2500);
  });
});
