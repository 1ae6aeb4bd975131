import { readyNodes } from '@metallb-l2/sdk/election';
import { PODS } from '@metallb-l2/sdk/kube';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import { PodReadiness } from '../../../../speaker/src/membership/pod-readiness.js';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { NAMESPACE, speakerPod } from '../fixtures.ts';

describe('readyNodes', () => {
  it('are the nodes whose speaker is ready and not asked to end', () => {
    const pods = [
      speakerPod('a'),
      speakerPod('b', { ready: false }),
      speakerPod('c', { ending: true }),
      { ...speakerPod('d'), spec: {} },
    ];
    expect(readyNodes(pods)).toEqual(new Set(['a']));
  });

  it('keep a node whose next speaker is ready while the last one ends', () => {
    expect(readyNodes([speakerPod('a', { ending: true }), speakerPod('a')])).toEqual(new Set(['a']));
  });
});

describe('PodReadiness', () => {
  async function start(nodeName: string, ...pods: ReturnType<typeof speakerPod>[]) {
    const api = new InMemoryKubeApi();
    for (const pod of pods) api.seed(PODS, pod);
    const deps = { api, clock: new FakeClock(), random: () => 0.5 };
    const membership = new PodReadiness(deps, { namespace: NAMESPACE, nodeName });
    const stop = new AbortController();
    const ended = membership.run(stop.signal);
    await membership.ready(stop.signal);
    await settle();
    const see = async (...next: ReturnType<typeof speakerPod>[]) => {
      for (const pod of next) api.seed(PODS, pod);
      await settle();
      return [...membership.members()];
    };
    return { api, membership, see, stop: () => (stop.abort(), ended) };
  }

  it('counts only pods of the speaker in its namespace', async () => {
    const controller = {
      ...speakerPod('x'),
      metadata: { ...speakerPod('x').metadata, name: 'c', labels: {} },
    };
    const elsewhere = { ...speakerPod('y'), metadata: { ...speakerPod('y').metadata, namespace: 'other' } };
    const { membership, stop } = await start('a', speakerPod('a'), controller, elsewhere);
    expect([...membership.members()]).toEqual(['a']);
    await stop();
  });

  it('does not count itself before the others can', async () => {
    const { membership, see, stop } = await start('a', speakerPod('a', { ready: false }), speakerPod('b'));
    expect([...membership.members()]).toEqual(['b']);
    expect(await see(speakerPod('a'))).toEqual(['a', 'b']);
    await stop();
  });

  it('goes on alone when suddenly no speaker counts as ready', async () => {
    const { see, stop } = await start('a', speakerPod('a'), speakerPod('b'));
    const unready = [speakerPod('a', { ready: false }), speakerPod('b', { ready: false })];
    expect(await see(...unready)).toEqual(['a']);
    await stop();
  });

  it('does not go on once it is asked to end', async () => {
    const { see, stop } = await start('a', speakerPod('a'));
    expect(await see(speakerPod('a', { ending: true }))).toEqual([]);
    await stop();
  });
});
