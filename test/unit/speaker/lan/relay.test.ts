import { MeterReplay, RelayMeter } from '../../../../speaker/src/lan/relay-meter.js';
import { relayLog } from '../../../../speaker/src/lan/relay-log.js';
import type { LogLine } from '../../../../speaker/src/lan/protocol.js';
import { SystemCallError } from '../../../../speaker/src/linux/libc.js';
import { RecordedMeter } from '../../../support/recorded-meter.ts';

describe('relayLog', () => {
  function logAt(level: 'debug' | 'info' | 'warn' | 'error') {
    const lines: LogLine[] = [];
    return { lines, log: relayLog(level, (line) => lines.push(structuredClone(line))) };
  }

  it('sends lines of its level and above', () => {
    const { log, lines } = logAt('warn');
    log.debug({}, 'a');
    log.info({}, 'b');
    log.warn({ ip: '192.0.2.1' }, 'c');
    log.error({}, 'd');
    expect(lines).toEqual([
      { type: 'log', level: 'warn', fields: { ip: '192.0.2.1' }, message: 'c' },
      { type: 'log', level: 'error', fields: {}, message: 'd' },
    ]);
  });

  it('keeps what an error says: its class, code, cause and where it was thrown', () => {
    const { log, lines } = logAt('info');
    const cause = new SystemCallError('bind', 'ENODEV');
    log.error({ err: new Error('cannot answer', { cause }) }, 'failed');
    expect(lines[0]?.fields).toEqual({
      err: {
        type: 'Error',
        message: 'cannot answer',
        stack: expect.stringContaining('relay.test') as string,
        cause: {
          type: 'SystemCallError',
          message: 'bind: ENODEV',
          code: 'ENODEV',
          stack: expect.any(String) as string,
        },
      },
    });
  });
});

describe('RelayMeter and MeterReplay', () => {
  let counting: RelayMeter;
  let exported: RecordedMeter;
  let replay: MeterReplay;
  const send = () => {
    const batch = counting.take();
    if (batch !== undefined) replay.apply(structuredClone(batch));
    return batch;
  };
  beforeEach(() => {
    counting = new RelayMeter();
    exported = new RecordedMeter();
    replay = new MeterReplay(exported);
  });

  it('add up what was counted between two batches', () => {
    const frames = counting.counter('frames', 'help', ['reason']);
    for (let i = 0; i < 3; i++) frames.inc({ reason: 'a' });
    frames.inc({ reason: 'b' }, 10);
    expect(send()?.counted).toHaveLength(2);
    frames.inc({ reason: 'a' });
    send();
    expect([exported.value('frames', { reason: 'a' }), exported.value('frames', { reason: 'b' })]).toEqual([
      4, 10,
    ]);
  });

  it('send nothing while nothing happens', () => {
    counting.counter('frames', 'help', []).inc({});
    expect(send()).toBeDefined();
    expect(send()).toBeUndefined();
  });

  it('declare a metric that two rooms ask for once', () => {
    counting.counter('frames', 'help', []).inc({});
    counting.counter('frames', 'help', []).inc({});
    expect(send()?.declared).toHaveLength(1);
    expect(exported.value('frames')).toBe(2);
  });

  it('show the last value of a gauge, and none once it is removed', () => {
    const members = counting.gauge('members', 'help', ['state']);
    members.set({ state: 'alive' }, 1);
    members.set({ state: 'alive' }, 2);
    members.set({ state: 'dead' }, 5);
    send();
    expect([
      exported.value('members', { state: 'alive' }),
      exported.value('members', { state: 'dead' }),
    ]).toEqual([2, 5]);
    members.remove({ state: 'dead' });
    send();
    expect(exported.value('members', { state: 'dead' })).toBe(0);
  });

  it('drop what was counted of a series that is removed, and count it anew', () => {
    const frames = counting.counter('frames', 'help', ['interface']);
    frames.inc({ interface: 'lan0' }, 3);
    send();
    frames.inc({ interface: 'lan0' }, 10);
    frames.remove({ interface: 'lan0' });
    frames.inc({ interface: 'lan0' }, 2);
    send();
    expect(exported.value('frames', { interface: 'lan0' })).toBe(2);
    frames.remove({ interface: 'lan0' });
    send();
    expect(exported.value('frames', { interface: 'lan0' })).toBe(0);
  });

  it('take gauges back at the end, but not what was counted', () => {
    counting.gauge('members', 'help', []).set({}, 2);
    counting.counter('frames', 'help', []).inc({}, 7);
    send();
    replay.end();
    expect([exported.total('members'), exported.total('frames')]).toEqual([0, 7]);
  });
});
