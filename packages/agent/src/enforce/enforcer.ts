import type { Clock, DecisionAction, DecisionSet, EnforcerKind, EnforcerNote, EnforcerReport } from '@parapet/core'
import type { AllowList } from '@parapet/respond/enforcers'
import type { Helper } from '../helper/connect.js'
import type { AgentLog } from '../program/agent-log.js'

/** What every enforcer of this host is given. */
export type EnforcerDeps = {
  /** decisions on addresses and on everybody, kept over restarts; read only */
  readonly decisions: Pick<DecisionSet, 'all' | 'revision'>
  /** who is never denied here, as it is now; another object when it has changed */
  readonly allowed: () => AllowList
  /** until when the owner of the host has freed it by hand (ms UTC), 0 when he has not: nothing may be held meanwhile */
  readonly releasedUntil: () => number
  readonly helper: Helper
  readonly clock: Clock
  readonly log: AgentLog
  /** posts all reports now, after a repair */
  readonly reportNow: () => void
}

/**
 * One enforcer of this host. `tick` is called after a change of decisions, of the allow list or of the release, and every second; never twice at
 * once; it never rejects. It brings what is held to what is wanted, or, observing, finds out what it would do.
 */
export type HostEnforcer = {
  readonly kind: EnforcerKind
  tick: (changed: boolean) => Promise<void>
  report: () => EnforcerReport
  /** lets go of timers and programs; what is held stays in force */
  stop: () => Promise<void>
}

/** What needs somebody signed in, or an answer that only an application can give. */
export const CANNOT: readonly DecisionAction[] = ['throttle', 'challenge', 'require_mfa', 'require_reset', 'suspend', 'end_sessions']

/** So many refused decisions are named in a report. */
export const MOST_REFUSED = 50
const MOST_REPAIRS = 20

/** What an enforcer put right, the newest first; each is logged as well. */
export const repairLog = (
  kind: EnforcerKind,
  { clock, log }: Pick<EnforcerDeps, 'clock' | 'log'>,
): { add: (what: string) => void; newest: () => readonly EnforcerNote[] } => {
  let repairs: readonly EnforcerNote[] = []
  return {
    add: (what) => {
      repairs = [{ at: clock(), what }, ...repairs].slice(0, MOST_REPAIRS)
      log('warn', `${kind}: ${what}`)
    },
    newest: () => repairs,
  }
}
