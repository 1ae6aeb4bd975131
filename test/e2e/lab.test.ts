/** What the lab promises: labs do not meet, and nothing of one stays, however it ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import { labFolder } from '../lab/folders.ts';
import { kubectl } from '../lab/kubectl.ts';
import { startLab } from '../lab/lab.ts';
import { dyingWithParent } from '../lab/processes.ts';
import { readLabState } from '../lab/state.ts';
import { until } from '../support/until.ts';

const MINUTE = 60_000;
const LAB = fileURLToPath(new URL('../lab/lab.ts', import.meta.url));
/** Another run of these tests may go on beside this one. */
const nameOf = (role: string) => `e2e-${role}-${process.pid}`;
const task = { log: () => undefined, signal: new AbortController().signal };

/** What the machine still has of a lab; other labs may run beside it. */
function tracesOf(name: string, machineInterface: string): string[] {
  const folder = labFolder(name);
  const processes = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => readProc(`${pid}/cmdline`).includes(folder));
  return [
    ...processes.map((pid) => `process ${pid}`),
    ...(readProc('self/mountinfo').includes(folder) ? [`a mount below ${folder}`] : []),
    ...(machineInterface in networkInterfaces() ? [`interface ${machineInterface}`] : []),
    ...(existsSync(folder) ? [`folder ${folder}`] : []),
  ];
}

/** A file of a process; empty when the process has just gone. */
function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return '';
  }
}

async function interfaceOf(name: string): Promise<string> {
  return `ml2-${String((await readLabState(name))?.network)}`;
}

describe('the lab', () => {
  it(
    'runs beside another one, and leaves nothing behind when it goes down',
    async () => {
      const labs = await Promise.all(
        ['one', 'two'].map((role) => startLab({ ...task, name: nameOf(role), nodes: 1 })),
      );
      for (const lab of labs) {
        expect((await kubectl(lab, ['get', 'nodes', '-o', 'name'])).trim()).toBe('node/node1');
      }
      for (const lab of labs) {
        const machineInterface = await interfaceOf(lab.name);
        expect(tracesOf(lab.name, machineInterface).length).toBeGreaterThan(3);
        await lab.down();
        expect(tracesOf(lab.name, machineInterface)).toEqual([]);
      }
    },
    3 * MINUTE,
  );

  it(
    'is removed by the next one when its owner was killed',
    async () => {
      const name = nameOf('killed');
      const program = `
        const { startLab } = await import(${JSON.stringify(LAB)});
        await startLab({ name: ${JSON.stringify(name)}, nodes: 1, log: () => {}, signal: new AbortController().signal });
        console.log('up');
        setInterval(() => {}, 1000);`;
      const [file, ...args] = dyingWithParent([process.execPath, '--input-type=module', '-e', program]);
      const owner = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      const ended = once(owner, 'exit');
      await Promise.race([once(owner.stdout, 'data'), ended]);
      const machineInterface = await interfaceOf(name);
      expect(tracesOf(name, machineInterface).length).toBeGreaterThan(3);
      owner.kill('SIGKILL');
      await ended;

      const next = await startLab({ ...task, name: nameOf('next'), nodes: 1 });
      await next.down();
      // The kernel reaps what it has killed in its own time.
      await until('nothing is left', () => Promise.resolve(tracesOf(name, machineInterface).length === 0));
    },
    3 * MINUTE,
  );
});
