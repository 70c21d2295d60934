import {
  type Decision,
  type HeldLockdown,
  judgeLockdown,
  LOCKDOWN_MODES,
  type LockdownFacts,
  type LockdownVerdict,
  readLockdown,
} from '@parapet/core'

/** Lockdowns among the decisions that this guard holds; each is read once. */
export type Lockdowns = {
  /** the strictest in force, and one that is only watched; undefined, at no cost, where there is none among them */
  readonly among: (
    decisions: readonly Decision[],
  ) => { readonly held: HeldLockdown | undefined; readonly watched: HeldLockdown | undefined } | undefined
  readonly judge: (held: HeldLockdown, facts: LockdownFacts) => LockdownVerdict
}

/** Modes that ask nothing of the session: what they refuse is refused before the store is asked. */
export const asksSession = ({ mode }: Pick<HeldLockdown, 'mode'>): boolean => mode === 'known_users'

const stricter = (a: HeldLockdown | undefined, b: HeldLockdown): HeldLockdown =>
  a === undefined || LOCKDOWN_MODES.indexOf(b.mode) > LOCKDOWN_MODES.indexOf(a.mode) ? b : a

/** Builds the look-up. Decisions given are in force already. */
export const createLockdowns = (watched: (decision: Decision) => boolean): Lockdowns => {
  const read = new WeakMap<Decision, HeldLockdown>()
  return {
    among: (decisions) => {
      let [held, seen]: [HeldLockdown | undefined, HeldLockdown | undefined] = [undefined, undefined]
      for (const decision of decisions) {
        if (decision.action !== 'lockdown') continue
        const lockdown = read.get(decision) ?? readLockdown(decision)
        if (lockdown === undefined) continue
        read.set(decision, lockdown)
        if (watched(decision)) seen = stricter(seen, lockdown)
        else held = stricter(held, lockdown)
      }
      return held === undefined && seen === undefined ? undefined : { held, watched: seen }
    },
    judge: judgeLockdown,
  }
}
