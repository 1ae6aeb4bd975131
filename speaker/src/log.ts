import { destination, type Logger, pino, stdSerializers } from 'pino';
import type { LogLevel } from '@metallb-l2/sdk/settings';

/**
 * A logger that writes JSON lines to standard output, in the calling thread: a line is out when the call
 * returns, so the last words of a program that fails are not lost.
 *
 * @param program said in every line
 */
export function createLog(program: string, level: LogLevel): Logger {
  return pino(
    {
      level,
      base: { program },
      messageKey: 'message',
      formatters: { level: (label) => ({ level: label }) },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      serializers: { err: stdSerializers.errWithCause },
    },
    destination({ fd: 1, sync: true }),
  );
}
