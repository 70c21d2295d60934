import { problemOf, unreachable } from './problem.js'

/** Sends one request to the control plane and reads JSON. Throws {@link ApiError} for everything but a 2xx. */
export type Send = <T>(
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
  signal?: AbortSignal,
) => Promise<T>

const readBody = async (response: Response): Promise<unknown> => {
  if (response.status === 204) return undefined
  try {
    return await response.json()
  } catch {
    return undefined
  }
}

/** Refusals of a proof, not of the session: somebody is signed in, or is about to be. */
const NOT_SIGNED_OUT: ReadonlySet<string> = new Set(['PPT_STEP_UP', 'PPT_FACTOR_FAILED', 'PPT_SIGN_IN_FAILED', 'PPT_SIGN_IN_OVER'])

/**
 * The one way to the API. `onUnauthenticated` is called for a 401 of anything but the session itself, so that an
 * expired session leads to the sign-in page and back. `stepUp` asks the operator to prove who he is; when he did, the act is sent again.
 */
export const createSend = (deps: {
  readonly fetch: typeof fetch
  readonly onUnauthenticated: () => void
  readonly stepUp?: () => Promise<boolean>
}): Send => {
  const send = async <T>(method: string, path: string, body: unknown, signal: AbortSignal | undefined, again: boolean): Promise<T> => {
    let response: Response
    try {
      response = await deps.fetch(path, {
        method,
        credentials: 'same-origin',
        headers: body === undefined ? { accept: 'application/json' } : { accept: 'application/json', 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      })
    } catch (error) {
      if (signal?.aborted === true) throw error
      throw unreachable()
    }
    const answer = await readBody(response)
    if (response.ok) return answer as T
    const problem = problemOf(response.status, answer, response.headers.get('retry-after'))
    if (problem.code === 'PPT_STEP_UP' && !again && deps.stepUp !== undefined && (await deps.stepUp()))
      return send(method, path, body, signal, true)
    if (response.status === 401 && path !== '/v1/session' && !NOT_SIGNED_OUT.has(problem.code)) deps.onUnauthenticated()
    throw problem
  }
  return (method, path, body, signal) => send(method, path, body, signal, false)
}
