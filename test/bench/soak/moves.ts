/** Follows the announcements of all services through the SDK, and counts what should not happen. */
import { ServiceL2StatusClient } from '@metallb-l2/sdk';
import type { KubeApi } from '@metallb-l2/sdk/kube';
import { pause } from '../../toolchain/pause.ts';

const PATIENCE_MS = 180_000;

export class Moves {
  moved = 0;
  withdrawn = 0;
  readonly #announced = new Set<string>();
  readonly #client: ServiceL2StatusClient;
  readonly #ended: Promise<void>;

  constructor(api: KubeApi) {
    this.#client = new ServiceL2StatusClient({ api });
    this.#ended = this.#follow();
    // Whoever stops it learns of the failure.
    this.#ended.catch(() => undefined);
  }

  /** Waits until so many services are announced, and counts from then on. */
  async begin(services: number, signal: AbortSignal): Promise<void> {
    for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline;) {
      if (this.#announced.size >= services) {
        this.moved = 0;
        this.withdrawn = 0;
        return;
      }
      await pause(200, signal);
    }
    throw new Error(`${this.#announced.size} of ${services} services are announced after ${PATIENCE_MS} ms`);
  }

  /** @throws when the announcements could not be followed to the end */
  async stop(): Promise<void> {
    this.#client.close();
    await this.#ended;
  }

  async #follow(): Promise<void> {
    const key = ({ namespace, name }: { namespace: string; name: string }) => `${namespace}/${name}`;
    for await (const event of this.#client.watch()) {
      if (event.type === 'synced') {
        for (const { service } of event.statuses) this.#announced.add(key(service));
      } else if (event.type === 'announced') {
        this.#announced.add(key(event.status.service));
      } else if (event.type === 'moved') {
        this.moved += 1;
      } else if (event.type === 'withdrawn') {
        this.withdrawn += 1;
      }
    }
  }
}
