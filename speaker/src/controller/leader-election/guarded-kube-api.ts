/**
 * The API of a leader: reads go through, and a write leaves only while its sender leads. That is asked once
 * more when nothing is left to wait for, since this process may have stood still for any time in between.
 *
 * A task that ends lets go of its write, but the server may carry it out all the same. So the write goes on
 * here until it is answered or the lead is lost.
 */
import { type CallOptions, type Clock, isKubeError, type KubeApi } from '@metallb-l2/sdk/kube';
import { untilAborted } from '../../until-aborted.js';

export interface WriteGuard {
  /** Throws unless this one leads at this moment. */
  readonly check: () => void;
  /** Aborted when the lead is lost. */
  readonly lost: AbortSignal;
  readonly clock: Clock;
}

export class GuardedKubeApi implements KubeApi {
  readonly list: KubeApi['list'];
  readonly get: KubeApi['get'];
  readonly watch: KubeApi['watch'];
  readonly create: KubeApi['create'];
  readonly patch: KubeApi['patch'];
  readonly replace: KubeApi['replace'];
  readonly delete: KubeApi['delete'];
  readonly #guard: WriteGuard;
  readonly #underWay = new Set<Promise<unknown>>();
  #doubtfulAt = Number.NEGATIVE_INFINITY;

  constructor(api: KubeApi, guard: WriteGuard) {
    this.#guard = guard;
    this.list = (type, options) => api.list(type, options);
    this.get = (type, ref, options) => api.get(type, ref, options);
    this.watch = (type, options) => api.watch(type, options);
    this.create = (type, object, options) =>
      this.#write(options, (guarded) => api.create(type, object, guarded));
    this.patch = (type, ref, patch, options) =>
      this.#write(options, (guarded) => api.patch(type, ref, patch, { ...options, ...guarded }));
    this.replace = (type, object, options) =>
      this.#write(options, (guarded) => api.replace(type, object, { ...options, ...guarded }));
    this.delete = (type, ref, options) =>
      this.#write(options, (guarded) => api.delete(type, ref, { ...options, ...guarded }));
  }

  /** When a write last ended without an answer, so that it may still be carried out; on the monotonic clock. */
  get doubtfulAt(): number {
    return this.#doubtfulAt;
  }

  /** Resolves when no write is under way any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  async #write<T>(
    { signal }: CallOptions = {},
    send: (options: Required<CallOptions>) => Promise<T>,
  ): Promise<T> {
    const { check, lost, clock } = this.#guard;
    signal?.throwIfAborted();
    check();
    const call = send({ signal: lost, beforeSend: check }).catch((error: unknown) => {
      if (!isAnswer(error)) this.#doubtfulAt = clock.monotonic();
      throw error;
    });
    const end = () => this.#underWay.delete(call);
    this.#underWay.add(call);
    call.then(end, end);
    if (signal !== undefined && !(await untilAborted(call, signal))) throw signal.reason;
    return call;
  }
}

/** Whether the server has refused for sure, so that the write will not be carried out later. */
function isAnswer(error: unknown): boolean {
  return isKubeError(error) && error.status !== undefined && error.status < 500;
}
