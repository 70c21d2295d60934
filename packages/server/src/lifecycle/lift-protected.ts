import type { Author, Decision } from '@parapet/core'
import type { ProtectedTargets } from '@parapet/respond'
import type { DecisionStore } from '../modules/decisions/index.js'

/** Who takes back what became protected. */
export const PROTECTOR: Author = { kind: 'policy', id: 'protected-targets', name: 'Protected targets' }

const PART = 1_000

/**
 * Takes back every decision in force on a target that is protected by now: a line in the allow-list also ends the bans that were
 * made before it. Answers the decisions as they are then. `now` in ms UTC.
 */
export const liftProtected = async (
  decisions: Pick<DecisionStore, 'activeInParts' | 'lift'>,
  protectedTargets: ProtectedTargets,
  now: number,
): Promise<readonly Decision[]> => {
  const byReason = new Map<string, string[]>()
  for await (const part of decisions.activeInParts(now, PART)) {
    for (const { id, target } of part) {
      const reason = protectedTargets.reasonFor(target)
      if (reason === undefined) continue
      const ids = byReason.get(reason)
      if (ids === undefined) byReason.set(reason, [id])
      else ids.push(id)
    }
  }
  const lifted: Decision[] = []
  for (const [reason, ids] of byReason) lifted.push(...(await decisions.lift(ids, PROTECTOR, `protected: ${reason}`, now)))
  return lifted
}
