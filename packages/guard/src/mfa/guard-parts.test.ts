import { describe, expect, it } from 'vitest'
import { createGuard } from '../app/guard.js'
import { createPasskeys } from '../passkeys/passkeys.js'
import { fromBase32 } from './base32.js'
import { memoryFactors } from './factor-store.js'
import { requestOf, SIX, START } from './fixtures/setup.js'
import { createMfa } from './mfa.js'
import { stepAt, totpCode } from './totp.js'

const pair = (setCookie: string): string => setCookie.split(';')[0] ?? ''
const origin = 'http://localhost:3000'

/** The two parts as a guide builds them: what the guard has, and two names more. */
const setup = () => {
  let time = START
  const guard = createGuard({
    clientAddress: 'direct',
    publicOrigins: [origin],
    secret: 'a secret of this test, long enough 123',
    clock: () => time,
    login: { delay: 'none' },
    onDiagnostic: () => {},
  })
  const factors = memoryFactors()
  const passkeys = createPasskeys({ ...guard.parts, rpName: 'Acme', origins: [origin], factors })
  const mfa = createMfa({ ...guard.parts, issuer: 'Acme', factors, passkeys })
  return {
    guard,
    mfa,
    passkeys,
    now: () => time,
    advance: (ms: number) => {
      time += ms
    },
  }
}

describe('with the parts of a guard', () => {
  it('a sign-in goes through both steps, and the session knows the factors', async () => {
    const s = setup()
    const browser = requestOf()
    const started = await s.guard.sessions.start('anna', {}, browser, { factors: ['password'] })
    if (started.kind !== 'started') throw new Error(started.kind)
    const signedIn = requestOf({ cookie: pair(started.cookie) })
    const begun = await s.mfa.begin('anna', { request: signedIn, account: 'anna@example.org' })
    if (begun.kind !== 'begun') throw new Error(begun.kind)
    const secret = fromBase32(begun.secret) ?? new Uint8Array()
    const code = (): string => totpCode(secret, stepAt(s.now()), SIX)
    const end = await s.mfa.confirm('anna', { request: signedIn, enrolment: begun.enrolment, code: code() })
    expect(end.kind).toBe('enrolled')
    s.advance(60_000)

    const attempt = await s.guard.login.attempt({ subject: 'anna', method: 'password', request: browser }, () => true)
    expect(attempt.kind).toBe('ok')
    const first = await s.mfa.afterFirstFactor('anna', browser)
    if (first.kind !== 'required') throw new Error(first.kind)
    // plain http on localhost: browsers drop __Host- cookies there
    expect(first.cookie).toMatch(/^mfa=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/)
    const verdict = await s.mfa.complete(requestOf({ cookie: pair(first.cookie) }), { code: code() })
    if (verdict.kind !== 'ok') throw new Error(verdict.kind)
    expect(verdict.cookies.map((cookie) => cookie.split('=')[0])).toEqual(['device', 'mfa'])

    s.advance(60_000)
    const next = await s.guard.sessions.start('anna', {}, browser, { factors: [verdict.method, verdict.factor.kind] })
    if (next.kind !== 'started') throw new Error(next.kind)
    const renewed = await s.mfa.stepUp(requestOf({ cookie: pair(next.cookie) }), { code: code() })
    if (renewed.kind !== 'ok') throw new Error(renewed.kind)
    const session = await s.guard.sessions.read(requestOf({ cookie: pair(renewed.cookies.at(-1) ?? '') }))
    expect(session).toMatchObject({ kind: 'active', session: { authenticatedAt: s.now() } })
    expect(session.kind === 'active' && session.session.factors.map(({ factor }) => factor)).toEqual(['totp', 'password'])
  })

  it('nobody enrols without a session of his own', async () => {
    const s = setup()
    expect(await s.mfa.begin('anna', { request: requestOf(), account: 'anna' })).toEqual({ kind: 'refused', reason: 'flagged' })
    const mallory = await s.guard.sessions.start('mallory', {}, requestOf())
    if (mallory.kind !== 'started') throw new Error(mallory.kind)
    const request = requestOf({ cookie: pair(mallory.cookie) })
    expect(await s.mfa.begin('anna', { request, account: 'anna' })).toEqual({ kind: 'refused', reason: 'flagged' })
    const about = { request, session: 'x', userName: 'anna' }
    expect(await s.passkeys.beginRegistration('anna', about)).toEqual({ kind: 'refused', reason: 'flagged' })
    expect((await s.mfa.begin('mallory', { request, account: 'mallory' })).kind).toBe('begun')
  })

  it('a guard without a key has no part that seals: it is refused by name', () => {
    const guard = createGuard({ clientAddress: 'direct', publicOrigins: [origin], onDiagnostic: () => {} })
    expect(() => createMfa({ ...guard.parts, issuer: 'Acme', factors: memoryFactors() })).toThrow(
      'mfa.keyring is undefined; give a keyring',
    )
    expect(() => createPasskeys({ ...guard.parts, rpName: 'Acme', origins: [origin], factors: memoryFactors() })).not.toThrow()
  })
})
