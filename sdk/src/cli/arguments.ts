/** Reads what the user types: services, durations. */
import { InvalidArgumentError } from 'commander';
import type { ServiceRef } from '../status/announcement.js';
import { UsageError } from './failure.js';

/** A service as it is typed: `NAME` or `NAMESPACE/NAME`. */
export interface ServiceArgument {
  readonly namespace?: string;
  readonly name: string;
}

const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** @throws InvalidArgumentError */
export function parseServiceArgument(text: string): ServiceArgument {
  const parts = text.split('/');
  if (parts.length > 2 || !parts.every((part) => NAME.test(part))) {
    throw new InvalidArgumentError('Give NAME or NAMESPACE/NAME, such as "web" or "shop/web".');
  }
  const [first = '', second] = parts;
  return second === undefined ? { name: first } : { namespace: first, name: second };
}

/** @throws InvalidArgumentError */
export function parseNamespace(text: string): string {
  if (!NAME.test(text)) throw new InvalidArgumentError('Give the name of a namespace, such as "shop".');
  return text;
}

const NODE_NAME = /^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/;

/** A variable that is empty would select nothing, or exclude nothing. @throws InvalidArgumentError */
export function parseNode(text: string): string {
  if (!NODE_NAME.test(text)) throw new InvalidArgumentError('Give the name of a node, such as "node1".');
  return text;
}

/** @throws UsageError when `--namespace` names another one than the argument */
export function resolveService(
  { namespace, name }: ServiceArgument,
  option: string | undefined,
  fallback: string,
): ServiceRef {
  if (namespace !== undefined && option !== undefined && option !== namespace) {
    throw new UsageError(
      `"${namespace}/${name}" and --namespace "${option}" name two namespaces; leave one of them out`,
    );
  }
  return { namespace: namespace ?? option ?? fallback, name };
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * Milliseconds of a duration as kubectl takes them: `90s`, `1m30s`, `500ms`.
 *
 * @throws InvalidArgumentError
 */
export function parseDuration(text: string): number {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) {
    throw new InvalidArgumentError('Give a duration with its unit, such as 60s, 1m30s or 2h.');
  }
  let totalMs = 0;
  for (const [, amount, unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    totalMs += Number(amount) * (UNITS_MS[unit] ?? 0);
  }
  return totalMs;
}
