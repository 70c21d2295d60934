import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { z } from 'zod'
import type { Services } from '../app/services.js'
import { type RoutePermission } from './permissions.js'
import { actorOf, type Principal } from './principal.js'
import { toPublicError } from './problems.js'
import type { RateLimitClass } from './rate-limits.js'

/** What is written to the record about a route: always, only when refused (hot paths), or nothing (reads). */
export type RouteAudit = { readonly action: string; readonly resource: string; readonly when?: 'always' | 'refused' } | 'none'

/**
 * A dangerous act: an operator's session must have proved who it is within ten minutes. Tokens cannot do that; they are refused unless
 * the route exempts them, and then their scope alone decides.
 */
export type RouteStepUp = { readonly tokens: 'exempt' | 'refuse' }

/** What every route declares about itself; carried in the framework's route config, where the gate and the tests read it. */
export type RouteMeta = {
  readonly permission: RoutePermission
  readonly rateLimit: RateLimitClass
  readonly audit: RouteAudit
  /** hands the handler the bytes of the body */
  readonly rawBody?: boolean
  readonly stepUp?: RouteStepUp
  /** open also to an operator who has to enrol a factor first */
  readonly beforeEnrolment?: boolean
  /**
   * The handler looks at a credential of its own; cookies, tokens and origins are those of somebody whom a proxy asks about, and say nothing
   * about who asks.
   */
  readonly ownCredential?: boolean
}

/** What a handler adds to the audit entry of its act. */
export type AuditNotes = {
  id?: string
  reason?: string
  actor?: { kind: 'operator'; id: string; name: string }
  detail?: Record<string, string | number | boolean>
}

declare module 'fastify' {
  interface FastifyContextConfig {
    parapet?: RouteMeta
  }
  interface FastifyRequest {
    principal: Principal
    /** canonical client address; `undefined` when the topology does not give one */
    clientAddress: string | undefined
    auditNotes: AuditNotes
  }
}

/** What a handler gets. */
export type RouteInput<Params, Query, Body> = {
  readonly params: Params
  readonly query: Query
  readonly body: Body
  readonly principal: Principal
  readonly services: Services
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly audit: AuditNotes
}

/** What a handler may return: stores give read-only things. */
type Immutable<T> = T extends readonly (infer Item)[]
  ? readonly Immutable<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Immutable<T[Key]> }
    : T

type Infer<T extends z.ZodType | undefined> = T extends z.ZodType ? z.output<T> : undefined

/** One route: its words for the reference, its rules, its schemas, its handler. */
export type RouteDefinition<
  Params extends z.ZodType | undefined,
  Query extends z.ZodType | undefined,
  Body extends z.ZodType | undefined,
  Answer extends z.ZodType | undefined,
> = RouteMeta & {
  /** operation id, unique: `listAlerts` */
  readonly id: string
  readonly method: HTTPMethods | HTTPMethods[]
  /** HEAD is answered as GET, without the body: for what is asked by load balancers and other programs */
  readonly head?: boolean
  readonly url: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly params?: Params
  readonly query?: Query
  readonly body?: Body
  /** the answer when all went well; without a schema the handler sends by itself */
  readonly answer: { readonly status: number; readonly description: string; readonly schema?: Answer; readonly mediaType?: string }
  /** bytes */
  readonly bodyLimit?: number
  readonly handler: (input: RouteInput<Infer<Params>, Infer<Query>, Infer<Body>>) => Promise<Immutable<Infer<Answer>> | undefined | void>
}

/** A route as the list of routes holds it. */
export type Route = RouteMeta & {
  readonly id: string
  readonly method: HTTPMethods | HTTPMethods[]
  readonly url: string
  readonly register: (app: FastifyInstance, services: Services) => void
}

/** Throws when the declaration of a route is incomplete: at start, never at the first request. */
export const assertRouteMeta = (name: string, meta: Partial<RouteMeta> | undefined, method: string | readonly string[]): RouteMeta => {
  const lacks = (['permission', 'rateLimit', 'audit'] as const).filter((key) => meta?.[key] === undefined)
  if (meta === undefined || lacks.length > 0) throw new Error(`route ${name} does not declare ${lacks.join(', ')}`)
  const reads = [method].flat().every((one) => one === 'GET' || one === 'HEAD')
  if (!reads && meta.audit === 'none') throw new Error(`route ${name} changes something and is not audited`)
  return meta as RouteMeta
}

const recordAct = async (
  request: FastifyRequest,
  services: Services,
  meta: RouteMeta,
  outcome: 'success' | 'failure',
  error?: unknown,
): Promise<void> => {
  if (meta.audit === 'none' || meta.audit.when === 'refused') return
  const { id, reason, actor, detail } = request.auditNotes
  const code = error === undefined ? undefined : toPublicError(error).code
  await services.recordAct({
    at: services.clock(),
    actor: actor ?? actorOf(request.principal),
    action: meta.audit.action,
    resource: { type: meta.audit.resource, ...(id === undefined ? {} : { id }) },
    outcome,
    ...(request.clientAddress === undefined ? {} : { address: request.clientAddress }),
    ...(code === undefined && reason === undefined ? {} : { reason: code ?? reason ?? '' }),
    ...(detail === undefined ? {} : { detail }),
  })
}

/** Declares a route. Types of params, query, body and answer come from the schemas. */
export const defineRoute = <
  Params extends z.ZodType | undefined = undefined,
  Query extends z.ZodType | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
  Answer extends z.ZodType | undefined = undefined,
>(
  definition: RouteDefinition<Params, Query, Body, Answer>,
): Route => {
  const { id, method, url, permission, rateLimit, audit, rawBody, stepUp, beforeEnrolment, ownCredential, answer } = definition
  const declared = {
    permission,
    rateLimit,
    audit,
    ...(rawBody === undefined ? {} : { rawBody }),
    ...(stepUp === undefined ? {} : { stepUp }),
    ...(beforeEnrolment === undefined ? {} : { beforeEnrolment }),
    ...(ownCredential === undefined ? {} : { ownCredential }),
  }
  const meta = assertRouteMeta(id, declared, method)
  return {
    id,
    method,
    url,
    ...meta,
    register: (app, services) => {
      app.withTypeProvider<ZodTypeProvider>().route({
        method,
        url,
        config: { parapet: meta },
        exposeHeadRoute: definition.head === true,
        ...(definition.bodyLimit === undefined ? {} : { bodyLimit: definition.bodyLimit }),
        // raw bodies are judged by the handler; the schema is there for the reference
        ...(rawBody === true ? { validatorCompiler: () => (value: unknown) => ({ value }) } : {}),
        schema: {
          operationId: id,
          tags: [definition.tag],
          summary: definition.summary,
          ...(definition.description === undefined ? {} : { description: definition.description }),
          ...(permission === 'public' || permission === 'local' ? { security: [] } : {}),
          ...(definition.params === undefined ? {} : { params: definition.params }),
          ...(definition.query === undefined ? {} : { querystring: definition.query }),
          ...(definition.body === undefined ? {} : { body: definition.body }),
          ...(answer.schema === undefined ? {} : { response: { [answer.status]: answer.schema } }),
        },
        handler: async (request: FastifyRequest, reply: FastifyReply) => {
          const input = {
            params: request.params,
            query: request.query,
            body: request.body,
            principal: request.principal,
            services,
            request,
            reply,
            audit: request.auditNotes,
          } as RouteInput<Infer<Params>, Infer<Query>, Infer<Body>>
          let result: unknown
          try {
            result = await definition.handler(input)
          } catch (error) {
            await recordAct(request, services, meta, 'failure', error)
            throw error
          }
          await recordAct(request, services, meta, 'success')
          if (reply.sent || reply.raw.headersSent) return reply
          return reply.code(answer.status).send(result)
        },
      })
    },
  }
}
