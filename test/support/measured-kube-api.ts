/** A `KubeApi` that counts what goes through it, and that can be cut off as a machine without power is. */
import {
  type CallOptions,
  isKubeError,
  type KubeApi,
  type KubeErrorCode,
  type KubeObject,
  type ResourceType,
  type WatchLine,
  type WatchOptions,
} from '@metallb-l2/sdk/kube';

type Verb = 'list' | 'get' | 'create' | 'patch' | 'replace' | 'delete';

export interface MeasuredCall {
  readonly verb: Verb;
  /** Such as `servicel2statuses/status`. */
  readonly resource: string;
  /** Absent when the call succeeded; `aborted` when its caller gave it up. */
  readonly error?: KubeErrorCode | 'aborted';
}

export class MeasuredKubeApi implements KubeApi {
  /** Every call that has ended, watches left out. */
  calls: MeasuredCall[] = [];
  /** Calls under way, watches left out. */
  underWay = 0;
  readonly #api: KubeApi;
  readonly #cut = new AbortController();

  constructor(api: KubeApi) {
    this.#api = api;
  }

  /** From now on nothing is sent and nothing arrives; calls end when their callers give them up. */
  cutOff(): void {
    this.#cut.abort();
  }

  /** The writes of `plural` and its subresources that succeeded. */
  writesOf(plural: string): MeasuredCall[] {
    return this.callsOf(plural).filter(
      ({ verb, error }) => verb !== 'list' && verb !== 'get' && error === undefined,
    );
  }

  /** Every call about `plural`. */
  callsOf(plural: string): MeasuredCall[] {
    return this.calls.filter(({ resource }) => resource.split('/')[0] === plural);
  }

  readonly list: KubeApi['list'] = (type, options) =>
    this.#count('list', type, options, () => this.#api.list(type, options));
  readonly get: KubeApi['get'] = (type, ref, options) =>
    this.#count('get', type, options, () => this.#api.get(type, ref, options));
  readonly create: KubeApi['create'] = (type, object, options) =>
    this.#count('create', type, options, () => this.#api.create(type, object, options));
  readonly patch: KubeApi['patch'] = (type, ref, patch, options) =>
    this.#count('patch', type, options, () => this.#api.patch(type, ref, patch, options));
  readonly replace: KubeApi['replace'] = (type, object, options) =>
    this.#count('replace', type, options, () => this.#api.replace(type, object, options));
  readonly delete: KubeApi['delete'] = (type, ref, options) =>
    this.#count('delete', type, options, () => this.#api.delete(type, ref, options));

  async *watch<T extends KubeObject>(
    type: ResourceType<T>,
    options: WatchOptions,
  ): AsyncGenerator<WatchLine<T>, void> {
    for await (const line of this.#api.watch(type, options)) {
      if (this.#cut.signal.aborted) await silence(options.signal);
      yield line;
    }
  }

  async #count<T>(
    verb: Verb,
    type: ResourceType,
    options: (CallOptions & { subresource?: string }) | undefined,
    call: () => Promise<T>,
  ): Promise<T> {
    const { signal, subresource } = options ?? {};
    const resource = subresource === undefined ? type.plural : `${type.plural}/${subresource}`;
    this.underWay++;
    try {
      if (this.#cut.signal.aborted) await silence(signal);
      const result = await call();
      this.calls.push({ verb, resource });
      return result;
    } catch (error) {
      this.calls.push({ verb, resource, error: isKubeError(error) ? error.code : 'aborted' });
      throw error;
    } finally {
      this.underWay--;
    }
  }
}

/** Never resolves; rejects on abort. */
function silence(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = () => reject(signal?.reason as Error);
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
