/** Who answers for the addresses on the one node of a bare lab: a speaker started by hand, or the kernel. */
import { release } from 'node:os';
import { addressOf, type SpeakerPod } from '../lab/bare-cluster.ts';
import { startBareSpeaker } from '../lab/bare-speaker.ts';
import type { Lab } from '../lab/lab.ts';
import type { Task } from '../toolchain/progress.ts';
import { resolveTool } from '../toolchain/resolve.ts';
import { SUBJECTS } from './subjects.ts';

const NODE = 'node1';

export interface Responder {
  readonly title: string;
  /** Begins to answer for the first `count` addresses, sooner or later; the result ends that. */
  start(site: ArpSite, count: number): Promise<() => Promise<void>>;
}

export interface ArpSite {
  readonly lab: Lab;
  readonly pod: SpeakerPod;
  readonly task: Task;
}

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
    start: async ({ lab, pod }) => {
      const speaker = startBareSpeaker(lab, pod);
      return () => speaker.kill();
    },
  },
  upstream: {
    title: SUBJECTS.upstream.title,
    start: async ({ lab, pod, task }) => {
      const program = await resolveTool('metallb-speaker', task);
      const speaker = startBareSpeaker(lab, pod, { argv: [program, '--log-level=info'] });
      return () => speaker.kill();
    },
  },
};
