/**
 * What the two threads of a speaker tell each other. Every message is plain data, as structured cloning
 * takes it; order is kept, and nothing is lost while the LAN thread lives.
 */
import type { GratuitousSettings, LogLevel, MemberlistProfile } from '@metallb-l2/sdk/settings';
import type { AddressConflict, InterfaceScope } from '../layer2/announcer.js';
import type { GossipEndpoint, Log, MetricLabels } from '../ports.js';

/** What the LAN thread is started with. */
export interface LanThreadOptions {
  /** Lines below this level are not even sent. */
  readonly logLevel: LogLevel;
  /** Interfaces whose name matches one of these are left alone. */
  readonly exclusions: readonly RegExp[];
  readonly gratuitous: Readonly<GratuitousSettings>;
  /** Undefined when the speakers do not gossip. */
  readonly gossip: GossipOptions | undefined;
}

export interface GossipOptions {
  readonly self: GossipEndpoint & { readonly name: string };
  readonly profile: MemberlistProfile;
  /** What the key is made of; undefined for gossip in plain text. */
  readonly secret: Uint8Array | undefined;
}

/** From the main thread. */
export type ToLanThread =
  | {
      readonly type: 'announce';
      /** Grows by one with each such message; {@link FromLanThread} `announced` answers with it. */
      readonly revision: number;
      /** Announced from now on, or on other interfaces than before. */
      readonly put: readonly (readonly [ip: string, scope: InterfaceScope])[];
      /** Announced no longer. */
      readonly drop: readonly string[];
      /** Those of `drop` that another node announces now. */
      readonly moved: readonly string[];
    }
  /** Hand everything over; `handed-over` answers. */
  | { readonly type: 'hand-over' }
  /** Where the speakers are. */
  | { readonly type: 'peers'; readonly peers: readonly GossipEndpoint[] }
  /** Leave the gossip; `left` answers. */
  | { readonly type: 'leave' }
  /** Show that you live; `metrics`, if there are any, and `pong` answer. */
  | { readonly type: 'ping' }
  /** Close everything and end. */
  | { readonly type: 'stop' };

/** From the LAN thread. */
export type FromLanThread =
  /** The `announce` of `revision` is in force; what answers for its addresses has been said before. */
  | { readonly type: 'announced'; readonly revision: number }
  | {
      readonly type: 'answers';
      /** Addresses for which other interfaces answer than was said last; none for one that is dropped. */
      readonly changes: readonly (readonly [ip: string, interfaces: readonly string[]])[];
      readonly listening: boolean;
    }
  | { readonly type: 'conflict'; readonly conflict: AddressConflict }
  | { readonly type: 'handed-over' }
  /** Members of the gossip, once they can be relied on. */
  | { readonly type: 'members'; readonly names: ReadonlySet<string> }
  | { readonly type: 'left' }
  | { readonly type: 'pong' }
  /** A descriptor that is not closed by itself when the thread ends, as it is opened or is to be closed. */
  | { readonly type: 'descriptor'; readonly fd: number; readonly isOpen: boolean }
  | LogLine
  | MetricsBatch;

export interface LogLine {
  readonly type: 'log';
  readonly level: keyof Log;
  readonly fields: object;
  readonly message: string;
}

/** What has happened to the metrics since the last batch; they are named by numbers once declared. */
export interface MetricsBatch {
  readonly type: 'metrics';
  readonly declared: readonly {
    readonly id: number;
    readonly kind: 'counter' | 'gauge';
    readonly name: string;
    readonly help: string;
    readonly labelNames: readonly string[];
  }[];
  /** Series of counters that are no more; what was counted of them since begins at 0. */
  readonly removed: readonly (readonly [id: number, labels: MetricLabels])[];
  readonly counted: readonly (readonly [id: number, labels: MetricLabels, by: number])[];
  /** `undefined` for a series that was removed. */
  readonly gauged: readonly (readonly [id: number, labels: MetricLabels, value: number | undefined])[];
}

/** One end of the line between the threads. */
export interface ThreadPort<Outgoing, Incoming> {
  postMessage(message: Outgoing): void;
  on(event: 'message', listener: (message: Incoming) => void): unknown;
}
