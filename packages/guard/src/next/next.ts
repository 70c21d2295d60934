import process from 'node:process'
import { ParapetError, randomToken } from '@parapet/core'
import type { Guard, GuardContext, Passage } from '../app/types.js'
import { readProperty } from '../errors/describe.js'
import { diagnose, type EdgeGuard, finish } from '../node/edge.js'
import { knownOptions } from '../options/check.js'
import type { GuardRequest } from '../request/guard-request.js'
import { enterSafely, errorResponse, fromWeb, letGo, refusalResponse, withHeaders, withRequest } from '../web/protect.js'
import { leave, look, take } from './shared.js'

/** What {@link next} takes. */
export type NextGuardOptions = {
  /** with a topology of `trusted` proxies: the address from which the proxy before Next connects. Next does not say it */
  readonly peer?: string
}

/** A handler of `app/.../route.ts`. */
export type RouteHandler<Rest extends readonly unknown[]> = (request: Request, ...rest: Rest) => Response | Promise<Response>

/** The guard of a Next application. */
export type NextGuard = {
  /** the whole of `proxy.ts`: `export const proxy = guarded.proxy` */
  readonly proxy: (request: Request) => Promise<Response>
  /** wraps a route handler: `export const POST = guarded.withGuard(async (request, context) => ...)`; with or without the proxy before it */
  readonly withGuard: <Rest extends readonly unknown[]>(
    handler: (request: Request, guarded: GuardContext & { readonly request: GuardRequest }, ...rest: Rest) => Response | Promise<Response>,
  ) => RouteHandler<Rest>
  /** what is known of a request in a server component: `contextOf(await headers())`. Only below the proxy */
  readonly contextOf: (headers: Pick<Headers, 'get'>) => GuardContext | undefined
}

const TOKEN = 'x-parapet-request'
const NONCE = 'x-nonce'
const CSP = 'content-security-policy'
/** An address of documentation (RFC 5737), which stands for a client that proxies name. */
const SOMEBODY = '198.51.100.1'

/**
 * Next hands over no TCP peer, and writes `x-forwarded-for` only where the client has not: with `direct`, everybody could name any
 * address. Throws `PPT_CONFIG_INVALID`.
 */
const checkTopology = (guard: Pick<Guard, 'clientAddress'>, peer: string | undefined): void => {
  const chains = new Map([
    ['x-forwarded-for', Array.from({ length: 10 }, () => SOMEBODY).join(', ')],
    ['forwarded', Array.from({ length: 10 }, () => `for=${SOMEBODY}`).join(', ')],
  ])
  const client = guard.clientAddress({ method: 'GET', url: '/', header: (name) => chains.get(name), peer, secure: false })
  if (client.kind === 'known' && client.address === SOMEBODY) return
  throw new ParapetError(
    'PPT_CONFIG_INVALID',
    "next(guard): clientAddress does not let Next know its clients. 'direct' is not possible, since Next keeps the X-Forwarded-For that a " +
      'client wrote. Put a proxy before Next, let nobody else reach it, and give createGuard clientAddress: { hops: 1 }, or { trusted: ' +
      "[its range] } and next(guard, { peer: 'its address' })",
  )
}

/** What `redirect()`, `notFound()` and their like throw is for Next. */
const isForNext = (error: unknown): boolean => {
  const digest = readProperty(error, 'digest')
  return typeof digest === 'string' && /^(?:NEXT_|BAILOUT_|DYNAMIC_SERVER_USAGE)/.test(digest)
}

/**
 * Puts the guard before a Next application, in `proxy.ts` and around route handlers. Proxy and handlers are bundled apart: keep the guard on
 * `globalThis`, or give it a shared store. `poweredByHeader: false` in `next.config` is the application's to set. Source of the nonce's way: Next reads it from the policy among the request's headers.
 */
export const next = (guard: EdgeGuard & Pick<Guard, 'clientAddress'>, options: NextGuardOptions = {}): NextGuard => {
  knownOptions('next', options, ['peer'])
  const { peer } = options
  checkTopology(guard, peer)
  if (process.env['NODE_ENV'] === 'development')
    diagnose(guard, 'framework_debug', 'Next runs in development, and shows stacks and sources to everybody: build it, and run next start')
  const read = (request: Request): GuardRequest => fromWeb(request, peer, request.url.startsWith('https:'))

  const proxy = async (request: Request): Promise<Response> => {
    const like = read(request)
    const entered = await enterSafely(guard, like)
    if ('failed' in entered) return entered.failed
    const passage: Passage = entered
    if (passage.refusal !== undefined) {
      finish(guard, passage, passage.refusal.status)
      // Next takes only absolute ones from a proxy, and makes those of its own host relative again
      const headers: (readonly [string, string])[] = passage.headers.map(
        ([name, value]) => [name, name === 'Location' && value.startsWith('/') ? new URL(value, request.url).href : value] as const,
      )
      return refusalResponse(passage.refusal, headers, request.method)
    }
    const headers = new Headers(request.headers)
    const token = randomToken(16)
    // written over whatever the client has sent under these names
    headers.set(TOKEN, token)
    headers.set(NONCE, passage.context.nonce)
    headers.delete(CSP)
    const policy = passage.headers.find(([name]) => name.toLowerCase() === CSP)?.[1]
    if (policy !== undefined) headers.set(CSP, policy)
    leave(token, guard, passage)
    // asked for here, so that what only reads our types needs no Next
    const { NextResponse } = await import('next/server.js')
    return withHeaders(NextResponse.next({ request: { headers } }), passage.headers)
  }

  return {
    proxy,
    withGuard:
      (handler) =>
      async (request, ...rest) => {
        const like = read(request)
        const before = take(request.headers.get(TOKEN))
        const entered = before ?? (await enterSafely(guard, like))
        if ('failed' in entered) return entered.failed
        const passage: Passage = entered
        // the proxy's headers are on the answer already
        const headers = before === undefined ? passage.headers : []
        guard.remember(request, passage.context)
        if (passage.refusal !== undefined) {
          finish(guard, passage, passage.refusal.status)
          return refusalResponse(passage.refusal, headers, request.method)
        }
        let status = 500
        try {
          let response: Response
          try {
            response = await handler(request, withRequest(passage.context, like), ...rest)
          } catch (error) {
            if (isForNext(error)) {
              status = 0
              throw error
            }
            response = errorResponse(guard, error, like, passage.context)
          }
          const refusal = await passage.hold?.({ status: response.status })
          status = refusal?.status ?? response.status
          if (refusal === undefined) return withHeaders(response, headers)
          letGo(response.body)
          return refusalResponse(refusal, [...headers, ...refusal.headers], request.method)
        } finally {
          finish(guard, passage, request.signal.aborted ? 499 : status)
        }
      },
    contextOf: (headers) => look(headers.get(TOKEN))?.context,
  }
}
