import { AnnouncedAddress } from '../../../../speaker/src/layer2/announced-address.js';
import { GratuitousSender } from '../../../../speaker/src/layer2/gratuitous-sender.js';
import { FakeClock } from '../../../support/fake-clock.ts';

const addresses = (count: number) =>
  Array.from({ length: count }, (_, i) => new AnnouncedAddress(`10.0.${i >> 8}.${i & 255}`, 'all'));

function setUp(framesPerSecond: number) {
  const clock = new FakeClock();
  const sent: { ip: string; at: number }[] = [];
  const gone = new Set<AnnouncedAddress>();
  const start = clock.now();
  const sender = new GratuitousSender(
    {
      clock,
      isCurrent: (address) => !gone.has(address),
      send: ({ ip }) => sent.push({ ip, at: clock.now() - start }),
    },
    framesPerSecond,
  );
  return { clock, sender, sent, gone, ips: () => sent.map(({ ip }) => ip) };
}

describe('a gratuitous sender', () => {
  it('sends the rounds of one address with their spacing', async () => {
    const { clock, sender, sent } = setUp(1000);
    sender.takeOver(addresses(1));
    await clock.advance(60_000);
    expect(sent.map(({ at }) => at)).toEqual([0, 1100, 2200, 3300, 4400]);
    expect(clock.sleepers).toBe(0);
  });

  it('sends the first round of all before the second of any', async () => {
    const { clock, sender, ips } = setUp(1000);
    const many = addresses(2000);
    sender.takeOver(many);
    await clock.advance(5000);
    expect(new Set(ips().slice(0, 2000)).size).toBe(2000);
    await clock.advance(60_000);
    expect(ips()).toHaveLength(2000 * 5);
    expect(clock.sleepers).toBe(0);
  });

  it('keeps to its rate, two frames to each IPv4 address', async () => {
    const { clock, sender, sent } = setUp(1000);
    sender.takeOver(addresses(2000));
    await clock.advance(2000);
    expect(sent.length * 2).toBeGreaterThan(2000);
    expect(sent.length * 2).toBeLessThan(2000 + 100 + 20);
  });

  it('lets a new address pass all that waits', async () => {
    const { clock, sender, sent } = setUp(100);
    const [late, ...many] = addresses(500);
    sender.refresh(many.slice(0, 250));
    sender.takeOver(many.slice(250, 260));
    await clock.advance(1500);
    sender.takeOver([late!]);
    await clock.advance(50);
    expect(sent.find(({ ip }) => ip === late!.ip)?.at).toBeLessThanOrEqual(1550);
  });

  it('does not refresh what it is busy telling anyway', async () => {
    const { clock, sender, ips } = setUp(100);
    const many = addresses(20);
    sender.takeOver(many);
    sender.refresh(many);
    await clock.advance(60_000);
    expect(ips()).toHaveLength(100);
  });

  it('skips at once those that are announced no longer', async () => {
    const { clock, sender, gone, ips } = setUp(100);
    const many = addresses(1000);
    sender.takeOver(many);
    for (const address of many.slice(0, 999)) gone.add(address);
    await clock.advance(100);
    expect(ips().at(-1)).toBe(many[999]!.ip);
  });

  it('sends nothing once it is closed, and leaves no timer', async () => {
    const { clock, sender, sent } = setUp(100);
    sender.takeOver(addresses(100));
    const before = sent.length;
    sender.close();
    sender.takeOver(addresses(1));
    await clock.advance(60_000);
    expect([sent.length, clock.sleepers]).toEqual([before, 0]);
  });
});
