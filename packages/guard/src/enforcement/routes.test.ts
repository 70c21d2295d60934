import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { normalPath, readRoutes } from './routes.js'

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
    expect(readRoutes('loginRoutes', [])('POST', '/login')).toBe(false)
  })
})
