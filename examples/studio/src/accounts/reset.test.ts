import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SETUP_MS, startTestStudio, type TestStudio } from '../fixtures/studio.js'
import { TEST_ACCOUNTS } from '../seed.js'

let studio: TestStudio
beforeAll(async () => {
  studio = await startTestStudio()
}, SETUP_MS)
afterAll(() => studio.stop())

const NEW = 'four grey herons on one leg'
const oldOf = (email: string): string => TEST_ACCOUNTS.find((one) => one.email === email)?.password ?? ''
/** Asks for a reset and gives the token of its mail. */
const ask = async (email: string): Promise<string> => {
  expect((await studio.browser().post('/reset', { email })).status).toBe(200)
  const link = studio.linkOf(await studio.mailTo(email, /asked for/))
  expect(link).toMatch(/^\/reset\/new\?token=[\w-]{43}$/)
  return new URL(link, studio.origin).searchParams.get('token') ?? ''
}

describe('a new password by mail', () => {
  it('is answered alike for an address that nobody has, which gets no mail [ASVS 6.3.8]', async () => {
    const [known, unknown] = await Promise.all(
      ['spare-1@studio.example', 'spare-99@studio.example'].map((email) => studio.browser().post('/reset', { email })),
    )
    expect([known?.status, known?.text]).toEqual([unknown?.status, unknown?.text])
    await studio.mailTo('spare-1@studio.example', /./)
    expect(studio.mails.some(({ to }) => to === 'spare-99@studio.example')).toBe(false)
  })

  it('is set once, ends every session and known device, and is told [ASVS 6.4.1, 7.4.3]', async () => {
    const email = 'spare-2@studio.example'
    const browser = studio.browser()
    await browser.signIn(email)
    const token = await ask(email)
    const mailed = studio.browser()
    for (let i = 0; i < 2; i++) expect((await mailed.get(`/reset/new?token=${token}`)).status).toBe(200)
    expect((await mailed.post('/reset/new', { token, password: NEW })).location).toBe('/sign-in?done=password-set')
    // it signs nobody in
    expect((await mailed.get('/account')).location).toMatch(/^\/sign-in/)
    expect((await browser.get('/account')).location).toMatch(/^\/sign-in/)
    expect((await mailed.post('/reset/new', { token, password: 'another sentence altogether' })).status).toBe(400)
    expect((await studio.browser().signIn(email)).status).toBe(401)
    expect((await studio.browser().signIn(email, { password: NEW })).location).toBe('/')
    expect((await studio.mailTo(email, /was changed/)).text).toContain('not you')
  })

  it('leaves the second factor as it is [ASVS 6.4.3]', async () => {
    const email = 'mfa-1@studio.example'
    const token = await ask(email)
    await studio.browser().post('/reset/new', { token, password: NEW })
    expect((await studio.browser().post('/sign-in', { email, password: NEW })).location).toMatch(/^\/sign-in\/code/)
  })

  it('of two at a time sets one', async () => {
    const email = 'spare-3@studio.example'
    const token = await ask(email)
    const both = await Promise.all(
      [NEW, 'another sentence altogether'].map((password) => studio.browser().post('/reset/new', { token, password })),
    )
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([303, 400])
  })

  it('takes neither the old one nor a weak one, and the link stays good', async () => {
    const email = 'spare-4@studio.example'
    const token = await ask(email)
    for (const password of [oldOf(email), 'password1', 'short', 'spare-4@studio.example'])
      expect((await studio.browser().post('/reset/new', { token, password })).status).toBe(400)
    expect((await studio.browser().post('/reset/new', { token, password: NEW })).status).toBe(303)
  })

  it('is not good any more after the password was changed otherwise', async () => {
    const email = 'spare-5@studio.example'
    const token = await ask(email)
    const browser = studio.browser()
    await browser.signIn(email)
    const changed = await browser.post('/account/password', { current: oldOf(email), password: 'a sentence of her own choice' })
    expect(changed.location).toBe('/account/security?done=password-changed')
    expect((await studio.browser().get(`/reset/new?token=${token}`)).status).toBe(400)
  })

  it('cannot be used to fill a mailbox: a stranger causes a few mails an hour, from however many addresses', async () => {
    const email = 'spare-6@studio.example'
    for (let i = 0; i < 12; i++) expect((await studio.browser().post('/reset', { email })).status).toBe(200)
    await studio.mailTo(email, /./)
    expect(studio.mails.filter(({ to }) => to === email).length).toBeLessThanOrEqual(3)
  })

  it('is nothing for somebody who is suspended', async () => {
    const email = 'spare-7@studio.example'
    const token = await ask(email)
    const person = await studio.parts.people.byEmail(email)
    await studio.parts.people.update(person?.id ?? '', { suspended: true })
    expect((await studio.browser().post('/reset/new', { token, password: NEW })).status).toBe(400)
  })
})
