import { afterAll, beforeAll, describe, expect, it } from 'vitest'
// an authenticator in software; the browser tests use Chromium's
import { createAuthenticator } from '../../../../packages/guard/src/passkeys/fixtures/authenticator.js'
import { type Browser, codeOf, SETUP_MS, startTestStudio, type TestStudio } from '../fixtures/studio.js'
import { TEST_ACCOUNTS } from '../seed.js'

let studio: TestStudio
beforeAll(async () => {
  studio = await startTestStudio({ settings: { stepUpSeconds: 3 } })
}, SETUP_MS)
afterAll(() => studio.stop())

const passwordOf = (email: string): string => TEST_ACCOUNTS.find((one) => one.email === email)?.password ?? ''
const signedIn = async (email: string): Promise<Browser> => {
  const browser = studio.browser()
  expect((await browser.signIn(email)).location).toBe('/')
  return browser
}
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const between = (text: string, before: RegExp): string => before.exec(text)?.[1] ?? ''

/** Sets an authenticator app up and gives its secret and the recovery codes. */
const enrol = async (browser: Browser): Promise<{ secret: string; codes: string[] }> => {
  const begun = await browser.post('/account/totp', { name: 'Phone' })
  expect(begun.status).toBe(200)
  const secret = between(begun.text.replaceAll(/<[^>]*>| /g, ' ').replaceAll(' ', ''), /([A-Z2-7]{32})/)
  const enrolment = between(begun.text, /name="enrolment" value="([^"]+)"/)
  const end = await browser.post('/account/totp/confirm', { enrolment, code: codeOf(secret) })
  expect(end.status).toBe(200)
  return { secret, codes: [...end.text.matchAll(/<code[^>]*>([^<]{16,})<\/code>/g)].map(([, code = '']) => code) }
}

describe('an authenticator app', () => {
  it('is set up by a code of it, gives ten recovery codes once, and ends all other sessions [ASVS 6.3.7, 7.4.3]', async () => {
    const email = 'spare-1@studio.example'
    const [other, browser] = [await signedIn(email), await signedIn(email)]
    const { codes } = await enrol(browser)
    expect(codes).toHaveLength(10)
    expect((await other.get('/account')).location).toMatch(/^\/sign-in/)
    const page = await browser.get('/account/security')
    expect(page.text).toContain('Phone')
    for (const code of codes) expect(page.text).not.toContain(code)
    expect((await studio.mailTo(email, /factor|second/i)).text).toContain('Phone')

    // from now on the password alone is not enough; a recovery code is, once, and its use is told
    const [code = ''] = codes
    for (const status of [303, 401]) {
      const again = studio.browser()
      expect((await again.post('/sign-in', { email, password: passwordOf(email) })).location).toMatch(/^\/sign-in\/code/)
      expect((await again.post('/sign-in/code', { code })).status).toBe(status)
    }
    await studio.mailTo(email, /recovery/i)
  })

  it('with a wrong code is not set up, and its secret is not shown again', async () => {
    const browser = await signedIn('spare-2@studio.example')
    const begun = await browser.post('/account/totp')
    const enrolment = between(begun.text, /name="enrolment" value="([^"]+)"/)
    const wrong = await browser.post('/account/totp/confirm', { enrolment, code: '000000' })
    expect([wrong.status, /[A-Z2-7]{32}|data:image/.test(wrong.text)]).toEqual([400, false])
    expect((await studio.browser().signIn('spare-2@studio.example')).location).toBe('/')
  })

  it('is neither added nor removed in a session that was not proved lately [ASVS 7.5.1, 7.5.3]', async () => {
    const browser = await signedIn('mfa-1@studio.example')
    const id = between((await browser.get('/account/security')).text, /name="id" value="([^"]+)"/)
    await later(3_100)
    for (const path of ['totp', 'totp/confirm', 'totp/remove', 'recovery-codes', 'passkeys/remove', 'password'])
      expect([path, (await browser.post(`/account/${path}`, { id })).location]).toEqual([path, expect.stringMatching(/^\/step-up/)])
    const json = await browser.json('POST', '/account/passkeys/options', {})
    expect([json.status, JSON.parse(json.text)]).toMatchObject([403, { code: 'STEP_UP', next: expect.stringMatching(/^\/step-up/) }])
    expect(
      (await studio.browser().post('/sign-in', { email: 'mfa-1@studio.example', password: passwordOf('mfa-1@studio.example') })).location,
    ).toMatch(/code/)
  })
})

describe('proving it anew', () => {
  it('gives the session another id; the old one ends after the grace [ASVS 7.2.4]', async () => {
    const browser = await signedIn('spare-3@studio.example')
    const before = browser.cookies.get('session')
    const answer = await browser.post('/step-up', { password: passwordOf('spare-3@studio.example'), next: '/account/security' })
    expect(answer.location).toBe('/account/security')
    expect(browser.cookies.get('session')).not.toBe(before)
  })

  it('takes no password of who has a factor, no wrong one, and leads nowhere else', async () => {
    const browser = await signedIn('mfa-2@studio.example')
    expect((await browser.get('/step-up')).text).not.toContain('type="password"')
    expect((await browser.post('/step-up', { password: passwordOf('mfa-2@studio.example') })).status).toBe(401)
    expect((await browser.post('/step-up', { code: '000000' })).status).toBe(401)
    const simple = await signedIn('spare-3@studio.example')
    expect((await simple.post('/step-up', { password: 'wrong' })).status).toBe(401)
    expect((await simple.post('/step-up', { password: passwordOf('spare-3@studio.example'), next: 'https://evil.example' })).location).toBe(
      '/',
    )
  })
})

describe('a session', () => {
  it('taken to another network, browser and language is asked who it is, or ended [ASVS 8.2.4]', async () => {
    const browser = await signedIn('spare-4@studio.example')
    const thief = studio.browser()
    thief.cookies.set('session', browser.cookies.get('session') ?? '')
    const headers = { 'user-agent': 'curl/8.5.0', 'accept-language': 'ru' }
    expect((await thief.get('/account', headers)).status).not.toBe(200)
    await studio.mailTo('spare-4@studio.example', /./)
  })

  it('stands in the list, and can be ended there, alone or with all others [ASVS 7.5.2]', async () => {
    const email = 'spare-5@studio.example'
    const [here, there, elsewhere] = [await signedIn(email), await signedIn(email), await signedIn(email)]
    const page = (await here.get('/account/security')).text
    expect(page.match(/action="\/account\/sessions\/end"/g)).toHaveLength(2)
    const [first = ''] = [...page.matchAll(/action="\/account\/sessions\/end"[^]*?name="id" value="([^"]+)"/g)].map(([, id]) => id)
    await here.post('/account/sessions/end', { id: first })
    const states = await Promise.all([there, elsewhere].map(async (one) => (await one.get('/account')).status))
    expect(states.toSorted((a, b) => a - b)).toEqual([200, 303])
    await here.post('/account/sessions/end-others')
    for (const one of [there, elsewhere]) expect((await one.get('/account')).status).toBe(303)
    expect((await here.get('/account')).status).toBe(200)
  })

  it('of somebody else is not ended by its id', async () => {
    const [mine, his] = [await signedIn('spare-6@studio.example'), await signedIn('spare-7@studio.example')]
    const id = (await studio.parts.people.byEmail('spare-7@studio.example'))?.id ?? ''
    const [session] = await studio.guard.sessions.list(id)
    await mine.post('/account/sessions/end', { id: session?.id ?? '' })
    expect((await his.get('/account')).status).toBe(200)
  })
})

describe('a new password', () => {
  it('asks for the old one, ends every other session, keeps this one, and is told [ASVS 6.2.3, 7.4.3]', async () => {
    const email = 'spare-8@studio.example'
    const [other, browser] = [await signedIn(email), await signedIn(email)]
    const password = 'quiet rivers carry paper'
    expect((await browser.post('/account/password', { current: 'wrong', password })).status).toBe(400)
    expect((await browser.post('/account/password', { current: passwordOf(email), password: 'password1' })).status).toBe(400)
    expect((await browser.post('/account/password', { current: passwordOf(email), password })).location).toContain('password-changed')
    expect((await browser.get('/account')).status).toBe(200)
    expect((await other.get('/account')).status).toBe(303)
    await studio.mailTo(email, /was changed/)
    expect((await studio.browser().signIn(email)).status).toBe(401)
  })
})

describe('a passkey', () => {
  it('is added after a proof, and signs in alone, as both factors [ASVS 6.3.3]', async () => {
    const email = 'spare-9@studio.example'
    const [origin, rpId] = [studio.origin, 'localhost']
    const [device, browser] = [createAuthenticator(), await signedIn(email)]
    const options = JSON.parse((await browser.json('POST', '/account/passkeys/options', {})).text) as {
      challenge: string
      user: { id: string }
    }
    const added = await browser.json('POST', '/account/passkeys/verify', {
      response: device.create(options, { origin, rpId }),
      name: 'Laptop',
    })
    expect([added.status, JSON.parse(added.text)]).toEqual([200, { next: '/account/security?done=passkey-added' }])
    expect((await browser.get('/account/security')).text).toContain('Laptop')

    // the password alone is not enough any more
    expect((await studio.browser().post('/sign-in', { email, password: passwordOf(email) })).location).toMatch(/^\/sign-in\/code/)
    const fresh = studio.browser()
    const asked = JSON.parse((await fresh.json('POST', '/sign-in/passkey/options', {})).text) as { challenge: string }
    const answer = device.get(asked, { origin, rpId })
    const done = await fresh.json('POST', '/sign-in/passkey/verify', { response: answer, next: '//evil.example' })
    expect([done.status, JSON.parse(done.text)]).toEqual([200, { next: '/' }])
    expect((await fresh.get('/account')).status).toBe(200)
    // once
    expect((await studio.browser().json('POST', '/sign-in/passkey/verify', { response: answer })).status).toBe(401)

    // and it proves the session anew
    await later(3_100)
    const again = JSON.parse((await fresh.json('POST', '/step-up/passkey/options', {})).text) as { challenge: string }
    const proof = await fresh.json('POST', '/step-up/passkey/verify', {
      response: device.get(again, { origin, rpId }),
      next: '/account/security',
    })
    expect(JSON.parse(proof.text)).toEqual({ next: '/account/security' })
    const id = between((await fresh.get('/account/security')).text, /passkeys\/remove"[^]*?name="id" value="([^"]+)"/)
    expect((await fresh.post('/account/passkeys/remove', { id })).location).toContain('passkey-removed')
    await studio.mailTo(email, /removed/)
  })

  it('made for another site, or made up, is nothing', async () => {
    const browser = await signedIn('spare-10@studio.example')
    const options = JSON.parse((await browser.json('POST', '/account/passkeys/options', {})).text) as {
      challenge: string
      user: { id: string }
    }
    const phished = createAuthenticator().create(options, { origin: 'https://evil.example', rpId: 'localhost' })
    expect((await browser.json('POST', '/account/passkeys/verify', { response: phished })).status).toBe(400)
    for (const response of [undefined, null, 'x', [], {}, { id: 'x', response: {} }])
      expect((await studio.browser().json('POST', '/sign-in/passkey/verify', { response })).status).toBe(401)
  })
})

describe('the account', () => {
  it('keeps name and telephone number, and says what is wrong with others', async () => {
    const browser = await signedIn('spare-11@studio.example')
    expect((await browser.post('/account', { name: 'Ines <b>Roth</b>', phone: '+44 20 7946 0958' })).location).toBe('/account?done=saved')
    const page = (await browser.get('/account?done=saved')).text
    expect(page).toContain('+44 20 7946 0958')
    expect(page).not.toContain('<b>Roth')
    for (const form of [
      { name: '', phone: '' },
      { name: 'x'.repeat(200), phone: '' },
      { name: 'Ines', phone: 'call me' },
    ])
      expect((await browser.post('/account', form)).status).toBe(400)
    expect((await browser.get('/account?done=<script>')).text).not.toContain('<script>')
  })
})
