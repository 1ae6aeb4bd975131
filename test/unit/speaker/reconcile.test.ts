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
