import { type AnswerReason, type Certainty, ServiceL2StatusClient } from '@metallb-l2/sdk';
import { nodeLabelValue } from '@metallb-l2/sdk/election';
import { KubeError, NODES, type Node, PODS, type Pod } from '@metallb-l2/sdk/kube';
import { SERVICE_L2_STATUSES, type ServiceL2Status } from '@metallb-l2/sdk/models';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import { FakeClock } from '../../../support/fake-clock.ts';
import { WEB, statusObject } from './fixtures.ts';

const NOW_SECONDS = 1000;
const LONG_NODE = `${'rack-17.'.repeat(9)}example.com`;

const ready = (status: 'True' | 'False' | 'Unknown') => ({ conditions: [{ type: 'Ready', status }] });
const node = (name: string, state: 'True' | 'False' | 'Unknown' = 'True'): Node => ({
  metadata: { name },
  status: ready(state),
});
const pod = (name: string, state: 'True' | 'False' | 'Unknown' = 'True', nodeName = 'node-a'): Pod => ({
  metadata: { name, namespace: 'metallb-system', uid: `uid of ${name}` },
  spec: { nodeName },
  status: ready(state),
});

interface World {
  statuses?: ServiceL2Status[];
  /** @default node-a and node-b, ready */
  nodes?: Node[];
  /** @default speaker-a and speaker-b, ready */
  pods?: Pod[];
}

function setUp({ statuses = [], nodes = [node('node-a'), node('node-b')], pods }: World) {
  const clock = new FakeClock(NOW_SECONDS * 1000);
  const api = new InMemoryKubeApi({ clock });
  for (const each of nodes) api.seed(NODES, each);
  for (const each of pods ?? [pod('speaker-a'), pod('speaker-b')]) api.seed(PODS, each);
  for (const each of statuses) api.seed(SERVICE_L2_STATUSES, each);
  return { api, client: new ServiceL2StatusClient({ api }, { clock, random: () => 0 }) };
}

const a = (shape = {}) => statusObject({ name: 'l2-aaaaa', node: 'node-a', pod: 'speaker-a', ...shape });
const b = (shape = {}) => statusObject({ name: 'l2-bbbbb', node: 'node-b', pod: 'speaker-b', ...shape });

type Row = [what: string, world: World, certainty: Certainty, reason: AnswerReason, node: string | undefined];

describe('who announces a service', () => {
  it.each<Row>([
    ['nobody, without a status', {}, 'nobody', 'NoStatus', undefined],
    [
      'nobody, when no status says anything usable',
      { statuses: [{ ...a(), status: { node: 7 } } as unknown as ServiceL2Status] },
      'nobody',
      'Unreadable',
      undefined,
    ],
    ['the one that says so', { statuses: [a()] }, 'settled', 'Announced', 'node-a'],
    [
      "upstream's, without addresses and interfaces",
      { statuses: [a({ created: NOW_SECONDS - 1 })] },
      'settled',
      'Announced',
      'node-a',
    ],
    [
      'a node whose name is too long for a label',
      {
        statuses: [a({ node: nodeLabelValue(LONG_NODE), status: { node: LONG_NODE } })],
        nodes: [node(LONG_NODE)],
      },
      'settled',
      'Announced',
      LONG_NODE,
    ],
    [
      'a node with several statuses',
      { statuses: [a(), a({ name: 'l2-ccccc', created: 5 })] },
      'settled',
      'Duplicates',
      'node-a',
    ],
    [
      'the living of two, though its status is older',
      { statuses: [a(), b({ created: 500 })], nodes: [node('node-a'), node('node-b', 'Unknown')] },
      'settled',
      'OthersDead',
      'node-a',
    ],
    [
      'the one that has taken over from a node that was removed',
      { statuses: [a(), b({ created: 500 })], nodes: [node('node-b')] },
      'settled',
      'OthersDead',
      'node-b',
    ],
    [
      'the one that has claimed it a moment ago',
      { statuses: [a({ status: 'none', created: NOW_SECONDS - 1 })] },
      'moving',
      'StatusNotWritten',
      'node-a',
    ],
    [
      'an empty status like none',
      { statuses: [{ ...a({ created: NOW_SECONDS - 1 }), status: {} }] },
      'moving',
      'StatusNotWritten',
      'node-a',
    ],
    [
      'the one that claimed it long ago and never said more',
      { statuses: [a({ status: 'none' })] },
      'stale',
      'StatusNotWritten',
      'node-a',
    ],
    [
      'the one that has written its label over that of another',
      { statuses: [b({ status: { node: 'node-a' } })] },
      'moving',
      'TakeOver',
      'node-b',
    ],
    [
      'the one of the label, while upstream cannot change the status a dead node left',
      { statuses: [b({ status: { node: 'node-a' } })], nodes: [node('node-b')] },
      'moving',
      'TakeOver',
      'node-b',
    ],
    [
      'the one before, when the one that was taking over is gone as well',
      { statuses: [b({ status: { node: 'node-a' } })], nodes: [node('node-a')] },
      'stale',
      'NodeGone',
      'node-a',
    ],
    [
      'the later of two that have just changed places',
      { statuses: [a(), b({ created: NOW_SECONDS - 1 })] },
      'moving',
      'SecondStatus',
      'node-b',
    ],
    [
      'the later of two that both go on',
      { statuses: [a(), b({ created: 500 })] },
      'conflicting',
      'SeveralNodes',
      'node-b',
    ],
    ['one whose node was removed', { statuses: [a()], nodes: [] }, 'stale', 'NodeGone', 'node-a'],
    [
      'one whose node has lost its power',
      { statuses: [a()], nodes: [node('node-a', 'Unknown')], pods: [pod('speaker-a', 'False')] },
      'stale',
      'NodeNotReady',
      'node-a',
    ],
    ['one whose speaker is gone', { statuses: [a()], pods: [] }, 'stale', 'SpeakerGone', 'node-a'],
    [
      'one whose speaker was replaced by another of the same name',
      {
        statuses: [a()],
        pods: [
          {
            ...pod('speaker-a'),
            metadata: { name: 'speaker-a', namespace: 'metallb-system', uid: 'another' },
          },
        ],
      },
      'stale',
      'SpeakerGone',
      'node-a',
    ],
    [
      'one whose speaker is not ready',
      { statuses: [a()], pods: [pod('speaker-a', 'False')] },
      'stale',
      'SpeakerNotReady',
      'node-a',
    ],
    [
      'the latest of several dead ones',
      { statuses: [a(), b({ created: 5 })], nodes: [] },
      'stale',
      'NodeGone',
      'node-b',
    ],
  ])('is %s', async (_what, world, certainty, reason, expected) => {
    const answer = await setUp(world).client.whoAnnounces(WEB);
    expect(answer).toMatchObject({ service: WEB, certainty, reason, unchecked: [] });
    expect(answer.node).toBe(expected);
    if (expected !== undefined) expect(answer.why).toContain(expected.slice(0, 20));
  });

  it('comes with what the status says, and with what the others say', async () => {
    const status = {
      interfaces: [{ name: 'eth0' }],
      addresses: ['192.0.2.1'],
      announcedSince: '2026-01-02T03:04:05Z',
    };
    const { client } = setUp({ statuses: [a(), b({ created: 500, status })] });
    expect(await client.whoAnnounces(WEB)).toEqual({
      service: WEB,
      node: 'node-b',
      interfaces: ['eth0'],
      addresses: ['192.0.2.1'],
      since: new Date('2026-01-02T03:04:05Z'),
      object: { namespace: 'metallb-system', name: 'l2-bbbbb' },
      certainty: 'conflicting',
      reason: 'SeveralNodes',
      why: 'node-b and node-a all say that they announce the service',
      unchecked: [],
      others: [expect.objectContaining({ node: 'node-a' })],
    });
  });

  it('does not pass off interfaces and time of the node before for those of the one taking over', async () => {
    const status = { node: 'node-a', interfaces: [{ name: 'eth7' }], addresses: ['192.0.2.1'] };
    const answer = await setUp({ statuses: [b({ status })] }).client.whoAnnounces(WEB);
    expect(answer).toMatchObject({ node: 'node-b', interfaces: [], addresses: ['192.0.2.1'] });
    expect(answer).not.toHaveProperty('since');
  });

  it('finds the whole name of a node from its speaker, where the label holds only part of it', async () => {
    const statuses = [a({ node: nodeLabelValue(LONG_NODE), status: 'none', created: NOW_SECONDS - 1 })];
    const world = { statuses, nodes: [node(LONG_NODE)] };
    const known = setUp({ ...world, pods: [pod('speaker-a', 'True', LONG_NODE)] });
    expect(await known.client.whoAnnounces(WEB)).toMatchObject({ certainty: 'moving', unchecked: [] });
    const unknown = setUp({
      ...world,
      statuses: [{ ...statuses[0]!, metadata: { ...statuses[0]!.metadata, ownerReferences: [] } }],
    });
    expect(await unknown.client.whoAnnounces(WEB)).toMatchObject({
      certainty: 'moving',
      unchecked: ['node', 'speaker'],
    });
  });

  it('says less, but says it, where nodes and pods may not be read', async () => {
    const { api, client } = setUp({ statuses: [a()], nodes: [], pods: [] });
    const forbidden = new KubeError('Forbidden', 'no', { operation: 'get' });
    api.fault = ({ verb }) => (verb === 'get' ? { refuse: forbidden } : undefined);
    expect(await client.whoAnnounces(WEB)).toMatchObject({
      node: 'node-a',
      certainty: 'settled',
      unchecked: ['node', 'speaker'],
    });
  });

  it('fails with the service it was asked about', async () => {
    const { api, client } = setUp({ statuses: [a()] });
    const cause = new KubeError('ServerError', 'boom', { operation: 'get nodes node-a' });
    api.fault = ({ type }) => (type === NODES ? { refuse: cause } : undefined);
    await expect(client.whoAnnounces(WEB)).rejects.toMatchObject({
      code: 'Failed',
      service: WEB,
      message: 'demo/web: get nodes node-a: boom',
    });
  });

  it.each([
    { namespace: 'demo', name: 'web,app!=x' },
    { namespace: '', name: 'web' },
    { namespace: 'demo' } as never,
  ])('is not asked of the service %j', async (service) => {
    const { api, client } = setUp({});
    await expect(client.whoAnnounces(service)).rejects.toMatchObject({ code: 'InvalidArgument', service });
    await expect(client.get(service)).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(client.watch({ service }).next()).rejects.toMatchObject({ code: 'InvalidArgument' });
    expect(api.calls).toEqual([]);
  });
});
