import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { KubeObject } from '@metallb-l2/sdk/kube';
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import {
  type GetServiceL2StatusArgs,
  MetalLBLayer2,
  getServiceL2Status,
  getServiceL2StatusOutput,
} from '../../../component/src/index.js';
import { isKnown, mockPulumi, settled, valueOf } from '../../support/pulumi-mocks.ts';
import { ScriptedKubeServer, refuse } from '../../support/scripted-kube-server.ts';

const WEB = { namespace: 'default', name: 'web' };
/** Nobody listens on port 1. */
const NOWHERE = kubeconfigOf('http://127.0.0.1:1');

let cluster: ScriptedKubeServer;
let warned: jest.SpiedFunction<typeof console.warn>;

function kubeconfigOf(server: string): string {
  return JSON.stringify({
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'there', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'there',
  });
}

function status(service: string, node: string, announcedSince = '2026-01-02T03:04:05Z'): KubeObject {
  const [namespace, name] = service.split('/');
  return {
    metadata: {
      name: `${node}-${name}`,
      namespace: 'metallb-system',
      labels: {
        'metallb.io/node': node,
        'metallb.io/service-name': name,
        'metallb.io/service-namespace': namespace,
      },
    },
    status: {
      ...{ node, serviceName: name, serviceNamespace: namespace, announcedSince },
      ...{ interfaces: [{ name: 'eth0' }], addresses: ['10.0.0.1'] },
    },
  } as unknown as KubeObject;
}

beforeEach(async () => {
  warned = jest.spyOn(console, 'warn').mockReturnValue();
  cluster = new ScriptedKubeServer('ServiceL2Status');
  await cluster.start();
});

afterEach(async () => {
  warned.mockRestore();
  await cluster.stop();
});

describe('the question which node announces a service', () => {
  const ask = (args: Partial<GetServiceL2StatusArgs> = {}) =>
    getServiceL2Status({ service: WEB, kubeconfig: cluster.kubeconfig, ...args });

  it('is answered with the node and how sure that is', async () => {
    await mockPulumi();
    cluster.put(status('default/web', 'iris1'));
    await expect(ask()).resolves.toEqual({
      service: WEB,
      node: 'iris1',
      nodes: ['iris1'],
      certainty: 'settled',
      reason: 'Announced',
      why: 'iris1 says that it announces the service',
      interfaces: ['eth0'],
      addresses: ['10.0.0.1'],
      since: '2026-01-02T03:04:05.000Z',
    });
  });

  it('is answered when nobody does', async () => {
    await mockPulumi();
    const answer = await ask();
    expect(answer).toMatchObject({ nodes: [], certainty: 'nobody', interfaces: [], addresses: [] });
    expect('node' in answer).toBe(false);
  });

  it('names every node that says it does', async () => {
    await mockPulumi();
    cluster.put(status('default/web', 'iris2'));
    cluster.put(status('default/web', 'iris1', '2026-01-02T03:04:06Z'));
    await expect(ask()).resolves.toMatchObject({
      node: 'iris1',
      nodes: ['iris1', 'iris2'],
      certainty: 'conflicting',
    });
  });

  it('takes the path of a kubeconfig as well as its content', async () => {
    await mockPulumi();
    const folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
    try {
      const path = join(folder, 'config');
      await writeFile(path, cluster.kubeconfig);
      cluster.put(status('default/web', 'iris1'));
      await expect(ask({ kubeconfig: path })).resolves.toMatchObject({ node: 'iris1' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('is refused with a kubeconfig in base64, which is not shown', async () => {
    await mockPulumi();
    const kubeconfig = Buffer.from(cluster.kubeconfig).toString('base64');
    const refused = ask({ kubeconfig });
    await expect(refused).rejects.toThrow('the kubeconfig is encoded in base64; decode it');
    await expect(refused).rejects.not.toThrow(kubeconfig.slice(0, 40));
  });

  it('waits for the announcement if it is asked to', async () => {
    await mockPulumi();
    const answer = ask({ waitSeconds: 60 });
    // What was not there for the list comes over the watch.
    const asked = new Promise<void>((resolve) =>
      cluster.next('watch', ({ response }) => {
        const line = { type: 'ADDED', object: status('default/web', 'iris1') };
        cluster.put(status('default/web', 'iris1'), { quietly: true });
        response.writeHead(200, { 'content-type': 'application/json' }).write(`${JSON.stringify(line)}\n`);
        resolve();
      }),
    );
    await asked;
    await expect(answer).resolves.toMatchObject({ node: 'iris1' });
  });

  it('is answered with what is when the time is over', async () => {
    await mockPulumi();
    await expect(ask({ waitSeconds: 0.05 })).resolves.toMatchObject({ certainty: 'nobody' });
  });

  it.each<[string, object, string]>([
    ['no service', { service: undefined }, 'service: nothing given; write an object'],
    ['a bad name', { service: { namespace: 'default', name: 'A b' } }, 'service.name: "A b" is not allowed'],
    ['a negative wait', { waitSeconds: -1 }, 'waitSeconds: -1 given; write a number of seconds from 0 on'],
    ['a field there is not', { kubeConfig: 'x' }, 'kubeConfig: there is no such field'],
  ])('is refused with %s', async (_, args, message) => {
    await mockPulumi();
    await expect(ask(args)).rejects.toThrow(
      new RegExp(`^the arguments of getServiceL2Status are refused:\n +${message}`),
    );
    expect(cluster.requests).toEqual([]);
  });

  it.each<[string, Partial<GetServiceL2StatusArgs>, RegExp]>([
    ['nobody answers', { kubeconfig: NOWHERE }, /ECONNREFUSED.*; check that its API server answers/],
    ['there is no kubeconfig', { kubeconfig: '/no/such/file' }, /no\/such\/file.*; give "kubeconfig"/],
    ['there is no such context', { context: 'here' }, /no context "here".*; give "kubeconfig".* "context"/],
  ])('fails when %s, and says what to do', async (_, args, message) => {
    await mockPulumi();
    await expect(ask(args)).rejects.toThrow(message);
    await expect(ask(args)).rejects.toThrow(/^getServiceL2Status: /);
    await expect(ask(args)).rejects.toBeInstanceOf(pulumi.RunError);
  });
});

describe('the same as an output', () => {
  const ask = (kubeconfig: pulumi.Input<string> = cluster.kubeconfig, dependsOn?: pulumi.Resource) =>
    getServiceL2StatusOutput({ service: WEB, kubeconfig }, dependsOn === undefined ? {} : { dependsOn });

  it('is no secret though the kubeconfig is one', async () => {
    await mockPulumi();
    cluster.put(status('default/web', 'iris1'));
    const answer = ask(pulumi.secret(cluster.kubeconfig));
    expect((await valueOf(answer))?.node).toBe('iris1');
    await expect(pulumi.isSecret(answer)).resolves.toBe(false);
    await settled();
  });

  it('fails in an update when nobody answers', async () => {
    await mockPulumi();
    await expect(valueOf(ask(NOWHERE))).rejects.toThrow(/^getServiceL2StatusOutput: .*ECONNREFUSED.*; check/);
  });

  it.each([
    ['nobody answers', () => NOWHERE],
    ['the kubeconfig is not written yet', () => '/no/such/file'],
    [
      'MetalLB is not installed',
      () => {
        cluster.next('list', refuse(404, 'NotFound'));
        return cluster.kubeconfig;
      },
    ],
  ])('is unknown in a preview while %s, and the preview says so', async (_, kubeconfig) => {
    await mockPulumi({ preview: true });
    const answer = ask(kubeconfig());
    await expect(isKnown(answer)).resolves.toBe(false);
    await settled();
    expect(warned).toHaveBeenCalledWith(
      expect.stringContaining('not known in this preview: getServiceL2StatusOutput: '),
    );
  });

  it('fails in a preview, too, when the cluster refuses', async () => {
    await mockPulumi({ preview: true });
    cluster.next('list', refuse(403, 'Forbidden'));
    await expect(valueOf(ask())).rejects.toThrow(/Forbidden; let the user of the kubeconfig list/);
  });

  it('asks nobody in a preview while the kubeconfig is unknown', async () => {
    await mockPulumi({ preview: true });
    await expect(isKnown(ask(pulumi.output(pulumi.unknown as unknown as string)))).resolves.toBe(false);
    expect(warned).not.toHaveBeenCalled();
    await settled();
  });

  it('waits for what it depends on, of components for all they have', async () => {
    await mockPulumi({ preview: true, created: false });
    const component = new pulumi.ComponentResource('test:index:Parent', 'parent');
    new k8s.core.v1.ConfigMap('child', {}, { parent: component });
    await expect(isKnown(ask(cluster.kubeconfig, component))).resolves.toBe(false);
    expect(cluster.requests).toEqual([]);
    await settled();
  });

  it('waits for the service its arguments come from', async () => {
    await mockPulumi({ preview: true, created: false });
    const web = new k8s.core.v1.Service('web', { metadata: WEB });
    const service = { namespace: web.metadata.namespace, name: web.metadata.name };
    const answer = getServiceL2StatusOutput({ service, kubeconfig: cluster.kubeconfig });
    await expect(isKnown(answer)).resolves.toBe(false);
    expect(cluster.requests).toEqual([]);
    await settled();
  });

  it('asks once what it depends on is there', async () => {
    await mockPulumi();
    cluster.put(status('default/web', 'iris1'));
    const web = new k8s.core.v1.Service('web', { metadata: WEB });
    expect((await valueOf(ask(cluster.kubeconfig, web)))?.node).toBe('iris1');
    await settled();
  });
});

describe('the announcers of the component', () => {
  const ARGS = { image: { reference: 'registry.example.com/metallb-l2:1' }, pools: [] };
  const install = (kubeconfig: string) =>
    new MetalLBLayer2('metallb', ARGS, { provider: new k8s.Provider('there', { kubeconfig }) });

  it("are asked for at the provider's cluster, one for each service", async () => {
    await mockPulumi();
    cluster.put(status('default/web', 'iris1'));
    cluster.put(status('default/web', 'iris2', '2026-01-02T03:04:06Z'));
    cluster.put(status('default/api', 'iris3'));
    const { announcers } = install(cluster.kubeconfig);
    const about = { interfaces: ['eth0'], addresses: ['10.0.0.1'] };
    await expect(valueOf(announcers)).resolves.toEqual([
      {
        service: { namespace: 'default', name: 'api' },
        node: 'iris3',
        since: '2026-01-02T03:04:05.000Z',
        ...about,
      },
      { service: WEB, node: 'iris2', since: '2026-01-02T03:04:06.000Z', ...about },
    ]);
    await settled();
  });

  it('are not asked for by a program that does not read them', async () => {
    await mockPulumi();
    install(cluster.kubeconfig);
    await settled();
    expect(cluster.requests).toEqual([]);
  });

  it('are unknown in a preview whose cluster does not answer', async () => {
    await mockPulumi({ preview: true });
    await expect(isKnown(install(NOWHERE).announcers)).resolves.toBe(false);
    await settled();
  });
});
