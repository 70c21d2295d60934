import { STATUS_CODES } from 'node:http'
import { isParapetError, type Masker, toProblem } from '@parapet/core'
import { createErrorSerializer, type SerializedError } from './serialize-error.js'

/** RFC 9457 problem details of any application. */
export type PublicProblem = {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code?: string
  readonly detail?: string
  /** `urn:uuid:` and the correlation id under which the log has the rest */
  readonly instance?: string
}

/** What an application says about one of its error codes: constant sentences, so that nothing of the occurrence gets out. */
export type ProblemEntry = { readonly status: number; readonly title: string; readonly detail?: string; readonly type?: string }

/** What problems are made with. */
export type PublicProblemOptions = {
  readonly masker: Masker
  /** by the `code` of an error */
  readonly catalogue?: Readonly<Record<string, ProblemEntry>>
}

/** Both sides of an error: what the client may know, and what the log keeps under the same id. */
export type ToldError = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: PublicProblem
  readonly log: { readonly correlationId: string; readonly error: SerializedError }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** The one sentence of every 5xx: it must not tell one fault from another. */
export const SERVER_FAULT_DETAIL = 'The request could not be completed. The reference in instance leads to the log.'

const read = (error: unknown, name: string): unknown => {
  try {
    return typeof error === 'object' && error !== null ? (error as Record<string, unknown>)[name] : undefined
  } catch {
    return undefined
  }
}

const bare = (status: number): ProblemEntry => ({ status, title: STATUS_CODES[status] ?? 'Error' })

/**
 * Makes the translator of errors for HTTP: generic outside, full inside. A 4xx says what the catalogue says for the error's code (or
 * only its status, for the `status` that frameworks put on client errors), a 5xx always the same sentence; messages and stacks
 * never get out, and the body passes the masker all the same. `correlationId` is a UUID; another id is left out of the body. Never throws.
 * The server of Parapet itself sends the codes of its own registry, see `toProblem` in core; errors with those codes are known here too.
 */
export const createPublicProblem = (options: PublicProblemOptions): ((error: unknown, correlationId: string) => ToldError) => {
  const { masker } = options
  const catalogue = new Map(Object.entries(options.catalogue ?? {}))
  const serialize = createErrorSerializer({ masker })

  const entryOf = (error: unknown): ProblemEntry & { code?: string } => {
    if (isParapetError(error)) {
      const { type, title, status, code, detail } = toProblem(error.code, { detail: error.detail })
      return { type, title, status, code, ...(detail === undefined ? {} : { detail }) }
    }
    const code = read(error, 'code')
    const entry = typeof code === 'string' ? catalogue.get(code) : undefined
    if (entry !== undefined && typeof code === 'string') return { ...entry, code }
    const status = read(error, 'status') ?? read(error, 'statusCode')
    return typeof status === 'number' && Number.isInteger(status) && status >= 400 && status < 500 ? bare(status) : bare(500)
  }

  return (error, correlationId) => {
    const { type, title, status, code, detail } = entryOf(error)
    const said = status >= 500 ? SERVER_FAULT_DETAIL : detail
    const body: PublicProblem = {
      type: type ?? 'about:blank',
      title: status >= 500 && code === undefined ? bare(500).title : masker.text(title),
      status,
      ...(code === undefined ? {} : { code }),
      ...(said === undefined ? {} : { detail: masker.text(said) }),
      ...(UUID.test(correlationId) ? { instance: `urn:uuid:${correlationId.toLowerCase()}` } : {}),
    }
    return {
      status,
      headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
      body,
      log: { correlationId, error: serialize(error) },
    }
  }
}
