import { ServiceL2StatusError } from '@metallb-l2/sdk';
import { KubeError, type KubeErrorCode } from '@metallb-l2/sdk/kube';
import { parseDuration } from '../../../../sdk/src/cli/arguments.js';
import { failureOf } from '../../../../sdk/src/cli/failure.js';
import { openRig, seedStatus } from './rig.ts';

describe('the command line', () => {
  it('shows its commands and exit codes when called with nothing, and ends with 0', async () => {
    const rig = openRig();
    expect(await rig.run('')).toBe(0);
    const help = rig.out();
    for (const word of ['status', 'who', 'watch', 'wait', 'completion', 'Exit codes', '124']) {
      expect(help).toContain(word);
    }
    expect(rig.err()).toBe('');
  });

  it('shows the global options with each command, and its version', async () => {
    const rig = openRig();
    expect(await rig.run('status --help')).toBe(0);
    expect(rig.out()).toContain('--metallb-namespace');
    expect(await rig.run('--version')).toBe(0);
    expect(rig.out()).toBe('1.2.3\n');
  });

  it.each([
    ['stat', `unknown command 'stat' (Did you mean status?)`],
    ['help stat', `unknown command 'stat' (Did you mean status?)`],
    ['who', `missing required argument 'service'`],
    ['who Web', `'Web' is invalid for argument 'service'. Give NAME or NAMESPACE/NAME, such as "web"`],
    ['who a/b/c', `'a/b/c' is invalid`],
    ['who web -o table', `Allowed choices are wide, json, yaml, name`],
    ['status --nod x', `unknown option '--nod'`],
    ['status -n Shop', `'Shop' is invalid. Give the name of a namespace`],
    ['wait web --timeout 60', `'60' is invalid. Give a duration with its unit, such as 60s`],
    ['wait web --for withdrawn --node a', '--for withdrawn is about every node; leave out --node and --not'],
    [
      'who shop/web -n other',
      '"shop/web" and --namespace "other" name two namespaces; leave one of them out',
    ],
    ['status web -A', '"web" is one service; leave out either it or --all-namespaces'],
    ['wait web --node a --not a', 'both are "a", so no node can be meant'],
    ['status -w -o json', '--watch prints rows, not "json"'],
    ['status -w -l a=b', '--selector "a=b" cannot be followed'],
  ])('that cannot be understood (%s) ends with 2 and one line that says why', async (line, message) => {
    const rig = openRig();
    expect(await rig.run(line)).toBe(2);
    const error = rig.err();
    expect(error).toContain(message);
    expect(error).toMatch(/^metallb-l2: .*[^.]\n$/);
    expect(rig.out()).toBe('');
    expect(rig.openConnections).toBe(0);
  });

  it.each([
    ['status', '--node'],
    ['wait', 'web', '--node'],
    ['wait', 'web', '--not'],
  ])('takes no empty name of a node, as an unset variable gives (%s)', async (...words) => {
    const rig = openRig();
    expect(await rig.runWords([...words, ''])).toBe(2);
    expect(rig.err()).toContain(`argument '' is invalid. Give the name of a node, such as "node1"`);
  });

  it('passes kubeconfig and context on, before the command or after it', async () => {
    const rig = openRig();
    await rig.run('--context prod status --kubeconfig /etc/kube.conf');
    expect(rig.choices).toEqual([{ context: 'prod', kubeconfigFile: '/etc/kube.conf' }]);
    expect(rig.openConnections).toBe(0);
  });

  it('helps with a command that is named', async () => {
    for (const [line, word] of [
      ['help who', '<service>'],
      ['help help', 'Exit codes'],
      ['help', 'Exit codes'],
    ] as const) {
      const rig = openRig();
      expect([line, await rig.run(line)]).toEqual([line, 0]);
      expect(rig.out()).toContain(word);
    }
  });

  it("looks for services in the context's namespace unless told otherwise, and else in default", async () => {
    const rig = openRig({ namespace: 'shop' });
    await rig.run('status');
    expect(rig.err()).toBe('metallb-l2: nothing is announced in namespace shop\n');
    await rig.run('status -n other');
    expect(rig.err()).toBe('metallb-l2: nothing is announced in namespace other\n');
    const without = openRig();
    await without.run('status');
    expect(without.err()).toBe('metallb-l2: nothing is announced in namespace default\n');
  });

  it('looks for statuses where MetalLB is said to be', async () => {
    const rig = openRig();
    seedStatus(rig, 'default/web', 'node1');
    expect(await rig.run('status web --metallb-namespace elsewhere')).toBe(1);
    expect(rig.api.calls.at(-1)?.ref.namespace).toBe('elsewhere');
    expect(await rig.run('status web')).toBe(0);
  });

  it('ends with 3 when there is no kubeconfig', async () => {
    const rig = openRig({ connect: async () => Promise.reject(new Error('no kubeconfig found: none')) });
    expect(await rig.run('status')).toBe(3);
    expect(rig.err()).toBe(
      'metallb-l2: no kubeconfig found: none; name a context with --context, or a file with --kubeconfig or KUBECONFIG\n',
    );
  });

  it.each<[KubeErrorCode, string, cause: object | undefined]>([
    ['NotFound', 'is MetalLB installed there', undefined],
    [
      'Forbidden',
      '; ask who runs the cluster for that permission, or name another user with --context\n',
      undefined,
    ],
    ['Unauthorized', '; log in again, or name another user with --context\n', undefined],
    ['TooManyRequests', '; try again in a while\n', undefined],
    ['Unavailable', '; check that it runs, and that --context names the right cluster\n', undefined],
    [
      'Unavailable',
      '; check certificate-authority of the kubeconfig, and that --context names the right cluster\n',
      { code: 'SELF_SIGNED_CERT_IN_CHAIN' },
    ],
  ])('ends with 3, one line and the remedy when the cluster answers %s: %s', async (code, remedy, cause) => {
    const lasting = ['NotFound', 'Forbidden', 'Unauthorized'].includes(code);
    const waits = lasting ? ['wait web', 'wait web --for withdrawn'] : [];
    for (const line of ['status', 'status -w', 'who web', 'watch', ...waits]) {
      const rig = openRig();
      const details = { operation: 'list x', retryAfterMs: 60_000, cause };
      rig.api.fault = () => ({ refuse: new KubeError(code, 'no,\n  really', details) });
      expect([line, await rig.run(line)]).toEqual([line, 3]);
      const error = rig.err();
      expect(error).toContain(remedy);
      expect(error).toMatch(/^metallb-l2: .*list x: no, really.*\n$/);
      expect([rig.openConnections, rig.clock.sleepers]).toEqual([0, 0]);
    }
  });
});

describe('an error', () => {
  it('of a question that waited ends with 124, of one that cannot be asked with 2', () => {
    expect(failureOf(new ServiceL2StatusError('Timeout', 'late'))).toEqual({
      exitCode: 124,
      message: 'late',
    });
    expect(failureOf(new ServiceL2StatusError('InvalidArgument', 'x'))).toEqual({
      exitCode: 2,
      message: 'x',
    });
  });

  it('nobody foresaw ends with 3 and is said too', () => {
    expect(failureOf(new TypeError('x is\nnot y'))).toEqual({ exitCode: 3, message: 'x is not y' });
  });
});

it.each([
  ['500ms', 500],
  ['60s', 60_000],
  ['1.5m', 90_000],
  ['1h30m', 5_400_000],
])('the duration %s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

it.each(['', '60', 's', '-1s', '1d', '1 s'])('"%s" is no duration', (text) => {
  expect(() => parseDuration(text)).toThrow('Give a duration with its unit');
});
