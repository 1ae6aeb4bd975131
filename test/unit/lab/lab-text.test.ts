import { createNodeUser, createUser, renderKubeconfig, renderTokenFile } from '../../lab/credentials.ts';
import { parseLibraries } from '../../lab/images.ts';
import { parseLabState } from '../../lab/state.ts';
import { renderStatus } from '../../lab/status.ts';

describe('the state of a lab', () => {
  const state = { version: 1, name: 'lab', network: 7, nodes: 3, clients: ['client'], owner: '4711 8817' };

  it('is read as it was written', () => {
    expect(parseLabState(JSON.stringify(state))).toEqual(state);
    expect(parseLabState(JSON.stringify({ ...state, owner: null })).owner).toBeNull();
  });

  it.each([
    ['half a file', '{"version": 1, "na'],
    ['another version', JSON.stringify({ ...state, version: 2 })],
    ['a missing field', JSON.stringify({ ...state, network: undefined })],
  ])('is refused when it is %s', (_, text) => {
    expect(() => parseLabState(text)).toThrow();
  });
});

describe('the users of a lab', () => {
  it('each have a line of their own with a token of their own', () => {
    const users = [createUser('admin', 'system:masters'), createNodeUser('node1'), createNodeUser('node2')];
    const lines = renderTokenFile(users).trimEnd().split('\n');
    expect(lines.map((line) => line.split(',').slice(1))).toEqual([
      ['admin', 'admin', '"system:masters"'],
      ['system:node:node1', 'system:node:node1', '"system:nodes"'],
      ['system:node:node2', 'system:node:node2', '"system:nodes"'],
    ]);
    expect(new Set(lines.map((line) => line.split(',')[0])).size).toBe(3);
  });

  it('find server, certificate and token in a kubeconfig', () => {
    const config = JSON.parse(
      renderKubeconfig({ server: 'https://198.18.7.2:6443', certificate: 'PEM', token: 'secret' }),
    ) as { clusters: { cluster: object }[]; users: { user: object }[] };
    expect(config.clusters[0]?.cluster).toEqual({
      server: 'https://198.18.7.2:6443',
      'certificate-authority-data': Buffer.from('PEM').toString('base64'),
    });
    expect(config.users[0]?.user).toEqual({ token: 'secret' });
  });
});

describe('the libraries of an executable', () => {
  it('are the files ldd found, the loader included', () => {
    const listing = [
      '\tlinux-vdso.so.1 (0x00007ffc7a5f2000)',
      '\tlibstdc++.so.6 => /lib/x86_64-linux-gnu/libstdc++.so.6 (0x00007f2b3c400000)',
      '\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f2b3c21f000)',
      '\t/lib64/ld-linux-x86-64.so.2 (0x00007f2b3c69a000)',
    ].join('\n');
    expect(parseLibraries(listing)).toEqual([
      '/lib/x86_64-linux-gnu/libstdc++.so.6',
      '/lib/x86_64-linux-gnu/libc.so.6',
      '/lib64/ld-linux-x86-64.so.2',
    ]);
  });

  it('are none for a static one', () => {
    expect(parseLibraries('\tstatically linked\n')).toEqual([]);
  });
});

describe('the picture of a lab', () => {
  const host = { role: 'node' as const, ip6: '', plugged: true, processes: [] };
  const picture = renderStatus({
    name: 'lab',
    registry: '198.18.7.2:5000',
    addressPool: '198.18.7.192/27',
    kubeconfigPath: '/cache/kubeconfig',
    hosts: [
      { ...host, name: 'node1', ip: '198.18.7.11', processes: ['kubelet', 'node', 'node'] },
      { ...host, name: 'node2', ip: '198.18.7.12', plugged: false },
      { ...host, name: 'client', ip: '198.18.7.101', role: 'client' },
    ],
  }).split('\n');

  it('shows what runs on each host, and how often', () => {
    expect(picture).toContain('  ├── node1   198.18.7.11   up   kubelet, node ×2');
  });

  it('shows a cable that is pulled, and a node on which nothing runs', () => {
    expect(picture).toContain('  ├╳  node2   198.18.7.12   cut  nothing runs');
  });

  it('shows where to reach it', () => {
    expect(picture.join('\n')).toMatch(/198\.18\.7\.192\/27[^]*198\.18\.7\.2:5000[^]*\/cache\/kubeconfig/);
  });
});
