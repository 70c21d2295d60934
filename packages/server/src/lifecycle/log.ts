import type { TextMasker } from '@parapet/privacy'
import { maskPino } from '@parapet/privacy/pino'
import pino, { type DestinationStream, type Logger } from 'pino'
import type { Config } from '../config/index.js'

/** Names under which secrets travel; their values never reach the log, however an object got there. */
const SECRETS = ['authorization', 'cookie', 'password', 'token', 'secret', 'link', 'databaseUrl']

/** An error without what PostgreSQL adds to it: `detail` and `where` repeat values out of rows and requests. */
const describeError = (error: unknown, depth = 0): unknown => {
  if (!(error instanceof Error) || depth > 4) return typeof error === 'string' ? error : undefined
  const { code } = error as NodeJS.ErrnoException
  return {
    type: error.name,
    message: error.message,
    ...(code === undefined ? {} : { code }),
    stack: error.stack,
    cause: describeError(error.cause, depth + 1),
  }
}

/** The program's log: JSON lines on standard error, without bodies, tokens and cookies; every line has passed the masker. */
export const createLog = (config: Pick<Config, 'logLevel'>, masker: TextMasker, destination?: DestinationStream): Logger =>
  pino(
    maskPino({
      masker,
      pino: {
        level: config.logLevel,
        base: null,
        redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`, `*["set-cookie"]`]), censor: '[hidden]' },
        // a request as such is never logged: its URL may name a person and its headers sign somebody in
        serializers: { err: (error: unknown) => describeError(error), req: () => undefined, res: () => undefined },
      },
    }),
    destination ?? pino.destination({ dest: 2, sync: false }),
  )
