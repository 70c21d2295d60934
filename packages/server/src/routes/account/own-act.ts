import { type NoticeKind, ParapetError } from '@parapet/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Services } from '../../app/services.js'
import type { Principal } from '../../http/principal.js'
import { deviceName } from '../../modules/sessions/index.js'

type Operator = Extract<Principal, { kind: 'operator' }>

/** Leaves a notice about something that an operator did to his own account, with the place it came from. */
export const tellSelf = (
  services: Pick<Services, 'tell'>,
  operator: Operator,
  request: FastifyRequest,
  kind: NoticeKind,
  detail?: string,
): void =>
  services.tell(operator.id, {
    kind,
    address: request.clientAddress,
    device: deviceName(request.headers['user-agent']),
    ...(detail === undefined ? {} : { detail }),
  })

/**
 * Takes back what was put in force while somebody else reset the account or changed its role: the request began before, and nothing that it
 * leaves may outlive that. Throws `PPT_UNAUTHENTICATED`.
 */
export const assertUnchanged = async (
  services: Pick<Services, 'operators'>,
  operator: Operator,
  undo: () => Promise<void>,
): Promise<void> => {
  if ((await services.operators.generationOf(operator.id)) === operator.generation) return
  await undo()
  throw new ParapetError('PPT_UNAUTHENTICATED')
}

/**
 * After a change of what signs in: every other session ends, and this one gets a new id, so that whoever was in before is out.
 * Source: ASVS 5.0 7.4.3. Answers how many ended.
 */
export const endOthersAndRenew = async (
  services: Pick<Services, 'sessions'>,
  operator: Operator,
  request: FastifyRequest,
  reply: FastifyReply,
  change: { readonly enrolled?: boolean; readonly generation?: number } = {},
): Promise<number> => {
  const ended = await services.sessions.endOthers(operator.id, operator.session)
  await services.sessions.renew(request.raw, reply, change)
  return ended
}
