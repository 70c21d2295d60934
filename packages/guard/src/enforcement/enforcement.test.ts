import { createDecisionSet, type Decision } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEnforcement } from './enforcement.js'
import { normalPath, readRoutes } from './routes.js'

let serial = 0
const decision = (over: Partial<Decision> = {}): Decision => ({
  id: `d${++serial}`,
  revision: serial,
  target: { kind: 'ip', value: '203.0.113.7' },
  action: 'deny',
  scope: 'all',
  mode: 'enforce',
  reason: 'test',
  author: { kind: 'operator', id: 'o' },
  batch: 'b',
  startsAt: 0,
  expiresAt: 1_000,
  ...over,
})
const setup = (
  ...decisions: Decision[]
): {
  judge: (address?: string, login?: boolean, user?: string) => string
  unsupported: () => readonly string[]
  at: (ms: number) => void
} => {
  let now = 0
  const set = createDecisionSet()
  set.reset(decisions)
  const enforcement = createEnforcement({ set, clock: () => now })
  return {
    judge: (address = '203.0.113.7', login = false, user) => {
      const verdict = enforcement.judge({ address, user }, login)
      return verdict.kind === 'denied' ? 'denied' : verdict.observed === undefined ? 'allowed' : 'observed'
    },
    unsupported: enforcement.unsupported,
    at: (ms) => {
      now = ms
    },
  }
}

describe('a denial', () => {
  it('of scope all holds everywhere, for its target only', () => {
    const { judge } = setup(decision())
    expect(judge()).toBe('denied')
    expect(judge('203.0.113.7', true)).toBe('denied')
    expect(judge('203.0.113.8')).toBe('allowed')
  })

  it('of scope login holds on sign-in routes only', () => {
    const { judge } = setup(decision({ scope: 'login' }))
    expect(judge()).toBe('allowed')
    expect(judge('203.0.113.7', true)).toBe('denied')
  })

  it('holds until it expires', () => {
    const { judge, at } = setup(decision())
    at(999)
    expect(judge()).toBe('denied')
    at(1_000)
    expect(judge()).toBe('allowed')
  })

  it('of an IPv6 address holds for its /64, and of a range for the range', () => {
    const { judge } = setup(
      decision({ target: { kind: 'ip', value: '2001:db8::1' } }),
      decision({ target: { kind: 'cidr', value: '198.51.100.0/24' } }),
    )
    expect(judge('2001:db8::ffff')).toBe('denied')
    expect(judge('2001:db8:0:1::1')).toBe('allowed')
    expect(judge('198.51.100.200')).toBe('denied')
  })

  it('of a user holds wherever he comes from', () => {
    const { judge } = setup(decision({ target: { kind: 'user', value: 'anna' } }))
    expect(judge('192.0.2.1', false, 'anna')).toBe('denied')
    expect(judge('192.0.2.1', false, 'bert')).toBe('allowed')
  })

  it('in observe mode only watches, also before one that enforces', () => {
    expect(setup(decision({ mode: 'observe' })).judge()).toBe('observed')
    expect(setup(decision({ mode: 'observe' }), decision()).judge()).toBe('denied')
    expect(setup(decision({ mode: 'observe', scope: 'login' })).judge()).toBe('allowed')
  })
})

describe('an action that the guard cannot do', () => {
  it('is not taken for a denial, and is said', () => {
    const { judge, unsupported } = setup(
      decision({ action: 'challenge' }),
      decision({ action: 'throttle' }),
      decision({ action: 'challenge' }),
    )
    expect(judge()).toBe('allowed')
    expect(unsupported()).toEqual(['challenge', 'throttle'])
  })
})

describe('no decisions', () => {
  it('allow', () => {
    expect(setup().judge()).toBe('allowed')
    expect(setup().unsupported()).toEqual([])
  })
})

describe('routes', () => {
  const routes = readRoutes('loginRoutes', ['/login', 'POST /api/session', 'GET /token'])

  it('without a method mean whatever changes something: a lock must not hide the page', () => {
    expect(routes('POST', '/login')).toBe(true)
    expect(routes('PUT', '/login')).toBe(true)
    expect(routes('GET', '/login')).toBe(false)
    expect(routes('HEAD', '/login')).toBe(false)
  })

  it('with a method mean that one', () => {
    expect(routes('POST', '/api/session')).toBe(true)
    expect(routes('DELETE', '/api/session')).toBe(false)
    expect(routes('GET', '/token')).toBe(true)
    // Express runs the handler of GET for it
    expect(routes('HEAD', '/token')).toBe(true)
    expect(readRoutes('loginRoutes', ['HEAD /token'])('GET', '/token')).toBe(true)
    expect(routes('POST', '/token')).toBe(false)
  })

  it('are not escaped by another spelling', () => {
    for (const path of [
      '/LOGIN',
      '/login/',
      '//login',
      '/./login',
      '/x/../login',
      '/%6cogin',
      '/%256cogin',
      '/login//',
      '/login%2f',
      '\\login',
      '/%4C%4FGIN',
      '/%6cogin/%ff/..',
      '/%6cogin/%e0%a4%a/..',
      '/login;v=1',
      '/login%3Bv=1/',
      '/;x/login',
    ]) {
      expect([path, routes('POST', path)]).toEqual([path, true])
    }
  })

  it('are exact', () => {
    for (const path of ['/login2', '/logi', '/a/login', '/', '/login/x']) expect([path, routes('POST', path)]).toEqual([path, false])
  })

  it('survive any path, and have one normal form', () => {
    fc.assert(
      fc.property(fc.webPath(), fc.string({ maxLength: 40 }), (path, junk) => {
        for (const text of [path, junk, `%${junk}`, '%e0%a4%a']) {
          const normal = normalPath(text)
          expect(normal.startsWith('/')).toBe(true)
          expect(normal).not.toContain('//')
        }
      }),
    )
    expect(normalPath('/../../..')).toBe('/')
  })

  it('that are patterns are refused at start', () => {
    for (const route of ['login', '/login*', '/user/:id', 'post /login', 'POST  /login', '/a?b', ''])
      expect(() => readRoutes('loginRoutes', [route])).toThrow('loginRoutes')
    expect(() => readRoutes('loginRoutes', '/login')).toThrow('loginRoutes')
    expect(readRoutes('loginRoutes', [])('POST', '/login')).toBe(false)
  })
})
