import { customResourceDefinitions } from '@metallb-l2/sdk/crds';
import { nodeLabelValue } from '@metallb-l2/sdk/election';
import { type Finding, type FindingCode, ServiceL2StatusClient, type Severity } from '@metallb-l2/sdk';
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type CustomResourceDefinition,
  KubeError,
  type Pod,
  PODS,
} from '@metallb-l2/sdk/kube';
import { SERVICE_L2_STATUSES } from '@metallb-l2/sdk/models';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import { diagnose } from '../../../../sdk/src/doctor/doctor.js';
import type { DoctorFacts } from '../../../../sdk/src/doctor/facts.js';
import { advertisement, node, pool, service, speakerPod } from '../../speaker/fixtures.ts';
import { controllerPod, forbidden, read, status } from '../explain/facts.ts';

const OURS = { image: 'registry.example.com/metallb-l2@sha256:0123', args: ['speaker'] };
const UPSTREAM = { image: 'quay.io/metallb/speaker:v0.15.3', args: ['--port=7472'] };

function speaker(nodeName: string, { image, args }: typeof OURS = OURS, fields = {}): Pod {
  const pod = speakerPod(nodeName, fields);
  return { ...pod, spec: { ...pod.spec, containers: [{ name: 'speaker', image, args }] } };
}

function healthy(broken: Partial<DoctorFacts> = {}): DoctorFacts {
  return {
    namespace: 'metallb-system',
    definitions: read(...customResourceDefinitions()),
    pods: read(controllerPod(), speaker('a'), speaker('b')),
    nodes: read(node('a'), node('b')),
    services: read(service('web', ['10.0.0.1'])),
    pools: read(pool('main', ['10.0.0.0/24'])),
    advertisements: read(advertisement('all')),
    statuses: read(status('a')),
    configurationStates: read({
      metadata: { name: 'controller', namespace: 'metallb-system' },
      status: { result: 'Valid' },
    }),
    refused: [],
    ...broken,
  };
}

/** The definitions with that of ServiceL2Status as upstream ships it. */
function stockDefinitions(): CustomResourceDefinition[] {
  const definitions = structuredClone(customResourceDefinitions());
  const properties =
    definitions[2]!.spec.versions[0]!.schema.openAPIV3Schema.properties!['status']!.properties!;
  delete properties['addresses'];
  delete properties['announcedSince'];
  properties['node']!['x-kubernetes-validations'] = [
    { rule: 'self == oldSelf', message: 'Value is immutable' },
  ];
  return definitions;
}

const moved = (name: string, namespace: string) => ({ ...status('a'), metadata: { name, namespace } });
const elsewhere = { metadata: { name: 'lost', namespace: 'default' }, spec: { addresses: ['10.9.0.0/24'] } };

interface Case {
  facts: Partial<DoctorFacts>;
  severity: Severity;
  /** A part of the sentence. */
  says: string;
}

/** Each code with a cluster that has it; the type keeps the table complete. */
const CASES: Record<FindingCode, Case> = {
  installed: {
    facts: {},
    severity: 'info',
    says: 'metallb-l2 (registry.example.com/metallb-l2@sha256:0123)',
  },
  mixedVersions: {
    facts: { pods: read(controllerPod(), speaker('a'), speaker('b', UPSTREAM)) },
    severity: 'warning',
    says: '1 speaker of MetalLB v0.15.3',
  },
  crdMissing: {
    facts: { definitions: read(...customResourceDefinitions().slice(1)) },
    severity: 'error',
    says: 'no resource definition ipaddresspools.metallb.io',
  },
  crdNodeImmutable: {
    facts: { definitions: read(...stockDefinitions()), pods: read(controllerPod(), speaker('a', UPSTREAM)) },
    severity: 'error',
    says: 'In servicel2statuses.metallb.io status.node cannot change',
  },
  crdStale: {
    facts: { definitions: read(...stockDefinitions()) },
    severity: 'warning',
    says: 'servicel2statuses.metallb.io does not know status.addresses and status.announcedSince',
  },
  speakersMissing: {
    facts: { pods: read(controllerPod()) },
    severity: 'error',
    says: 'no speaker pod in namespace metallb-system',
  },
  speakerNotReady: {
    facts: { pods: read(controllerPod(), speaker('a'), speaker('b', OURS, { ready: false })) },
    severity: 'error',
    says: '1 speaker of 2 not ready: speaker-b on b',
  },
  nodeWithoutSpeaker: {
    facts: { pods: read(controllerPod(), speaker('a')) },
    severity: 'info',
    says: 'No speaker runs on b',
  },
  controllerMissing: {
    facts: { pods: read(speaker('a'), speaker('b')) },
    severity: 'error',
    says: 'no controller pod',
  },
  controllerNotReady: {
    facts: { pods: read(controllerPod({ ready: false }), speaker('a'), speaker('b')) },
    severity: 'error',
    says: 'controller-1 is not ready',
  },
  missingPermission: {
    facts: { nodes: forbidden('list nodes'), refused: ['list nodes'] },
    severity: 'warning',
    says: 'permission to list nodes',
  },
  duplicateStatuses: {
    facts: {
      statuses: read(status('a'), { ...status('a'), metadata: { ...status('a').metadata, name: 'second' } }),
    },
    severity: 'warning',
    says: 'a announces default/web in 2 objects: a-x7k2p and second',
  },
  splitAnnouncers: {
    facts: { statuses: read(status('a'), status('b')) },
    severity: 'error',
    says: 'a and b all say that they announce default/web',
  },
  orphanedStatus: {
    facts: { services: read() },
    severity: 'warning',
    says: 'a service that is gone: a-x7k2p (default/web, a)',
  },
  statusOfMissingNode: {
    facts: { statuses: read(status('z')) },
    severity: 'error',
    says: 'a node that is not there: z-x7k2p',
  },
  statusOfDeadSpeaker: {
    facts: { pods: read(controllerPod(), speaker('b'), speaker('a', OURS, { ready: false })) },
    severity: 'error',
    says: 'without a ready speaker: a-x7k2p',
  },
  statusElsewhere: {
    facts: { statuses: read(status('a'), moved('lost', 'default')) },
    severity: 'warning',
    says: 'outside namespace metallb-system, where nobody looks for it: default/lost',
  },
  statusUnreadable: {
    facts: { statuses: read({ metadata: { name: 'empty', namespace: 'metallb-system' } }) },
    severity: 'warning',
    says: 'names no service or no node: metallb-system/empty',
  },
  statusDisagrees: {
    facts: { statuses: read(status('a', { node: 'b' })) },
    severity: 'warning',
    says: 'label and status name different nodes: a-x7k2p',
  },
  poolWithoutAdvertisement: {
    facts: { advertisements: read() },
    severity: 'warning',
    says: 'No L2Advertisement announces IPAddressPool main',
  },
  configurationNotInForce: {
    facts: {
      configurationStates: read({
        metadata: { name: 'controller', namespace: 'metallb-system' },
        status: { result: 'Invalid', errorSummary: 'this overlaps\nthat is unknown' },
      }),
    },
    severity: 'error',
    says: 'ConfigurationState controller says that not all of the configuration is in force: this overlaps; that is unknown',
  },
  poolExhausted: {
    facts: {
      pools: read({
        ...pool('main', ['10.0.0.1/32', 'fd00::/64']),
        status: { assignedIPv4: 1, availableIPv4: 0, assignedIPv6: 1, availableIPv6: 9 },
      }),
    },
    severity: 'warning',
    says: 'IPAddressPool main has no IPv4 address left',
  },
  overlappingPools: {
    facts: { pools: read(pool('main', ['10.0.0.0/24']), pool('second', ['10.0.0.128-10.0.1.9'])) },
    severity: 'error',
    says: 'main and second both have 10.0.0.128 to 10.0.0.255',
  },
  invalidPool: {
    facts: { pools: read(pool('main', ['10.0.0.1'])) },
    severity: 'error',
    says: 'single address',
  },
  invalidAdvertisement: {
    facts: {
      advertisements: read(
        advertisement('all'),
        advertisement('odd', { nodeSelectors: [{ matchExpressions: [{ key: 'zone', operator: 'Near' }] }] }),
      ),
    },
    severity: 'error',
    says: 'L2Advertisement odd is left out',
  },
  unknownPool: {
    facts: {
      advertisements: read(advertisement('all'), advertisement('edge', { ipAddressPools: ['egde'] })),
    },
    severity: 'warning',
    says: 'L2Advertisement edge names IPAddressPool egde, which is not there (main)',
  },
  advertisementWithoutNode: {
    facts: {
      advertisements: read(
        advertisement('all'),
        advertisement('north', { nodeSelectors: [{ matchLabels: { zone: 'north' } }] }),
      ),
    },
    severity: 'warning',
    says: 'nodeSelectors of L2Advertisement north match no node',
  },
  configurationElsewhere: {
    facts: { pools: read(pool('main', ['10.0.0.0/24']), elsewhere) },
    severity: 'warning',
    says: 'IPAddressPool default/lost is outside namespace metallb-system',
  },
};

describe.each(Object.entries(CASES))('the doctor finds %s', (code, { facts, severity, says }) => {
  const found = diagnose(healthy(facts)).find((each) => each.code === code);

  it('says how bad it is, in a sentence, with a remedy', () => {
    expect(found).toMatchObject({ severity });
    expect(found?.message).toContain(says);
    expect(found?.message).toMatch(/^\S.*\.$/);
    if (code !== 'installed') expect(found?.remedy).toMatch(/^[A-Z]/);
  });
});

describe('the doctor', () => {
  it('has nothing to say of a healthy cluster but what is installed there', () => {
    expect(diagnose(healthy()).map(({ code }) => code)).toEqual(['installed']);
  });

  it('has nothing to say against upstream with its own definitions but that they do not let a service move', () => {
    const pods = read(controllerPod(), speaker('a', UPSTREAM), speaker('b', UPSTREAM));
    const findings = diagnose(healthy({ definitions: read(...stockDefinitions()), pods }));
    expect(findings.map(({ code, severity }) => `${severity} ${code}`)).toEqual([
      'error crdNodeImmutable',
      'info crdStale',
      'info installed',
    ]);
  });

  it('puts the worst first', () => {
    const findings = diagnose(healthy({ services: read(), pods: read(speaker('a')) }));
    expect(findings.map(({ severity }) => severity)).toEqual(['error', 'warning', 'info', 'info']);
  });

  it('counts in the singular and in the plural', () => {
    const messages = (...names: string[]) => {
      const lost = names.map((name) => moved(name, 'default'));
      const statuses = read(status('a'), ...lost);
      return diagnose(healthy({ statuses })).map(({ message }) => message);
    };
    expect(messages('x')).toContain(
      'There is 1 status object outside namespace metallb-system, where nobody looks for it: default/x.',
    );
    expect(messages('x', 'y')).toContain(
      'There are 2 status objects outside namespace metallb-system, where nobody looks for them: default/x and default/y.',
    );
  });

  it('names the objects it speaks of', () => {
    const [finding] = diagnose(healthy({ statuses: read(status('a'), status('b')) }));
    expect(finding?.objects).toEqual(
      ['a', 'b'].map((name) => ({
        kind: 'ServiceL2Status',
        namespace: 'metallb-system',
        name: `${name}-x7k2p`,
      })),
    );
  });

  it('does not take a node for missing or a service for gone that may not be read', () => {
    const facts = { nodes: forbidden('list nodes'), services: forbidden('list services') };
    expect(diagnose(healthy(facts)).map(({ code }) => code)).toEqual(['installed']);
  });

  it('has nothing against a status that is not filled in yet, whose label cuts a long node name', () => {
    const long = 'n'.repeat(70);
    const { metadata } = status(nodeLabelValue(long));
    const findings = diagnose(
      healthy({
        nodes: read(node(long)),
        pods: read(controllerPod(), speaker(long)),
        statuses: read({ metadata }),
      }),
    );
    expect(findings.map(({ code }) => code)).toEqual(['installed']);
  });
});

describe('asking a cluster', () => {
  function setUp() {
    const api = new InMemoryKubeApi();
    for (const definition of customResourceDefinitions()) api.seed(CUSTOM_RESOURCE_DEFINITIONS, definition);
    for (const pod of [speaker('a'), controllerPod()]) api.seed(PODS, pod);
    return { api, client: new ServiceL2StatusClient({ api }) };
  }
  const codes = (findings: readonly Finding[]) => findings.map(({ code }) => code);

  it('changes nothing there', async () => {
    const { api, client } = setUp();
    expect(codes(await client.doctor())).toEqual(['installed']);
    expect(api.writes).toEqual([]);
  });

  it('looks into the namespace of MetalLB when it may not look into all', async () => {
    const { api, client } = setUp();
    api.seed(SERVICE_L2_STATUSES, status('a'));
    const refusal = new KubeError('Forbidden', 'no', { status: 403, operation: 'list' });
    api.fault = ({ ref, type }) =>
      type.namespaced && ref.namespace === undefined ? { refuse: refusal } : undefined;
    const findings = await client.doctor();
    const permissions = findings.filter(({ code }) => code === 'missingPermission');
    expect(permissions.map(({ message }) => /to (.*) is/.exec(message)?.[1]).sort()).toEqual([
      'list ipaddresspools.metallb.io',
      'list l2advertisements.metallb.io',
      'list servicel2statuses.metallb.io',
      'list services',
    ]);
    expect(codes(findings)).toContain('statusOfMissingNode');
  });

  it('says of a cluster without MetalLB that it is not there', async () => {
    const client = new ServiceL2StatusClient({ api: new InMemoryKubeApi() });
    expect(codes(await client.doctor())).toEqual([
      'crdMissing',
      'crdMissing',
      'crdMissing',
      'speakersMissing',
      'controllerMissing',
      'crdMissing', // ConfigurationState, without which earlier releases work
    ]);
  });
});
