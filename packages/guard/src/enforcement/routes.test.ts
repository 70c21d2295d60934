import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { normalPath, readRoutes } from './routes.js'

describe('routes', () => {
  const { covers: routes, opens } = readRoutes('loginRoutes', ['/login', 'POST /api/session', 'GET /token'])

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
    expect(readRoutes('loginRoutes', ['HEAD /token']).covers('GET', '/token')).toBe(true)
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
      // as Fastify reads it with useSemicolonDelimiter
      '/login;x/y',
      '/login;x/y;z',
      // however much is in front of it: a part of a path is another path
      `/${'./'.repeat(2_100)}login`,
      `/${'a/../'.repeat(3_000)}login`,
    ]) {
      expect([path, routes('POST', path)]).toEqual([path, true])
      // some other router takes it for another route: it is not let through as the sign-in, a last slash aside
      expect([path, opens('POST', path)]).toEqual([path, path === '/login/'])
    }
    // the sign of the kelvin is a k to whoever folds case after decoding
    expect(routes('GET', '/to%E2%84%AAen')).toBe(true)
    expect(routes('GET', '/to%25E2%2584%25AAen')).toBe(true)
  })

  it('let through what is spelt as they are declared, a last slash aside', () => {
    expect([opens('POST', '/login'), opens('POST', '/login/'), opens('GET', '/token'), opens('HEAD', '/token')]).toEqual([true, true, true, true]) // prettier-ignore
    expect([opens('GET', '/login'), opens('POST', '/login//'), opens('POST', '/LOGIN'), opens('POST', '/token')]).toEqual([false, false, false, false]) // prettier-ignore
    expect(opens('POST', '/transfer/100/..%2f..%2f..%2flogin')).toBe(false)
    expect(readRoutes('loginRoutes', ['/Sign-In/']).opens('POST', '/Sign-In')).toBe(true)
    expect(readRoutes('loginRoutes', []).opens('POST', '/login')).toBe(false)
  })

  it('let nothing through that they do not cover', () => {
    const segment = fc.constantFrom('login', 'LOGIN', '', '.', '..', '%6cogin', 'login;x', 'api', 'session', '\\login', 'x')
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 5 }), fc.constantFrom('GET', 'POST', 'HEAD', 'PUT'), (segments, method) => {
        const path = `/${segments.join('/')}`
        expect([path, opens(method, path) && !routes(method, path)]).toEqual([path, false])
      }),
      { numRuns: 1_000 },
    )
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

  it('that are spelt plainly take the short way to the same form', () => {
    const segment = fc.string({ unit: fc.constantFrom('a', 'z', '0', '-', '_', '.', '/', 'A', '%2f', ';', '\\', '~', 'é'), maxLength: 12 })
    fc.assert(
      fc.property(segment, (rest) => {
        const path = `/${rest}`
        // put through the long way by a spelling of it that means the same
        expect(normalPath(path)).toBe(normalPath(`/.${path}`))
        expect(normalPath(normalPath(path))).toBe(normalPath(path))
      }),
      { numRuns: 2_000 },
    )
  })

  it('that are patterns are refused at start', () => {
    for (const route of ['login', '/login*', '/user/:id', 'post /login', 'POST  /login', '/a?b', ''])
      expect(() => readRoutes('loginRoutes', [route])).toThrow('loginRoutes')
    expect(() => readRoutes('loginRoutes', '/login')).toThrow('loginRoutes')
    expect(readRoutes('loginRoutes', []).covers('POST', '/login')).toBe(false)
  })
})
