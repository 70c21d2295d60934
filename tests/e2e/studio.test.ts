import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { needs } from '@parapet/testkit'
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { SAMPLE_PEOPLE } from '../../examples/studio/src/seed.js'
import { launchChromium } from './support/chromium.js'
import { createPlace } from './support/control-plane.js'
import { pressOn, tabTo, typeInto } from './support/keyboard.js'
import { PICTURES } from './support/pictures.js'
import { run } from './support/processes.js'
import { lookAt } from './support/studio-pictures.js'
import { startStudioSite, type StudioSite } from './support/studio-site.js'

const here = needs('chromium', 'oathtool', 'zbarimg')
const MINUTE = 60_000

const EMAIL = 'dora@studio.example'
const FIRST = 'seven herons over the weir'
const SECOND = 'the ferry leaves before dawn'
const CONTACT = 'night.desk@supplier.example'
const ADMIN = SAMPLE_PEOPLE.find(({ role }) => role === 'admin')!

type Tab = { readonly context: BrowserContext; readonly page: Page }

describe.skipIf(!here.ok)(`the studio, by keyboard alone${here.note}`, { timeout: 120_000, retry: 0 }, () => {
  const place = createPlace('studio')
  let site: StudioSite
  let browser: Browser
  let member: Tab
  let admin: Tab
  let page: Page
  let secret = ''
  let codes: string[] = []
  let authenticator: { cdp: CDPSession; id: string }
  const complaints: string[] = []

  const open = async (): Promise<Tab> => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: 'en-GB', reducedMotion: 'reduce' })
    const tab = await context.newPage()
    tab.setDefaultTimeout(20_000)
    tab.on('pageerror', (error) => complaints.push(`fault: ${error.message}`))
    // a breach of the content security policy is told as an error; answers such as 401 are what some steps are about
    tab.on('console', (message) => {
      if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) complaints.push(message.text())
    })
    return { context, page: tab }
  }
  const heading = (tab: Page, name: string | RegExp) => tab.getByRole('heading', { level: 1, name }).waitFor()
  const says = (tab: Page, text: string | RegExp) => tab.getByText(text).first().waitFor()
  /** looks at the page as it stands; each page is judged at length in studio-looks.test.ts */
  const seen = async (tab: Page, name: string): Promise<void> => expect(await lookAt(tab, `walk-${name}`, { quick: true })).toEqual([])
  /** chooses in a list by typing what it begins with */
  const choose = async (tab: Page, name: string, text: string): Promise<void> => {
    await tabTo(tab, name)
    await tab.keyboard.type(text)
  }
  const nextCode = async (key: string): Promise<string> => {
    await site.later(30_000)
    return site.code(key)
  }
  const signIn = async (tab: Page, email: string, password: string): Promise<void> => {
    await tab.goto(`${site.url}/sign-in`)
    await heading(tab, 'Sign in')
    await typeInto(tab, 'E-mail address', email)
    await typeInto(tab, 'Password', password)
    await tab.keyboard.press('Enter')
  }
  const withCode = async (tab: Page, code: string): Promise<void> => {
    await heading(tab, 'Second step')
    // the field has the focus already
    await tab.keyboard.type(code)
    await tab.keyboard.press('Enter')
  }
  const toSecurity = async (tab: Page): Promise<void> => {
    await pressOn(tab, /^Your account/)
    await heading(tab, 'Your account')
    await pressOn(tab, 'Sign-in and sessions')
    await heading(tab, 'Sign-in and sessions')
  }
  const signOut = async (tab: Page): Promise<void> => {
    await pressOn(tab, 'Sign out')
    await heading(tab, 'Sign in')
    await says(tab, 'You are signed out.')
  }
  const finger = async (touches: boolean): Promise<void> => {
    await authenticator.cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: authenticator.id, enabled: touches })
  }
  /** what was about to be done asks who it is; afterwards it is done again from where one was */
  const prove = async (tab: Page, code: string): Promise<void> => {
    await heading(tab, 'Prove that it is you')
    await tab.keyboard.type(code)
    await tab.keyboard.press('Enter')
    await tab.getByRole('heading', { level: 1, name: 'Prove that it is you' }).waitFor({ state: 'detached' })
  }

  beforeAll(async () => {
    site = await startStudioSite(place.path)
    browser = await launchChromium([], join(place.path, 'chromium'))
    member = await open()
    page = member.page
    const cdp = await member.context.newCDPSession(page)
    await cdp.send('WebAuthn.enable')
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: false,
      },
    })
    authenticator = { cdp, id: authenticatorId }
  }, 180_000)

  afterAll(async () => {
    await browser?.close()
    await site?.stop()
    place.remove()
  })

  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return
    await page?.screenshot({ path: join(PICTURES, 'studio', 'failed.png') })
    await admin?.page.screenshot({ path: join(PICTURES, 'studio', 'failed-admin.png') })
  })

  it('begins with a way past the navigation, and with what the site is', async () => {
    await page.goto(site.url)
    await heading(page, 'Evidence, in order')
    await page.keyboard.press('Tab')
    await tabTo(page, 'To the content')
    await page.keyboard.press('Enter')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('main')
    await seen(page, 'landing')
  })

  it('signs up: errors stand beside their fields, then a mail whose link needs the password', async () => {
    await pressOn(page, 'Create an account')
    await heading(page, 'Sign up')
    await typeInto(page, 'E-mail address', EMAIL)
    await typeInto(page, 'Your name', 'Dora Quist')
    await typeInto(page, 'Password', 'password1')
    await page.keyboard.press('Enter')
    await page.locator('#password-error').waitFor()
    expect(await page.title()).toMatch(/^Error: /)
    // the focus is in the field that is wrong, and what is wrong with it is read with it
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-describedby'))).toContain('password-error')
    expect(await page.inputValue('#email')).toBe(EMAIL)
    await seen(page, 'sign-up-error')
    await typeInto(page, 'Password', FIRST)
    await page.keyboard.press('Enter')
    await heading(page, 'Look into your mail')
    await page.goto(await site.link(EMAIL, '/verify'))
    await heading(page, 'Confirm your address')
    await typeInto(page, 'Password', FIRST)
    await page.keyboard.press('Enter')
    await says(page, 'Your address is confirmed. You can sign in now.')
    await heading(page, 'Sign in')
    await seen(page, 'sign-in')
  })

  it('signs in, and is told when the password was wrong without learning which of both it was', async () => {
    await signIn(page, EMAIL, 'something else')
    await says(page, /address or the password is wrong/)
    expect(await page.inputValue('#email')).toBe(EMAIL)
    expect(await page.inputValue('#password')).toBe('')
    await typeInto(page, 'Password', FIRST)
    await page.keyboard.press('Enter')
    await heading(page, 'Overview')
    await says(page, 'Your account has a password only.')
    await seen(page, 'home-new')
  })

  it('sets up an authenticator app, whose QR code and text say the same; recovery codes are shown once', async () => {
    await toSecurity(page)
    await pressOn(page, 'Set up an app')
    await heading(page, 'Set up an app')
    secret = ((await page.locator('[data-secret]').textContent()) ?? '').replaceAll(/\s/g, '')
    expect(secret).toMatch(/^[A-Z2-7]{32}$/)
    const picture = join(place.path, 'qr.png')
    await page.getByAltText('QR code of the secret').screenshot({ path: picture })
    expect(run('zbarimg', '--raw', '-q', picture)).toContain(`secret=${secret}`)
    await seen(page, 'totp')
    await typeInto(page, 'Code', '000000')
    await page.keyboard.press('Enter')
    await page.locator('#code-error').waitFor()
    // the secret does not come again
    expect(await page.content()).not.toContain(secret)
    await page.keyboard.type(site.code(secret))
    await page.keyboard.press('Enter')
    await heading(page, 'Your recovery codes')
    codes = await page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem').allTextContents()
    expect(codes).toHaveLength(10)
    await seen(page, 'recovery-codes')
    await pressOn(page, 'I have kept them')
    await says(page, /^10 codes left/)
    await signOut(page)
  })

  it('signs in in two steps', async () => {
    await signIn(page, EMAIL, FIRST)
    await heading(page, 'Second step')
    await seen(page, 'code')
    await withCode(page, '000000')
    await page.locator('#code-error').waitFor()
    await withCode(page, await nextCode(secret))
    await heading(page, 'Overview')
  })

  it('adds a passkey, and is told when nobody touched it', async () => {
    await toSecurity(page)
    await typeInto(page, 'A name for a new passkey (optional)', 'Key on my ring')
    await finger(true)
    await pressOn(page, 'Add a passkey')
    await says(page, 'The passkey is added.')
    await says(page, 'Key on my ring')
    await seen(page, 'security')
    // the same device once more: the browser says that it is there, and the page what to do
    await pressOn(page, 'Add a passkey')
    await says(page, /This device holds a passkey for your account already/)
    await finger(false)
  })

  it('signs in with the passkey alone', async () => {
    await signOut(page)
    await tabTo(page, 'Use a passkey')
    await finger(true)
    await page.keyboard.press('Enter')
    await heading(page, 'Overview')
    await finger(false)
  })

  it('signs in with a recovery code, once; that session is seen from the other one, and ended there', async () => {
    const other = await open()
    await signIn(other.page, EMAIL, FIRST)
    await withCode(other.page, codes[0] ?? '')
    await heading(other.page, 'Overview')
    await toSecurity(page)
    await says(page, /^9 codes left/)
    const sessions = page.getByRole('list', { name: 'Sessions' })
    expect(await sessions.getByRole('listitem').count()).toBe(2)
    expect(await sessions.getByText('this one').count()).toBe(1)
    await seen(page, 'sessions')
    await pressOn(page, /^End Chrome/)
    await says(page, 'The session is ended.')
    await other.page.goto(`${site.url}/documents`)
    await heading(other.page, 'Sign in')
    // the same code again
    await signIn(other.page, EMAIL, FIRST)
    await withCode(other.page, codes[0] ?? '')
    await other.page.locator('#code-error').waitFor()
    await other.context.close()
  })

  it('sets a new password by mail, which ends the session and keeps the second factor', async () => {
    const other = await open()
    await other.page.goto(`${site.url}/sign-in`)
    await pressOn(other.page, 'Set a new password')
    await heading(other.page, 'Set a new password')
    await seen(other.page, 'reset')
    await typeInto(other.page, 'E-mail address', EMAIL)
    await other.page.keyboard.press('Enter')
    await heading(other.page, 'Look into your mail')
    const link = await site.link(EMAIL, '/reset/new')
    await other.page.goto(link)
    await heading(other.page, 'Your new password')
    await typeInto(other.page, 'New password', FIRST)
    await other.page.keyboard.press('Enter')
    await other.page.locator('#password-error').waitFor()
    await typeInto(other.page, 'New password', SECOND)
    await other.page.keyboard.press('Enter')
    await says(other.page, 'Your new password is set.')
    await other.page.goto(link)
    await heading(other.page, 'This link does not work')
    await seen(other.page, 'link-failed')
    await page.goto(`${site.url}/documents`)
    await heading(page, 'Sign in')
    await signIn(page, EMAIL, SECOND)
    await withCode(page, await nextCode(secret))
    await heading(page, 'Overview')
    await other.context.close()
  })

  it('keeps name and number', async () => {
    await pressOn(page, /^Your account/)
    await heading(page, 'Your account')
    await typeInto(page, 'Phone number (optional)', 'by the window')
    await page.keyboard.press('Enter')
    await page.locator('#phone-error').waitFor()
    await typeInto(page, 'Phone number (optional)', '+46 8 1234567')
    await page.keyboard.press('Enter')
    await says(page, 'Saved.')
    expect(await page.inputValue('#phone')).toBe('+46 8 1234567')
    await seen(page, 'account')
  })

  it('writes a document, whose hostile title stays text, with a comment and an attachment that comes back as it was', async () => {
    await pressOn(page, 'Documents')
    await heading(page, 'Documents')
    await says(page, 'No documents yet')
    await seen(page, 'documents-empty')
    await pressOn(page, 'New document')
    await heading(page, 'New document')
    await typeInto(page, 'Title', '<script>alert("night")</script> desk')
    await choose(page, 'Framework', 'GDPR')
    await typeInto(page, /^Contact/, CONTACT)
    await typeInto(page, 'Text', 'Who answers at night, and how soon.')
    await seen(page, 'document-new')
    await pressOn(page, 'Create the document')
    await heading(page, /<script>alert\("night"\)<\/script> desk/)
    await says(page, 'The document is created.')

    await typeInto(page, 'Your comment', 'Is the number still right?')
    await pressOn(page, 'Add the comment')
    await says(page, 'Your comment is added.')
    await says(page, 'Is the number still right?')

    const file = join(place.path, 'night desk.txt')
    writeFileSync(file, 'first the desk, then the person on duty\n')
    // Chromium has to be told before the key that choosers are ours; the way there gives it the time
    const chooser = page.waitForEvent('filechooser')
    await tabTo(page, 'Add a file')
    await page.keyboard.press('Space')
    await (await chooser).setFiles(file)
    await pressOn(page, 'Add the file')
    await says(page, 'The attachment is added.')
    const download = page.waitForEvent('download')
    await pressOn(page, 'night desk.txt')
    expect(readFileSync(await (await download).path(), 'utf8')).toBe('first the desk, then the person on duty\n')
    await seen(page, 'document')
  })

  it('changes it', async () => {
    await pressOn(page, 'Change the document')
    await choose(page, 'State', 'In review')
    await pressOn(page, 'Save the changes')
    await says(page, 'Saved.')
    expect(await page.locator('aside .mark').textContent()).toBe('In review')
  })

  it('finds it by words of the title and by the whole sealed address, and says how to search when nothing is found', async () => {
    const search = async (text: string): Promise<void> => {
      await pressOn(page, 'Documents')
      await heading(page, 'Documents')
      await typeInto(page, 'Search', text)
      await page.keyboard.press('Enter')
      await page.waitForURL(/[?&]q=/)
    }
    for (const text of ['desk', CONTACT]) {
      await search(text)
      await says(page, /^1 document found/)
      await seen(page, 'documents-found')
    }
    await search('night.desk')
    await says(page, 'Nothing matches')
    await pressOn(page, 'Show all')
    await says(page, /^1 document/)
  })

  it('does not see what others own', async () => {
    await pressOn(page, 'Frameworks')
    await heading(page, 'Frameworks')
    await pressOn(page, 'SOC 2')
    await heading(page, 'SOC 2')
    await says(page, 'Nothing here yet')
    await seen(page, 'framework-without-right')
    await page.goto(`${site.url}/admin`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    expect(await page.getByRole('link', { name: 'Admin' }).count()).toBe(0)
    await seen(page, 'refused')
    await page.goto(`${site.url}/nowhere`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await seen(page, 'not-found')
    await pressOn(page, 'To the first page')
  })

  it('is given a view right by an administrator, and sees the framework', async () => {
    admin = await open()
    await signIn(admin.page, ADMIN.email, ADMIN.password)
    await withCode(admin.page, await nextCode(ADMIN.totp!))
    await heading(admin.page, 'Overview')
    await seen(admin.page, 'home')
    await pressOn(admin.page, 'Admin')
    await heading(admin.page, 'Admin')
    await seen(admin.page, 'admin')
    await pressOn(admin.page, 'People')
    await heading(admin.page, 'People')
    await seen(admin.page, 'people')
    await pressOn(admin.page, 'Manage Dora Quist')
    await tabTo(admin.page, 'SOC 2')
    await admin.page.keyboard.press('Space')
    await pressOn(admin.page, 'Save the rights of Dora Quist')
    await says(admin.page, 'The view rights are changed.')

    await pressOn(page, 'Frameworks')
    await heading(page, 'Frameworks')
    await pressOn(page, 'SOC 2')
    await heading(page, 'SOC 2')
    await seen(page, 'framework')
    await pressOn(page, 'Access control policy')
    await heading(page, 'Access control policy')
    // not the owner: no form to change it
    expect(await page.getByText('Change the document').count()).toBe(0)
    await seen(page, 'document-of-another')
  })

  it('administrators prove once more who they are before they suspend somebody, who is out at once', async () => {
    const { page: tab } = admin
    await site.later(11 * MINUTE)
    const suspend = async (): Promise<void> => {
      await pressOn(tab, 'Manage Dora Quist')
      await pressOn(tab, 'Suspend Dora Quist')
      await pressOn(tab, 'Yes, suspend Dora Quist')
    }
    await suspend()
    await heading(tab, 'Prove that it is you')
    await seen(tab, 'step-up')
    await tab.keyboard.type('000000')
    await tab.keyboard.press('Enter')
    await tab.locator('#code-error').waitFor()
    await prove(tab, site.code(ADMIN.totp!))
    await heading(tab, 'People')
    await suspend()
    await says(tab, 'The person is suspended, and signed out everywhere.')
    await page.reload()
    await heading(page, 'Sign in')
    await pressOn(tab, 'Manage Dora Quist')
    await pressOn(tab, 'Restore Dora Quist')
    await says(tab, 'The person can sign in again.')
  })

  it('administrators change a role and reset somebody, in two presses each', async () => {
    const { page: tab } = admin
    await pressOn(tab, 'Manage Carla Nunes')
    await pressOn(tab, 'Make an admin Carla Nunes')
    await pressOn(tab, 'Yes, make an admin Carla Nunes')
    await says(tab, 'The role is changed.')
    await pressOn(tab, 'Manage Dora Quist')
    await pressOn(tab, 'Reset Dora Quist')
    await pressOn(tab, 'Yes, reset Dora Quist')
    await says(tab, /a link for a new password is on its way/)
    expect(await site.link(EMAIL, '/reset/new')).toContain('token=')
  })

  it('administrators read who saw what, with filters and pages, and on paper', async () => {
    const { page: tab } = admin
    await pressOn(tab, 'Audit')
    await heading(tab, 'Audit')
    await tab.getByRole('row').nth(3).waitFor()
    await seen(tab, 'audit')
    await choose(tab, 'Who', 'Dora')
    await choose(tab, 'Did', 'Viewed')
    await pressOn(tab, 'Show')
    await says(tab, /Dora Quist, viewed/)
    const rows = tab.locator('tbody tr')
    await rows.filter({ hasText: 'Access control policy' }).first().waitFor()
    expect(await rows.filter({ hasNotText: 'Dora Quist' }).count()).toBe(0)
    await seen(tab, 'audit-filtered')
    // what is printed: the record, without what only works on a screen
    await tab.emulateMedia({ media: 'print' })
    expect(await tab.getByRole('button', { name: 'Show' }).isVisible()).toBe(false)
    expect(await rows.first().isVisible()).toBe(true)
    await tab.pdf({ path: join(PICTURES, 'studio', 'audit.pdf') })
    await tab.emulateMedia({ media: null })
  })

  it('broke no rule of the content security policy on the whole way, and no script failed', () => {
    expect(complaints).toEqual([])
  })
})
