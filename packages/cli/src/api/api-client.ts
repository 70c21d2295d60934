import { abortableFetch, ERRORS, type ErrorCode, ParapetError } from '@parapet/core'
import type { Connection } from './connection.js'

/** Speaks to the control plane: JSON in, JSON out, problems thrown as errors of the registry. */
export type ApiClient = {
  readonly get: <T>(path: string, query?: Readonly<Record<string, string | undefined>>) => Promise<T>
  readonly post: <T>(path: string, body: unknown) => Promise<T>
  readonly put: <T>(path: string, body: unknown) => Promise<T>
  readonly patch: <T>(path: string, body: unknown) => Promise<T>
  readonly remove: <T>(path: string, body?: unknown) => Promise<T>
}

/** A slow answer is no answer: somebody waits at a terminal. ms */
const TIMEOUT = 15_000
/** Nothing that we ask for is larger. Bytes */
const MAX_BODY = 32 * 1_048_576

const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

const isCode = (code: unknown): code is ErrorCode => typeof code === 'string' && Object.hasOwn(ERRORS, code)

const problemOf = (status: number, body: unknown): ParapetError => {
  const { code, detail } = asRecord(body)
  if (isCode(code)) return new ParapetError(code, typeof detail === 'string' ? detail.slice(0, 500) : undefined)
  return new ParapetError('PPT_CONTROL_PLANE', `it answered ${status} without a code; is this a Parapet server?`)
}

const readBody = async (response: Response): Promise<unknown> => {
  const length = Number(response.headers.get('content-length') ?? 0)
  if (length > MAX_BODY) throw new ParapetError('PPT_CONTROL_PLANE', 'the answer is too large')
  const text = await response.text().catch((cause: unknown) => {
    throw new ParapetError('PPT_CONTROL_PLANE', 'the answer broke off', { cause })
  })
  try {
    return text === '' ? undefined : (JSON.parse(text) as unknown)
  } catch (cause) {
    if (response.ok) throw new ParapetError('PPT_CONTROL_PLANE', 'the answer is not JSON; is this a Parapet server?', { cause })
    return undefined
  }
}

/** A client for one connection. Throws the problem's own code, or `PPT_CONTROL_PLANE` when nobody answers as a server of ours. */
export const createApiClient = ({ url, token }: Connection, deps: { readonly fetch?: typeof fetch } = {}): ApiClient => {
  const send = abortableFetch(deps.fetch ?? fetch)
  const base = url.href.endsWith('/') ? url.href : `${url.href}/`
  const call = async (
    method: string,
    path: string,
    query: Readonly<Record<string, string | undefined>>,
    body?: unknown,
  ): Promise<unknown> => {
    const target = new URL(path, base)
    for (const [name, value] of Object.entries(query)) if (value !== undefined) target.searchParams.set(name, value)
    let response: Response
    try {
      response = await send(target, {
        method,
        // a redirect would carry the token to wherever it points
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT),
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json, application/problem+json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
    } catch (cause) {
      const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
      throw new ParapetError('PPT_CONTROL_PLANE', `nothing answers at ${url.origin}`, { cause: inner })
    }
    const answer = await readBody(response)
    if (!response.ok) throw problemOf(response.status, answer)
    return answer
  }
  return {
    get: async <T>(path: string, query: Readonly<Record<string, string | undefined>> = {}) => (await call('GET', path, query)) as T,
    post: async <T>(path: string, body: unknown) => (await call('POST', path, {}, body)) as T,
    put: async <T>(path: string, body: unknown) => (await call('PUT', path, {}, body)) as T,
    patch: async <T>(path: string, body: unknown) => (await call('PATCH', path, {}, body)) as T,
    remove: async <T>(path: string, body?: unknown) => (await call('DELETE', path, {}, body)) as T,
  }
}
