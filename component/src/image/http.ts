/** HTTP requests that survive a busy or restarting registry: a few tries, each with a time limit. */
import type { Clock, Random } from '@metallb-l2/sdk/kube';
import { RegistryError } from './registry-error.js';

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

/** An answer that has come whole: one cut short is no answer. */
export interface HttpAnswer {
  status: number;
  headers: Headers;
  body: Uint8Array;
}

const TRIES = 4;
const FIRST_DELAY_MS = 500;
/** A registry that wants longer pauses than this is waited for no longer. */
const LONGEST_PAUSE_MS = 30_000;

/** Sends a request once. */
export async function sendOnce(deps: HttpDeps, request: HttpRequest): Promise<HttpAnswer> {
  const response = await deps.fetch(request.url, {
    method: request.method,
    headers: { ...request.headers },
    signal: AbortSignal.timeout(request.timeoutMs),
    ...(request.body === undefined ? {} : { body: new Uint8Array(request.body) }),
  });
  const { status, headers } = response;
  return { status, headers, body: new Uint8Array(await response.arrayBuffer()) };
}

/** Sends a request {@link persistently}. */
export function send(deps: HttpDeps, request: HttpRequest): Promise<HttpAnswer> {
  return persistently(deps, () => sendOnce(deps, request));
}

/**
 * Calls `attempt` until an answer comes that another try would not change, four times at most, with
 * 0.25-0.5 s, 0.5-1 s and 1-2 s between the tries, or as long as the answer's `Retry-After` asks. The answer
 * to the last try is returned whatever it is; without an answer at all the last error is thrown. What the
 * registry has refused for good is not tried again.
 */
export async function persistently(
  { clock, random }: Pick<HttpDeps, 'clock' | 'random'>,
  attempt: () => Promise<HttpAnswer>,
): Promise<HttpAnswer> {
  for (let tried = 1; ; tried++) {
    const last = tried === TRIES;
    let asked = 0;
    try {
      const answer = await attempt();
      if (last || !isTransient(answer.status)) return answer;
      asked = Number(answer.headers.get('retry-after') ?? 0) * 1000;
    } catch (error) {
      if (last || error instanceof RegistryError) throw error;
    }
    const pause = FIRST_DELAY_MS * 2 ** (tried - 1) * (0.5 + random() / 2);
    await clock.sleep(Math.max(pause, Math.min(asked || 0, LONGEST_PAUSE_MS)));
  }
}

function isTransient(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}
