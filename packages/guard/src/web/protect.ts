import type { GuardContext, Passage, SetHeaders } from '../app/types.js'
import { type Refusal, refusalBody } from '../app/refusal.js'
import { aboutOf, type EdgeGuard } from '../node/edge.js'
import type { GuardRequest } from '../request/guard-request.js'

/** Reads up to `most` bytes of a body, without taking it from whoever reads it later. */
export const readBody = async (request: Request, most: number): Promise<Uint8Array | undefined> => {
  if (request.bodyUsed) return undefined
  const { body } = request.clone()
  if (body === null) return new Uint8Array(0)
  const reader = body.getReader() as ReadableStreamDefaultReader<Uint8Array>
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      size += next.value.length
      if (size > most) {
        // not awaited: one half of a stream in two is cancelled when the other half is
        reader.cancel().catch(() => undefined)
        return undefined
      }
      chunks.push(next.value)
    }
  } catch {
    return undefined
  }
  return Buffer.concat(chunks)
}

/** The target of a request, as a request line has it: a web-standard request has its URL in absolute form. */
const targetOf = (url: string): string => {
  const authority = url.indexOf('://')
  const path = authority < 0 ? 0 : url.indexOf('/', authority + 3)
  const hash = url.indexOf('#')
  return path < 0 ? '/' : url.slice(path, hash < 0 ? undefined : hash)
}

/**
 * Reads a web-standard request. `peer` is the address of the TCP peer: no header says it, and nobody guesses it. `secure`: the connection
 * that ended here is TLS.
 */
export const fromWeb = (request: Request, peer: string | undefined, secure: boolean): GuardRequest => ({
  method: request.method,
  url: targetOf(request.url),
  header: (name) => request.headers.get(name) ?? undefined,
  peer,
  secure,
  body: (most) => readBody(request, most),
})

const isAppended = (name: string): boolean => name === 'Set-Cookie' || name === 'Vary'

/** Puts headers on an answer of ours: cookies and `Vary` beside what is there, everything else once. */
const put = (headers: Headers, list: readonly (readonly [string, string])[]): void => {
  for (const [name, value] of list) {
    if (isAppended(name)) headers.append(name, value)
    else headers.set(name, value)
  }
}

/** As {@link put}, but what the application has set itself stays. */
const fill = (headers: Headers, list: readonly (readonly [string, string])[]): void => {
  headers.delete('X-Powered-By')
  for (const [name, value] of list) {
    if (isAppended(name)) headers.append(name, value)
    else if (!headers.has(name)) headers.set(name, value)
  }
}

/** Ends a body that nobody will read: what it holds open, such as a file, is let go. */
export const letGo = (body: ReadableStream | null): void => {
  body?.cancel().catch(() => undefined)
}

/** The application's answer with the guard's headers; answers whose headers cannot be changed (redirects, fetched ones) are copied. */
export const withHeaders = (response: Response, list: readonly (readonly [string, string])[]): Response => {
  try {
    fill(response.headers, list)
    return response
  } catch {
    const headers = new Headers(response.headers)
    fill(headers, list)
    return new Response(response.body, { status: response.status, statusText: response.statusText, headers })
  }
}

/** What the guard answers instead of the application. */
export const refusalResponse = (refusal: Refusal, headers: readonly (readonly [string, string])[], method: string): Response => {
  const body = refusalBody(refusal)
  const own = new Headers()
  put(own, headers)
  own.set('Cache-Control', 'no-store')
  if (body === undefined) own.delete('Content-Type')
  else own.set('Content-Type', body.contentType)
  return new Response(method === 'HEAD' || body === undefined ? null : body.text, { status: refusal.status, headers: own })
}

/** The answer for an error, without the headers of the passage; `context` undefined: the guard itself could not judge. */
export const errorResponse = (
  guard: EdgeGuard,
  error: unknown,
  request: GuardRequest,
  context: GuardContext | undefined,
  parameters: Readonly<Record<string, unknown>> = {},
): Response => {
  const answer = guard.errors.answer(error, { request, ...aboutOf(context), parameters })
  return new Response(request.method === 'HEAD' ? null : answer.body, {
    status: answer.status,
    headers: answer.headers.map(([name, value]): [string, string] => [name, value]),
  })
}

/**
 * What the application gets to know, with the request as `guard.login` takes it. On the context itself: one that is inherited from gets a
 * shape of its own, which outlives the request.
 */
export const withRequest = (context: GuardContext, request: GuardRequest): GuardContext & { readonly request: GuardRequest } =>
  Object.assign(context, { request })

/** Judges; `failed` is the answer when the guard itself fails, which nothing may pass. `late` hears of headers that come with a nonce. */
export const enterSafely = async (
  guard: EdgeGuard,
  request: GuardRequest,
  late?: SetHeaders,
): Promise<Passage | { readonly failed: Response }> => {
  try {
    return await guard.enter(request, late)
  } catch (error) {
    return { failed: errorResponse(guard, error, request, undefined) }
  }
}
