import { ParapetError } from '@parapet/core'
import type { Services } from '../../app/services.js'
import { transaction } from '../../db/pools.js'
import type { Role } from '../../http/permissions.js'
import { asksForFactor } from '../../modules/sessions/index.js'

/**
 * Removes a factor, but for the last one of an operator whom the rules ask for one. Two removals at once would each see the other's factor:
 * one of them is refused. Throws `PPT_CONFLICT`.
 */
export const removeUnlessLast = async (
  services: Pick<Services, 'config' | 'factors' | 'database'>,
  operator: { readonly id: string; readonly role: Role },
  remove: () => Promise<void>,
): Promise<void> => {
  if (!asksForFactor(services.config, operator.role)) return remove()
  return transaction(services.database.pool, async (client) => {
    const { rows } = await client.query<{ held: boolean }>('select pg_try_advisory_xact_lock(7002, hashtext($1)) as held', [operator.id])
    if (rows[0]?.held !== true) throw new ParapetError('PPT_CONFLICT', 'another factor is being removed at this moment; try again')
    const { totp, passkeys } = await services.factors.held(operator.id)
    if (passkeys.length + (totp === null ? 0 : 1) <= 1)
      throw new ParapetError('PPT_CONFLICT', 'a second factor is required here; set up another one first')
    await remove()
  })
}
