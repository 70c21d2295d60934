import { randomToken } from '@parapet/core'
import { generateAuthenticationOptions, verifyAuthenticationResponse } from '@simplewebauthn/server'
import { UNKNOWN_SUBJECT } from '../login/login.js'
import { assertSubject } from '../mfa/context.js'
import type { FactorRecord, PasskeyFactor } from '../mfa/factor-store.js'
import { cookieName, readCookie, writeCookie } from '../request/cookies.js'
import { asGuardRequest, type RequestLike } from '../request/guard-request.js'
import { bindingOf } from './challenges.js'
import { degraded, outage, outageOf, type PasskeysContext, type RefusalReason, toPasskey } from './context.js'
import { assertOwnPage, challengeOf, readAssertion } from './response.js'
import type { AuthenticationEnd, Passkey, Passkeys } from './types.js'

/** What a check came to; `no` is for the record only, the answer is the same. */
type Checked =
  | { readonly kind: 'right'; readonly subject: string; readonly passkey: Passkey }
  | { readonly kind: 'no'; readonly reason: RefusalReason; readonly cause?: unknown }

const no = (reason: RefusalReason, cause?: unknown): Checked => ({ kind: 'no', reason, ...(cause === undefined ? {} : { cause }) })

/** A passkey as its use leaves it; `clone`: the counter that it should have passed. */
type Use = { readonly passkey: PasskeyFactor; readonly clone: number | undefined }

/** Signing in with a passkey, within the login shield where there is one. Source: WebAuthn Level 3, section 7.2. */
export const createAuthentication = (context: PasskeysContext): Pick<Passkeys, 'beginAuthentication' | 'finishAuthentication'> => {
  const { settings, challenges, tell, change } = context
  const { factors, clock, random, rpId, cookie } = settings
  const origins = [...settings.origins]

  const beginAuthentication: Passkeys['beginAuthentication'] = async ({ subject, session } = {}) => {
    if (subject !== undefined) assertSubject(subject)
    const bound = session ?? randomToken(24, random)
    try {
      const allowed = subject === undefined ? [] : ((await factors.read(subject).catch(outage('factors')))?.record.passkeys ?? [])
      const ceremony = {
        purpose: 'authentication',
        subject,
        binding: bindingOf(session === undefined ? 'cookie' : 'session', bound),
      } as const
      const { challenge, expiresAt } = await challenges.issue(ceremony).catch(outage('store'))
      const made = await generateAuthenticationOptions({
        rpID: rpId,
        challenge,
        timeout: settings.challengeMs,
        userVerification: 'required',
        ...(subject === undefined ? {} : { allowCredentials: allowed.map(({ id, transports }) => ({ id, transports: [...transports] })) }),
      })
      return {
        kind: 'begun',
        options: made,
        cookie: session === undefined ? writeCookie(cookie, bound, Math.ceil(settings.challengeMs / 1_000)) : undefined,
        expiresAt,
      }
    } catch (error) {
      return outageOf(error)
    }
  }

  /** What the use of a passkey makes of its record: pure, and repeated when somebody else was first. */
  const use = (
    record: FactorRecord,
    id: string,
    info: { readonly newCounter: number; readonly credentialBackedUp: boolean },
  ): {
    readonly record: FactorRecord
    readonly result: Use | undefined
  } => {
    const held = record.passkeys.find((one) => one.id === id)
    if (held === undefined) return { record, result: undefined }
    const got = info.newCounter
    const clone = (got > 0 || held.counter > 0) && got <= held.counter ? held.counter : undefined
    if (clone !== undefined && settings.onClone === 'refuse') return { record, result: { passkey: held, clone } }
    const passkey = { ...held, counter: Math.max(got, held.counter), usedAt: clock(), backedUp: info.credentialBackedUp }
    return { record: { ...record, passkeys: record.passkeys.map((one) => (one === held ? passkey : one)) }, result: { passkey, clone } }
  }

  /** Judges an assertion of a subject's passkey, and moves its counter on. Rejects with the store that did not answer. */
  const check = async (
    subject: string,
    response: NonNullable<ReturnType<typeof readAssertion>>,
    about: { readonly given: string | undefined; readonly binding: string },
  ): Promise<Checked> => {
    const challenge = challengeOf(response)
    if (challenge === undefined) return no('invalid')
    const ceremony = { purpose: 'authentication', subject: about.given, binding: about.binding } as const
    const fault = await challenges.spend(challenge, ceremony).catch(outage('store'))
    if (fault !== undefined) return no(fault)
    const held = await factors.read(subject).catch(outage('factors'))
    const known = held?.record.passkeys.find(({ id }) => id === response.id)
    if (held === undefined || known === undefined) return no('unknown')
    const { userHandle } = response.response
    if (userHandle !== undefined && userHandle !== held.record.handle) return no('unknown')
    let info: { readonly newCounter: number; readonly credentialBackedUp: boolean }
    try {
      assertOwnPage(response)
      const verified = await verifyAuthenticationResponse({
        response,
        expectedChallenge: challenge,
        expectedOrigin: origins,
        expectedRPID: rpId,
        requireUserVerification: true,
        // the counter is judged below, against the version of the record that is then written
        credential: { id: known.id, publicKey: new Uint8Array(Buffer.from(known.publicKey, 'base64url')), counter: 0 },
      })
      if (!verified.verified) return no('invalid')
      info = verified.authenticationInfo
    } catch (cause) {
      return no('invalid', cause)
    }
    const outcome = await change(subject, (record) => use(record, known.id, info))
    if (outcome === undefined) return no('unknown')
    const passkey = toPasskey(outcome.passkey)
    if (outcome.clone !== undefined) {
      tell({ kind: 'clone_suspected', subject, passkey, stored: outcome.clone, got: info.newCounter })
      if (settings.onClone === 'refuse') return no('clone')
    }
    return { kind: 'right', subject, passkey }
  }

  const bindingFrom = (request: RequestLike, session: string | undefined): string =>
    session === undefined
      ? bindingOf('cookie', readCookie(asGuardRequest(request).header('cookie'), cookieName(cookie)) ?? '')
      : bindingOf('session', session)

  const conclude = (
    checked: Checked,
    refused: (found: Extract<Checked, { kind: 'no' }>) => void,
    cookies: readonly string[],
  ): AuthenticationEnd => {
    if (checked.kind === 'no') {
      refused(checked)
      return { kind: 'failed' }
    }
    tell({ kind: 'verified', subject: checked.subject, passkey: checked.passkey })
    return { kind: 'ok', subject: checked.subject, passkey: checked.passkey, at: clock(), cookies }
  }

  const authenticate: Passkeys['finishAuthentication'] = async ({ request, response: given, subject: wanted, session }) => {
    const response = readAssertion(given)
    const handle = response?.response.userHandle
    const subject = wanted ?? (handle === undefined ? undefined : await factors.subjectOf(handle).catch(outage('factors')))
    // whoever nobody knows counts as well, under the handle that came in
    const name = subject ?? `passkey:${handle ?? ''}`
    const judge = async (): Promise<Checked> => {
      if (response === undefined) return no('invalid')
      if (subject === undefined) return no('unknown')
      return check(subject, response, { given: wanted, binding: bindingFrom(request, session) })
    }
    let checked: Checked = no('invalid')
    let cookies: readonly string[] = []
    const refused = (found: Extract<Checked, { kind: 'no' }>): void => {
      const { kind: _kind, ...why } = found
      tell({ kind: 'refused', during: 'authentication', subject: name, ...why })
    }
    if (settings.login === undefined) checked = await judge()
    else {
      let trouble: unknown
      const verdict = await settings.login.attempt({ subject: name, method: 'passkey', request, challengePassed: true }, async () => {
        try {
          checked = await judge()
        } catch (error) {
          trouble = error
          throw error
        }
        return checked.kind === 'right' || (subject === undefined ? UNKNOWN_SUBJECT : false)
      })
      if (verdict.kind === 'locked') {
        refused({ kind: 'no', reason: 'locked' })
        return { kind: 'locked', retryAfter: verdict.retryAfter }
      }
      if (verdict.kind === 'limited') return degraded('busy')
      if (verdict.kind === 'degraded') {
        if (trouble !== undefined) throw trouble
        refused({ kind: 'no', reason: 'degraded', cause: verdict.cause })
        return degraded('shield')
      }
      if (verdict.kind === 'ok') ({ cookies } = verdict)
      else if (checked.kind === 'right') {
        // right, and yet not let in: that is up to the shield, which knows of decisions
        refused({ kind: 'no', reason: 'held' })
        const { passkey } = checked
        return verdict.kind === 'reset_required' ? { kind: 'reset_required', subject: name, passkey, at: clock() } : { kind: 'failed' }
      }
    }
    return conclude(checked, refused, session === undefined ? [...cookies, writeCookie(cookie, '', 0)] : cookies)
  }

  return {
    beginAuthentication,
    finishAuthentication: async (about) => {
      if (about.subject !== undefined) assertSubject(about.subject)
      try {
        return await authenticate(about)
      } catch (error) {
        tell({ kind: 'refused', during: 'authentication', subject: about.subject ?? 'passkey:', reason: 'degraded', cause: error })
        return outageOf(error)
      }
    },
  }
}
