/**
 * What the state file keeps of a resource: the live object, which is what programs read as outputs, with
 * the inputs and the field manager beside it. The real provider writes the same keys.
 */
import { isDeepStrictEqual } from 'node:util';
import { SERVER_METADATA } from './check.ts';
import { copySecrets, isObject, omit, reveal, toSdkKeys, type Properties, type Value } from './properties.ts';

const INPUTS = '__inputs';
const INITIAL_API_VERSION = '__initialApiVersion';
const FIELD_MANAGER = '__fieldManager';

/** The outputs of a resource. `inputs` must carry their secret wrappings, which are copied to the live object. */
export function toCheckpoint(inputs: Properties, live: Properties, fieldManager: string): Properties {
  return {
    ...copySecrets(toSdkKeys(live), inputs),
    [INPUTS]: inputs,
    [INITIAL_API_VERSION]: live['apiVersion'] ?? '',
    [FIELD_MANAGER]: fieldManager,
  };
}

export interface Checkpoint {
  /** The live object when it was last looked at, without wrappings; empty for a resource never seen. */
  readonly live: Properties;
  readonly inputs: Properties;
  readonly fieldManager: string | undefined;
}

/** The inverse of {@link toCheckpoint}, without wrappings. */
export function fromCheckpoint(state: Properties): Checkpoint {
  const revealed = reveal(state);
  const { [INPUTS]: inputs, [FIELD_MANAGER]: fieldManager } = revealed;
  return {
    live: omit(revealed, [INPUTS, INITIAL_API_VERSION, FIELD_MANAGER]),
    inputs: isObject(inputs) ? inputs : {},
    fieldManager: typeof fieldManager === 'string' ? fieldManager : undefined,
  };
}

/** The inputs that would have made a live object: for one read without a program, by `.get` or an import. */
export function inputsOfLive(live: Properties): Properties {
  const { metadata } = live;
  return {
    ...omit(live, ['status']),
    ...(isObject(metadata) ? { metadata: omit(metadata, SERVER_METADATA) } : {}),
  };
}

/**
 * The inputs with what has changed in the cluster since the last look put in their place. A value the server
 * spells in its own way (`1000m` as `1`) has not changed; fields the inputs do not have stay out of them.
 * Gives `undefined` where nothing is left.
 */
export function withDrift(input: Value, seen: Value | undefined, live: Value | undefined): Value | undefined {
  if (isDeepStrictEqual(seen, live)) return input;
  if (live === undefined) return undefined;
  if (isObject(input) && isObject(live)) {
    const before = isObject(seen) ? seen : {};
    const entries = Object.entries(input).map(([key, item]) => [
      key,
      withDrift(item, before[key], live[key]),
    ]);
    return Object.fromEntries(entries.filter(([, item]) => item !== undefined)) as Properties;
  }
  if (Array.isArray(input) && Array.isArray(live)) {
    const before = Array.isArray(seen) ? seen : [];
    return input
      .map((item, index) => withDrift(item, before[index], live[index]))
      .filter((item) => item !== undefined);
  }
  return live;
}
