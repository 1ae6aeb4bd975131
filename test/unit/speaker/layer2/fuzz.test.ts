/**
 * A million frames, foreign and damaged, through a responder: each is answered exactly when it is a valid
 * question for an announced address, and each is counted. What is valid is judged by the decoders, which
 * make text of every field, against the responders, which compare bytes.
 */
import { AddressBook } from '../../../../speaker/src/layer2/address-book.js';
import { Responder } from '../../../../speaker/src/layer2/responder.js';
import { Traffic } from '../../../../speaker/src/layer2/traffic.js';
import type {
  LinkProtocol,
  LinkSocketHandler,
  PacketType,
  ReceivedFrame,
} from '../../../../speaker/src/ports.js';
import { ipBytes, macBytes, readMac } from '../../../../speaker/src/wire/address.js';
import { decodeArp, encodeArp } from '../../../../speaker/src/wire/arp.js';
import { decodeEthernet, encodeEthernet } from '../../../../speaker/src/wire/ethernet.js';
import { multicastMac, solicitedNodeGroup } from '../../../../speaker/src/wire/ipv6.js';
import { decodeNdp, encodeNdp } from '../../../../speaker/src/wire/ndp.js';
import { FakeClock } from '../../../support/fake-clock.ts';
import { RecordedLog } from '../../../support/recorded-log.ts';
import { RecordedMeter } from '../../../support/recorded-meter.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { ethernetLink } from '../../../support/simulated-lan.ts';

const FRAMES = 1_000_000;
/** So many frames are made anew; the rest are changes of them. */
const KINDS = 5000;
const MINE = '02:00:00:00:00:aa';
const VIPS = ['192.0.2.50', '192.0.2.51', '2001:db8::50', '2001:db8::51'];
const IPS = [...VIPS, '192.0.2.1', '0.0.0.0', '255.255.255.255', '2001:db8::1', '::', 'ff02::1', 'fe80::1'];
const MACS = [MINE, '02:00:00:00:00:01', '02:00:00:00:00:02', 'ff:ff:ff:ff:ff:ff', '00:00:00:00:00:00'];
const TYPES: PacketType[] = ['host', 'broadcast', 'multicast', 'otherhost', 'outgoing'];

const random = seededRandom(20261125);
const below = (limit: number) => Math.floor(random() * limit);
const pick = <T>(values: readonly T[]): T => values[below(values.length)] as T;
const pickMostly = <T>(usual: T, values: readonly T[]): T => (random() < 0.8 ? usual : pick(values));

function arpFrame(): Uint8Array {
  const four = IPS.filter((ip) => !ip.includes(':'));
  return encodeEthernet({
    destination: pickMostly('ff:ff:ff:ff:ff:ff', MACS),
    source: pickMostly('02:00:00:00:00:01', MACS),
    etherType: 0x0806,
    payload: encodeArp({
      operation: pickMostly('request', ['request', 'reply']),
      senderMac: pickMostly('02:00:00:00:00:01', MACS),
      senderIp: pick(four),
      targetMac: pick(MACS),
      targetIp: pickMostly('192.0.2.50', four),
    }),
  });
}

function ndpFrame(): Uint8Array {
  const six = IPS.filter((ip) => ip.includes(':'));
  const target = ipBytes(pickMostly('2001:db8::50', six));
  const source = ipBytes(pick(six));
  const destination =
    random() < 0.7 ? solicitedNodeGroup(target) : random() < 0.5 ? target : ipBytes('ff02::1');
  const mac = random() < 0.7 ? { linkLayerAddress: macBytes(pickMostly('02:00:00:00:00:01', MACS)) } : {};
  const addresses = { source, destination, target, ...mac };
  return encodeEthernet({
    destination: pickMostly(readMac(multicastMac(destination), 0), MACS),
    source: pickMostly('02:00:00:00:00:01', MACS),
    etherType: 0x86dd,
    payload: encodeNdp(
      random() < 0.8
        ? { type: 'solicitation', ...addresses }
        : { type: 'advertisement', ...addresses, router: false, solicited: random() < 0.5, override: true },
    ),
  });
}

/** Flips bytes, cuts off or appends some, or leaves the frame as it is. */
function mutated(frame: Uint8Array): Uint8Array {
  const kind = below(4);
  if (kind === 0) return frame;
  if (kind === 1) return frame.subarray(0, below(frame.length + 1));
  const longer = new Uint8Array(frame.length + (kind === 2 ? below(30) : 0));
  longer.set(frame);
  for (let flips = below(3) + 1; flips > 0; flips--) longer[below(longer.length)] = below(256);
  return longer;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
/** The announced IPv6 addresses by their bytes: text for a million of them takes too long. */
const VIP_OF = new Map(VIPS.map((ip) => [hex(ipBytes(ip)), ip]));

/** The address a frame is a valid question for. */
function questionFor(
  protocol: LinkProtocol,
  { bytes, packetType, interfaceIndex }: ReceivedFrame,
): string | undefined {
  const ethernet = decodeEthernet(bytes);
  const isOurs = packetType !== 'otherhost' && packetType !== 'outgoing' && interfaceIndex === 7;
  if (!ethernet.ok || !isOurs || ethernet.value.source === MINE) return undefined;
  return protocol === 'arp' ? arpQuestion(ethernet.value) : ndpQuestion(ethernet.value);
}

type Frame = { destination: string; source: string; etherType: number; payload: Uint8Array };

function arpQuestion({ destination, etherType, payload }: Frame): string | undefined {
  const arp = decodeArp(payload);
  if (etherType !== 0x0806 || !arp.ok || !['ff:ff:ff:ff:ff:ff', MINE].includes(destination)) return undefined;
  const { operation, senderMac, senderIp, targetIp } = arp.value;
  if (operation !== 'request' || senderIp === targetIp || !isOther(senderMac)) return undefined;
  return VIPS.includes(targetIp) ? targetIp : undefined;
}

function ndpQuestion({ destination: to, source: from, etherType, payload }: Frame): string | undefined {
  const ndp = decodeNdp(payload);
  if (etherType !== 0x86dd || !ndp.ok || ndp.value.type !== 'solicitation') return undefined;
  const { source, destination, target, linkLayerAddress } = ndp.value;
  if (!isOther(linkLayerAddress === undefined ? from : readMac(linkLayerAddress, 0))) return undefined;
  const ip = VIP_OF.get(hex(target));
  if (ip === undefined || hex(source) === hex(target)) return undefined;
  const group = solicitedNodeGroup(target);
  const isToGroup = hex(destination) === hex(group);
  if (!isToGroup && hex(destination) !== hex(target)) return undefined;
  return to === MINE || (isToGroup && to === readMac(multicastMac(group), 0)) ? ip : undefined;
}

function isOther(mac: string): boolean {
  return mac !== MINE && mac !== '00:00:00:00:00:00' && Number.parseInt(mac.slice(0, 2), 16) % 2 === 0;
}

/** Which address an answer is for. */
function answeredBy(frame: Uint8Array): string | undefined {
  const ethernet = decodeEthernet(frame);
  if (!ethernet.ok || ethernet.value.source !== MINE) return undefined;
  const arp = decodeArp(ethernet.value.payload);
  if (arp.ok && arp.value.operation === 'reply' && arp.value.senderMac === MINE) return arp.value.senderIp;
  const ndp = decodeNdp(ethernet.value.payload);
  return ndp.ok && ndp.value.type === 'advertisement' ? VIP_OF.get(hex(ndp.value.target)) : undefined;
}

it('answers valid questions among a million frames and nothing else, and counts every one', () => {
  const handlers = new Map<LinkProtocol, LinkSocketHandler>();
  const sent: Uint8Array[] = [];
  const meter = new RecordedMeter();
  const traffic = new Traffic(meter);
  const book = new AddressBook();
  book.replace(new Map(VIPS.map((ip) => [ip, 'all'])));
  const responder = new Responder(
    {
      openSocket: (_link, protocol, handler) => {
        handlers.set(protocol, handler);
        return { send: (frame) => sent.push(frame) > 0, takeDrops: () => 0, close: () => undefined };
      },
      openGroups: () => ({ join: () => undefined, leave: () => undefined, close: () => undefined }),
      clock: new FakeClock(),
      log: new RecordedLog(),
      traffic,
    },
    {
      find: (bytes, offset, length) => book.find(bytes, offset, length),
      isCurrent: () => true,
      isOwnMac: () => false,
      onClaim: () => undefined,
      onDown: () => undefined,
    },
    ethernetLink({ index: 7, mac: MINE }),
    { framesPerSecond: 1000 },
  );
  responder.open();

  const frames = Array.from({ length: KINDS }, () => (random() < 0.5 ? arpFrame() : ndpFrame()));
  let questions = 0;
  const wrong: string[] = [];
  for (let i = 0; i < FRAMES; i++) {
    const bytes = mutated(pick(frames));
    const received = {
      bytes,
      packetType: pickMostly<PacketType>('broadcast', TYPES),
      interfaceIndex: pickMostly(7, [7, 8]),
    };
    // Now and then a frame turns up at the wrong socket.
    const protocol = pickMostly<LinkProtocol>(bytes[12] === 0x86 ? 'ndp' : 'arp', ['arp', 'ndp']);
    const expected = questionFor(protocol, received);
    if (expected !== undefined) questions++;
    handlers.get(protocol)!.onFrame(received);
    const answer = sent.pop();
    const isRight = sent.length === 0 && (answer === undefined ? undefined : answeredBy(answer)) === expected;
    if (!isRight && wrong.length < 10) wrong.push(`${protocol} ${Buffer.from(bytes).toString('hex')}`);
  }
  expect(wrong).toEqual([]);
  traffic.flush();
  expect(meter.total('metallb_layer2_requests_received')).toBe(questions);
  expect(meter.total('metallb_layer2_responses_sent')).toBe(questions);
  expect(meter.total('metallb_layer2_frames_dropped')).toBe(FRAMES - questions);
  expect(questions).toBeGreaterThan(FRAMES / 20);
}, 120_000);
