import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, codeOf, SETUP_MS, startTestStudio, type TestStudio } from '../fixtures/studio.js'
import { TEST_ACCOUNTS } from '../seed.js'

let studio: TestStudio
let admin: Browser
beforeAll(async () => {
  studio = await startTestStudio()
  admin = studio.browser()
  if ((await admin.signIn('probe-admin@studio.example')).location !== '/') throw new Error('the administrator cannot sign in')
}, SETUP_MS)
afterAll(() => studio.stop())

const email = (name: string): string => `${name}@studio.example`
const passwordOf = (name: string): string => TEST_ACCOUNTS.find((one) => one.email === email(name))?.password ?? ''
const person = async (name: string) => {
  const found = await studio.parts.people.byEmail(email(name))
  if (found === undefined) throw new Error(name)
  return found
}
const act = async (name: string, path: string, form: Record<string, string | readonly string[]> = {}) =>
  admin.post(`/admin/people/${studio.guard.id.encode('person', (await person(name)).id)}/${path}`, form)

describe('an administrator', () => {
  it('gives and takes rights, and they count at once', async () => {
    const browser = studio.browser()
    await browser.signIn(email('spare-1'))
    const path = `/documents/${studio.seeded.ids.document}`
    expect((await browser.get(path)).status).toBe(404)
    expect((await act('spare-1', 'rights', { framework: [studio.seeded.ids.framework, 'framework_made_up'] })).location).toContain(
      'rights-changed',
    )
    expect((await browser.get(path)).status).toBe(200)
    await act('spare-1', 'rights')
    expect((await browser.get(path)).status).toBe(404)
  })

  it('makes an administrator, who starts with a new sign-in and needs a second factor [ASVS 6.3.3]', async () => {
    const browser = studio.browser()
    await browser.signIn(email('spare-2'))
    expect((await act('spare-2', 'role', { role: 'admin' })).location).toContain('role-changed')
    expect((await browser.get('/account')).location).toMatch(/^\/sign-in/)
    await browser.signIn(email('spare-2'))
    // the role without a second factor opens nothing
    expect((await browser.get('/admin')).location).toMatch(/^\/step-up/)
    expect((await browser.get('/step-up?next=/admin')).location).toBe('/account/security')
    await act('spare-2', 'role', { role: 'member' })
    await browser.signIn(email('spare-2'))
    expect((await browser.get('/admin')).status).toBe(404)
  })

  it('suspends: every session ends, and sign-in answers as for a wrong password [ASVS 7.4.2]', async () => {
    const browser = studio.browser()
    await browser.signIn(email('spare-3'))
    expect((await act('spare-3', 'suspend', { suspended: 'yes' })).location).toContain('suspended')
    expect((await browser.get('/account')).location).toMatch(/^\/sign-in/)
    const right = await studio.browser().signIn(email('spare-3'))
    const wrong = await studio.browser().signIn(email('spare-3'), { password: 'wrong' })
    expect([right.status, right.text]).toEqual([wrong.status, wrong.text])
    await studio.mailTo(email('spare-3'), /suspended/i)
    await act('spare-3', 'suspend', { suspended: 'no' })
    expect((await studio.browser().signIn(email('spare-3'))).location).toBe('/')
  })

  it('resets: sessions and factors end, the old password opens nothing, and a link is mailed [ASVS 6.4.6]', async () => {
    const browser = studio.browser()
    await browser.signIn(email('mfa-1'))
    expect((await act('mfa-1', 'reset')).location).toContain('reset-sent')
    expect((await browser.get('/account')).location).toMatch(/^\/sign-in/)
    const refused = await studio.browser().post('/sign-in', { email: email('mfa-1'), password: passwordOf('mfa-1') })
    expect([refused.status, refused.headers.getSetCookie()]).toEqual([403, []])
    const link = studio.linkOf(await studio.mailTo(email('mfa-1'), /asked for/))
    const password = 'green umbrellas in the hall'
    const token = new URL(link, studio.origin).searchParams.get('token') ?? ''
    expect((await studio.browser().post('/reset/new', { token, password })).location).toContain('password-set')
    expect((await studio.browser().signIn(email('mfa-1'), { password })).location).toBe('/')
  })

  it('does nothing to himself, so that one is always left', async () => {
    for (const [path, form] of [
      ['role', { role: 'member' }],
      ['suspend', { suspended: 'yes' }],
      ['reset', {}],
      ['rights', {}],
    ] as const)
      expect([path, (await act('probe-admin', path, form)).status]).toEqual([path, 400])
    expect((await admin.get('/admin')).status).toBe(200)
  })

  it('is refused what somebody else is, and for people who are not there', async () => {
    const other = studio.browser()
    await other.signIn(email('spare-4'))
    const id = studio.guard.id.encode('person', (await person('spare-5')).id)
    for (const path of ['role', 'rights', 'suspend', 'reset']) {
      expect((await other.post(`/admin/people/${id}/${path}`, { role: 'admin', suspended: 'yes' })).status).toBe(404)
      expect((await admin.post(`/admin/people/person_made_up/${path}`)).status).toBe(404)
    }
    expect(await person('spare-5')).toMatchObject({ role: 'member', suspended: false, mustReset: false })
  })
})

describe('an act of weight', () => {
  it('asks for a proof that is not older than it may be, and looking does not [ASVS 7.5.3]', async () => {
    const short = await startTestStudio({ settings: { stepUpSeconds: 2 } })
    try {
      const browser = short.browser()
      await browser.signIn(email('probe-admin'))
      const id = short.seeded.ids.person
      const change = () => browser.post(`/admin/people/${id}/role`, { role: 'member' }, { referer: `${short.origin}/admin/people` })
      expect((await change()).location).toContain('role-changed')
      await new Promise((resolve) => setTimeout(resolve, 2_100))
      expect((await browser.get('/admin/people')).status).toBe(200)
      expect((await change()).location).toBe(`/step-up?next=${encodeURIComponent(`${short.origin}/admin/people`)}`)
      const totp = TEST_ACCOUNTS.find((one) => one.email === email('probe-admin'))?.totp ?? ''
      // the password is no second factor
      expect((await browser.post('/step-up', { password: passwordOf('probe-admin') })).status).toBe(401)
      expect((await browser.post('/step-up', { code: codeOf(totp, 1), next: '/admin/people' })).location).toBe('/admin/people')
      expect((await change()).location).toContain('role-changed')
    } finally {
      await short.stop()
    }
  })
})
