import { electOwner } from '@metallb-l2/sdk/election';
import type { CheckName, ExplainReason } from '@metallb-l2/sdk';
import { explain } from '../../../../sdk/src/explain/explain.js';
import type { ExplainFacts } from '../../../../sdk/src/explain/facts.js';
import { advertisement, node, pool, service, slice, sliceOf, speakerPod } from '../../speaker/fixtures.ts';
import { controllerPod, event, forbidden, healthy, lease, read, status, waiting, web } from './facts.ts';

interface Case {
  /** What is broken. */
  facts: Partial<ExplainFacts>;
  check: CheckName;
  /** A part of the sentence. */
  says: string;
  announced?: true;
}

const NOTHING = { statuses: read<never>() };
const EXCLUDED = { labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } };
const ASK_POOL = 'metallb.io/address-pool';
const ASK_ADDRESS = 'metallb.io/loadBalancerIPs';

function stockDefinition(): ExplainFacts['statusDefinition'] {
  const { statusDefinition } = healthy();
  const [definition] = structuredClone(statusDefinition.ok ? statusDefinition.items : []);
  const schema = definition?.spec.versions[0]?.schema.openAPIV3Schema.properties?.['status'];
  schema!.properties!['node']!['x-kubernetes-validations'] = [
    { rule: 'self == oldSelf', message: 'Value is immutable' },
  ];
  return read(definition!);
}

const said = (message: string) => read(event('metallb-controller', 'AllocationFailed', message));

/** Each reason with a cluster that has it; the type keeps the table complete. */
const CASES: Record<Exclude<ExplainReason, 'ok'>, Case> = {
  forbidden: {
    facts: { nodes: forbidden('list nodes') },
    check: 'nodes',
    says: 'permission to list nodes',
    announced: true,
  },
  notInstalled: {
    facts: {
      pools: { ok: false, reason: 'notServed', permission: 'list ipaddresspools.metallb.io' },
      ...NOTHING,
    },
    check: 'pool',
    says: 'resource definitions are missing',
  },
  serviceNotFound: {
    facts: { service: read(), ...NOTHING },
    check: 'service',
    says: 'no service default/web',
  },
  notLoadBalancer: {
    facts: { service: read(web({ type: 'NodePort' })), ...NOTHING },
    check: 'type',
    says: 'type NodePort',
  },
  otherLoadBalancerClass: {
    facts: { service: read(web({ loadBalancerClass: 'example.com/other' })), ...NOTHING },
    check: 'class',
    says: 'example.com/other',
  },
  invalidIP: {
    facts: {
      service: read({ ...web(), status: { loadBalancer: { ingress: [{ hostname: 'lb.example.com' }] } } }),
      ...NOTHING,
    },
    check: 'address',
    says: 'lb.example.com, which is not an IP address',
  },
  noClusterIP: {
    facts: waiting({}, { clusterIP: 'None', clusterIPs: ['None'] }),
    check: 'address',
    says: 'clusterIP is None',
  },
  notDualStack: {
    facts: {
      ...waiting(),
      events: said('Service requires dual stack but not enough clusterips [10.96.0.1]'),
    },
    check: 'address',
    says: 'requires dual stack',
  },
  invalidRequest: { facts: waiting({ [ASK_ADDRESS]: '10.0.0' }), check: 'address', says: '"10.0.0"' },
  familyMismatch: {
    facts: waiting({ [ASK_ADDRESS]: 'fd00::1' }),
    check: 'address',
    says: 'asks for fd00::1',
  },
  notInPool: {
    facts: waiting({ [ASK_ADDRESS]: '10.9.9.9' }),
    check: 'address',
    says: '10.9.9.9, which no IPAddressPool has (main: 10.0.0.0/24)',
  },
  otherPool: {
    facts: {
      ...waiting({ [ASK_ADDRESS]: '10.0.0.9', [ASK_POOL]: 'second' }),
      pools: read(pool('main', ['10.0.0.0/24']), pool('second', ['10.1.0.0/24'])),
    },
    check: 'address',
    says: 'IPAddressPool main, and for IPAddressPool second',
  },
  unknownPool: {
    facts: waiting({ [ASK_POOL]: 'prod' }),
    check: 'address',
    says: 'IPAddressPool prod, which is not one of those in namespace metallb-system (main)',
  },
  addressInUse: {
    facts: { ...waiting({ [ASK_ADDRESS]: '10.0.0.9' }), otherServices: read(service('shop', ['10.0.0.9'])) },
    check: 'address',
    says: 'which service default/shop has',
  },
  portInUse: {
    facts: {
      ...waiting(),
      events: said('Failed to allocate IP for "default/web": port TCP/80 is already in use on "10.0.0.1"'),
    },
    check: 'address',
    says: 'the controller says: port TCP/80',
  },
  poolExhausted: {
    facts: {
      ...waiting({ [ASK_POOL]: 'main' }),
      pools: read(pool('main', ['10.0.0.9/32']), pool('second', ['10.1.0.0/24'])),
      otherServices: read(service('shop', ['10.0.0.9'])),
    },
    check: 'address',
    says: 'every address of IPAddressPool main is in use',
  },
  allPoolsExhausted: {
    facts: {
      ...waiting(),
      pools: read(pool('main', ['10.0.0.8-10.0.0.9'])),
      otherServices: read(service('shop', ['10.0.0.8']), service('blog', ['10.0.0.9'])),
    },
    check: 'address',
    says: 'every address of IPAddressPool main is in use',
  },
  noPools: {
    facts: { ...waiting(), pools: read() },
    check: 'address',
    says: 'no IPAddressPool in namespace metallb-system',
  },
  noAutoAssignPool: {
    facts: {
      ...waiting(),
      pools: read({ ...pool('main', []), spec: { addresses: ['10.0.0.0/24'], autoAssign: false } }),
    },
    check: 'address',
    says: 'main has autoAssign: false',
  },
  poolNotAllowed: {
    facts: {
      ...waiting({ [ASK_POOL]: 'main' }),
      pools: read({
        ...pool('main', []),
        spec: { addresses: ['10.0.0.0/24'], serviceAllocation: { namespaces: ['shop'] } },
      }),
    },
    check: 'address',
    says: 'serviceAllocation of IPAddressPool main',
  },
  noPoolOfFamily: {
    facts: waiting({}, { clusterIPs: ['fd00:10::1'] }),
    check: 'address',
    says: 'needs an IPv6 address, and IPAddressPool main has none',
  },
  noController: {
    facts: { ...waiting(), pods: read(speakerPod('a')) },
    check: 'address',
    says: 'no controller pod',
  },
  controllerNotReady: {
    facts: { ...waiting(), pods: read(controllerPod({ ready: false })) },
    check: 'address',
    says: 'the controller (controller-1) is not ready',
  },
  allocationFailed: {
    facts: { ...waiting(), events: said('the moon is full') },
    check: 'address',
    says: 'the moon is full',
  },
  noIPAllocated: { facts: waiting(), check: 'address', says: 'no address yet' },
  ipNotAllowed: {
    facts: { service: read(web({}, { ips: ['172.16.0.1'] })), ...NOTHING },
    check: 'pool',
    says: 'No IPAddressPool in namespace metallb-system has 172.16.0.1 (main)',
  },
  noAdvertisementForPool: {
    facts: { advertisements: read(advertisement('other', { ipAddressPools: ['second'] })), ...NOTHING },
    check: 'advertisement',
    says: 'announces IPAddressPool main (there is other, for other pools)',
  },
  noMatchingAdvertisement: {
    facts: {
      advertisements: read(advertisement('edge', { serviceSelectors: [{ matchLabels: { tier: 'edge' } }] })),
      ...NOTHING,
    },
    check: 'advertisement',
    says: 'edge (tier=edge) do not match its labels (app=web)',
  },
  noEndpoints: {
    facts: { endpointSlices: read(), ...NOTHING },
    check: 'endpoints',
    says: 'matches its selector app=web',
  },
  noServingEndpoints: {
    facts: {
      endpointSlices: read(
        sliceOf('web', [
          {
            addresses: ['10.1.0.1'],
            conditions: { ready: false },
            targetRef: { kind: 'Pod', name: 'web-1' },
          },
        ]),
      ),
      ...NOTHING,
    },
    check: 'endpoints',
    says: 'Its only endpoint is not ready: pod web-1',
  },
  notSelectedByAdvertisement: {
    facts: {
      advertisements: read(advertisement('all', { nodeSelectors: [{ matchLabels: { zone: 'north' } }] })),
      ...NOTHING,
    },
    check: 'nodes',
    says: '(zone=north) match no node (a, b and c)',
  },
  excludedFromLoadBalancers: {
    facts: { nodes: read(node('a', EXCLUDED), node('b', { noNetwork: true })), ...NOTHING },
    check: 'exclusions',
    says: 'excludes a, and the condition NetworkUnavailable holds for b',
  },
  networkUnavailable: {
    facts: { nodes: read(node('a', { noNetwork: true })), ...NOTHING },
    check: 'exclusions',
    says: 'NetworkUnavailable holds for a',
  },
  noSpeakers: {
    facts: { pods: read(controllerPod()), ...NOTHING },
    check: 'speakers',
    says: 'no speaker pod in namespace metallb-system',
  },
  notMember: {
    facts: { pods: read(speakerPod('a', { ready: false }), speakerPod('b', { ending: true })), ...NOTHING },
    check: 'speakers',
    says: 'speaker-a on a is not ready, speaker-b on b ends and c has none',
  },
  noLocalEndpoint: {
    facts: {
      service: read(web({ externalTrafficPolicy: 'Local' })),
      endpointSlices: read(slice('web', ['d'])),
      ...NOTHING,
    },
    check: 'trafficPolicy',
    says: 'its ready endpoints are on d, and only a, b and c may announce it',
  },
  notAnswering: {
    facts: {
      advertisements: read(advertisement('wired', { interfaces: ['eth9'] })),
      events: read(
        event('metallb-speaker', 'nodeAssigned', 'announcing from node "a" with protocol "layer2"', 1),
        event('metallb-speaker', 'announceFailed', 'no interface of assigned node "a" answers', 2),
      ),
      ...NOTHING,
    },
    check: 'interfaces',
    says: 'L2Advertisement wired limits it to interface eth9',
  },
  sharedAddressElsewhere: {
    facts: {
      // c may announce both others, but has no endpoint of this one.
      service: read(
        web({ externalTrafficPolicy: 'Local' }, { annotations: { 'metallb.io/allow-shared-ip': 'k' } }),
      ),
      otherServices: read(
        service('shop', ['10.0.0.1'], { externalTrafficPolicy: 'Local' }),
        service('blog', ['10.0.0.1'], { externalTrafficPolicy: 'Local' }),
        service('own', ['10.0.0.2']),
      ),
      otherEndpointSlices: read(slice('shop', ['c']), slice('blog', ['c'])),
      ...NOTHING,
    },
    check: 'election',
    says: 'It shares 10.0.0.1 with default/shop and default/blog, so one node announces all of them: c is elected, which may not announce this one (only a and b may)',
  },
  statusMissing: { facts: NOTHING, check: 'status', says: 'says that a announces it' },
  statusEmpty: {
    facts: { statuses: read({ metadata: status('a').metadata }) },
    check: 'status',
    says: 'its status is empty',
    announced: true,
  },
  statusImmutable: {
    facts: { statuses: read(status('b')), statusDefinition: stockDefinition() },
    check: 'status',
    says: 'says b although a should announce it, and the CRD',
    announced: true,
  },
  statusOfOtherNode: {
    facts: { statuses: read(status('b')) },
    check: 'status',
    says: 'says that b announces it, while a should',
    announced: true,
  },
  statusOfMissingNode: {
    facts: { statuses: read(status('z')) },
    check: 'status',
    says: 'z announces it, but there is no such node',
  },
  statusOfDeadSpeaker: {
    facts: { statuses: read(status('a')), pods: read(speakerPod('b'), speakerPod('a', { ready: false })) },
    check: 'status',
    says: 'a announces it, but no speaker is ready there',
  },
  nodeSilent: {
    facts: { nodeLeases: read(lease('a', 0), lease('b', 31)) },
    check: 'status',
    says: 'says that a announces it on eth0, but a has given no sign of life for 31 s',
    announced: true,
  },
  statusLeftOver: {
    facts: { endpointSlices: read() },
    check: 'status',
    says: 'still says that a announces it',
    announced: true,
  },
  conflictingStatuses: {
    facts: { statuses: read(status('b'), status('a')) },
    check: 'status',
    says: 'a in a-x7k2p and b in b-x7k2p',
    announced: true,
  },
  duplicateStatuses: {
    facts: {
      statuses: read(status('a'), {
        ...status('a'),
        metadata: { ...status('a').metadata, name: 'a-second' },
      }),
    },
    check: 'status',
    says: 'a-second and a-x7k2p',
    announced: true,
  },
};

describe('explaining a service that is announced', () => {
  it('passes every check and names the node', () => {
    const explanation = explain(healthy());
    expect(explanation.checks.filter(({ ok }) => ok !== true)).toEqual([]);
    expect(explanation.checks.map(({ check }) => check)).toEqual([
      'service',
      'type',
      'class',
      'address',
      'pool',
      'advertisement',
      'endpoints',
      'nodes',
      'exclusions',
      'speakers',
      'election',
      'status',
    ]);
    expect(explanation).toMatchObject({ announced: true, node: electOwner(['a', 'b', 'c'], '10.0.0.1') });
    expect(explanation.verdict).toBe(
      'default/web is announced by a. ServiceL2Status a-x7k2p says that a announces it on eth0.',
    );
  });

  it('is content with nodes that are left out as long as one remains', () => {
    const nodes = read(node('b', EXCLUDED), node('a'), node('c', { noNetwork: true }));
    const { checks, announced } = explain(healthy({ nodes }));
    expect(announced).toBe(true);
    expect(checks.find(({ check }) => check === 'exclusions')).toMatchObject({ ok: true });
  });

  it('says of two statuses which node should announce', () => {
    expect(explain(healthy({ statuses: read(status('b'), status('a')) })).node).toBe('a');
  });

  it('says of a status whose label names another node that this one should announce', () => {
    const { checks } = explain(healthy({ statuses: read(status('b', { node: 'a' })) }));
    expect(checks.find(({ check }) => check === 'status')).toMatchObject({
      reason: 'statusOfOtherNode',
      message: 'ServiceL2Status b-x7k2p says that a announces it, while b should.',
    });
  });

  it('does not hold an old failure of the speaker against a status', () => {
    const events = read(
      event('metallb-speaker', 'announceFailed', 'no interface of assigned node "a" answers'),
    );
    expect(explain(healthy({ events })).checks.filter(({ ok }) => ok !== true)).toEqual([]);
  });

  it('does not take for its own what was said of a service of the same name before', () => {
    const facts = waiting();
    const [object] = facts.service.items;
    const service = read({ ...object!, metadata: { ...object!.metadata, uid: 'new' } });
    const about = (uid?: string) => {
      const failure = event('metallb-controller', 'AllocationFailed', 'the moon is full');
      const involvedObject = { ...failure.involvedObject, ...(uid !== undefined && { uid }) };
      const { checks } = explain(
        healthy({ ...facts, service, events: read({ ...failure, involvedObject }) }),
      );
      return checks.find(({ check }) => check === 'address')?.reason;
    };
    expect([about('old'), about('new'), about()]).toEqual([
      'noIPAllocated',
      'allocationFailed',
      'allocationFailed',
    ]);
  });

  it('names an advertisement that is there, but cannot be understood', () => {
    const nodeSelectors = [{ matchExpressions: [{ key: 'zone', operator: 'Near' }] }];
    const advertisements = read(advertisement('odd', { nodeSelectors }));
    const { checks } = explain(healthy({ advertisements, ...NOTHING }));
    const found = checks.find(({ ok }) => ok === false);
    expect(found?.message).toContain(
      '(there is none). L2Advertisement odd is left out: label "zone": operator "Near"',
    );
    expect(found?.remedy).toContain('Correct L2Advertisement odd');
  });

  it('can be said from the status alone', () => {
    const service = forbidden('get services in namespace default');
    const { announced, node: announcing, checks } = explain(healthy({ service }));
    expect({ announced, announcing }).toEqual({ announced: true, announcing: 'a' });
    expect(checks[0]).toMatchObject({ ok: 'unknown', reason: 'forbidden' });
  });
});

describe('explaining a service beside speakers of upstream with flags', () => {
  const withArgs = (...args: string[]) => {
    const speakers = ['a', 'b', 'c'].map((name) => {
      const pod = speakerPod(name);
      return { ...pod, spec: { ...pod.spec, containers: [{ name: 'speaker', args }] } };
    });
    return { pods: read(controllerPod(), ...speakers) };
  };
  const classOf = (facts: Partial<ExplainFacts>) =>
    explain(healthy(facts)).checks.find(({ check }) => check === 'class')?.ok;

  it('takes the class they serve for theirs, and no other', () => {
    const facts = withArgs('--port=9120', '--lb-class=metallb');
    const ofClass = (loadBalancerClass: string) => ({ service: read(web({ loadBalancerClass })) });
    expect(classOf({ ...facts, ...ofClass('metallb') })).toBe(true);
    expect(classOf({ ...facts, ...ofClass('other') })).toBe(false);
    expect(classOf(facts)).toBe(false);
    expect(classOf({ ...withArgs('--lb-class', 'metallb', '--port=1'), ...ofClass('metallb') })).toBe(true);
  });

  it('reads the class of our speakers in their environment', () => {
    const speaker = speakerPod('a');
    const env = [{ name: 'METALLB_LB_CLASS', value: 'metallb' }];
    const facts = {
      pods: read({ ...speaker, spec: { ...speaker.spec, containers: [{ name: 'speaker', env }] } }),
    };
    expect(classOf({ ...facts, service: read(web({ loadBalancerClass: 'metallb' })) })).toBe(true);
    expect(classOf(facts)).toBe(false);
  });

  it('does not say whom a class belongs to when their pods may not be read', () => {
    const pods = forbidden('list pods in namespace metallb-system');
    const service = read(web({ loadBalancerClass: 'metallb' }));
    const { announced, checks } = explain(healthy({ pods, service }));
    expect(announced).toBe(true);
    expect(checks.filter(({ ok }) => ok === false)).toEqual([]);
    expect(checks.filter(({ ok }) => ok === 'unknown').map(({ check }) => check)).toEqual([
      'class',
      'speakers',
    ]);
    expect(classOf({ pods })).toBe(true);
  });

  it('counts excluded nodes in where they do', () => {
    const nodes = read(node('a', EXCLUDED), node('b', EXCLUDED), node('c', EXCLUDED));
    expect(explain(healthy({ ...withArgs('--ignore-exclude-lb=true'), nodes })).announced).toBe(true);
    expect(explain(healthy({ nodes })).checks.find(({ ok }) => ok === false)?.check).toBe('exclusions');
    const { checks } = explain(healthy({ ...withArgs('--ignore-exclude-lb'), nodes }));
    expect(checks.filter(({ ok }) => ok !== true)).toEqual([]);
    const shared = {
      service: read(web({}, { annotations: { 'metallb.io/allow-shared-ip': 'k' } })),
      otherServices: read(service('shop', ['10.0.0.1'])),
      otherEndpointSlices: read(slice('shop', ['a', 'b', 'c'])),
      nodes: read(node('a', EXCLUDED), node('b'), node('c')),
    };
    const together = explain(healthy({ ...withArgs('--ignore-exclude-lb'), ...shared }));
    expect(together.checks.filter(({ ok }) => ok !== true)).toEqual([]);
  });
});

describe('explaining a service that asks for a pool for namespaces with certain labels', () => {
  const spec = {
    addresses: ['10.0.0.0/24'],
    serviceAllocation: { namespaceSelectors: [{ matchLabels: { team: 'red' } }] },
  };
  const reasonIn = (serviceNamespace: ExplainFacts['serviceNamespace']) => {
    const pools = read({ ...pool('main', []), spec });
    const facts = healthy({ ...waiting({ [ASK_POOL]: 'main' }), pools, serviceNamespace });
    return explain(facts).checks.find(({ check }) => check === 'address')?.reason;
  };
  const labelled = (team: string) => read({ metadata: { name: 'default', labels: { team } } });

  it('says that the pool is for others only when it is', () => {
    expect(reasonIn(labelled('blue'))).toBe('poolNotAllowed');
    expect(reasonIn(labelled('red'))).toBe('noIPAllocated');
    expect(reasonIn(forbidden('get namespaces'))).toBe('noIPAllocated');
  });
});

it('explains a service whose status is refused', () => {
  const message = 'the status of the service cannot be written: no available IPs, says a webhook';
  const events = read(event('metallb-controller', 'statusNotWritten', message));
  const { checks } = explain(healthy({ ...waiting(), events }));
  expect(checks.find(({ ok }) => ok === false)).toMatchObject({
    check: 'address',
    reason: 'allocationFailed',
    message: `It has no address: the controller says: ${message}.`,
    remedy: expect.stringContaining('admission webhooks') as string,
  });
});

describe('explaining a service of which little may be read', () => {
  it('says that it cannot be said', () => {
    const { announced, verdict } = explain(
      healthy({ statuses: forbidden('list servicel2statuses.metallb.io in namespace metallb-system') }),
    );
    expect(announced).toBe(false);
    expect(verdict).toContain('cannot be said');
    expect(verdict).toContain('list servicel2statuses.metallb.io');
  });

  it.each(['events', 'nodeLeases', 'otherServices', 'otherEndpointSlices', 'statusDefinition'] as const)(
    'goes on without %s',
    (kind) => {
      const { checks } = explain(healthy({ [kind]: forbidden('list them') }));
      expect(checks.filter(({ ok }) => ok !== true)).toEqual([]);
    },
  );
});

describe.each(Object.entries(CASES))('explaining %s', (reason, { facts, check, says, announced = false }) => {
  const explanation = explain(healthy(facts));
  const found = explanation.checks.find((each) => each.reason === reason);

  it('finds it in the right check, says it in a sentence and knows a remedy', () => {
    expect(found).toMatchObject({ check });
    expect(found?.message).toContain(says);
    expect(found?.message).toMatch(/^\S.*\.$/);
    expect(found?.remedy).toMatch(/^[A-Z]/);
  });

  it(`says that the service is ${announced ? '' : 'not '}announced`, () => {
    expect(explanation.announced).toBe(announced);
  });
});
