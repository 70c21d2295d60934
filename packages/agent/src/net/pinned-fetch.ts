import { createHash } from 'node:crypto'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { type Duplex, Readable } from 'node:stream'
import { connect as tlsConnect, type TLSSocket } from 'node:tls'
import { ParapetError } from '@parapet/core'

/** SHA-256 of the server's public key (SPKI, DER), base64: `sha256/...`. Source: RFC 7469, 2.4 (the form of a pin). */
export type Pin = string

const PIN = /^sha256\/[A-Za-z0-9+/]{43}=$/

/** Checks the form of a pin. Throws `PPT_CONFIG_INVALID`. */
export const readPin = (text: string): Pin => {
  if (!PIN.test(text)) throw new ParapetError('PPT_CONFIG_INVALID', 'pin is not sha256/ and 44 characters of base64')
  return text
}

const pinOf = (socket: TLSSocket): Pin => {
  const key = socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' })
  return key === undefined ? '' : `sha256/${createHash('sha256').update(key).digest('base64')}`
}

/** Opens a connection and looks at the server's key before a byte is sent over it. */
const openPinned = (
  to: { readonly host: string; readonly port: number; readonly servername: string | undefined },
  pin: Pin | undefined,
  answer: (error: Error | null, socket?: Duplex) => void,
): void => {
  const socket = tlsConnect({
    host: to.host,
    port: to.port,
    ...(to.servername === undefined ? {} : { servername: to.servername }),
    minVersion: 'TLSv1.2',
    // with a pin the key itself is what is trusted: own certificates, and no authority that could be made to sign another
    rejectUnauthorized: pin === undefined,
  })
  const late = setTimeout(() => socket.destroy(new Error('no connection within 10 s')), 10_000)
  socket.once('error', (error) => {
    clearTimeout(late)
    answer(error)
  })
  socket.once('secureConnect', () => {
    clearTimeout(late)
    const seen = pinOf(socket)
    if (pin !== undefined && seen !== pin) {
      socket.destroy(new Error(`the server's key is ${seen}, not the one that was pinned`))
      return
    }
    answer(null, socket)
  })
}

/** The key that a server shows, and whether an authority of this machine vouches for its certificate and name. */
export const lookAtServer = (url: string): Promise<{ readonly pin: Pin; readonly vouched: boolean }> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const host = hostname.replaceAll(/[[\]]/g, '')
    const socket = tlsConnect({
      host,
      port: Number(port || 443),
      servername: /^[\d.]+$|:/.test(host) ? '' : host,
      rejectUnauthorized: false,
    })
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer within 10 s')))
    socket.once('error', (error) => reject(new ParapetError('PPT_CONTROL_PLANE', error.message.slice(0, 200), { cause: error })))
    socket.once('secureConnect', () => {
      const seen = { pin: pinOf(socket), vouched: socket.authorized }
      socket.destroy()
      resolve(seen)
    })
  })

const MOST_ANSWER = 1_048_576

/** A `fetch` for https whose server must have the pinned key (without a pin: a certificate that this machine trusts). Follows no redirect. */
export const createPinnedFetch = (pin: Pin | undefined): typeof globalThis.fetch => {
  const agent = new HttpsAgent({ keepAlive: true, maxSockets: 4 })
  Object.assign(agent, {
    createConnection: (
      options: { host?: string; port?: number | string; servername?: string },
      answer: (error: Error | null, socket?: Duplex) => void,
    ) => {
      openPinned({ host: options.host ?? '', port: Number(options.port ?? 443), servername: options.servername }, pin, answer)
    },
  })
  return (input, init = {}) =>
    new Promise<Response>((resolve, reject) => {
      const url = new URL(input instanceof Request ? input.url : input)
      const headers: Record<string, string> = {}
      new Headers(init.headers).forEach((value, name) => {
        headers[name] = value
      })
      const { body } = init
      const bytes = typeof body === 'string' || body instanceof Uint8Array ? Buffer.from(body as Uint8Array) : undefined
      if (bytes !== undefined) headers['content-length'] = String(bytes.length)
      const request = httpsRequest(url, {
        method: init.method ?? 'GET',
        headers,
        agent,
        ...(init.signal instanceof AbortSignal ? { signal: init.signal } : {}),
      })
      request.once('error', reject)
      request.once('response', (answer) => {
        const headers = Object.entries(answer.headers).flatMap(([name, value]): [string, string][] =>
          typeof value === 'string' ? [[name, value]] : [],
        )
        if (answer.statusCode === 200 && (answer.headers['content-type'] ?? '').startsWith('text/event-stream')) {
          // a stream has no end: whoever reads it bounds its messages
          resolve(new Response(Readable.toWeb(answer) as ReadableStream<Uint8Array>, { status: 200, headers }))
          return
        }
        const chunks: Buffer[] = []
        let size = 0
        answer.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > MOST_ANSWER) request.destroy(new Error('the answer is too long'))
          else chunks.push(chunk)
        })
        answer.once('error', reject)
        answer.once('end', () => {
          const status = answer.statusCode ?? 500
          if (status >= 300 && status < 400) {
            reject(new Error(`the server answered with a redirect (${status})`))
            return
          }
          const empty = status === 204 || status === 205
          resolve(new Response(empty ? null : Buffer.concat(chunks), { status, headers }))
        })
      })
      request.end(bytes)
    })
}
