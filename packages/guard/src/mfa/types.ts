import type { Clock, Keyring, RandomSource, Store } from '@parapet/core'
import type { Login } from '../login/login.js'
import type { LoginMethod } from '../login/report.js'
import type { RequestLike } from '../request/guard-request.js'
import type { Session } from '../session/record.js'
import type { Sessions } from '../session/sessions.js'
import type { FactorStore } from './factor-store.js'
import type { TotpAlgorithm, TotpDigits } from './totp.js'

/** A kind of second factor. */
export type FactorKind = 'totp' | 'recovery_code' | 'passkey'

/** The factor that was used, for the session and the record. `left`: recovery codes that remain. */
export type UsedFactor =
  | { readonly kind: 'totp' | 'passkey'; readonly id: string; readonly name: string }
  | { readonly kind: 'recovery_code'; readonly left: number }

/** A factor as lists show it; holds no secret. Times in ms UTC. */
export type FactorSummary = {
  readonly kind: 'totp' | 'passkey'
  readonly id: string
  readonly name: string
  readonly createdAt: number
  readonly usedAt: number | undefined
}

/** The store, or what it needs, did not answer: nobody passes, nothing was enrolled. */
export type MfaDegraded = { readonly kind: 'degraded'; readonly reason: 'store' | 'factors' | 'keyring' | 'shield' | 'busy' }

/** What proves a second factor: one of the three. `assertion` is the JSON of `navigator.credentials.get`. */
export type MfaProof = { readonly code: string } | { readonly recoveryCode: string } | { readonly assertion: unknown }

/** What became of a proof. Answer `failed` and `locked` alike; `retryAfter` (whole seconds) is for the record. */
export type MfaVerdict =
  | {
      readonly kind: 'ok'
      readonly subject: string
      readonly factor: UsedFactor
      /** ms UTC, for the session's `authenticatedAt` */
      readonly at: number
      /** Set-Cookie values for the answer */
      readonly cookies: readonly string[]
    }
  | { readonly kind: 'failed' }
  | { readonly kind: 'locked'; readonly retryAfter: number }
  /** the proof was right, and a decision wants a new password first: lead this subject to a reset by mail */
  | { readonly kind: 'reset_required'; readonly subject: string }
  | MfaDegraded

/** What a sign-in needs after its first factor. `cookie` is a Set-Cookie value that carries `token`. */
export type FirstFactorVerdict =
  | { readonly kind: 'none_required' }
  | {
      readonly kind: 'required'
      readonly token: string
      readonly cookie: string
      /** ms UTC */
      readonly expiresAt: number
      readonly factors: readonly FactorKind[]
    }
  | MfaDegraded

/** The part of `createPasskeys` that checks an assertion, matched by structure so that `/mfa` works without the library for passkeys. */
export type AssertionCheck = {
  readonly finishAuthentication: (about: {
    readonly request: RequestLike
    readonly response: unknown
    readonly subject: string
  }) => Promise<
    | {
        readonly kind: 'ok'
        readonly subject: string
        readonly passkey: { readonly id: string; readonly name: string }
        readonly at: number
        readonly cookies: readonly string[]
      }
    | {
        readonly kind: 'reset_required'
        readonly subject: string
        readonly passkey: { readonly id: string; readonly name: string }
        readonly at: number
      }
    | Exclude<MfaVerdict, { readonly kind: 'ok' | 'reset_required' }>
  >
}

/** What became of the second step. `expired`: begin again with the first factor; the token is spent, too old, or of another browser. */
export type CompletionVerdict =
  | (MfaVerdict & { readonly kind: 'ok'; readonly method: LoginMethod })
  | Exclude<MfaVerdict, { readonly kind: 'ok' }>
  | { readonly kind: 'expired' }

/** What a subject has to show. */
export type RequiredVerdict =
  | { readonly kind: 'none_required' }
  | { readonly kind: 'required'; readonly factors: readonly FactorKind[] }
  | MfaDegraded

/** What an authenticator app needs, shown once: it cannot be read again. */
export type EnrolmentBegun = {
  readonly kind: 'begun'
  /** names this enrolment to `confirm` */
  readonly enrolment: string
  /** base32, for typing */
  readonly secret: string
  readonly uri: string
  /** the QR code as an SVG document and as a PNG */
  readonly svg: string
  readonly png: Uint8Array
  /** ms UTC */
  readonly expiresAt: number
}
/** `flagged`: `mayEnrol` said no; `too_many`: remove another app first. */
export type EnrolmentStart = EnrolmentBegun | { readonly kind: 'refused'; readonly reason: 'flagged' | 'too_many' } | MfaDegraded

/** `recoveryCodes` come with the first factor only, and are shown once. `driftSeconds`: how far the device's clock is off, where the code shows it. */
export type EnrolmentEnd =
  | { readonly kind: 'enrolled'; readonly factor: FactorSummary; readonly recoveryCodes: readonly string[] | undefined }
  | { readonly kind: 'failed'; readonly driftSeconds?: number }
  | { readonly kind: 'expired' }
  | { readonly kind: 'refused'; readonly reason: 'flagged' | 'too_many' }
  | MfaDegraded

export type Removal = { readonly kind: 'removed' | 'not_found' } | MfaDegraded
export type RecoveryIssue =
  | { readonly kind: 'issued'; readonly recoveryCodes: readonly string[] }
  | { readonly kind: 'no_factor' }
  | MfaDegraded

/** What happened, for events and notices. `reason` of a refusal never reaches the client. Times in ms UTC. */
export type MfaReport = { readonly at: number; readonly subject: string } & (
  | { readonly kind: 'verified'; readonly factor: UsedFactor }
  /** `held`: the proof was right, and a decision keeps this subject out */
  | {
      readonly kind: 'refused'
      readonly factor: FactorKind
      readonly reason: 'wrong' | 'reused' | 'malformed' | 'no_factor' | 'locked' | 'held' | 'pending_reused' | 'degraded'
      /** the code would have been right this many seconds from now (negative: ago): the device's clock is off */
      readonly driftSeconds?: number
    }
  | { readonly kind: 'enrolled'; readonly factor: FactorSummary }
  | { readonly kind: 'enrolment_refused'; readonly reason: 'flagged' | 'wrong' | 'too_many' }
  | { readonly kind: 'removed'; readonly factor: FactorSummary }
  | { readonly kind: 'recovery_issued'; readonly count: number }
  | { readonly kind: 'reset' }
)

/** What `createMfa` takes. Times in ms. */
export type MfaOptions = {
  /** shown by the app: the name of the application */
  readonly issuer: string
  /** one-time marks and the attempt budget; shared by all processes */
  readonly store: Store
  /** where factors are kept for good */
  readonly factors: FactorStore
  readonly keyring: Keyring
  /** the login shield: codes then count for address and device too, and a success makes the device known */
  readonly login?: Pick<Login, 'attempt'>
  readonly sessions?: Pick<Sessions, 'read' | 'rotate'>
  /** checks assertions: what `createPasskeys` makes, on the same `factors` */
  readonly passkeys?: AssertionCheck
  /** false keeps a flagged session from enrolling; asked at the beginning and at the end */
  readonly mayEnrol?: (subject: string, request: RequestLike) => boolean | Promise<boolean>
  /**
   * When the subject's password was last changed, ms UTC; `undefined` for never. A sign-in that waits for its second factor since before is
   * over: its first factor is none any more. A rejection keeps it waiting
   */
  readonly credentialsSince?: (subject: string) => Promise<number | undefined>
  /** 6 (default) or 8 */
  readonly digits?: TotpDigits
  /** what authenticator apps understand everywhere is SHA1, the default */
  readonly algorithm?: TotpAlgorithm
  /** steps of 30 s accepted on either side of now: 0 or 1 (default; a code then lives 90 s) */
  readonly skew?: 0 | 1
  /** wrong codes of all kinds in 15 min that lock a subject's codes; 5 */
  readonly attempts?: number
  /** how long a begun enrolment waits for its code; 10 min */
  readonly enrolmentMs?: number
  /** how long a sign-in waits for its second factor; 5 min */
  readonly pendingMs?: number
  readonly cookie?: { readonly name?: string; readonly secure?: boolean }
  readonly clock?: Clock
  readonly random?: RandomSource
  readonly report?: (report: MfaReport) => void
}

/** Second factors of subjects. Nothing here throws for trouble with a store: it is `degraded`. */
export type Mfa = {
  /** Makes a secret and shows it, once. Ask for a fresh sign-in first (`needsStepUp`). */
  readonly begin: (
    subject: string,
    about: { readonly request: RequestLike; readonly account: string; readonly name?: string },
  ) => Promise<EnrolmentStart>
  /** Enrols what was begun, once a code of it is right; that code is spent. */
  readonly confirm: (
    subject: string,
    about: { readonly request: RequestLike; readonly enrolment: string; readonly code: string },
  ) => Promise<EnrolmentEnd>
  /** whether this subject must show a second factor, and which it has */
  readonly required: (subject: string) => Promise<RequiredVerdict>
  readonly list: (subject: string) => Promise<{ readonly kind: 'listed'; readonly factors: readonly FactorSummary[] } | MfaDegraded>
  readonly verify: (subject: string, proof: MfaProof, request: RequestLike) => Promise<MfaVerdict>
  /**
   * To be called on every sign-in path between a right first factor and `sessions.start`: only `none_required` signs in. While it is
   * `required`, keep the cookies of the first step back: they would make an attacker's browser a known device.
   */
  readonly afterFirstFactor: (
    subject: string,
    request: RequestLike,
    about?: { readonly method?: LoginMethod },
  ) => Promise<FirstFactorVerdict>
  /** the sign-in that waits for its second factor, for the page that asks for it */
  readonly pending: (
    request: RequestLike,
    token?: string,
  ) =>
    | { readonly kind: 'pending'; readonly subject: string; readonly method: LoginMethod; readonly expiresAt: number }
    | { readonly kind: 'none' }
  /** The second step: `ok` signs in. `token` when it does not come in its cookie. */
  readonly complete: (request: RequestLike, proof: MfaProof, token?: string) => Promise<CompletionVerdict>
  /** whether a session's last proof is older than `maxAgeMs`, or the session is at risk, so that the act at hand asks for a new one */
  readonly needsStepUp: (session: Pick<Session, 'authenticatedAt' | 'flag'>, maxAgeMs: number) => boolean
  /** A proof within a session: on success the session gets a new id, and remembers the factor and when. Needs `sessions`. */
  readonly stepUp: (
    request: RequestLike,
    proof: MfaProof,
  ) => Promise<MfaVerdict | { readonly kind: 'none' } | { readonly kind: 'replayed' }>
  /** Removes an app by its id; with the last factor the recovery codes go too. Passkeys are removed by their own part. */
  readonly remove: (subject: string, id: string) => Promise<Removal>
  /** ten new recovery codes, shown once; the old ones end */
  readonly regenerateRecoveryCodes: (subject: string) => Promise<RecoveryIssue>
  readonly recoveryCodesLeft: (subject: string) => Promise<{ readonly kind: 'counted'; readonly left: number } | MfaDegraded>
  /** Removes all factors of a subject, for an operator or a verified recovery; the password stays. */
  readonly reset: (subject: string) => Promise<Removal>
}
