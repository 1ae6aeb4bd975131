/**
 * The key of the speakers' gossip, in upstream's format, so that upstream's speakers and ours can share it:
 * a secret with `secretkey`, 16 random bytes in base64. Made once and never changed; who wants another key
 * deletes the secret and restarts controller and speakers.
 */
import {
  backoff,
  type Clock,
  DEPLOYMENTS,
  isKubeError,
  type KubeApi,
  type Random,
  SECRETS,
  type Secret,
} from '@metallb-l2/sdk/kube';
import { MEMBERLIST_SECRET_ENTRY } from '@metallb-l2/sdk/settings';
import type { Health, Log } from '../ports.js';

export interface MemberlistSecretDeps {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly random: Random;
  /** Bytes nobody can guess. */
  readonly randomBytes: (length: number) => Uint8Array;
  readonly log: Log;
  readonly health: Health;
}

export interface MemberlistSecretRef {
  readonly namespace: string;
  readonly name: string;
  /** Name of the controller's Deployment: the secret goes when it goes. */
  readonly deployment: string;
}

/** Bytes of the key, before they are encoded. */
const KEY_LENGTH = 16;

const PART = 'memberlist secret';

/**
 * Makes the secret unless it is there; the controller is not ready before. Tries again until it has
 * succeeded or `signal` is aborted.
 */
export async function ensureMemberlistSecret(
  deps: MemberlistSecretDeps,
  ref: MemberlistSecretRef,
  signal: AbortSignal,
): Promise<void> {
  const { clock, random, log, health } = deps;
  health.notReady(PART, `${ref.namespace}/${ref.name} is not there yet`);
  const waits = backoff({ initialMs: 500, maxMs: 30_000 }, random);
  while (!signal.aborted) {
    try {
      await makeUnlessThere(deps, ref, signal);
      health.ready(PART);
      return;
    } catch (error) {
      if (isAborted(signal)) return;
      const retryInMs = waits.next().value;
      log.warn({ err: error, secret: ref.name, retryInMs }, 'cannot make the secret of the gossip');
      health.notReady(PART, `${ref.namespace}/${ref.name}: ${String(error)}`);
      await clock.sleep(retryInMs, signal).catch(() => undefined);
    }
  }
}

async function makeUnlessThere(
  { api, randomBytes, log }: MemberlistSecretDeps,
  { namespace, name, deployment }: MemberlistSecretRef,
  signal: AbortSignal,
): Promise<void> {
  try {
    await api.get(SECRETS, { namespace, name }, { signal });
    return;
  } catch (error) {
    if (!isKubeError(error, 'NotFound')) throw error;
  }
  const owner = await api.get(DEPLOYMENTS, { namespace, name: deployment }, { signal });
  const text = Buffer.from(randomBytes(KEY_LENGTH)).toString('base64').replaceAll('=', '');
  const secret: Secret = {
    metadata: {
      namespace,
      name,
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: DEPLOYMENTS.kind, name: deployment, uid: owner.metadata.uid ?? '' },
      ],
    },
    type: 'Opaque',
    data: { [MEMBERLIST_SECRET_ENTRY]: Buffer.from(text).toString('base64') },
  };
  try {
    await api.create(SECRETS, secret, { signal });
    log.info({ secret: name }, 'made the secret of the gossip');
  } catch (error) {
    // Another controller was faster: its key is as good.
    if (!isKubeError(error, 'AlreadyExists')) throw error;
  }
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
