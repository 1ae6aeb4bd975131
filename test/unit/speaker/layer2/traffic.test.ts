import { Announcer } from '../../../../speaker/src/layer2/announcer.js';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../../support/recorded-log.ts';
import { RecordedMeter } from '../../../support/recorded-meter.ts';
import { SimulatedLan } from '../../../support/simulated-lan.ts';

it('what was dropped on an interface that is gone is exported no more, and counted anew when it comes back', async () => {
  const lan = new SimulatedLan();
  const node = lan.addHost('node');
  const client = lan.addHost('client');
  const clock = new FakeClock();
  const meter = new RecordedMeter();
  const { openSocket, openGroups } = node;
  const ports = { clock, meter, random: () => 0.5, log: new RecordedLog() };
  const announcer = new Announcer({ ...ports, links: node, openSocket, openGroups });
  const stop = new AbortController();
  const ended = announcer.run(stop.signal);
  await settle();
  const dropped = () =>
    meter.value('metallb_layer2_frames_dropped', { interface: 'lan0', reason: 'not-announced' });
  const ask = async () => {
    await client.ask('192.0.2.51');
    await clock.advance(5000);
    return dropped();
  };
  expect(await ask()).toBe(1);
  node.changeLink({ up: false });
  await clock.advance(5000);
  expect(dropped()).toBe(1);
  node.changeLink({ up: true });
  await settle();
  await client.ask('192.0.2.51'); // counted, and not exported yet
  node.changeLink({ name: 'lan9' });
  await clock.advance(5000);
  expect(dropped()).toBe(0);
  node.changeLink({ name: 'lan0' });
  await settle();
  expect(await ask()).toBe(1);
  stop.abort();
  await ended;
});
