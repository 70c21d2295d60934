import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Passage } from '../app/types.js'
import { type Refusal, refusalBody } from '../app/refusal.js'
import { fromNode } from '../request/guard-request.js'
import { type EdgeGuard, finish } from './edge.js'

/** What `server.on('upgrade')` calls; it may be asynchronous. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => unknown

type RawAnswer = {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly contentType?: string | undefined
  readonly text: string | undefined
}

/** Writes an answer on a socket that has no response object, and ends it. A value with a line break is left out. */
export const writeRaw = (socket: Duplex, { status, headers, contentType, text = '' }: RawAnswer): void => {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`]
  // one of its own says below how long it is kept: not at all
  for (const [name, value] of headers)
    if (!/[\r\n\0]/.test(name + value) && name.toLowerCase() !== 'cache-control') lines.push(`${name}: ${value}`)
  if (contentType !== undefined) lines.push(`Content-Type: ${contentType}`)
  lines.push('Cache-Control: no-store', `Content-Length: ${Buffer.byteLength(text)}`, 'Connection: close')
  socket.on('error', () => socket.destroy())
  socket.end(`${lines.join('\r\n')}\r\n\r\n${text}`, () => socket.destroy())
}

/** Bytes that a connection has sent, where it is one that counts them. */
const sentBy = (socket: Duplex): number => ('bytesWritten' in socket && typeof socket.bytesWritten === 'number' ? socket.bytesWritten : 0)

/**
 * Judges WebSocket handshakes, which Node does not give to the request handler: `server.on('upgrade', upgrade(guard)(handler))`. A
 * handshake opens a channel with the user's cookies that CORS does not stop: it is taken from the own origins only. The answer to it is the
 * handler's, so that no session gets a new id by it. What the handler throws, or rejects with, is answered by `guard.errors`.
 */
export const upgrade =
  (guard: EdgeGuard): ((handler: UpgradeHandler) => UpgradeHandler) =>
  (handler) =>
  (request, socket, head) => {
    const sentBefore = sentBy(socket)
    const failed = (error: unknown): void => {
      // after the handshake an answer in HTTP would be taken for a message
      if (sentBy(socket) > sentBefore) {
        socket.destroy()
        return
      }
      const { status, headers, body } = guard.errors.answer(error, { request })
      const [type, ...others] = headers
      writeRaw(socket, { status, headers: others, contentType: type?.[1], text: body })
    }
    const refuse = (refusal: Refusal, headers: Passage['headers']): void => {
      const body = refusalBody(refusal)
      writeRaw(socket, {
        status: refusal.status,
        headers,
        contentType: body?.contentType,
        text: body?.text,
      })
    }
    const settle = (passage: Passage, held?: Refusal): void => {
      const refusal = passage.refusal ?? held
      finish(guard, passage, refusal?.status ?? 101)
      if (refusal !== undefined) {
        refuse(refusal, held === undefined ? passage.headers : [...passage.headers, ...held.headers])
        return
      }
      const running = handler(request, socket, head)
      if (running instanceof Promise) running.catch(failed)
    }
    const admit = (passage: Passage): void => {
      if (socket.destroyed) {
        finish(guard, passage, 499)
        return
      }
      guard.remember(request, passage.context)
      // no channel without its record
      if (passage.hold === undefined) settle(passage)
      else
        passage
          .hold({ status: 101 })
          .then((held) => settle(passage, held))
          .catch(failed)
    }
    // a connection that breaks while a store is asked is nobody's trouble
    const ignore = (): void => undefined
    socket.on('error', ignore)
    try {
      const passage = guard.enter({ ...fromNode(request), takesCookies: false })
      if (passage instanceof Promise) passage.then(admit).catch(failed)
      else admit(passage)
    } catch (error) {
      failed(error)
    }
  }
