import { describe, expect, it } from 'vitest'
import { readForwardAuth } from './settings.js'
import { readOriginal } from './original-request.js'

const settings = readForwardAuth([
  {
    source: 'shop',
    signIn: ['/login'],
    open: ['/logout', '/assets/'],
    stepUp: 'https://shop.example/step-up?from=here',
    reset: '/reset',
    clientHeader: 'x-forwarded-for',
    trustedProxies: [],
    userHeader: undefined,
  },
])('shop')

describe('what an application behind a proxy leaves open', () => {
  it.each(['/logout', '/logout/', '/assets/app.js', '/assets/fonts/a.woff2', '/step-up', '/reset'])('is %s', (path) => {
    expect(settings.isOpen(path)).toBe(true)
  })

  it.each([
    '/',
    '/logoutx',
    '/LOGOUT',
    '/orders/5/..%2flogout',
    '/orders/..%2f..%2freset',
    '/assets/../admin',
    '/assets/%2e%2e/admin',
    '/assets/..;/admin',
    '/assets//admin',
    '/assets\\..\\admin',
  ])('is not %s', (path) => {
    expect(settings.isOpen(path)).toBe(false)
  })

  it('is the sign-in as it is declared; any spelling of it is held by what is decided of sign-ins', () => {
    const { covers, opens } = settings.signIns
    for (const path of ['/orders/..%2flogin', '/LOGIN', '//login'])
      expect([covers('POST', path), opens('POST', path)]).toEqual([true, false])
    expect(opens('POST', '/login')).toBe(true)
  })
})

describe('the path that a proxy names', () => {
  const pathOf = (uri: string): string | undefined =>
    readOriginal((name) => ({ 'x-original-method': 'POST', 'x-original-uri': uri })[name], 'nginx')?.path

  it('is read whole, however long, and after any scheme', () => {
    expect(settings.signIns.covers('POST', pathOf(`/${'./'.repeat(5_000)}login`) ?? '')).toBe(true)
    expect(pathOf(`${'a'.repeat(40)}://h/login`)).toBe('/login')
    expect(pathOf('http://x?/login')).toBe('/')
  })
})
