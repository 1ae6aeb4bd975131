/** `ConfigurationState` objects as values: what the controller's looks like, and how one compares with it. */
import { type Condition, type ObjectRef } from '@metallb-l2/sdk/kube';
import {
  CONFIGURATION_STATES,
  type ConfigurationState,
  type ConfigurationStateStatus,
  METALLB_API_VERSION,
} from '@metallb-l2/sdk/models';
import { CONFIGURATION_STATE_LABELS } from '@metallb-l2/sdk/settings';
import { sameJson } from '../cluster/same-json.js';

/** Upstream's name for the controller's object. */
const NAME = 'controller';
/** Characters of a message the CRD allows. */
const LONGEST_MESSAGE = 32_768;

export interface StateOwner {
  readonly namespace: string;
  /** With this pod goes the object. */
  readonly pod: { readonly name: string; readonly uid: string };
}

/** Upstream's conditions: that of its controller is about pools, that of its speakers about what refers to them. */
type ConfigurationAspect = 'poolReconcilerValid' | 'configReconcilerValid';

/** Messages about what is not in force. */
export type ConfigurationProblems = Readonly<Record<ConfigurationAspect, readonly string[]>>;

export function stateRef({ namespace }: StateOwner): ObjectRef {
  return { namespace, name: NAME };
}

/** A new object; its status is written afterwards, since `create` ignores it. */
export function newState(owner: StateOwner): ConfigurationState {
  return {
    apiVersion: METALLB_API_VERSION,
    kind: CONFIGURATION_STATES.kind,
    metadata: { name: NAME, namespace: owner.namespace, ...ownMetadata(owner) },
  };
}

/** What of the metadata says whose the object is. */
export function ownMetadata({ pod }: StateOwner) {
  return {
    labels: { [CONFIGURATION_STATE_LABELS.component]: 'controller' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: pod.name, uid: pod.uid }],
  };
}

/** Another owner beside this one is no harm: the object goes when both are gone. */
export function isOwn({ metadata }: ConfigurationState, owner: StateOwner): boolean {
  const { labels = {}, ownerReferences = [] } = metadata;
  return (
    Object.entries(ownMetadata(owner).labels).every(([key, value]) => labels[key] === value) &&
    ownerReferences.some(({ uid }) => uid === owner.pod.uid)
  );
}

/** The status that says `problems`, as of `now` (RFC 3339); what `before` said already keeps its time. */
export function stateStatus(
  problems: ConfigurationProblems,
  before: ConfigurationStateStatus | undefined,
  now: string,
): Required<ConfigurationStateStatus> {
  const messages = Object.values(problems).flat();
  return {
    result: messages.length === 0 ? 'Valid' : 'Invalid',
    errorSummary: short(messages),
    conditions: Object.entries(problems).map(([type, lines]): Condition => {
      const status = lines.length === 0 ? 'True' : 'False';
      const known = before?.conditions?.find((condition) => condition.type === type);
      const since = known?.status === status ? known.lastTransitionTime : undefined;
      return {
        type,
        status,
        reason: lines.length === 0 ? 'Reconciled' : 'ConfigurationError',
        message: short(lines),
        lastTransitionTime: since ?? now,
      };
    }),
  };
}

/** Whether `actual` says what `wanted` does; upstream's controller leaves out an empty summary. */
export function saysSame(
  actual: ConfigurationStateStatus | undefined,
  wanted: Required<ConfigurationStateStatus>,
): boolean {
  return sameJson({ ...actual, errorSummary: actual?.errorSummary ?? '' }, wanted);
}

function short(messages: readonly string[]): string {
  const text = messages.join('\n');
  return text.length <= LONGEST_MESSAGE ? text : `${text.slice(0, LONGEST_MESSAGE - 1)}…`;
}
