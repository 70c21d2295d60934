import { optionError } from '../options/check.js'
import { asGuardRequest } from '../request/guard-request.js'
import type { Session } from '../session/record.js'
import { createBudget } from './budget.js'
import { assertSubject, createContext, degraded, fail, kindOfProof, readProof, summarise, troubleOf } from './context.js'
import { createEnrolment } from './enrolment.js'
import type { FactorRecord } from './factor-store.js'
import { readMfaOptions } from './options.js'
import { createPendingTokens } from './pending.js'
import { createProof } from './proof.js'
import { changeRecord, withoutOrphans } from './record.js'
import { makeRecoveryCodes } from './recovery-codes.js'
import type { CompletionVerdict, FactorKind, Mfa, MfaOptions, RequiredVerdict } from './types.js'

/** The kinds that a record holds; none at all when only recovery codes are left. */
const kindsOf = (record: FactorRecord | undefined): readonly FactorKind[] => {
  if (record === undefined || (record.totp.length === 0 && record.passkeys.length === 0)) return []
  return [
    ...(record.totp.length > 0 ? (['totp'] as const) : []),
    ...(record.passkeys.length > 0 ? (['passkey'] as const) : []),
    ...((record.recovery?.hashes.length ?? 0) > 0 ? (['recovery_code'] as const) : []),
  ]
}

/** A passkey is possession and, since it verifies its user, a second factor in one. */
const IS_BOTH_FACTORS = 'passkey'

/**
 * Builds second factors: authenticator apps (RFC 6238), recovery codes, and passkeys where they are given. Throws
 * `PPT_CONFIG_INVALID`; its methods throw `PPT_INVALID` for a subject that is none. Sources: ASVS 5.0 V6.3, V6.5, V6.6.
 */
export const createMfa = (options: MfaOptions): Mfa => {
  const settings = readMfaOptions(options)
  const { factors, keyring, clock, random, store, sessions } = settings
  const context = createContext(settings)
  const { keyOf, tell } = context
  const budget = createBudget(store, settings.attempts)
  const enrolment = createEnrolment(context)
  const proof = createProof(context, budget)
  const tokens = createPendingTokens({ keyring, store, random }, settings.cookie)

  const required = async (subject: string): Promise<RequiredVerdict> => {
    assertSubject(subject)
    try {
      const kinds = kindsOf((await factors.read(subject))?.record)
      return kinds.length === 0 ? { kind: 'none_required' } : { kind: 'required', factors: kinds }
    } catch {
      return degraded('factors')
    }
  }

  const verify: Mfa['verify'] = async (subject, given, request) => {
    assertSubject(subject)
    return proof.verify(subject, given, request)
  }

  const complete: Mfa['complete'] = async (input, given, token): Promise<CompletionVerdict> => {
    const request = asGuardRequest(input)
    const pending = tokens.read(request, token, clock())
    if (pending === undefined) return { kind: 'expired' }
    const reused = (): CompletionVerdict => {
      tell({ kind: 'refused', subject: pending.subject, factor: kindOfProof(readProof(given)), reason: 'pending_reused' })
      return { kind: 'expired' }
    }
    try {
      if (await tokens.isUsed(pending).catch(fail('store'))) return reused()
      const since = await settings.credentialsSince?.(pending.subject).catch(fail('store'))
      if (since !== undefined && pending.expiresAt - settings.pendingMs < since) return { kind: 'expired' }
      // a decision that wants a reset must not keep out whoever is just making one
      const verdict = await proof.verify(pending.subject, given, request, pending.method === 'reset_token')
      if (verdict.kind !== 'ok') return verdict
      if (!(await tokens.use(pending, clock()).catch(fail('store')))) return reused()
      return { ...verdict, method: pending.method, cookies: [...verdict.cookies, tokens.clearCookie()] }
    } catch (error) {
      return troubleOf(error)
    }
  }

  const stepUp: Mfa['stepUp'] = async (request, given) => {
    if (sessions === undefined) throw optionError('mfa.sessions', undefined, 'give the sessions that a step-up belongs to')
    const found = await sessions.read(request)
    if (found.kind === 'degraded') return degraded('store')
    if (found.kind !== 'active') return { kind: found.kind === 'replayed' ? 'replayed' : 'none' }
    const verdict = await verify(found.session.subject, given, request)
    if (verdict.kind !== 'ok') return verdict
    const rotated = await sessions.rotate(request, { factors: [verdict.factor.kind] })
    if (rotated.kind === 'started') return { ...verdict, cookies: [...verdict.cookies, rotated.cookie] }
    // a parallel request has rotated it: the proof is not written down, so it does not count
    return rotated.kind === 'none' || rotated.kind === 'replayed' ? { kind: rotated.kind } : degraded('store')
  }

  return {
    begin: async (subject, about) => {
      assertSubject(subject)
      return enrolment.begin(subject, about)
    },
    confirm: async (subject, about) => {
      assertSubject(subject)
      return enrolment.confirm(subject, about)
    },
    required,
    list: async (subject) => {
      assertSubject(subject)
      try {
        const held = await factors.read(subject)
        return { kind: 'listed', factors: held === undefined ? [] : summarise(held.record) }
      } catch {
        return degraded('factors')
      }
    },
    verify,
    afterFirstFactor: async (subject, request, about = {}) => {
      assertSubject(subject)
      const method = about.method ?? 'password'
      if (method === IS_BOTH_FACTORS) return { kind: 'none_required' }
      const verdict = await required(subject)
      if (verdict.kind !== 'required') return verdict
      const pending = { subject, method, expiresAt: clock() + settings.pendingMs }
      return { ...verdict, ...tokens.issue(pending, asGuardRequest(request)) }
    },
    pending: (request, token) => {
      const found = tokens.read(asGuardRequest(request), token, clock())
      return found === undefined
        ? { kind: 'none' }
        : { kind: 'pending', subject: found.subject, method: found.method, expiresAt: found.expiresAt }
    },
    complete,
    needsStepUp: (session: Pick<Session, 'authenticatedAt' | 'flag'>, maxAgeMs) => {
      const age = clock() - session.authenticatedAt
      return session.flag !== undefined || !(age >= 0 && age <= maxAgeMs)
    },
    stepUp,
    remove: async (subject, id) => {
      assertSubject(subject)
      try {
        const gone = await changeRecord(factors, subject, random, (record) => {
          const app = record.totp.find((one) => one.id === id)
          if (app === undefined) return { record, result: undefined }
          return { record: withoutOrphans({ ...record, totp: record.totp.filter((one) => one !== app) }), result: app }
        })
        if (gone === undefined) return { kind: 'not_found' }
        const { name, createdAt, usedAt } = gone
        tell({ kind: 'removed', subject, factor: { kind: 'totp', id, name, createdAt, usedAt } })
        return { kind: 'removed' }
      } catch {
        return degraded('factors')
      }
    },
    regenerateRecoveryCodes: async (subject) => {
      assertSubject(subject)
      const { shown, hashes } = makeRecoveryCodes(keyring, subject, random)
      try {
        const issued = await changeRecord(factors, subject, random, (record) =>
          kindsOf(record).length === 0
            ? { record, result: false }
            : { record: { ...record, recovery: { hashes, createdAt: clock() } }, result: true },
        )
        if (!issued) return { kind: 'no_factor' }
        tell({ kind: 'recovery_issued', subject, count: shown.length })
        return { kind: 'issued', recoveryCodes: shown }
      } catch {
        return degraded('factors')
      }
    },
    recoveryCodesLeft: async (subject) => {
      assertSubject(subject)
      try {
        return { kind: 'counted', left: (await factors.read(subject))?.record.recovery?.hashes.length ?? 0 }
      } catch {
        return degraded('factors')
      }
    },
    reset: async (subject) => {
      assertSubject(subject)
      try {
        if ((await factors.read(subject)) === undefined) return { kind: 'not_found' }
        await factors.remove(subject)
      } catch {
        return degraded('factors')
      }
      // what had been begun ends too, and a lock that the old factors met is nothing to the new ones
      await Promise.allSettled([store.remove(`mfa:enrol:${keyOf(subject)}`), budget.clear(keyOf(subject))])
      tell({ kind: 'reset', subject })
      return { kind: 'removed' }
    },
  }
}
