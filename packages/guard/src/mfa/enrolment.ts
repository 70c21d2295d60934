import { randomToken } from '@parapet/core'
import { toBase32 } from './base32.js'
import { degraded, type MfaContext, SECRET_PURPOSE, secretContext } from './context.js'
import { drawQr } from './qr.js'
import { saysYes } from './options.js'
import { secretOf } from './proof.js'
import { changeRecord, factorName } from './record.js'
import { makeRecoveryCodes } from './recovery-codes.js'
import { matchTotp, otpauthUri, readCode, secretBytes, totpDrift, type TotpMatch, type TotpShape } from './totp.js'
import type { EnrolmentEnd, EnrolmentStart, FactorSummary, Mfa } from './types.js'
import type { TotpFactor } from './factor-store.js'

/** Apps of one subject: each makes a guess a little likelier. */
const MOST_APPS = 5
/** Wrong codes after which an enrolment has to begin again. */
const MOST_TRIES = 5

/** An enrolment that waits for its code; in the store, since it ends by itself. */
type Begun = {
  readonly id: string
  readonly name: string
  readonly sealed: string
  readonly shape: TotpShape
  readonly tries: number
  readonly expiresAt: number
}

const readBegun = (value: string): Begun | undefined => (value === '' ? undefined : (JSON.parse(value) as Begun))

/** Enrolling an authenticator app: shown once, confirmed by a code, which is spent by it. Sources: ASVS 6.3.7, 6.5.1. */
export const createEnrolment = (context: MfaContext): Pick<Mfa, 'begin' | 'confirm'> => {
  const { settings, keyOf, tell } = context
  const { store, factors, keyring, clock, random } = settings
  const pendingKey = (subject: string): string => `mfa:enrol:${keyOf(subject)}`

  const refused = (subject: string, reason: 'flagged' | 'too_many'): Extract<EnrolmentStart & EnrolmentEnd, { kind: 'refused' }> => {
    tell({ kind: 'enrolment_refused', subject, reason })
    return { kind: 'refused', reason }
  }

  const begin: Mfa['begin'] = async (subject, { request, account, name }) => {
    if (!(await saysYes(settings.mayEnrol, subject, request))) return refused(subject, 'flagged')
    try {
      const held = await factors.read(subject)
      if ((held?.record.totp.length ?? 0) >= MOST_APPS) return refused(subject, 'too_many')
    } catch {
      return degraded('factors')
    }
    const secret = random(secretBytes(settings.shape.algorithm))
    const id = randomToken(16, random)
    const expiresAt = clock() + settings.enrolmentMs
    const begun: Begun = {
      id,
      name: factorName(name, 'Authenticator app'),
      sealed: keyring.seal(SECRET_PURPOSE, toBase32(secret), secretContext(subject, id)),
      shape: settings.shape,
      tries: 0,
      expiresAt,
    }
    try {
      await store.write(pendingKey(subject), JSON.stringify(begun), { ttlMs: settings.enrolmentMs })
    } catch {
      return degraded('store')
    }
    const uri = otpauthUri(secret, settings.shape, settings.issuer, account.slice(0, 128))
    return { kind: 'begun', enrolment: id, secret: toBase32(secret), uri, ...drawQr(uri), expiresAt }
  }

  /** Puts the confirmed app into the record, and makes recovery codes where there are none. */
  const enrol = async (subject: string, begun: Begun, step: number): Promise<EnrolmentEnd> => {
    const now = clock()
    const factor: TotpFactor = {
      id: begun.id,
      name: begun.name,
      sealed: begun.sealed,
      algorithm: begun.shape.algorithm,
      digits: begun.shape.digits,
      // the code that confirmed is spent: whoever looked over the shoulder cannot sign in with it
      lastStep: step,
      createdAt: now,
      usedAt: now,
    }
    const made = makeRecoveryCodes(keyring, subject, random)
    const outcome = await changeRecord(factors, subject, random, (record) => {
      if (record.totp.length >= MOST_APPS) return { record, result: 'too_many' as const }
      const withApp = { ...record, totp: [...record.totp, factor] }
      if (record.recovery !== undefined) return { record: withApp, result: 'kept' as const }
      return { record: { ...withApp, recovery: { hashes: made.hashes, createdAt: now } }, result: 'issued' as const }
    })
    if (outcome === 'too_many') return refused(subject, 'too_many')
    const summary: FactorSummary = { kind: 'totp', id: factor.id, name: factor.name, createdAt: now, usedAt: now }
    tell({ kind: 'enrolled', subject, factor: summary })
    if (outcome === 'issued') tell({ kind: 'recovery_issued', subject, count: made.shown.length })
    return { kind: 'enrolled', factor: summary, recoveryCodes: outcome === 'issued' ? made.shown : undefined }
  }

  const confirm: Mfa['confirm'] = async (subject, { request, enrolment, code }) => {
    if (!(await saysYes(settings.mayEnrol, subject, request))) return refused(subject, 'flagged')
    const key = pendingKey(subject)
    let begun: Begun | undefined
    let match: TotpMatch = { kind: 'wrong' }
    let driftSeconds: number | undefined
    try {
      const stored = await store.read(key)
      begun = stored === undefined ? undefined : readBegun(stored.value)
      const now = clock()
      if (stored === undefined || begun === undefined || begun.id !== enrolment || begun.tries >= MOST_TRIES || now >= begun.expiresAt)
        return { kind: 'expired' }
      const { shape } = begun
      const typed = readCode(code, shape.digits)
      if (typed !== undefined) {
        const secret = secretOf(keyring.open(SECRET_PURPOSE, begun.sealed, secretContext(subject, begun.id)))
        match = matchTotp({ secret, code: typed, lastStep: -1, shape, skew: settings.skew }, now)
        if (match.kind === 'wrong') driftSeconds = totpDrift(secret, typed, shape, now)
      }
      const left = { ttlMs: Math.max(1, begun.expiresAt - now), ifVersion: stored.version }
      // one of several at once gets further: the others find the enrolment changed
      const value = match.kind === 'match' ? '' : JSON.stringify({ ...begun, tries: begun.tries + 1 })
      if (!(await store.write(key, value, left))) return match.kind === 'match' ? { kind: 'expired' } : { kind: 'failed' }
    } catch {
      return degraded('store')
    }
    if (match.kind !== 'match') {
      tell({ kind: 'enrolment_refused', subject, reason: 'wrong' })
      return { kind: 'failed', ...(driftSeconds === undefined ? {} : { driftSeconds }) }
    }
    try {
      return await enrol(subject, begun, match.step)
    } catch {
      return degraded('factors')
    }
  }

  return { begin, confirm }
}
