/** What every {@link LinkSocket} does, the simulated and the real one. */
import type {
  Link,
  LinkSocket,
  OpenLinkGroups,
  OpenLinkSocket,
  PacketType,
} from '../../../speaker/src/ports.js';
import { ipBytes, macBytes, readMac } from '../../../speaker/src/wire/address.js';
import { type ArpPacket, decodeArp, encodeArp } from '../../../speaker/src/wire/arp.js';
import { decodeEthernet, encodeEthernet } from '../../../speaker/src/wire/ethernet.js';
import { multicastMac, solicitedNodeGroup } from '../../../speaker/src/wire/ipv6.js';
import { encodeNdp } from '../../../speaker/src/wire/ndp.js';
import { untilHolds } from '../../support/until.ts';

/** One end of the cable that two links share. */
export interface LinkEnd {
  readonly link: Link;
  readonly openSocket: OpenLinkSocket;
  readonly openGroups: OpenLinkGroups;
}

/** What a receiver got of one frame. */
interface Received {
  readonly packetType: PacketType;
  readonly interfaceIndex: number;
  readonly packet: ArpPacket;
}

const BROADCAST = 'ff:ff:ff:ff:ff:ff';

/** @param cable two links, each of which receives what the other sends */
export function linkSocketContract(
  name: string,
  cable: () => Promise<{ near: LinkEnd; far: LinkEnd; cut(): Promise<void> }>,
): void {
  describe(name, () => {
    let ends: Awaited<ReturnType<typeof cable>>;
    const sockets: LinkSocket[] = [];

    beforeEach(async () => {
      ends = await cable();
    });
    afterEach(async () => {
      for (const socket of sockets.splice(0)) socket.close();
      await ends.cut();
    });

    /** Opens a socket that collects what concerns `ip`, the question of one test. */
    function listen(end: LinkEnd, ip: string): { socket: LinkSocket; received: Received[] } {
      const received: Received[] = [];
      const socket = end.openSocket(end.link, 'arp', {
        onFrame: ({ bytes, packetType, interfaceIndex }) => {
          const ethernet = decodeEthernet(bytes);
          const arp = ethernet.ok ? decodeArp(ethernet.value.payload) : ethernet;
          if (arp.ok && arp.value.targetIp === ip)
            received.push({ packetType, interfaceIndex, packet: arp.value });
        },
        onDown: () => undefined,
      });
      sockets.push(socket);
      return { socket, received };
    }

    function frame(end: LinkEnd, ip: string, destination = BROADCAST, etherType = 0x0806): Uint8Array {
      return encodeEthernet({
        destination,
        source: end.link.mac,
        etherType,
        payload: encodeArp(question(end, ip)),
      });
    }

    function question(end: LinkEnd, ip: string): ArpPacket {
      return {
        operation: 'request',
        senderMac: end.link.mac,
        senderIp: '192.0.2.1',
        targetMac: '00:00:00:00:00:00',
        targetIp: ip,
      };
    }

    it('delivers a broadcast frame whole, with where it came in', async () => {
      const { near, far } = ends;
      const { received } = listen(far, '192.0.2.10');
      expect(listen(near, '192.0.2.10').socket.send(frame(near, '192.0.2.10'))).toBe(true);
      await untilHolds(() => received.length > 0);
      expect(received).toEqual([
        { packetType: 'broadcast', interfaceIndex: far.link.index, packet: question(near, '192.0.2.10') },
      ]);
    });

    it('marks a frame to its own MAC as for this host', async () => {
      const { near, far } = ends;
      const { received } = listen(far, '192.0.2.11');
      listen(near, '192.0.2.11').socket.send(frame(near, '192.0.2.11', far.link.mac));
      await untilHolds(() => received.length > 0);
      expect(received.map(({ packetType }) => packetType)).toEqual(['host']);
    });

    it('delivers frames in order, and many at a time', async () => {
      const { near, far } = ends;
      const { received } = listen(far, '192.0.2.12');
      const { socket } = listen(near, '192.0.2.12');
      for (let i = 0; i < 100; i++) {
        const packet = { ...question(near, '192.0.2.12'), senderIp: `10.0.0.${i}` };
        const header = { destination: BROADCAST, source: near.link.mac, etherType: 0x0806 };
        socket.send(encodeEthernet({ ...header, payload: encodeArp(packet) }));
      }
      await untilHolds(() => received.length >= 100);
      expect(received.map(({ packet }) => packet.senderIp)).toEqual(
        Array.from({ length: 100 }, (_, i) => `10.0.0.${i}`),
      );
    });

    it('delivers nothing but ARP', async () => {
      const { near, far } = ends;
      const { received } = listen(far, '192.0.2.13');
      const { socket } = listen(near, '192.0.2.13');
      socket.send(frame(near, '192.0.2.13', BROADCAST, 0x88b5));
      socket.send(frame(near, '192.0.2.13'));
      await untilHolds(() => received.length > 0);
      expect(received).toHaveLength(1);
    });

    it('does not hear itself', async () => {
      const { near, far } = ends;
      const own = listen(near, '192.0.2.14');
      const other = listen(far, '192.0.2.14');
      own.socket.send(frame(near, '192.0.2.14'));
      await untilHolds(() => other.received.length > 0);
      expect(own.received).toEqual([]);
    });

    it('neither delivers nor sends once it is closed, and may be closed twice', async () => {
      const { near, far } = ends;
      const closed = listen(far, '192.0.2.15');
      const open = listen(far, '192.0.2.15');
      const { socket } = listen(near, '192.0.2.15');
      closed.socket.close();
      closed.socket.close();
      socket.send(frame(near, '192.0.2.15'));
      await untilHolds(() => open.received.length > 0);
      expect(closed.received).toEqual([]);
      expect(closed.socket.send(frame(far, '192.0.2.15'))).toBe(false);
    });

    it('may be closed by what it delivers to', async () => {
      const { near, far } = ends;
      let frames = 0;
      const socket = far.openSocket(far.link, 'arp', {
        onFrame: () => {
          frames++;
          socket.close();
        },
        onDown: () => undefined,
      });
      const witness = listen(far, '192.0.2.16');
      const sender = listen(near, '192.0.2.16').socket;
      for (let i = 0; i < 3; i++) sender.send(frame(near, '192.0.2.16'));
      await untilHolds(() => witness.received.length >= 3);
      expect(frames).toBe(1);
    });

    it('cannot be opened on an interface that does not exist', () => {
      const { near } = ends;
      const gone = { index: 2_000_000_000, name: 'gone' };
      const handler = { onFrame: () => undefined, onDown: () => undefined };
      for (const protocol of ['arp', 'ndp'] as const) {
        expect(() => near.openSocket(gone, protocol, handler)).toThrow('ENODEV');
      }
    });

    it('has dropped nothing while there was room, nor once it is closed', async () => {
      const { near, far } = ends;
      const { socket, received } = listen(far, '192.0.2.17');
      listen(near, '192.0.2.17').socket.send(frame(near, '192.0.2.17'));
      await untilHolds(() => received.length > 0);
      expect(socket.takeDrops()).toBe(0);
      socket.close();
      expect(socket.takeDrops()).toBe(0);
    });

    describe('of neighbour discovery', () => {
      const TARGET = '2001:db8::50';
      const GROUP = solicitedNodeGroup(ipBytes(TARGET));

      function listenNdp(end: LinkEnd): { socket: LinkSocket; received: [PacketType, Uint8Array][] } {
        const received: [PacketType, Uint8Array][] = [];
        const socket = end.openSocket(end.link, 'ndp', {
          onFrame: ({ bytes, packetType }) => {
            // The kernels at both ends say things of their own on a new link.
            if (isAbout(bytes, TARGET)) received.push([packetType, bytes.slice()]);
          },
          onDown: () => undefined,
        });
        sockets.push(socket);
        return { socket, received };
      }

      function solicitation(end: LinkEnd, to = readMac(multicastMac(GROUP), 0)): Uint8Array {
        const payload = encodeNdp({
          type: 'solicitation',
          source: ipBytes('2001:db8::1'),
          destination: GROUP,
          target: ipBytes(TARGET),
          linkLayerAddress: macBytes(end.link.mac),
        });
        return encodeEthernet({ destination: to, source: end.link.mac, etherType: 0x86dd, payload });
      }

      function advertisement(end: LinkEnd): Uint8Array {
        const payload = encodeNdp({
          type: 'advertisement',
          source: ipBytes(TARGET),
          destination: ipBytes('ff02::1'),
          target: ipBytes(TARGET),
          linkLayerAddress: macBytes(end.link.mac),
          router: false,
          solicited: false,
          override: true,
        });
        const header = { destination: '33:33:00:00:00:01', source: end.link.mac, etherType: 0x86dd };
        return encodeEthernet({ ...header, payload });
      }

      /** A frame that differs in the byte at `offset`. */
      function changed(bytes: Uint8Array, offset: number, value: number): Uint8Array {
        const copy = bytes.slice();
        copy[offset] = value;
        return copy;
      }

      it('delivers solicitations to a group it has joined, and to its own MAC', async () => {
        const { near, far } = ends;
        const groups = far.openGroups(far.link);
        groups.join(GROUP);
        const { received } = listenNdp(far);
        const { socket } = listenNdp(near);
        socket.send(solicitation(near));
        socket.send(solicitation(near, far.link.mac));
        await untilHolds(() => received.length >= 2);
        expect(received).toEqual([
          ['multicast', solicitation(near)],
          ['host', solicitation(near, far.link.mac)],
        ]);
        groups.leave(GROUP);
        groups.close();
      });

      it('delivers advertisements, and nothing that is neither or came through a router', async () => {
        const { near, far } = ends;
        const { received } = listenNdp(far);
        const { socket } = listenNdp(near);
        const valid = solicitation(near, far.link.mac);
        socket.send(changed(valid, 20, 17)); // UDP
        socket.send(changed(valid, 21, 64)); // hop limit
        socket.send(changed(valid, 54, 128)); // echo request
        socket.send(changed(valid, 55, 1)); // code
        socket.send(changed(valid, 13, 0x00)); // Ethernet type 0x8600
        socket.send(frame(near, '192.0.2.18'));
        socket.send(advertisement(near));
        await untilHolds(() => received.length > 0);
        expect(received).toEqual([['multicast', advertisement(near)]]);
      });

      it('joins more groups than the kernel allows one socket, leaves one, and joins it again', () => {
        const { near } = ends;
        const groups = near.openGroups(near.link);
        const many = Array.from({ length: 1000 }, (_, i) =>
          solicitedNodeGroup(ipBytes(`2001:db8::${(i + 1).toString(16)}`)),
        );
        for (const group of many) groups.join(group);
        groups.leave(many[500]!);
        groups.join(many[500]!);
        groups.close();
        groups.close();
      });

      it('cannot join on an interface that does not exist', () => {
        const gone = ends.near.openGroups({ index: 2_000_000_000, name: 'gone' });
        expect(() => gone.join(GROUP)).toThrow('ENODEV');
        gone.close();
      });
    });
  });
}

function isAbout(bytes: Uint8Array, target: string): boolean {
  return Buffer.from(bytes.subarray(62, 78)).equals(ipBytes(target));
}
