import { type FactorMethod, ParapetError, type PasskeyView, type TotpEnrolment } from '@parapet/core'
import type { RequestLike } from '@parapet/guard'
import type { CompletionVerdict, FirstFactorVerdict, Mfa, MfaVerdict } from '@parapet/guard/mfa'
import type { Passkeys } from '@parapet/guard/passkeys'
import type { FastifyReply } from 'fastify'

/** What proves a second factor, as it comes over the wire. */
export type Proof = { readonly code: string } | { readonly recoveryCode: string } | { readonly assertion: unknown }

/** JSON of WebAuthn as browsers take it. */
export type WebAuthnJson = Readonly<Record<string, unknown>>

/** What an operator holds beside the password. Times in ms UTC. */
export type FactorsHeld = {
  readonly totp: { readonly createdAt: number } | null
  readonly passkeys: readonly PasskeyView[]
  readonly recoveryCodes: number
}

/** Who proved a factor, and how. `newDevice`: the browser was not known before. */
export type Proven = { readonly operatorId: string; readonly method: FactorMethod; readonly left?: number; readonly newDevice: boolean }

/**
 * Second factors of operators: the guard's parts, with their verdicts turned into answers. Errors: `PPT_FACTOR_FAILED` for a wrong or
 * spent proof and for a pause alike, `PPT_SIGN_IN_OVER`, `PPT_DATABASE_UNAVAILABLE`, `PPT_FORBIDDEN` for a session that may not enrol.
 */
export type Factors = {
  readonly held: (operatorId: string) => Promise<FactorsHeld>
  /** whether a sign-in of this operator asks for a second step */
  readonly required: (operatorId: string) => Promise<boolean>
  /** what an operator can prove himself with in a session; the password only where there is nothing better */
  readonly stepUpMethods: (operatorId: string) => Promise<readonly FactorMethod[]>
  /** Ends the sign-in, or makes it wait for the second step and sets its cookie. */
  readonly afterPassword: (
    operatorId: string,
    request: RequestLike,
    reply: FastifyReply,
  ) => Promise<{ readonly methods: readonly FactorMethod[]; readonly expiresAt: number; readonly passkey?: WebAuthnJson } | undefined>
  readonly complete: (request: RequestLike, reply: FastifyReply, proof: Proof) => Promise<Proven>
  /** the challenge for a sign-in without a name */
  readonly passkeyChallenge: (reply: FastifyReply) => Promise<WebAuthnJson>
  readonly passkeySignIn: (request: RequestLike, reply: FastifyReply, response: unknown) => Promise<Proven>
  /** the challenge for a proof within a session */
  readonly stepUpChallenge: (operatorId: string, reply: FastifyReply) => Promise<WebAuthnJson>
  /** A proof within a session; the session gets a new id. */
  readonly stepUp: (request: RequestLike, reply: FastifyReply, proof: Proof) => Promise<Proven>
  readonly beginTotp: (operatorId: string, name: string, request: RequestLike) => Promise<TotpEnrolment & { readonly enrolment: string }>
  readonly confirmTotp: (
    operatorId: string,
    about: { readonly request: RequestLike; readonly enrolment: string; readonly code: string },
  ) => Promise<{ readonly recoveryCodes: readonly string[] | null }>
  readonly removeTotp: (operatorId: string) => Promise<void>
  readonly beginPasskey: (operatorId: string, about: { request: RequestLike; session: string; name: string }) => Promise<WebAuthnJson>
  readonly finishPasskey: (
    operatorId: string,
    about: { request: RequestLike; session: string; name: string; response: unknown },
  ) => Promise<{ readonly passkey: PasskeyView; readonly recoveryCodes: readonly string[] | null }>
  readonly renamePasskey: (operatorId: string, id: string, name: string) => Promise<void>
  readonly removePasskey: (operatorId: string, id: string) => Promise<void>
  readonly regenerateCodes: (operatorId: string) => Promise<readonly string[]>
  /** all of them; the password stays */
  readonly reset: (operatorId: string) => Promise<void>
}

const away = (reason: string): ParapetError =>
  reason === 'busy'
    ? Object.assign(new ParapetError('PPT_RATE_LIMITED'), { retryAfterSeconds: 2 })
    : new ParapetError('PPT_DATABASE_UNAVAILABLE', undefined, { cause: reason })

const refused = (reason: 'flagged' | 'too_many'): ParapetError =>
  reason === 'flagged'
    ? new ParapetError('PPT_FORBIDDEN', 'this session was seen in two places: sign out and in again first')
    : new ParapetError('PPT_CONFLICT', 'remove another one first')

/** Right when it is `kind`; every other verdict is an error. */
const orThrow = <V extends { readonly kind: string }, K extends V['kind']>(verdict: V, kind: K): Extract<V, { readonly kind: K }> => {
  if (verdict.kind === kind) return verdict as Extract<V, { readonly kind: K }>
  if (verdict.kind === 'degraded') throw away('reason' in verdict ? String(verdict.reason) : 'store')
  if (verdict.kind === 'expired') throw new ParapetError('PPT_SIGN_IN_OVER')
  if (verdict.kind === 'refused') throw refused('reason' in verdict && verdict.reason === 'too_many' ? 'too_many' : 'flagged')
  if (verdict.kind === 'not_found' || verdict.kind === 'no_factor') throw new ParapetError('PPT_NOT_FOUND')
  if (verdict.kind === 'none' || verdict.kind === 'replayed') throw new ParapetError('PPT_UNAUTHENTICATED')
  // failed and locked look alike: nobody learns when the pause is over
  throw new ParapetError('PPT_FACTOR_FAILED')
}

const setCookies = (reply: FastifyReply, cookies: readonly (string | undefined)[]): void => {
  for (const cookie of cookies) if (cookie !== undefined) void reply.header('set-cookie', cookie)
}

/** The shield makes a browser known when it was not, and only then. */
const makesKnown = (cookies: readonly string[]): boolean => cookies.some((cookie) => /parapet-device=[^;]/.test(cookie))

const provenBy = (verdict: Extract<MfaVerdict | CompletionVerdict, { kind: 'ok' }>): Proven => ({
  operatorId: verdict.subject,
  method: verdict.factor.kind,
  ...(verdict.factor.kind === 'recovery_code' ? { left: verdict.factor.left } : {}),
  newDevice: makesKnown(verdict.cookies),
})

/** Creates the factors over the guard's parts. */
export const createFactors = (deps: { mfa: Mfa; passkeys: Passkeys }): Factors => {
  const { mfa, passkeys } = deps
  const toView = (passkey: {
    readonly id: string
    readonly name: string
    readonly createdAt: number
    readonly usedAt: number | undefined
    readonly backedUp: boolean
  }): PasskeyView => ({
    id: passkey.id,
    name: passkey.name,
    createdAt: passkey.createdAt,
    lastUsedAt: passkey.usedAt ?? null,
    synced: passkey.backedUp,
  })
  const held: Factors['held'] = async (operatorId) => {
    const { factors } = orThrow(await mfa.list(operatorId), 'listed')
    const listed = orThrow(await passkeys.list(operatorId), 'listed')
    const { left } = orThrow(await mfa.recoveryCodesLeft(operatorId), 'counted')
    const app = factors.find(({ kind }) => kind === 'totp')
    return {
      totp: app === undefined ? null : { createdAt: app.createdAt },
      passkeys: listed.passkeys.map(toView),
      recoveryCodes: left,
    }
  }
  const begun = async (about: { subject?: string }, reply: FastifyReply): Promise<WebAuthnJson> => {
    const start = orThrow(await passkeys.beginAuthentication(about), 'begun')
    setCookies(reply, [start.cookie])
    return { ...start.options }
  }
  /** The first factor of somebody comes with recovery codes, whichever it is. */
  const firstCodes = async (operatorId: string): Promise<readonly string[] | null> => {
    if (orThrow(await mfa.recoveryCodesLeft(operatorId), 'counted').left > 0) return null
    return orThrow(await mfa.regenerateRecoveryCodes(operatorId), 'issued').recoveryCodes
  }

  return {
    held,
    required: async (operatorId) => {
      const verdict = await mfa.required(operatorId)
      return verdict.kind === 'none_required' ? false : orThrow(verdict, 'required').factors.length > 0
    },
    stepUpMethods: async (operatorId) => {
      const { totp, passkeys: keys, recoveryCodes } = await held(operatorId)
      const methods: FactorMethod[] = [
        ...(keys.length > 0 ? (['passkey'] as const) : []),
        ...(totp === null ? [] : (['totp'] as const)),
        ...(recoveryCodes > 0 && (keys.length > 0 || totp !== null) ? (['recovery_code'] as const) : []),
      ]
      return methods.length === 0 ? ['password'] : methods
    },
    afterPassword: async (operatorId, request, reply) => {
      const verdict: FirstFactorVerdict = await mfa.afterFirstFactor(operatorId, request, { method: 'password' })
      if (verdict.kind === 'none_required') return undefined
      const { cookie, factors, expiresAt } = orThrow(verdict, 'required')
      setCookies(reply, [cookie])
      const passkey = factors.includes('passkey') ? await begun({ subject: operatorId }, reply) : undefined
      return { methods: factors, expiresAt, ...(passkey === undefined ? {} : { passkey }) }
    },
    complete: async (request, reply, proof) => {
      const verdict = orThrow(await mfa.complete(request, proof), 'ok')
      setCookies(reply, verdict.cookies)
      return provenBy(verdict)
    },
    passkeyChallenge: (reply) => begun({}, reply),
    passkeySignIn: async (request, reply, response) => {
      const verdict = orThrow(await passkeys.finishAuthentication({ request, response }), 'ok')
      setCookies(reply, verdict.cookies)
      return {
        operatorId: verdict.subject,
        method: 'passkey',
        newDevice: makesKnown(verdict.cookies),
      }
    },
    stepUpChallenge: (operatorId, reply) => begun({ subject: operatorId }, reply),
    stepUp: async (request, reply, proof) => {
      const verdict = orThrow(await mfa.stepUp(request, proof), 'ok')
      setCookies(reply, verdict.cookies)
      return provenBy(verdict)
    },
    beginTotp: async (operatorId, name, request) => {
      const { enrolment, secret, uri, svg } = orThrow(await mfa.begin(operatorId, { request, account: name }), 'begun')
      return { enrolment, secret, uri, svg }
    },
    confirmTotp: async (operatorId, about) => {
      const verdict = await mfa.confirm(operatorId, about)
      if (verdict.kind === 'failed' && verdict.driftSeconds !== undefined)
        throw new ParapetError('PPT_FACTOR_FAILED', `the clock of that device is about ${Math.abs(verdict.driftSeconds)} s off`)
      return { recoveryCodes: orThrow(verdict, 'enrolled').recoveryCodes ?? null }
    },
    removeTotp: async (operatorId) => {
      const { factors } = orThrow(await mfa.list(operatorId), 'listed')
      const apps = factors.filter(({ kind }) => kind === 'totp')
      if (apps.length === 0) throw new ParapetError('PPT_NOT_FOUND')
      for (const { id } of apps) orThrow(await mfa.remove(operatorId, id), 'removed')
    },
    beginPasskey: async (operatorId, { request, session, name }) => ({
      ...orThrow(await passkeys.beginRegistration(operatorId, { request, session, userName: name }), 'begun').options,
    }),
    finishPasskey: async (operatorId, { request, session, name, response }) => {
      const { passkey } = orThrow(await passkeys.finishRegistration(operatorId, { request, session, response, name }), 'registered')
      return { passkey: toView(passkey), recoveryCodes: await firstCodes(operatorId) }
    },
    renamePasskey: async (operatorId, id, name) => {
      orThrow(await passkeys.rename(operatorId, id, name), 'renamed')
    },
    removePasskey: async (operatorId, id) => {
      orThrow(await passkeys.remove(operatorId, id), 'removed')
    },
    regenerateCodes: async (operatorId) => orThrow(await mfa.regenerateRecoveryCodes(operatorId), 'issued').recoveryCodes,
    reset: async (operatorId) => {
      const verdict = await mfa.reset(operatorId)
      if (verdict.kind === 'degraded') throw away(verdict.reason)
    },
  }
}
