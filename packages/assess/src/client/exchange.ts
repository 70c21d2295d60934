import { request as httpRequest, type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { openSocket, type Endpoint } from './endpoint.js'
import { timedOut, toNoAnswer } from './failure.js'
import type { NoAnswer, ProbeAnswer } from './types.js'

/** Bytes of a body that are kept. */
export const BODY_LIMIT = 1_048_576
/** Bytes of an answer's head. */
const HEAD_LIMIT = 65_536

/** One request, ready to be sent as it is. */
export type Wire = {
  readonly method: string
  readonly path: string
  readonly headers: OutgoingHttpHeaders
  readonly body: string | Uint8Array | undefined
  readonly timeoutMs: number
  readonly localAddress: string | undefined
}

const joinHeaders = (message: IncomingMessage): ReadonlyMap<string, string> => {
  const headers = new Map<string, string>()
  for (let i = 0; i + 1 < message.rawHeaders.length; i += 2) {
    const name = (message.rawHeaders[i] ?? '').toLowerCase()
    const value = message.rawHeaders[i + 1] ?? ''
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return headers
}

/** An answer of its parts. */
export const answerOf = (
  status: number,
  headers: ReadonlyMap<string, string>,
  setCookies: readonly string[],
  body: Buffer,
  cut: boolean,
  waitMs: number,
): ProbeAnswer => {
  let text: string | undefined
  return {
    kind: 'answer',
    status,
    headers,
    setCookies,
    body,
    get text() {
      text ??= body.toString('utf8')
      return text
    },
    cut,
    waitMs,
  }
}

const PIECE = 65_536

/** A long body goes in pieces with a turn between them, so that an answer that comes before its end is read before the connection breaks. */
const sendBody = (sent: ClientRequest, body: string | Uint8Array | undefined): void => {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  if (bytes === undefined || bytes.length <= PIECE) return void sent.end(bytes)
  let at = 0
  const next = (): void => {
    if (sent.destroyed) return
    const piece = bytes.subarray(at, at + PIECE)
    at += PIECE
    if (at >= bytes.length) sent.end(piece)
    else sent.write(piece, () => setImmediate(next))
  }
  next()
}

/**
 * Sends one request over a connection of its own and gives what came. Never rejects: silence, garbage and refusal are values. A body that
 * was cut short by the target is kept with `cut`; one that does not end in time is no answer. Redirects are not followed.
 */
export const exchange = (endpoint: Endpoint, wire: Wire): Promise<ProbeAnswer | NoAnswer> =>
  new Promise((resolve) => {
    const started = performance.now()
    let sentAt = started
    let place = 'it did not accept the connection'
    let sent: ClientRequest | undefined
    let answered = false
    const waited = (): number => performance.now() - sentAt
    const end = (result: ProbeAnswer | NoAnswer): void => {
      clearTimeout(timer)
      sent?.destroy()
      resolve(result)
    }
    const timer = setTimeout(() => end(timedOut(place, waited())), wire.timeoutMs)

    const receive = (message: IncomingMessage): void => {
      const waitMs = waited()
      place = 'the body did not end'
      answered = true
      const chunks: Buffer[] = []
      let bytes = 0
      const finish = (cut: boolean): void =>
        end(
          answerOf(
            message.statusCode ?? 0,
            joinHeaders(message),
            message.headers['set-cookie'] ?? [],
            Buffer.concat(chunks).subarray(0, BODY_LIMIT),
            cut,
            waitMs,
          ),
        )
      message.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        bytes += chunk.length
        if (bytes > BODY_LIMIT) finish(true)
      })
      message.on('end', () => finish(false))
      message.on('error', () => finish(true))
      message.on('aborted', () => finish(true))
    }

    sent = httpRequest({
      createConnection: () => openSocket(endpoint, wire.localAddress),
      method: wire.method,
      path: wire.path,
      headers: wire.headers,
      setHost: false,
      maxHeaderSize: HEAD_LIMIT,
    })
    sent.on('socket', (socket) => socket.once('connect', () => (place = 'it sent no head of an answer')))
    sent.on('finish', () => (sentAt = performance.now()))
    sent.on('response', receive)
    // 101 and CONNECT hand the socket over; what comes behind them is no concern of a probe
    sent.on('upgrade', (message, socket) => {
      socket.destroy()
      end(answerOf(message.statusCode ?? 0, joinHeaders(message), [], Buffer.alloc(0), false, waited()))
    })
    sent.on('connect', (message, socket) => {
      socket.destroy()
      end(answerOf(message.statusCode ?? 0, joinHeaders(message), [], Buffer.alloc(0), false, waited()))
    })
    // behind the head of an answer, a broken connection only ends the body: `message` tells of it
    sent.on('error', (error) => {
      if (!answered) end(toNoAnswer(error, waited()))
    })
    sendBody(sent, wire.body)
  })
