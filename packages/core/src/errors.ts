import { ERRORS, type ErrorEntry } from './error-registry.js'

/** A code of the registry. */
export type ErrorCode = keyof typeof ERRORS

/** RFC 9457 problem details, as every program of Parapet sends them. */
export type Problem = {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: ErrorCode
  readonly detail?: string
  /** `urn:uuid:` and the correlation id under which the log has the whole story */
  readonly instance?: string
  readonly [extension: string]: unknown
}

/**
 * An error with a code of the registry. `message` is safe to show to anyone; what is not (the value, the query, the
 * file's content) goes into `cause`, which only logs see.
 */
export class ParapetError extends Error {
  readonly code: ErrorCode
  readonly status: number
  /** what this occurrence is about, safe to show: the option's name, the line number, the limit */
  readonly detail: string | undefined

  constructor(code: ErrorCode, detail?: string, options?: { cause?: unknown }) {
    const entry: ErrorEntry = ERRORS[code]
    super(detail === undefined ? entry.message : `${entry.message}: ${detail}`, options)
    this.name = 'ParapetError'
    this.code = code
    this.status = entry.status
    this.detail = detail
  }
}

/** True for an error of ours, across copies of this package. */
export const isParapetError = (error: unknown): error is ParapetError =>
  error instanceof Error && error.name === 'ParapetError' && 'code' in error && String(error.code).startsWith('PPT_')

/** The problem body for a code. `extensions` are added as they are; none can replace what the registry says. */
export const toProblem = (
  code: ErrorCode,
  options: { detail?: string | undefined; instance?: string; extensions?: Readonly<Record<string, unknown>> } = {},
): Problem => ({
  ...options.extensions,
  type: `https://parapet.dev/errors/${code}`,
  title: ERRORS[code].message,
  status: ERRORS[code].status,
  code,
  ...(options.detail === undefined ? {} : { detail: options.detail }),
  ...(options.instance === undefined ? {} : { instance: `urn:uuid:${options.instance}` }),
})
