import type { Transform } from 'node:stream'
import { createMasker, type MaskerOptions } from '../masking/masker.js'
import { createLineMask } from './line-mask.js'

/** What can be said to a transport, which runs in a thread of its own: options that survive the way there. */
export type PinoTransportOptions = Pick<MaskerOptions, 'on' | 'off' | 'actions' | 'allow' | 'paths'>

/**
 * A step of a pipeline of pino: `pino.transport({ pipeline: [{ target: '@parapet/privacy/pino/transport', options }, { target: 'pino/file' }] })`.
 * It costs the thread that logs nothing; but what it is sent is not masked yet, so use `maskPino` where other targets read the same logger.
 */
const createPinoTransport = (options: PinoTransportOptions = {}): Transform => createLineMask(createMasker(options))

// eslint-disable-next-line import/no-default-export -- pino loads the default export of a target
export default createPinoTransport
