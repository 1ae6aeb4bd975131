import { HealthBoard } from '../../../../speaker/src/http/health.js';
import { LanThread } from '../../../../speaker/src/lan/lan-thread.js';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../../support/recorded-log.ts';
import { RecordedMeter } from '../../../support/recorded-meter.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { SimulatedLan } from '../../../support/simulated-lan.ts';
import { DeafThread, type FakeThread, SimulatedThread } from '../../../support/simulated-thread.ts';

const IP = '192.0.2.50';
const OTHER_IP = '192.0.2.51';

class World {
  readonly clock = new FakeClock();
  readonly network = new SimulatedLan();
  readonly host = this.network.addHost('node');
  readonly client = this.network.addHost('client');
  readonly log = new RecordedLog();
  readonly meter = new RecordedMeter();
  readonly health = new HealthBoard(this.clock);
  readonly threads: FakeThread[] = [];
  readonly closed: number[] = [];
  /** What the next thread is. */
  next: () => FakeThread = () => new SimulatedThread(this.clock, this.host);
  readonly lan = new LanThread({
    clock: this.clock,
    log: this.log,
    meter: this.meter,
    health: this.health,
    random: seededRandom(1),
    start: () => {
      const thread = this.next();
      this.threads.push(thread);
      return thread;
    },
    closeDescriptor: (fd) => this.closed.push(fd),
    gossips: false,
  });
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  start(): void {
    this.#running = this.lan.run(this.#stop.signal);
  }

  get thread(): FakeThread {
    return this.threads.at(-1)!;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.clock.advance(5000);
    await this.#running;
  }

  async end(): Promise<void> {
    await this.stop();
    expect(this.threads.filter(({ hasEnded }) => !hasEnded)).toEqual([]);
    expect(this.clock.sleepers).toBe(0);
  }
}

describe('LanThread', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });
  afterEach(() => world.end());

  it('has addresses answered, and knows by which interfaces once that is in force', async () => {
    world.start();
    await world.lan.apply(new Map([[IP, 'all'] as const]));
    expect(world.lan.answering(IP)).toEqual(['lan0']);
    expect(world.lan.listening).toBe(true);
    expect(await world.client.ask(IP)).toEqual([world.host.mac]);
    await world.lan.apply(new Map([[OTHER_IP, ['eth9']] as const]));
    expect(world.lan.answering(IP)).toEqual([]);
    expect(world.lan.answering(OTHER_IP)).toEqual([]);
    expect(await world.client.ask(IP)).toEqual([]);
  });

  it('may be told what to announce before it runs', async () => {
    const applied = world.lan.apply(new Map([[IP, 'all'] as const]));
    world.start();
    await applied;
    expect(world.lan.answering(IP)).toEqual(['lan0']);
  });

  it('tells the thread what has changed, and nothing when nothing has', async () => {
    world.start();
    await world.lan.apply(new Map([[IP, 'all'] as const]));
    const before = world.thread.heard.length;
    await world.lan.apply(new Map([[IP, 'all'] as const]));
    expect(world.thread.heard).toHaveLength(before);
    await world.lan.apply(new Map([[OTHER_IP, ['lan0']] as const]), new Set([IP, '203.0.113.1']));
    expect(world.thread.heard.slice(before)).toEqual([
      {
        type: 'announce',
        revision: expect.any(Number) as number,
        put: [[OTHER_IP, ['lan0']]],
        drop: [IP],
        moved: [IP],
      },
    ]);
  });

  it('goes on answering for an address that moves until its next owner is heard', async () => {
    world.start();
    await world.lan.apply(new Map([[IP, 'all'] as const]));
    await world.lan.apply(new Map(), new Set([IP]));
    expect(await world.client.ask(IP)).toEqual([world.host.mac]);
    await world.clock.advance(1001);
    expect(await world.client.ask(IP)).toEqual([]);
  });

  it('says when interfaces stop answering', async () => {
    world.start();
    await world.lan.apply(new Map([[IP, 'all'] as const]));
    let changes = 0;
    world.lan.subscribe(() => changes++);
    world.host.changeLink({ carrier: false });
    await world.clock.advance(100);
    expect([world.lan.answering(IP), world.lan.listening]).toEqual([[], false]);
    expect(changes).toBe(1);
    world.host.changeLink({ carrier: true });
    await world.clock.advance(100);
    expect([world.lan.answering(IP), world.lan.listening]).toEqual([['lan0'], true]);
  });

  it('passes on conflicts', async () => {
    world.start();
    await world.lan.apply(new Map([[IP, 'all'] as const]));
    const conflicts: string[] = [];
    const unsubscribe = world.lan.onConflict(({ ip, mac }) => conflicts.push(`${ip} ${mac}`));
    world.client.send({ senderIp: IP, targetIp: IP });
    await world.clock.advance(2000);
    expect(conflicts).toEqual([`${IP} ${world.client.mac}`]);
    unsubscribe();
  });

  it('writes the lines and counts what the thread does', async () => {
    world.start();
    await world.lan.apply(new Map([[IP, 'all'] as const]));
    await world.client.ask(IP);
    // Counted by the network thread in turns of five seconds, and told with its next sign of life.
    await world.clock.advance(7000);
    expect(world.log.lines.map(({ message }) => message)).toContain('answering on an interface');
    expect(world.meter.value('metallb_layer2_responses_sent', { ip: IP })).toBe(1);
  });

  it('is ready when a thread answers', async () => {
    world.start();
    expect(world.health.readiness()).toEqual([
      'lan: the thread that answers on the network is down: it has not started yet',
    ]);
    await settle();
    expect(world.health.readiness()).toEqual([]);
  });

  describe('when a thread dies', () => {
    it('says so, starts another that announces the same, and is ready again', async () => {
      world.start();
      await world.lan.apply(new Map([[IP, 'all'] as const]));
      await world.clock.advance(10_000);
      const announced = world.network.seen.length;
      world.thread.die(new Error('out of memory'));
      await settle();
      expect(world.health.readiness()).toEqual([
        'lan: the thread that answers on the network is down: it ended (exited)',
      ]);
      expect(await world.client.ask(IP)).toEqual([]);
      await world.clock.advance(250);
      expect(world.health.readiness()).toEqual([]);
      expect(world.threads).toHaveLength(2);
      expect(await world.client.ask(IP)).toEqual([world.host.mac]);
      expect(world.network.seen.length).toBeGreaterThan(announced);
      expect(world.meter.value('metallb_speaker_lan_thread_restarts', { reason: 'exited' })).toBe(1);
      expect(world.log.lines).toContainEqual(
        expect.objectContaining({ level: 'error', message: 'the LAN thread failed' }),
      );
    });

    it('counts what was answered as answered for a moment, so that nothing is withdrawn for it', async () => {
      world.start();
      await world.lan.apply(new Map([[IP, 'all'] as const]));
      const told: (readonly string[])[] = [];
      world.lan.subscribe(() => told.push(world.lan.answering(IP)));
      world.thread.die();
      await world.clock.advance(1000);
      expect(new Set(told.flat())).toEqual(new Set(['lan0']));
    });

    it('takes changes meanwhile, and tells when they are in force', async () => {
      world.start();
      await world.lan.apply(new Map([[IP, 'all'] as const]));
      world.thread.die();
      await settle();
      let applied = false;
      void world.lan.apply(new Map([[OTHER_IP, 'all'] as const])).then(() => (applied = true));
      await settle();
      expect(applied).toBe(false);
      await world.clock.advance(250);
      expect(applied).toBe(true);
      expect(world.lan.answering(OTHER_IP)).toEqual(['lan0']);
      expect(await world.client.ask(IP)).toEqual([]);
    });

    it('closes what the thread has left open', async () => {
      world.start();
      for (const [fd, isOpen] of [
        [20, true],
        [21, true],
        [20, false],
        [22, true],
      ] as const) {
        world.thread.say({ type: 'descriptor', fd, isOpen });
      }
      await settle();
      expect(world.closed).toEqual([]);
      world.thread.die();
      await settle();
      expect(world.closed).toEqual([21, 22]);
    });

    it('forgets what its gauges said', async () => {
      const thread = new SimulatedThread(world.clock, world.host);
      world.next = () => thread;
      world.start();
      const { meter } = thread;
      meter.gauge('members', 'help', ['state']).set({ state: 'alive' }, 3);
      await world.clock.advance(1000);
      expect(world.meter.value('members', { state: 'alive' })).toBe(3);
      world.thread.die();
      await settle();
      expect(world.meter.value('members', { state: 'alive' })).toBe(0);
    });
  });

  describe('when every thread dies at once', () => {
    beforeEach(async () => {
      world.start();
      await world.lan.apply(new Map([[IP, 'all'] as const]));
      world.next = () => {
        const thread = new DeafThread();
        queueMicrotask(() => thread.die());
        return thread;
      };
      world.thread.die();
      await settle();
    });

    it('waits longer and longer between two tries, and tries for ever', async () => {
      await world.clock.advance(60_000);
      const inTheFirstMinute = world.threads.length;
      expect(inTheFirstMinute).toBeGreaterThan(5);
      expect(inTheFirstMinute).toBeLessThan(20);
      await world.clock.advance(600_000);
      expect(world.threads.length - inTheFirstMinute).toBeGreaterThan(25);
      expect(world.threads.length - inTheFirstMinute).toBeLessThan(65);
    });

    it('counts nothing as answered after two seconds, and tells that', async () => {
      const told: (readonly string[])[] = [];
      world.lan.subscribe(() => told.push(world.lan.answering(IP)));
      let applied = false;
      void world.lan.apply(new Map([[OTHER_IP, 'all'] as const])).then(() => (applied = true));
      await world.clock.advance(1900);
      expect(applied).toBe(false);
      await world.clock.advance(200);
      expect(applied).toBe(true);
      expect(told).toEqual([[]]);
      expect(world.lan.listening).toBe(false);
    });

    it('recovers with the first that lives', async () => {
      await world.clock.advance(60_000);
      world.next = () => new SimulatedThread(world.clock, world.host);
      await world.clock.advance(20_000);
      expect(world.health.readiness()).toEqual([]);
      expect(world.lan.answering(IP)).toEqual(['lan0']);
    });
  });

  it('ends a thread that gives no sign of life, and starts another', async () => {
    world.next = () => new DeafThread();
    world.start();
    await world.clock.advance(15_000);
    expect(world.threads).toHaveLength(1);
    world.next = () => new SimulatedThread(world.clock, world.host);
    await world.clock.advance(6000);
    expect(world.threads).toHaveLength(2);
    expect(world.threads[0]?.hasEnded).toBe(true);
    expect(world.meter.value('metallb_speaker_lan_thread_restarts', { reason: 'stalled' })).toBe(1);
    expect(world.health.readiness()).toEqual([]);
  });

  it('ends a thread that falls silent, and has the next one announce what it did', async () => {
    world.start();
    await world.lan.apply(new Map([[IP, 'all'] as const]));
    await world.clock.advance(60_000);
    const [stuck] = world.threads;
    stuck!.postMessage = () => undefined;
    await world.clock.advance(8500);
    expect([stuck!.hasEnded, world.threads.length]).toEqual([true, 2]);
    expect(world.meter.value('metallb_speaker_lan_thread_restarts', { reason: 'stalled' })).toBe(1);
    expect(await world.client.ask(IP)).toEqual([world.host.mac]);
  });

  it('counts nothing as answered by a thread that falls silent, while the kernel does not let go of it', async () => {
    world.start();
    await world.lan.apply(new Map([[IP, 'all'] as const]));
    await world.clock.advance(60_000);
    const stuck = world.thread;
    stuck.postMessage = () => undefined;
    stuck.terminate = () => new Promise((resolve) => stuck.on('exit', () => resolve()));
    await world.clock.advance(20_000);
    expect(world.threads).toHaveLength(1);
    expect([world.lan.answering(IP), world.lan.listening]).toEqual([[], false]);
    expect(world.health.readiness()).toEqual([
      'lan: the thread that answers on the network is down: it gives no sign of life',
    ]);
    stuck.die();
    await world.clock.advance(500);
    expect(world.lan.answering(IP)).toEqual(['lan0']);
    expect(world.health.readiness()).toEqual([]);
  });

  it('leaves a thread alone that answers each question late', async () => {
    const thread = new DeafThread();
    world.next = () => thread;
    world.start();
    for (let second = 0; second < 60; second++) {
      await world.clock.advance(1000);
      if (second % 4 === 0) thread.say({ type: 'pong' });
    }
    expect(world.threads).toHaveLength(1);
  });

  it('ends a thread that does not end by itself', async () => {
    world.next = () => new DeafThread();
    world.start();
    await world.stop();
    expect(world.thread.heard.at(-1)).toEqual({ type: 'stop' });
    expect(world.thread.hasEnded).toBe(true);
  });

  it('hands everything over when asked to, and answers for nothing any more', async () => {
    world.start();
    await world.lan.apply(new Map([[IP, 'all'] as const]));
    let done = false;
    void world.lan.handedOver(new AbortController().signal).then(() => (done = true));
    await world.clock.advance(500);
    expect(done).toBe(false);
    expect(await world.client.ask(IP)).toEqual([world.host.mac]);
    world.client.send({ senderIp: IP, targetIp: IP });
    await settle();
    expect(done).toBe(true);
    expect(await world.client.ask(IP)).toEqual([]);
  });

  it('waits for no hand-over of a thread that is dead, or when it is to stop at once', async () => {
    world.start();
    await world.lan.apply(new Map([[IP, 'all'] as const]));
    const stop = new AbortController();
    const first = world.lan.handedOver(stop.signal);
    stop.abort();
    await first;
    const second = world.lan.handedOver(new AbortController().signal);
    world.thread.die();
    await second;
    await world.lan.handedOver(new AbortController().signal);
    await world.clock.advance(1000);
    expect(await world.client.ask(IP)).toEqual([]);
  });
});
