import { EVENTS, KubeError, LEASES, NAMESPACES, SERVICES, type Service } from '@metallb-l2/sdk/kube';
import { IP_ADDRESS_POOLS } from '@metallb-l2/sdk/models';
import { CONTROLLER_LEASE, type ControllerSettings, DEFAULT_LEASE } from '@metallb-l2/sdk/settings';
import { type ApiCall, InMemoryKubeApi } from '@metallb-l2/sdk/testing';
import { runController } from '../../../../speaker/src/controller/controller.js';
import { HealthBoard } from '../../../../speaker/src/http/health.js';
import { PrometheusMeter } from '../../../../speaker/src/metrics.js';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../../support/recorded-log.ts';
import { pool, service } from './fixtures.ts';

const SETTINGS: ControllerSettings = {
  namespace: 'metallb-system',
  logLevel: 'info',
  httpPort: 7472,
  pod: { name: 'controller-1', uid: 'pod-uid' },
  lease: DEFAULT_LEASE,
};
const FROM_POOL = 'metallb.io/ip-allocated-from-pool';

/** A controller over an API server in memory. */
class Scene {
  #generation = 0;
  readonly clock = new FakeClock();
  readonly api = new InMemoryKubeApi({ clock: this.clock });
  readonly log = new RecordedLog();
  readonly meter = new PrometheusMeter();
  readonly health = new HealthBoard(this.clock);
  #stop = new AbortController();
  #running = Promise.resolve();

  start(): void {
    this.#stop = new AbortController();
    const { api, clock, log, meter, health } = this;
    const randomBytes = (length: number) => new Uint8Array(length);
    const deps = { api, clock, log, meter, health, random: () => 0, randomBytes };
    this.#running = runController(deps, SETTINGS, this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  add(name: string, sketch: Parameters<typeof service>[1] = {}): void {
    const { status: _, ...object } = service(name, { ...sketch, age: this.#age++ });
    const { uid: _uid, resourceVersion: _version, ...metadata } = object.metadata;
    this.api.seed(SERVICES, { ...object, metadata });
  }
  #age = 0;

  /** Adds a pool, or changes the one of that name, which is its next generation. */
  addPool(...args: Parameters<typeof pool>): void {
    const { metadata, ...rest } = pool(...args);
    this.#generation += 1;
    this.api.seed(IP_ADDRESS_POOLS, { metadata: { ...metadata, generation: this.#generation }, ...rest });
  }

  async addresses(): Promise<Record<string, string | undefined>> {
    const { items } = await this.api.list(SERVICES);
    return Object.fromEntries(items.map((item) => [item.metadata.name ?? '', addressOf(item)]));
  }

  /** What was said about services and pools. */
  async events(): Promise<string[]> {
    const { items } = await this.api.list(EVENTS);
    const about = items.filter(({ reason }) => reason !== 'LeaderElection');
    return about.map(
      ({ involvedObject, reason, message }) =>
        `${involvedObject.name ?? ''} ${reason ?? ''} ${message ?? ''}`,
    );
  }

  serviceWrites(): ApiCall[] {
    return this.api.writes.filter(({ type }) => type.plural === 'services');
  }

  /** Lets everything happen that needs no time to pass. */
  async rest(): Promise<void> {
    let before = -1;
    while (before !== this.api.calls.length) {
      before = this.api.calls.length;
      await settle();
    }
  }
}

function addressOf(object: Service): string | undefined {
  return object.status?.loadBalancer?.ingress?.[0]?.ip;
}

describe('the controller', () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(async () => {
    await scene.stop();
    expect(scene.clock.sleepers).toBe(0);
  });

  it('gives each service an address in one write, and says so in one event', async () => {
    scene.addPool('production', ['10.0.0.1-10.0.0.9']);
    scene.add('a');
    scene.add('b');
    scene.start();
    await scene.rest();
    expect(await scene.addresses()).toEqual({ a: '10.0.0.1', b: '10.0.0.2' });
    const b = await scene.api.get(SERVICES, { namespace: 'default', name: 'b' });
    expect(b.metadata.annotations).toEqual({ [FROM_POOL]: 'production' });
    expect(scene.serviceWrites()).toHaveLength(2);
    expect(await scene.events()).toEqual([
      'a IPAllocated Assigned IP ["10.0.0.1"]',
      'b IPAllocated Assigned IP ["10.0.0.2"]',
    ]);
  });

  it('writes nothing after a restart but that it leads', async () => {
    scene.addPool('production', ['10.0.0.1-10.0.0.9']);
    scene.add('a');
    scene.start();
    await scene.rest();
    await scene.stop();
    scene.api.forgetCalls();
    scene.start();
    await scene.rest();
    expect(scene.health.readiness()).toEqual([]);
    expect(scene.api.writes.map(({ type }) => type.plural).sort()).toEqual(['events', 'leases']);
  });

  it('carries the resourceVersion it planned from in every write of a service', async () => {
    scene.addPool('production', ['10.0.0.1-10.0.0.9']);
    scene.add('a');
    scene.start();
    await scene.rest();
    const { items } = await scene.api.list(SERVICES);
    const annotations = { 'metallb.io/loadBalancerIPs': '10.0.0.5' };
    await scene.api.patch(
      SERVICES,
      { namespace: 'default', name: 'a' },
      { metadata: { annotations } },
      { type: 'merge' },
    );
    await scene.rest();
    const writes = scene.serviceWrites().filter(({ verb }) => verb === 'replace');
    const versions = writes.map(({ body }) => (body as Service).metadata.resourceVersion);
    expect(versions).toHaveLength(2);
    expect(Number(versions[1])).toBeGreaterThan(Number(items[0]?.metadata.resourceVersion));
    expect(versions.every((version) => version !== undefined)).toBe(true);
  });

  it('gives a freed address to the service that has waited longest', async () => {
    scene.addPool('small', ['10.0.0.1/32']);
    for (const name of ['first', 'second', 'third']) scene.add(name);
    scene.start();
    await scene.rest();
    expect(await scene.addresses()).toEqual({ first: '10.0.0.1', second: undefined, third: undefined });
    await scene.api.delete(SERVICES, { namespace: 'default', name: 'first' });
    await scene.rest();
    expect(await scene.addresses()).toEqual({ second: '10.0.0.1', third: undefined });
    await scene.api.patch(
      SERVICES,
      { namespace: 'default', name: 'second' },
      { spec: { type: 'ClusterIP' } },
      { type: 'merge' },
    );
    await scene.rest();
    expect(await scene.addresses()).toEqual({ second: undefined, third: '10.0.0.1' });
    const second = await scene.api.get(SERVICES, { namespace: 'default', name: 'second' });
    expect(second.metadata.annotations?.[FROM_POOL]).toBeUndefined();
  });

  it('says once why a service has no address, and shows it as a metric', async () => {
    scene.start();
    scene.add('a');
    await scene.rest();
    scene.add('b');
    await scene.rest();
    expect(await scene.events()).toEqual([
      'a AllocationFailed Failed to allocate IP for "default/a": no available IPs',
      'b AllocationFailed Failed to allocate IP for "default/b": no available IPs',
    ]);
    expect(await scene.meter.render()).toContain('metallb_l2_services_refused{reason="allPoolsExhausted"} 2');
    expect(scene.serviceWrites()).toEqual([]);
  });

  it('refuses a bad pool once, aloud, and serves from the others', async () => {
    scene.addPool('good', ['10.0.0.0/24']);
    scene.addPool('overlapping', ['10.0.0.128/25'], {}, 5);
    scene.start();
    scene.add('a');
    await scene.rest();
    scene.add('b');
    await scene.rest();
    expect(await scene.addresses()).toEqual({ a: '10.0.0.0', b: '10.0.0.1' });
    const said = (await scene.events()).filter((line) => line.startsWith('overlapping '));
    expect(said).toEqual([expect.stringContaining('overlaps with already defined CIDR')]);
    expect(await scene.meter.render()).toContain('metallb_k8s_client_config_stale_bool 1');
    expect(await scene.meter.render()).toContain('metallb_allocator_addresses_in_use_total{pool="good"} 2');
    expect(await scene.meter.render()).toContain('metallb_allocator_ipv4_addresses_total{pool="good"} 256');
    expect(await scene.meter.render()).toContain(
      'metallb_allocator_ipv6_addresses_in_use_total{pool="good"} 0',
    );
  });

  it('says once that a service has one address of two, and gives the second when the pool has one', async () => {
    scene.addPool('production', ['10.0.0.0/30']);
    scene.add('a', { spec: { clusterIPs: ['10.96.0.1', 'fd00::1'], ipFamilyPolicy: 'PreferDualStack' } });
    scene.start();
    await scene.rest();
    scene.add('b');
    await scene.rest();
    scene.addPool('production', ['10.0.0.0/30', '2001:db8::/64']);
    await scene.rest();
    expect((await scene.events()).filter((line) => line.startsWith('a '))).toEqual([
      'a IPAllocated Assigned IP ["10.0.0.0"]',
      'a AdditionalAssignFailed cannot assign additional IP in PreferDualStack: no available IPs in pool production for ipv6 IPFamily',
      'a IPAllocated Assigned additional IP "2001:db8::"',
    ]);
  });

  it('gives an address of a pool for a namespace once the namespace has the label', async () => {
    const namespaceSelectors = [{ matchLabels: { team: 'red' } }];
    scene.addPool('red', ['10.0.0.0/30'], { serviceAllocation: { namespaceSelectors } });
    scene.add('a');
    scene.start();
    await scene.rest();
    expect(await scene.addresses()).toEqual({ a: undefined });
    scene.api.seed(NAMESPACES, { metadata: { name: 'default', labels: { team: 'red' } } });
    await scene.rest();
    expect(await scene.addresses()).toEqual({ a: '10.0.0.0' });
  });

  it('moves services when their pool is taken away, and stops showing the pool', async () => {
    scene.addPool('old', ['10.0.0.0/24']);
    scene.add('a');
    scene.start();
    await scene.rest();
    scene.addPool('new', ['10.0.1.0/24']);
    await scene.api.delete(IP_ADDRESS_POOLS, { namespace: 'metallb-system', name: 'old' });
    await scene.rest();
    expect(await scene.addresses()).toEqual({ a: '10.0.1.0' });
    expect(await scene.meter.render()).not.toContain('pool="old"');
  });

  it('plans anew from the latest state when somebody else wrote in between', async () => {
    scene.addPool('production', ['10.0.0.1-10.0.0.9']);
    scene.start();
    await scene.rest();
    let interfered = false;
    scene.api.fault = async ({ verb, type, ref }) => {
      if (verb !== 'replace' || type.plural !== 'services' || interfered) return undefined;
      interfered = true;
      const annotations = { 'metallb.io/loadBalancerIPs': '10.0.0.5' };
      await scene.api.patch(
        SERVICES,
        { namespace: 'default', name: ref.name ?? '' },
        { metadata: { annotations } },
        { type: 'merge' },
      );
      return undefined;
    };
    scene.add('a');
    await scene.rest();
    await scene.clock.advance(1000);
    expect(await scene.addresses()).toEqual({ a: '10.0.0.5' });
  });

  it('keeps an address reserved whose write got no answer, however long the cluster is out of sight', async () => {
    const lost = new KubeError('Timeout', 'no answer', { operation: 'replace services/status' });
    scene.add('a');
    scene.add('b');
    scene.api.fault = ({ verb, type, ref }) => {
      if (type.plural !== 'services') return undefined;
      if (verb === 'replace' && ref.name === 'a') {
        scene.api.endWatches(lost);
        return { loseAnswer: lost };
      }
      if (verb === 'replace') return undefined;
      return scene.serviceWrites().length > 0 ? { refuse: lost } : undefined;
    };
    scene.start();
    await scene.rest();
    scene.addPool('z', ['10.0.0.1/32']);
    await scene.rest();
    expect(scene.serviceWrites()).toHaveLength(1);
    scene.addPool('a-pool', ['10.0.1.1/32']);
    await scene.clock.advance(60_000);
    const given = scene
      .serviceWrites()
      .map(({ ref, body }) => `${ref.name ?? ''} ${addressOf(body as Service) ?? ''}`);
    expect(given).toEqual(['a 10.0.0.1', 'b 10.0.1.1']);
    scene.api.fault = () => undefined;
    await scene.clock.advance(120_000);
    expect(await scene.addresses()).toEqual({ a: '10.0.0.1', b: '10.0.1.1' });
    expect(scene.serviceWrites()).toHaveLength(2);
  });

  it('backs off from a service that cannot be written, without holding up the others', async () => {
    scene.addPool('production', ['10.0.0.1-10.0.0.9']);
    const forbidden = new KubeError('Forbidden', 'no', { operation: 'replace services/status', status: 403 });
    scene.api.fault = ({ verb, ref }) =>
      verb === 'replace' && ref.name === 'a' ? { refuse: forbidden } : undefined;
    scene.add('a');
    scene.add('b');
    scene.start();
    await scene.rest();
    expect(await scene.addresses()).toEqual({ a: undefined, b: '10.0.0.2' });
    await scene.clock.advance(10 * 60_000);
    const tries = scene.serviceWrites().filter(({ ref }) => ref.name === 'a').length;
    expect(tries).toBeGreaterThan(8);
    expect(tries).toBeLessThan(20);
    scene.api.fault = () => undefined;
    await scene.clock.advance(60_000);
    expect(await scene.addresses()).toEqual({ a: '10.0.0.1', b: '10.0.0.2' });
  });

  it('says once on a service that it may not write it', async () => {
    scene.addPool('production', ['10.0.0.1-10.0.0.9']);
    const details = { operation: 'replace services/status default/a', status: 403 };
    const denied = { refuse: new KubeError('Forbidden', 'admission webhook denied the request', details) };
    scene.api.fault = ({ verb, ref }) => (verb === 'replace' && ref.name === 'a' ? denied : undefined);
    scene.add('a');
    scene.start();
    await scene.clock.advance(10 * 60_000);
    const refused =
      'a statusNotWritten the status of the service cannot be written: KubeError: replace services/status default/a: admission webhook denied the request';
    expect(await scene.events()).toEqual([refused]);
    scene.api.fault = () => undefined;
    await scene.clock.advance(120_000);
    expect(await scene.events()).toEqual([refused, 'a IPAllocated Assigned IP ["10.0.0.1"]']);
  });

  it('gives a service its address however many older ones wait for another try', async () => {
    scene.addPool('production', ['10.0.0.0/16']);
    const busy = { operation: 'replace services/status', status: 429, retryAfterMs: 600_000 };
    scene.api.fault = ({ verb, ref }) =>
      verb === 'replace' && ref.namespace === 'frozen'
        ? { refuse: new KubeError('TooManyRequests', 'not now', busy) }
        : undefined;
    for (let index = 0; index < 520; index += 1) scene.add(`f${String(index)}`, { namespace: 'frozen' });
    scene.start();
    await scene.rest();
    scene.add('young');
    await scene.rest();
    expect((await scene.addresses())['young']).toBe('10.0.2.8');
    expect(new Set(scene.serviceWrites().map(({ ref }) => ref.name)).size).toBe(521);
  });

  it('leaves more and more time to another controller that writes its own address into a service', async () => {
    scene.addPool('production', ['10.0.0.1-10.0.0.9']);
    scene.add('a');
    scene.start();
    const ref = { namespace: 'default', name: 'a' };
    const status = { loadBalancer: { ingress: [{ ip: '192.168.0.10' }] } };
    for (let second = 0; second < 60; second += 1) {
      await scene.rest();
      await scene.api.patch(SERVICES, ref, { status }, { type: 'merge', subresource: 'status' });
      await scene.clock.advance(1000);
    }
    const ours = scene.serviceWrites().filter(({ verb }) => verb === 'replace');
    expect(ours.length).toBeGreaterThan(3);
    expect(ours.length).toBeLessThan(8);
    expect((await scene.events()).length).toBeLessThan(2 * 8);
    await scene.clock.advance(600_000);
    expect(await scene.addresses()).toEqual({ a: '10.0.0.1' });
    expect(scene.log.lines.map(({ message }) => message)).toContain(
      'somebody else had overwritten the status of a service',
    );

    // Long after, the first time counts as the first again.
    await scene.clock.advance(3_600_000);
    await scene.api.patch(SERVICES, ref, { status }, { type: 'merge', subresource: 'status' });
    await scene.rest();
    expect(await scene.addresses()).toEqual({ a: '10.0.0.1' });
  });

  it('goes on when the time of day is set amid a plan', async () => {
    scene.addPool('production', ['10.0.0.1-10.0.0.9']);
    scene.add('a');
    scene.api.fault = ({ verb, type }) => {
      if (verb === 'replace' && type.plural === 'services') scene.clock.setBack(-9000);
      return undefined;
    };
    scene.start();
    await scene.rest();
    scene.api.fault = () => undefined;
    scene.add('b');
    await scene.clock.advance(1000);
    expect(await scene.addresses()).toEqual({ a: '10.0.0.1', b: '10.0.0.2' });
  });

  it('serves others while a write waits for its answer', async () => {
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    scene.api.fault = async ({ verb, ref }) => {
      if (verb === 'replace' && ref.name === 'a') await answered;
      return undefined;
    };
    scene.addPool('production', ['10.0.0.1-10.0.0.9']);
    scene.add('a');
    scene.start();
    await scene.rest();
    scene.add('b');
    await scene.rest();
    expect(await scene.addresses()).toEqual({ a: undefined, b: '10.0.0.2' });
    answer();
    await scene.rest();
    expect(await scene.addresses()).toEqual({ a: '10.0.0.1', b: '10.0.0.2' });
    expect(scene.serviceWrites()).toHaveLength(2);
  });

  it('gives an address to nobody else before the API server knows that it is free', async () => {
    scene.addPool('small', ['10.0.0.1/32']);
    scene.add('a');
    scene.add('b');
    scene.start();
    await scene.rest();
    const away = new KubeError('Unavailable', 'no answer', { operation: 'replace services/status' });
    scene.api.fault = ({ verb, ref }) =>
      verb === 'replace' && ref.name === 'a' ? { refuse: away } : undefined;
    const ref = { namespace: 'default', name: 'a' };
    await scene.api.patch(SERVICES, ref, { spec: { type: 'ClusterIP' } }, { type: 'merge' });
    await scene.rest();
    scene.add('c');
    await scene.clock.advance(10_000);
    expect(await scene.addresses()).toEqual({ a: '10.0.0.1', b: undefined, c: undefined });
    scene.api.fault = () => undefined;
    await scene.clock.advance(60_000);
    expect(await scene.addresses()).toEqual({ a: undefined, b: '10.0.0.1', c: undefined });
  });

  it('waits as long as an API server that is asked too much says', async () => {
    const busy = { operation: 'replace services/status', status: 429, retryAfterMs: 5000 };
    let refused = 0;
    scene.api.fault = ({ verb }) => {
      if (verb !== 'replace' || refused > 0) return undefined;
      refused += 1;
      return { refuse: new KubeError('TooManyRequests', 'too many requests', busy) };
    };
    scene.addPool('production', ['10.0.0.1-10.0.0.9']);
    scene.add('a');
    scene.start();
    await scene.clock.advance(4900);
    expect(scene.serviceWrites()).toHaveLength(1);
    await scene.clock.advance(200);
    expect(await scene.addresses()).toEqual({ a: '10.0.0.1' });
  });

  it('is not ready before services and pools are known', async () => {
    scene.api.fault = ({ verb, type }) =>
      verb === 'list' && type.plural === 'ipaddresspools'
        ? {
            refuse: new KubeError('NotFound', 'no such kind', {
              operation: 'list ipaddresspools',
              status: 404,
            }),
          }
        : undefined;
    scene.add('a');
    scene.start();
    await scene.rest();
    expect(scene.health.readiness()).toEqual(['addresses: services, pools and namespaces are not known yet']);
    scene.addPool('production', ['10.0.0.1-10.0.0.9']);
    scene.api.fault = () => undefined;
    await scene.clock.advance(60_000);
    expect(scene.health.readiness()).toEqual([]);
    expect(await scene.addresses()).toEqual({ a: '10.0.0.1' });
  });

  it('shows nothing of pools and services any more when somebody else leads, and all of it when it leads again', async () => {
    scene.addPool('production', ['10.0.0.1-10.0.0.9']);
    scene.addPool('overlapping', ['10.0.0.1/32'], {}, 5);
    scene.add('a');
    scene.add('b', { annotations: { 'metallb.io/loadBalancerIPs': '10.9.9.9' } });
    scene.start();
    await scene.rest();
    const shown = async () =>
      (await scene.meter.render())
        .split('\n')
        .filter((line) => /^metallb_(allocator|l2_services_refused|k8s_client_config)/.test(line))
        .sort();
    const before = await shown();
    expect(before).toEqual(
      expect.arrayContaining([
        'metallb_allocator_addresses_in_use_total{pool="production"} 1',
        'metallb_l2_services_refused{reason="notInPool"} 1',
        'metallb_k8s_client_config_loaded_bool 1',
        'metallb_k8s_client_config_stale_bool 1',
      ]),
    );
    await scene.api.patch(
      LEASES,
      { namespace: SETTINGS.namespace, name: CONTROLLER_LEASE },
      { spec: { holderIdentity: 'controller-2', renewTime: new Date(scene.clock.now()).toISOString() } },
      { type: 'merge' },
    );
    await scene.clock.advance(5000);
    expect(await shown()).toEqual([]);
    expect(await scene.meter.render()).toContain('metallb_k8s_client_updates_total 1');
    await scene.clock.advance(60_000);
    expect(await shown()).toEqual(before);
  });

  it('says once that the API server is away, and once that it is back', async () => {
    const away = new KubeError('Unavailable', 'connection refused', { operation: 'list services' });
    scene.api.fault = ({ type }) => (type.plural === 'services' ? { refuse: away } : undefined);
    scene.start();
    await scene.clock.advance(5 * 60_000);
    scene.api.fault = () => undefined;
    await scene.clock.advance(60_000);
    expect(scene.log.lines.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'info: leads',
      'warn: cannot follow services: what is known of them may be old',
      'info: following services again',
    ]);
  });
});
