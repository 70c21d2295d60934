import { isParapetError, ParapetError } from '@parapet/core'
import type { MfaSettings } from './options.js'
import { isSubject } from './record.js'
import type { FactorKind, FactorSummary, MfaDegraded, MfaProof, MfaReport } from './types.js'
import type { FactorRecord } from './factor-store.js'

/** What the operations of this part share. */
export type MfaContext = {
  readonly settings: MfaSettings
  /** the name of a subject in keys of the store: a keyed hash */
  readonly keyOf: (subject: string) => string
  readonly tell: (report: DistributiveOmit<MfaReport, 'at'>) => void
}

/** `Omit` on every member of a union. */
export type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

/** What seals and names things here. */
export const SECRET_PURPOSE = 'guard.totp-secret'
const SUBJECT_PURPOSE = 'guard.mfa-subject'

/** What binds a secret to its row. The length keeps the two apart whatever they hold. */
export const secretContext = (subject: string, id: string): string => `${subject.length}:${subject}:${id}`

/** Builds what the operations share. */
export const createContext = (settings: MfaSettings): MfaContext => ({
  settings,
  keyOf: (subject) => settings.keyring.sign(SUBJECT_PURPOSE, subject),
  tell: (report) => {
    try {
      settings.report({ at: settings.clock(), ...report })
    } catch {
      // whoever listens must not decide who gets in
    }
  },
})

/** Refuses what cannot be a subject: a mistake of the caller, not of the user. Throws `PPT_INVALID`. */
export const assertSubject = (subject: unknown): void => {
  if (!isSubject(subject)) throw new ParapetError('PPT_INVALID', 'subject: takes 1 to 512 characters')
}

/** Why a rejected promise is no verdict: a sealed secret that does not open is told apart from a store that is down. */
type Trouble = { readonly reason: MfaDegraded['reason'] }

/** For `.catch`: passes the error on with the part that failed. */
export const fail =
  (reason: MfaDegraded['reason']) =>
  (cause: unknown): never => {
    const trouble: Trouble = { reason: isParapetError(cause) && cause.code === 'PPT_SEALED_INVALID' ? 'keyring' : reason }
    throw Object.assign(new Error(trouble.reason, { cause }), trouble)
  }

/** The part that failed, as {@link fail} has written it down. */
export const troubleOf = (error: unknown): MfaDegraded =>
  degraded(error instanceof Error && 'reason' in error ? (error.reason as MfaDegraded['reason']) : 'shield')

/** Trouble as a verdict. */
export const degraded = (reason: MfaDegraded['reason']): MfaDegraded => ({ kind: 'degraded', reason })

/** The factors of a record as lists show them, oldest first. */
export const summarise = (record: FactorRecord): readonly FactorSummary[] =>
  [
    ...record.totp.map(({ id, name, createdAt, usedAt }) => ({ kind: 'totp' as const, id, name, createdAt, usedAt })),
    ...record.passkeys.map(({ id, name, createdAt, usedAt }) => ({ kind: 'passkey' as const, id, name, createdAt, usedAt })),
  ].toSorted((a, b) => a.createdAt - b.createdAt)

/** A proof as it came in: what is none counts as a code that is wrong. */
export const readProof = (proof: unknown): MfaProof => (typeof proof === 'object' && proof !== null ? (proof as MfaProof) : { code: '' })

/** The kind of factor that a proof is about. */
export const kindOfProof = (proof: MfaProof): FactorKind =>
  'assertion' in proof ? 'passkey' : 'recoveryCode' in proof ? 'recovery_code' : 'totp'
