import { type Clock, ParapetError } from '@parapet/core'
import type { RequestLike, Session, Sessions } from '@parapet/guard'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { ROLE_PERMISSIONS, ROLES } from '../../http/permissions.js'
import type { Principal } from '../../http/principal.js'
import type { Operator } from '../operators/index.js'

/** Sessions of operators: the guard's, with who and what they are for. */
export type OperatorSessions = {
  /** Throws `PPT_DATABASE_UNAVAILABLE` when the session cannot be kept. */
  start: (operator: Operator, request: RequestLike, reply: FastifyReply) => Promise<void>
  /** who the cookie stands for; `anonymous` for none. Throws `PPT_DATABASE_UNAVAILABLE` when nobody can tell. */
  read: (request: RequestLike) => Promise<Principal>
  end: (request: RequestLike, reply: FastifyReply) => Promise<void>
  endAll: (operatorId: string) => Promise<void>
  /** whether a session still lives, without counting as its use */
  isLive: (operatorId: string, session: string) => Promise<boolean>
}

const dataSchema = z.object({ name: z.string(), role: z.enum(ROLES) })

const away = (reason: string): ParapetError => new ParapetError('PPT_DATABASE_UNAVAILABLE', undefined, { cause: reason })

/** Creates the sessions. `onEnded` hears which session is over, so that its live streams end too. */
export const createOperatorSessions = (deps: {
  sessions: Sessions
  clock: Clock
  idleMs: number
  onEnded: (session: string) => void
}): OperatorSessions => {
  const { sessions, clock, idleMs, onEnded } = deps
  const toPrincipal = (session: Session): Principal => {
    const data = dataSchema.safeParse(session.data)
    if (!data.success) return { kind: 'anonymous' }
    const { name, role } = data.data
    return {
      kind: 'operator',
      id: session.subject,
      name,
      role,
      permissions: ROLE_PERMISSIONS[role],
      session: session.id,
      // what a live stream may count on: the idle limit ends it, and the console comes back by itself
      expiresAt: Math.min(session.expiresAt, clock() + idleMs),
    }
  }
  return {
    start: async (operator, request, reply) => {
      const before = await sessions.read(request)
      const started = await sessions.start(operator.id, { name: operator.name, role: operator.role }, request)
      if (started.kind === 'degraded') throw away(started.reason)
      if (before.kind === 'active') onEnded(before.session.id)
      void reply.header('set-cookie', started.cookie)
    },
    read: async (request) => {
      const verdict = await sessions.read(request)
      if (verdict.kind === 'degraded') throw away(verdict.reason)
      if (verdict.kind === 'replayed') onEnded(verdict.session.id)
      return verdict.kind === 'active' ? toPrincipal(verdict.session) : { kind: 'anonymous' }
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
    },
    isLive: async (operatorId, session) => (await sessions.list(operatorId)).some(({ id }) => id === session),
  }
}
