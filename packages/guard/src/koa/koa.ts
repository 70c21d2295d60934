import type { IncomingMessage, ServerResponse } from 'node:http'
import process from 'node:process'
import type { GuardContext, Passage } from '../app/types.js'
import { readProperty } from '../errors/describe.js'
import { startOver, mayGoOn, sendOwn, setHeaders } from '../node/answer.js'
import { aboutOf, diagnose, type EdgeGuard, finish, lazyNonce } from '../node/edge.js'
import { answerError, sendRefusal } from '../node/protect.js'

/** What is used of a context of Koa 3, described by structure so that no version of its types is needed. */
export type KoaContext = {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly request: object & { readonly body?: unknown }
  readonly app: { readonly env?: string; readonly silent?: boolean }
  readonly params?: unknown
  state: Record<string, unknown>
  status: number
  /** false: Koa leaves the answer alone */
  respond?: boolean
}

/** A middleware of Koa. */
export type KoaMiddleware = (context: KoaContext, next: () => Promise<unknown>) => Promise<void>

/** The pattern that matched, where @koa/router has left it. */
const routeOf = (context: KoaContext): string | undefined => {
  const route = readProperty(context, '_matchedRoute')
  return typeof route === 'string' ? route : undefined
}

const reported = new WeakSet<object>()

/** Koa takes NODE_ENV unset for development, and prints whole errors, with what they hold, to standard error. */
const reportDebug = (guard: EdgeGuard, app: KoaContext['app']): void => {
  if (reported.has(app)) return
  reported.add(app)
  if (app.env !== 'development' || process.env['NODE_ENV'] !== undefined) return
  diagnose(guard, 'framework_debug', 'Koa runs without NODE_ENV, which is development: set NODE_ENV=production')
}

/**
 * Puts the guard before everything: `app.use(koa(guard))`, first. `ctx.state.nonce` is for templates, `ctx.state.guard` has the client,
 * the session and the request's id. What is thrown below is answered by `guard.errors`: Koa's own handler would drop the headers.
 */
export const koa = (guard: EdgeGuard): KoaMiddleware => {
  /** True: the record of an access could not be written, and that was answered instead. */
  const withheld = async (context: KoaContext, { hold, headers }: Passage, status: number): Promise<boolean> => {
    const refusal = await hold?.({ status, route: routeOf(context) })
    if (refusal === undefined) return false
    const { req, res } = context
    context.respond = false
    startOver(res, headers)
    sendRefusal(refusal, req, res, refusal.headers)
    return true
  }

  const through = async (context: KoaContext, next: () => Promise<unknown>, passage: Passage, known: GuardContext): Promise<void> => {
    const { req, res } = context
    context.state['guard'] = known
    lazyNonce(context.state, known)
    try {
      await next()
    } catch (error) {
      const { status, headers, body } = guard.errors.answer(error, {
        request: req,
        ...aboutOf(known),
        parameters: { params: context.params, body: context.request.body },
      })
      const [type, ...others] = headers
      context.respond = false
      if (res.headersSent || !(await withheld(context, passage, status)))
        sendOwn(req, res, { status, headers: others, contentType: type?.[1], text: body })
      return
    }
    if (context.respond !== false && !res.headersSent) await withheld(context, passage, context.status)
  }

  return async (context, next) => {
    const { req, res, app } = context
    reportDebug(guard, app)
    let passage: Passage
    try {
      passage = await guard.enter(req, (headers) => {
        if (!res.headersSent) setHeaders(res, headers)
      })
    } catch (error) {
      context.respond = false
      answerError(guard, error, req, res)
      return
    }
    for (const key of [req, context, context.request]) guard.remember(key, passage.context)
    if (res.destroyed) {
      context.respond = false
      finish(guard, passage, 499)
      return
    }
    res.on('close', () => finish(guard, passage, res.headersSent ? res.statusCode : 499, routeOf(context)))
    setHeaders(res, passage.headers)
    if (passage.refusal !== undefined) {
      context.respond = false
      sendRefusal(passage.refusal, req, res)
      return
    }
    await through(context, next, passage, passage.context)
    // an upload that nobody read is not kept for the next request of the connection
    if (!res.headersSent && res.statusCode >= 400 && req.httpVersionMajor < 2 && !req.complete && mayGoOn(req.headers))
      res.setHeader('Connection', 'close')
  }
}
