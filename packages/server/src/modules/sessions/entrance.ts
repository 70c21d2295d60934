import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../../config/index.js'
import type { Factors } from '../factors/index.js'
import type { NewNotice } from '../notices/index.js'
import type { Operator, Operators, Presence } from '../operators/index.js'
import { deviceName } from './device-name.js'
import type { OperatorSessions } from './operator-sessions.js'

/** The last step of every way in: the session begins, and what has to be noted is noted. */
export type Entrance = (
  operator: Operator,
  request: FastifyRequest,
  reply: FastifyReply,
  about: { readonly newDevice: boolean },
) => Promise<void>

/** True when the rules of this installation ask an operator of this role for a second factor. */
export const asksForFactor = (config: Pick<Config, 'sessions'>, role: Operator['role']): boolean =>
  config.sessions.requireMfa === 'all' || (config.sessions.requireMfa === 'admins' && role === 'admin')

/** Creates the entrance. */
export const createEntrance = (deps: {
  config: Pick<Config, 'sessions'>
  sessions: OperatorSessions
  operators: Pick<Operators, 'noteSignIn'>
  presence: Pick<Presence, 'note'>
  factors: Pick<Factors, 'required'>
  tell: (operatorId: string, notice: NewNotice) => void
}): Entrance => {
  const { config, sessions, operators, presence, factors, tell } = deps
  return async (operator, request, reply, { newDevice }) => {
    const mustEnrol = asksForFactor(config, operator.role) && !(await factors.required(operator.id))
    await sessions.start(operator, request.raw, reply, { mustEnrol })
    await operators.noteSignIn(operator.id, request.clientAddress)
    if (request.clientAddress !== undefined) presence.note(operator.id, request.clientAddress)
    // the first device of all is no news
    if (newDevice && operator.lastSignInAt !== null)
      tell(operator.id, { kind: 'new_device', address: request.clientAddress, device: deviceName(request.headers['user-agent']) })
  }
}
