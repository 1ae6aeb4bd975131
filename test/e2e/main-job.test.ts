/**
 * The main job on a real cluster: what the demo shows, then what an operator does next. One cluster serves
 * all of it, in this order: each test starts from what the one before has left.
 */
import { CUSTOM_RESOURCE_DEFINITIONS, type KubeApi, SERVICES } from '@metallb-l2/sdk/kube';
import type { KubeConnection } from '@metallb-l2/sdk/kube/connect';
import {
  CONFIGURATION_STATES,
  IP_ADDRESS_POOLS,
  METALLB_API_VERSION,
  SERVICE_L2_STATUSES,
} from '@metallb-l2/sdk/models';
import { CONFIGURATION_STATE_LABELS, DEFAULT_NAMESPACE, STATUS_LABELS } from '@metallb-l2/sdk/settings';
import type { ServiceL2StatusClient } from '@metallb-l2/sdk';
import { ClusterStage } from '../demo/cluster-stage.ts';
import { runDemo, type DemoResult } from '../demo/demo.ts';
import { arpAnswers, nodesByMac } from '../demo/probe.ts';
import { WORKLOAD_NAMESPACE } from '../demo/workload.ts';
import { kubectl } from '../lab/kubectl.ts';
import type { Lab } from '../lab/lab.ts';
import type { PulumiStack } from '../support/pulumi-stack.ts';
import { ACCESS } from '../../component/src/rbac.js';
import { unusedRights } from '../support/rights.ts';
import { eventually } from '../support/eventually.ts';
import { openForAll } from '../support/open-for-all.ts';
import { openQuickstartLab, type QuickstartLab } from './quickstart-lab.ts';

const MINUTE = 60_000;

/** Leaves a status of a service and a node that do not exist, as if the end of both had been missed. */
async function leaveOrphan(api: KubeApi): Promise<void> {
  await api.create(SERVICE_L2_STATUSES, {
    apiVersion: METALLB_API_VERSION,
    kind: SERVICE_L2_STATUSES.kind,
    metadata: {
      generateName: 'gone-',
      namespace: DEFAULT_NAMESPACE,
      labels: {
        [STATUS_LABELS.node]: 'gone',
        [STATUS_LABELS.serviceName]: 'gone',
        [STATUS_LABELS.serviceNamespace]: WORKLOAD_NAMESPACE,
      },
    },
  });
}

/** Changes new services while they are given addresses: some of the controller's writes come too late. */
async function raceWithController(api: KubeApi): Promise<void> {
  const race = async (n: number) => {
    const ref = { namespace: WORKLOAD_NAMESPACE, name: `racing-${n}` };
    await api.create(SERVICES, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: ref,
      spec: { type: 'LoadBalancer', ports: [{ port: 80, protocol: 'TCP' }] },
    });
    for (let change = 0; change < 5; change++) {
      const metadata = { annotations: { change: String(change) } };
      await api.patch(SERVICES, ref, { metadata }, { type: 'merge' });
    }
    await api.delete(SERVICES, ref);
  };
  await Promise.all(Array.from({ length: 10 }, (_, n) => race(n)));
}

/** Takes from the ConfigurationState what says whose it is, as when another controller had made it. */
async function disownState(api: KubeApi): Promise<void> {
  const metadata = { labels: { [CONFIGURATION_STATE_LABELS.component]: null } };
  const ref = { namespace: DEFAULT_NAMESPACE, name: 'controller' };
  await api.patch(CONFIGURATION_STATES, ref, { metadata }, { type: 'merge' });
}

describe('metallb-l2 on a cluster of three nodes', () => {
  const output: string[] = [];
  const opened = openForAll();
  const task = { log: (line: string) => output.push(line), signal: opened.signal };
  let quickstart: QuickstartLab;
  let lab: Lab;
  let stack: PulumiStack;
  let api: KubeConnection;
  let client: ServiceL2StatusClient;

  beforeAll(async () => {
    quickstart = await openQuickstartLab(opened, task);
    ({ lab, stack, api, client } = quickstart);
  }, 5 * MINUTE);

  /** Every service of the sample is announced by a node that alone answers ARP for its address. */
  async function expectAnnouncedOnTheWire(): Promise<void> {
    await eventually(async () => {
      const { items } = await api.list(SERVICES, { namespace: WORKLOAD_NAMESPACE });
      const { statuses, invalid } = await client.list();
      const macs = await nodesByMac(lab);
      expect(invalid).toEqual([]);
      for (const { metadata, status } of items) {
        const address = status?.loadBalancer?.ingress?.[0]?.ip ?? 'none';
        const mine = statuses.filter(({ service }) => service.name === metadata.name);
        expect(mine).toEqual([expect.objectContaining({ addresses: [address] })]);
        const answering = await arpAnswers(lab, 'client', address);
        expect(answering.map((mac) => macs.get(mac))).toEqual([mine[0]?.node]);
      }
    });
  }

  describe('the demo', () => {
    let result: DemoResult;

    it(
      'installs with one `pulumi up` and announces at least three services from at least two nodes',
      async () => {
        const stage = new ClusterStage(quickstart.site, stack);
        result = await runDemo(stage, task);
        stage.close();
        expect(result.ready).toBe(true);
        expect(result.services).toBeGreaterThanOrEqual(3);
        expect(new Set(Object.values(result.announcedBy)).size).toBeGreaterThanOrEqual(2);
      },
      5 * MINUTE,
    );

    it('moves the services of a deleted speaker pod and of a node without power', () => {
      expect(result.moved.podDeleted).toBeGreaterThan(0);
      expect(result.moved.powerCut).toBeGreaterThan(0);
    });

    it('shows the moves through the watch of the SDK', () => {
      expect(output.filter((line) => /web-\d moved from node\d to node\d/.test(line)).length).toBeGreaterThan(
        1,
      );
    });
  });

  it(
    'has one truthful status for each service after the power is back',
    async () => {
      for (const node of lab.nodes) await lab.restore(node.name);
      await kubectl(lab, ['wait', 'node', '--all', '--for=condition=Ready', '--timeout=60s']);
      await expectAnnouncedOnTheWire();
    },
    2 * MINUTE,
  );

  it('says that its configuration is in force, and how full its pool is', async () => {
    await eventually(async () => {
      const states = (await api.list(CONFIGURATION_STATES)).items;
      expect(states.map(({ metadata, status }) => [metadata.name, status?.result])).toEqual([
        ['controller', 'Valid'],
      ]);
      const { items } = await api.list(SERVICES, { namespace: WORKLOAD_NAMESPACE });
      const pools = (await api.list(IP_ADDRESS_POOLS)).items;
      expect(pools.map(({ status }) => status?.assignedIPv4)).toEqual([items.length]);
    });
  });

  it(
    'changes nothing with a second `pulumi up`',
    async () => {
      expect(Object.keys((await stack.up()).changes)).toEqual(['same']);
    },
    2 * MINUTE,
  );

  it(
    'uses every right its programs have',
    async () => {
      await leaveOrphan(api);
      await disownState(api);
      await eventually(async () => {
        // A service that changes while an address is being given to it is read again: one of a few is.
        await raceWithController(api);
        expect(unusedRights(ACCESS, await lab.apiCalls())).toEqual([]);
      });
    },
    2 * MINUTE,
  );

  it('asks of pod security no more than layer 2 must have', async () => {
    const restricted = 'pod-security.kubernetes.io/enforce=restricted';
    const { stderr } = await lab.kubectl([
      ...['label', 'namespace', DEFAULT_NAMESPACE, '--overwrite', '--dry-run=server'],
      restricted,
    ]);
    // The API server names the pods that break the standard, and how: the speakers, and not the controller.
    const [, ...objections] = stderr.split('\n').filter((line) => line.startsWith('Warning: '));
    expect(objections).toEqual([
      expect.stringMatching(
        /^Warning: speaker-\S+ .*: host namespaces, hostPort, unrestricted capabilities, runAsNonRoot != true, runAsUser=0$/,
      ),
    ]);
  });

  it(
    'shows no changes after controllers and users have touched what they may',
    async () => {
      const inNamespace = ['-n', DEFAULT_NAMESPACE];
      await kubectl(lab, ['rollout', 'restart', 'daemonset/speaker', ...inNamespace]);
      await kubectl(lab, ['annotate', 'deployment/controller', 'team=network', ...inNamespace]);
      await kubectl(lab, ['label', 'namespace', DEFAULT_NAMESPACE, 'team=network']);
      await kubectl(lab, ['label', 'ipaddresspools.metallb.io', '--all', 'team=network', ...inNamespace]);
      await kubectl(lab, ['rollout', 'status', 'daemonset/speaker', '--timeout=60s', ...inNamespace]);
      expect(Object.keys((await stack.refresh()).changes)).toEqual(['same']);
      expect(Object.keys((await stack.up()).changes)).toEqual(['same']);
    },
    3 * MINUTE,
  );

  it(
    'leaves the resource definitions and no other object after `pulumi destroy`',
    async () => {
      await stack.destroy();
      const { items } = await api.list(CUSTOM_RESOURCE_DEFINITIONS);
      expect(items.map(({ metadata }) => metadata.name).sort()).toEqual([
        'configurationstates.metallb.io',
        'ipaddresspools.metallb.io',
        'l2advertisements.metallb.io',
        'servicel2statuses.metallb.io',
      ]);
      const kinds = [
        'namespaces',
        'clusterroles',
        'clusterrolebindings',
        'validatingadmissionpolicies',
        'validatingadmissionpolicybindings',
      ];
      const custom = ['configurationstates', 'ipaddresspools', 'l2advertisements', 'servicel2statuses'].map(
        (kind) => `${kind}.metallb.io`,
      );
      const names = await kubectl(lab, ['get', [...kinds, ...custom].join(), '-A', '-o', 'name']);
      // There are others, so that a question that finds nothing at all is noticed.
      expect(names.split('\n')).toContain(`namespace/${WORKLOAD_NAMESPACE}`);
      expect(
        names.split('\n').filter((name) => name.includes('metallb') && !name.includes(WORKLOAD_NAMESPACE)),
      ).toEqual([]);
    },
    2 * MINUTE,
  );

  it(
    'announces everything again after another `pulumi up`',
    async () => {
      await stack.up();
      await expectAnnouncedOnTheWire();
    },
    3 * MINUTE,
  );
});
