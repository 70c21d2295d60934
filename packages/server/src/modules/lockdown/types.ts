import type { Author, Decision, Lockdown, LockdownMode, LockdownPreflight, LockdownView, PersonRef } from '@parapet/core'
import type { PoolClient } from 'pg'

/** What somebody asks for: the mode and how long each confirmation holds, ms. */
export type LockdownWish = { readonly mode: LockdownMode; readonly durationMs: number }

/** Who asks, and from where: he must be let in himself. */
export type LockdownCaller = { readonly by: Author; readonly address: string | undefined }

/** Lockdowns: one at a time, each with an end of its own. */
export type Lockdowns = {
  readonly view: () => Promise<LockdownView>
  readonly preflight: (wish: LockdownWish, address: string | undefined) => Promise<LockdownPreflight>
  /** Begins one, which ends by itself within two minutes unless it is confirmed. Errors: `PPT_CONFLICT` when there is one, or it would shut out who starts it. */
  readonly start: (
    wish: LockdownWish & { readonly reason: string; readonly incidentId?: string | undefined },
    caller: LockdownCaller,
  ) => Promise<Lockdown>
  /** It holds for its duration from now. Errors: `PPT_NOT_FOUND` when there is none. */
  readonly confirm: (caller: LockdownCaller) => Promise<Lockdown>
  /** Ends it at once everywhere. Errors: `PPT_NOT_FOUND`. */
  readonly end: (caller: LockdownCaller, reason: string) => Promise<Lockdown>
  /** Records those that ended by themselves, and lets in who has come to work here since; answers how many decisions it changed. */
  readonly sweep: () => Promise<number>
}

/** The lockdown that a policy begins, within the transaction that writes its alert. */
export type LockdownStarter = {
  /** At most 15 minutes, whatever was asked, and once for an alert. Undefined: there is or was one already, or it cannot be known who must get in. */
  readonly startIn: (
    client: PoolClient,
    wish: LockdownWish & {
      readonly reason: string
      readonly policy: PersonRef
      readonly incidentId: string | null
      readonly alertId: string
      readonly at: number
    },
  ) => Promise<Decision | undefined>
}
