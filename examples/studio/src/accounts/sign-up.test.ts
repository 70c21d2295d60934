import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SETUP_MS, startTestStudio, type TestStudio } from '../fixtures/studio.js'

let studio: TestStudio
beforeAll(async () => {
  studio = await startTestStudio()
}, SETUP_MS)
afterAll(() => studio.stop())

const PASSWORD = 'seven kettles whistle at dawn'
const signUp = (email: string, password = PASSWORD) => studio.browser().post('/sign-up', { email, name: 'Dora Lind', password })
const tokenOf = (link: string): string => new URL(link, studio.origin).searchParams.get('token') ?? ''

describe('sign-up', () => {
  it('answers alike whether the address has an account or not; only its owner learns it, by mail [ASVS 6.3.8]', async () => {
    const [known, unknown] = [await signUp('spare-1@studio.example'), await signUp('dora@studio.example')]
    expect([known.status, known.text]).toEqual([unknown.status, unknown.text])
    expect(known.status).toBe(200)
    expect((await studio.mailTo('spare-1@studio.example', /already/)).text).not.toContain('token=')
    expect(studio.linkOf(await studio.mailTo('dora@studio.example', /Confirm/))).toMatch(/^\/verify\?token=[\w-]{43}$/)
  })

  it('makes an account only of who reads the mail and knows the password, and once', async () => {
    await signUp('emil@studio.example')
    const link = studio.linkOf(await studio.mailTo('emil@studio.example', /Confirm/))
    const [browser, token] = [studio.browser(), tokenOf(link)]
    // mail scanners follow links: looking uses nothing up
    for (let i = 0; i < 3; i++) expect((await browser.get(link)).status).toBe(200)
    expect((await browser.signIn('emil@studio.example', { password: PASSWORD })).status).toBe(401)
    expect((await browser.post('/verify', { token, password: 'what the stranger chose' })).status).toBe(401)
    expect((await browser.post('/verify', { token, password: PASSWORD })).location).toBe('/sign-in?done=verified')
    expect((await browser.post('/verify', { token, password: PASSWORD })).status).toBe(400)
    expect((await browser.get(link)).status).toBe(400)
    expect((await browser.signIn('Emil@Studio.example ', { password: PASSWORD })).location).toBe('/')
  })

  it('of a stranger with my address gives the stranger no account that I confirm', async () => {
    await signUp('finn@studio.example', 'what the stranger chose first')
    const first = tokenOf(studio.linkOf(await studio.mailTo('finn@studio.example', /Confirm/)))
    studio.mails.length = 0
    await signUp('finn@studio.example')
    const second = tokenOf(studio.linkOf(await studio.mailTo('finn@studio.example', /Confirm/)))
    const browser = studio.browser()
    // my password fits my own sign-up, not the other one
    expect((await browser.post('/verify', { token: first, password: PASSWORD })).status).toBe(401)
    expect((await browser.post('/verify', { token: second, password: PASSWORD })).status).toBe(303)
    expect((await browser.post('/verify', { token: first, password: 'what the stranger chose first' })).status).toBe(400)
    expect((await studio.browser().signIn('finn@studio.example', { password: 'what the stranger chose first' })).status).toBe(401)
  })

  it.each([
    ['a password that is tried first', { password: 'password123' }],
    ['a password that is too short', { password: 'q7-x' }],
    ['a password made of the address', { password: 'gunnar.holm', email: 'gunnar.holm@studio.example' }],
    ['no address', { email: 'gunnar' }],
    ['two addresses', { email: 'gunnar@studio.example,eve@evil.example' }],
    ['a header in the address', { email: 'gunnar@studio.example\r\nBcc: eve@evil.example' }],
    ['no name', { name: ' ' }],
    ['a name of a page', { name: 'x'.repeat(5_000) }],
  ])('is refused with %s, and sends nothing [ASVS 6.2.1, 6.2.4]', async (_what, form) => {
    studio.mails.length = 0
    const given = { email: 'gunnar@studio.example', name: 'Gunnar Holm', password: PASSWORD, ...form }
    expect((await studio.browser().post('/sign-up', given)).status).toBe(400)
    expect(studio.mails).toEqual([])
  })

  it('is asked for five times an hour from one address, and not more', async () => {
    const browser = studio.browser()
    const statuses: number[] = []
    for (let i = 0; i < 7; i++)
      statuses.push((await browser.post('/sign-up', { email: `many-${i}@studio.example`, name: 'Many', password: PASSWORD })).status)
    expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(5)
    expect(statuses.at(-1)).toBe(429)
  })

  it("fills nobody's mailbox, from however many addresses it is asked for", async () => {
    for (let i = 0; i < 6; i++) expect((await signUp('victim@studio.example')).status).toBe(200)
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(studio.mails.filter(({ to }) => to === 'victim@studio.example')).toHaveLength(3)
  })

  it('does not believe a link that somebody made up', async () => {
    for (const token of ['', 'x', 'a'.repeat(43), 'a'.repeat(50_000), '__proto__'])
      expect((await studio.browser().get(`/verify?token=${token}`)).status).toBeGreaterThanOrEqual(400)
    expect((await studio.browser().post('/verify', { token: 'a'.repeat(43), password: PASSWORD })).status).toBe(400)
  })
})
