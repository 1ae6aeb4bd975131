import { PODS, type Pod } from '@metallb-l2/sdk/kube';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import { SpeakerPeers } from '../../../../speaker/src/membership/speaker-peers.js';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { NAMESPACE, speakerPod } from '../fixtures.ts';

function podAt(node: string, podIP: string | undefined, phase: 'Running' | 'Failed' = 'Running'): Pod {
  const pod = speakerPod(node);
  return { ...pod, status: { ...pod.status, phase, ...(podIP !== undefined && { podIP }) } };
}

describe('SpeakerPeers', () => {
  it('are the addresses of the selected pods that run, as they come and go', async () => {
    const api = new InMemoryKubeApi();
    const stranger = podAt('x', '192.0.2.99');
    api.seed(PODS, { ...stranger, metadata: { ...stranger.metadata, labels: { app: 'other' } } });
    for (const pod of [podAt('a', '192.0.2.1'), podAt('b', undefined), podAt('c', '192.0.2.3', 'Failed')]) {
      api.seed(PODS, pod);
    }
    const peers = new SpeakerPeers(
      { api, clock: new FakeClock(), random: () => 0.5 },
      { namespace: NAMESPACE, labelSelector: 'app=metallb,component=speaker', port: 7946 },
    );
    const stop = new AbortController();
    const ended = peers.run(stop.signal);
    await peers.ready(stop.signal);
    expect(peers.peers()).toEqual([{ address: '192.0.2.1', port: 7946 }]);
    let changes = 0;
    const unsubscribe = peers.subscribe(() => changes++);
    await settle();
    api.seed(PODS, podAt('b', '192.0.2.2'));
    await settle();
    expect(peers.peers().map(({ address }) => address)).toEqual(['192.0.2.1', '192.0.2.2']);
    expect(changes).toBeGreaterThan(0);
    unsubscribe();
    stop.abort();
    await ended;
  });
});
