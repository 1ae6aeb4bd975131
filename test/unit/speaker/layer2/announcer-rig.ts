/** An announcer on a simulated LAN, with a client beside it. */
import {
  type AddressConflict,
  Announcer,
  type AnnouncerOptions,
} from '../../../../speaker/src/layer2/announcer.js';
import { FakeClock, settle } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../../support/recorded-log.ts';
import { RecordedMeter } from '../../../support/recorded-meter.ts';
import { SimulatedLan } from '../../../support/simulated-lan.ts';

export const VIP = '192.0.2.50';
export const OTHER = '192.0.2.51';
export const VIP6 = '2001:db8::50';

/** What the kernel under an announcer does. */
interface Kernel {
  /** Called before a socket is opened; may refuse by throwing. */
  beforeOpen?: () => void;
  /** Called before a multicast group is joined; may refuse by throwing. */
  beforeJoin?: () => void;
  /** Frames that a socket had no room for since it was asked last. */
  takeDrops?: () => number;
}

export function setUp(options: AnnouncerOptions = {}, kernel: Kernel = {}) {
  const { beforeOpen, beforeJoin, takeDrops = () => 0 } = kernel;
  const lan = new SimulatedLan();
  const node = lan.addHost('node');
  const client = lan.addHost('client');
  const clock = new FakeClock();
  const log = new RecordedLog();
  const meter = new RecordedMeter();
  const stop = new AbortController();
  const conflicts: AddressConflict[] = [];
  const announcer = new Announcer(
    {
      links: node,
      openSocket: (...args) => {
        beforeOpen?.();
        return { ...node.openSocket(...args), takeDrops };
      },
      openGroups: (link) => {
        const groups = node.openGroups(link);
        const join = (group: Uint8Array) => {
          beforeJoin?.();
          groups.join(group);
        };
        return { ...groups, join };
      },
      clock,
      random: () => 0.5,
      log,
      meter,
    },
    { refreshIntervalMs: 0, onConflict: (conflict) => conflicts.push(conflict), ...options },
  );
  const ended = announcer.run(stop.signal);
  const announce = (...ips: string[]) => announcer.apply(new Map(ips.map((ip) => [ip, 'all'])));
  /** Frames sent unasked, of either family. */
  const unsolicited = (ip: string) =>
    lan.seen.filter(({ packet }) => packet.senderIp === ip && packet.targetIp === ip).length +
    lan.seenNdp.filter(({ target, flags }) => target === ip && flags === 'O').length;
  const gratuitous = () => lan.seen.filter(({ packet }) => packet.senderIp === packet.targetIp).length;
  return {
    lan,
    node,
    client,
    clock,
    log,
    meter,
    announcer,
    announce,
    gratuitous,
    unsolicited,
    conflicts,
    end: async () => {
      stop.abort();
      await ended;
      await settle();
    },
  };
}
