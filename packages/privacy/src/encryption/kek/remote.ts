import { setTimeout as sleepFor } from 'node:timers/promises'
import { abortableFetch, ParapetError } from '@parapet/core'

/** What calls over the network take from outside; all are the machine's own where left out. */
export type RemoteDeps = {
  readonly fetch?: typeof fetch
  readonly sleep?: (ms: number) => Promise<unknown>
  /** 0 to 1, for the jitter of retries */
  readonly random?: () => number
  /** for one try, ms */
  readonly timeoutMs?: number
}

/** An answer, read whole. */
export type RemoteAnswer = { readonly status: number; readonly text: string }

const ATTEMPTS = 4
const TIMEOUT_MS = 5000
const FIRST_PAUSE_MS = 100
/** A wrapped key is a few hundred bytes; nothing that answers more is what we asked. */
const MAX_ANSWER_BYTES = 64 * 1024

/**
 * Reads the address of a key service. Throws PPT_KEK unless it is https, or http on loopback; a password or a query in it is
 * refused, because the address is written into the keyset and into messages.
 */
export const readServiceUrl = (text: string, uri: string): URL => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined) throw new ParapetError('PPT_KEK', `${uri} names no address`)
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw new ParapetError('PPT_KEK', 'the address of a key service takes no user, password, query or fragment')
  const loopback = url.hostname === 'localhost' || url.hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(url.hostname)
  if (url.protocol === 'https:' || (url.protocol === 'http:' && loopback)) return url
  throw new ParapetError('PPT_KEK', `${uri} must be https: keys do not cross a network in the clear`)
}

const readBounded = async (response: Response, uri: string): Promise<string> => {
  const parts: Uint8Array[] = []
  let size = 0
  const reader = response.body?.getReader()
  if (reader === undefined) return ''
  for (;;) {
    const { done, value } = (await reader.read()) as { done: boolean; value?: Uint8Array }
    if (done || value === undefined) break
    size += value.length
    if (size > MAX_ANSWER_BYTES) {
      await reader.cancel()
      throw new ParapetError('PPT_KEK', `${uri} answered with more than ${MAX_ANSWER_BYTES} bytes`)
    }
    parts.push(value)
  }
  return Buffer.concat(parts).toString('utf8')
}

/** A reason without what only logs should see: which host, which socket. */
const reasonOf = (error: unknown): string => {
  if (error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError')) return 'did not answer in time'
  const cause = error instanceof Error ? (error.cause as { code?: unknown } | undefined) : undefined
  return typeof cause?.code === 'string' ? `cannot be reached (${cause.code})` : 'cannot be reached'
}

/**
 * Posts a body and returns the answer, whatever its status, after tries with growing pauses while `again` says so or nothing
 * answers. `request` is asked before every try: a signature holds the time. Redirects are not followed: a token or a key
 * would go where the answer says. Throws PPT_KEK.
 */
export const postRemote = async (
  options: {
    readonly uri: string
    readonly url: URL
    readonly request: () => { readonly headers: Readonly<Record<string, string>>; readonly body: string }
    readonly again: (answer: RemoteAnswer) => boolean
  },
  deps: RemoteDeps = {},
): Promise<RemoteAnswer> => {
  const { uri, url, again } = options
  const { sleep = sleepFor, random = Math.random, timeoutMs = TIMEOUT_MS } = deps
  const send = abortableFetch(deps.fetch ?? fetch)
  let last: RemoteAnswer | undefined
  let failure: unknown
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    // full jitter: processes that failed together do not come back together
    if (attempt > 0) await sleep(FIRST_PAUSE_MS * 2 ** attempt * (0.5 + random() / 2))
    try {
      const { headers, body } = options.request()
      const response = await send(url.href, {
        method: 'POST',
        headers: { ...headers },
        body,
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
      })
      last = { status: response.status, text: await readBounded(response, uri) }
      failure = undefined
    } catch (error) {
      if (error instanceof ParapetError) throw error
      ;[last, failure] = [undefined, error]
      continue
    }
    if (last.status >= 300 && last.status < 400) throw new ParapetError('PPT_KEK', `${uri} answered with a redirect, which is not followed`)
    if (!again(last)) return last
  }
  if (last !== undefined) return last
  throw new ParapetError('PPT_KEK', `${uri} ${reasonOf(failure)}`, { cause: failure })
}

/** An answer as a JSON object. Throws PPT_KEK when it is none. */
export const readAnswer = (answer: RemoteAnswer, uri: string): Readonly<Record<string, unknown>> => {
  let value: unknown
  try {
    value = JSON.parse(answer.text)
  } catch {
    // the parser's message repeats what came
    value = undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ParapetError('PPT_KEK', `${uri} answered ${answer.status} with something that is not what a key service says`)
  return value as Readonly<Record<string, unknown>>
}

/** Text of another program made safe for a message: printable ASCII, cut short. */
export const quoteRemote = (text: unknown): string => (typeof text === 'string' ? text.slice(0, 160).replaceAll(/[^\x20-\x7e]/g, '?') : '')
