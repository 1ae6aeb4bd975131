/** Takes an object away, or lets go of the fields a Patch resource owns. */
import { DELETION_PROPAGATION, SKIP_AWAIT } from './annotations.ts';
import { relinquish, type ApplyDeps } from './apply.ts';
import { getIfPresent, waitUntilGone } from './await.ts';
import { isGone, isStatus } from './errors.ts';
import { annotationOf } from './kinds.ts';
import type { Propagation, Reference } from './objects.ts';
import { valueAt, type Properties } from './properties.ts';

export interface DeleteOptions {
  readonly inputs: Properties;
  readonly patch: boolean;
  readonly fieldManager: string;
  readonly limitMs: number;
}

/** Kinds for which skipAwait also means not to wait for the end. */
const SKIPS_DELETION = new Set(['Namespace', 'Pod', 'DaemonSet', 'Deployment', 'StatefulSet', 'Job']);

/**
 * Deletes the object and waits until it is gone; one that is not there, or whose kind is not, is deleted.
 *
 * @throws when a Patch resource owns a required field alone, or the object does not go in time
 */
export async function deleteObject(
  deps: ApplyDeps,
  reference: Reference,
  options: DeleteOptions,
): Promise<void> {
  const live = await getIfPresent(deps, reference);
  if (live === undefined) return;
  if (options.patch) return giveUp(deps, reference, options.fieldManager);

  try {
    await deps.objects.delete(reference, propagation(options.inputs));
  } catch (error) {
    if (isGone(error)) return;
    throw error;
  }
  const skip = annotationOf(options.inputs, SKIP_AWAIT) === 'true';
  if (skip && SKIPS_DELETION.has(reference.kind.kind)) return;
  await waitUntilGone(deps, reference, valueAt(live, 'metadata', 'uid'), options.limitMs);
}

async function giveUp(deps: ApplyDeps, reference: Reference, fieldManager: string): Promise<void> {
  try {
    await relinquish(deps, reference, fieldManager);
  } catch (error) {
    const required = isStatus(error, 422)
      ? error.status.details?.causes?.find(({ reason }) => reason === 'FieldValueRequired')
      : undefined;
    if (required === undefined) throw error;
    throw new Error(
      "this Patch resource is currently managing a required field, so it can't be deleted directly. " +
        'Either set the `retainOnDelete` resource option, or transfer ownership of the field before ' +
        `deleting: ${required.field ?? ''}`,
      { cause: error },
    );
  }
}

function propagation(inputs: Properties): Propagation {
  switch (annotationOf(inputs, DELETION_PROPAGATION).toLowerCase()) {
    case 'background':
      return 'Background';
    case 'orphan':
      return 'Orphan';
    default:
      return 'Foreground';
  }
}
