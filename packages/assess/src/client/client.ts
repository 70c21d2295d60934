import type { OutgoingHttpHeaders } from 'node:http'
import { exchange, type Wire } from './exchange.js'
import type { Endpoint } from './endpoint.js'
import { createJar, type Jar } from './jar.js'
import { PROGRAMS } from './programs.js'
import { rawExchange } from './raw-exchange.js'
import type { NoAnswer, ProbeAnswer, ProbeClient, ProbeRequest } from './types.js'

/** How the kit may appear at an address of its choice; see `Target.addresses`. */
export type Standing = { readonly kind: 'forwarded'; readonly header: string } | { readonly kind: 'loopback' } | { readonly kind: 'none' }

/** What all visitors of one probe share. */
export type Traffic = {
  readonly endpoint: Endpoint
  /** where browsers reach the target, for `Origin` */
  readonly publicOrigin: string
  readonly standing: Standing
  readonly clock: () => number
  /** waits for its turn; a sentence when this request may not be sent any more */
  readonly admit: (request: ProbeRequest | undefined) => Promise<string | undefined>
  /** told of each answer and silence */
  readonly seen: (answer: ProbeAnswer | NoAnswer) => void
  /** headers of every request, such as the tag of the assessment */
  readonly headers: Readonly<Record<string, string>>
}

const DEFAULT_TIMEOUT_MS = 10_000

/** `198.51.100.7` as the last entry of a forwarding header, behind whatever the visitor claimed himself. Source: RFC 7239, section 6. */
const forwarded = (header: string, address: string, claimed: string | undefined): string => {
  const quoted = address.includes(':') ? `"[${address}]"` : address
  const entry = header === 'forwarded' ? `for=${quoted}` : address
  return claimed === undefined || claimed === '' ? entry : `${claimed}, ${entry}`
}

type Body = { readonly type?: string; readonly bytes: string | Uint8Array | undefined }

const bodyOf = (request: ProbeRequest): Body => {
  if (request.form !== undefined) return { type: 'application/x-www-form-urlencoded', bytes: new URLSearchParams(request.form).toString() }
  if (request.json !== undefined) return { type: 'application/json', bytes: JSON.stringify(request.json) }
  return { bytes: request.body }
}

/** What a browser says of where a request comes from. Source: W3C Fetch Metadata. */
const provenance = (method: string, json: boolean, publicOrigin: string): Record<string, string> => {
  if (method === 'GET' || method === 'HEAD') {
    return { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-user': '?1' }
  }
  const mode = json
    ? { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }
    : { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
  return { origin: publicOrigin, 'sec-fetch-site': 'same-origin', ...mode }
}

const lowered = (headers: ProbeRequest['headers']): Record<string, string | string[]> => {
  const result: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers ?? {})) result[name.toLowerCase()] = typeof value === 'string' ? value : [...value]
  return result
}

const joined = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value.join(', ') : value)

/** Bytes with further header lines behind their first line; those without a line are left alone. */
const withHeaders = (bytes: string | Uint8Array, lines: readonly string[]): Uint8Array => {
  const given = typeof bytes === 'string' ? Buffer.from(bytes) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = given.indexOf('\r\n')
  if (end < 0 || lines.length === 0) return given
  return Buffer.concat([given.subarray(0, end + 2), Buffer.from(lines.map((line) => `${line}\r\n`).join('')), given.subarray(end + 2)])
}

/** A visitor of the target, at an address (where that can be chosen) and with a program of its own. */
export const createProbeClient = (
  traffic: Traffic,
  who: { readonly name: string; readonly address: string | undefined; readonly program: keyof typeof PROGRAMS },
): ProbeClient => {
  const jar: Jar = createJar()
  const program = PROGRAMS[who.program]
  const { standing, endpoint } = traffic
  const publicScheme = new URL(traffic.publicOrigin).protocol.slice(0, -1)
  const localAddress = standing.kind === 'loopback' ? who.address : undefined

  const headersOf = (request: ProbeRequest, method: string, body: Body): OutgoingHttpHeaders => {
    const json = body.type === 'application/json'
    const own = lowered(request.headers)
    const headers: Record<string, string | string[]> = {
      host: endpoint.host,
      'user-agent': program.userAgent,
      accept: json ? 'application/json, */*;q=0.5' : 'text/html,application/xhtml+xml,*/*;q=0.8',
      'accept-language': program.languages,
      ...(request.bare === true || who.program === 'script' ? {} : provenance(method, json, traffic.publicOrigin)),
      ...traffic.headers,
      ...(body.type === undefined ? {} : { 'content-type': body.type }),
      ...own,
    }
    const cookie = request.cookies === false ? undefined : jar.header(request.path)
    if (cookie !== undefined && own['cookie'] === undefined) headers['cookie'] = cookie
    if (body.bytes !== undefined && own['content-length'] === undefined && own['transfer-encoding'] === undefined) {
      headers['content-length'] = String(Buffer.byteLength(body.bytes))
    }
    if (standing.kind === 'forwarded' && who.address !== undefined) {
      headers[standing.header] = forwarded(standing.header, who.address, joined(own[standing.header]))
      if (own['x-forwarded-proto'] === undefined) headers['x-forwarded-proto'] = publicScheme
    }
    return headers
  }

  const rawHeaders = (): readonly string[] => {
    const lines = Object.entries(traffic.headers).map(([name, value]) => `${name}: ${value}`)
    if (standing.kind !== 'forwarded' || who.address === undefined) return lines
    return [...lines, `${standing.header}: ${forwarded(standing.header, who.address, undefined)}`, `x-forwarded-proto: ${publicScheme}`]
  }

  return {
    name: who.name,
    address: who.address,
    cookies: { get: jar.get, set: jar.set, names: jar.names, clear: jar.clear },
    send: async (request) => {
      const refusal = await traffic.admit(request)
      if (refusal !== undefined) return { kind: 'none', why: 'capped', detail: refusal, waitMs: 0 }
      const body = bodyOf(request)
      const method = request.method ?? (body.bytes === undefined ? 'GET' : 'POST')
      const wire: Wire = {
        method,
        path: request.path,
        headers: headersOf(request, method, body),
        body: body.bytes,
        timeoutMs: request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
        localAddress,
      }
      const answer = await exchange(endpoint, wire)
      traffic.seen(answer)
      if (answer.kind === 'answer' && request.cookies !== false) jar.take(answer.setCookies, traffic.clock())
      return answer
    },
    sendRaw: async (bytes, options) => {
      const refusal = await traffic.admit(undefined)
      if (refusal !== undefined) return { kind: 'none', why: 'capped', detail: refusal, waitMs: 0 }
      const answer = await rawExchange(endpoint, withHeaders(bytes, rawHeaders()), {
        timeoutMs: DEFAULT_TIMEOUT_MS,
        ...options,
        localAddress,
      })
      traffic.seen(answer)
      return answer
    },
  }
}
