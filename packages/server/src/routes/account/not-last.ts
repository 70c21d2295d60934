import { ParapetError } from '@parapet/core'
import type { Services } from '../../app/services.js'
import type { Role } from '../../http/permissions.js'
import { asksForFactor } from '../../modules/sessions/index.js'

/** Keeps the last factor of an operator whom the rules ask for one. Throws `PPT_CONFLICT`. */
export const assertNotLast = async (
  services: Pick<Services, 'config' | 'factors'>,
  operator: { readonly id: string; readonly role: Role },
): Promise<void> => {
  if (!asksForFactor(services.config, operator.role)) return
  const { totp, passkeys } = await services.factors.held(operator.id)
  if (passkeys.length + (totp === null ? 0 : 1) <= 1)
    throw new ParapetError('PPT_CONFLICT', 'a second factor is required here; set up another one first')
}
