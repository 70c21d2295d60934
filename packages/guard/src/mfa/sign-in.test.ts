import { describe, expect, it } from 'vitest'
import { createLogin } from '../login/login.js'
import type { LoginMethod, LoginReport } from '../login/report.js'
import { createSessions } from '../session/sessions.js'
import { memoryStore } from '../store/memory-store.js'
import { memoryFactors } from './factor-store.js'
import { broken, requestOf, setup, slow, START, type Setup } from './fixtures/setup.js'
import type { FirstFactorVerdict } from './types.js'

const browser = requestOf()
const pair = (setCookie: string): string => setCookie.split(';')[0] ?? ''

type Required = Extract<FirstFactorVerdict, { kind: 'required' }>
const afterPassword = async (s: Setup, subject = 'anna'): Promise<Required> => {
  const verdict = await s.mfa.afterFirstFactor(subject, browser)
  if (verdict.kind !== 'required') throw new Error(verdict.kind)
  return verdict
}

describe('after a right first factor', () => {
  it('nothing more is asked of somebody who has enrolled nothing', async () => {
    expect(await setup().mfa.afterFirstFactor('anna', browser)).toEqual({ kind: 'none_required' })
  })

  it('a factor is asked of everybody else, under a short-lived token in a cookie of this host', async () => {
    const s = setup()
    await s.enrol()
    const verdict = await afterPassword(s)
    expect(verdict).toMatchObject({ factors: ['totp', 'recovery_code'], expiresAt: s.now() + 5 * 60_000 })
    expect(verdict.cookie).toBe(`__Host-mfa=${verdict.token}; Path=/; HttpOnly; Secure; SameSite=Lax`)
    expect(verdict.token).not.toContain('anna')
    expect(Buffer.from(verdict.token.slice(9), 'base64url').toString('latin1')).not.toContain('anna')
  })

  it('trap: MFA skipped on another sign-in path: every method but a passkey, which is both factors, leads to it [ASVS 6.3.4]', async () => {
    const s = setup()
    await s.enrol()
    const methods: Record<LoginMethod, FirstFactorVerdict['kind']> = {
      password: 'required',
      code: 'required',
      recovery_code: 'required',
      reset_token: 'required',
      api_key: 'required',
      passkey: 'none_required',
    }
    for (const [method, kind] of Object.entries(methods))
      expect((await s.mfa.afterFirstFactor('anna', browser, { method: method as LoginMethod })).kind).toBe(kind)
    // and one that this version does not know
    expect((await s.mfa.afterFirstFactor('anna', browser, { method: 'magic_link' as LoginMethod })).kind).toBe('required')
  })

  it('trap: MFA skipped on another sign-in path: a password that was just reset still needs the factor [ASVS 6.4.3]', async () => {
    const s = setup()
    const { secret } = await s.enrol()
    const verdict = await s.mfa.afterFirstFactor('anna', browser, { method: 'reset_token' })
    expect(verdict.kind).toBe('required')
    const token = verdict.kind === 'required' ? verdict.token : ''
    expect(await s.mfa.complete(browser, { code: s.codeOf(secret) }, token)).toMatchObject({ kind: 'ok', method: 'reset_token' })
  })

  it('is trouble when the factors cannot be read: nobody is let in on half a proof', async () => {
    const s = setup()
    await s.enrol()
    const verdict = await s.another({ factors: broken(s.factors) }).afterFirstFactor('anna', browser)
    expect(verdict).toEqual({ kind: 'degraded', reason: 'factors' })
  })
})

describe('the second step', () => {
  it('signs in with a right code, says with what, and takes the cookie back', async () => {
    const s = setup()
    const { secret, id } = await s.enrol()
    const { cookie } = await afterPassword(s)
    const verdict = await s.mfa.complete(requestOf({ cookie: `a=b; ${pair(cookie)}` }), { code: s.codeOf(secret) })
    expect(verdict).toMatchObject({ kind: 'ok', subject: 'anna', method: 'password', factor: { kind: 'totp', id } })
    expect(verdict.kind === 'ok' && verdict.cookies).toEqual(['__Host-mfa=; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=0'])
  })

  it('may be tried again after a typing error, and is good for one sign-in', async () => {
    const s = setup()
    const { secret } = await s.enrol()
    const { token } = await afterPassword(s)
    expect(await s.mfa.complete(browser, { code: '12345' }, token)).toEqual({ kind: 'failed' })
    expect((await s.mfa.complete(browser, { code: s.codeOf(secret) }, token)).kind).toBe('ok')
    s.advance(30_000)
    expect(await s.mfa.complete(browser, { code: s.codeOf(secret) }, token)).toEqual({ kind: 'expired' })
    expect(s.reports.at(-1)).toMatchObject({ kind: 'refused', reason: 'pending_reused' })
    // and the code that came with it is not spent
    expect((await s.mfa.verify('anna', { code: s.codeOf(secret) }, browser)).kind).toBe('ok')
  })

  it('signs in once when ten requests come at once with ten proofs', async () => {
    const s = setup({ store: slow(memoryStore({ clock: () => START })), factors: slow(memoryFactors()), attempts: 20 })
    const { recoveryCodes } = await s.enrol()
    const { token } = await afterPassword(s)
    const verdicts = await Promise.all(recoveryCodes.map((recoveryCode) => s.mfa.complete(browser, { recoveryCode }, token)))
    expect(verdicts.filter(({ kind }) => kind === 'ok')).toHaveLength(1)
  })

  it('ends after five minutes', async () => {
    const s = setup()
    const { secret } = await s.enrol()
    const { token } = await afterPassword(s)
    s.advance(5 * 60_000 - 1)
    expect(s.mfa.pending(browser, token)).toMatchObject({ kind: 'pending', subject: 'anna', method: 'password' })
    s.advance(1)
    expect(s.mfa.pending(browser, token)).toEqual({ kind: 'none' })
    expect(await s.mfa.complete(browser, { code: s.codeOf(secret) }, token)).toEqual({ kind: 'expired' })
  })

  it('is for the browser that gave the first factor', async () => {
    const s = setup()
    const { secret } = await s.enrol()
    const { token } = await afterPassword(s)
    const other = requestOf({ agent: 'curl/8.5.0' })
    expect(await s.mfa.complete(other, { code: s.codeOf(secret) }, token)).toEqual({ kind: 'expired' })
    expect((await s.mfa.complete(browser, { code: s.codeOf(secret) }, token)).kind).toBe('ok')
  })

  it('takes no token that we did not make for this: forged, cut, of another purpose or another key', async () => {
    const s = setup()
    const { secret } = await s.enrol()
    const { token } = await afterPassword(s)
    const proof = { code: s.codeOf(secret) }
    const sealed = (purpose: string): string =>
      s.keyring.seal(purpose, '{"subject":"anna","id":"x","method":"password","expiresAt":9e15}', '')
    for (const odd of [
      '',
      'x',
      token.slice(0, -2),
      `${token}A`,
      token.replace('.', '.A'),
      sealed('guard.totp-secret'),
      'x'.repeat(100_000),
      '.',
    ])
      expect(await s.mfa.complete(browser, proof, odd)).toEqual({ kind: 'expired' })
    for (const odd of [7, {}, null] as unknown as string[]) expect((await s.mfa.complete(browser, proof, odd)).kind).toBe('expired')
    expect(await s.mfa.complete(browser, proof)).toEqual({ kind: 'expired' })
  })

  it('is degraded, and not a sign-in, when its mark cannot be kept', async () => {
    const s = setup()
    const { secret } = await s.enrol()
    const { token } = await afterPassword(s)
    const proof = { code: s.codeOf(secret) }
    expect(await s.another({ store: broken(s.store) }).complete(browser, proof, token)).toEqual({ kind: 'degraded', reason: 'store' })
    const noMark = { ...s.store, write: (key: string, value: string, settings: { ttlMs: number }) =>
      key.startsWith('mfa:pending:') ? Promise.reject(new Error('down')) : s.store.write(key, value, settings) } // prettier-ignore
    expect(await s.another({ store: noMark }).complete(browser, proof, token)).toEqual({ kind: 'degraded', reason: 'store' })
  })
})

describe('with the login shield', () => {
  const shielded = (): Setup & { readonly attempts: LoginReport[]; readonly login: ReturnType<typeof createLogin> } => {
    let time = START
    const attempts: LoginReport[] = []
    const store = memoryStore({ clock: () => time })
    const login = createLogin({
      store,
      clock: () => time,
      secret: 'a secret of this test, long enough 123',
      delay: 'none',
      report: (report) => attempts.push(report),
    })
    const s = setup({ store, login, clock: () => time })
    const advance = (ms: number): void => {
      time += ms
      s.advance(ms)
    }
    const enrol: Setup['enrol'] = async (...given) => {
      const enrolled = await s.enrol(...given)
      time = s.now()
      return enrolled
    }
    return { ...s, attempts, login, advance, enrol }
  }

  it('codes are attempts like passwords: reported by method, and a success makes the device known', async () => {
    const s = shielded()
    const { secret, recoveryCodes } = await s.enrol()
    await s.mfa.verify('anna', { code: '000000' }, browser)
    const verdict = await s.mfa.verify('anna', { code: s.codeOf(secret) }, browser)
    await s.mfa.verify('anna', { recoveryCode: recoveryCodes[0]! }, browser)
    expect(s.attempts.map(({ method, outcome, reason }) => [method, outcome, reason])).toEqual([
      ['code', 'failed', 'bad_code'],
      ['code', 'ok', undefined],
      ['recovery_code', 'ok', undefined],
    ])
    expect(verdict.kind === 'ok' && verdict.cookies[0]).toMatch(/^__Host-device=/)
  })

  it('a stolen password does not buy guesses: its success clears the shield, and not the budget of codes [ASVS 6.3.1]', async () => {
    const s = shielded()
    const { secret } = await s.enrol()
    const kinds: string[] = []
    for (let i = 0; i < 8; i++) {
      await s.login.attempt({ subject: 'anna', method: 'password', request: browser }, () => true)
      kinds.push((await s.mfa.verify('anna', { code: '000000' }, browser)).kind)
    }
    expect(kinds).toEqual([...Array.from({ length: 5 }, () => 'failed'), 'locked', 'locked', 'locked'])
    expect((await s.mfa.verify('anna', { code: s.codeOf(secret) }, browser)).kind).toBe('locked')
  })

  it('a lock of the shield holds for codes too', async () => {
    const s = shielded()
    const { secret } = await s.enrol()
    for (let i = 0; i < 5; i++) await s.login.attempt({ subject: 'anna', method: 'password', request: browser }, () => false)
    expect(await s.mfa.verify('anna', { code: s.codeOf(secret) }, browser)).toMatchObject({ kind: 'locked' })
    s.advance(15 * 60_000)
    expect((await s.mfa.verify('anna', { code: s.codeOf(secret) }, browser)).kind).toBe('ok')
  })

  it('an address that guesses the codes of many is locked', async () => {
    const s = shielded()
    for (const subject of ['a', 'b', 'c', 'd', 'e']) await s.mfa.verify(subject, { code: '000000' }, browser)
    expect(await s.mfa.verify('f', { code: '000000' }, browser)).toMatchObject({ kind: 'locked' })
    expect((await s.mfa.verify('f', { code: '000000' }, requestOf({ address: '198.51.100.9' }))).kind).toBe('failed')
  })

  it('trouble keeps its name', async () => {
    const s = shielded()
    const { secret } = await s.enrol()
    const proof = { code: s.codeOf(secret) }
    const noFactors = s.another({ factors: broken(s.factors), login: s.login })
    expect(await noFactors.verify('anna', proof, browser)).toEqual({ kind: 'degraded', reason: 'factors' })
    const down = createLogin({ store: broken(s.store), delay: 'none' })
    expect(await s.another({ login: down }).verify('anna', proof, browser)).toEqual({ kind: 'degraded', reason: 'shield' })
    const busy = { attempt: async () => ({ kind: 'limited' as const, reason: 'busy' as const, retryAfter: 1 }) }
    expect(await s.another({ login: busy }).verify('anna', proof, browser)).toEqual({ kind: 'degraded', reason: 'busy' })
  })
})

describe('a decision of the control plane', () => {
  const held = (kind: 'suspend' | 'reset' | 'block'): Setup => {
    const store = memoryStore({ clock: () => START })
    const login = createLogin({ store, clock: () => START, delay: 'none', hold: () => ({ kind, until: START + 3_600_000 }) })
    return setup({ store, login, clock: () => START })
  }
  const enrolled = async (s: Setup): Promise<readonly string[]> => (await s.enrol()).recoveryCodes

  it('that suspends keeps a right code out, and answers as for a wrong one', async () => {
    const s = held('suspend')
    const [right = ''] = await enrolled(s)
    expect(await s.mfa.verify('anna', { recoveryCode: right }, browser)).toEqual({ kind: 'failed' })
    expect(s.reports.at(-1)).toMatchObject({ kind: 'refused', reason: 'held' })
    const { token } = await afterPassword(s)
    const [, second = ''] = await enrolled(held('suspend'))
    expect((await s.mfa.complete(browser, { recoveryCode: second }, token)).kind).not.toBe('ok')
  })

  it('that blocks is a lock', async () => {
    const s = held('block')
    const [right = ''] = await enrolled(s)
    expect(await s.mfa.verify('anna', { recoveryCode: right }, browser)).toMatchObject({ kind: 'locked' })
  })

  it('that wants a new password leads to a reset, and does not keep out whoever is making one', async () => {
    const s = held('reset')
    const [first = '', second = ''] = await enrolled(s)
    expect(await s.mfa.verify('anna', { recoveryCode: first }, browser)).toEqual({ kind: 'reset_required', subject: 'anna' })
    const reset = await s.mfa.afterFirstFactor('anna', browser, { method: 'reset_token' })
    if (reset.kind !== 'required') throw new Error(reset.kind)
    expect(await s.mfa.complete(browser, { recoveryCode: second }, reset.token)).toMatchObject({ kind: 'ok', method: 'reset_token' })
    // a wrong proof is wrong there too
    const again = await s.mfa.afterFirstFactor('anna', browser, { method: 'reset_token' })
    if (again.kind !== 'required') throw new Error(again.kind)
    expect(await s.mfa.complete(browser, { recoveryCode: second }, again.token)).toEqual({ kind: 'failed' })
  })

  it('is obeyed for passkeys as second factor as well', async () => {
    const passkey = { id: 'k', name: 'Key' }
    const s = setup({ passkeys: { finishAuthentication: async ({ subject }) => ({ kind: 'reset_required', subject, passkey, at: 7 }) } })
    await s.enrol()
    expect(await s.mfa.verify('anna', { assertion: {} }, browser)).toEqual({ kind: 'reset_required', subject: 'anna' })
    const reset = await s.mfa.afterFirstFactor('anna', browser, { method: 'reset_token' })
    const token = reset.kind === 'required' ? reset.token : ''
    expect(await s.mfa.complete(browser, { assertion: {} }, token)).toMatchObject({ kind: 'ok', factor: { kind: 'passkey', id: 'k' } })
  })

  it('during a campaign asks no puzzle of somebody whose first factor was right', async () => {
    const asked: unknown[] = []
    const login: NonNullable<Parameters<typeof setup>[0]>['login'] = {
      attempt: async (attempt) => {
        asked.push(attempt)
        return { kind: 'failed' }
      },
    }
    await setup({ login }).mfa.verify('anna', { code: '000000' }, browser)
    expect(asked).toEqual([{ subject: 'anna', method: 'code', request: browser, challengePassed: true }])
  })
})

describe('a passkey as second factor', () => {
  const passkey = { id: 'k', name: 'Key' }

  it('is judged by the part for passkeys, for this subject', async () => {
    const asked: unknown[] = []
    const s = setup({
      passkeys: {
        finishAuthentication: async (about) => {
          asked.push(about)
          return { kind: 'ok', subject: about.subject, passkey, at: 7, cookies: ['c=1'] }
        },
      },
    })
    const verdict = await s.mfa.verify('anna', { assertion: { id: 'k' } }, browser)
    expect(verdict).toEqual({ kind: 'ok', subject: 'anna', factor: { kind: 'passkey', ...passkey }, at: 7, cookies: ['c=1'] })
    expect(asked).toEqual([{ request: browser, response: { id: 'k' }, subject: 'anna' }])
  })

  it('of somebody else is no proof, and refusals are passed on', async () => {
    const other = { kind: 'ok', subject: 'mallory', passkey, at: 7, cookies: [] } as const
    for (const [answer, expected] of [
      [other, { kind: 'failed' }],
      [{ kind: 'failed' }, { kind: 'failed' }],
      [
        { kind: 'locked', retryAfter: 9 },
        { kind: 'locked', retryAfter: 9 },
      ],
      [
        { kind: 'degraded', reason: 'store' },
        { kind: 'degraded', reason: 'store' },
      ],
    ] as const) {
      const s = setup({ passkeys: { finishAuthentication: async () => answer } })
      expect(await s.mfa.verify('anna', { assertion: {} }, browser)).toEqual(expected)
    }
  })

  it('still opens the door when the codes are locked: it cannot be guessed', async () => {
    const s = setup({ passkeys: { finishAuthentication: async ({ subject }) => ({ kind: 'ok', subject, passkey, at: 7, cookies: [] }) } })
    await s.enrol()
    for (let i = 0; i < 6; i++) await s.mfa.verify('anna', { code: '000000' }, browser)
    expect((await s.mfa.verify('anna', { code: '000000' }, browser)).kind).toBe('locked')
    expect((await s.mfa.verify('anna', { assertion: {} }, browser)).kind).toBe('ok')
  })
})

describe('step-up', () => {
  const signedIn = async (): Promise<Setup & { sessions: ReturnType<typeof createSessions>; cookie: string }> => {
    let time = START
    const store = memoryStore({ clock: () => time })
    const sessions = createSessions({ store, clock: () => time })
    const s = setup({ store, sessions, clock: () => time })
    const started = await sessions.start('anna', { theme: 'dark' }, browser)
    if (started.kind !== 'started') throw new Error(started.kind)
    const advance = (ms: number): void => {
      time += ms
      s.advance(ms)
    }
    const enrol: Setup['enrol'] = async (...given) => {
      const enrolled = await s.enrol(...given)
      time = s.now()
      return enrolled
    }
    return { ...s, sessions, advance, enrol, cookie: pair(started.cookie) }
  }

  it('is asked for once the last proof is too old for the act', async () => {
    const s = setup()
    const session = { authenticatedAt: START }
    expect(s.mfa.needsStepUp(session, 300_000)).toBe(false)
    s.advance(300_000)
    expect(s.mfa.needsStepUp(session, 300_000)).toBe(false)
    s.advance(1)
    expect(s.mfa.needsStepUp(session, 300_000)).toBe(true)
    expect(s.mfa.needsStepUp({ authenticatedAt: s.now(), flag: { at: s.now() } as never }, 300_000)).toBe(true)
    // a session from the future, or without a time, is not fresh
    expect(s.mfa.needsStepUp({ authenticatedAt: s.now() + 1 }, 300_000)).toBe(true)
    expect(s.mfa.needsStepUp({ authenticatedAt: Number.NaN }, 300_000)).toBe(true)
  })

  it('gives the session a new id, keeps its data, and writes down when and with what [ASVS 7.2.4]', async () => {
    const s = await signedIn()
    const { secret } = await s.enrol()
    const request = requestOf({ cookie: s.cookie })
    const verdict = await s.mfa.stepUp(request, { code: s.codeOf(secret) })
    if (verdict.kind !== 'ok') throw new Error(verdict.kind)
    const renewed = pair(verdict.cookies.at(-1) ?? '')
    expect(renewed).not.toBe(s.cookie)
    const found = await s.sessions.read(requestOf({ cookie: renewed }))
    expect(found).toMatchObject({
      kind: 'active',
      session: { authenticatedAt: s.now(), data: { theme: 'dark' }, factors: [{ factor: 'totp', at: s.now() }] },
    })
    expect(found.kind === 'active' && s.mfa.needsStepUp(found.session, 0)).toBe(false)
  })

  it('changes nothing with a wrong code, or without a session', async () => {
    const s = await signedIn()
    await s.enrol()
    const request = requestOf({ cookie: s.cookie })
    expect(await s.mfa.stepUp(request, { code: '000000' })).toEqual({ kind: 'failed' })
    const found = await s.sessions.read(request)
    expect(found.kind === 'active' && found.session.authenticatedAt).toBe(START)
    expect(await s.mfa.stepUp(browser, { code: '000000' })).toEqual({ kind: 'none' })
    await expect(setup().mfa.stepUp(browser, { code: '000000' })).rejects.toThrow('mfa.sessions is undefined; give the sessions')
  })

  it('does not count where the session could not be renewed', async () => {
    const s = await signedIn()
    const { secret } = await s.enrol()
    const sessions = { ...s.sessions, rotate: async () => ({ kind: 'degraded' as const, reason: 'down' }) }
    const verdict = await s.another({ sessions }).stepUp(requestOf({ cookie: s.cookie }), { code: s.codeOf(secret) })
    expect(verdict).toEqual({ kind: 'degraded', reason: 'store' })
    const down = { ...s.sessions, read: async () => ({ kind: 'degraded' as const, reason: 'down' }) }
    expect((await s.another({ sessions: down }).stepUp(browser, { code: '000000' })).kind).toBe('degraded')
  })
})
