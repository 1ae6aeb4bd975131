/** A log whose lines are written by another thread. */
import type { LogLevel } from '@metallb-l2/sdk/settings';
import type { Log } from '../ports.js';
import type { LogLine } from './protocol.js';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const satisfies readonly LogLevel[];

/** @param post sends a line to the thread that writes it */
export function relayLog(level: LogLevel, post: (line: LogLine) => void): Log {
  const say = (of: LogLevel) => (fields: object, message: string) => {
    if (LEVELS.indexOf(of) >= LEVELS.indexOf(level)) {
      post({ type: 'log', level: of, fields: cloneable(fields), message });
    }
  };
  return { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
}

/** Errors lose their class and their own fields on the way, and what is no data would not go at all. */
function cloneable(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]: [string, unknown]) => [
      key,
      value instanceof Error ? plainError(value) : value,
    ]),
  );
}

function plainError(error: Error): object {
  const { name, message, stack, cause } = error;
  const code = 'code' in error ? { code: String(error.code) } : {};
  return {
    type: name,
    message,
    ...code,
    stack,
    ...(cause instanceof Error ? { cause: plainError(cause) } : {}),
  };
}
