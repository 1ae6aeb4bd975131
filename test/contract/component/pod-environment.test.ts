import { DEFAULT_LEASE, parseControllerSettings, parseSpeakerSettings } from '@metallb-l2/sdk/settings';
import { createController } from '../../../component/src/controller.js';
import { parseArgs } from '../../../component/src/args/parse-args.js';
import { parseController, parseSpeaker } from '../../../component/src/args/parse-workloads.js';
import { createSpeaker } from '../../../component/src/speaker.js';
import { mockPulumi, settled } from '../../support/pulumi-mocks.ts';

const SETTINGS = {
  site: { name: 'metallb', namespace: 'lb', labels: {} },
  image: 'registry.example.com/l2:1',
  imagePullSecrets: undefined,
  logLevel: 'warn',
  loadBalancerClass: 'example.com/l2',
};

/** What the kubelet puts in for the fields of a pod. */
const FIELDS: Record<string, string> = {
  'metadata.name': 'speaker-x7k2p',
  'metadata.uid': '0d6c5d1e-6f0a-4a57-9a3c-6c1f2f0f9b11',
  'metadata.namespace': 'lb',
  'spec.nodeName': 'node-a',
  'status.podIP': '192.0.2.7',
};

interface Variable {
  name: string;
  value?: string;
  valueFrom?: { fieldRef: { fieldPath: string } };
}

/** The environment of the pods of a workload, as the kubelet makes it. */
async function environmentOf(create: () => unknown, type: string) {
  const mocks = await mockPulumi();
  create();
  await settled();
  const { spec } = mocks.find(type).inputs as {
    spec: { template: { spec: { containers: { env: Variable[] }[] } } };
  };
  const variables = spec.template.spec.containers[0]?.env ?? [];
  return Object.fromEntries(
    variables.map(({ name, value, valueFrom }) => [
      name,
      value ?? FIELDS[valueFrom?.fieldRef.fieldPath ?? ''],
    ]),
  );
}

describe('the environment the component gives', () => {
  const pod = { name: FIELDS['metadata.name'], uid: FIELDS['metadata.uid'] };

  it('is what the speaker reads', async () => {
    const env = await environmentOf(
      () => createSpeaker(SETTINGS, parseSpeaker({ gratuitousIntervalSeconds: 0 }), undefined, {}),
      'kubernetes:apps/v1:DaemonSet',
    );
    expect(parseSpeakerSettings(env)).toEqual({
      namespace: 'lb',
      logLevel: 'warn',
      httpPort: 7472,
      nodeName: 'node-a',
      pod,
      memberlist: {
        address: '192.0.2.7',
        port: 7946,
        labelSelector: 'app=metallb,component=speaker',
        secretPath: '/etc/ml_secret_key',
        profile: 'fast',
      },
      interfaceRulesPath: '/etc/metallb/excludel2.yaml',
      loadBalancerClass: 'example.com/l2',
      gratuitous: { intervalSeconds: 0, framesPerSecond: 4000 },
    });
  });

  it('is what the controller reads', async () => {
    const env = await environmentOf(
      () => createController(SETTINGS, parseController({}), {}),
      'kubernetes:apps/v1:Deployment',
    );
    expect(parseControllerSettings(env)).toEqual({
      namespace: 'lb',
      logLevel: 'warn',
      httpPort: 7472,
      pod,
      loadBalancerClass: 'example.com/l2',
      lease: DEFAULT_LEASE,
      memberlistSecret: { name: 'memberlist', deployment: 'controller' },
    });
  });

  it('has the times of the lease that a user gives the controller', async () => {
    const lease = {
      METALLB_LEASE_DURATION_SECONDS: '60',
      METALLB_LEASE_RENEW_DEADLINE_SECONDS: '40',
      METALLB_LEASE_RETRY_PERIOD_SECONDS: '5',
    };
    const args = parseArgs({ image: { reference: SETTINGS.image }, pools: [], controller: { env: lease } });
    if (args.crds === 'patch') throw new Error('nothing is installed');
    const env = await environmentOf(
      () => createController(SETTINGS, args.controller, {}),
      'kubernetes:apps/v1:Deployment',
    );
    expect(parseControllerSettings(env).lease).toEqual({
      leaseDurationMs: 60_000,
      renewDeadlineMs: 40_000,
      retryPeriodMs: 5000,
    });
  });
});
