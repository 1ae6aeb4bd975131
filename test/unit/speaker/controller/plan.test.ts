import type { Namespace, Service } from '@metallb-l2/sdk/kube';
import type { IPAddressPool } from '@metallb-l2/sdk/models';
import { planAddresses, type Snapshot } from '../../../../speaker/src/controller/plan.js';
import { pool, service, type ServiceSketch } from './fixtures.ts';

const FROM_POOL = 'metallb.io/ip-allocated-from-pool';

/** Each decision in a line: what is written, and what is said. */
function decisions(
  services: readonly Service[],
  pools: readonly IPAddressPool[],
  more: Pick<Snapshot, 'namespaces' | 'settled'> = {},
): string[] {
  const plan = planAddresses({ services, pools, ...more });
  return plan.decisions.map(({ service: seen, write, notices, standing }) => {
    const ingress = write?.status?.loadBalancer?.ingress?.map(({ ip }) => ip).join(' ') ?? 'nothing';
    const from = write?.metadata.annotations?.[FROM_POOL] ?? 'no pool';
    const written = write === undefined ? 'no write' : `${ingress} from ${from}`;
    return [
      `${seen.metadata.name ?? ''}: ${written}`,
      ...[...notices, ...(standing ? [standing] : [])].map(({ reason, message }) => `${reason} ${message}`),
    ].join('; ');
  });
}

const held = (name: string, ip: string, from: string, sketch: ServiceSketch = {}) =>
  service(name, { ...sketch, ingress: [ip], annotations: { ...sketch.annotations, [FROM_POOL]: from } });

const production = pool('production', ['10.0.0.1-10.0.0.3']);

describe('a plan', () => {
  it('gives waiting services addresses, the oldest first', () => {
    const services = [service('b', { age: 2 }), service('a', { age: 2 }), service('old', { age: 1 })];
    expect(decisions(services, [production])).toEqual([
      'old: 10.0.0.1 from production; IPAllocated Assigned IP ["10.0.0.1"]',
      'a: 10.0.0.2 from production; IPAllocated Assigned IP ["10.0.0.2"]',
      'b: 10.0.0.3 from production; IPAllocated Assigned IP ["10.0.0.3"]',
    ]);
  });

  it('keeps what is held before it gives anything out, even to an older service', () => {
    const services = [service('waiting', { age: 1 }), held('young', '10.0.0.1', 'production', { age: 9 })];
    expect(decisions(services, [production])).toEqual([
      'waiting: 10.0.0.2 from production; IPAllocated Assigned IP ["10.0.0.2"]',
    ]);
  });

  it('has nothing to do when everything is as it should be', () => {
    expect(decisions([held('a', '10.0.0.1', 'production')], [production])).toEqual([]);
  });

  it('adopts an address that another controller gave if a pool has it, and writes the pool', () => {
    expect(decisions([service('a', { ingress: ['10.0.0.3'] })], [production])).toEqual([
      'a: 10.0.0.3 from production',
    ]);
  });

  it('keeps fields of the status that it does not know', () => {
    const adopted = service('a', { ingress: ['10.0.0.3'] });
    adopted.status = {
      loadBalancer: { ingress: [{ ip: '10.0.0.3', ipMode: 'VIP' }] },
      conditions: [{ type: 'Custom', status: 'True' }],
    };
    expect(planAddresses({ services: [adopted], pools: [production] }).decisions[0]?.write?.status).toEqual(
      adopted.status,
    );
  });

  it('replaces an address that no pool has any more, in one write', () => {
    expect(decisions([held('a', '10.9.9.9', 'gone')], [production])).toEqual([
      'a: 10.0.0.1 from production; ClearAssignment current IP for "default/a" not allowed by config, will attempt for new IP assignment: ["10.9.9.9"] is not allowed in config; IPAllocated Assigned IP ["10.0.0.1"]',
    ]);
  });

  it('does not give away an address that is being lost before the cluster says it is free', () => {
    const small = pool('small', ['10.0.0.1/32']);
    const mover = held('mover', '10.0.0.1', 'small', {
      age: 1,
      annotations: { 'metallb.io/address-pool': 'other' },
    });
    const [moved, waits] = decisions(
      [mover, service('waits', { age: 2 })],
      [small, pool('other', ['10.0.1.1/32'], { autoAssign: false })],
    );
    expect(moved).toBe('mover: 10.0.1.1 from other; IPAllocated Assigned IP ["10.0.1.1"]');
    expect(waits).toBe(
      'waits: no write; AllocationFailed Failed to allocate IP for "default/waits": no available IPs',
    );
  });

  it('leaves an address to the older of two services that both hold it', () => {
    const services = [
      held('young', '10.0.0.1', 'production', { age: 2 }),
      held('old', '10.0.0.1', 'production', { age: 1 }),
    ];
    expect(decisions(services, [production])).toEqual([
      expect.stringMatching(
        /^young: 10\.0\.0\.2 from production; ClearAssignment .*address also in use by default\/old/,
      ),
    ]);
  });

  it('moves a service to the address or the pool it asks for', () => {
    const pools = [production, pool('other', ['10.0.1.0/24'], { autoAssign: false })];
    const services = [
      held('address', '10.0.0.1', 'production', {
        annotations: { 'metallb.io/loadBalancerIPs': '10.0.1.9' },
      }),
      held('field', '10.0.0.2', 'production', { spec: { loadBalancerIP: '10.0.1.8' } }),
      held('pool', '10.0.0.3', 'production', { annotations: { 'metallb.io/address-pool': 'other' } }),
    ];
    expect(decisions(services, pools).map((line) => line.split(';')[0])).toEqual([
      'address: 10.0.1.9 from other',
      'field: 10.0.1.8 from other',
      'pool: 10.0.1.0 from other',
    ]);
  });

  it('honours annotations under their deprecated names, and writes only the new one', () => {
    const old = service('a', {
      ingress: ['10.0.0.2'],
      annotations: {
        'metallb.universe.tf/loadBalancerIPs': '10.0.0.2',
        'metallb.universe.tf/ip-allocated-from-pool': 'production',
      },
    });
    const [decision] = planAddresses({ services: [old], pools: [production] }).decisions;
    expect(decision?.write?.metadata.annotations).toEqual({
      'metallb.universe.tf/loadBalancerIPs': '10.0.0.2',
      [FROM_POOL]: 'production',
    });
  });

  it.each([
    [
      'both ways of asking at once',
      { annotations: { 'metallb.io/loadBalancerIPs': '10.0.0.2' }, spec: { loadBalancerIP: '10.0.0.2' } },
      'service can not have both metallb.io/loadBalancerIPs and svc.Spec.LoadBalancerIP',
    ],
    [
      'no address',
      { annotations: { 'metallb.io/loadBalancerIPs': 'web' } },
      'invalid metallb.io/loadBalancerIPs: "web"',
    ],
    ['no address in the field', { spec: { loadBalancerIP: 'web' } }, 'invalid spec.loadBalancerIP "web"'],
    [
      'two of one family',
      { annotations: { 'metallb.io/loadBalancerIPs': '10.0.0.2, 10.0.0.3' } },
      '["10.0.0.2" "10.0.0.3"] has the same family',
    ],
    [
      'three addresses',
      { annotations: { 'metallb.io/loadBalancerIPs': '10.0.0.2,10.0.0.3,::1' } },
      'more than two addresses ["10.0.0.2" "10.0.0.3" "::1"]',
    ],
  ] satisfies [string, ServiceSketch, string][])(
    'refuses a request that is %s, and takes nothing away',
    (_, sketch, why) => {
      expect(decisions([service('new', sketch)], [production])).toEqual([
        `new: no write; AllocationFailed Failed to allocate IP for "default/new": ${why}`,
      ]);
      expect(
        decisions(
          [held('has', '10.0.0.1', 'production', sketch), service('other', { age: 5 })],
          [production],
        ),
      ).toEqual([
        `has: no write; LoadBalancerFailed invalid requested loadbalancer IPs: ${why}`,
        'other: 10.0.0.2 from production; IPAllocated Assigned IP ["10.0.0.2"]',
      ]);
    },
  );

  it('clears a service that is no load balancer any more, and only if it was ours', () => {
    const services = [
      held('ours', '10.0.0.1', 'production', { spec: { type: 'ClusterIP' } }),
      service('foreign', { spec: { type: 'ClusterIP' }, ingress: ['10.0.0.2'] }),
    ];
    expect(decisions(services, [production])).toEqual(['ours: nothing from no pool']);
  });

  it('leaves services with a load balancer class alone', () => {
    const classy = service('classy', {
      spec: { loadBalancerClass: 'example.com/other' },
      ingress: ['10.0.0.1'],
    });
    expect(decisions([classy], [production])).toEqual([]);
  });

  it('gives nobody an address that a service of another class has, nor takes it from one that has it too', () => {
    const theirs = { spec: { loadBalancerClass: 'example.com/other' }, ingress: ['10.0.0.1'] };
    const key = { 'metallb.io/allow-shared-ip': 'k' };
    const classy = service('classy', { ...theirs, annotations: key });
    const port = { ports: [{ port: 443 }] };
    const asks = { ...key, 'metallb.io/loadBalancerIPs': '10.0.0.1' };
    expect(
      decisions(
        [
          classy,
          service('new', { age: 1 }),
          service('sharer', { age: 2, annotations: key, spec: port }),
          service('asks', { age: 3, annotations: asks, spec: port }),
        ],
        [production],
      ).map((line) => line.split(';')[0]),
    ).toEqual(['new: 10.0.0.2 from production', 'sharer: 10.0.0.3 from production', 'asks: no write']);
    expect(decisions([classy, held('has', '10.0.0.1', 'production')], [production])).toEqual([]);
  });

  it('serves the services of its class, and then no others', () => {
    const services = [
      service('classy', { spec: { loadBalancerClass: 'example.com/l2' } }),
      service('plain'),
      service('other', { spec: { loadBalancerClass: 'example.com/other' } }),
    ];
    const { decisions: made } = planAddresses({
      services,
      pools: [production],
      loadBalancerClass: 'example.com/l2',
    });
    expect(made.map(({ service: { metadata } }) => metadata.name)).toEqual(['classy']);
  });

  it('gives nothing new to a service that is being deleted, nor its address to another', () => {
    const services = [
      service('leaving', { deleting: true }),
      held('holding', '10.0.0.1', 'production', { deleting: true }),
      service('new', { age: 5 }),
    ];
    expect(decisions(services, [production])).toEqual([
      'new: 10.0.0.2 from production; IPAllocated Assigned IP ["10.0.0.2"]',
    ]);
  });

  it('lets services keep addresses of a pool that an edit has broken, and gives out none of it', () => {
    const broken = pool('broken', ['10.0.5.0/33']);
    const services = [
      held('keeps', '10.0.5.1', 'broken'),
      service('asks', { annotations: { 'metallb.io/address-pool': 'broken' } }),
    ];
    expect(decisions(services, [broken, production])).toEqual([
      'asks: no write; AllocationFailed Failed to allocate IP for "default/asks": unknown pool "broken"',
    ]);
  });

  it('says which cluster addresses are missing', () => {
    const services = [
      service('none', { spec: { clusterIP: 'None', clusterIPs: ['None'] } }),
      service('single', { spec: { ipFamilyPolicy: 'RequireDualStack' } }),
    ];
    expect(decisions(services, [production])).toEqual([
      'none: no write; noclusterIPsIPFamily Failed to retrieve ClusterIPs IPFamily for ["None"] None: IPFamilyForAddresses: Invalid address ["None"]',
      'single: no write; not enough clusterips Service requires dual stack but not enough clusterips [10.96.0.1]',
    ]);
  });

  it('replaces an address of the wrong family', () => {
    const dual = pool('dual', ['10.0.0.1/32', '2001:db8::1/128']);
    const wrong = held('wrong', '10.0.0.2', 'dual', {
      spec: { clusterIP: 'fd00::2', clusterIPs: ['fd00::2'] },
    });
    expect(decisions([wrong], [dual])).toEqual([
      'wrong: 2001:db8::1 from dual; IPAllocated Assigned IP ["2001:db8::1"]',
    ]);
  });

  it('gives back to a service the address it has, when it needs another beside it', () => {
    const both = held('both', '10.0.0.1', 'dual', {
      spec: { clusterIPs: ['10.96.0.1', 'fd00::1'], ipFamilyPolicy: 'RequireDualStack' },
    });
    expect(decisions([both], [pool('dual', ['10.0.0.1/32', '2001:db8::1/128'])])).toEqual([
      'both: 10.0.0.1 2001:db8::1 from dual; IPAllocated Assigned IP ["10.0.0.1" "2001:db8::1"]',
    ]);
  });

  it.each([
    ['dual-stack', '10.0.0.2', ['10.96.0.1', 'fd00::1'], 'RequireDualStack', '10.0.0.2 2001:db8::'],
    ['single-stack', '10.0.0.2 2001:db8::2', ['10.96.0.1'], 'SingleStack', '10.0.0.2'],
    ['single-stack', '10.0.0.2 2001:db8::2', ['fd00::1'], 'SingleStack', '2001:db8::2'],
  ] as const)(
    'leaves a service that becomes %s what it has of the families it needs (%s)',
    (_, has, ips, ipFamilyPolicy, gets) => {
      const changed = service('changed', {
        ingress: has.split(' '),
        annotations: { [FROM_POOL]: 'dual' },
        spec: { clusterIPs: [...ips], ipFamilyPolicy },
      });
      const dual = pool('dual', ['10.0.0.0/24', '2001:db8::/64']);
      const before = pool('another', ['10.0.1.0/24', '2001:db8:1::/64']);
      expect(decisions([changed], [before, dual])[0]?.split(';')[0]).toBe(`changed: ${gets} from dual`);
    },
  );

  it('says which addresses of a status cannot be together, and gives others', () => {
    const odd = service('odd', { ingress: ['10.0.0.1', '10.0.0.2'] });
    expect(decisions([odd], [production])).toEqual([
      'odd: 10.0.0.1 from production; nolbIPsIPFamily Failed to retrieve LBIPs IPFamily for ["10.0.0.1" "10.0.0.2"]: IPFamilyForAddresses: same address family ["10.0.0.1" "10.0.0.2"]; IPAllocated Assigned IP ["10.0.0.1"]',
    ]);
  });

  it('warns of deprecated annotations whenever it changes the service, not of one that a controller wrote', () => {
    const annotations = {
      'metallb.universe.tf/address-pool': 'production',
      'metallb.universe.tf/allow-shared-ip': 'key',
      'metallb.universe.tf/ip-allocated-from-pool': 'production',
    };
    expect(decisions([service('old', { annotations })], [production])).toEqual([
      [
        'old: 10.0.0.1 from production',
        'IPAllocated Assigned IP ["10.0.0.1"]',
        'deprecatedAnnotation Service uses deprecated annotation metallb.universe.tf/address-pool',
        'deprecatedAnnotation Service uses deprecated annotation metallb.universe.tf/allow-shared-ip',
      ].join('; '),
    ]);
    const { [`metallb.universe.tf/ip-allocated-from-pool`]: _, ...asked } = annotations;
    expect(decisions([held('old', '10.0.0.1', 'production', { annotations: asked })], [production])).toEqual(
      [],
    );
  });
});

describe('a service that prefers two families', () => {
  const spec = { clusterIPs: ['10.96.0.1', 'fd00::1'], ipFamilyPolicy: 'PreferDualStack' as const };
  const dual = pool('dual', ['10.0.0.0/30', '2001:db8::/126']);
  const having = (sketch: ServiceSketch = {}) => held('prefers', '10.0.0.1', 'dual', { spec, ...sketch });

  it('gets the second address from the pool of the first, behind it, once there is one', () => {
    expect(decisions([having()], [dual, pool('another', ['2001:db8:1::/64'])])).toEqual([
      'prefers: 10.0.0.1 2001:db8:: from dual; IPAllocated Assigned additional IP "2001:db8::"',
    ]);
    const v6 = held('prefers', '2001:db8::1', 'dual', { spec });
    expect(decisions([v6], [dual])).toEqual([
      'prefers: 2001:db8::1 10.0.0.0 from dual; IPAllocated Assigned additional IP "10.0.0.0"',
    ]);
  });

  it('keeps its one address while the pool has no second, and that is said', () => {
    const single = pool('dual', ['10.0.0.0/30']);
    const said = (why: string) => [
      `prefers: no write; AdditionalAssignFailed cannot assign additional IP in PreferDualStack: ${why}`,
    ];
    const other = pool('another', ['2001:db8:1::/64']);
    expect(decisions([having()], [single, other])).toEqual(
      said('no available IPs in pool dual for ipv6 IPFamily'),
    );
    const full = pool('dual', ['10.0.0.1/32']);
    expect(decisions([having()], [full])).toEqual(said('no available IPs in pool dual for ipv6 IPFamily'));
  });

  it('comes after those that have none', () => {
    const last = pool('dual', ['10.0.0.0/30', '2001:db8::1/128']);
    const waits = service('waits', { age: 9, spec: { clusterIPs: ['fd00::2'] } });
    expect(decisions([having(), waits], [last])).toEqual([
      'waits: 2001:db8::1 from dual; IPAllocated Assigned IP ["2001:db8::1"]',
      expect.stringContaining('prefers: no write; AdditionalAssignFailed'),
    ]);
  });

  it('is left with the one it asks for, with one of a refused pool, and while it is being deleted', () => {
    const asks = having({ annotations: { 'metallb.io/loadBalancerIPs': '10.0.0.1' } });
    expect(decisions([asks], [dual])).toEqual([]);
    expect(decisions([having({ deleting: true })], [dual])).toEqual([]);
    expect(decisions([having()], [pool('dual', ['10.0.0.0/30', '2001:db8::/129'])])).toEqual([]);
  });
});

describe('services that share an address', () => {
  const key = (value: string) => ({ 'metallb.io/allow-shared-ip': value });
  const sharer = (name: string, port: number, age: number, sketch: ServiceSketch = {}) =>
    held(name, '10.0.0.1', 'production', {
      annotations: key('k'),
      age,
      ...sketch,
      spec: { ports: [{ port }], ...sketch.spec },
    });
  const moves = (services: readonly Service[], more = {}) =>
    decisions(services, [production], more).map((line) => line.split(';')[0]);

  it('keep it, also when one of them is alone and changes its key', () => {
    expect(decisions([sharer('a', 80, 1), sharer('b', 443, 2)], [production])).toEqual([]);
    expect(decisions([sharer('a', 80, 1, { annotations: key('new') })], [production])).toEqual([]);
  });

  it.each([
    ['its key', { annotations: key('new') }],
    ['its ports', { spec: { ports: [{ port: 443 }] } }],
    ['its traffic policy', { spec: { externalTrafficPolicy: 'Local', selector: { app: 'a' } } }],
  ] satisfies [string, ServiceSketch][])('lose it when they change %s, whoever is older', (_, change) => {
    const [old, young] = [sharer('old', 80, 1), sharer('young', 443, 2)];
    const { settled } = planAddresses({ services: [old, young], pools: [production] });
    const changed = sharer('old', 80, 1, change);
    expect(moves([changed, young], { settled })).toEqual(['old: 10.0.0.2 from production']);
    // A controller that starts at this moment cannot know who has changed.
    expect(moves([changed, young])).toEqual(['young: 10.0.0.2 from production']);
  });

  it('go on when upstream has let them, though they would not be put together', () => {
    const local = { externalTrafficPolicy: 'Local' as const, selector: { app: 'web' } };
    const here = sharer('here', 80, 1, { namespace: 'here', spec: local });
    const there = sharer('there', 443, 2, { namespace: 'there', spec: { ...local, ports: [{ port: 443 }] } });
    expect(decisions([here, there], [production])).toEqual([]);
    const asks = service('there', {
      namespace: 'there',
      annotations: key('k'),
      spec: { ...local, ports: [{ port: 443 }] },
    });
    expect(moves([here, asks])).toEqual(['there: 10.0.0.2 from production']);
  });

  it('have a pool that an edit has broken no more than any other to themselves', () => {
    const broken = pool('broken', ['10.0.5.0/33']);
    const both = [held('a', '10.0.5.1', 'broken', { age: 1 }), held('b', '10.0.5.1', 'broken', { age: 2 })];
    expect(decisions(both, [broken, production]).map((line) => line.split(';')[0])).toEqual([
      'b: 10.0.0.1 from production',
    ]);
  });
});

describe('pools that are for certain namespaces', () => {
  const tied = pool('tied', ['10.9.0.0/24'], {
    serviceAllocation: { namespaceSelectors: [{ matchLabels: { team: 'red' } }] },
  });
  const labelled = (team: string): Namespace => ({ metadata: { name: 'default', labels: { team } } });

  it('take an address away when the namespace is theirs no more', () => {
    const service = held('a', '10.9.0.1', 'tied');
    expect(decisions([service], [tied, production], { namespaces: [labelled('red')] })).toEqual([]);
    expect(decisions([service], [tied, production], { namespaces: [labelled('blue')] })).toEqual([
      'a: 10.0.0.1 from production; ClearAssignment current IP for "default/a" not allowed by config, will attempt for new IP assignment: pool tied not compatible for ip assignment; IPAllocated Assigned IP ["10.0.0.1"]',
    ]);
  });

  it('wait for a namespace that is not known yet, and give nothing else meanwhile', () => {
    const services = [service('a'), held('b', '10.9.0.1', 'tied', { namespace: 'late' })];
    const late = service('c', { namespace: 'late' });
    const known: Namespace = { metadata: { name: 'default' } };
    expect(decisions([...services, late], [tied, production], { namespaces: [known] })).toEqual([
      'a: 10.0.0.1 from production; IPAllocated Assigned IP ["10.0.0.1"]',
    ]);
    const arrived: Namespace = { metadata: { name: 'late', labels: { team: 'red' } } };
    expect(decisions([late], [tied, production], { namespaces: [known, arrived] })).toEqual([
      'c: 10.9.0.0 from tied; IPAllocated Assigned IP ["10.9.0.0"]',
    ]);
  });

  it('follow a rename, and keep to the rest of a pool that shrinks', () => {
    expect(decisions([held('a', '10.0.0.1', 'gone')], [production])).toEqual(['a: 10.0.0.1 from production']);
    const shrunk = pool('production', ['10.0.0.2-10.0.0.3']);
    const both = [held('a', '10.0.0.1', 'production'), held('b', '10.0.0.2', 'production')];
    expect(decisions(both, [shrunk]).map((line) => line.split(';')[0])).toEqual([
      'a: 10.0.0.3 from production',
    ]);
  });
});
