import type { IncomingMessage, ServerResponse } from 'node:http'
import { aboutOf, type EdgeGuard, lazyNonce } from '../node/edge.js'
import { sendOwn } from '../node/answer.js'
import { protect } from '../node/protect.js'
import { reportExpressDebug } from './debug.js'

type ExpressRequest = IncomingMessage & {
  readonly originalUrl?: string
  readonly app?: unknown
  readonly baseUrl?: string
  readonly route?: unknown
  readonly params?: unknown
  readonly body?: unknown
}
type ExpressResponse = ServerResponse & { locals?: Record<string, unknown> }

/** A middleware of Express 4 and 5, described by structure so that no version of its types is needed. */
export type ExpressMiddleware = (request: ExpressRequest, response: ExpressResponse, next: (error?: unknown) => void) => void

/** A handler of errors of Express 4 and 5. */
export type ExpressErrorHandler = (
  error: unknown,
  request: ExpressRequest,
  response: ExpressResponse,
  next: (error?: unknown) => void,
) => void

/** The pattern that matched, such as `/api/documents/:id`. */
const routeOf = (request: ExpressRequest): string | undefined => {
  const path = (request.route as { readonly path?: unknown } | undefined)?.path
  return typeof path === 'string' ? `${request.baseUrl ?? ''}${path}` : undefined
}

/**
 * Puts the guard before everything: `app.use(express(guard))`. `res.locals.nonce` is for templates; `guard.of(req)` has the
 * client, the session and the request's id. {@link expressErrors} belongs at the end.
 */
export const express =
  (guard: EdgeGuard): ExpressMiddleware =>
  (request, response, next) => {
    reportExpressDebug(guard, request.app)
    protect(
      guard,
      request,
      response,
      (context) => {
        // made when a template reads it: only such an answer is kept from caches
        if (response.locals !== undefined) lazyNonce(response.locals, context)
        next()
      },
      () => routeOf(request),
    )
  }

/**
 * Answers what the application throws, as its last middleware: `app.use(expressErrors(guard))`. The client gets a problem or a page with
 * a reference, the log the whole error without what `errors.hide` names. Source: ASVS 5.0 16.5.1.
 */
export const expressErrors =
  (guard: EdgeGuard): ExpressErrorHandler =>
  // Express knows a handler of errors by its four parameters
  (error, request, response, _next) => {
    const answer = guard.errors.answer(error, {
      request,
      ...aboutOf(guard.of(request)),
      parameters: { params: request.params, body: request.body },
    })
    const [type, ...headers] = answer.headers
    sendOwn(request, response, { status: answer.status, headers, contentType: type?.[1], text: answer.body })
  }
