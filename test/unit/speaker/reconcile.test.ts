import { takeSnapshot } from '../../../speaker/src/cluster/snapshot.js';
import { addressTable, decideAnnouncements } from '../../../speaker/src/reconcile.js';
import { advertisement, node, pool, service, slice } from './fixtures.ts';

const NODES = ['iris1', 'iris2', 'iris3'];

function snapshotOf(services = [service('web', ['10.20.30.1']), service('db', ['10.20.30.2'])]) {
  return takeSnapshot({
    services,
    endpointSlices: services.map(({ metadata }) => slice(metadata.name ?? '', NODES)),
    nodes: NODES.map((name) => node(name)),
    pools: [pool('main', ['10.20.30.0/24'])],
    advertisements: [advertisement('all')],
  });
}

describe('decideAnnouncements', () => {
  it('has each service announced by exactly one node, the one upstream elects', () => {
    const snapshot = snapshotOf();
    const verdicts = NODES.map((name) => {
      const mine = decideAnnouncements(snapshot, new Set(NODES), name);
      return [...mine.values()].map(({ kind }) => kind);
    });
    expect(verdicts).toEqual([
      ['elsewhere', 'announce'],
      ['elsewhere', 'elsewhere'],
      ['announce', 'elsewhere'],
    ]);
  });

  it('moves a service to the next in order when its node is no member any more', () => {
    const verdicts = decideAnnouncements(snapshotOf(), new Set(['iris1', 'iris2']), 'iris2');
    expect(verdicts.get('default/web')).toEqual({
      kind: 'announce',
      service: { namespace: 'default', name: 'web' },
      addresses: ['10.20.30.1'],
      interfaces: 'all',
    });
  });

  it('says why not for each service that is not announced here', () => {
    const snapshot = snapshotOf([service('web', ['10.20.30.1']), service('new', [])]);
    const reasons = (members: string[], name: string) =>
      [...decideAnnouncements(snapshot, new Set(members), name).values()].map((verdict) =>
        verdict.kind === 'announce' ? 'announced' : verdict.reason,
      );
    expect(reasons(NODES, 'iris1')).toEqual(['notOwner', 'noIPAllocated']);
    expect(reasons(['iris2'], 'iris1')).toEqual(['notMember', 'noIPAllocated']);
    expect(reasons(NODES, 'not-yet-a-node')).toEqual(['notMember', 'noIPAllocated']);
  });

  it('announces an address that services share from one node only', () => {
    // Both have local endpoints only, which no single node has of both but iris2.
    const local = { externalTrafficPolicy: 'Local' } as const;
    const services = [service('web', ['10.20.30.1'], local), service('api', ['10.20.30.1'], local)];
    const decide = (endpoints: Record<string, string[]>) => {
      const snapshot = takeSnapshot({
        services,
        endpointSlices: Object.entries(endpoints).map(([name, nodes]) => slice(name, nodes)),
        nodes: NODES.map((name) => node(name)),
        pools: [pool('main', ['10.20.30.0/24'])],
        advertisements: [advertisement('all')],
      });
      return NODES.map((name) =>
        [...decideAnnouncements(snapshot, new Set(NODES), name).values()].map((verdict) =>
          verdict.kind === 'announce' ? 'announce' : verdict.reason,
        ),
      );
    };
    expect(decide({ web: ['iris1', 'iris2'], api: ['iris2', 'iris3'] })).toEqual([
      ['notOwner', 'noLocalEndpoint'],
      ['announce', 'announce'],
      ['noLocalEndpoint', 'notOwner'],
    ]);
    expect(decide({ web: ['iris3'], api: ['iris2'] })).toEqual([
      ['noLocalEndpoint', 'sharedAddressElsewhere'],
      ['noLocalEndpoint', 'sharedAddressElsewhere'],
      ['announce', 'sharedAddressElsewhere'],
    ]);
  });

  it('elects the node an advertisement prefers, as long as it lives', () => {
    const snapshot = takeSnapshot({
      services: [service('web', ['10.20.30.1'])],
      endpointSlices: [slice('web', NODES)],
      nodes: NODES.map((name) => node(name, { labels: { zone: name === 'iris2' ? 'near' : 'far' } })),
      pools: [pool('main', ['10.20.30.0/24'])],
      advertisements: [
        advertisement('near', {
          preferredNodeSelectors: [{ weight: 10, preference: { matchLabels: { zone: 'near' } } }],
        }),
      ],
    });
    const kind = (members: string[], name: string) =>
      decideAnnouncements(snapshot, new Set(members), name).get('default/web')?.kind;
    expect(kind(NODES, 'iris2')).toBe('announce');
    expect(kind(['iris1', 'iris3'], 'iris3')).toBe('announce');
  });

  it('announces services of its own class alone', () => {
    const snapshot = takeSnapshot({
      services: [
        service('web', ['10.20.30.1']),
        service('ours', ['10.20.30.1'], { loadBalancerClass: 'example.com/l2' }),
      ],
      endpointSlices: ['web', 'ours'].map((name) => slice(name, NODES)),
      nodes: NODES.map((name) => node(name)),
      pools: [pool('main', ['10.20.30.0/24'])],
      advertisements: [advertisement('all')],
      loadBalancerClass: 'example.com/l2',
    });
    const verdicts = decideAnnouncements(snapshot, new Set(NODES), 'iris3');
    expect(verdicts.get('default/ours')?.kind).toBe('announce');
    expect(verdicts.get('default/web')).toMatchObject({ kind: 'nowhere', reason: 'otherLoadBalancerClass' });
  });

  it('does not look at services of other types', () => {
    const snapshot = snapshotOf([service('inner', ['10.20.30.1'], { type: 'ClusterIP' })]);
    expect(decideAnnouncements(snapshot, new Set(NODES), 'iris3').size).toBe(0);
  });
});

describe('addressTable', () => {
  it('answers for a shared address on the interfaces of all who share it', () => {
    const announce = (interfaces: 'all' | string[], address = '10.0.0.1') => ({
      kind: 'announce' as const,
      service: { namespace: 'default', name: 'web' },
      addresses: [address],
      interfaces,
    });
    const table = addressTable([
      announce(['eth1']),
      announce(['eth0', 'eth1']),
      announce(['eth0'], '10.0.0.2'),
      announce('all', '10.0.0.2'),
    ]);
    expect(Object.fromEntries(table)).toEqual({ '10.0.0.1': ['eth0', 'eth1'], '10.0.0.2': 'all' });
  });
});
