import { KubeError, type KubeErrorCode, PODS } from '@metallb-l2/sdk/kube';
import { SERVICE_L2_STATUSES } from '@metallb-l2/sdk/models';
import { seededRandom } from '../../../support/seeded-random.ts';
import { NAMESPACE } from '../fixtures.ts';
import { Cluster, ELSEWHERE, MINE } from './publishers.ts';

const NODES = ['node-a', 'node-b', 'node-c'];
/** What calls may fail with; a delete is refused as a conflict only when it is one. */
const FAULTS: readonly KubeErrorCode[] = ['ServerError', 'Unavailable', 'TooManyRequests', 'Timeout', 'Gone'];
const STEPS = 60;

/** Sixty accidents, each soon after the one before; then what is left when all has been quiet for a while. */
async function accidents(seed: number) {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = <T>(choices: readonly T[]) => choices[below(choices.length)] as T;
  const cluster = new Cluster();
  const speakers = new Map<string, ReturnType<Cluster['start']> & { podUid: string }>();
  let owner: string | undefined;
  let faultRate = 0;
  let lives = 0;

  const start = (node: string) => {
    const podUid = `pod-${++lives}-of-${node}`;
    speakers.set(node, { ...cluster.start(node, podUid), podUid });
  };
  const tell = (node: string) =>
    speakers.get(node)?.want(owner === node ? MINE : owner === undefined ? { kind: 'nowhere' } : ELSEWHERE);
  const tellAll = async () => {
    for (const node of NODES) {
      tell(node);
      await cluster.clock.advance(below(100)); // the news does not come to all at once
    }
  };
  const steps = {
    move: async () => {
      owner = pick(NODES);
      await tellAll();
    },
    withdraw: async () => {
      owner = undefined;
      await tellAll();
    },
    split: async () => {
      owner = pick(NODES);
      tell(owner);
      await cluster.clock.advance(below(4000));
      await tellAll();
    },
    restart: async () => {
      const node = pick(NODES);
      const { end, podUid } = speakers.get(node)!;
      const ended = end();
      start(node);
      await ended;
      if (random() < 0.7) {
        await unhindered(() => cluster.api.delete(PODS, { namespace: NAMESPACE, name: `speaker-${podUid}` }));
      }
      await cluster.clock.advance(below(2000));
      tell(node);
    },
    loseWatches: async () =>
      cluster.api.endWatches(new KubeError('Unavailable', 'reset', { operation: 'watch' })),
    forget: async () => {
      await steps.loseWatches();
      cluster.api.compact();
    },
    remove: async () => {
      for (const { metadata } of await unhindered(() => cluster.objects())) {
        const ref = { namespace: NAMESPACE, name: metadata.name ?? '' };
        await unhindered(() => cluster.api.delete(SERVICE_L2_STATUSES, ref));
      }
    },
  };
  let isHindered = true;
  const unhindered = async <T>(call: () => Promise<T>) => {
    isHindered = false;
    return call().finally(() => (isHindered = true));
  };
  const hinder = async (verb: string) => {
    if (random() < 0.6) await cluster.clock.sleep(below(60));
    if (random() >= faultRate) return undefined;
    const error = new KubeError(pick(FAULTS), 'fault', { operation: verb });
    return random() < 0.5 ? { refuse: error } : { loseAnswer: error };
  };
  cluster.api.fault = ({ verb }) => (isHindered ? hinder(verb) : undefined);

  NODES.forEach(start);
  for (let step = 0; step < STEPS; step++) {
    faultRate = pick([0, 0, 0.2, 0.7, 1]);
    await pick(Object.values(steps))();
    await cluster.clock.advance(below(8000) * random());
  }
  cluster.api.fault = () => undefined;
  await tellAll();
  await cluster.clock.advance(240_000);
  const found = (await cluster.objects()).map(({ metadata, status }) => [
    metadata.labels?.['metallb.io/node'],
    metadata.ownerReferences?.map(({ uid }) => uid).join(),
    status?.node,
  ]);
  cluster.api.forgetCalls();
  await cluster.clock.advance(600_000);
  const writes = cluster.writes();
  await cluster.end();
  const expected = owner === undefined ? [] : [[owner, speakers.get(owner)?.podUid, owner]];
  return { is: { seed, found, writes }, toBe: { seed, found: expected, writes: [] } };
}

it('after whatever has happened there is one status, which tells the truth, and nothing more is written', async () => {
  for (let seed = 1; seed <= 100; seed++) {
    const { is, toBe } = await accidents(seed);
    expect(is).toEqual(toBe);
  }
});
