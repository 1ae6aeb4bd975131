import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SERVICE_L2_STATUSES } from '@metallb-l2/sdk/models';
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import { MetalLBLayer2, getServiceL2StatusOutput } from '../../../component/src/index.js';
import { run } from '../../lab/run.ts';
import { doNotWait } from '../../support/do-not-wait.ts';
import { inspect, makeBases, pushBases } from '../../support/image-rig.ts';
import { openForAll } from '../../support/open-for-all.ts';
import type { PulumiStack } from '../../support/pulumi-stack.ts';
import { type RegistryServer, startRegistry } from '../../support/registry-server.ts';
import { type StackCluster, startStackCluster } from '../../support/stack-cluster.ts';

const UNANSWERED = fileURLToPath(new URL('unanswered-question.program.ts', import.meta.url));
const ANN = { username: 'ann', password: 'correct horse' };
const HTPASSWD = 'ann:$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e';
const WEB = { namespace: 'default', name: 'web' };

/** Nobody listens on port 1: whoever asks the cluster of the environment instead of the stack's gets no answer. */
const NOWHERE = JSON.stringify({
  clusters: [{ name: 'c', cluster: { server: 'http://127.0.0.1:1' } }],
  users: [{ name: 'u', user: {} }],
  contexts: [{ name: 'nowhere', context: { cluster: 'c', user: 'u' } }],
  'current-context': 'nowhere',
});

let real: StackCluster;
let registry: RegistryServer;
let stack: PulumiStack;
const lines: string[] = [];
const { open, defer } = openForAll();

/** Makes a cluster, installs into it and asks it, in one go. */
function program() {
  const { kubeconfig } = real;
  const management = new k8s.Provider('management', { kubeconfig });
  // Stands for what makes a cluster: in a preview its id, and so all that comes of it, is unknown.
  const cluster = new k8s.core.v1.ConfigMap(
    'cluster',
    { metadata: { name: 'cluster', namespace: 'default' } },
    { provider: management },
  );
  const made = pulumi.secret(cluster.id.apply(() => kubeconfig));
  const metallb = new MetalLBLayer2(
    'metallb',
    {
      image: {
        build: {
          repository: `${registry.host}/metallb-l2`,
          base: `${registry.host}/base/node:both`,
          insecure: true,
          username: ANN.username,
          password: pulumi.secret(ANN.password),
        },
      },
      pools: [{ name: 'production', addresses: ['192.168.10.0/24'] }],
    },
    { provider: new k8s.Provider('made', { kubeconfig: made }), transforms: [doNotWait] },
  );
  const status = getServiceL2StatusOutput({ service: WEB, kubeconfig: made }, { dependsOn: metallb });
  const { image, announcers } = metallb;
  return Promise.resolve({ image, announcers, node: status.node, certainty: status.certainty });
}

/** What the speaker on `node` would write. */
async function announce(node: string): Promise<void> {
  const ref = { namespace: 'metallb-system', name: 'web' };
  const labels = {
    'metallb.io/node': node,
    'metallb.io/service-namespace': WEB.namespace,
    'metallb.io/service-name': WEB.name,
  };
  const object = { apiVersion: 'metallb.io/v1beta1', kind: 'ServiceL2Status', metadata: { ...ref, labels } };
  const status = {
    node,
    serviceNamespace: WEB.namespace,
    serviceName: WEB.name,
    addresses: ['192.168.10.1'],
  };
  const options = { type: 'apply', fieldManager: 'test', force: true } as const;
  await real.api.patch(SERVICE_L2_STATUSES, ref, object, options);
  await real.api.patch(
    SERVICE_L2_STATUSES,
    ref,
    { ...object, status },
    { ...options, subresource: 'status' },
  );
}

async function tags(): Promise<string[]> {
  const authorization = `Basic ${Buffer.from(`${ANN.username}:${ANN.password}`).toString('base64')}`;
  const response = await fetch(`http://${registry.host}/v2/metallb-l2/tags/list`, {
    headers: { authorization },
  });
  return response.status === 404 ? [] : ((await response.json()) as { tags: string[] }).tags;
}

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'new-cluster-'));
  defer(() => rm(folder, { recursive: true, force: true }));
  real = await open(startStackCluster(), (opened) => opened.stop());
  registry = await open(startRegistry({ htpasswd: HTPASSWD }), (opened) => opened.close());
  await makeBases(folder);
  await pushBases(folder, registry.host, ANN);
  const log = (line: string) => void lines.push(line);
  stack = await real.createStack('new-cluster', program, { kubeconfig: NOWHERE, log });
}, 120_000);

it('a stack that makes its cluster, installs into it and asks it is previewed before there is a cluster, comes up in one go, and shows moves without changes', async () => {
  const planned = await stack.preview();
  expect(Object.keys(planned.changes)).toEqual(['create']);
  expect(await tags()).toEqual([]);
  expect(lines.join('\n')).not.toMatch(/warning:.*(not known|digest)/);

  const first = await stack.up();
  expect(first.changes).toEqual(planned.changes);
  expect(first.outputs).toMatchObject({ announcers: [], certainty: 'nobody' });
  const image = first.outputs['image'] as string;
  expect(await tags()).toEqual([/:([0-9a-f]{16})@/.exec(image)?.[1]]);
  for (const architecture of ['amd64', 'arm64']) {
    expect((await inspect(image, { architecture, login: ANN })).Architecture).toBe(architecture);
  }
  // Decrypted, so neither in the clear nor as a secret.
  const state = await stack.exportState();
  expect(state).toContain(image);
  expect(state).not.toContain(ANN.password);
  expect(state).not.toContain(Buffer.from(`${ANN.username}:${ANN.password}`).toString('base64'));

  const same = { same: planned.changes.create };
  // There is no Node of that name.
  const outputsFor = (node: string) => ({
    ...{ node, certainty: 'stale' },
    announcers: [{ service: WEB, node, addresses: ['192.168.10.1'] }],
  });
  await announce('iris1');
  expect(await stack.up()).toMatchObject({ changes: same, outputs: outputsFor('iris1') });
  await announce('iris2');
  expect((await stack.refresh()).changes).toEqual(same);
  expect((await stack.preview()).changes).toEqual(same);
  expect(await stack.up()).toMatchObject({ changes: same, outputs: outputsFor('iris2') });
  await stack.destroy();
}, 600_000);

it('a question to a cluster that does not answer has no answer in a preview, and fails an update', async () => {
  const { stdout, stderr } = await run([process.execPath, UNANSWERED, NOWHERE]);
  if (stdout === '') throw new Error(stderr);
  const { preview, up } = JSON.parse(stdout) as Record<'preview' | 'up', { failed: boolean; output: string }>;
  const unanswered =
    'getServiceL2StatusOutput: default/web: list servicel2statuses metallb-system: http://127.0.0.1:1 does not answer';
  expect(preview.failed).toBe(false);
  expect(preview.output).toContain(`warning: not known in this preview: ${unanswered}`);
  expect(up.failed).toBe(true);
  expect(up.output).toContain(`error: ${unanswered}`);
  expect(up.output).toContain('; check that its API server answers where Pulumi runs');
  // Neither shows where in our code it was noticed.
  expect(`${preview.output}${up.output}`).not.toContain('ask-cluster');
});
