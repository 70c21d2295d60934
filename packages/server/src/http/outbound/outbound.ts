import { lookup as lookupName } from 'node:dns/promises'
import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { type Clock, DAY, SECOND, systemClock } from '@parapet/core'
import { createStanding, type Standing } from './addresses.js'
import { explainFailure } from './explain-failure.js'
import type { Outbound, OutboundRequest, OutboundResult } from './types.js'

/** Bytes of an answer that are read; the rest is not waited for. */
const MAX_BODY = 16 * 1_024
const TIMEOUT_MS = 15 * SECOND

/** An address with its family, as `dns.lookup` gives it. */
export type FoundAddress = { readonly address: string; readonly family: number }

/** What the way out is built from. */
export type OutboundOptions = {
  /** ranges that are not on the internet and may be reached all the same */
  readonly allowPrivate: readonly string[]
  readonly clock?: Clock
  /** what looks names up: the resolver of the system by default */
  readonly resolve?: (name: string) => Promise<readonly FoundAddress[]>
  /** certificates in PEM that are trusted instead of those of the system */
  readonly ca?: string
}

const failed = (detail: string, retry = false): OutboundResult => ({ kind: 'failed', retry, detail })

/** Seconds or a date, as ms from now, at most a day. Source: RFC 9110, 10.2.3. */
export const readRetryAfter = (value: string | undefined, now: number): number | null => {
  if (value === undefined) return null
  const seconds = /^\d{1,9}$/.test(value)
  // Date.parse takes far more for a date than HTTP does
  const isDate = /^[A-Z][a-z]{2}, [\w :]{20,24} GMT$/.test(value)
  if (!seconds && !isDate) return null
  const ms = seconds ? Number(value) * SECOND : Date.parse(value) - now
  return Number.isNaN(ms) ? null : Math.min(DAY, Math.max(0, ms))
}

const readBody = (response: IncomingMessage): Promise<string> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const finish = (): void => resolve(Buffer.concat(chunks).subarray(0, MAX_BODY).toString('utf8'))
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      size += chunk.length
      if (size < MAX_BODY) return
      finish()
      response.destroy()
    })
    response.on('end', finish)
    response.on('error', reject)
    response.on('close', finish)
  })

/** The host of a URL as `connect` takes it: an IPv6 address without its brackets. */
const hostOf = (url: URL): string => (url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname)

/** Hands out what was found and checked, whatever is asked: the name is never looked up a second time. */
const pinned =
  (found: readonly FoundAddress[]): LookupFunction =>
  (_name, options, callback) => {
    const [first] = found
    if (options.all === true) callback(null, [...found])
    else callback(null, first?.address ?? '', first?.family)
  }

const REFUSED =
  'points into a private network, which channels may not reach: list its range under notifications.allowPrivate in parapet.yml if it is yours'

/** Creates the way out. It follows no redirect, keeps no connection, uses no proxy of the environment. */
export const createOutbound = (options: OutboundOptions): Outbound => {
  const { clock = systemClock, resolve = (name) => lookupName(name, { all: true, verbatim: true }) } = options
  const standing = createStanding(options.allowPrivate)

  const exchange = (url: URL, found: readonly FoundAddress[], request: OutboundRequest, signal: AbortSignal): Promise<OutboundResult> =>
    new Promise((settle, reject) => {
      const body = request.body === undefined ? undefined : Buffer.from(request.body)
      const send = url.protocol === 'https:' ? requestHttps : requestHttp
      const outgoing = send(
        {
          method: request.method,
          host: hostOf(url),
          port: url.port,
          path: `${url.pathname}${url.search}`,
          headers: {
            'user-agent': 'Parapet',
            accept: 'application/json',
            ...request.headers,
            ...(body === undefined ? {} : { 'content-length': String(body.length) }),
          },
          lookup: pinned(found),
          agent: false,
          signal,
          ...(options.ca === undefined ? {} : { ca: options.ca }),
        },
        (response) => {
          readBody(response).then(
            (text) =>
              settle({
                kind: 'answer',
                status: response.statusCode ?? 0,
                body: text,
                retryAfterMs: readRetryAfter(response.headers['retry-after'], clock()),
              }),
            reject,
          )
        },
      )
      outgoing.on('error', reject)
      outgoing.end(body)
    })

  const findAddresses = async (url: URL, signal: AbortSignal): Promise<readonly FoundAddress[]> => {
    const host = hostOf(url)
    const family = isIP(host)
    if (family !== 0) return [{ address: host, family }]
    const late = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    })
    return Promise.race([resolve(host), late])
  }

  const send = async (request: OutboundRequest): Promise<OutboundResult> => {
    if (!URL.canParse(request.url)) return failed('the address is no URL')
    const url = new URL(request.url)
    if (url.protocol !== 'https:' && url.protocol !== 'http:') return failed('the address has to start with https://')
    if (url.username !== '' || url.password !== '') return failed('the address holds a name and a password: leave them out')
    const timeoutMs = request.timeoutMs ?? TIMEOUT_MS
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      const found = await findAddresses(url, signal)
      const standings = new Set<Standing>(found.map(({ address }) => standing(address)))
      if (found.length === 0) return failed(`${url.hostname} has no address`, true)
      // one that is refused among others is how a name is made to point inside later
      if (standings.has('refused')) return failed(`${url.hostname} ${REFUSED}`)
      if (url.protocol === 'http:' && standings.has('public'))
        return failed('plain http is taken only for addresses under notifications.allowPrivate: use https')
      return await exchange(url, found, request, signal)
    } catch (error) {
      return explainFailure(error, url.host, timeoutMs, signal.aborted)
    }
  }
  return { send }
}
