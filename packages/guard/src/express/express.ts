import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Guard } from '../app/guard.js'
import { protect } from '../node/protect.js'

/** A middleware of Express 4 and 5, described by structure so that no version of its types is needed. */
export type ExpressMiddleware = (
  request: IncomingMessage & { originalUrl?: string },
  response: ServerResponse & { locals?: Record<string, unknown> },
  next: (error?: unknown) => void,
) => void

/**
 * Puts the guard before everything: `app.use(express(guard))`. `res.locals.nonce` is for templates; `guard.of(req)` has the
 * client, the session and the request's id.
 */
export const express = (guard: Guard): ExpressMiddleware => {
  const run = async (...[request, response, next]: Parameters<ExpressMiddleware>): Promise<void> => {
    if (!(await protect(guard, request, response))) return
    const context = guard.of(request)
    if (response.locals !== undefined && context !== undefined) response.locals['nonce'] = context.nonce
    next()
  }
  return (request, response, next) => void run(request, response, next)
}
