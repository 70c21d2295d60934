import type { Problem } from '@parapet/core'
import { ERRORS } from '@parapet/core'

/** A request that did not work, as pages show it. `status` 0: no answer came. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly detail: string | undefined
  readonly fix: string
  readonly instance: string | undefined
  /** seconds, from `Retry-After` */
  readonly retryAfter: number | undefined

  constructor(parts: {
    status: number
    code: string
    title: string
    detail?: string | undefined
    fix: string
    instance?: string | undefined
    retryAfter?: number | undefined
  }) {
    super(parts.title)
    this.name = 'ApiError'
    this.status = parts.status
    this.code = parts.code
    this.detail = parts.detail
    this.fix = parts.fix
    this.instance = parts.instance
    this.retryAfter = parts.retryAfter
  }
}

const isCode = (code: unknown): code is keyof typeof ERRORS => typeof code === 'string' && Object.hasOwn(ERRORS, code)
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** Reads an answer that is not a success: problem+json when it is one, else what a proxy in between may have sent. */
export const problemOf = (status: number, body: unknown, retryAfter: string | null): ApiError => {
  const problem: Partial<Record<keyof Problem, unknown>> = typeof body === 'object' && body !== null ? body : {}
  const seconds = retryAfter !== null && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : undefined
  if (isCode(problem.code)) {
    const entry = ERRORS[problem.code]
    return new ApiError({
      status,
      code: problem.code,
      title: text(problem.title) ?? entry.message,
      detail: text(problem.detail),
      fix: entry.fix,
      instance: text(problem.instance),
      retryAfter: seconds,
    })
  }
  return new ApiError({
    status,
    code: `HTTP_${status}`,
    title: 'The answer did not come from Parapet',
    fix:
      status >= 500 ? 'Check that the control plane runs, and the proxy in front of it.' : 'Check the proxy in front of the control plane.',
    retryAfter: seconds,
  })
}

/** The error of a request that got no answer at all. */
export const unreachable = (): ApiError =>
  new ApiError({
    status: 0,
    code: 'UNREACHABLE',
    title: 'The control plane does not answer',
    fix: 'Check the connection and that the server runs. This page tries again by itself.',
  })

/** Anything thrown, as an error that can be shown. */
export const asApiError = (error: unknown): ApiError =>
  error instanceof ApiError
    ? error
    : new ApiError({
        status: 0,
        code: 'CONSOLE',
        title: 'This page ran into a fault of its own',
        detail: error instanceof Error ? error.message : undefined,
        fix: 'Reload it. If it comes back, report it with these words.',
      })

/** False when the same request can only get the same answer: the question is wrong, not the moment. */
export const mayRetry = (error: ApiError): boolean => error.status !== 400 && error.status !== 413 && error.status !== 422
