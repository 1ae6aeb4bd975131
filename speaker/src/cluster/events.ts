/**
 * Kubernetes events, as `kubectl describe` shows them. Best effort: recording never waits and never
 * fails, and what cannot be written after a few tries is dropped.
 */
import {
  backoff,
  EVENTS,
  isKubeError,
  type Clock,
  type Event,
  type KubeApi,
  type KubeObject,
  type Random,
} from '@metallb-l2/sdk/kube';
import type { ControllerEventReason, SpeakerEventReason } from '@metallb-l2/sdk/election';
import { Notify } from '../notify.js';
import type { Log } from '../ports.js';

export interface EventRecorderDeps {
  api: KubeApi;
  clock: Clock;
  random: Random;
  log: Log;
}

export interface EventSource {
  /** Who reports, such as `metallb-speaker`. */
  component: string;
  /** Which of them: the node or the pod. */
  instance: string;
}

/** What an event is about. */
export interface EventSubject {
  apiVersion: string;
  kind: string;
  namespace: string;
  name: string;
  uid?: string;
}

export interface EventNote {
  type: 'Normal' | 'Warning';
  reason: SpeakerEventReason | ControllerEventReason;
  /** For people. */
  message: string;
}

/** Events that wait to be written; more than that are dropped. */
const QUEUE_LIMIT = 1000;
/** Written one by one, the events of a thousand services would come to a queue that is full. */
const PARALLEL_WRITES = 4;
const TRIES = 3;
/** Characters of a name, as the API server counts them. */
const LONGEST_NAME = 253;

export class EventRecorder {
  readonly #deps: EventRecorderDeps;
  readonly #source: EventSource;
  readonly #queue: Event[] = [];
  readonly #added = new Notify();
  #sequence = 0;

  constructor(deps: EventRecorderDeps, source: EventSource) {
    this.#deps = deps;
    this.#source = source;
  }

  /** Takes an event for writing. */
  record(subject: EventSubject, note: EventNote): void {
    if (this.#queue.length >= QUEUE_LIMIT) {
      this.#deps.log.debug({ subject, ...note }, 'too many events wait to be written: one is dropped');
      return;
    }
    this.#queue.push(this.#toEvent(subject, note));
    this.#added.notify();
  }

  /** Writes events as they come until `signal` is aborted; no write is under way when it resolves. */
  async run(signal: AbortSignal): Promise<void> {
    const underWay = new Set<Promise<void>>();
    while (!signal.aborted) {
      const event = this.#queue.shift();
      if (event === undefined) {
        await this.#added.notified(signal);
        continue;
      }
      const writing = this.#write(event, signal).finally(() => underWay.delete(writing));
      underWay.add(writing);
      if (underWay.size === PARALLEL_WRITES) await Promise.race(underWay);
    }
    await Promise.all(underWay);
  }

  async #write(event: Event, signal: AbortSignal): Promise<void> {
    const waits = backoff({ initialMs: 500, maxMs: 5000, jitter: 0.5 }, this.#deps.random);
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        await this.#deps.api.create(EVENTS, event, { signal });
        return;
      } catch (error) {
        // An earlier try has arrived although its answer has not.
        if (attempt > 1 && isKubeError(error, 'AlreadyExists')) return;
        if (attempt === TRIES) {
          this.#deps.log.debug({ err: error, reason: event.reason }, 'an event could not be written');
          return;
        }
        await this.#deps.clock.sleep(waits.next().value, signal).catch(() => undefined);
      }
    }
  }

  #toEvent(subject: EventSubject, note: EventNote): Event {
    const { component, instance } = this.#source;
    const now = this.#deps.clock.now();
    const timestamp = new Date(now).toISOString();
    // As client-go makes it, of the subject and a time. The sequence parts the events of one millisecond,
    // chance those of several recorders about one subject.
    const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
    const chance = Math.floor(this.#deps.random() * 0x10000);
    const suffix = `${hex(now, 0)}${hex(this.#sequence++ % 0x1000, 3)}${hex(chance, 4)}`;
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: eventName(subject.name, suffix), namespace: subject.namespace },
      involvedObject: { ...subject },
      ...note,
      source: { component, host: instance },
      reportingComponent: component,
      reportingInstance: instance,
      count: 1,
      firstTimestamp: timestamp,
      lastTimestamp: timestamp,
    };
  }
}

/** Of a long name the beginning; before a dot there has to be a letter or a digit. */
function eventName(subject: string, suffix: string): string {
  const room = LONGEST_NAME - suffix.length - 1;
  return `${subject.slice(0, room).replace(/[^a-z0-9]+$/, '')}.${suffix}`;
}

/** The subject for an object that carries its own kind. */
export function subjectOf(kind: { apiVersion: string; kind: string }, object: KubeObject): EventSubject {
  const { namespace = '', name = '', uid } = object.metadata;
  return { ...kind, namespace, name, ...(uid === undefined ? {} : { uid }) };
}
