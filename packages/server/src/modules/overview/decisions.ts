import { type Decision, isActive } from '@parapet/core'

/** True while a decision really stops somebody at `now` (ms UTC): in time, not lifted, and not only observed. */
export const isInForce = (decision: Decision, now: number): boolean => decision.mode === 'enforce' && isActive(decision, now)

/** True for a decision that binds or will bind after `now` (ms UTC): what can still be taken back. */
export const endsLater = (decision: Decision, now: number): boolean => decision.lifted === undefined && now < decision.expiresAt

/** Distinct targets that are stopped at `now`. */
export const countBlocked = (decisions: readonly Decision[], now: number): { addresses: number; others: number } => {
  const addresses = new Set<string>()
  const others = new Set<string>()
  for (const decision of decisions) {
    if (!isInForce(decision, now)) continue
    const { kind, value } = decision.target
    if (kind === 'ip' || kind === 'cidr') addresses.add(value)
    else others.add(`${kind}:${value}`)
  }
  return { addresses: addresses.size, others: others.size }
}
