import type { FastifyRequest } from 'fastify'
import type { Services } from '../../app/services.js'
import { deviceName } from '../../modules/sessions/index.js'

/** Tells an operator that one of his recovery codes was used, and how many are left. */
export const noteRecoveryCode = (
  services: Pick<Services, 'tell'>,
  request: FastifyRequest,
  proven: { readonly operatorId: string; readonly left?: number },
): void => {
  if (proven.left === undefined) return
  services.tell(proven.operatorId, {
    kind: 'recovery_code_used',
    address: request.clientAddress,
    device: deviceName(request.headers['user-agent']),
    detail: `${proven.left} left`,
  })
}
