import { pino, type Logger } from 'pino'

export type { Logger }

/** Paths that must never reach a log line, wherever they stand in the logged object. */
const secretPaths = [
  'secrets',
  'password',
  'token',
  'authorization',
  'userData',
  'userDataBase64',
  '*.secrets',
  '*.password',
  '*.token',
  '*.userData',
  '*.userDataBase64',
  'headers.authorization',
]

/** A JSON-lines logger on stderr. */
export function createLogger(name: string, level = 'info'): Logger {
  return pino({ name, level, redact: { paths: secretPaths, censor: '[redacted]' } }, pino.destination({ dest: 2, sync: true }))
}

/** A logger that writes nothing, for tests and one-shot commands. */
export const silentLogger: Logger = pino({ level: 'silent' })
