import { LOOPBACK, MINUTE, ParapetError } from '@parapet/core'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Services } from '../app/services.js'
import { looksLikeToken } from '../modules/tokens/index.js'
import { assertRouteMeta, type RouteMeta } from './define-route.js'
import { actorOf, may, type Principal, principalKey } from './principal.js'

const ANONYMOUS: Principal = { kind: 'anonymous' }
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

const limited = (retryAfterSeconds: number): ParapetError => Object.assign(new ParapetError('PPT_RATE_LIMITED'), { retryAfterSeconds })

const bearerOf = (request: FastifyRequest): string | undefined => {
  const header = request.headers.authorization
  if (header === undefined) return undefined
  const token = /^Bearer ([\w-]{1,128})$/i.exec(header)?.[1]
  if (token === undefined) throw new ParapetError('PPT_TOKEN_INVALID')
  return token
}

const byToken = async (services: Services, presented: string): Promise<Principal> => {
  if (services.isLocalToken(presented)) return { kind: 'local' }
  const token = await services.tokens.find(presented)
  if (token === undefined) throw new ParapetError('PPT_TOKEN_INVALID')
  return {
    kind: 'token',
    id: token.id,
    name: token.name,
    scopes: new Set(token.scopes),
    ...(token.source === null ? {} : { source: token.source }),
    ...(token.expiresAt === null ? {} : { expiresAt: token.expiresAt }),
  }
}

/** A loopback peer alone proves nothing: behind a proxy on this machine everybody has one. */
const isOnThisMachine = (request: FastifyRequest): boolean => {
  const forwarded =
    request.headers['x-forwarded-for'] !== undefined ||
    request.headers.forwarded !== undefined ||
    request.headers['x-real-ip'] !== undefined
  return !forwarded && request.clientAddress !== undefined && LOOPBACK.has(request.clientAddress)
}

const assertPermission = (request: FastifyRequest, meta: RouteMeta): void => {
  const { principal } = request
  if (meta.permission === 'public') return
  if (meta.permission === 'local' && isOnThisMachine(request)) return
  if (principal.kind === 'anonymous') throw new ParapetError('PPT_UNAUTHENTICATED')
  if (meta.permission === 'local' || meta.permission === 'signed-in') return
  if (meta.permission === 'operator') {
    if (principal.kind !== 'operator') throw new ParapetError('PPT_FORBIDDEN', 'only for a signed-in operator')
    return
  }
  if (!may(principal, meta.permission)) throw new ParapetError('PPT_FORBIDDEN', `needs ${meta.permission}`)
}

/** A sign-in or a step-up is good for dangerous acts for so long; ms. Source: ASVS 5.0 7.5.1, 7.5.3. */
export const STEP_UP_MS = 10 * MINUTE

/** What an operator may do right now, beyond what his role allows: nothing before he has the factor that is asked for, nothing dangerous on an old sign-in. */
const assertSecured = async (request: FastifyRequest, services: Services, meta: RouteMeta): Promise<void> => {
  const { principal } = request
  if (principal.kind === 'token' && meta.stepUp?.tokens === 'refuse') throw new ParapetError('PPT_FORBIDDEN', 'a token cannot do this')
  if (principal.kind !== 'operator' || meta.permission === 'public') return
  if (principal.mustEnrol && meta.beforeEnrolment !== true) throw new ParapetError('PPT_FACTOR_REQUIRED')
  if (meta.stepUp === undefined || services.clock() - principal.authenticatedAt < STEP_UP_MS) return
  const methods = await services.factors.stepUpMethods(principal.id)
  throw Object.assign(new ParapetError('PPT_STEP_UP'), { extensions: { methods, maxAgeSeconds: STEP_UP_MS / 1_000 } })
}

const recordRefusal = async (request: FastifyRequest, services: Services, meta: RouteMeta, reason: string): Promise<void> => {
  // strangers are counted and logged, not recorded: they could write the record full
  if (meta.audit === 'none' || request.principal.kind === 'anonymous') return
  if (services.limiter.check('refusal', [principalKey(request.principal)]).kind === 'limited') return
  await services.recordAct({
    at: services.clock(),
    actor: actorOf(request.principal),
    action: meta.audit.action,
    resource: { type: meta.audit.resource },
    outcome: 'refused',
    reason,
    ...(request.clientAddress === undefined ? {} : { address: request.clientAddress }),
  })
}

/** Where an operator works is protected, but not where a session goes on that looks like somebody else's. */
const notePresence = ({ principal, clientAddress }: FastifyRequest, { presence }: Pick<Services, 'presence'>): void => {
  if (principal.kind !== 'operator' || clientAddress === undefined) return
  if (principal.authenticatedAt === 0) presence.forget(principal.id)
  else presence.note(principal.id, clientAddress)
}

/**
 * Stands before every route, in this order: client address, a limit for all comers, who it is, cross-site requests, permission, the
 * route's own limit. All of it before a byte of the body is read.
 */
export const registerGate = (app: FastifyInstance, services: Services): void => {
  const { limiter } = services
  const check = (policy: string, key: string): void => {
    const verdict = limiter.check(policy, [key])
    if (verdict.kind === 'limited') throw limited(verdict.retryAfter)
  }
  const authenticate = async (request: FastifyRequest, reply: FastifyReply, addressKey: string): Promise<Principal> => {
    const presented = bearerOf(request)
    const known = presented !== undefined && (services.isLocalToken(presented) || services.tokens.isCached(presented))
    if (!known) check('door', addressKey)
    if (presented !== undefined) {
      if (!services.isLocalToken(presented) && !looksLikeToken(presented)) throw new ParapetError('PPT_TOKEN_INVALID')
      return byToken(services, presented)
    }
    if (request.headers.cookie === undefined) return ANONYMOUS
    return services.sessions.read(request.raw, reply)
  }

  app.addHook('onRoute', (route) => {
    assertRouteMeta(`${String(route.method)} ${route.url}`, route.config?.parapet, route.method)
  })
  app.addHook('onRequest', async (request, reply) => {
    const client = services.clientAddress(request.raw)
    request.clientAddress = client.kind === 'known' ? client.address : undefined
    request.principal = ANONYMOUS
    request.auditNotes = {}
    const meta = request.routeOptions.config.parapet
    void reply.headers(Object.fromEntries(services.headers.api.apply()))
    const addressKey = client.kind === 'known' ? client.key : 'unknown'
    if (meta === undefined) {
      check('door', addressKey)
      return
    }
    if (meta.ownCredential === true) {
      check(meta.rateLimit, addressKey)
      // it names the body of the request that is asked about; whatever it says must not be an error of ours
      delete request.raw.headers['content-type']
      return
    }
    request.principal = await authenticate(request, reply, addressKey)
    notePresence(request, services)
    try {
      // without a token the browser may have added a cookie by itself, or be made to sign in as somebody else
      if (!SAFE.has(request.method) && request.headers.authorization === undefined) {
        const reason = services.isCrossSite(request.raw)
        if (reason !== undefined) throw new ParapetError('PPT_CSRF', reason)
      }
      assertPermission(request, meta)
      await assertSecured(request, services, meta)
    } catch (error) {
      const code = error instanceof ParapetError ? error.code : 'unknown'
      // the question is no refusal: the act itself comes next, or it does not
      if (code !== 'PPT_STEP_UP') await recordRefusal(request, services, meta, code)
      throw error
    }
    check(meta.rateLimit, request.principal.kind === 'anonymous' ? addressKey : principalKey(request.principal))
  })
}
