/** A queue of watch lines between the store, which writes at any time, and one reader. */
import type { KubeObject, WatchLine } from '../kube/kube-api.js';

export class WatchQueue {
  readonly #lines: WatchLine<KubeObject>[] = [];
  #finished: { error?: unknown } | undefined;
  #wake: (() => void) | undefined;

  push(line: WatchLine<KubeObject>): void {
    if (this.#finished) return;
    this.#lines.push(line);
    this.#wake?.();
  }

  /** Ends the stream after the lines so far, with `error` if one is given. */
  finish(error?: unknown): void {
    this.#finished ??= error === undefined ? {} : { error };
    this.#wake?.();
  }

  /** Breaks the stream off at once; lines not yet read are lost. */
  abort(reason: unknown): void {
    this.#lines.length = 0;
    this.#finished = { error: reason };
    this.#wake?.();
  }

  async *read(): AsyncGenerator<WatchLine<KubeObject>, void> {
    for (;;) {
      const line = this.#lines.shift();
      if (line) yield line;
      else if (this.#finished && 'error' in this.#finished) throw this.#finished.error;
      else if (this.#finished) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
