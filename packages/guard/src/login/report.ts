import type { ClientAddress } from '../client-address/client-address.js'
import type { GuardRequest } from '../request/guard-request.js'

/** A kind of credential; all of them go through the one shield. */
export type LoginMethod = 'password' | 'code' | 'recovery_code' | 'passkey' | 'reset_token' | 'api_key'

/** What a lock stands on; `decision`: the control plane said so. */
export type LockScope = 'subject' | 'device' | 'address' | 'decision'

/** One attempt, for events and records. `subject` is what was typed: hostile, and often a mistyped password. */
export type LoginReport = {
  /** ms UTC */
  readonly at: number
  readonly outcome: 'ok' | 'failed' | 'locked' | 'limited' | 'challenge' | 'reset_required' | 'degraded'
  /** `bad_password`, `bad_code`, ..., `unknown_user`, `locked`, `decision`, `suspended`, `reset_required`, `spraying`, `stuffing`, `busy`, `too_long`, `store`, `verify` */
  readonly reason: string | undefined
  readonly method: LoginMethod
  readonly subject: string
  readonly device: 'known' | 'unknown'
  readonly client: ClientAddress
  readonly request: GuardRequest
  /** the lock that this attempt met or set */
  readonly lock: LockScope | undefined
}
