/**
 * `explain` on a real cluster that is broken in one way after another. Between two of them the cluster is
 * whole again, and then everything about the service that is announced must be found in order.
 */
import type { ServiceL2StatusClient } from '@metallb-l2/sdk';
import { type KubeObject, type ResourceType, SERVICES } from '@metallb-l2/sdk/kube';
import type { KubeConnection } from '@metallb-l2/sdk/kube/connect';
import { arpAnswers } from '../demo/probe.ts';
import { createWorkload, WORKLOAD_NAMESPACE } from '../demo/workload.ts';
import { kubectl } from '../lab/kubectl.ts';
import type { Lab } from '../lab/lab.ts';
import { eventually } from '../support/eventually.ts';
import { BROKEN_SET_UPS, type Site, VICTIM } from './broken-set-ups.ts';
import { openForAll } from '../support/open-for-all.ts';
import { openQuickstartLab, type QuickstartLab } from './quickstart-lab.ts';

const MINUTE = 60_000;
const opened = openForAll();
const { signal } = opened;
const PODS: ResourceType = { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true };

let quickstart: QuickstartLab;
let lab: Lab;
let api: KubeConnection;
let client: ServiceL2StatusClient;
let site: Site;

/** A pod of the base image that does nothing but be ready, or never is. */
function idlePod(app: string, image: string, spec: object, ready: boolean): KubeObject {
  const readinessProbe = { exec: { command: ['node', '-e', `process.exit(${ready ? 0 : 1})`] } };
  const command = ['node', '-e', 'setInterval(() => undefined, 60000)'];
  return {
    metadata: { name: app, namespace: WORKLOAD_NAMESPACE, labels: { app } },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: app, image, command, readinessProbe }],
      ...spec,
    },
  } as KubeObject;
}

async function expectAllWell(): Promise<void> {
  await eventually(async () => {
    const { announced, checks } = await client.explain({ namespace: WORKLOAD_NAMESPACE, name: VICTIM });
    expect(checks.filter(({ ok }) => ok !== true)).toEqual([]);
    expect(announced).toBe(true);
  });
}

beforeAll(async () => {
  quickstart = await openQuickstartLab(opened, { log: () => undefined });
  ({ lab, api, client } = quickstart);
  await quickstart.stack.up();
  const image = quickstart.site.sampleImage;
  await createWorkload(api, { image, replicas: 2, services: [VICTIM], signal });
  await api.create(PODS, idlePod('single', image, { nodeName: 'node1' }, true));
  await api.create(PODS, idlePod('never-ready', image, {}, false));
  const isReady = ['wait', 'pod/single', '--for=condition=Ready', '--timeout=60s'];
  await kubectl(lab, ['-n', WORKLOAD_NAMESPACE, ...isReady]);
  await expectAllWell();
  const { status } = await api.get(SERVICES, { namespace: WORKLOAD_NAMESPACE, name: VICTIM });
  site = { api, lab, taken: status?.loadBalancer?.ingress?.[0]?.ip ?? '' };
}, 5 * MINUTE);

describe.each(BROKEN_SET_UPS)('$name', ({ service = VICTIM, make, expected, undo }) => {
  const ref = { namespace: WORKLOAD_NAMESPACE, name: service };

  it(
    `is explained as ${expected.join(' and ')}`,
    async () => {
      await make(site);
      try {
        await eventually(async () => {
          const { announced, checks } = await client.explain(ref);
          expect(checks.filter(({ ok }) => ok !== true).map(({ reason }) => reason)).toEqual(expected);
          expect(announced).toBe(false);
        });
        if (service === VICTIM) expect(await arpAnswers(lab, 'client', site.taken)).toEqual([]);
      } finally {
        await undo(site);
      }
      await expectAllWell();
    },
    2 * MINUTE,
  );
});

it('leaves a cluster in which the doctor finds nothing wrong', async () => {
  await eventually(async () => {
    expect((await client.doctor()).map(({ code }) => code)).toEqual(['installed']);
  });
});
