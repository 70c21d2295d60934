import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLogin } from '../login/login.js'
import type { LoginReport } from '../login/report.js'
import { type FactorStore, memoryFactors } from '../mfa/factor-store.js'
import { broken, requestOf, slow, START } from '../mfa/fixtures/setup.js'
import { createKeyring } from '../keyring/keyring.js'
import { createMfa } from '../mfa/mfa.js'
import { memoryStore } from '../store/memory-store.js'
import { type Answer, type Authenticator, createAuthenticator, type Odd, ORIGIN } from './fixtures/authenticator.js'
import { createPasskeys } from './passkeys.js'
import type { AuthenticationEnd, Passkeys, PasskeysOptions, PasskeysReport } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })

const SESSION = 'session-1'
const request = requestOf()
const pair = (setCookie: string | undefined): string => setCookie?.split(';')[0] ?? ''

const setup = (options: Partial<PasskeysOptions> = {}) => {
  let time = START
  const now = (): number => time
  const store = options.store ?? memoryStore({ clock: now })
  const factors: FactorStore = options.factors ?? memoryFactors()
  const reports: PasskeysReport[] = []
  const another = (changed: Partial<PasskeysOptions> = {}): Passkeys =>
    createPasskeys({
      rpName: 'Acme',
      origins: [ORIGIN],
      store,
      factors,
      clock: now,
      report: (report) => reports.push(report),
      ...options,
      ...changed,
    })
  const passkeys = another()
  const begin = async (subject = 'anna') => {
    const begun = await passkeys.beginRegistration(subject, { request, session: SESSION, userName: `${subject}@example.org` })
    if (begun.kind !== 'begun') throw new Error(begun.kind)
    return begun.options
  }
  const register = async (subject = 'anna', name = 'Laptop'): Promise<Authenticator> => {
    const authenticator = createAuthenticator()
    const response = authenticator.create(await begin(subject))
    const end = await passkeys.finishRegistration(subject, { request, session: SESSION, response, name })
    if (end.kind !== 'registered') throw new Error(end.kind)
    return authenticator
  }
  const ask = async (about: { subject?: string } = {}) => {
    const begun = await passkeys.beginAuthentication(about)
    if (begun.kind !== 'begun') throw new Error(begun.kind)
    return begun
  }
  const signIn = async (authenticator: Authenticator, odd: Odd = {}, about: { subject?: string } = {}): Promise<AuthenticationEnd> => {
    const { options, cookie } = await ask(about)
    const response = authenticator.get(options, odd)
    return passkeys.finishAuthentication({ request: requestOf({ cookie: pair(cookie) }), response, ...about })
  }
  return {
    passkeys, another, store, factors, reports, now, begin, register, ask, signIn,
    advance: (ms: number) => {
      time += ms
    },
  } // prettier-ignore
}

describe('registering a passkey', () => {
  it('asks for a discoverable credential with user verification, and for no attestation; the challenge is 256 random bits [ASVS 6.7.2]', async () => {
    const s = setup()
    const options = await s.begin()
    expect(options).toMatchObject({
      rp: { id: 'app.example', name: 'Acme' },
      attestation: 'none',
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      excludeCredentials: [],
      user: { name: 'anna@example.org' },
    })
    expect(Buffer.from(options.challenge, 'base64url')).toHaveLength(32)
    // what authenticators keep for us names nobody
    expect(Buffer.from(options.user.id, 'base64url')).toHaveLength(32)
    expect(options.user.id).toBe((await s.factors.read('anna'))?.record.handle)
    expect((await s.begin()).user.id).toBe(options.user.id)
    expect((await s.begin()).challenge).not.toBe(options.challenge)
  })

  it('keeps the public key, the name and what is known of it; the list shows no key', async () => {
    const s = setup()
    const { id } = await s.register()
    expect(await s.passkeys.list('anna')).toEqual({
      kind: 'listed',
      passkeys: [{ id, name: 'Laptop', createdAt: s.now(), usedAt: undefined, transports: ['internal', 'hybrid'], backedUp: false }],
    })
    expect(s.reports.at(-1)).toMatchObject({ kind: 'registered', subject: 'anna', passkey: { id } })
  })

  it('excludes the ones that are there, so that nobody registers one device twice', async () => {
    const s = setup()
    const known = await s.register()
    const options = await s.begin()
    expect(options.excludeCredentials).toEqual([{ id: known.id, transports: ['internal', 'hybrid'], type: 'public-key' }])
    const again = await s.passkeys.finishRegistration('anna', { request, session: SESSION, response: known.create(options) })
    expect(again).toEqual({ kind: 'failed' })
  })

  it.each<[string, Odd]>([
    ['another origin', { origin: 'https://app.example.evil.test' }],
    ['the plain-http origin', { origin: 'http://app.example' }],
    ['another relying party', { rpId: 'evil.test' }],
    ['no user verification', { userVerified: false }],
    ['no user presence', { userPresent: false }],
    ['the type of an assertion', { type: 'webauthn.get' }],
    ['a challenge of its own', { challenge: Buffer.alloc(32, 1).toString('base64url') }],
  ])('refuses an answer with %s', async (_what, odd) => {
    const s = setup()
    const response = createAuthenticator().create(await s.begin(), odd)
    expect(await s.passkeys.finishRegistration('anna', { request, session: SESSION, response })).toEqual({ kind: 'failed' })
    expect(await s.passkeys.list('anna')).toEqual({ kind: 'listed', passkeys: [] })
    expect(s.reports.at(-1)).toMatchObject({ kind: 'refused', during: 'registration' })
  })

  it('takes a challenge once, within five minutes, in the session and for the subject that it was made for', async () => {
    const s = setup()
    const finish = (subject: string, session: string, response: Answer) =>
      s.passkeys.finishRegistration(subject, { request, session, response })
    const once = createAuthenticator().create(await s.begin())
    expect((await finish('anna', SESSION, once)).kind).toBe('registered')
    expect(await finish('anna', SESSION, once)).toEqual({ kind: 'failed' })
    expect(s.reports.at(-1)).toMatchObject({ reason: 'challenge' })
    expect(await finish('anna', 'session-2', createAuthenticator().create(await s.begin()))).toEqual({ kind: 'failed' })
    expect(s.reports.at(-1)).toMatchObject({ reason: 'binding' })
    expect(await finish('mallory', SESSION, createAuthenticator().create(await s.begin()))).toEqual({ kind: 'failed' })
    const late = createAuthenticator().create(await s.begin())
    s.advance(5 * 60_000)
    expect(await finish('anna', SESSION, late)).toEqual({ kind: 'failed' })
    // a challenge for signing in is none for registering
    const { options } = await s.ask({ subject: 'anna' })
    expect(await finish('anna', SESSION, createAuthenticator().create({ ...options, user: { id: 'x' } }))).toEqual({ kind: 'failed' })
  })

  it('never begins or ends in a flagged session', async () => {
    let flagged = true
    const s = setup({ mayEnrol: () => !flagged })
    expect(await s.passkeys.beginRegistration('anna', { request, session: SESSION, userName: 'anna' })).toEqual({
      kind: 'refused',
      reason: 'flagged',
    })
    flagged = false
    const response = createAuthenticator().create(await s.begin())
    flagged = true
    expect(await s.passkeys.finishRegistration('anna', { request, session: SESSION, response })).toEqual({
      kind: 'refused',
      reason: 'flagged',
    })
    const hook = setup({ mayEnrol: () => Promise.reject(new Error('down')) })
    expect((await hook.passkeys.beginRegistration('anna', { request, session: SESSION, userName: 'a' })).kind).toBe('refused')
  })

  it('stops at the most that a subject may have', async () => {
    const s = setup({ maxPerSubject: 2 })
    const options = await s.begin()
    await s.register()
    await s.register()
    const about = { request, session: SESSION, userName: 'anna' }
    expect(await s.passkeys.beginRegistration('anna', about)).toEqual({ kind: 'refused', reason: 'too_many' })
    const response = createAuthenticator().create(options)
    expect(await s.passkeys.finishRegistration('anna', { ...about, response })).toEqual({ kind: 'refused', reason: 'too_many' })
  })
})

describe('signing in with a passkey', () => {
  it('needs no name: the passkey finds its subject', async () => {
    const s = setup()
    const anna = await s.register('anna')
    const bert = await s.register('bert')
    const { options } = await s.ask()
    expect(options).toMatchObject({ rpId: 'app.example', userVerification: 'required' })
    expect(options.allowCredentials ?? []).toEqual([])
    expect(await s.signIn(anna)).toMatchObject({ kind: 'ok', subject: 'anna', passkey: { id: anna.id, usedAt: s.now() }, at: s.now() })
    expect(await s.signIn(bert)).toMatchObject({ kind: 'ok', subject: 'bert' })
    expect(s.reports.at(-1)).toMatchObject({ kind: 'verified', subject: 'bert' })
  })

  it('offers a known subject its own passkeys, and takes no other', async () => {
    const s = setup()
    const anna = await s.register('anna')
    const mallory = await s.register('mallory')
    const { options } = await s.ask({ subject: 'anna' })
    expect(options.allowCredentials).toEqual([{ id: anna.id, transports: ['internal', 'hybrid'], type: 'public-key' }])
    expect((await s.signIn(anna, {}, { subject: 'anna' })).kind).toBe('ok')
    expect(await s.signIn(mallory, {}, { subject: 'anna' })).toEqual({ kind: 'failed' })
    // an authenticator that keeps no handle may leave it out
    expect((await s.signIn(anna, { userHandle: undefined }, { subject: 'anna' })).kind).toBe('ok')
  })

  it.each<[string, Odd, string]>([
    ['another origin', { origin: 'https://evil.test' }, 'invalid'],
    ['a sub-domain as origin', { origin: 'https://cdn.app.example' }, 'invalid'],
    ['another relying party', { rpId: 'evil.test' }, 'invalid'],
    ['no user verification', { userVerified: false }, 'invalid'],
    ['the type of a registration', { type: 'webauthn.create' }, 'invalid'],
    ['a challenge of its own', { challenge: Buffer.alloc(32, 1).toString('base64url') }, 'challenge'],
    ['the handle of nobody', { userHandle: 'AAAA' }, 'unknown'],
    ['no handle', { userHandle: undefined }, 'unknown'],
  ])('refuses an answer with %s', async (_what, odd, reason) => {
    const s = setup()
    const anna = await s.register()
    expect(await s.signIn(anna, odd)).toEqual({ kind: 'failed' })
    expect(s.reports.at(-1)).toMatchObject({ kind: 'refused', during: 'authentication', reason })
  })

  it('refuses the handle of somebody else with a key of one’s own', async () => {
    const s = setup()
    const mallory = await s.register('mallory')
    await s.register('anna')
    const victim = (await s.factors.read('anna'))!.record.handle
    expect(await s.signIn(mallory, { userHandle: victim })).toEqual({ kind: 'failed' })
  })

  it('refuses one’s own key under the handle of somebody else, also where the subject is known', async () => {
    const s = setup()
    const anna = await s.register('anna')
    await s.register('bert')
    const other = (await s.factors.read('bert'))!.record.handle
    expect(await s.signIn(anna, { userHandle: other }, { subject: 'anna' })).toEqual({ kind: 'failed' })
    expect(s.reports.at(-1)).toMatchObject({ reason: 'unknown' })
  })

  it('does not survive a change of any bit that is signed, or of the numbers of its signature', async () => {
    const s = setup()
    const anna = await s.register()
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('clientDataJSON', 'authenticatorData', 'signature'), fc.nat(), async (part, place) => {
        const { options, cookie } = await s.ask()
        const response = anna.get(options)
        const bytes = Buffer.from(String(response.response[part]), 'base64url')
        // of the signature the last 24 bytes: they are all within its second number, behind the lengths that its encoding repeats
        const bit = part === 'signature' ? (bytes.length - 24) * 8 + (place % 192) : place % (bytes.length * 8)
        bytes[bit >> 3]! ^= 1 << (bit & 7)
        response.response[part] = bytes.toString('base64url')
        const end = await s.passkeys.finishAuthentication({ request: requestOf({ cookie: pair(cookie) }), response })
        expect(end).toEqual({ kind: 'failed' })
      }),
      { numRuns: 150 },
    )
  })

  it('takes a challenge once, also from ten requests at once', async () => {
    const s = setup({ store: slow(memoryStore({ clock: () => START })), factors: slow(memoryFactors()) })
    const anna = await s.register()
    const { options, cookie } = await s.ask()
    const about = { request: requestOf({ cookie: pair(cookie) }), response: anna.get(options) }
    const ends = await Promise.all(Array.from({ length: 10 }, () => s.passkeys.finishAuthentication(about)))
    expect(ends.filter(({ kind }) => kind === 'ok')).toHaveLength(1)
    expect(await s.passkeys.finishAuthentication(about)).toEqual({ kind: 'failed' })
  })

  it('takes a challenge from the browser that asked for it only, and not for ever', async () => {
    const s = setup()
    const anna = await s.register()
    const { options, cookie } = await s.ask()
    expect(cookie).toMatch(/^__Host-passkey=[\w-]{32}; Path=\/; HttpOnly; Secure; SameSite=Lax; Max-Age=300$/)
    expect(await s.passkeys.finishAuthentication({ request, response: anna.get(options) })).toEqual({ kind: 'failed' })
    expect(s.reports.at(-1)).toMatchObject({ reason: 'binding' })
    const late = await s.ask()
    s.advance(5 * 60_000)
    const about = { request: requestOf({ cookie: pair(late.cookie) }), response: anna.get(late.options) }
    expect(await s.passkeys.finishAuthentication(about)).toEqual({ kind: 'failed' })
  })

  it('binds to a session instead, where there is one', async () => {
    const s = setup()
    const anna = await s.register()
    const begun = await s.passkeys.beginAuthentication({ subject: 'anna', session: SESSION })
    if (begun.kind !== 'begun') throw new Error(begun.kind)
    expect(begun.cookie).toBeUndefined()
    const about = { request, response: anna.get(begun.options), subject: 'anna' }
    expect((await s.passkeys.finishAuthentication({ ...about, session: SESSION })).kind).toBe('ok')
    const second = await s.passkeys.beginAuthentication({ subject: 'anna', session: SESSION })
    if (second.kind !== 'begun') throw new Error(second.kind)
    const stolen = { request, response: anna.get(second.options), subject: 'anna', session: 'session-2' }
    expect(await s.passkeys.finishAuthentication(stolen)).toEqual({ kind: 'failed' })
  })

  it('answers an account that does not exist as one that does: the same options, the same failure', async () => {
    const s = setup()
    await s.register('anna')
    const [known, unknown] = [await s.ask(), await s.ask()]
    expect(Object.keys(known.options)).toEqual(Object.keys(unknown.options))
    const stranger = createAuthenticator()
    stranger.create({ challenge: '', user: { id: Buffer.alloc(32).toString('base64url') } })
    expect(await s.signIn(stranger)).toEqual({ kind: 'failed' })
    const handle = (await s.factors.read('anna'))!.record.handle
    expect(await s.signIn(stranger, { userHandle: handle })).toEqual({ kind: 'failed' })
  })
})

describe('the signature counter', () => {
  it('that does not grow means a copy of the key: refused and told', async () => {
    const s = setup()
    const anna = await s.register()
    expect((await s.signIn(anna, { counter: 10 })).kind).toBe('ok')
    for (const counter of [10, 9, 0]) {
      expect(await s.signIn(anna, { counter })).toEqual({ kind: 'failed' })
      expect(s.reports.slice(-2)).toMatchObject([
        { kind: 'clone_suspected', subject: 'anna', stored: 10, got: counter },
        { kind: 'refused', reason: 'clone' },
      ])
    }
    expect((await s.signIn(anna, { counter: 11 })).kind).toBe('ok')
  })

  it('is told and let pass where that is chosen', async () => {
    const s = setup({ onClone: 'report' })
    const anna = await s.register()
    await s.signIn(anna, { counter: 10 })
    expect((await s.signIn(anna, { counter: 3 })).kind).toBe('ok')
    expect(s.reports.some(({ kind }) => kind === 'clone_suspected')).toBe(true)
    expect((await s.factors.read('anna'))?.record.passkeys[0]?.counter).toBe(10)
  })

  it('of passkeys that are synchronised stays 0, which means nothing', async () => {
    const s = setup()
    const anna = await s.register()
    for (let i = 0; i < 3; i++) expect((await s.signIn(anna, { counter: 0, backedUp: true })).kind).toBe('ok')
    expect(await s.passkeys.list('anna')).toMatchObject({ passkeys: [{ backedUp: true }] })
  })
})

describe('what comes in', () => {
  it('may be anything: refused, never an error', async () => {
    const s = setup()
    const anna = await s.register()
    const { options, cookie } = await s.ask()
    const good = anna.get(options)
    const odd: unknown[] = [
      null, undefined, 7, 'x', [], {}, { ...good, id: 'x' }, { ...good, type: 'password' }, { ...good, response: null }, { ...good, id: 7, rawId: 7 },
      { ...good, response: { ...good.response, signature: 'x'.repeat(100_000) } }, { ...good, response: { ...good.response, clientDataJSON: 'e30' } },
      { ...good, response: { ...good.response, clientDataJSON: 'bm90IGpzb24' } }, { ...good, response: { ...good.response, authenticatorData: '' } },
      { ...good, response: { ...good.response, clientDataJSON: Buffer.from('{"challenge":{}}').toString('base64url') } },
      { id: '__proto__', rawId: '__proto__', type: 'public-key', response: { __proto__: null } },
    ] // prettier-ignore
    const browser = requestOf({ cookie: pair(cookie) })
    for (const response of odd) {
      expect(await s.passkeys.finishAuthentication({ request: browser, response })).toEqual({ kind: 'failed' })
      expect(await s.passkeys.finishRegistration('anna', { request, session: SESSION, response })).toEqual({ kind: 'failed' })
    }
    // none of it has spent the challenge
    expect((await s.passkeys.finishAuthentication({ request: browser, response: good })).kind).toBe('ok')
    await fc.assert(
      fc.asyncProperty(fc.anything(), async (response) => {
        expect((await s.passkeys.finishAuthentication({ request: browser, response })).kind).toBe('failed')
      }),
    )
  })
})

describe('the list', () => {
  it('can be renamed and shortened, each subject its own', async () => {
    const s = setup()
    const anna = await s.register('anna')
    expect(await s.passkeys.rename('anna', anna.id, 'Key\u0000ring')).toEqual({ kind: 'renamed' })
    expect(await s.passkeys.list('anna')).toMatchObject({ passkeys: [{ name: 'Key ring' }] })
    for (const [subject, id] of [['mallory', anna.id], ['anna', 'another']] as const) {
      expect(await s.passkeys.rename(subject, id, 'x')).toEqual({ kind: 'not_found' })
      expect(await s.passkeys.remove(subject, id)).toEqual({ kind: 'not_found' })
    } // prettier-ignore
    expect(await s.passkeys.remove('anna', anna.id)).toEqual({ kind: 'removed' })
    expect(await s.signIn(anna)).toEqual({ kind: 'failed' })
    expect(s.reports.map(({ kind }) => kind)).toEqual(['registered', 'renamed', 'removed', 'refused'])
  })

  it('ends with a reset of all factors: the old passkey finds nobody, and a new one gets another handle', async () => {
    const s = setup()
    const anna = await s.register('anna')
    const handle = (await s.factors.read('anna'))!.record.handle
    const mfa = createMfa({ issuer: 'Acme', store: s.store, factors: s.factors, keyring: createKeyring({ keys: [Buffer.alloc(32, 1)] }) })
    expect(await mfa.reset('anna')).toEqual({ kind: 'removed' })
    expect(await s.signIn(anna)).toEqual({ kind: 'failed' })
    const again = await s.register('anna')
    expect((await s.factors.read('anna'))!.record.handle).not.toBe(handle)
    expect(await s.signIn(anna)).toEqual({ kind: 'failed' })
    expect((await s.signIn(again)).kind).toBe('ok')
  })

  it('of one who loses the last factor loses the recovery codes too', async () => {
    const s = setup()
    const anna = await s.register('anna')
    const mfa = createMfa({ issuer: 'Acme', store: s.store, factors: s.factors, keyring: createKeyring({ keys: [Buffer.alloc(32, 1)] }) })
    expect((await mfa.regenerateRecoveryCodes('anna')).kind).toBe('issued')
    await s.passkeys.remove('anna', anna.id)
    expect(await mfa.recoveryCodesLeft('anna')).toEqual({ kind: 'counted', left: 0 })
  })
})

describe('with second factors', () => {
  it('a passkey is one: asked for by name, checked here, recorded there', async () => {
    const s = setup()
    const anna = await s.register('anna')
    const keyring = createKeyring({ keys: [Buffer.alloc(32, 1)] })
    const mfa = createMfa({ issuer: 'Acme', store: s.store, factors: s.factors, keyring, passkeys: s.passkeys, clock: s.now })
    const first = await mfa.afterFirstFactor('anna', request)
    if (first.kind !== 'required') throw new Error(first.kind)
    expect(first.factors).toEqual(['passkey'])
    const pending = mfa.pending(request, first.token)
    const { options, cookie } = await s.ask({ subject: pending.kind === 'pending' ? pending.subject : '' })
    const browser = requestOf({ cookie: `${pair(first.cookie)}; ${pair(cookie)}` })
    const verdict = await mfa.complete(browser, { assertion: anna.get(options) })
    expect(verdict).toMatchObject({ kind: 'ok', subject: 'anna', method: 'password', factor: { kind: 'passkey', id: anna.id } })
  })
})

describe('the login shield', () => {
  const shielded = () => {
    const attempts: LoginReport[] = []
    const store = memoryStore({ clock: () => START })
    const login = createLogin({
      store,
      clock: () => START,
      delay: 'none',
      secret: 'a secret of this test, long enough 123',
      report: (one) => attempts.push(one),
    })
    return { ...setup({ store, login, clock: () => START }), attempts }
  }

  it('is around every assertion: counted by subject and address, under its own method', async () => {
    const s = shielded()
    const anna = await s.register('anna')
    const end = await s.signIn(anna)
    expect(end.kind === 'ok' && end.cookies.map((cookie) => cookie.split('=')[0])).toEqual(['__Host-device', '__Host-passkey'])
    await s.signIn(anna, { origin: 'https://evil.test' })
    await s.signIn(anna, { userHandle: 'AAAA' })
    expect(s.attempts.map(({ method, outcome, reason, subject }) => [method, outcome, reason, subject])).toEqual([
      ['passkey', 'ok', undefined, 'anna'],
      ['passkey', 'failed', 'bad_passkey', 'anna'],
      ['passkey', 'failed', 'unknown_user', 'passkey:AAAA'],
    ])
  })

  it('locks after five wrong answers, and says so in the report', async () => {
    const s = shielded()
    const anna = await s.register('anna')
    for (let i = 0; i < 5; i++) expect((await s.signIn(anna, { rpId: 'evil.test' })).kind).toBe('failed')
    expect(await s.signIn(anna)).toEqual({ kind: 'locked', retryAfter: 900 })
    expect(s.reports.at(-1)).toMatchObject({ kind: 'refused', reason: 'locked' })
  })
})

describe('a decision of the control plane', () => {
  const held = (kind: 'suspend' | 'reset') => {
    const store = memoryStore({ clock: () => START })
    const login = createLogin({ store, clock: () => START, delay: 'none', hold: () => ({ kind, until: START + 3_600_000 }) })
    return setup({ store, login, clock: () => START })
  }

  it('that suspends keeps a right passkey out, and answers as for a wrong one', async () => {
    const s = held('suspend')
    const anna = await s.register('anna')
    expect(await s.signIn(anna)).toEqual({ kind: 'failed' })
    expect(await s.signIn(anna, { rpId: 'evil.test' })).toEqual({ kind: 'failed' })
    expect(s.reports.map((report) => 'reason' in report && report.reason)).toEqual([false, 'held', 'invalid'])
  })

  it('that wants a new password leads to a reset', async () => {
    const s = held('reset')
    const anna = await s.register('anna')
    expect(await s.signIn(anna)).toMatchObject({ kind: 'reset_required', subject: 'anna', passkey: { id: anna.id } })
    expect(s.reports.some(({ kind }) => kind === 'verified')).toBe(false)
  })
})

describe('trouble', () => {
  it('is told by the part that failed, and signs nobody in', async () => {
    const s = setup()
    const anna = await s.register()
    const noStore = s.another({ store: broken(s.store) })
    const noFactors = s.another({ factors: broken(s.factors) })
    const { options, cookie } = await s.ask()
    const about = { request: requestOf({ cookie: pair(cookie) }), response: anna.get(options) }
    expect(await noStore.finishAuthentication(about)).toEqual({ kind: 'degraded', reason: 'store' })
    expect(await noFactors.finishAuthentication(about)).toEqual({ kind: 'degraded', reason: 'factors' })
    expect(await noStore.beginAuthentication()).toEqual({ kind: 'degraded', reason: 'store' })
    expect(await noFactors.beginAuthentication({ subject: 'anna' })).toEqual({ kind: 'degraded', reason: 'factors' })
    const registration = { request, session: SESSION, userName: 'anna' }
    expect(await noStore.beginRegistration('anna', registration)).toEqual({ kind: 'degraded', reason: 'store' })
    expect(await noFactors.beginRegistration('anna', registration)).toEqual({ kind: 'degraded', reason: 'factors' })
    const response = createAuthenticator().create(await s.begin())
    expect(await noStore.finishRegistration('anna', { request, session: SESSION, response })).toEqual({ kind: 'degraded', reason: 'store' })
    for (const asked of [noFactors.list('anna'), noFactors.rename('anna', 'x', 'y'), noFactors.remove('anna', 'x')])
      expect(await asked).toEqual({ kind: 'degraded', reason: 'factors' })
    const down = createLogin({ store: broken(s.store), delay: 'none' })
    expect(await s.another({ login: down }).finishAuthentication(about)).toEqual({ kind: 'degraded', reason: 'shield' })
    const busy = { attempt: async () => ({ kind: 'limited' as const, reason: 'busy' as const, retryAfter: 1 }) }
    expect(await s.another({ login: busy }).finishAuthentication(about)).toEqual({ kind: 'degraded', reason: 'busy' })
    await expect(s.passkeys.list('')).rejects.toThrow('subject: takes 1 to 512 characters')
  })

  it('of whoever listens decides nothing', async () => {
    const s = setup({
      report: () => {
        throw new Error('log is full')
      },
    })
    expect((await s.signIn(await s.register())).kind).toBe('ok')
  })
})

describe('options', () => {
  const good: PasskeysOptions = { rpName: 'Acme', origins: [ORIGIN], store: memoryStore(), factors: memoryFactors() }

  it('refuse an IP address, and plain http beyond localhost, with what to write instead', () => {
    for (const origin of ['http://127.0.0.1:3000', 'https://203.0.113.7', 'https://[2001:db8::1]', 'http://[::1]:8080'])
      expect(() => createPasskeys({ ...good, origins: [origin] })).toThrow(
        'give a name instead of the IP address, such as http://localhost:3000',
      )
    expect(() => createPasskeys({ ...good, origins: ['http://app.example'] })).toThrow('write https')
    for (const origin of ['http://localhost:3000', 'https://localhost', 'http://acme.localhost:8080', 'https://app.example:8443'])
      expect(() => createPasskeys({ ...good, origins: [origin] })).not.toThrow()
  })

  it('ask for the domain that several origins share', () => {
    const origins = ['https://a.example.com', 'https://b.example.com']
    expect(() => createPasskeys({ ...good, origins })).toThrow('passkeys.rpId is undefined; give the domain that all origins share')
    expect(() => createPasskeys({ ...good, origins, rpId: 'example.com' })).not.toThrow()
    expect(() => createPasskeys({ ...good, origins, rpId: 'a.example.com' })).toThrow('give a domain that b.example.com belongs to')
    // a suffix of the text that is no domain above it
    expect(() => createPasskeys({ ...good, origins: ['https://evilexample.com'], rpId: 'example.com' })).toThrow('evilexample.com')
  })

  it('are refused by name, value and fix', () => {
    for (const [option, value, message] of [
      ['rpName', '', 'passkeys.rpName is ""'],
      ['origins', [], 'passkeys.origins is []'],
      ['origins', ['app.example'], 'passkeys.origins is "app.example"'],
      ['origins', undefined, 'passkeys.origins is undefined'],
      ['rpId', 'https://app.example', 'passkeys.rpId is "https://app.example"; give a domain in lower case'],
      ['rpId', '127.0.0.1', 'passkeys.rpId is "127.0.0.1"'],
      ['store', undefined, 'passkeys.store is undefined'],
      ['factors', undefined, 'passkeys.factors is undefined'],
      ['challengeMs', 1, 'passkeys.challengeMs is 1'],
      ['maxPerSubject', 0, 'passkeys.maxPerSubject is 0'],
      ['onClone', 'ignore', "passkeys.onClone is \"ignore\"; give 'refuse' or 'report'"],
      ['mayEnrol', 1, 'passkeys.mayEnrol is 1; give a function'],
      ['login', {}, 'passkeys.login.attempt is "undefined"'],
      ['cookie', { name: 'a b' }, 'passkeys.cookie.name is "a b"'],
      ['rpID', 'x', 'passkeys has no option "rpID"'],
    ] as const)
      expect(() => createPasskeys({ ...good, [option]: value })).toThrow(message)
  })
})
