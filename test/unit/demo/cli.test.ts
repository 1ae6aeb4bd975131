import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../demo/cli.ts', import.meta.url));

/** Refuses to load whatever opens a socket, starts a thread or belongs to one operating system. */
const REFUSE = `
import { registerHooks } from 'node:module';
const refused = /^(node:)?(net|dgram|tls|https?|http2|worker_threads)$|^koffi|^@kubernetes\\/|^@pulumi\\//;
registerHooks({
  resolve(specifier, context, next) {
    if (refused.test(specifier)) throw new Error('refused: ' + specifier + ' for ' + context.parentURL);
    return next(specifier, context);
  },
});`;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program where it may read files, and nothing else: no writes, no processes, no addons. */
function runConfined(...args: string[]): Promise<Ended> {
  const confinement = ['--permission', '--allow-fs-read=*', '--import', dataUrl(REFUSE)];
  // Without a PATH there is no Go, and a cache that is not there holds no tools.
  const env = { METALLB_L2_CACHE: '/nonexistent/cache' };
  return new Promise((resolve) => {
    execFile(process.execPath, [...confinement, CLI, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

function dataUrl(module: string): string {
  return `data:text/javascript,${encodeURIComponent(module)}`;
}

describe('npm run demo', () => {
  it('simulates where no lab can run, says so and why, and ends with one line of figures', async () => {
    const { code, stdout, stderr } = await runConfined('--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) as string });
    expect(stderr).toMatch(/^no real cluster here: .*(needs|needed)/);
    expect(stderr).toMatch(/^simulated: /m);
    expect(stderr).toMatch(/web-\d moved from node\d to node\d/);
    expect(JSON.parse(stdout)).toEqual({
      simulated: true,
      ready: true,
      services: 6,
      announcedBy: expect.objectContaining({
        'web-1': expect.stringMatching(/^node\d$/) as string,
      }) as object,
      moved: { podDeleted: expect.any(Number) as number, powerCut: expect.any(Number) as number },
      ms: expect.objectContaining({ powerCut: expect.any(Number) as number }) as object,
    });
    expect(stdout.trim().split('\n')).toHaveLength(1);
  });

  it('does not pretend to keep, or to use a cluster, when it is to simulate', async () => {
    for (const other of ['--keep', '--kubeconfig=here']) {
      const { code, stderr } = await runConfined('--simulated', other);
      expect(code).toBe(1);
      expect(stderr).toMatch(/'--simulated' cannot be used with option/);
    }
  });

  it.each(['--addresses=192.0.2.0/24', '--image=example.com/metallb-l2', '--sample-image=example.com/web'])(
    'refuses %s without the cluster it is about',
    async (option) => {
      const { code, stdout, stderr } = await runConfined(option);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(
        /^error: option '--[a-z-]+ <.*>' is about a cluster of yours, which --kubeconfig names/,
      );
    },
  );

  it('names the kubeconfig it cannot read', async () => {
    const site = ['--kubeconfig=/no/such/file', '--addresses=192.0.2.0/24', '--image=example.com/metallb-l2'];
    const { code, stdout } = await runConfined(...site);
    expect(code).toBe(1);
    expect(stdout).toContain('the demo failed: --kubeconfig "/no/such/file" cannot be read: ENOENT');
  });

  it('says that it was interrupted, and ends with 130', async () => {
    const demo = spawn(process.execPath, [CLI, '--simulated'], { stdio: ['ignore', 'pipe', 'inherit'] });
    let stdout = '';
    demo.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    demo.stdout.once('data', () => demo.kill('SIGINT'));
    expect(await once(demo, 'close')).toEqual([130, null]);
    expect(stdout).toMatch(/\nthe demo was interrupted: stopped by SIGINT\n$/);
  });

  it('ends in order when nobody reads it to the end', async () => {
    const demo = spawn(process.execPath, [CLI, '--simulated'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    demo.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    demo.stdout.once('data', () => demo.stdout.destroy());
    expect(await once(demo, 'close')).toEqual([1, null]);
    expect(stderr).toBe('');
  });
});
