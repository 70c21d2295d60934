import pino, { type Logger } from 'pino'
import type { Config } from '../config/index.js'

/** Names under which secrets travel; their values never reach the log, however an object got there. */
const SECRETS = ['authorization', 'cookie', 'password', 'token', 'secret', 'link', 'databaseUrl']

/** The program's log: JSON lines on standard error, without bodies, tokens and cookies. */
export const createLog = (config: Pick<Config, 'logLevel'>): Logger =>
  pino(
    {
      level: config.logLevel,
      base: null,
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`, `*["set-cookie"]`]), censor: '[hidden]' },
      // a request as such is never logged: its URL may name a person and its headers sign somebody in
      serializers: { err: pino.stdSerializers.errWithCause, req: () => undefined, res: () => undefined },
    },
    pino.destination({ dest: 2, sync: false }),
  )
