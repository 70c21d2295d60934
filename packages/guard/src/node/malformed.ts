import type { Duplex } from 'node:stream'
import { readProperty } from '../errors/describe.js'
import { type EdgeGuard } from './edge.js'
import { writeRaw } from './upgrade.js'

/** Statuses for what the parser of Node found. Source: its own handler of `clientError`. */
const STATUSES: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

/**
 * Answers requests that Node could not read with a problem instead of an empty 400: `server.on('clientError', malformed(guard))`, and
 * `clientErrorHandler` of Fastify. Nothing of what came in is repeated.
 */
export const malformed =
  (guard: EdgeGuard): ((error: Error, socket: Duplex) => void) =>
  (error, socket) => {
    const code = readProperty(error, 'code')
    // an answer that has begun cannot become another
    const began = readProperty(readProperty(socket, '_httpMessage'), '_headerSent') === true
    if (code === 'ECONNRESET' || !socket.writable || began) {
      socket.destroy(error)
      return
    }
    const status = (typeof code === 'string' ? STATUSES[code] : undefined) ?? 400
    const { headers, body } = guard.errors.answer(Object.assign(new Error(error.message), { status, code }))
    const [type, ...others] = headers
    writeRaw(socket, { status, headers: others.filter(([name]) => name === 'Vary'), contentType: type?.[1], text: body })
  }
