import type { Clock, RandomSource, Store } from '@parapet/core'
import type { PublicKeyCredentialCreationOptionsJSON, PublicKeyCredentialRequestOptionsJSON } from '@simplewebauthn/server'
import type { Login } from '../login/login.js'
import type { FactorStore } from '../mfa/factor-store.js'
import type { RequestLike } from '../request/guard-request.js'

/** A passkey as lists show it. Times in ms UTC. */
export type Passkey = {
  /** the credential id, base64url */
  readonly id: string
  readonly name: string
  readonly createdAt: number
  readonly usedAt: number | undefined
  readonly transports: readonly string[]
  readonly backedUp: boolean
}

export type PasskeysDegraded = { readonly kind: 'degraded'; readonly reason: 'store' | 'factors' | 'shield' | 'busy' }

/** `options` go to `navigator.credentials.create`; answer within the time of the challenge. */
export type RegistrationStart =
  | { readonly kind: 'begun'; readonly options: PublicKeyCredentialCreationOptionsJSON; readonly expiresAt: number }
  | { readonly kind: 'refused'; readonly reason: 'flagged' | 'too_many' }
  | PasskeysDegraded
export type RegistrationEnd =
  | { readonly kind: 'registered'; readonly passkey: Passkey }
  | { readonly kind: 'failed' }
  | { readonly kind: 'refused'; readonly reason: 'flagged' | 'too_many' }
  | PasskeysDegraded

/** `options` go to `navigator.credentials.get`; `cookie` (Set-Cookie) binds the challenge to this browser, unless a `session` was given. */
export type AuthenticationStart =
  | {
      readonly kind: 'begun'
      readonly options: PublicKeyCredentialRequestOptionsJSON
      readonly cookie: string | undefined
      readonly expiresAt: number
    }
  | PasskeysDegraded

/** What became of an assertion. Answer `failed` and `locked` alike; `retryAfter` (whole seconds) is for the record. */
export type AuthenticationEnd =
  | { readonly kind: 'ok'; readonly subject: string; readonly passkey: Passkey; readonly at: number; readonly cookies: readonly string[] }
  | { readonly kind: 'failed' }
  | { readonly kind: 'locked'; readonly retryAfter: number }
  /** the assertion was right, and a decision wants a new password first: lead this subject to a reset by mail */
  | { readonly kind: 'reset_required'; readonly subject: string; readonly passkey: Passkey; readonly at: number }
  | PasskeysDegraded

/**
 * What happened, for events and notices; `reason` never reaches the client. `subject` is `passkey:` and the handle that came in, where
 * nobody has it. Times in ms UTC.
 */
export type PasskeysReport = { readonly at: number; readonly subject: string } & (
  | { readonly kind: 'registered' | 'removed' | 'renamed' | 'verified'; readonly passkey: Passkey }
  | {
      readonly kind: 'refused'
      readonly during: 'registration' | 'authentication'
      readonly reason: 'flagged' | 'challenge' | 'binding' | 'unknown' | 'invalid' | 'clone' | 'locked' | 'held' | 'too_many' | 'degraded'
      /** what the check said, for the log */
      readonly cause?: unknown
    }
  /** the signature counter did not grow: a second copy of the private key is in use */
  | { readonly kind: 'clone_suspected'; readonly passkey: Passkey; readonly stored: number; readonly got: number }
)

/** What `createPasskeys` takes. Times in ms. */
export type PasskeysOptions = {
  /** the application's name, shown by the browser */
  readonly rpName: string
  /** where browsers reach the application, such as `https://app.example`; `http` on localhost only, never an IP address */
  readonly origins: readonly string[]
  /** a domain that all origins share; the host when there is one */
  readonly rpId?: string
  /** challenges; shared by all processes */
  readonly store: Store
  /** where factors are kept for good */
  readonly factors: FactorStore
  /** the login shield: assertions then count for subject, address and device */
  readonly login?: Pick<Login, 'attempt'>
  /** false keeps a flagged session from registering; asked at the beginning and at the end */
  readonly mayEnrol?: (subject: string, request: RequestLike) => boolean | Promise<boolean>
  /** how long a challenge waits; 5 min */
  readonly challengeMs?: number
  /** passkeys of one subject; 20 */
  readonly maxPerSubject?: number
  /** what a counter that does not grow leads to; `refuse` */
  readonly onClone?: 'refuse' | 'report'
  readonly cookie?: { readonly name?: string; readonly secure?: boolean }
  readonly clock?: Clock
  readonly random?: RandomSource
  readonly report?: (report: PasskeysReport) => void
}

/** Passkeys of subjects. Nothing here throws for trouble with a store: it is `degraded`. */
export type Passkeys = {
  /** `session`: the id of the session that registers; the same must come back. Ask for a fresh sign-in first. */
  readonly beginRegistration: (
    subject: string,
    about: { readonly request: RequestLike; readonly session: string; readonly userName: string; readonly displayName?: string },
  ) => Promise<RegistrationStart>
  readonly finishRegistration: (
    subject: string,
    about: { readonly request: RequestLike; readonly session: string; readonly response: unknown; readonly name?: string },
  ) => Promise<RegistrationEnd>
  /** Without `subject` any passkey of this site will do (sign-in without a name); with it only those of the subject, which is for people known already. */
  readonly beginAuthentication: (about?: { readonly subject?: string; readonly session?: string }) => Promise<AuthenticationStart>
  readonly finishAuthentication: (about: {
    readonly request: RequestLike
    readonly response: unknown
    readonly subject?: string
    readonly session?: string
  }) => Promise<AuthenticationEnd>
  readonly list: (subject: string) => Promise<{ readonly kind: 'listed'; readonly passkeys: readonly Passkey[] } | PasskeysDegraded>
  readonly rename: (subject: string, id: string, name: string) => Promise<{ readonly kind: 'renamed' | 'not_found' } | PasskeysDegraded>
  readonly remove: (subject: string, id: string) => Promise<{ readonly kind: 'removed' | 'not_found' } | PasskeysDegraded>
}
