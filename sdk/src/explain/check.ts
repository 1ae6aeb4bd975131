/** One link in the chain from a service to its announcement. */
import type { Reading } from '../kube/reading.js';
import type { ExplainReason } from './reasons.js';

export type CheckName =
  | 'service'
  | 'type'
  | 'class'
  | 'address'
  | 'pool'
  | 'advertisement'
  | 'endpoints'
  | 'nodes'
  | 'exclusions'
  | 'speakers'
  | 'trafficPolicy'
  | 'election'
  | 'interfaces'
  | 'status';

export interface Check {
  readonly check: CheckName;
  /** Whether it holds; `unknown` when the objects it is about may not be read, or do not tell. */
  readonly ok: boolean | 'unknown';
  /** `ok`, or in one word what is wrong. */
  readonly reason: ExplainReason;
  /** In one sentence, with the names of the objects and the values that matter. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
}

export function passed(check: CheckName, message: string): Check {
  return { check, ok: true, reason: 'ok', message };
}

export function failed(check: CheckName, reason: ExplainReason, message: string, remedy?: string): Check {
  return { check, ok: false, reason, message, ...(remedy !== undefined && { remedy }) };
}

/** It seems to hold, and something speaks against it. */
export function doubtful(check: CheckName, reason: ExplainReason, message: string, remedy: string): Check {
  return { check, ok: 'unknown', reason, message, remedy };
}

/** The check cannot be made: its objects may not be read, or the cluster does not know them. */
export function unreadableCheck(check: CheckName, { reason, permission }: Unreadable): Check {
  if (reason === 'notServed') {
    const message = `The cluster does not serve what the check needs (${permission}): MetalLB's resource definitions are missing.`;
    return failed(check, 'notInstalled', message, 'Install MetalLB, or its custom resource definitions.');
  }
  return {
    check,
    ok: 'unknown',
    reason: 'forbidden',
    message: `Not known: the permission to ${permission} is missing.`,
    remedy: `Grant the permission to ${permission}.`,
  };
}

export type Unreadable = Extract<Reading<unknown>, { ok: false }>;
