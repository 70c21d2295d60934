import { createMasker } from '@parapet/privacy'
import { maskPino } from '@parapet/privacy/pino'
import pino, { type Logger } from 'pino'

/** A log of JSON lines; addresses, names of accounts and secrets leave each line before it leaves the process. */
export const createLog = (level: string): Logger => pino(maskPino({ masker: createMasker(), pino: { level, base: null } }))
