/** The single writes that make, take over, fill and remove a `ServiceL2Status`, each bound to a version. */
import { type Clock, isKubeError, type KubeApi } from '@metallb-l2/sdk/kube';
import {
  SERVICE_L2_STATUSES,
  type ServiceL2Status,
  type ServiceL2StatusStatus,
} from '@metallb-l2/sdk/models';
import type { Counter, Log, Meter } from '../ports.js';
import type { EventNote } from './events.js';
import type { Limiter } from './limiter.js';
import { refOf, type ServiceRef } from './service-ref.js';
import {
  labelsFor,
  newStatusObject,
  ownerReferencesFor,
  serviceOf,
  type StatusOwner,
} from './status-object.js';

export interface StatusWriterDeps {
  api: KubeApi;
  clock: Clock;
  log: Log;
  meter: Meter;
  limiter: Limiter;
  /** Something to be said to whoever looks at the service. */
  report: (service: ServiceRef, note: EventNote) => void;
}

/** So long, in milliseconds, a CRD that called the node immutable is not asked whether it still does. */
const IMMUTABLE_MS = 600_000;

/** What a write does, as the metric `metallb_status_writes` counts it. */
export type StatusWrite = 'create' | 'adopt' | 'status' | 'delete';

/** Rejects with a `KubeError` like the API below it; `Conflict` and `NotFound` tell of another writer. */
export class StatusWriter {
  readonly #deps: StatusWriterDeps;
  readonly #owner: StatusOwner;
  readonly #writes: Counter;
  readonly #immutable: Counter;
  #immutableUntil = -Infinity;
  #immutableSaid = false;

  constructor(deps: StatusWriterDeps, owner: StatusOwner) {
    this.#deps = deps;
    this.#owner = owner;
    this.#writes = deps.meter.counter(
      'metallb_status_writes',
      'Writes of ServiceL2Status objects, by operation',
      ['operation'],
    );
    this.#immutable = deps.meter.counter(
      'metallb_status_immutable_node',
      'Take-overs that met a CRD whose status.node cannot change, and worked around it',
      [],
    );
  }

  /** A new object, without status. */
  create(service: ServiceRef, signal: AbortSignal): Promise<ServiceL2Status> {
    const object = newStatusObject(this.#owner, service);
    return this.#write('create', () => this.#deps.api.create(SERVICE_L2_STATUSES, object, { signal }));
  }

  /** Makes an object that is there the owner's: labels and owner reference. */
  adopt(object: ServiceL2Status, service: ServiceRef, signal: AbortSignal): Promise<ServiceL2Status> {
    const metadata = {
      resourceVersion: object.metadata.resourceVersion,
      labels: labelsFor(this.#owner, service),
      ownerReferences: ownerReferencesFor(this.#owner),
    };
    return this.#write('adopt', () =>
      this.#deps.api.patch(SERVICE_L2_STATUSES, refOf(object), { metadata }, { type: 'merge', signal }),
    );
  }

  /** Writes the status, also where a stock CRD calls the node immutable: then it is unset first. */
  async writeStatus(
    object: ServiceL2Status,
    status: ServiceL2StatusStatus,
    signal: AbortSignal,
  ): Promise<ServiceL2Status> {
    const moves = object.status?.node !== undefined && object.status.node !== status.node;
    // Decided when its turn has come: of a crowd, most wait while the first are refused.
    const next = () => (moves && this.#deps.clock.monotonic() < this.#immutableUntil ? UNSET : status);
    let written: ServiceL2Status;
    try {
      written = await this.#patchStatus(object, next, signal);
    } catch (error) {
      if (!isImmutable(error)) throw error;
      written = await this.#patchStatus(object, () => UNSET, signal);
    }
    if (written.status?.node === status.node) return written;
    this.#immutable.inc({});
    return this.#patchStatus(written, () => status, signal);
  }

  /** Deletes exactly this version; false when the object has changed since, or is gone. */
  async delete(object: ServiceL2Status, signal: AbortSignal): Promise<boolean> {
    const { uid, resourceVersion } = object.metadata;
    if (uid === undefined || resourceVersion === undefined) return false;
    const preconditions = { uid, resourceVersion };
    try {
      await this.#write('delete', () =>
        this.#deps.api.delete(SERVICE_L2_STATUSES, refOf(object), { preconditions, signal }),
      );
      return true;
    } catch (error) {
      if (!isKubeError(error, 'NotFound', 'Conflict')) throw error;
      return false;
    }
  }

  #patchStatus(object: ServiceL2Status, status: () => object, signal: AbortSignal): Promise<ServiceL2Status> {
    const { resourceVersion } = object.metadata;
    return this.#write('status', async () => {
      const patch = { metadata: { resourceVersion }, status: status() };
      try {
        return await this.#deps.api.patch(SERVICE_L2_STATUSES, refOf(object), patch, {
          type: 'merge',
          subresource: 'status',
          signal,
        });
      } catch (error) {
        // Before the next in turn, which then is not refused as well.
        if (isImmutable(error)) this.#rememberImmutable(error, object);
        throw error;
      }
    });
  }

  #rememberImmutable(error: unknown, object: ServiceL2Status): void {
    this.#immutableUntil = this.#deps.clock.monotonic() + IMMUTABLE_MS;
    if (this.#immutableSaid) return;
    this.#immutableSaid = true;
    this.#deps.log.warn({ err: error }, IMMUTABLE_REMEDY);
    const service = serviceOf(object);
    if (service === undefined) return;
    this.#deps.report(service, {
      type: 'Warning',
      reason: 'statusNodeImmutable',
      message: IMMUTABLE_REMEDY,
    });
  }

  async #write<T>(operation: StatusWrite, call: () => Promise<T>): Promise<T> {
    const result = await this.#deps.limiter.run(call);
    this.#writes.inc({ operation });
    return result;
  }
}

/** A change of the node is forbidden but not its removal, and then any value is a first one. */
const UNSET = { node: null };

const IMMUTABLE_REMEDY =
  'the CustomResourceDefinition of ServiceL2Status calls status.node immutable, so each move of a service ' +
  'takes a write more: apply the definition of this project, which differs in that and adds columns';

function isImmutable(error: unknown): boolean {
  return isKubeError(error, 'Invalid') && error.message.includes('Value is immutable');
}
