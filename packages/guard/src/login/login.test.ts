import type { Store } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import type { GuardRequest } from '../request/guard-request.js'
import { memoryStore } from '../store/memory-store.js'
import { createLogin, type Login, type LoginVerdict, UNKNOWN_SUBJECT } from './login.js'
import type { LoginOptions } from './options.js'
import type { LoginReport } from './report.js'

const SECRET = 'k3y-for-tests-0123456789abcdefghij'
const MINUTE = 60_000
const DAY = 86_400_000

type Try = { subject?: string; password?: string; address?: string; cookie?: string | undefined; credential?: string }
type Setup = {
  login: Login
  advance: (ms: number) => void
  reports: LoginReport[]
  slept: number[]
  verified: () => number
  attempt: (input?: Try) => Promise<LoginVerdict>
}
const setup = (options: Partial<LoginOptions> = {}, hashMs = 0): Setup => {
  let now = 1_800_000_000_000
  let verified = 0
  const reports: LoginReport[] = []
  const slept: number[] = []
  const store = options.store ?? memoryStore({ clock: () => now })
  const login = createLogin({
    clock: () => now,
    secret: SECRET,
    report: (report) => reports.push(report),
    sleep: async (ms) => {
      slept.push(ms)
    },
    ...options,
    store,
  })
  return {
    login,
    reports,
    slept,
    verified: () => verified,
    advance: (ms) => {
      now += ms
    },
    attempt: ({ subject = 'anna', password = 'wrong', address = '203.0.113.7', cookie, credential } = {}) => {
      const headers: Record<string, string | undefined> = { cookie, 'user-agent': 'Firefox' }
      const request: GuardRequest = { method: 'POST', url: '/login', header: (name) => headers[name], peer: address, secure: true }
      return login.attempt({ subject, method: 'password', request, ...(credential === undefined ? {} : { credential }) }, async () => {
        verified++
        now += hashMs
        await new Promise((resolve) => setImmediate(resolve))
        if (subject.startsWith('nobody')) return UNKNOWN_SUBJECT
        return password === 'right' ? { name: subject } : false
      })
    },
  }
}
const fail = async (s: Setup, times: number, input: Try = {}): Promise<string[]> => {
  const kinds: string[] = []
  for (let i = 0; i < times; i++) kinds.push((await s.attempt(input)).kind)
  return kinds
}
const deviceOf = async (s: Setup, input: Try = {}): Promise<string> => {
  const verdict = await s.attempt({ password: 'right', ...input })
  if (verdict.kind !== 'ok' || verdict.cookies[0] === undefined) throw new Error(verdict.kind)
  return verdict.cookies[0].split(';')[0] ?? ''
}

describe('five failures in 15 minutes', () => {
  it('lock the subject, also for the right password', async () => {
    const s = setup()
    expect(await fail(s, 5)).toEqual(['failed', 'failed', 'failed', 'failed', 'failed'])
    expect(await s.attempt({ password: 'right' })).toEqual({ kind: 'locked', scope: 'subject', retryAfter: 900 })
    expect(s.verified()).toBe(5)
  })

  it('from five addresses lock it too', async () => {
    const s = setup()
    for (let i = 1; i <= 5; i++) await s.attempt({ address: `198.51.100.${i}` })
    expect((await s.attempt({ address: '198.51.100.99' })).kind).toBe('locked')
  })

  it('do not lock when they are further apart', async () => {
    const s = setup()
    for (let i = 0; i < 20; i++) {
      expect((await s.attempt()).kind).toBe('failed')
      s.advance(4 * MINUTE)
    }
  })

  it('cannot be exceeded by attempts in parallel: counting comes before checking', async () => {
    const s = setup({ maxVerifying: 50 })
    const verdicts = await Promise.all(Array.from({ length: 50 }, (_, i) => s.attempt({ address: `198.51.100.${i}` })))
    expect(verdicts.filter(({ kind }) => kind === 'failed')).toHaveLength(5)
    expect(verdicts.filter(({ kind }) => kind === 'locked')).toHaveLength(45)
    expect(s.verified()).toBe(5)
  })

  it('lock nobody else', async () => {
    const s = setup()
    await fail(s, 5)
    expect((await s.attempt({ subject: 'bert', password: 'right', address: '198.51.100.1' })).kind).toBe('ok')
  })
})

describe('a lock', () => {
  it('grows from 15 minutes to an hour to a day', async () => {
    const s = setup()
    for (const [n, seconds] of [900, 3_600, 86_400, 86_400].entries()) {
      await fail(s, 5, { address: `198.51.100.${n}` })
      expect(await s.attempt({ address: '198.51.100.99' })).toMatchObject({ kind: 'locked', retryAfter: seconds })
      s.advance(seconds * 1_000)
    }
  })

  it('starts small again after a day of quiet', async () => {
    const s = setup()
    await fail(s, 5)
    s.advance(15 * MINUTE + DAY)
    await fail(s, 5)
    expect(await s.attempt()).toMatchObject({ kind: 'locked', retryAfter: 900 })
  })

  it('is not extended by attempts while it stands', async () => {
    const s = setup()
    await fail(s, 5)
    for (let i = 0; i < 14; i++) {
      s.advance(MINUTE)
      expect((await s.attempt()).kind).toBe('locked')
    }
    s.advance(MINUTE)
    expect((await s.attempt({ password: 'right' })).kind).toBe('ok')
  })

  it('is lifted by an operator under any spelling of the name', async () => {
    const s = setup()
    await fail(s, 5)
    await s.login.unlock(' ANNA ')
    expect((await s.attempt({ password: 'right' })).kind).toBe('ok')
  })
})

describe('names that do not exist', () => {
  it('are counted, locked and answered like those that do', async () => {
    const s = setup()
    const known = await fail(s, 7, { subject: 'anna', address: '198.51.100.1' })
    const unknown = await fail(s, 7, { subject: 'nobody-of-this-name', address: '198.51.100.2' })
    expect(unknown).toEqual(known)
  })

  it('take as long as a real check, also when they are locked', async () => {
    const s = setup({}, 80)
    await s.attempt({ subject: 'bert', password: 'right', address: '198.51.100.1' })
    const quick = setup({ store: memoryStore() })
    expect(quick.slept).toEqual([])
    await fail(s, 5)
    s.slept.length = 0
    expect((await s.attempt()).kind).toBe('locked')
    expect(s.slept).toHaveLength(1)
    expect(s.slept[0]).toBeGreaterThanOrEqual(78)
    expect(s.slept[0]).toBeLessThanOrEqual(80)
  })

  it('whose check returns at once are held until a real one would be done', async () => {
    let now = 0
    const slept: number[] = []
    const login = createLogin({ store: memoryStore({ clock: () => now }), clock: () => now, sleep: async (ms) => void slept.push(ms) })
    const request: GuardRequest = { method: 'POST', url: '/', header: () => undefined, peer: '203.0.113.7', secure: false }
    await login.attempt({ subject: 'anna', method: 'password', request }, async () => {
      now += 100
      return true
    })
    await login.attempt({ subject: 'nobody', method: 'password', request }, () => false)
    expect(slept).toEqual([100])
  })

  it('are told nothing about the tries left, unless the application chose to show it', async () => {
    expect(await setup().attempt()).toEqual({ kind: 'failed' })
    const s = setup({ revealRemaining: true })
    expect(await s.attempt()).toEqual({ kind: 'failed', remaining: 4 })
    await fail(s, 3)
    expect(await s.attempt()).toEqual({ kind: 'failed', remaining: 0 })
  })
})

describe('names of one account', () => {
  it('share one budget: spelling, and e-mail beside user name', async () => {
    const s = setup({ canonicalSubject: async (name) => (name.toLowerCase() === 'anna@example.org' ? 'anna' : name.trim().toLowerCase()) })
    for (const subject of ['anna', 'ANNA', ' anna ', 'Anna@Example.org', 'anna']) await s.attempt({ subject })
    expect((await s.attempt({ subject: 'anna@example.org' })).kind).toBe('locked')
  })

  it('fold by themselves in case, spaces and width', async () => {
    const s = setup()
    for (const subject of ['anna', 'ANNA', ' anna', 'ａｎｎａ', 'anna\t']) await s.attempt({ subject })
    expect((await s.attempt()).kind).toBe('locked')
  })

  it('such as __proto__ are names', async () => {
    const s = setup()
    expect(await fail(s, 6, { subject: '__proto__' })).toEqual(['failed', 'failed', 'failed', 'failed', 'failed', 'locked'])
    expect((await s.attempt({ subject: 'constructor', address: '198.51.100.1' })).kind).toBe('failed')
  })
})

describe('every kind of credential', () => {
  it('spends the same budget: there is no second way around the lock', async () => {
    const s = setup()
    await fail(s, 4)
    const request: GuardRequest = { method: 'POST', url: '/reset', header: () => undefined, peer: '203.0.113.7', secure: true }
    expect((await s.login.attempt({ subject: 'anna', method: 'reset_token', request }, () => false)).kind).toBe('failed')
    expect((await s.login.attempt({ subject: 'anna', method: 'api_key', request }, () => true)).kind).toBe('locked')
    expect(s.reports.map(({ reason }) => reason).slice(-2)).toEqual(['bad_reset_token', 'locked'])
  })
})

describe('a known device', () => {
  it('is not locked out by an attacker elsewhere', async () => {
    const s = setup()
    const cookie = await deviceOf(s)
    await fail(s, 20, { address: '198.51.100.66' })
    expect((await s.attempt({ password: 'right' })).kind).toBe('locked')
    expect(await s.attempt({ password: 'right', cookie })).toMatchObject({ kind: 'ok', device: 'known', cookies: [] })
  })

  it('has a budget of its own, which a stolen cookie can spend only once', async () => {
    const s = setup()
    const cookie = await deviceOf(s)
    expect(await fail(s, 6, { cookie })).toEqual(['failed', 'failed', 'failed', 'failed', 'failed', 'locked'])
    expect(await s.attempt({ cookie })).toMatchObject({ scope: 'device' })
    expect((await s.attempt({ password: 'right', address: '198.51.100.1' })).kind).toBe('ok')
  })

  it('does not lift the lock that an attacker met when its owner signs in', async () => {
    const s = setup()
    const cookie = await deviceOf(s)
    await fail(s, 5, { address: '198.51.100.66' })
    expect((await s.attempt({ password: 'right', cookie })).kind).toBe('ok')
    expect((await s.attempt({ address: '198.51.100.66' })).kind).toBe('locked')
  })

  it('passes a lock of the address that it shares with an attacker', async () => {
    const s = setup()
    const cookie = await deviceOf(s)
    for (const subject of ['a', 'b', 'c', 'd', 'e']) await s.attempt({ subject })
    expect(await s.attempt({ subject: 'bert', password: 'right' })).toMatchObject({ kind: 'locked', scope: 'address' })
    expect((await s.attempt({ password: 'right', cookie })).kind).toBe('ok')
  })

  it('is known for its own subject only, for a year, and under our signature', async () => {
    const s = setup()
    const cookie = await deviceOf(s)
    await fail(s, 5, { address: '198.51.100.66' })
    const device = async (value: string): Promise<unknown> => {
      await s.attempt({ cookie: value })
      return s.reports.at(-1)?.device
    }
    expect(await device(cookie)).toBe('known')
    await s.attempt({ subject: 'bert', cookie })
    expect(s.reports.at(-1)?.device).toBe('unknown')
    const [name, value = ''] = cookie.split('=')
    const [id, issued, signature = ''] = value.split('.')
    for (const forged of [
      `${id}x.${issued}.${signature}`,
      `${id}.${issued}0.${signature}`,
      `${id}.${issued}.${signature.slice(1)}`,
      `${id}.${issued}.`,
      '..',
      '',
    ]) {
      expect(await device(`${name}=${forged}`)).toBe('unknown')
    }
    s.advance(366 * DAY)
    expect(await device(cookie)).toBe('unknown')
  })

  it('does not exist without a key, and the shield says so', async () => {
    const { secret: _secret, ...rest } = { secret: SECRET }
    const login = createLogin({ store: memoryStore(), ...rest })
    expect(login.status().deviceCookies).toBe('off')
    expect(setup().login.status().deviceCookies).toBe('on')
    const request: GuardRequest = { method: 'POST', url: '/', header: () => undefined, peer: '203.0.113.7', secure: false }
    expect(await login.attempt({ subject: 'anna', method: 'password', request }, () => true)).toMatchObject({ kind: 'ok', cookies: [] })
  })

  it('cookie is bound to this host and out of reach of scripts', async () => {
    const verdict = await setup().attempt({ password: 'right' })
    expect(verdict.kind === 'ok' ? verdict.cookies[0] : '').toMatch(
      /^__Host-device=[\w-]+\.[0-9a-z]+\.[\w.-]+; Path=\/; HttpOnly; Secure; SameSite=Lax; Max-Age=31536000$/,
    )
  })
})

describe('an address prefix', () => {
  it('is locked when five subjects fail from it: spraying', async () => {
    const s = setup()
    for (const subject of ['a', 'b', 'c', 'd', 'e']) expect((await s.attempt({ subject })).kind).toBe('failed')
    expect(await s.attempt({ subject: 'f' })).toMatchObject({ kind: 'locked', scope: 'address', retryAfter: 900 })
    expect((await s.attempt({ subject: 'f', address: '198.51.100.1' })).kind).toBe('failed')
  })

  it('is a /64 in IPv6: rotating through it does not help', async () => {
    const s = setup()
    for (let i = 1; i <= 5; i++) await s.attempt({ subject: `user${i}`, address: `2001:db8:1:2::${i}` })
    expect((await s.attempt({ subject: 'x', address: '2001:db8:1:2:ffff::1' })).kind).toBe('locked')
    expect((await s.attempt({ subject: 'x', address: '2001:db8:1:3::1' })).kind).toBe('failed')
  })

  it('is locked at twenty failures of a few subjects', async () => {
    const s = setup({ failures: 100 })
    const kinds: string[] = []
    for (let i = 0; i < 21; i++) kinds.push((await s.attempt({ subject: ['a', 'b', 'c', 'd'][i % 4] ?? 'a' })).kind)
    expect(kinds.slice(0, 20).every((kind) => kind === 'failed')).toBe(true)
    expect(kinds[20]).toBe('locked')
  })

  it('is not washed clean by an attacker who signs in to his own account between guesses', async () => {
    const s = setup()
    for (const subject of ['a', 'b', 'c', 'd', 'e']) {
      await s.attempt({ subject })
      await s.attempt({ subject: 'mallory', password: 'right' })
    }
    expect(await s.attempt({ subject: 'f' })).toMatchObject({ kind: 'locked', scope: 'address' })
  })

  it('of an office of 500 is not locked by 20 typing errors in a morning', async () => {
    const s = setup()
    for (let person = 0; person < 500; person++) {
      const subject = `person${person}`
      const passwords = person % 25 === 0 ? ['wrong', 'right'] : ['right']
      const kinds: string[] = []
      for (const password of passwords) {
        kinds.push((await s.attempt({ subject, password })).kind)
        s.advance(8_000)
      }
      expect(kinds).toEqual(passwords.map((password) => (password === 'right' ? 'ok' : 'failed')))
      s.advance(1_000)
    }
  })

  it('is not locked by an office that signs in all at once', async () => {
    const s = setup()
    const verdicts = await Promise.all(Array.from({ length: 40 }, (_, i) => s.attempt({ subject: `person${i}`, password: 'right' })))
    expect(verdicts.every(({ kind }) => kind === 'ok')).toBe(true)
  })

  it('is overshot by a parallel spray by no more than the checks that run at a time', async () => {
    const s = setup({ maxVerifying: 4 })
    const verdicts = await Promise.all(Array.from({ length: 60 }, (_, i) => s.attempt({ subject: `victim${i}` })))
    expect(verdicts.filter(({ kind }) => kind === 'failed').length).toBeLessThanOrEqual(5 + 4)
    expect(verdicts.filter(({ kind }) => kind === 'locked').length).toBeGreaterThanOrEqual(60 - 9)
  })

  it('that cannot be known is no shared bucket: only the subject counts', async () => {
    const s = setup({ clientAddress: () => ({ kind: 'unknown', reason: 'no_peer' }) })
    for (let i = 0; i < 30; i++) expect((await s.attempt({ subject: `user${i}` })).kind).toBe('failed')
    expect((await fail(s, 6, { subject: 'anna' })).at(-1)).toBe('locked')
  })

  it('is unlocked by an operator', async () => {
    const s = setup()
    for (const subject of ['a', 'b', 'c', 'd', 'e']) await s.attempt({ subject })
    await s.login.unlockAddress('203.0.113.7')
    expect((await s.attempt({ subject: 'f', password: 'right' })).kind).toBe('ok')
  })
})

describe('success', () => {
  it('clears what was counted for the subject', async () => {
    const s = setup()
    await fail(s, 4)
    await s.attempt({ password: 'right' })
    expect(await fail(s, 5)).not.toContain('locked')
  })

  it('is whatever the check found, and nothing falsy', async () => {
    const s = setup()
    const request: GuardRequest = { method: 'POST', url: '/', header: () => undefined, peer: '203.0.113.7', secure: true }
    expect(await s.login.attempt({ subject: 'anna', method: 'password', request }, () => ({ id: 7 }))).toMatchObject({
      kind: 'ok',
      value: { id: 7 },
      subject: 'anna',
    })
    for (const nothing of [false, null, undefined, 0, '']) {
      expect(
        (
          await s.login.attempt(
            { subject: `x${String(nothing)}`, method: 'password', request: { ...request, peer: `198.51.100.${String(nothing).length}` } },
            () => nothing,
          )
        ).kind,
      ).toBe('failed')
    }
  })
})

describe('hashing', () => {
  it('runs a few at a time, queues some and turns the rest away', async () => {
    const s = setup({ maxVerifying: 2, maxWaiting: 8 })
    let running = 0
    let most = 0
    const request = (i: number): GuardRequest => ({
      method: 'POST',
      url: '/',
      header: () => undefined,
      peer: `198.51.100.${i}`,
      secure: true,
    })
    const verdicts = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        s.login.attempt({ subject: `u${i}`, method: 'password', request: request(i) }, async () => {
          most = Math.max(most, ++running)
          await new Promise((resolve) => setImmediate(resolve))
          running--
          return true
        }),
      ),
    )
    expect(most).toBe(2)
    expect(verdicts.filter(({ kind }) => kind === 'ok')).toHaveLength(10)
    expect(verdicts.filter(({ kind }) => kind === 'limited')).toHaveLength(20)
    expect(s.login.status()).toMatchObject({ verifying: 0, waiting: 0 })
  })

  it('is reached by who comes in a known browser while strangers with ever new names fill the line from everywhere', async () => {
    const s = setup({ maxVerifying: 2, maxWaiting: 8, delay: 'none' })
    const cookie = await deviceOf(s)
    const before = s.verified()
    const flood = Array.from({ length: 100 }, (_, i) => s.attempt({ subject: `nobody${i}`, address: `198.51.${i}.1` }))
    // the line is full by now
    for (let i = 0; i < 20; i++) await Promise.resolve()
    const known = await s.attempt({ password: 'right', address: '192.0.2.9', cookie })
    const passed = s.verified() - before
    expect([known.kind, passed < 8]).toEqual(['ok', true])
    const kinds = (await Promise.all(flood)).map(({ kind }) => kind)
    expect(kinds.filter((kind) => kind === 'limited')).toHaveLength(90)
  })

  it('is not done for input over 4 KiB, which is refused and never cut', async () => {
    const s = setup()
    expect((await s.attempt({ password: 'right', credential: 'x'.repeat(4_097) })).kind).toBe('failed')
    expect((await s.attempt({ password: 'right', credential: 'ü'.repeat(2_049) })).kind).toBe('failed')
    expect((await s.attempt({ password: 'right', subject: 'x'.repeat(100_000) })).kind).toBe('failed')
    expect(s.verified()).toBe(0)
    expect(s.reports.at(-1)).toMatchObject({ reason: 'too_long' })
    expect(s.reports.at(-1)?.subject.length).toBeLessThanOrEqual(4_096)
    expect((await s.attempt({ password: 'right', credential: 'x'.repeat(4_096), subject: 'bert' })).kind).toBe('ok')
  })
})

describe('trouble', () => {
  const broken: Store = {
    read: () => Promise.reject(new Error('down')),
    write: () => Promise.reject(new Error('down')),
    remove: () => Promise.reject(new Error('down')),
    list: () => Promise.reject(new Error('down')),
    removeGroup: () => Promise.reject(new Error('down')),
  }

  it('with the store signs nobody in, not even with the right password', async () => {
    const s = setup({ store: broken })
    expect(await s.attempt({ password: 'right' })).toMatchObject({ kind: 'degraded', reason: 'store' })
    expect(s.verified()).toBe(0)
    expect(s.reports.at(-1)).toMatchObject({ outcome: 'degraded', reason: 'store' })
  })

  it('with the store at any single step signs nobody in', async () => {
    const memory = memoryStore()
    for (let step = 1; step <= 3; step++) {
      let call = 0
      const flaky =
        <Arguments extends unknown[], Result>(method: (...call: Arguments) => Promise<Result>) =>
        (...given: Arguments): Promise<Result> =>
          ++call === step ? Promise.reject(new Error('down')) : method(...given)
      const store: Store = { ...memory, read: flaky(memory.read), write: flaky(memory.write), remove: flaky(memory.remove) }
      expect((await setup({ store }).attempt({ subject: `s${step}`, password: 'right' })).kind).toBe('degraded')
    }
  })

  it('with a damaged count is trouble, not a fresh start', async () => {
    const s = setup({ store: { ...broken, read: async () => ({ value: '{}', version: '1' }) } })
    expect((await s.attempt({ password: 'right' })).kind).toBe('degraded')
  })

  it('with endless contention ends, and signs nobody in', async () => {
    const s = setup({ store: { ...broken, read: async () => undefined, write: async () => false } })
    expect((await s.attempt({ password: 'right' })).kind).toBe('degraded')
  })

  it('in the check itself is degraded, and still counted: a check that throws must not be free', async () => {
    const s = setup()
    const request: GuardRequest = { method: 'POST', url: '/', header: () => undefined, peer: '203.0.113.7', secure: true }
    const kinds: string[] = []
    for (let i = 0; i < 6; i++)
      kinds.push(
        (await s.login.attempt({ subject: 'anna', method: 'password', request }, () => Promise.reject(new Error('database')))).kind,
      )
    expect(kinds).toEqual(['degraded', 'degraded', 'degraded', 'degraded', 'degraded', 'locked'])
    expect(s.login.status().verifying).toBe(0)
  })

  it('in the folding of names signs nobody in', async () => {
    expect((await setup({ canonicalSubject: () => Promise.reject(new Error('ldap')) }).attempt({ password: 'right' })).kind).toBe(
      'degraded',
    )
  })

  it('in a listener changes nothing', async () => {
    const s = setup({
      report: () => {
        throw new Error('listener')
      },
    })
    expect((await s.attempt({ password: 'right' })).kind).toBe('ok')
  })

  it('with a subject that is no text is a failure', async () => {
    const s = setup()
    for (const subject of [undefined, null, 7, {}, ['anna']])
      expect((await s.attempt({ subject: subject as string, address: '198.51.100.1' })).kind).not.toBe('ok')
  })
})

describe('reports', () => {
  it('say who tried what, how it ended, and which lock was met or set', async () => {
    const s = setup()
    await fail(s, 6)
    expect(s.reports[0]).toMatchObject({
      outcome: 'failed',
      reason: 'bad_password',
      subject: 'anna',
      client: { address: '203.0.113.7' },
      lock: undefined,
    })
    expect(s.reports[4]).toMatchObject({ outcome: 'failed', lock: 'subject' })
    expect(s.reports[5]).toMatchObject({ outcome: 'locked', reason: 'locked', lock: 'subject' })
  })
})

describe('options', () => {
  it.each<[Record<string, unknown>, string]>([
    [{ secret: 'short' }, 'login.secret is a text of 5 characters'],
    [{ secret: 'a'.repeat(64) }, 'login.secret'],
    [{ secret: SECRET, keyring: { sign: () => '', verify: () => true } }, 'a keyring or a secret'],
    [{ failures: 0 }, 'login.failures'],
    [{ windowMs: 1 }, 'login.windowMs'],
    [{ tiersMs: [] }, 'login.tiersMs'],
    [{ tiersMs: [Infinity] }, 'login.tiersMs[0]'],
    [{ addressSubjects: 1 }, 'login.addressSubjects'],
    [{ maxVerifying: 0 }, 'login.maxVerifying'],
    [{ delay: 'yes' }, 'login.delay'],
    [{ store: undefined }, 'login.store'],
    [{ cookie: { name: 'a b' } }, 'login.cookie.name'],
    [{ maxAttempts: 3 }, 'login has no option "maxAttempts"'],
  ])('%j is refused at start, by name', (options, message) => {
    expect(() => createLogin({ store: memoryStore(), ...options })).toThrow(message)
  })
})

describe('a name that nobody goes by', () => {
  it('is answered, counted and locked like a wrong password, and reported as unknown', async () => {
    const s = setup()
    expect(await s.attempt({ subject: 'nobody' })).toEqual(await s.attempt({ subject: 'anna' }))
    expect(s.reports.map(({ reason }) => reason)).toEqual(['unknown_user', 'bad_password'])
    expect(await fail(s, 6, { subject: 'nobody2', address: '203.0.113.9' })).toEqual(
      await fail(setup(), 6, { subject: 'anna2', address: '203.0.113.9' }),
    )
    expect(s.reports.every(({ outcome }) => outcome !== 'ok')).toBe(true)
  })
})
