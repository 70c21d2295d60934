import { type Author, type Decision, isActive } from '@parapet/core'
import type { ProtectedTargets } from '@parapet/respond'
import type { DecisionStore } from '../modules/decisions/index.js'

/** Who takes back what became protected. */
export const PROTECTOR: Author = { kind: 'policy', id: 'protected-targets', name: 'Protected targets' }

const PART = 1_000

/** False for what is on everybody: a lockdown lets in by its own list, the others refuse no address. */
const mayLift = ({ target, action }: Decision): boolean =>
  target.kind !== 'all' || (action !== 'lockdown' && action !== 'require_reset' && action !== 'end_sessions')

/** The same for one address that has just become protected: an operator works from there now. */
export const liftFor = async (
  decisions: Pick<DecisionStore, 'forTarget' | 'lift'>,
  protectedTargets: ProtectedTargets,
  address: string,
  now: number,
): Promise<readonly Decision[]> => {
  const held = (await decisions.forTarget(address)).filter((decision) => isActive(decision, now) && mayLift(decision))
  const found = held.flatMap((decision) => {
    const reason = protectedTargets.reasonFor(decision.target)
    return reason === undefined ? [] : [{ id: decision.id, reason }]
  })
  const [first] = found
  if (first === undefined) return []
  return decisions.lift(
    found.map(({ id }) => id),
    PROTECTOR,
    `protected: ${first.reason}`,
    now,
  )
}

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
    for (const decision of part) {
      if (!mayLift(decision)) continue
      const { id, target } = decision
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
