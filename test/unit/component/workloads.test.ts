import { createController } from '../../../component/src/controller.js';
import { parseController, parseSpeaker } from '../../../component/src/args/parse-workloads.js';
import { createSpeaker } from '../../../component/src/speaker.js';
import { mockPulumi, settled } from '../../support/pulumi-mocks.ts';

const SETTINGS = {
  site: { name: 'metallb', namespace: 'metallb-system', labels: {} },
  image: 'registry.example.com/l2:1',
  imagePullSecrets: undefined,
  logLevel: 'warn',
  loadBalancerClass: undefined,
};

interface Workload {
  spec: {
    strategy?: object;
    updateStrategy?: object;
    replicas?: number;
    selector: { matchLabels: Record<string, string> };
    template: { metadata: { labels: Record<string, string> }; spec: Record<string, unknown> };
  };
}

async function render() {
  const mocks = await mockPulumi();
  createController(SETTINGS, parseController({}), {});
  createSpeaker(SETTINGS, parseSpeaker({}), undefined, {});
  await settled();
  return {
    controller: mocks.find('kubernetes:apps/v1:Deployment').inputs as unknown as Workload,
    speaker: mocks.find('kubernetes:apps/v1:DaemonSet').inputs as unknown as Workload,
  };
}

function containerOf({ spec }: Workload): Record<string, unknown> {
  const [container = {}] = spec.template.spec['containers'] as Record<string, unknown>[];
  return container;
}

describe('both programs', () => {
  it.each(['controller', 'speaker'] as const)(
    'run as %s from one image, with a port that tells how they are',
    async (role) => {
      const workload = (await render())[role];
      expect(workload.spec.selector.matchLabels).toEqual({ app: 'metallb', component: role });
      expect(workload.spec.template.metadata.labels).toEqual(workload.spec.selector.matchLabels);
      expect(workload.spec.template.spec).toMatchObject({
        serviceAccountName: role,
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        enableServiceLinks: false,
      });
      expect(containerOf(workload)).toMatchObject({
        image: SETTINGS.image,
        args: [role],
        ports: expect.arrayContaining([{ name: 'monitoring', containerPort: 7472 }]) as unknown,
        readinessProbe: { httpGet: { path: '/readyz', port: 'monitoring' } },
        livenessProbe: { httpGet: { path: '/healthz', port: 'monitoring' } },
        resources: { requests: {} },
      });
    },
  );

  it.each(['controller', 'speaker'] as const)('have no right as %s that they do not need', async (role) => {
    expect(containerOf((await render())[role])['securityContext']).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      seccompProfile: { type: 'RuntimeDefault' },
      capabilities: { drop: ['ALL'] },
    });
  });
});

describe('the controller', () => {
  it('has another one ready, rather on another node, also while it is replaced', async () => {
    const { controller } = await render();
    expect(controller.spec).toMatchObject({
      replicas: 2,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    });
    const labelSelector = { matchLabels: controller.spec.selector.matchLabels };
    const term = (topologyKey: string) => ({ podAffinityTerm: { topologyKey, labelSelector } });
    expect(controller.spec.template.spec['affinity']).toMatchObject({
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          term('kubernetes.io/hostname'),
          term('topology.kubernetes.io/zone'),
        ],
      },
    });
  });

  it('is not root and has no capability', async () => {
    const { controller } = await render();
    expect(controller.spec.template.spec).toMatchObject({
      securityContext: { runAsNonRoot: true, runAsUser: 65534 },
    });
    expect(controller.spec.template.spec).not.toHaveProperty('hostNetwork');
    expect(containerOf(controller)['securityContext']).toMatchObject({ capabilities: { drop: ['ALL'] } });
    expect(containerOf(controller)['securityContext']).not.toHaveProperty('capabilities.add');
  });
});

describe('the speaker', () => {
  it('sees the network of its node, with raw sockets and nothing more', async () => {
    const { speaker } = await render();
    expect(speaker.spec.template.spec).toMatchObject({ hostNetwork: true });
    expect(containerOf(speaker)['securityContext']).toMatchObject({
      runAsUser: 0,
      capabilities: { drop: ['ALL'], add: ['NET_RAW'] },
    });
  });

  it('gossips on the port and with the key that all speakers have', async () => {
    const { speaker } = await render();
    expect(speaker.spec.template.spec['volumes']).toMatchObject([
      { secret: { secretName: 'memberlist' } },
      { configMap: { name: 'metallb-excludel2', optional: true } },
    ]);
    expect(containerOf(speaker)).toMatchObject({
      volumeMounts: [
        { mountPath: '/etc/ml_secret_key', readOnly: true },
        { mountPath: '/etc/metallb', readOnly: true },
      ],
      ports: expect.arrayContaining([
        { name: 'gossip-tcp', containerPort: 7946, protocol: 'TCP' },
        { name: 'gossip-udp', containerPort: 7946, protocol: 'UDP' },
      ]) as unknown,
    });
  });

  it('runs on control-plane nodes too', async () => {
    const { speaker } = await render();
    expect(speaker.spec.template.spec['tolerations']).toEqual([
      { key: 'node-role.kubernetes.io/control-plane', operator: 'Exists', effect: 'NoSchedule' },
    ]);
  });

  it('is replaced one node at a time', async () => {
    const { speaker } = await render();
    expect(speaker.spec.updateStrategy).toEqual({
      type: 'RollingUpdate',
      rollingUpdate: { maxUnavailable: 1 },
    });
  });
});
