/** HTTP requests that survive a busy or restarting registry: a few tries, each with a time limit. */
import type { Clock, Random } from '@metallb-l2/sdk/kube';

export interface HttpDeps {
  fetch: typeof fetch;
  clock: Pick<Clock, 'sleep'>;
  random: Random;
}

export interface HttpRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  url: URL;
  headers?: Readonly<Record<string, string>>;
  body?: Uint8Array;
  /** Longest time for one try, answer's body included, in milliseconds. */
  timeoutMs: number;
}

const TRIES = 4;
const FIRST_DELAY_MS = 500;

/**
 * Sends a request until an answer comes that another try would not change, four times at most, with
 * 0.25-0.5 s, 0.5-1 s and 1-2 s between the tries. The answer to the last try is returned whatever it is;
 * without an answer at all the last error is thrown.
 */
export async function send(deps: HttpDeps, request: HttpRequest): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    const last = attempt === TRIES;
    try {
      const response = await deps.fetch(request.url, {
        method: request.method,
        headers: { ...request.headers },
        signal: AbortSignal.timeout(request.timeoutMs),
        ...(request.body === undefined ? {} : { body: new Uint8Array(request.body) }),
      });
      if (last || !isTransient(response.status)) return response;
      await response.body?.cancel();
    } catch (error) {
      if (last) throw error;
    }
    const ceiling = FIRST_DELAY_MS * 2 ** (attempt - 1);
    await deps.clock.sleep(ceiling * (0.5 + deps.random() / 2));
  }
}

function isTransient(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}
