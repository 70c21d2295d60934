import { generateRegistrationOptions, verifyRegistrationResponse } from '@simplewebauthn/server'
import { assertSubject } from '../mfa/context.js'
import type { FactorRecord, PasskeyFactor } from '../mfa/factor-store.js'
import { saysYes } from '../mfa/options.js'
import { emptyRecord, factorName } from '../mfa/record.js'
import { bindingOf } from './challenges.js'
import { ALGORITHMS, outage, outageOf, type PasskeysContext, type RefusalReason, toPasskey } from './context.js'
import { assertOwnPage, challengeOf, readRegistration } from './response.js'
import type { Passkeys, RegistrationEnd } from './types.js'

/** A name as a browser shows it: 128 characters, none of them cut in two, and nothing that is no Unicode. */
const shownName = (name: string): string =>
  Array.from(Buffer.from(name.slice(0, 256)).toString())
    .slice(0, 128)
    .join('')

/** Registering a passkey: discoverable, with user verification, for a session that may enrol. Source: WebAuthn Level 3, section 7.1. */
export const createRegistration = (context: PasskeysContext): Pick<Passkeys, 'beginRegistration' | 'finishRegistration'> => {
  const { settings, challenges, tell, change } = context
  const { factors, clock, random, rpId } = settings
  const origins = [...settings.origins]

  /** The record, made when there is none: its handle must stand before an authenticator is told of it. */
  const ownRecord = async (subject: string): Promise<FactorRecord> => {
    const held = await factors.read(subject)
    if (held !== undefined) return held.record
    const made = emptyRecord(random)
    if (await factors.write(subject, made, null)) return made
    const now = await factors.read(subject)
    if (now === undefined) throw new Error('the record comes and goes')
    return now.record
  }

  const refuse = (
    subject: string,
    reason: 'flagged' | 'too_many',
  ): { readonly kind: 'refused'; readonly reason: 'flagged' | 'too_many' } => {
    tell({ kind: 'refused', during: 'registration', subject, reason })
    return { kind: 'refused', reason }
  }

  const beginRegistration: Passkeys['beginRegistration'] = async (subject, { request, session, userName, displayName }) => {
    assertSubject(subject)
    if (!(await saysYes(settings.mayEnrol, subject, request))) return refuse(subject, 'flagged')
    try {
      const record = await ownRecord(subject).catch(outage('factors'))
      if (record.passkeys.length >= settings.maxPerSubject) return refuse(subject, 'too_many')
      const ceremony = { purpose: 'registration', subject, binding: bindingOf('session', session) } as const
      const { challenge, expiresAt } = await challenges.issue(ceremony).catch(outage('store'))
      const made = await generateRegistrationOptions({
        rpName: settings.rpName,
        rpID: rpId,
        userName: shownName(userName),
        userDisplayName: shownName(displayName ?? userName),
        userID: new Uint8Array(Buffer.from(record.handle, 'base64url')),
        challenge,
        timeout: settings.challengeMs,
        attestationType: 'none',
        excludeCredentials: record.passkeys.map(({ id, transports }) => ({ id, transports: [...transports] })),
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
        supportedAlgorithmIDs: [...ALGORITHMS],
      })
      return { kind: 'begun', options: made, expiresAt }
    } catch (error) {
      return outageOf(error)
    }
  }

  const register = async (
    subject: string,
    about: { readonly session: string; readonly response: unknown; readonly name?: string },
  ): Promise<RegistrationEnd> => {
    const failed = (reason: RefusalReason, cause?: unknown): RegistrationEnd => {
      tell({ kind: 'refused', during: 'registration', subject, reason, ...(cause === undefined ? {} : { cause }) })
      return { kind: 'failed' }
    }
    const response = readRegistration(about.response)
    const challenge = response === undefined ? undefined : challengeOf(response)
    if (response === undefined || challenge === undefined) return failed('invalid')
    const ceremony = { purpose: 'registration', subject, binding: bindingOf('session', about.session) } as const
    const fault = await challenges.spend(challenge, ceremony).catch(outage('store'))
    if (fault !== undefined) return failed(fault)
    let verified: Awaited<ReturnType<typeof verifyRegistrationResponse>>
    try {
      assertOwnPage(response)
      verified = await verifyRegistrationResponse({
        response,
        expectedChallenge: challenge,
        expectedOrigin: origins,
        expectedRPID: rpId,
        requireUserVerification: true,
        supportedAlgorithmIDs: [...ALGORITHMS],
      })
    } catch (cause) {
      return failed('invalid', cause)
    }
    if (!verified.verified) return failed('invalid')
    const { credential, credentialBackedUp } = verified.registrationInfo
    const passkey: PasskeyFactor = {
      id: credential.id,
      name: factorName(about.name, 'Passkey'),
      publicKey: Buffer.from(credential.publicKey).toString('base64url'),
      counter: credential.counter,
      transports: credential.transports ?? [],
      backedUp: credentialBackedUp,
      createdAt: clock(),
      usedAt: undefined,
    }
    const outcome = await change(subject, (record) => {
      if (record.passkeys.length >= settings.maxPerSubject) return { record, result: 'too_many' as const }
      if (record.passkeys.some(({ id }) => id === passkey.id)) return { record, result: 'known' as const }
      return { record: { ...record, passkeys: [...record.passkeys, passkey] }, result: 'registered' as const }
    })
    if (outcome === 'too_many') return refuse(subject, outcome)
    if (outcome === 'known') return failed('invalid')
    tell({ kind: 'registered', subject, passkey: toPasskey(passkey) })
    return { kind: 'registered', passkey: toPasskey(passkey) }
  }

  return {
    beginRegistration,
    finishRegistration: async (subject, about) => {
      assertSubject(subject)
      if (!(await saysYes(settings.mayEnrol, subject, about.request))) return refuse(subject, 'flagged')
      try {
        return await register(subject, about)
      } catch (error) {
        return outageOf(error)
      }
    },
  }
}
