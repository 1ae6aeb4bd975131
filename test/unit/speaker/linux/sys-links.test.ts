import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SysLinks } from '../../../../speaker/src/linux/sys-links.js';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../../support/recorded-log.ts';

describe('SysLinks', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'links-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  /** Writes an interface as `/sys/class/net` has it. */
  function put(name: string, files: Record<string, string>): void {
    mkdirSync(join(directory, name), { recursive: true });
    const all = {
      ifindex: '2',
      flags: '0x1003',
      address: '02:00:00:00:00:01',
      type: '1',
      carrier: '1',
      ...files,
    };
    for (const [file, content] of Object.entries(all))
      writeFileSync(join(directory, name, file), `${content}\n`);
  }

  function start() {
    const clock = new FakeClock();
    const log = new RecordedLog();
    const links = new SysLinks({ clock, log }, { directory });
    const stop = new AbortController();
    let changes = 0;
    links.subscribe(() => changes++);
    const ended = links.run(stop.signal);
    return {
      clock,
      log,
      links,
      changes: () => changes,
      end: async () => {
        stop.abort();
        await ended;
        expect(clock.sleepers).toBe(0);
      },
    };
  }

  it('reads what matters of each interface, at once', async () => {
    put('eth0', {});
    put('lo', { ifindex: '1', flags: '0x9', address: '00:00:00:00:00:00', type: '772' });
    put('ib0', {
      ifindex: '3',
      flags: '0x1082',
      address: Array(20).fill('aa').join(':'),
      type: '32',
      carrier: '',
    });
    symlinkSync('../eth0', join(directory, 'ib0', 'master'));
    symlinkSync('../nowhere', join(directory, 'bonding_masters'));
    const { links, end } = start();
    expect(links.links()).toEqual([
      {
        index: 1,
        name: 'lo',
        mac: '00:00:00:00:00:00',
        hardwareType: 772,
        up: true,
        carrier: true,
        loopback: true,
        noArp: false,
        hasMaster: false,
      },
      {
        index: 2,
        name: 'eth0',
        mac: '02:00:00:00:00:01',
        hardwareType: 1,
        up: true,
        carrier: true,
        loopback: false,
        noArp: false,
        hasMaster: false,
      },
      expect.objectContaining({
        name: 'ib0',
        mac: '',
        hardwareType: 32,
        up: false,
        carrier: false,
        noArp: true,
        hasMaster: true,
      }),
    ]);
    await end();
  });

  it('tells of a change within a second, and of nothing when there is none', async () => {
    put('eth0', {});
    const { links, clock, changes, end } = start();
    await clock.advance(5000);
    expect(changes()).toBe(1);
    put('eth0', { address: '02:00:00:00:00:02' });
    await clock.advance(1000);
    expect(changes()).toBe(2);
    expect(links.links()[0]?.mac).toBe('02:00:00:00:00:02');
    await end();
  });

  it('keeps what it knows when nothing can be read, and says so', async () => {
    put('eth0', {});
    const { links, clock, log, end } = start();
    rmSync(directory, { recursive: true });
    await clock.advance(1000);
    expect(links.links()).toHaveLength(1);
    expect(log.lines.map(({ level }) => level)).toContain('warn');
    mkdirSync(directory);
    await end();
  });
});
