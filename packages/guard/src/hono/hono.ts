import type { IncomingMessage, ServerResponse } from 'node:http'
import { ParapetError } from '@parapet/core'
import type { Context, ErrorHandler, MiddlewareHandler } from 'hono'
import type { GuardContext, Passage } from '../app/types.js'
import { mayGoOn, setHeaders } from '../node/answer.js'
import { type EdgeGuard, finish } from '../node/edge.js'
import { knownOptions, optionError } from '../options/check.js'
import { fromNode, type GuardRequest } from '../request/guard-request.js'
import { enterSafely, errorResponse, fromWeb, letGo, readBody, refusalResponse, withHeaders, withRequest } from '../web/protect.js'

/** What `c.get('guard')` gives: what the guard knows, and the request as `guard.login` and `guard.sessions` take it. */
export type HonoGuardContext = GuardContext & { readonly request: GuardRequest }

/** The variable that the middleware sets: `new Hono<{ Variables: GuardVariables }>()`. */
export type GuardVariables = { guard: HonoGuardContext }

/** What the middleware may be told. */
export type HonoGuardOptions = {
  /** the address of the TCP peer, for runtimes other than Node: `(c) => c.env.server.requestIP(c.req.raw)?.address`. Never a header */
  readonly peer?: (context: Context) => string | undefined
}

/** What @hono/node-server puts into the environment. */
type NodeEnv = { readonly incoming?: IncomingMessage; readonly outgoing?: ServerResponse }

const envOf = (context: Context): NodeEnv => (typeof context.env === 'object' && context.env !== null ? (context.env as NodeEnv) : {})

/** The pattern of the handler that matched; `*` is a middleware for everything below a path. */
const routeOf = (context: Context): string | undefined => {
  const path = context.req.matchedRoutes.findLast((route) => !route.path.endsWith('*'))?.path
  return path === undefined || path === '' ? undefined : path
}

const requestOf = (context: Context, peer: HonoGuardOptions['peer']): GuardRequest => {
  const { raw } = context.req
  if (peer !== undefined) return fromWeb(raw, peer(context), context.req.url.startsWith('https:'))
  const { incoming } = envOf(context)
  // the target as it came in: a URL object has resolved its dots already
  if (incoming !== undefined) return { ...fromNode(incoming), body: (most) => readBody(raw, most) }
  throw new ParapetError(
    'PPT_CONFIG_INVALID',
    'hono(guard) cannot see who is connected in this runtime; give hono(guard, { peer: (c) => the address of the TCP peer })',
  )
}

const isAppended = ([name]: readonly [string, string]): boolean => name === 'Set-Cookie' || name === 'Vary'

/**
 * Puts the guard before everything: `app.use(hono(guard))`, first. `c.get('guard')` has the client, the session, the request's id and the
 * request for `guard.login`; its `nonce` is for templates. On `@hono/node-server` the TCP peer is known; elsewhere `peer` must
 * say it: without, every request fails with `PPT_CONFIG_INVALID`. {@link honoErrors} answers what is thrown.
 */
export const hono = (guard: EdgeGuard, options: HonoGuardOptions = {}): MiddlewareHandler<{ Variables: GuardVariables }> => {
  knownOptions('hono', options, ['peer'])
  const { peer } = options
  if (peer !== undefined && typeof peer !== 'function')
    throw optionError('hono.peer', peer, 'give a function from the context to an address')

  return async (context, next) => {
    const request = requestOf(context, peer)
    const { incoming, outgoing } = envOf(context)
    /** headers that came with a nonce take the place of those that were sent with every answer */
    let late: readonly (readonly [string, string])[] = []
    const entered = await enterSafely(guard, request, (headers) => {
      if (outgoing === undefined) late = headers
      else if (!outgoing.headersSent) setHeaders(outgoing, headers)
    })
    if ('failed' in entered) return entered.failed
    const passage: Passage = entered
    for (const key of [context.req.raw, context, incoming]) if (key !== undefined) guard.remember(key, passage.context)
    context.set('guard', withRequest(passage.context, request))

    // 'close' comes after every end; where there is no such thing, what is known ends with the answer
    if (outgoing !== undefined) {
      if (outgoing.destroyed) finish(guard, passage, 499)
      else outgoing.on('close', () => finish(guard, passage, outgoing.headersSent ? outgoing.statusCode : 499, routeOf(context)))
    }
    const { refusal } = passage
    if (refusal !== undefined) {
      if (outgoing === undefined) finish(guard, passage, refusal.status)
      // the body is not read: nothing of it is taken for the next request
      if (incoming !== undefined && incoming.httpVersionMajor < 2 && mayGoOn(incoming.headers)) outgoing?.setHeader('Connection', 'close')
      return refusalResponse(refusal, passage.headers, request.method)
    }
    // what is set on Node's own response is under every answer, also under one whose headers cannot be changed
    const later = outgoing === undefined ? passage.headers : passage.headers.filter(isAppended)
    if (outgoing !== undefined && !outgoing.headersSent)
      setHeaders(
        outgoing,
        passage.headers.filter((header) => !isAppended(header)),
      )
    try {
      await next()
    } catch (error) {
      // Hono passes on what is thrown and is no Error
      replace(context, errorResponse(guard, error, request, passage.context))
    }
    const held = await passage.hold?.({ status: context.res.status, route: routeOf(context) })
    if (held !== undefined) {
      letGo(context.res.body)
      replace(context, refusalResponse(held, [...passage.headers, ...held.headers], request.method))
    } else if (later.length > 0) {
      const newer = new Set(late.map(([name]) => name))
      replace(context, withHeaders(context.res, [...late, ...later.filter(([name]) => !newer.has(name))]))
    }
    if (outgoing === undefined) finish(guard, passage, context.res.status, routeOf(context))
    return undefined
  }
}

/** Setting an answer over another merges the headers of both: the old one goes first. */
const replace = (context: Context, response: Response): void => {
  if (context.res === response) return
  context.res = undefined
  context.res = response
}

/**
 * Answers what the application throws: `app.onError(honoErrors(guard))`. Hono's own handler prints the whole error, with what it holds, to
 * standard error. An exception that carries an answer of its own is answered by that.
 */
export const honoErrors =
  (guard: EdgeGuard): ErrorHandler =>
  (error, context) => {
    if ('res' in error && error.res instanceof Response) return error.res
    const known = context.get('guard') as HonoGuardContext | undefined
    const request = known?.request ?? fromWeb(context.req.raw, undefined, false)
    return errorResponse(guard, error, request, known, { params: context.req.param() })
  }
