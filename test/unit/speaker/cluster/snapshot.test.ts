import { NODES } from '@metallb-l2/sdk/kube';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import { ClusterWatch } from '../../../../speaker/src/cluster/snapshot.js';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../../support/recorded-log.ts';
import { untilHolds } from '../../../support/until.ts';

/** A node as its kubelet has said it is, at some time. */
const node = (lastHeartbeatTime: string, networkUnavailable: 'True' | 'False' = 'False') => ({
  metadata: { name: 'n1' },
  status: { conditions: [{ type: 'NetworkUnavailable', status: networkUnavailable, lastHeartbeatTime }] },
});

it('tells of nodes what the election sees of them, and nothing of heartbeats', async () => {
  const api = new InMemoryKubeApi();
  api.seed(NODES, node('1'));
  const watch = new ClusterWatch(
    { api, clock: new FakeClock(), random: () => 0.5, log: new RecordedLog() },
    { namespace: 'metallb-system' },
  );
  const stop = new AbortController();
  const running = watch.run(stop.signal);
  await watch.ready(stop.signal);
  let changes = 0;
  watch.subscribe(() => changes++);
  const heard = (time: string) => () =>
    JSON.stringify(watch.snapshot().nodes.get('n1')).includes(`"lastHeartbeatTime":"${time}"`);
  const ref = { name: 'n1' };
  const patch = { type: 'merge', subresource: 'status' } as const;

  await api.patch(NODES, ref, { status: node('2').status }, patch);
  await untilHolds(heard('2'));
  expect(changes).toBe(0);
  await api.patch(NODES, ref, { status: node('3', 'True').status }, patch);
  await untilHolds(heard('3'));
  expect(changes).toBe(1);
  await api.patch(NODES, ref, { metadata: { labels: { zone: 'a' } } }, { type: 'merge' });
  await untilHolds(() => changes === 2);
  stop.abort();
  await running;
});
