/** Who answers for the addresses on the one node of a bare lab: a speaker started by hand, or the kernel. */
import { release } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_NAMESPACE, ENV } from '@metallb-l2/sdk/settings';
import { labFolder } from '../lab/folders.ts';
import type { Lab } from '../lab/lab.ts';
import { ServerProcess } from '../lab/processes.ts';
import type { Task } from '../toolchain/progress.ts';
import { resolveTool } from '../toolchain/resolve.ts';
import { addressOf } from './arp-services.ts';
import { SUBJECTS } from './subjects.ts';

export const NODE = 'node1';

export interface Responder {
  readonly title: string;
  /** Begins to answer for the first `count` addresses, sooner or later; the result ends that. */
  start(site: ArpSite, count: number): Promise<() => Promise<void>>;
}

export interface ArpSite {
  readonly lab: Lab;
  /** Of the speaker's pod. */
  readonly podUid: string;
  readonly task: Task;
}

const OUR_PROGRAM = new URL('../../speaker/dist/image/main.mjs', import.meta.url).pathname;

export const RESPONDERS: Readonly<Record<'kernel' | 'ours' | 'upstream', Responder>> = {
  kernel: {
    title: `Linux ${release().split('-')[0]}`,
    async start({ lab, task }, count) {
      const change = async (action: 'add' | 'delete') => {
        const lines = Array.from({ length: count }, (_, index) => {
          return `address ${action} ${addressOf(index)}/32 dev eth0\n`;
        });
        const options = { input: lines.join(''), ...(action === 'add' && { signal: task.signal }) };
        const { code, stderr } = await lab.exec(NODE, ['ip', '-batch', '-'], options);
        if (code !== 0) throw new Error(`ip address ${action}: ${stderr.trim()}`);
      };
      await change('add');
      return () => change('delete');
    },
  },
  ours: {
    title: SUBJECTS.ours.title,
    start: (site) => startSpeaker(site, [process.execPath, OUR_PROGRAM, 'speaker']),
  },
  upstream: {
    title: SUBJECTS.upstream.title,
    async start(site) {
      return startSpeaker(site, [await resolveTool('metallb-speaker', site.task), '--log-level=info']);
    },
  },
};

async function startSpeaker({ lab, podUid }: ArpSite, argv: readonly string[]): Promise<() => Promise<void>> {
  const variables = {
    KUBECONFIG: lab.kubeconfigPath,
    [ENV.nodeName]: NODE,
    [ENV.podName]: 'speaker',
    [ENV.podUid]: podUid,
    [ENV.namespace]: DEFAULT_NAMESPACE,
  };
  const settings = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  // /sys shows the interfaces of whoever mounted it; in a pod the container runtime does that.
  const ownSys = ['unshare', '--mount', '--', 'sh', '-ec', 'mount -t sysfs sysfs /sys; exec "$@"', 'sh'];
  const speaker = ServerProcess.start({
    name: 'speaker',
    argv: lab.commandOn(NODE, [...ownSys, 'env', ...settings, ...argv]),
    logFile: join(labFolder(lab.name), 'speaker.log'),
    diesWithParent: true,
  });
  return () => speaker.kill();
}
