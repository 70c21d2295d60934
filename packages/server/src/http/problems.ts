import { type ErrorCode, isParapetError, type Masker, maskSentence, type Problem, toProblem } from '@parapet/core'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { isUnavailable } from '../db/errors.js'

/** Media type of RFC 9457. */
export const PROBLEM_TYPE = 'application/problem+json'

/** What an error looks like from outside: its problem and, where waiting helps, the seconds of Retry-After. */
export type PublicError = {
  readonly code: ErrorCode
  readonly detail?: string
  readonly retryAfter?: number
  readonly extensions?: Readonly<Record<string, unknown>>
}

/** Errors of the framework by their code; everything else of it is a fault of ours or of the request's form. */
const FRAMEWORK: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'PPT_BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'PPT_MEDIA_TYPE',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'PPT_BODY_MALFORMED',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'PPT_BODY_MALFORMED',
  FST_ERR_CTP_EMPTY_TYPE: 'PPT_MEDIA_TYPE',
  FST_ERR_BAD_URL: 'PPT_NOT_FOUND',
  FST_ERR_ASYNC_CONSTRAINT: 'PPT_NOT_FOUND',
  ECONNRESET: 'PPT_BODY_MALFORMED',
}

type ValidationIssue = {
  readonly instancePath?: string
  readonly message?: string
  readonly keyword?: string
  readonly params?: { readonly keys?: unknown }
}

/** What may stand in an answer of what a sender called a field: a plain word, since the rest of it is whatever somebody typed. */
const PLAIN_NAME = /^[\w.-]{1,40}$/

const explain = ({ keyword, message, params }: ValidationIssue): string => {
  if (keyword !== 'unrecognized_keys') return (message ?? 'not allowed').slice(0, 200)
  const names = (Array.isArray(params?.keys) ? params.keys : []).filter(
    (key): key is string => typeof key === 'string' && PLAIN_NAME.test(key),
  )
  return names.length === 0 ? 'holds a field that is not known' : `not known: ${names.slice(0, 3).join(', ')}`
}

/** Names the field and what it takes; the value itself is never repeated. */
const describeValidation = (error: FastifyError): string => {
  const issues = (error.validation ?? []) as readonly ValidationIssue[]
  const place = error.validationContext === undefined ? '' : `${error.validationContext}: `
  const fields = issues.slice(0, 5).map((issue) => {
    const field = (issue.instancePath ?? '').split('/').filter(Boolean).join('.').slice(0, 120)
    return field === '' ? explain(issue) : `${field}: ${explain(issue)}`
  })
  return `${place}${fields.join('; ')}`
}

/** Seconds to wait where the error itself does not say. */
const WAITS: Partial<Record<ErrorCode, number>> = { PPT_DATABASE_UNAVAILABLE: 2, PPT_BACKPRESSURE: 2, PPT_RATE_LIMITED: 5 }

/** An error with a wait that the sender should keep, or with members of its own for the problem. */
export type Waiting = { readonly retryAfterSeconds?: number; readonly extensions?: Readonly<Record<string, unknown>> }

/** Turns any error into what the client may know; everything unknown is `PPT_INTERNAL` without detail. */
export const toPublicError = (error: unknown): PublicError => {
  if (isParapetError(error)) {
    const { retryAfterSeconds, extensions } = error as Waiting
    const retryAfter = retryAfterSeconds ?? WAITS[error.code]
    return {
      code: error.code,
      ...(error.detail === undefined ? {} : { detail: error.detail }),
      ...(retryAfter === undefined ? {} : { retryAfter }),
      ...(extensions === undefined ? {} : { extensions }),
    }
  }
  if (isUnavailable(error)) return { code: 'PPT_DATABASE_UNAVAILABLE', retryAfter: WAITS.PPT_DATABASE_UNAVAILABLE ?? 1 }
  if (error instanceof Error && 'validation' in error && error.validation !== undefined)
    return { code: 'PPT_INVALID', detail: describeValidation(error as FastifyError) }
  const code = error instanceof Error && 'code' in error ? FRAMEWORK[String(error.code)] : undefined
  return { code: code ?? 'PPT_INTERNAL' }
}

/** Sends a problem with its correlation id; a 5xx never says more than its code, and what any says has passed the masker. */
export const sendProblem = (
  request: FastifyRequest,
  reply: FastifyReply,
  what: PublicError,
  masker: Pick<Masker, 'text'>,
): FastifyReply => {
  const problem: Problem = toProblem(what.code, {
    detail: what.code === 'PPT_INTERNAL' || what.detail === undefined ? undefined : maskSentence(what.detail, masker.text),
    instance: request.id,
    ...(what.extensions === undefined ? {} : { extensions: what.extensions }),
  })
  if (what.retryAfter !== undefined) void reply.header('retry-after', String(Math.max(1, Math.ceil(what.retryAfter))))
  if (problem.status === 401)
    void reply.header('www-authenticate', what.code === 'PPT_STEP_UP' ? `Bearer error="insufficient_user_authentication"` : 'Bearer')
  return reply
    .code(problem.status)
    .header('cache-control', 'no-store')
    .type(PROBLEM_TYPE)
    .serializer((body: unknown) => JSON.stringify(body))
    .send(problem)
}
