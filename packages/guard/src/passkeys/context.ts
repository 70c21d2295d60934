import type { DistributiveOmit } from '../mfa/context.js'
import type { FactorRecord, PasskeyFactor } from '../mfa/factor-store.js'
import { changeRecord } from '../mfa/record.js'
import { type Challenges, createChallenges } from './challenges.js'
import type { PasskeysSettings } from './options.js'
import type { Passkey, PasskeysDegraded, PasskeysReport } from './types.js'

/** EdDSA, ES256 and RS256: what authenticators of today make. Source: IANA COSE algorithms. */
export const ALGORITHMS: readonly number[] = [-8, -7, -257]

/** Why something was refused, for the record only. */
export type RefusalReason = Extract<PasskeysReport, { kind: 'refused' }>['reason']

/** What the operations of this part share. */
export type PasskeysContext = {
  readonly settings: PasskeysSettings
  readonly challenges: Challenges
  readonly tell: (report: DistributiveOmit<PasskeysReport, 'at'>) => void
  /** changes a subject's record by compare-and-set; rejects as {@link outage} writes it down */
  readonly change: <T>(subject: string, by: (record: FactorRecord) => { readonly record: FactorRecord; readonly result: T }) => Promise<T>
}

/** A passkey without what only the check needs. */
export const toPasskey = ({ id, name, createdAt, usedAt, transports, backedUp }: PasskeyFactor): Passkey => ({
  id,
  name,
  createdAt,
  usedAt,
  transports,
  backedUp,
})

/** Trouble as a verdict. */
export const degraded = (reason: PasskeysDegraded['reason']): PasskeysDegraded => ({ kind: 'degraded', reason })

/** Trouble with one of the two stores, told apart. */
export const outage =
  (reason: 'store' | 'factors') =>
  (cause: unknown): never => {
    throw Object.assign(new Error(reason, { cause }), { reason })
  }
/** The store that failed, as {@link outage} has written it down. */
export const outageOf = (error: unknown): PasskeysDegraded =>
  degraded(error instanceof Error && 'reason' in error && error.reason === 'factors' ? 'factors' : 'store')

/** Builds what the operations share. */
export const createContext = (settings: PasskeysSettings): PasskeysContext => ({
  settings,
  challenges: createChallenges(settings),
  tell: (report) => {
    try {
      settings.report({ at: settings.clock(), ...report })
    } catch {
      // whoever listens must not decide who gets in
    }
  },
  change: (subject, by) => changeRecord(settings.factors, subject, settings.random, by).catch(outage('factors')),
})
