/** What an update waits for. There are no nodes: the tests play the kubelet by writing the status of pods. */
import { jest } from '@jest/globals';
import * as k8s from '@pulumi/kubernetes';
import type { CustomResourceOptions } from '@pulumi/pulumi';
import { nameOf } from '../../support/kubernetes-provider/kinds.ts';
import type { Properties } from '../../support/kubernetes-provider/properties.ts';
import { until } from '../../support/until.ts';
import { Rig } from './rig.ts';

jest.setTimeout(180_000);

const rig = new Rig();
beforeAll(() => rig.start());
afterAll(() => rig.stop());

const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const PODS = '/api/v1/namespaces/default/pods';

function podTemplate(app: string) {
  return {
    metadata: { labels: { app } },
    spec: { containers: [{ name: 'c', image: 'registry.invalid/none' }] },
  };
}

function deployment(
  name: string,
  options: CustomResourceOptions = {},
  annotations: Record<string, string> = {},
) {
  return new k8s.apps.v1.Deployment(
    name,
    {
      metadata: { name, annotations },
      spec: { selector: { matchLabels: { app: name } }, template: podTemplate(name) },
    },
    options,
  );
}

/** Waits for a pod of the workload, then reports `status` as its kubelet would. */
async function reportPod(app: string, status: Properties): Promise<void> {
  let pod: Properties | undefined;
  await until(`a pod of ${app} exists`, async () => {
    const { items } = await rig.call(PODS, { query: { labelSelector: `app=${app}` } });
    pod = (items as Properties[])[0];
    return pod !== undefined;
  });
  await rig.mergePatch(`${PODS}/${nameOf(pod!)}/status`, { status }, 'kubelet');
}

const READY = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
const FAILING = {
  phase: 'Pending',
  containerStatuses: [
    {
      name: 'c',
      ready: false,
      image: 'registry.invalid/none',
      imageID: '',
      restartCount: 0,
      state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } },
    },
  ],
};

describe('an update with a Deployment', () => {
  it('ends when its pods are available', async () => {
    const stack = await rig.stack('ready', async () => void deployment('ready'));
    let ended = false;
    const update = stack.up().finally(() => (ended = true));
    await until('the Deployment exists', () => rig.exists(`${DEPLOYMENTS}/ready`));
    expect(ended).toBe(false);

    await reportPod('ready', READY);
    expect((await update).changes).toEqual({ create: 2 });
    expect((await stack.up()).changes).toEqual({ same: 2 });
    await stack.destroy();
  });

  it('fails in time with what its pods say, and the next one goes on waiting', async () => {
    const program = (timeout: string) => async () =>
      void deployment('failing', { customTimeouts: { create: timeout, update: timeout } });
    // Long enough for the controllers to make the pod, on a machine however busy.
    const stack = await rig.stack('failing', program('10s'));
    const update = stack.up();
    const refused = expect(update).rejects.toThrow(/timed out waiting to be Ready[^]*ImagePullBackOff/);
    await reportPod('failing', FAILING);
    await refused;

    await reportPod('failing', { ...READY, containerStatuses: [] });
    expect((await stack.up(program('60s'))).changes).toEqual({ update: 1, same: 1 });
    expect((await stack.up(program('60s'))).changes).toEqual({ same: 2 });
    await stack.destroy();
  });

  it('ends when it is interrupted, and leaves a state the next one can go on from', async () => {
    const interruption = new AbortController();
    const program = async () => void deployment('interrupted');
    const stack = await rig.stack('interrupted', program, { signal: interruption.signal });
    const update = stack.up();
    const refused = expect(update).rejects.toThrow(/cancel/i);
    await until('the Deployment exists', () => rig.exists(`${DEPLOYMENTS}/interrupted`));
    interruption.abort();
    await refused;
    expect(await stack.readState()).toContain('"default/interrupted"');
  });

  it('does not wait when the program says so', async () => {
    const annotations = { 'pulumi.com/skipAwait': 'true' };
    const stack = await rig.stack('skipping', async () => void deployment('skipping', {}, annotations));
    expect((await stack.up()).changes).toEqual({ create: 2 });
    await stack.destroy();
  });
});

describe('an update with a DaemonSet', () => {
  it('ends at once where no node wants a pod', async () => {
    const stack = await rig.stack('daemons', async () => {
      new k8s.apps.v1.DaemonSet('daemons', {
        metadata: { name: 'daemons' },
        spec: { selector: { matchLabels: { app: 'daemons' } }, template: podTemplate('daemons') },
      });
    });
    expect((await stack.up()).changes).toEqual({ create: 2 });
    expect((await stack.up()).changes).toEqual({ same: 2 });
    await stack.destroy();
  });
});

describe('an object that does not go', () => {
  it('fails the update in time with the finalizers in the way', async () => {
    const path = '/api/v1/namespaces/default/configmaps/held';
    const stack = await rig.stack('held', async () => {
      new k8s.core.v1.ConfigMap('held', { metadata: { name: 'held' } }, { customTimeouts: { delete: '2s' } });
    });
    await stack.up();
    await rig.mergePatch(path, { metadata: { finalizers: ['example.org/held'] } });

    await expect(stack.destroy()).rejects.toThrow(
      /finalizers might be preventing deletion \(.*example\.org\/held/,
    );

    await rig.mergePatch(path, { metadata: { finalizers: null } });
    await stack.destroy();
    expect(await rig.exists(path)).toBe(false);
  });
});
