import { type Logger, pino } from 'pino';

/** JSON lines on stdout, one per transition; `level` is one of pino's. */
export function createLogger(level: string): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime });
}
