import { KubeError, Listeners, type Pod, type Service } from '@metallb-l2/sdk/kube';
import { SERVICE_L2_STATUSES, type ServiceL2Status } from '@metallb-l2/sdk/models';
import { InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import { findOrphans, OrphanSweeper } from '../../../../speaker/src/controller/orphans.js';
import { HealthBoard } from '../../../../speaker/src/http/health.js';
import { PrometheusMeter } from '../../../../speaker/src/metrics.js';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../../support/recorded-log.ts';
import { service } from './fixtures.ts';

const NAMESPACE = 'metallb-system';

function statusOf(name: string, node: string, owner = `speaker-${node}`): ServiceL2Status {
  return {
    metadata: {
      name: `${node}-${name}`,
      namespace: NAMESPACE,
      labels: {
        'metallb.io/node': node,
        'metallb.io/service-name': name,
        'metallb.io/service-namespace': 'default',
      },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: owner, uid: `uid-${owner}` }],
    },
    status: { node, serviceName: name, serviceNamespace: 'default' },
  };
}

function speaker(node: string, fields: { ready?: boolean; labels?: Record<string, string> } = {}): Pod {
  const { ready = true, labels = { app: 'metallb', component: 'speaker' } } = fields;
  return {
    metadata: { name: `speaker-${node}`, namespace: NAMESPACE, uid: `uid-speaker-${node}`, labels },
    spec: { nodeName: node },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}

const told = (statuses: ServiceL2Status[], services: Service[], pods: Pod[]) =>
  findOrphans({ statuses, services, pods }).map(
    ({ status, reason }) => `${status.metadata.name ?? ''} ${reason}`,
  );

describe('a status', () => {
  const web = service('web');

  it('is looked after while its service exists and a speaker runs on its node', () => {
    expect(told([statusOf('web', 'n1')], [web], [speaker('n1')])).toEqual([]);
  });

  it('is an orphan when its service is gone', () => {
    expect(told([statusOf('web', 'n1')], [], [speaker('n1')])).toEqual(['n1-web serviceGone']);
  });

  it('is an orphan when no speaker runs on its node any more, or a dead one among live ones', () => {
    expect(told([statusOf('web', 'n1')], [web], [speaker('n2')])).toEqual(['n1-web speakerGone']);
    expect(told([statusOf('web', 'n1')], [web], [speaker('n1', { ready: false }), speaker('n2')])).toEqual([
      'n1-web speakerGone',
    ]);
  });

  it('is left alone when no speaker at all counts as ready: then the probes are at fault', () => {
    const pods = [speaker('n1', { ready: false }), speaker('n2', { ready: false })];
    expect(told([statusOf('web', 'n1')], [web], pods)).toEqual([]);
  });

  it("is left alone when it belongs to a speaker of upstream's, however that is labelled", () => {
    const helm = speaker('n1', { labels: { 'app.kubernetes.io/component': 'speaker' } });
    const unknown = speaker('n1', { labels: { app: 'something' } });
    expect(told([statusOf('web', 'n1')], [web], [helm, speaker('n2')])).toEqual([]);
    expect(told([statusOf('web', 'n1')], [web], [unknown, speaker('n2')])).toEqual([]);
  });

  it('belongs to the node of its label, also while its content still names the one before', () => {
    const adopted = { ...statusOf('web', 'n2'), status: { node: 'n1' } };
    expect(told([adopted], [web], [speaker('n2')])).toEqual([]);
  });
});

describe('the sweep', () => {
  it('removes an orphan after the grace time and says so, and not one that somebody took over meanwhile', async () => {
    const clock = new FakeClock();
    const api = new InMemoryKubeApi({ clock });
    const stored = ['gone', 'left', 'taken'].map((name) =>
      api.seed(SERVICE_L2_STATUSES, statusOf(name, 'n1')),
    );
    const source = <T>(objects: readonly T[]) => ({
      list: () => objects,
      ready: () => Promise.resolve(),
      subscribe: () => () => undefined,
      problem: undefined,
    });
    const log = new RecordedLog();
    const said: string[] = [];
    const events = {
      record: ({ name }: { name: string }, { reason, message }: { reason: string; message: string }) => {
        said.push(`${name} ${reason}: ${message}`);
      },
    };
    const sweeper = new OrphanSweeper({
      ...{ api, clock, log, random: () => 0, meter: new PrometheusMeter(), health: new HealthBoard(clock) },
      events,
      statuses: source(stored),
      services: source([service('left')]),
      pods: source([speaker('n2')]),
    });
    const stop = new AbortController();
    const running = sweeper.run(stop.signal);
    await clock.advance(29_000);
    expect(api.writes).toEqual([]);
    // The sweeper's own copy is stale from here on: only the precondition protects the object.
    const labels = { 'metallb.io/node': 'n2' };
    await api.patch(
      SERVICE_L2_STATUSES,
      { namespace: NAMESPACE, name: 'n1-taken' },
      { metadata: { labels } },
      { type: 'merge' },
    );
    await clock.advance(31_000);
    await settle();
    const { items } = await api.list(SERVICE_L2_STATUSES);
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['n1-taken']);
    expect(said).toEqual([
      'left statusOrphaned: removed ServiceL2Status "n1-left": no live speaker runs on node "n1", and none of another node announces the service',
    ]);
    stop.abort();
    await running;
    expect(clock.sleepers).toBe(0);
    expect(log.lines.filter(({ level }) => level !== 'info')).toEqual([]);
  });

  it('lets a speaker be that writes its status again: it lives, whatever its kubelet says', async () => {
    const clock = new FakeClock();
    const api = new InMemoryKubeApi({ clock });
    let stored = [api.seed(SERVICE_L2_STATUSES, statusOf('web', 'n1'))];
    let pods = [speaker('n1', { ready: false }), speaker('n2')];
    const changed = new Listeners();
    const source = <T>(list: () => readonly T[]) => ({
      list,
      ready: () => Promise.resolve(),
      subscribe: (listener: () => void) => changed.add(listener),
      problem: undefined,
    });
    const said: string[] = [];
    const sweeper = new OrphanSweeper({
      ...{ api, clock, log: new RecordedLog(), random: () => 0 },
      ...{ meter: new PrometheusMeter(), health: new HealthBoard(clock) },
      events: { record: (_, { reason }) => void said.push(reason) },
      statuses: source(() => stored),
      services: source(() => [service('web')]),
      pods: source(() => pods),
    });
    const stop = new AbortController();
    const running = sweeper.run(stop.signal);
    const show = (...statuses: ServiceL2Status[]) => {
      stored = statuses;
      changed.call();
    };
    await clock.advance(31_000);
    expect(said).toEqual(['statusOrphaned']);
    show();
    await clock.advance(1000);
    show(api.seed(SERVICE_L2_STATUSES, statusOf('web', 'n1')));
    await clock.advance(300_000);
    expect(said).toEqual(['statusOrphaned']);

    // Its kubelet is back; from now on the speaker is judged as any other.
    pods = [speaker('n1'), speaker('n2')];
    show(...stored);
    await clock.advance(1000);
    pods = [speaker('n1', { ready: false }), speaker('n2')];
    show(...stored);
    await clock.advance(61_000);
    expect(said).toEqual(['statusOrphaned', 'statusOrphaned']);
    stop.abort();
    await running;
  });

  describe('of a cluster that changes', () => {
    function start(time: FakeClock, cluster: { services: Service[]; lost?: KubeError }) {
      const api = new InMemoryKubeApi({ clock: time });
      const stored = [api.seed(SERVICE_L2_STATUSES, statusOf('web', 'n1'))];
      const changed = new Listeners();
      let looks = 0;
      const source = <T>(list: () => readonly T[]) => ({
        list,
        ready: () => Promise.resolve(),
        subscribe: (listener: () => void) => changed.add(listener),
        get problem() {
          return cluster.lost;
        },
      });
      const sweeper = new OrphanSweeper({
        ...{ api, clock: time, log: new RecordedLog(), random: () => 0 },
        ...{ meter: new PrometheusMeter(), health: new HealthBoard(time) },
        events: { record: () => undefined },
        statuses: source(() => stored),
        services: source(() => ((looks += 1), cluster.services)),
        pods: source(() => [speaker('n1')]),
      });
      const stop = new AbortController();
      const ended = sweeper.run(stop.signal);
      return {
        show: () => changed.call(),
        deletes: () => api.writes.length,
        looks: () => looks,
        end: () => (stop.abort(), ended),
      };
    }

    it('removes nothing while part of the cluster is out of sight, nor right after', async () => {
      const time = new FakeClock();
      const away = new KubeError('Unavailable', 'refused', { operation: 'watch services' });
      const cluster: { services: Service[]; lost?: KubeError } = { services: [], lost: away };
      const { show, deletes, end } = start(time, cluster);
      await time.advance(120_000);
      expect(deletes()).toBe(0);
      // The watch is back before what was missed has arrived on it.
      delete cluster.lost;
      show();
      await time.advance(5000);
      expect(deletes()).toBe(0);
      cluster.services = [service('web')];
      show();
      await time.advance(120_000);
      expect(deletes()).toBe(0);
      cluster.services = [];
      show();
      await time.advance(70_000);
      expect(deletes()).toBeGreaterThan(0);
      await end();
    });

    it('takes the same time whatever time of day it is set to', async () => {
      const time = new FakeClock();
      const { show, deletes, end } = start(time, { services: [] });
      await time.advance(1000);
      time.setBack(-60_000);
      show();
      await time.advance(20_000);
      expect(deletes()).toBe(0);
      time.setBack(3_600_000);
      await time.advance(15_000);
      expect(deletes()).toBeGreaterThan(0);
      await end();
    });

    it('looks once at what changes within a second', async () => {
      const time = new FakeClock();
      const { show, looks, end } = start(time, { services: [service('web')] });
      await time.advance(5000);
      const before = looks();
      for (let change = 0; change < 500; change += 1) {
        show();
        await time.advance(4);
      }
      expect(looks() - before).toBeLessThan(5);
      await end();
    });
  });
});
