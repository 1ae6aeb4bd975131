/** A speaker on a node of a bare lab, started by hand as a pod would start it. */
import { join } from 'node:path';
import { DEFAULT_NAMESPACE, ENV } from '@metallb-l2/sdk/settings';
import type { SpeakerPod } from './bare-cluster.ts';
import { hostFolder } from './folders.ts';
import type { Lab } from './lab.ts';
import { ServerProcess } from './processes.ts';

/** Our speaker, as it is in the image. */
const OUR_SPEAKER = [
  process.execPath,
  new URL('../../speaker/dist/image/main.mjs', import.meta.url).pathname,
  'speaker',
] as const;

export interface BareSpeakerOptions {
  /** The program and its arguments. @default our speaker */
  readonly argv?: readonly [string, ...string[]];
  /** Whether the speakers find out by gossip, in plain text, who of them lives. @default false */
  readonly gossips?: boolean;
}

export function startBareSpeaker(
  lab: Lab,
  pod: SpeakerPod,
  { argv = OUR_SPEAKER, gossips = false }: BareSpeakerOptions = {},
): ServerProcess {
  const variables = {
    KUBECONFIG: lab.kubeconfigPath,
    [ENV.nodeName]: pod.node,
    [ENV.podName]: pod.name,
    [ENV.podUid]: pod.uid,
    [ENV.namespace]: DEFAULT_NAMESPACE,
    MALLOC_ARENA_MAX: '1',
    ...(gossips && { [ENV.memberlistAddress]: pod.ip }),
  };
  const settings = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  // /sys shows the interfaces of whoever mounted it; in a pod the container runtime does that.
  const ownSys = ['unshare', '--mount', '--', 'sh', '-ec', 'mount -t sysfs sysfs /sys; exec "$@"', 'sh'];
  return ServerProcess.start({
    name: `${pod.node}: speaker`,
    argv: lab.commandOn(pod.node, [...ownSys, 'env', ...settings, ...argv]),
    logFile: join(hostFolder(lab.name, pod.node), 'logs', 'speaker.log'),
    diesWithParent: true,
  });
}
