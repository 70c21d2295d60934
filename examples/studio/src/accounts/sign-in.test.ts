import { randomUUID } from 'node:crypto'
import type { Decision } from '@parapet/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { codeOf, SETUP_MS, startTestStudio, type TestStudio } from '../fixtures/studio.js'
import { TEST_ACCOUNTS } from '../seed.js'

let studio: TestStudio
beforeAll(async () => {
  studio = await startTestStudio()
}, SETUP_MS)
afterAll(() => studio.stop())

const account = (name: string) => {
  const found = TEST_ACCOUNTS.find(({ email }) => email === `${name}@studio.example`)
  if (found === undefined) throw new Error(name)
  return found
}
const idOf = async (name: string): Promise<string> => (await studio.parts.people.byEmail(account(name).email))?.id ?? ''

describe('sign-in with a password', () => {
  it('says the same of a wrong password, an unknown address and a locked account [ASVS 6.3.8]', async () => {
    const email = account('spare-1').email
    const texts = new Set<string>()
    const bare = (text: string): string => text.replaceAll(/spare-\d+@studio\.example/g, '')
    for (let i = 0; i < 6; i++) {
      const answer = await studio.browser().post('/sign-in', { email, password: `wrong ${i}` })
      expect(answer.status).toBe(401)
      texts.add(bare(answer.text))
    }
    // locked by now: the right one is answered like a wrong one, in a browser that is not known
    texts.add(bare((await studio.browser().signIn(email)).text))
    texts.add(bare((await studio.browser().post('/sign-in', { email: 'spare-77@studio.example', password: 'wrong' })).text))
    expect(texts.size).toBe(1)
  })

  it('goes on working in the browser of its owner while somebody guesses [ASVS 6.3.1]', async () => {
    const { email } = account('spare-2')
    const own = studio.browser()
    await own.signIn(email)
    await own.post('/sign-out')
    for (let i = 0; i < 6; i++) await studio.browser().post('/sign-in', { email, password: `guess ${i}` })
    expect((await studio.browser().signIn(email)).status).toBe(401)
    expect((await own.signIn(email)).location).toBe('/')
    expect((await studio.mailTo(email, /./)).text).toBeTruthy()
  })

  it('begins a session of a new id and never takes over one that was planted [ASVS 7.2.4]', async () => {
    const browser = studio.browser()
    await browser.signIn(account('spare-3').email)
    const first = browser.cookies.get('session')
    await browser.signIn(account('spare-3').email)
    const second = browser.cookies.get('session')
    expect(second).toBeDefined()
    expect(second).not.toBe(first)
    browser.cookies.set('session', first ?? '')
    expect((await browser.get('/account')).status).toBe(303)
  })

  it.each(['https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:alert(1)', '/%2f%5cevil.example'])(
    'leads back to a page of the studio, never to %s',
    async (next) => {
      const { email, password } = account('spare-4')
      expect((await studio.browser().post('/sign-in', { email, password, next })).location).toBe('/')
      expect((await studio.browser().post('/sign-in', { email, password, next: '/documents?q=x' })).location).toBe('/documents?q=x')
    },
  )

  it('is refused when another site sends the form', async () => {
    const { email, password } = account('spare-4')
    const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    const answer = await studio.browser().post('/sign-in', { email, password }, headers)
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([403, []])
  })

  it('ends with sign-out: the cookie is worth nothing from then on [ASVS 7.4.1]', async () => {
    const browser = studio.browser()
    await browser.signIn(account('spare-4').email)
    const session = browser.cookies.get('session') ?? ''
    const out = await browser.post('/sign-out')
    expect(out.headers.get('clear-site-data')).toContain('cache')
    browser.cookies.set('session', session)
    expect((await browser.get('/account')).location).toMatch(/^\/sign-in/)
    // and a link of another site signs nobody out
    expect((await browser.get('/sign-out')).status).toBe(404)
  })
})

describe('the second step', () => {
  it('is owed after the password, and nothing opens before it [ASVS 6.3.3]', async () => {
    const { email, password } = account('mfa-1')
    const browser = studio.browser()
    expect((await browser.post('/sign-in', { email, password, next: '/documents' })).location).toBe('/sign-in/code?next=%2Fdocuments')
    for (const path of ['/', '/account', '/documents', '/api/me'])
      expect([path, (await browser.get(path)).text.includes(email)]).toEqual([path, false])
    expect(browser.cookies.has('session')).toBe(false)
    expect((await browser.get('/sign-in/code')).status).toBe(200)
    expect((await studio.browser().get('/sign-in/code')).location).toMatch(/^\/sign-in\?/)
  })

  it('takes a code once [ASVS 6.5.1]', async () => {
    const { email, password, totp = '' } = account('mfa-2')
    const code = codeOf(totp)
    const [first, second] = [studio.browser(), studio.browser()]
    for (const browser of [first, second]) await browser.post('/sign-in', { email, password })
    const answers = await Promise.all([first, second].map((browser) => browser.post('/sign-in/code', { code })))
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([303, 401])
  })

  it('locks after five wrong codes, however often the password is given anew [ASVS 6.3.1]', async () => {
    const { email, password, totp = '' } = account('mfa-3')
    for (let i = 0; i < 6; i++) {
      const browser = studio.browser()
      await browser.post('/sign-in', { email, password })
      expect((await browser.post('/sign-in/code', { code: String(100_000 + i) })).status).toBe(401)
    }
    const browser = studio.browser()
    await browser.post('/sign-in', { email, password })
    expect((await browser.post('/sign-in/code', { code: codeOf(totp) })).status).toBe(401)
  })

  it('cannot be begun with made-up cookies, and not without the first', async () => {
    const browser = studio.browser()
    browser.cookies.set('mfa', 'x'.repeat(200))
    expect((await browser.post('/sign-in/code', { code: '123456' })).status).toBe(401)
    expect((await studio.browser().post('/sign-in/code', { code: codeOf(account('mfa-4').totp ?? '') })).status).toBe(401)
  })
})

describe('what is decided about somebody', () => {
  let revision = 0
  const decide = (action: Decision['action'], value: string): void => {
    const id = randomUUID()
    studio.guard.decisions.apply({
      id, revision: ++revision, target: { kind: 'user', value }, action, scope: 'all', mode: 'enforce', reason: 'a test',
      author: { kind: 'operator', id: 'o1' }, batch: id, startsAt: Date.now() - 1_000, expiresAt: Date.now() + 600_000,
    }) // prettier-ignore
  }

  it('require_reset ends sessions and leads the right password to a new one, which lifts it', async () => {
    const { email } = account('spare-5')
    const browser = studio.browser()
    await browser.signIn(email)
    decide('require_reset', email)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect((await browser.get('/account')).status).not.toBe(200)
    const again = await studio.browser().signIn(email)
    expect([again.status, again.headers.getSetCookie().some((cookie) => cookie.startsWith('session='))]).toEqual([403, false])
    await studio.browser().post('/reset', { email })
    const token = new URL(studio.linkOf(await studio.mailTo(email, /asked for/)), studio.origin).searchParams.get('token') ?? ''
    const password = 'a new sentence after the incident'
    await studio.browser().post('/reset/new', { token, password })
    expect((await studio.browser().signIn(email, { password })).location).toBe('/')
  })

  it('suspend ends sessions, and sign-in answers as for a wrong password', async () => {
    const { email } = account('spare-6')
    const browser = studio.browser()
    await browser.signIn(email)
    decide('suspend', await idOf('spare-6'))
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect((await browser.get('/account')).status).not.toBe(200)
    expect((await studio.browser().signIn(email)).status).toBe(401)
  })

  it('require_mfa asks for a factor before anything else', async () => {
    const { email, totp = '' } = account('mfa-5')
    const browser = studio.browser()
    await browser.signIn(email)
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    const id = randomUUID()
    studio.guard.decisions.apply({
      id, revision: ++revision, target: { kind: 'user', value: await idOf('mfa-5') }, action: 'require_mfa', scope: 'all', mode: 'enforce', reason: 'a test',
      author: { kind: 'operator', id: 'o1' }, batch: id, startsAt: Date.now(), expiresAt: Date.now() + 600_000,
    }) // prettier-ignore
    expect((await browser.get('/documents')).location).toMatch(/^\/step-up/)
    expect((await browser.get('/step-up')).status).toBe(200)
    expect((await browser.post('/step-up', { code: codeOf(totp, 1), next: '/documents' })).location).toBe('/documents')
    expect((await browser.get('/documents')).status).toBe(200)
  })
})
