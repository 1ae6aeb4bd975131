/**
 * Upstream v0.16.1's speakers beside ours on one secret: whoever runs where, one node answers for each service, it
 * is the one that both elect, and there is one status that says so.
 */
import type { ServiceL2StatusClient } from '@metallb-l2/sdk';
import { electOwner } from '@metallb-l2/sdk/election';
import { PODS, SERVICES } from '@metallb-l2/sdk/kube';
import type { KubeConnection } from '@metallb-l2/sdk/kube/connect';
import { selectorOf } from '@metallb-l2/sdk/models';
import { COMPONENT_LABELS, DEFAULT_NAMESPACE } from '@metallb-l2/sdk/settings';
import { arpAnswers, nodesByMac } from '../demo/probe.ts';
import { createWorkload, WORKLOAD_NAMESPACE } from '../demo/workload.ts';
import type { Lab } from '../lab/lab.ts';
import { divideNodes, installUpstream } from '../lab/upstream/install.ts';
import { eventually } from '../support/eventually.ts';
import { openForAll } from '../support/open-for-all.ts';
import { openQuickstartLab, type QuickstartLab } from './quickstart-lab.ts';

const MINUTE = 60_000;
const services = ['web-1', 'web-2', 'web-3', 'web-4', 'web-5', 'web-6'];

describe('upstream speakers beside ours', () => {
  const opened = openForAll();
  const task = { log: () => undefined, signal: opened.signal };
  let quickstart: QuickstartLab;
  let lab: Lab;
  let api: KubeConnection;
  let client: ServiceL2StatusClient;
  let macs: ReadonlyMap<string, string>;

  beforeAll(async () => {
    quickstart = await openQuickstartLab(opened, { ...task, nodes: 4 });
    ({ lab, api, client } = quickstart);
    macs = await nodesByMac(lab);
    await quickstart.stack.up();
    const image = quickstart.site.sampleImage;
    await createWorkload(api, { image, replicas: 4, services, signal: task.signal });
  }, 5 * MINUTE);

  async function speakersByNode(): Promise<Map<string, { name: string; isUpstream: boolean }>> {
    const labelSelector = selectorOf(COMPONENT_LABELS.speaker);
    const { items } = await api.list(PODS, { namespace: DEFAULT_NAMESPACE, labelSelector });
    const running = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    return new Map(
      running.map(({ metadata, spec }) => [
        spec?.nodeName ?? '',
        { name: metadata.name ?? '', isUpstream: metadata.labels?.['of'] === 'upstream' },
      ]),
    );
  }

  /**
   * Of the services, the one elected from `nodes` answers, alone, and has the only status. The services of
   * `silent` may have none: upstream's speaker does not look again at a status that was another's while it
   * was cut off.
   */
  async function expectAgreement(nodes: readonly string[], silent?: string): Promise<void> {
    const { items } = await api.list(SERVICES, { namespace: WORKLOAD_NAMESPACE });
    expect(items).toHaveLength(services.length);
    const { statuses } = await client.list();
    for (const { metadata, status } of items) {
      const ip = status?.loadBalancer?.ingress?.[0]?.ip ?? '';
      const owner = electOwner(nodes, ip);
      const answering = await arpAnswers(lab, 'client', ip);
      expect(answering.map((mac) => macs.get(mac))).toEqual([owner]);
      const said = statuses.filter(({ service }) => service.name === metadata.name);
      if (owner === silent && said.length === 0) continue;
      expect(said.map(({ node }) => node)).toEqual([owner]);
    }
  }

  async function expectDivided(upstream: readonly string[]): Promise<void> {
    const speakers = await speakersByNode();
    expect([...speakers.keys()].sort()).toEqual(lab.nodes.map(({ name }) => name));
    const theirs = [...speakers].filter(([, { isUpstream }]) => isUpstream).map(([node]) => node);
    expect(theirs.sort()).toEqual(upstream);
  }

  const all = ['node1', 'node2', 'node3', 'node4'];

  it.each([[['node2']], [['node2', 'node3']], [['node3']]])(
    'agree while upstream’s run on %j',
    async (nodes) => {
      if (nodes.length === 1 && nodes[0] === 'node2') await installUpstream(lab, { nodes }, task);
      else await divideNodes(lab, nodes, task.signal);
      await eventually(async () => {
        await expectDivided(nodes);
        await expectAgreement(all);
      }, 2 * MINUTE);
    },
    4 * MINUTE,
  );

  it.each([['node1'], ['node3']])(
    'agree again after the speaker of %s was deleted',
    async (node) => {
      const deleted = (await speakersByNode()).get(node)?.name ?? '';
      await api.delete(PODS, { namespace: DEFAULT_NAMESPACE, name: deleted });
      await eventually(async () => {
        expect((await speakersByNode()).get(node)?.name ?? deleted).not.toBe(deleted);
        await expectAgreement(all);
      }, 2 * MINUTE);
    },
    3 * MINUTE,
  );

  it.each([['node1'], ['node3']])(
    'agree without %s when its power is cut, and with it when it is back',
    async (node) => {
      await lab.cutPower(node);
      try {
        await eventually(() => expectAgreement(all.filter((name) => name !== node)), MINUTE);
      } finally {
        await lab.restore(node);
      }
      const silent = (await speakersByNode()).get(node)?.isUpstream === true ? node : undefined;
      await eventually(() => expectAgreement(all, silent), 3 * MINUTE);
    },
    6 * MINUTE,
  );
});
