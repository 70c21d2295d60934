import { problemOf, unreachable } from './problem.js'

/** Sends one request to the control plane and reads JSON. Throws {@link ApiError} for everything but a 2xx. */
export type Send = <T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown, signal?: AbortSignal) => Promise<T>

const readBody = async (response: Response): Promise<unknown> => {
  if (response.status === 204) return undefined
  try {
    return await response.json()
  } catch {
    return undefined
  }
}

/**
 * The one way to the API. `onUnauthenticated` is called for a 401 of anything but the session itself, so that an
 * expired session leads to the sign-in page and back.
 */
export const createSend =
  (deps: { readonly fetch: typeof fetch; readonly onUnauthenticated: () => void }): Send =>
  async <T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> => {
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
    if (response.status === 401 && path !== '/v1/session') deps.onUnauthenticated()
    throw problemOf(response.status, answer, response.headers.get('retry-after'))
  }
