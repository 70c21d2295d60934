import { ParapetError } from '@parapet/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Services } from '../../../app/services.js'
import { defineRoute } from '../../../http/define-route.js'
import { PROBLEM_TYPE } from '../../../http/problems.js'
import { PROXIES } from '../../../modules/authorize/index.js'
import type { ProxyAnswer } from '../../../modules/authorize/answer.js'

const send = (reply: FastifyReply, { status, headers, problem }: ProxyAnswer): FastifyReply => {
  void reply.code(status).headers(headers).header('cache-control', 'no-store')
  if (problem === undefined) return reply.send('')
  return reply
    .type(PROBLEM_TYPE)
    .serializer((body: unknown) => JSON.stringify(body))
    .send(problem)
}

/** `Parapet-Token` wins: with it, `Authorization` is the client's own, for the application. */
const presentedBy = (request: FastifyRequest): string => {
  const own = request.headers['parapet-token']
  if (typeof own === 'string') return own
  return /^Bearer ([\w-]{1,128})$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
}

/** Guesses cost what any guess at a door costs; a token that is known is never counted. */
const look = async (services: Services, request: FastifyRequest, presented: string) => {
  const verdict = services.limiter.check('door', [request.clientAddress ?? 'unknown'])
  if (verdict.kind === 'limited') throw Object.assign(new ParapetError('PPT_RATE_LIMITED'), { retryAfterSeconds: verdict.retryAfter })
  return services.authorize.credentials.look(presented)
}

/** What proxies ask for each request of an application: from memory, without the database. */
export const authorize = defineRoute({
  id: 'authorize',
  method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
  url: '/v1/authorize',
  tag: 'decisions',
  summary: 'May this request pass?',
  description:
    'For `auth_request` of nginx, ForwardAuth of Traefik and forward_auth of Caddy. The proxy shows the token of a source in `Parapet-Token` (or as Bearer) and says in `proxy` which one it is. 200 lets the request pass. nginx gets 401 or 403 and reads the true status from `Parapet-Status`; the others get the answer for the client: 403, 429 with Retry-After and RateLimit, 401 or a redirect, 503 in a lockdown.',
  permission: 'public',
  ownCredential: true,
  rateLimit: 'authorize',
  audit: { action: 'request.authorized', resource: 'request', when: 'refused' },
  query: z.object({ proxy: z.enum(PROXIES).default('nginx') }),
  answer: { status: 200, description: 'The request may pass; there is no body' },
  handler: async ({ query, request, reply, services }) => {
    const presented = presentedBy(request)
    const credential = services.authorize.credentials.held(presented) ?? (await look(services, request, presented))
    if (credential.kind === 'unknown') throw new ParapetError('PPT_TOKEN_INVALID')
    if (credential.kind === 'not_allowed') throw new ParapetError('PPT_FORBIDDEN', 'show the token of a source: it may read decisions')
    if (!services.authorize.isReady()) throw new ParapetError('PPT_DATABASE_UNAVAILABLE', 'decisions are being read')
    const answer = services.authorize.ask(credential.source, query.proxy, (name) => {
      // own properties only: a name such as `constructor` must not find the prototype's
      const value = Object.hasOwn(request.headers, name) ? request.headers[name] : undefined
      return typeof value === 'string' || value === undefined ? value : value.join(', ')
    })
    if (answer === 'unclear')
      throw new ParapetError(
        'PPT_REQUEST',
        'the proxy does not say the method and the URI that are asked for; see the guide on forward-auth',
      )
    send(reply, answer)
  },
})
