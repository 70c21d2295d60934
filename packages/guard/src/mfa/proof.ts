import type { Keyring } from '@parapet/core'
import { fromBase32, toBase32 } from './base32.js'
import type { AttemptBudget } from './budget.js'
import { degraded, fail, kindOfProof, type MfaContext, readProof, SECRET_PURPOSE, secretContext, troubleOf } from './context.js'
import type { FactorRecord, TotpFactor } from './factor-store.js'
import { changeRecord } from './record.js'
import { findRecoveryCode, readRecoveryCode } from './recovery-codes.js'
import { matchTotp, readCode, totpDrift } from './totp.js'
import type { Mfa, MfaProof, MfaReport, MfaVerdict, UsedFactor } from './types.js'

type Typed = { readonly code: string } | { readonly recoveryCode: string }
type Request = Parameters<Mfa['verify']>[2]
type RefusalReason = Extract<MfaReport, { kind: 'refused' }>['reason']
/** What one check came to; `none` is for the record only, the answer is the same. */
type Checked =
  | { readonly kind: 'right'; readonly factor: UsedFactor }
  | { readonly kind: 'none'; readonly reason: RefusalReason; readonly driftSeconds?: number }
type Change = { readonly record: FactorRecord; readonly result: Checked }

/** The bytes of a secret that was sealed as base32. */
export const secretOf = (opened: string): Uint8Array => {
  const secret = fromBase32(opened)
  if (secret === undefined) throw new Error('a sealed secret is no base32')
  return secret
}

const none = (record: FactorRecord, reason: RefusalReason, driftSeconds?: number): Change => ({
  record,
  result: { kind: 'none', reason, ...(driftSeconds === undefined ? {} : { driftSeconds }) },
})

/** Tries a code on each app of a record; a match moves the app's step on, which is what is written or lost to somebody faster. */
const tryCode = (
  record: FactorRecord,
  input: { readonly typed: string; readonly subject: string; readonly keyring: Keyring; readonly skew: 0 | 1 },
  now: number,
): Change => {
  const { subject, keyring, skew } = input
  let reason: RefusalReason = record.totp.length === 0 ? 'no_factor' : 'malformed'
  let driftSeconds: number | undefined
  for (const app of record.totp) {
    const code = readCode(input.typed, app.digits)
    if (code === undefined) continue
    const context = secretContext(subject, app.id)
    const secret = secretOf(keyring.open(SECRET_PURPOSE, app.sealed, context))
    const match = matchTotp({ secret, code, lastStep: app.lastStep, shape: app, skew }, now)
    if (match.kind === 'match') {
      // sealed anew with each use, so that keys which were rotated out fall out of use
      const sealed = keyring.seal(SECRET_PURPOSE, toBase32(secret), context)
      const used: TotpFactor = { ...app, sealed, lastStep: match.step, usedAt: now }
      const totp = record.totp.map((other) => (other === app ? used : other))
      return { record: { ...record, totp }, result: { kind: 'right', factor: { kind: 'totp', id: app.id, name: app.name } } }
    }
    if (match.kind === 'spent') reason = 'reused'
    else if (reason === 'malformed') reason = 'wrong'
    driftSeconds ??= match.kind === 'wrong' ? totpDrift(secret, code, app, now) : undefined
  }
  return none(record, reason, driftSeconds)
}

const tryRecoveryCode = (record: FactorRecord, typed: string, subject: string, keyring: Keyring): Change => {
  if (record.recovery === undefined) return none(record, 'no_factor')
  const code = readRecoveryCode(typed)
  if (code === undefined) return none(record, 'malformed')
  const at = findRecoveryCode(keyring, subject, code, record.recovery.hashes)
  if (at < 0) return none(record, 'wrong')
  const hashes = record.recovery.hashes.toSpliced(at, 1)
  return {
    record: { ...record, recovery: { ...record.recovery, hashes } },
    result: { kind: 'right', factor: { kind: 'recovery_code', left: hashes.length } },
  }
}

/** Checks proofs; `resetting`: the first factor was the token of a reset. */
type Proof = { readonly verify: (subject: string, proof: MfaProof, request: Request, resetting?: boolean) => Promise<MfaVerdict> }

/** Checks a second factor within one budget and, where there is one, within the login shield. */
export const createProof = (context: MfaContext, budget: AttemptBudget): Proof => {
  const { settings, keyOf, tell } = context
  const { factors, keyring, clock, random, skew } = settings

  const refused = (subject: string, factor: 'totp' | 'recovery_code', found: Extract<Checked, { kind: 'none' }>): void => {
    const { reason, driftSeconds } = found
    tell({ kind: 'refused', subject, factor, reason, ...(driftSeconds === undefined ? {} : { driftSeconds }) })
  }

  /** Counts, compares and spends. Rejects with the reason of what did not answer. */
  const check = async (subject: string, proof: Typed): Promise<Checked> => {
    const key = keyOf(subject)
    const reserved = await budget.reserve(key, clock()).catch(fail('store'))
    if (reserved.kind === 'locked') return { kind: 'none', reason: 'locked' }
    const now = clock()
    const checked = await changeRecord(factors, subject, random, (record) =>
      'recoveryCode' in proof
        ? tryRecoveryCode(record, proof.recoveryCode, subject, keyring)
        : tryCode(record, { typed: proof.code, subject, keyring, skew }, now),
    ).catch(fail('factors'))
    // the code is spent: that the count could not be cleared must not keep its owner out
    if (checked.kind === 'right') await budget.clear(key).catch(() => {})
    return checked
  }

  const judge = async (subject: string, proof: Typed, request: Request, resetting: boolean): Promise<MfaVerdict> => {
    const [factor, method] = 'recoveryCode' in proof ? (['recovery_code', 'recovery_code'] as const) : (['totp', 'code'] as const)
    const locked = (retryAfterMs: number): MfaVerdict => {
      tell({ kind: 'refused', subject, factor, reason: 'locked' })
      return { kind: 'locked', retryAfter: Math.max(1, Math.ceil(retryAfterMs / 1_000)) }
    }
    const standing = await budget.standing(keyOf(subject), clock()).catch(fail('store'))
    if (standing.kind === 'locked') return locked(standing.until - clock())

    let checked: Checked | undefined
    let cookies: readonly string[] = []
    let held: 'suspended' | 'reset' | undefined
    if (settings.login === undefined) checked = await check(subject, proof)
    else {
      let trouble: unknown
      const verdict = await settings.login.attempt({ subject, method, request, challengePassed: true }, async () => {
        try {
          checked = await check(subject, proof)
        } catch (error) {
          trouble = error
          throw error
        }
        return checked.kind === 'right'
      })
      if (verdict.kind === 'locked') return locked(verdict.retryAfter * 1_000)
      if (verdict.kind === 'limited') return degraded('busy')
      if (verdict.kind === 'degraded') throw trouble ?? verdict.cause
      if (verdict.kind === 'ok') ({ cookies } = verdict)
      // right, and yet not let in: that is up to the shield, which knows of decisions
      else held = verdict.kind === 'reset_required' ? 'reset' : 'suspended'
    }
    if (checked?.kind !== 'right') {
      if (checked !== undefined) refused(subject, factor, checked)
      return { kind: 'failed' }
    }
    if (held === 'suspended' || (held === 'reset' && !resetting)) {
      tell({ kind: 'refused', subject, factor, reason: 'held' })
      return held === 'reset' ? { kind: 'reset_required', subject } : { kind: 'failed' }
    }
    tell({ kind: 'verified', subject, factor: checked.factor })
    return { kind: 'ok', subject, factor: checked.factor, at: clock(), cookies }
  }

  const verifyAssertion = async (subject: string, response: unknown, request: Request, resetting: boolean): Promise<MfaVerdict> => {
    if (settings.passkeys === undefined) {
      tell({ kind: 'refused', subject, factor: 'passkey', reason: 'no_factor' })
      return { kind: 'failed' }
    }
    const verdict = await settings.passkeys.finishAuthentication({ request, response, subject })
    if (verdict.kind !== 'ok' && verdict.kind !== 'reset_required') return verdict
    if (verdict.subject !== subject) return { kind: 'failed' }
    if (verdict.kind === 'reset_required' && !resetting) return { kind: 'reset_required', subject }
    const factor: UsedFactor = { kind: 'passkey', id: verdict.passkey.id, name: verdict.passkey.name }
    tell({ kind: 'verified', subject, factor })
    return { kind: 'ok', subject, factor, at: verdict.at, cookies: verdict.kind === 'ok' ? verdict.cookies : [] }
  }

  return {
    verify: async (subject, given, request, resetting = false) => {
      const proof = readProof(given)
      try {
        return 'assertion' in proof
          ? await verifyAssertion(subject, proof.assertion, request, resetting)
          : await judge(subject, proof, request, resetting)
      } catch (error) {
        tell({ kind: 'refused', subject, factor: kindOfProof(proof), reason: 'degraded' })
        return troubleOf(error)
      }
    },
  }
}
