/** A program that speaks the protocol and is no member. */
import { OUR_VERSIONS } from '../../../../speaker/src/membership/versions.js';
import type { GossipStream } from '../../../../speaker/src/ports.js';
import type {
  Alive,
  GossipMessage,
  StreamMessage,
} from '../../../../speaker/src/wire/memberlist/messages.js';
import { createPacketCodec } from '../../../../speaker/src/wire/memberlist/packet.js';
import { createStreamCodec } from '../../../../speaker/src/wire/memberlist/stream.js';
import { addressOf, type Group, PORT } from './group.ts';

export function stranger(group: Group, name = 'm99') {
  const transport = group.network.endpoint(addressOf(name));
  const to = (member: string) => ({ address: addressOf(member), port: PORT });
  const datagrams: (readonly GossipMessage[])[] = [];
  const asked: StreamMessage[] = [];
  const stop = new AbortController();
  const onDatagram = (bytes: Uint8Array) => {
    const decoded = createPacketCodec().decode(bytes);
    if (decoded.ok) datagrams.push(decoded.value.messages);
  };
  const onStream = (stream: GossipStream) =>
    void readAnswer(stream).then((message) => {
      if (message !== undefined) asked.push(message);
      stream.close();
    });
  void transport.run({ onDatagram, onStream }, stop.signal);
  return {
    datagrams,
    /** What came over streams. */
    asked,
    get received() {
      return datagrams.flat();
    },
    sendBytes: (member: string, bytes: Uint8Array) => transport.send(to(member), bytes),
    send: (member: string, ...messages: GossipMessage[]) =>
      transport.send(to(member), createPacketCodec().encode(messages)),
    connect: (member: string) => transport.connect(to(member), { timeoutMs: 1_000, signal: stop.signal }),
    stop: () => stop.abort(),
  };
}

/** The one message that comes over `stream`. */
export async function readAnswer(stream: GossipStream): Promise<StreamMessage | undefined> {
  const decoder = createStreamCodec().decoder();
  for await (const bytes of stream.receive()) {
    const read = decoder.push(bytes);
    if (read.ok && read.value !== undefined) return read.value;
  }
  return undefined;
}

/** Lets `ms` milliseconds pass in which each of `strangers` answers the pings of `member`; gives how many it answered. */
export async function answerPings(
  group: Group,
  member: string,
  strangers: readonly ReturnType<typeof stranger>[],
  ms: number,
): Promise<number[]> {
  const answered = strangers.map(() => 0);
  for (let passed = 0; passed < ms; passed += 10) {
    await group.clock.advance(10);
    strangers.forEach(({ datagrams, send }, i) => {
      for (const message of datagrams.splice(0).flat()) {
        if (message.type !== 'ping') continue;
        send(member, { type: 'ack', seqNo: message.seqNo });
        answered[i]!++;
      }
    });
  }
  return answered;
}

/** What a program at `name` says of itself to be taken for a member. */
export function aliveAs(name: string, meta: Uint8Array = new Uint8Array()): Alive {
  const place = { address: addressOf(name), port: PORT };
  return { type: 'alive', node: name, ...place, meta, incarnation: 1, versions: OUR_VERSIONS };
}
