import { type Clock, ParapetError } from '@parapet/core'
import type { RequestLike, Session, Sessions } from '@parapet/guard'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { ROLE_PERMISSIONS, ROLES } from '../../http/permissions.js'
import type { Principal } from '../../http/principal.js'
import type { Operator } from '../operators/index.js'

/** Sessions of operators: the guard's, with who and what they are for. Every method that reads or ends may throw `PPT_DATABASE_UNAVAILABLE`. */
export type OperatorSessions = {
  /** `mustEnrol`: nothing but the enrolment of a factor opens. Throws `PPT_DATABASE_UNAVAILABLE` when the session cannot be kept. */
  start: (operator: Operator, request: RequestLike, reply: FastifyReply, options: { mustEnrol: boolean }) => Promise<void>
  /** who the cookie stands for; `anonymous` for none. Throws `PPT_DATABASE_UNAVAILABLE` when nobody can tell. */
  read: (request: RequestLike, reply: FastifyReply) => Promise<Principal>
  /** a new id for the same session: the operator has just proved who he is, or has the factor that was asked for */
  renew: (
    request: RequestLike,
    reply: FastifyReply,
    change: { authenticated?: boolean; enrolled?: boolean; generation?: number },
  ) => Promise<void>
  end: (request: RequestLike, reply: FastifyReply) => Promise<void>
  endAll: (operatorId: string) => Promise<number>
  /** all but one; answers how many */
  endOthers: (operatorId: string, kept: string) => Promise<number>
  /** false when there is no such session of this operator */
  revoke: (operatorId: string, session: string) => Promise<boolean>
  /** last used first */
  list: (operatorId: string) => Promise<readonly Session[]>
  /** whether a session still lives, without counting as its use */
  isLive: (operatorId: string, session: string) => Promise<boolean>
}

const dataSchema = z.object({
  name: z.string(),
  role: z.enum(ROLES),
  mustEnrol: z.boolean().default(false),
  generation: z.int().default(0),
})

const away = (reason: string): ParapetError => new ParapetError('PPT_DATABASE_UNAVAILABLE', undefined, { cause: reason })

/** Creates the sessions. `onEnded` hears which session is over, so that its live streams end too. */
export const createOperatorSessions = (deps: {
  sessions: Sessions
  clock: Clock
  idleMs: number
  onEnded: (session: string) => void
  /** of the operator as he is now: a session that began under another one has ended */
  generationOf: (operatorId: string) => Promise<number | undefined>
}): OperatorSessions => {
  const { sessions, clock, idleMs, onEnded } = deps
  const toPrincipal = (session: Session): Principal => {
    const data = dataSchema.safeParse(session.data)
    if (!data.success) return { kind: 'anonymous' }
    const { name, role, mustEnrol, generation } = data.data
    return {
      kind: 'operator',
      id: session.subject,
      name,
      role,
      permissions: ROLE_PERMISSIONS[role],
      session: session.id,
      // what a live stream may count on: the idle limit ends it, and the console comes back by itself
      expiresAt: Math.min(session.expiresAt, clock() + idleMs),
      // one that was seen at risk has proved nothing until it does so again
      authenticatedAt: session.flag === undefined ? session.authenticatedAt : 0,
      mustEnrol,
      generation,
    }
  }
  return {
    start: async (operator, request, reply, { mustEnrol }) => {
      const before = await sessions.read(request)
      const data = { name: operator.name, role: operator.role, generation: operator.generation, ...(mustEnrol ? { mustEnrol } : {}) }
      const started = await sessions.start(operator.id, data, request)
      if (started.kind === 'degraded') throw away(started.reason)
      if (before.kind === 'active') onEnded(before.session.id)
      void reply.header('set-cookie', started.cookie)
    },
    read: async (request, reply) => {
      const verdict = await sessions.read(request)
      if (verdict.kind === 'degraded') throw away(verdict.reason)
      if (verdict.kind === 'replayed' || verdict.kind === 'revoked') onEnded(verdict.session.id)
      if (verdict.kind !== 'active') return { kind: 'anonymous' }
      // seen at risk, it goes on under a new id
      if (verdict.cookie !== undefined) void reply.header('set-cookie', verdict.cookie)
      const principal = toPrincipal(verdict.session)
      // begun while the operator was removed, reset or given another role: `endAll` may have come before it
      if (principal.kind !== 'operator' || principal.generation === (await deps.generationOf(principal.id))) return principal
      await sessions.revoke(principal.id, principal.session)
      onEnded(principal.session)
      return { kind: 'anonymous' }
    },
    renew: async (request, reply, { authenticated = false, enrolled = false, generation }) => {
      const before = await sessions.read(request)
      if (before.kind === 'degraded') throw away(before.reason)
      const changed = { ...(enrolled ? { mustEnrol: false } : {}), ...(generation === undefined ? {} : { generation }) }
      const data = before.kind === 'active' && Object.keys(changed).length > 0 ? { ...before.session.data, ...changed } : undefined
      const rotated = await sessions.rotate(request, { authenticated, ...(data === undefined ? {} : { data }) })
      if (rotated.kind === 'degraded') throw away(rotated.reason)
      if (rotated.kind === 'none' || rotated.kind === 'replayed') throw new ParapetError('PPT_UNAUTHENTICATED')
      if (rotated.kind === 'started') void reply.header('set-cookie', rotated.cookie)
    },
    end: async (request, reply) => {
      const before = await sessions.read(request)
      const ended = await sessions.end(request)
      for (const [name, value] of ended.headers) void reply.header(name, value)
      if (ended.kind === 'degraded') throw away('the session could not be removed')
      if (before.kind === 'active') onEnded(before.session.id)
    },
    endAll: async (operatorId) => {
      const open = await sessions.list(operatorId)
      await sessions.endAll(operatorId)
      for (const { id } of open) onEnded(id)
      return open.length
    },
    endOthers: async (operatorId, kept) => {
      const others = (await sessions.list(operatorId)).filter(({ id }) => id !== kept)
      await sessions.endOthers(operatorId, kept)
      for (const { id } of others) onEnded(id)
      return others.length
    },
    revoke: async (operatorId, session) => {
      const ended = await sessions.revoke(operatorId, session)
      if (ended) onEnded(session)
      return ended
    },
    list: (operatorId) => sessions.list(operatorId),
    isLive: async (operatorId, session) => (await sessions.list(operatorId)).some(({ id }) => id === session),
  }
}
