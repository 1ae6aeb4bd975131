import {
  KubeError,
  type KubeErrorCode,
  type KubeErrorDetails,
  CONFIG_MAPS,
  type ConfigMap,
  type KubeApi,
  type KubeList,
  type WatchLine,
  type WatchUpdate,
  watchResource,
} from '@metallb-l2/sdk/kube';
import { FakeClock, settle } from '../../support/fake-clock.ts';

const map = (name: string, resourceVersion: string): ConfigMap => ({ metadata: { name, resourceVersion } });
const list = (resourceVersion: string, ...items: ConfigMap[]): KubeList<ConfigMap> => ({
  metadata: { resourceVersion },
  items,
});
const applied = (name: string, rv: string): WatchLine<ConfigMap> => ({
  type: 'MODIFIED',
  object: map(name, rv),
});
const bookmark = (resourceVersion: string): WatchLine<ConfigMap> => ({ type: 'BOOKMARK', resourceVersion });
const failure = (code: KubeErrorCode, details: Partial<KubeErrorDetails> = {}, message = code as string) =>
  new KubeError(code, message, { operation: 'test', ...details });

/** What a call is answered with: a page, an error, or the lines of a stream and how it ends. */
type Answer = KubeList<ConfigMap> | Error | Stream;
interface Stream {
  lines: WatchLine<ConfigMap>[];
  /** How the stream ends after the lines: by the server, with an error, or only with the signal. */
  end: 'closed' | 'open' | KubeError;
  /** How long it stays open before it is closed. */
  afterMs?: number;
}

function script(clock: FakeClock, answers: Answer[]) {
  const calls: { at: number; call: string }[] = [];
  const start = clock.now();
  const answer = (call: string): Answer => {
    calls.push({ at: clock.now() - start, call });
    return answers.shift() ?? { lines: [], end: 'open' };
  };
  const api = {
    list: (_type: unknown, options: { continue?: string; limit?: number }) => {
      const given = answer(`list ${String(options.limit)} ${options.continue ?? 'from the start'}`);
      return given instanceof Error ? Promise.reject(given) : Promise.resolve(given);
    },
    watch: async function* (
      _type: unknown,
      { resourceVersion, signal }: { resourceVersion: string; signal?: AbortSignal },
    ) {
      const given = answer(`watch ${resourceVersion}`) as Stream | Error;
      if (given instanceof Error) throw given;
      yield* given.lines;
      await clock.sleep(given.end === 'open' ? 2 ** 40 : (given.afterMs ?? 0), signal);
      if (given.end instanceof KubeError) throw given.end;
    },
  } as unknown as KubeApi;
  return { api, calls };
}

/** Runs a watch over scripted answers for `ms` and tells the calls it made and the updates it gave. */
async function run(answers: Answer[], ms: number, random = () => 0) {
  const clock = new FakeClock();
  const { api, calls } = script(clock, answers);
  const abort = new AbortController();
  const updates: WatchUpdate<ConfigMap>[] = [];
  const ended = (async () => {
    for await (const update of watchResource({ api, clock, random }, CONFIG_MAPS, {}, abort.signal)) {
      updates.push(update);
    }
  })();
  await clock.advance(ms);
  abort.abort();
  await ended;
  await settle();
  return { calls, updates, sleepers: clock.sleepers };
}

const open: Stream = { lines: [], end: 'open' };
const stayed = (afterMs: number, ...lines: WatchLine<ConfigMap>[]): Stream => ({
  lines,
  end: 'closed',
  afterMs,
});
const LIST = 'list 500 from the start';

describe('watching a kind', () => {
  it('lists, then tells every change from there on', async () => {
    const removed: WatchLine<ConfigMap> = { type: 'DELETED', object: map('a', '12') };
    const { calls, updates } = await run(
      [list('10', map('a', '3')), { lines: [applied('b', '11'), removed], end: 'open' }],
      1000,
    );
    expect(calls.map(({ call }) => call)).toEqual([LIST, 'watch 10']);
    expect(updates).toEqual([
      { type: 'synced', objects: [map('a', '3')] },
      { type: 'applied', object: map('b', '11') },
      { type: 'deleted', object: map('a', '12') },
    ]);
  });

  it('reads a long list in pages and tells it as one', async () => {
    const { calls, updates } = await run(
      [
        { metadata: { resourceVersion: '10', continue: 'p2' }, items: [map('a', '1')] },
        { metadata: { resourceVersion: '10', continue: 'p3' }, items: [map('b', '2')] },
        list('10', map('c', '3')),
        open,
      ],
      0,
    );
    expect(calls.map(({ call }) => call)).toEqual([LIST, 'list 500 p2', 'list 500 p3', 'watch 10']);
    expect(updates).toEqual([{ type: 'synced', objects: [map('a', '1'), map('b', '2'), map('c', '3')] }]);
  });

  it('takes a list of 150,000 objects from a server that knows no pages', async () => {
    const maps = Array.from({ length: 150_000 }, (_, index) => map(`map-${index}`, '1'));
    const { updates } = await run([{ metadata: { resourceVersion: '10' }, items: maps }, open], 0);
    expect(updates.map((update) => update.type === 'synced' && update.objects.length)).toEqual([150_000]);
  });

  it('lists without pages when a continue token is too old', async () => {
    const { calls, updates } = await run(
      [
        { metadata: { resourceVersion: '10', continue: 'p2' }, items: [map('a', '1')] },
        failure('Gone', { status: 410 }),
        list('20', map('b', '12')),
        open,
      ],
      1000,
    );
    expect(calls.map(({ call }) => call)).toEqual([
      LIST,
      'list 500 p2',
      'list undefined from the start',
      'watch 20',
    ]);
    expect(updates.at(-1)).toEqual({ type: 'synced', objects: [map('b', '12')] });
  });

  it('lists in pages again when a list without pages fails', async () => {
    const { calls } = await run(
      [
        { metadata: { resourceVersion: '10', continue: 'p2' }, items: [map('a', '1')] },
        failure('Gone', { status: 410 }),
        failure('Timeout'),
        list('20'),
      ],
      10_000,
    );
    expect(calls.map(({ call }) => call)).toEqual([
      LIST,
      'list 500 p2',
      'list undefined from the start',
      LIST,
      'watch 20',
    ]);
  });

  it.each<[string, KubeError, number]>([
    ['is not understood', failure('BadRequest', { status: 400 }), 1],
    ['fails again and again', failure('ServerError', { status: 500 }), 6],
  ])('lists from the start when a continue token %s', async (_what, error, times) => {
    const page = { metadata: { resourceVersion: '10', continue: 'p2' }, items: [map('a', '1')] };
    const errors = Array.from({ length: times }, () => error);
    const { calls, updates } = await run([page, ...errors, list('20', map('b', '12'))], 120_000);
    expect(calls.map(({ call }) => call).slice(times)).toEqual(['list 500 p2', LIST, 'watch 20']);
    expect(updates.at(-1)).toEqual({ type: 'synced', objects: [map('b', '12')] });
  });

  it('goes on from the last bookmark when the server ends the watch, at once and without a word', async () => {
    const { calls, updates } = await run(
      [list('10'), stayed(300_000, bookmark('17')), stayed(250_000), open],
      800_000,
    );
    expect(calls).toEqual([
      { at: 0, call: LIST },
      { at: 0, call: 'watch 10' },
      { at: 300_000, call: 'watch 17' },
      { at: 550_000, call: 'watch 17' },
    ]);
    expect(updates.map(({ type }) => type)).toEqual(['synced']);
  });

  it.each<[string, KubeError]>([
    ['the place is too old', failure('Gone', { status: 410 })],
    ['the kind was taken away', failure('NotFound', { status: 404 })],
    [
      'the server was restored from a backup',
      failure('Timeout', { status: 504 }, 'Too large resource version: 12, current: 5'),
    ],
  ])('lists again when %s', async (_why, error) => {
    const { calls, updates } = await run(
      [list('10', map('a', '3')), { lines: [], end: error }, list('20', map('b', '12')), open],
      1000,
    );
    expect(calls).toEqual([
      { at: 0, call: LIST },
      { at: 0, call: 'watch 10' },
      { at: 800, call: LIST },
      { at: 800, call: 'watch 20' },
    ]);
    expect(updates.slice(1)).toEqual([
      { type: 'desynced', error, retryInMs: 800 },
      { type: 'synced', objects: [map('b', '12')] },
    ]);
  });

  it.each<[string, KubeError]>([
    ['500 on the watch', failure('ServerError', { status: 500 })],
    ['429 on the watch', failure('TooManyRequests', { status: 429 })],
    ['a reset connection', failure('Unavailable')],
    ['a refused connection', failure('Unavailable', {}, 'connect ECONNREFUSED')],
    ['silence', failure('Timeout')],
    ['credentials that have run out', failure('Unauthorized', { status: 401 })],
    ['rights taken away', failure('Forbidden', { status: 403 })],
    ['a login page', failure('BadResponse', { status: 200 })],
  ])('keeps its place over %s', async (_what, error) => {
    const { calls, updates } = await run(
      [list('10'), { lines: [applied('a', '11')], end: error }, { lines: [applied('a', '12')], end: 'open' }],
      1000,
    );
    expect(calls.map(({ call }) => call)).toEqual([LIST, 'watch 10', 'watch 11']);
    expect(updates.map(({ type }) => type)).toEqual(['synced', 'applied', 'desynced', 'applied']);
  });

  it('gives up a place at which the server fails again and again', async () => {
    const error = failure('ServerError', { status: 500 });
    const { calls } = await run([list('10'), error, error, error, error, error, error, list('20')], 120_000);
    expect(calls.map(({ call }) => call).slice(-3)).toEqual(['watch 10', LIST, 'watch 20']);
  });

  it.each<[string, KubeError]>([
    ['429', failure('TooManyRequests', { status: 429 })],
    ['500', failure('ServerError', { status: 500 })],
    ['403', failure('Forbidden', { status: 403 })],
    ['404', failure('NotFound', { status: 404 })],
    ['no connection', failure('Unavailable')],
  ])('tries a list again after %s', async (_what, error) => {
    const { updates } = await run([error, error, list('10'), open], 10_000);
    expect(updates).toEqual([
      { type: 'desynced', error, retryInMs: 800 },
      { type: 'desynced', error, retryInMs: 1600 },
      { type: 'synced', objects: [] },
    ]);
  });

  it('waits longer each time, up to 30 s, with jitter on top', async () => {
    const error = failure('Unavailable');
    const delays = (updates: WatchUpdate<ConfigMap>[]) =>
      updates.map((update) => (update.type === 'desynced' ? update.retryInMs : 0));
    const answers = () => Array.from({ length: 8 }, () => error);
    const plain = await run(answers(), 150_000);
    expect(delays(plain.updates).slice(0, 8)).toEqual([
      800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000,
    ]);
    const jittered = await run(answers(), 150_000, () => 0.5);
    expect(delays(jittered.updates).slice(0, 3)).toEqual([1200, 2400, 4800]);
  });

  it('starts the back-off anew when two minutes went well', async () => {
    const error = failure('Unavailable');
    const { updates } = await run(
      [list('10'), error, error, { lines: [], end: error, afterMs: 121_000 }, open],
      200_000,
    );
    const delays = updates.flatMap((update) => (update.type === 'desynced' ? [update.retryInMs] : []));
    expect(delays).toEqual([800, 1600, 800]);
  });

  it('does not wait longer and longer for a load balancer that cuts a quiet watch every 35 s', async () => {
    const cut: Stream = { lines: [], end: failure('Unavailable', {}, 'aborted'), afterMs: 35_000 };
    const { updates } = await run([list('10'), cut, cut, cut, cut, cut, open], 200_000);
    const delays = updates.flatMap((update) => (update.type === 'desynced' ? [update.retryInMs] : []));
    expect(delays).toEqual([800, 800, 800, 800, 800]);
  });

  it('keeps count of its failures while the time of day is set back', async () => {
    const clock = new FakeClock();
    const { api } = script(clock, [list('10'), stayed(300_000), stayed(300_000)]);
    const abort = new AbortController();
    const updates: string[] = [];
    const ended = (async () => {
      const deps = { api, clock, random: () => 0 };
      for await (const { type } of watchResource(deps, CONFIG_MAPS, {}, abort.signal)) updates.push(type);
    })();
    await clock.advance(1000);
    clock.setBack(3_600_000);
    await clock.advance(400_000);
    abort.abort();
    await ended;
    expect(updates).toEqual(['synced']);
  });

  it('waits as long as Retry-After says', async () => {
    const error = failure('TooManyRequests', { status: 429, retryAfterMs: 7000 });
    const { calls } = await run([list('10'), error, error, open], 20_000);
    expect(calls.slice(1)).toEqual([
      { at: 0, call: 'watch 10' },
      { at: 7000, call: 'watch 10' },
      { at: 14_000, call: 'watch 10' },
    ]);
  });

  it('backs off from a server that ends every watch at once', async () => {
    const answers = [list('10'), ...Array.from({ length: 20 }, () => stayed(0))];
    const { calls } = await run(answers, 60_000);
    expect(calls.length).toBeLessThan(9);
  });

  it('says when it is back after an interruption in which nothing changed', async () => {
    const { updates } = await run(
      [list('10'), failure('Unavailable'), { lines: [bookmark('15')], end: 'open' }],
      2000,
    );
    expect(updates.map(({ type }) => type)).toEqual(['synced', 'desynced', 'resumed']);
  });

  it('gives a watch up that outlives its time by more than half a minute', async () => {
    const { calls, updates } = await run([list('10'), open, open], 331_000);
    expect(calls.slice(1)).toEqual([
      { at: 0, call: 'watch 10' },
      { at: 330_800, call: 'watch 10' },
    ]);
    expect(updates[1]).toMatchObject({ type: 'desynced', error: { code: 'Timeout' } });
  });

  it('survives an error that is no answer of the API', async () => {
    const cause = new TypeError('undefined is not a function');
    const { updates } = await run([cause, list('10')], 1000);
    expect(updates).toMatchObject([
      { type: 'desynced', error: { code: 'BadResponse', cause } },
      { type: 'synced', objects: [] },
    ]);
  });

  it.each<[string, Answer[]]>([
    ['while it lists', []],
    ['while it watches', [list('10'), open]],
    ['while it waits to try again', [failure('Unavailable')]],
    ['after a resume', [list('10'), failure('Unavailable'), open]],
  ])('ends when aborted %s, and leaves no timer', async (_when, answers) => {
    expect((await run(answers, 1000)).sleepers).toBe(0);
  });

  it('leaves no timer when aborted, though nobody reads it to its end', async () => {
    const clock = new FakeClock();
    const { api } = script(clock, [list('10'), { lines: [applied('a', '11')], end: 'open' }]);
    const abort = new AbortController();
    const updates = watchResource({ api, clock, random: () => 0 }, CONFIG_MAPS, {}, abort.signal);
    expect((await updates.next()).value).toMatchObject({ type: 'synced' });
    expect((await updates.next()).value).toMatchObject({ type: 'applied' });
    expect(clock.sleepers).toBe(1);
    abort.abort();
    await settle();
    expect(clock.sleepers).toBe(0);
  });
});
