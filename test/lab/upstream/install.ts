/** Puts upstream MetalLB v0.16.1 on a lab, alone or on some nodes beside ours, and takes it away again. */
import { randomBytes } from 'node:crypto';
import { METALLB_API_VERSION } from '@metallb-l2/sdk/models';
import { DEFAULT_NAMESPACE } from '@metallb-l2/sdk/settings';
import type { KubeObject } from '@metallb-l2/sdk/kube';
import { type Task, withProgress } from '../../toolchain/progress.ts';
import { TOOLS } from '../../toolchain/tools.ts';
import { applyObjects, kubectl } from '../kubectl.ts';
import type { Lab } from '../lab.ts';
import { upstreamDefinitions } from './definitions.ts';
import { provideImage } from './images.ts';
import {
  MEMBERLIST_SECRET,
  UPSTREAM_CONTROLLER,
  UPSTREAM_NODE_LABEL,
  UPSTREAM_SPEAKER,
  upstreamController,
  upstreamSettings,
  upstreamSpeaker,
} from './objects.ts';

export interface UpstreamOptions {
  /**
   * The nodes its speakers run on. Given, they stand beside an installation of ours: its controller, pools and
   * definitions serve both. @default all, with a controller, a pool and an advertisement of its own
   */
  readonly nodes?: readonly string[];
}

const IN_NAMESPACE = ['-n', DEFAULT_NAMESPACE];
const ROLLOUT = ['rollout', 'status', '--timeout=120s', ...IN_NAMESPACE];

const OUR_SPEAKER = 'daemonset/speaker';
/** Keeps our speakers off the nodes of upstream's. */
const KEEP_OFF = {
  spec: {
    template: {
      spec: {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [
                { matchExpressions: [{ key: UPSTREAM_NODE_LABEL, operator: 'DoesNotExist' }] },
              ],
            },
          },
        },
      },
    },
  },
};

/** Resolves when every pod of it is ready. */
export async function installUpstream(lab: Lab, { nodes }: UpstreamOptions, task: Task): Promise<void> {
  const { log, signal } = task;
  const images = {
    speaker: await provideImage(lab, 'metallb-speaker', task),
    controller: await provideImage(lab, 'metallb-controller', task),
  };
  await withProgress(log, `MetalLB ${TOOLS['metallb-speaker'].version}: installing`, async () => {
    await defineMissing(lab, signal);
    await applyObjects(lab, upstreamSettings(), signal);
    if (nodes === undefined) {
      await applyObjects(lab, [...poolOf(lab), upstreamController(images.controller)], signal);
      await kubectl(lab, [...ROLLOUT, `deployment/${UPSTREAM_CONTROLLER}`], { signal });
    } else {
      await ensureMemberlistSecret(lab, signal);
      await kubectl(lab, ['patch', OUR_SPEAKER, ...IN_NAMESPACE, '-p', JSON.stringify(KEEP_OFF)], { signal });
      await divideNodes(lab, nodes, signal);
    }
    await applyObjects(lab, [upstreamSpeaker(images.speaker, nodes !== undefined)], signal);
    await kubectl(lab, [...ROLLOUT, `daemonset/${UPSTREAM_SPEAKER}`], { signal });
  });
}

/** Lets upstream's speakers run on `nodes` and ours on all others, where both are installed. */
export async function divideNodes(lab: Lab, nodes: readonly string[], signal: AbortSignal): Promise<void> {
  for (const { name } of lab.nodes) {
    const label = nodes.includes(name) ? `${UPSTREAM_NODE_LABEL}=true` : `${UPSTREAM_NODE_LABEL}-`;
    await kubectl(lab, ['label', 'node', '--overwrite', name, label], { signal });
  }
}

/** Removes all of an installation that stood alone, its definitions and their objects included. */
export async function uninstallUpstream(lab: Lab, { log }: Pick<Task, 'log'>): Promise<void> {
  await withProgress(log, 'MetalLB: removing', async () => {
    const remove = (...args: string[]) => kubectl(lab, ['delete', '--ignore-not-found', '--wait', ...args]);
    await remove(...IN_NAMESPACE, `daemonset/${UPSTREAM_SPEAKER}`, `deployment/${UPSTREAM_CONTROLLER}`);
    await remove('crd', ...upstreamDefinitions().map(({ metadata }) => metadata.name ?? ''));
    for (const name of [UPSTREAM_SPEAKER, UPSTREAM_CONTROLLER]) {
      await remove(`clusterrole/${name}`, `clusterrolebinding/${name}`);
    }
    await remove('namespace', DEFAULT_NAMESPACE);
  });
}

/** A definition that is there already, perhaps a better one, stays. */
async function defineMissing(lab: Lab, signal: AbortSignal): Promise<void> {
  const present = (await kubectl(lab, ['get', 'crd', '-o', 'name'], { signal })).split('\n');
  const isMissing = (name: string) =>
    !present.includes(`customresourcedefinition.apiextensions.k8s.io/${name}`);
  const missing = upstreamDefinitions().filter(({ metadata }) => isMissing(metadata.name ?? ''));
  if (missing.length > 0) await applyObjects(lab, missing, signal);
  await kubectl(lab, ['wait', 'crd', '--all', '--for=condition=Established', '--timeout=30s'], { signal });
}

/** As upstream's controller makes it: 16 random bytes in base64 without padding. */
async function ensureMemberlistSecret(lab: Lab, signal: AbortSignal): Promise<void> {
  const secret = ['secret', MEMBERLIST_SECRET, ...IN_NAMESPACE];
  if (await kubectl(lab, ['get', ...secret, '--ignore-not-found', '-o', 'name'], { signal })) return;
  const key = randomBytes(16).toString('base64').replaceAll('=', '');
  const data = ['generic', MEMBERLIST_SECRET, `--from-literal=secretkey=${key}`];
  await kubectl(lab, ['create', 'secret', ...data, ...IN_NAMESPACE], { signal });
}

/** A pool with the lab's addresses, and its advertisement. */
export function poolOf(lab: Lab): KubeObject[] {
  const object = (kind: string, spec: object) =>
    ({
      apiVersion: METALLB_API_VERSION,
      kind,
      metadata: { name: 'lab', namespace: DEFAULT_NAMESPACE },
      spec,
    }) as KubeObject;
  return [
    object('IPAddressPool', { addresses: [lab.addressPool, lab.addressPool6] }),
    object('L2Advertisement', { ipAddressPools: ['lab'] }),
  ];
}
