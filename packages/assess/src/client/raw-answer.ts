import { answerOf, BODY_LIMIT } from './exchange.js'
import type { ProbeAnswer } from './types.js'

const CRLF2 = Buffer.from('\r\n\r\n')
const HEAD_LIMIT = 65_536
const MOST_HEADERS = 500

/** The head of an answer, taken apart. */
type Head = {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly setCookies: readonly string[]
  readonly bytes: number
}

/** What the bytes of a connection are so far. `more`: nothing can be said yet. `whole`: the answer is complete. */
export type RawAnswer =
  | { readonly kind: 'more' }
  | { readonly kind: 'garbage' }
  | { readonly kind: 'head'; readonly answer: ProbeAnswer; readonly whole: boolean }

const readHead = (bytes: Buffer, end: number): Head | undefined => {
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n', MOST_HEADERS)
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1]
  if (status === undefined) return undefined
  const headers = new Map<string, string>()
  const setCookies: string[] = []
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon <= 0) return undefined
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    if (name === 'set-cookie') setCookies.push(value)
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return { status: Number(status), headers, setCookies, bytes: end + CRLF2.length }
}

/** A chunked body as far as it came. Broken framing ends it where it broke. Source: RFC 9112, section 7.1. */
const readChunks = (bytes: Buffer): { readonly body: Buffer; readonly whole: boolean } => {
  const parts: Buffer[] = []
  let at = 0
  for (;;) {
    const line = bytes.indexOf('\r\n', at)
    if (line < 0 || line - at > 64) break
    const size = /^[0-9a-fA-F]{1,7}(?=$|;|\s)/.exec(bytes.subarray(at, line).toString('latin1'))?.[0]
    if (size === undefined) break
    const length = Number.parseInt(size, 16)
    const from = line + 2
    if (length === 0) return { body: Buffer.concat(parts), whole: bytes.includes('\r\n', from) }
    parts.push(bytes.subarray(from, from + length))
    at = from + length + 2
    if (at > bytes.length) break
  }
  return { body: Buffer.concat(parts), whole: false }
}

const readBody = (head: Head, rest: Buffer): { readonly body: Buffer; readonly whole: boolean } => {
  if (head.status === 204 || head.status === 304) return { body: Buffer.alloc(0), whole: true }
  if (head.headers.get('transfer-encoding')?.toLowerCase().includes('chunked') === true) return readChunks(rest)
  const length = head.headers.get('content-length')
  if (length === undefined || !/^\d{1,15}$/.test(length)) return { body: rest, whole: false }
  return { body: rest.subarray(0, Number(length)), whole: rest.length >= Number(length) }
}

/** Reads what came over a connection as an HTTP/1 answer. Interim answers (1xx but 101) are stepped over. Linear in its input, never throws. */
export const readRawAnswer = (all: Buffer, waitMs: number): RawAnswer => {
  let bytes = all
  for (;;) {
    const start = bytes.subarray(0, 5).toString('latin1')
    if (!'HTTP/'.startsWith(start)) return { kind: 'garbage' }
    const end = bytes.indexOf(CRLF2)
    if (end < 0 || end > HEAD_LIMIT) return bytes.length > HEAD_LIMIT ? { kind: 'garbage' } : { kind: 'more' }
    const head = readHead(bytes, end)
    if (head === undefined) return { kind: 'garbage' }
    const rest = bytes.subarray(head.bytes)
    if (head.status >= 100 && head.status < 200 && head.status !== 101) {
      bytes = rest
      continue
    }
    const { body, whole } = readBody(head, rest)
    const long = body.length > BODY_LIMIT
    return {
      kind: 'head',
      whole: whole || long,
      answer: answerOf(head.status, head.headers, head.setCookies, body.subarray(0, BODY_LIMIT), !whole, waitMs),
    }
  }
}
