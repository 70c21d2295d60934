import { isParapetError } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../store/memory-store.js'
import { createGuard } from './guard.js'
import { type GuardOptions, readGuardOptions } from './options.js'

const BASE: GuardOptions = { clientAddress: 'direct', publicOrigins: ['https://app.example'] }
const read = (over: Record<string, unknown> = {}): ReturnType<typeof readGuardOptions> => readGuardOptions({ ...BASE, ...over })
const complaint = (over: Record<string, unknown>): string => {
  try {
    read(over)
  } catch (error) {
    return isParapetError(error) && error.code === 'PPT_CONFIG_INVALID' ? (error.detail ?? '') : `not ours: ${String(error)}`
  }
  return 'taken'
}

describe('options of the guard', () => {
  it('keep counts of sign-in apart from sessions in memory, so that a flood of attempts ends no session', () => {
    const alone = read()
    expect(alone.store).not.toBe(alone.loginStore)
    const store = memoryStore()
    const given = read({ store })
    expect([given.store === store, given.loginStore === store]).toEqual([true, true])
  })

  it('make cookies Secure wherever the application is reached by https', () => {
    expect(read().secure).toBe(true)
    expect(read({ publicOrigins: ['https://app.example', 'http://localhost:3000'] }).secure).toBe(true)
    expect(read({ publicOrigins: ['http://localhost:3000'] }).secure).toBe(false)
  })

  it('refuse clear text beside https, where the cookies of one would travel by the other', () => {
    expect(complaint({ publicOrigins: ['https://app.example', 'http://app.example'] })).toContain('leave the http origins out')
    expect(read({ publicOrigins: ['http://intranet.example'] }).cleartext).toEqual(['http://intranet.example'])
    expect(read({ publicOrigins: ['http://localhost:3000', 'http://[::1]:3000'] }).cleartext).toEqual([])
  })

  it('take an application for one under development only where all its origins are this machine', () => {
    expect(read({ publicOrigins: ['http://127.0.0.1:3000', 'http://localhost'] }).development).toBe(true)
    expect(read({ publicOrigins: ['https://localhost'] }).development).toBe(true)
    expect(read({ publicOrigins: ['http://localhost.evil.example'] }).development).toBe(false)
    expect(read({ publicOrigins: ['https://app.example', 'https://localhost'] }).development).toBe(false)
  })

  it('limit sign-up and the like to five in any hour, users to 1,000 and others to 120 a minute', () => {
    expect(read().limits).toEqual({
      anonymous: { limit: 120, windowMs: 60_000 },
      user: { limit: 1_000, windowMs: 3_600_000 },
      sensitive: { limit: 5, windowMs: 3_600_000, burst: 3 },
    })
    expect(read({ limits: { user: { limit: 9, windowMs: 1_000 } } }).limits).toMatchObject({
      user: { limit: 9, windowMs: 1_000 },
      anonymous: { limit: 120, windowMs: 60_000 },
    })
  })

  it('name the application and its labels in words that a terminal can show', () => {
    expect(read().about).toBeUndefined()
    expect(read({ service: 'shop', tags: ['production'] }).about).toEqual({ 'service.name': 'shop', tags: ['production'] })
    for (const service of ['', ' shop', 'a\u001b[31mb', 'x'.repeat(65), 7, 'a\nb']) expect(complaint({ service })).toMatch(/^service is /)
    for (const tags of ['production', ['a', ''], ['\u202eb'], Array.from({ length: 17 }, (_, i) => `t${i}`)])
      expect(complaint({ tags })).toMatch(/^tags is /)
  })

  it('that are misspelt are refused by name: a setting that does nothing protects nobody', () => {
    expect(complaint({ loginRoute: ['/login'] })).toContain('loginRoute')
    expect(complaint({ limits: { sensitve: {} } })).toContain('sensitve')
    expect(complaint({ session: { idle: 1 } })).toContain('idle')
    expect(complaint({ csrf: { exempted: [] } })).toContain('exempted')
    expect(complaint({ controlPlane: { url: 'http://localhost:8700', token: 'x', tls: false } })).toContain('tls')
    expect(complaint({ controlPlane: 'http://localhost:8700' })).toContain('give { url, token }')
    expect(complaint({ mode: 'obsreve' })).toContain("'observe'")
    expect(complaint({ requestEvents: 'no' })).toContain('true or false')
    expect(complaint({ loginRoutes: ['/login/*'] })).toContain('exact paths')
    expect(complaint({ publicOrigins: [] })).toContain('publicOrigins')
    expect(complaint({ publicOrigins: ['https://app.example/'] })).toContain('write https://app.example')
    expect(complaint({ publicOrigins: ['*'] })).toContain('publicOrigins')
  })
})

describe('each part has its options under its name', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['observe', { observe: ['everything'] }, 'observe is "everything"'],
    ['observe', { observe: 'csrf' }, 'observe'],
    ['observe', { observe: ['limits.nobody'] }, 'limits.nobody'],
    ['headers', { headers: 'strict' }, 'headers is "strict"; give an object'],
    ['limits', { limits: [] }, 'limits is []; give an object'],
    ['session', { session: null }, 'session is null; give an object'],
    ['session', { session: { onOutage: 'open' } }, 'session.onOutage'],
    ['session', { session: { bindings: 'score' } }, 'session has no option "bindings"'],
    ['challenge', { challenge: { difficulty: 9 } }, 'challenge has no option "difficulty"'],
    ['challenge', { challenge: true }, 'challenge is true'],
    ['stepUp', { stepUp: { pages: '/x' } }, 'stepUp has no option "pages"'],
    ['stepUp', { stepUp: { page: 'step-up' } }, 'stepUp.page'],
    ['stepUp', { stepUp: { page: '//evil.example' } }, 'stepUp.page'],
    ['stepUp', { stepUp: { page: 'https://evil.example/' } }, 'stepUp.page'],
    ['stepUp', { stepUp: { mfaPage: '/a?b' } }, 'stepUp.mfaPage'],
    ['stepUp', { stepUp: { open: ['/assets/*'] } }, 'stepUp.open'],
    ['stepUp', { stepUp: { open: ['/a/../'] } }, 'stepUp.open'],
    ['stepUp', { stepUp: { open: '/a' } }, 'stepUp.open'],
    ['reports', { reports: {} }, 'reports.path'],
    ['reports', { reports: { path: 'https://other.example/' } }, 'reports.path'],
    ['reports', { reports: '/csp' }, 'reports is "/csp"'],
    ['notices', { notices: { site: 'x' } }, 'give onNotice as well'],
    ['onNotice', { onNotice: 'mail' }, 'onNotice is "mail"; give a function'],
    ['onCredentialsEnd', { onCredentialsEnd: {} }, 'onCredentialsEnd'],
    ['onEvent', { onEvent: 1 }, 'onEvent'],
    ['onDiagnostic', { onDiagnostic: [] }, 'onDiagnostic'],
    ['clock', { clock: 5 }, 'clock is 5; give a function'],
    ['random', { random: 5 }, 'random'],
    ['keyring', { keyring: 'secret text' }, 'keyring'],
    ['secret', { secret: 'short' }, 'secret is a text of 5 characters'],
    ['secret', { secret: 'a'.repeat(64) }, 'secret is a text of 64 characters'],
    ['masker', { masker: {} }, 'masker'],
    ['sensitiveRoutes', { sensitiveRoutes: ['sign-up'] }, 'sensitiveRoutes'],
  ])('%s: %j is refused by name', (_name, over, message) => {
    expect(complaint(over)).toContain(message)
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['challenge', { challenge: { bits: 99 } }, 'challenge.bits'],
    ['redirect', { redirect: { origins: ['evil.example'] } }, 'redirect'],
    ['redirect', { redirect: { fallback: '//evil.example' } }, 'redirect.fallback'],
    ['publicIds', { publicIds: { Doc: 'integer' } }, 'id.types'],
    ['reports', { reports: { path: '/csp', maxBodyBytes: -1 } }, 'maxBodyBytes'],
    ['errors', { errors: { development: true } }, 'development'],
    ['errors', { errors: { hidden: [] } }, 'errors'],
    ['notices', { onNotice: () => undefined, notices: { accountUrl: 'http://app.example' } }, 'notices.accountUrl'],
    ['accessAudit', { accessAudit: { mode: 'later' } }, 'accessAudit.mode'],
    ['accessAudit', { accessAudit: { sink: {} } }, 'accessAudit.sink'],
    ['geo', { geo: {} }, 'geo'],
    ['clientPrefix', { clientPrefix: { v6Prefix: 200 } }, 'v6Prefix'],
    ['session', { session: { binding: 'loose' } }, 'session.binding'],
    ['login', { login: { campaignResponse: 'ban' } }, 'login.campaignResponse'],
    ['csrf', { csrf: { exempt: ['/hooks/*'] } }, 'csrf.exempt'],
  ])('%s is checked by its part when the guard is built: %j', (_name, over, message) => {
    expect(() => createGuard({ ...BASE, secret: 'k3y-for-tests-0123456789abcdefghij', onDiagnostic: () => undefined, ...over })).toThrow(
      message,
    )
  })

  it('never shows a secret in what it refuses', () => {
    const secret = 'hunter2hunter2hunter2hunter2hunter2'
    expect(complaint({ secret })).not.toContain('hunter2')
    expect(complaint({ secret, keyring: {} })).not.toContain('hunter2')
  })
})

describe('policies that only watch', () => {
  it('are all of them in observe mode', () => {
    const { watches, observe } = read({ mode: 'observe' })
    expect(observe).toBe(true)
    for (const policy of ['decisions', 'deny', 'csrf', 'session', 'limits', 'limits.user'] as const) expect(watches(policy)).toBe(true)
  })

  it('are none by default', () => {
    const { watches } = read()
    for (const policy of ['decisions', 'deny', 'csrf', 'session', 'limits', 'limits.user'] as const) expect(watches(policy)).toBe(false)
  })

  it('stand for what belongs to them, and for nothing else', () => {
    const limits = read({ observe: ['limits'] }).watches
    expect([limits('limits.user'), limits('limits.sensitive'), limits('csrf'), limits('deny')]).toEqual([true, true, false, false])
    const one = read({ observe: ['limits.user'] }).watches
    expect([one('limits.user'), one('limits.anonymous'), one('limits')]).toEqual([true, false, false])
    const decisions = read({ observe: ['decisions'] }).watches
    expect([decisions('deny'), decisions('suspend'), decisions('csrf'), decisions('session')]).toEqual([true, true, false, false])
    const deny = read({ observe: ['deny'] }).watches
    expect([deny('deny'), deny('suspend'), deny('decisions')]).toEqual([true, false, false])
  })
})

describe('where what is owed can be given', () => {
  const { isOpen } = read({
    loginRoutes: ['/login'],
    stepUp: { page: '/step-up', mfaPage: '/factor', open: ['/api/verify', 'POST /logout', '/assets/'] },
  })

  it.each([
    ['GET', '/step-up', true],
    ['POST', '/step-up', true],
    ['GET', '/factor', true],
    ['GET', '/api/verify', true],
    ['POST', '/api/verify', true],
    ['POST', '/logout', true],
    ['GET', '/logout', false],
    ['POST', '/login', true],
    ['GET', '/assets/app.js', true],
    ['HEAD', '/assets/fonts/a.woff2', true],
    ['POST', '/assets/app.js', false],
    ['GET', '/assets', false],
    ['GET', '/assets/../admin', false],
    ['GET', '/assets/%2e%2e/admin', false],
    ['GET', '/assets/..;/admin', false],
    ['GET', '/assets//admin', false],
    ['GET', '/assets/.hidden', false],
    ['GET', '/assets\\..\\admin', false],
    ['GET', '/ASSETS/app.js', false],
    ['GET', '/step-up/x', false],
    ['GET', '/step-upx', false],
    ['GET', '/', false],
    ['DELETE', '/api/account', false],
  ] as const)('%s %s: %s', (method, path, expected) => {
    expect(isOpen(method, path)).toBe(expected)
  })

  it('is the sign-in alone where nothing is said', () => {
    const plain = read().isOpen
    expect([plain('POST', '/login'), plain('GET', '/step-up'), plain('POST', '/')]).toEqual([true, false, false])
  })
})
