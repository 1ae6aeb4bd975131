import { KubeError, NODES, SERVICES } from '@metallb-l2/sdk/kube';
import { SERVICE_L2_STATUSES } from '@metallb-l2/sdk/models';
import { settle } from '../../../support/fake-clock.ts';
import { type Rig, openRig, seedService, seedStatus } from './rig.ts';

const lines = (...text: string[]) => text.join('\n') + '\n';

function announced(): Rig {
  const rig = openRig({ namespace: 'shop' });
  seedStatus(rig, 'shop/web', 'node2', { announcedSince: '2025-12-31T23:55:00Z' });
  seedStatus(rig, 'shop/api', 'node-with-a-longer-name', { addresses: ['192.0.2.11', '2001:db8::1'] });
  seedStatus(rig, 'blog/web', 'node1', { addresses: [], interfaces: [] });
  return rig;
}

describe('status', () => {
  it('shows the services of the namespace as kubectl would', async () => {
    const rig = announced();
    expect(await rig.run('status')).toBe(0);
    expect(rig.out()).toBe(
      lines(
        'NAME   NODE                      ADDRESSES                AGE',
        'api    node-with-a-longer-name   192.0.2.11,2001:db8::1   0s',
        'web    node2                     192.0.2.10               5m',
      ),
    );
  });

  it('shows all namespaces, interfaces and objects when asked to, and no headings when not', async () => {
    const rig = announced();
    expect(await rig.run('status -A -o wide --no-headers')).toBe(0);
    expect(rig.out()).toBe(
      lines(
        'blog   web   node1                     <none>                   <all>   node1-web                     0s',
        'shop   api   node-with-a-longer-name   192.0.2.11,2001:db8::1   eth0    node-with-a-longer-name-api   0s',
        'shop   web   node2                     192.0.2.10               eth0    node2-web                     5m',
      ),
    );
  });

  it('gives names that kubectl takes', async () => {
    const rig = announced();
    await rig.run('status web -o name');
    expect(rig.out()).toBe('servicel2status.metallb.io/node2-web\n');
  });

  it('gives the same data as JSON and as YAML', async () => {
    const rig = announced();
    await rig.run('status blog/web -o json');
    const expected = {
      statuses: [
        {
          service: { namespace: 'blog', name: 'web' },
          node: 'node1',
          interfaces: [],
          addresses: [],
          since: '2026-01-01T00:00:00.000Z',
          object: { namespace: 'metallb-system', name: 'node1-web' },
        },
      ],
      invalid: [],
    };
    expect(JSON.parse(rig.out())).toEqual(expected);
    await rig.run('status blog/web -o yaml');
    expect(rig.out()).toBe(
      lines(
        'statuses:',
        '  - service:',
        '      namespace: blog',
        '      name: web',
        '    node: node1',
        '    interfaces: []',
        '    addresses: []',
        '    since: "2026-01-01T00:00:00.000Z"',
        '    object:',
        '      namespace: metallb-system',
        '      name: node1-web',
        'invalid: []',
      ),
    );
  });

  it('selects by node and by the labels of services', async () => {
    const rig = announced();
    seedService(rig, 'shop/web', { tier: 'front' });
    seedService(rig, 'shop/api', { tier: 'back' });
    await rig.run('status -A --node node1 --no-headers');
    expect(rig.out()).toMatch(/^blog {3}web .*\n$/);
    await rig.run('status -l tier=front --no-headers');
    expect(rig.out()).toMatch(/^web .*\n$/);
    const asked = rig.api.calls.filter(({ type }) => type === SERVICES);
    expect(asked).toMatchObject([{ verb: 'list', ref: { namespace: 'shop' } }]);
    await rig.run('status blog/web -l tier=front');
    expect(rig.err()).toBe('metallb-l2: nothing is announced in blog/web\n');
    seedService(rig, 'blog/web', { tier: 'front' });
    expect(await rig.run('status blog/web -l tier=front --no-headers')).toBe(0);
    expect(rig.out()).toMatch(/^web .*\n$/);
    await rig.run('status -A -l tier=none');
    expect(rig.err()).toBe('metallb-l2: nothing is announced in any namespace\n');
  });

  it('ends with 1 when the one service asked for is not announced', async () => {
    const rig = openRig();
    expect(await rig.run('status web')).toBe(1);
    expect(rig.err()).toBe('metallb-l2: nothing is announced in default/web\n');
  });

  it('says which objects it had to leave out', async () => {
    const rig = announced();
    rig.api.seed(SERVICE_L2_STATUSES, { metadata: { namespace: 'metallb-system', name: 'blank' } });
    expect(await rig.run('status')).toBe(0);
    expect(rig.err()).toBe(
      'metallb-l2: left out servicel2status metallb-system/blank: neither its status nor its labels name a service\n',
    );
  });

  it('marks a service that another node is taking over', async () => {
    const rig = openRig();
    seedStatus(rig, 'default/web', 'node1', { label: 'node2' });
    await rig.run('status --no-headers');
    expect(rig.out()).toBe('web   node1 (claimed by node2)   192.0.2.10   0s\n');
  });

  it('does not call all interfaces those that are not known yet', async () => {
    const rig = openRig();
    const { metadata } = seedStatus(rig, 'default/web', 'node1');
    await rig.api.delete(SERVICE_L2_STATUSES, { namespace: 'metallb-system', name: metadata.name ?? '' });
    rig.api.seed(SERVICE_L2_STATUSES, { metadata: { ...metadata } });
    await rig.run('status -o wide --no-headers');
    expect(rig.out()).toMatch(/^web {3}node1 \(claimed\) {3}<none> {3}<unknown> /);
    await rig.run('who web --no-headers');
    expect(rig.out()).toContain('<unknown>');
  });

  it('goes on with a row for each change until it is interrupted', async () => {
    const rig = announced();
    const ended = rig.run('status --watch');
    await settle();
    expect(rig.out().split('\n')).toHaveLength(4);
    seedStatus(rig, 'shop/web', 'node3', { name: 'node2-web' });
    seedStatus(rig, 'blog/new', 'node3');
    await rig.api.delete(SERVICE_L2_STATUSES, {
      namespace: 'metallb-system',
      name: 'node-with-a-longer-name-api',
    });
    await rig.clock.advance(5000);
    expect(rig.out()).toBe(
      lines(
        'web    node3                     192.0.2.10               0s',
        'api    <none>                    192.0.2.11,2001:db8::1   2s',
      ),
    );
    rig.interrupt();
    expect(await ended).toBe(130);
    expect([rig.openConnections, rig.clock.sleepers, rig.err()]).toEqual([0, 0, '']);
  });

  it('says when the cluster is out of sight, and repeats nothing when it is back', async () => {
    const rig = announced();
    const ended = rig.run('status -w');
    await settle();
    rig.out();
    rig.api.endWatches(new KubeError('Unavailable', 'gone', { operation: 'watch x' }));
    await rig.clock.advance(60_000);
    expect(rig.err()).toBe('metallb-l2: watch x: gone\n');
    expect(rig.out()).toBe('');
    rig.interrupt();
    await ended;
  });

  it('is coloured only where colours are seen', async () => {
    const rig = openRig({ colours: true });
    seedStatus(rig, 'default/web', 'node1', { label: 'node2' });
    await rig.run('status --no-headers');
    expect(rig.out()).toContain('\u001b[33mnode1 (claimed by node2)\u001b[39m   192');
  });
});

describe('who', () => {
  function withNodes(): Rig {
    const rig = announced();
    for (const name of ['node1', 'node2']) rig.api.seed(NODES, { metadata: { name } });
    return rig;
  }

  it('names the node and how sure that is', async () => {
    const rig = withNodes();
    expect(await rig.run('who web')).toBe(0);
    expect(rig.out()).toBe(
      lines(
        'NAMESPACE   NAME   NODE    CERTAINTY   ADDRESSES    INTERFACES   AGE',
        'shop        web    node2   settled     192.0.2.10   eth0         5m',
      ),
    );
    await rig.run('who web -o name');
    expect(rig.out()).toBe('node/node2\n');
    await rig.run('who web -o json');
    expect(JSON.parse(rig.out())).toMatchObject({ node: 'node2', certainty: 'settled', reason: 'Announced' });
  });

  it('ends with 1 and says where to look when nobody announces it', async () => {
    const rig = withNodes();
    expect(await rig.run('who nothing')).toBe(1);
    expect(rig.out()).toBe('');
    expect(rig.err()).toBe(
      'metallb-l2: nobody announces shop/nothing: there is no status of the service; see `metallb-l2 explain shop/nothing`\n',
    );
    expect(await rig.run('who nothing -o json')).toBe(1);
    expect(JSON.parse(rig.out())).toMatchObject({ certainty: 'nobody' });
  });

  it('ends with 1 and says why when the announcing node is gone', async () => {
    const rig = withNodes();
    expect(await rig.run('who api -o wide')).toBe(1);
    expect(rig.out()).toMatch(/stale .* NodeGone\n$/);
    expect(rig.err()).toContain('node node-with-a-longer-name does not exist');
  });
});

describe('watch', () => {
  it('tells each event on a line, until it is interrupted', async () => {
    const rig = openRig();
    seedStatus(rig, 'default/web', 'node1');
    const ended = rig.run('watch');
    await settle();
    seedStatus(rig, 'default/web', 'node1', { label: 'node2' });
    seedStatus(rig, 'default/web', 'node2', { name: 'node1-web' });
    seedStatus(rig, 'other/web', 'node2');
    await settle();
    await rig.api.delete(SERVICE_L2_STATUSES, { namespace: 'metallb-system', name: 'node1-web' });
    await rig.clock.advance(2000);
    expect(rig.out()).toBe(
      lines(
        '2026-01-01T00:00:00Z  synced     1 service is announced',
        '2026-01-01T00:00:00Z  synced     default/web  node1  192.0.2.10  eth0',
        '2026-01-01T00:00:00Z  updated    default/web  node1 (claimed by node2)  192.0.2.10  eth0',
        '2026-01-01T00:00:00Z  moved      default/web  node1 → node2  192.0.2.10  eth0',
        '2026-01-01T00:00:02Z  withdrawn  default/web  node2  192.0.2.10  eth0',
      ),
    );
    rig.interrupt();
    expect(await ended).toBe(130);
    expect(rig.openConnections).toBe(0);
  });

  it('gives each event as a line of JSON, or as a document of YAML', async () => {
    for (const [format, pattern] of [
      ['json', /^\{"time":"2026-01-01T00:00:00.000Z","type":"synced","statuses":\[\],"invalid":\[\]\}\n$/],
      ['yaml', /^---\ntime: "2026-01-01T00:00:00.000Z"\ntype: synced\nstatuses: \[\]\ninvalid: \[\]\n$/],
    ] as const) {
      const rig = openRig();
      const ended = rig.run(`watch -A -o ${format}`);
      let printed = '';
      while (!printed.endsWith('\n')) {
        await settle();
        printed += rig.out();
      }
      expect(printed).toMatch(pattern);
      rig.interrupt();
      await ended;
    }
  });
});

describe('wait', () => {
  it('ends at once when it is so already', async () => {
    const rig = announced();
    expect(await rig.run('wait web --node node2')).toBe(0);
    expect(rig.out()).toBe('shop/web is announced by node2\n');
    expect(await rig.run('wait nothing --for withdrawn')).toBe(0);
    expect(rig.out()).toBe('shop/nothing is not announced\n');
    expect(rig.clock.sleepers).toBe(0);
  });

  it('ends when another node has taken the service over', async () => {
    const rig = announced();
    const ended = rig.run('wait web --not node2');
    await rig.clock.advance(10_000);
    seedStatus(rig, 'shop/web', 'node1', { name: 'node2-web' });
    expect(await ended).toBe(0);
    expect(rig.out()).toBe('shop/web is announced by node1\n');
  });

  it('ends when nobody announces it any more', async () => {
    const rig = announced();
    const ended = rig.run('wait web --for withdrawn');
    await settle();
    await rig.api.delete(SERVICE_L2_STATUSES, { namespace: 'metallb-system', name: 'node2-web' });
    await rig.clock.advance(2000);
    expect(await ended).toBe(0);
  });

  it.each([
    ['wait nothing --timeout 1m30s', 'shop/nothing was not announced within 90 s; last seen: nobody'],
    ['wait web --node node1 --timeout 90s', 'shop/web was not announced by node1 within 90 s'],
    ['wait web --for withdrawn --timeout 90s', 'shop/web is still announced after 90 s'],
  ])('ends with 124 after its time (%s)', async (line, message) => {
    const rig = announced();
    const ended = rig.run(line);
    await rig.clock.advance(90_000);
    expect(await ended).toBe(124);
    expect(rig.err()).toContain(message);
    expect([rig.openConnections, rig.clock.sleepers]).toEqual([0, 0]);
  });

  it.each([
    ['wait web', 'shop/web was not announced within 60 s; the API server has not answered yet'],
    [
      'wait web --for withdrawn',
      'shop/web may still be announced after 60 s; the API server has not answered yet',
    ],
  ])('says that it has seen nothing when the server is silent (%s)', async (line, message) => {
    const rig = announced();
    rig.api.fault = () => new Promise(() => undefined);
    const ended = rig.run(line);
    await rig.clock.advance(60_000);
    expect(await ended).toBe(124);
    expect(rig.err()).toContain(message);
  });

  it.each(['wait web', 'wait nothing --for withdrawn'])(
    'goes on when the server was away to begin with (%s)',
    async (line) => {
      const rig = announced();
      rig.api.fault = () => ({ refuse: new KubeError('Unavailable', 'gone', { operation: 'list x' }) });
      const ended = rig.run(line);
      await rig.clock.advance(1000);
      rig.api.fault = () => undefined;
      await rig.clock.advance(30_000);
      expect(await ended).toBe(0);
    },
  );

  it('only looks when it has no time', async () => {
    const rig = announced();
    expect(await rig.run('wait web --timeout 0s')).toBe(0);
    expect(await rig.run('wait web --for withdrawn --timeout 0s')).toBe(124);
    expect(await rig.run('wait nothing --for withdrawn --timeout 0s')).toBe(0);
    expect(rig.clock.sleepers).toBe(0);
  });

  it.each(['wait nothing', 'wait web --for withdrawn'])('can be interrupted (%s)', async (line) => {
    const rig = announced();
    const ended = rig.run(line);
    await settle();
    rig.interrupt();
    expect(await ended).toBe(130);
    expect([rig.out(), rig.err()]).toEqual(['', '']);
  });
});
