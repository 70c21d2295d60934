import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, needs } from '@parapet/testkit'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium } from './support/chromium.js'
import { api, type ControlPlane, createPlace, parapet, startControlPlane } from './support/control-plane.js'
import { pressOn, tabTo, typeInto } from './support/keyboard.js'
import { PICTURES, takePictures } from './support/pictures.js'
import { PASSWORD, PEOPLE } from './support/planted.js'
import { run } from './support/processes.js'

const here = needs('chromium', 'oathtool', 'zbarimg')
const MINUTE = 60_000

describe.skipIf(!here.ok)(`operators of the control plane, by keyboard alone${here.note}`, { timeout: 180_000, retry: 0 }, () => {
  const place = createPlace('operators')
  const dataDir = join(place.path, 'data')
  const clock = join(place.path, 'clock')
  const env: Record<string, string> = { PARAPET_TEST_CLOCK: clock }
  let control: ControlPlane
  let browser: Browser
  let context: BrowserContext
  let page: Page
  let url = ''
  let shift = 0
  let secret = ''
  let codes: string[] = []
  const complaints: string[] = []
  /** whether the virtual authenticator is touched when it asks */
  let finger: (touches: boolean) => Promise<void>

  /** Moves the server's clock: codes work once each, and a sign-in is old after ten minutes. */
  const later = async (ms: number): Promise<void> => {
    shift += ms
    writeFileSync(clock, String(shift))
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  /** What an authenticator app shows now; made by another program than ours. */
  const code = (): string => {
    const at = new Date(Date.now() + shift).toISOString().slice(0, 19).replace('T', ' ')
    return run('oathtool', '--totp', '--base32', `--now=${at} UTC`, secret).trim()
  }
  const nextCode = async (): Promise<string> => {
    await later(30_000)
    return code()
  }
  /** Types the next code into the field that took the focus by itself. */
  const typeNextCode = async (tab: Page): Promise<void> => {
    const next = await nextCode()
    await tab.locator('input:focus').waitFor()
    await tab.keyboard.type(next)
    await tab.keyboard.press('Enter')
  }
  const open = async (): Promise<{ context: BrowserContext; page: Page }> => {
    const fresh = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: 'en-GB', reducedMotion: 'reduce' })
    const tab = await fresh.newPage()
    tab.setDefaultTimeout(20_000)
    tab.on('pageerror', (error) => complaints.push(`fault: ${error.message}`))
    tab.on('console', (message) => {
      if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) complaints.push(message.text())
    })
    return { context: fresh, page: tab }
  }
  const heading = (tab: Page, name: string) => tab.getByRole('heading', { level: 1, name }).waitFor()
  const atHome = (tab: Page) => tab.locator('#main h1').waitFor()
  const signIn = async (tab: Page, name: string, password: string): Promise<void> => {
    await tab.goto(`${url}/sign-in`)
    await heading(tab, 'Sign in')
    await typeInto(tab, 'Name', name)
    await typeInto(tab, 'Password', password)
    await tab.keyboard.press('Enter')
  }
  const signOut = async (tab: Page): Promise<void> => {
    await pressOn(tab, 'Sign out')
    await heading(tab, 'Sign in')
  }
  const toAccount = async (tab: Page): Promise<void> => {
    await pressOn(tab, /^Your account/)
    await heading(tab, 'Your account')
    await tab.locator('.skeleton').first().waitFor({ state: 'detached' })
  }
  const admin = (): string => readFileSync(join(dataDir, 'local-token'), 'utf8').trim()
  const acts = async (
    action: string,
  ): Promise<{ actor: { id: string; name?: string }; outcome: string; detail?: Record<string, unknown> }[]> =>
    (await api<{ items: [] }>(`${url}/v1/audit?action=${action}&limit=10`, { token: admin() })).items
  const recover = (...args: readonly string[]): string =>
    run(
      'env',
      `PARAPET_DATA_DIR=${dataDir}`,
      `PARAPET_PORT=${new URL(url).port}`,
      process.execPath,
      parapet,
      'operators',
      'recover',
      ...args,
    )

  beforeAll(async () => {
    rmSync(PICTURES, { recursive: true, force: true })
    env['NODE_OPTIONS'] = `--import ${new URL('./support/shift-clock.js', import.meta.url).href}`
    control = await startControlPlane({ dataDir, port: await freePort(), env })
    url = control.url
    browser = await launchChromium([], join(place.path, 'chromium'))
    ;({ context, page } = await open())
    const cdp = await context.newCDPSession(page)
    await cdp.send('WebAuthn.enable')
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        // else it answers what the browser only offers in the field for the name
        automaticPresenceSimulation: false,
      },
    })
    finger = async (touches) => {
      await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled: touches })
    }
  }, 150_000)

  afterAll(async () => {
    await browser?.close()
    await control?.stop()
    place.remove()
  })

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await page.screenshot({ path: join(PICTURES, `failed-${task.name.replaceAll(/\W+/g, '-')}.png`) })
  })

  it('sign up with the one-time link', async () => {
    await page.goto(control.setupLink ?? '')
    await heading(page, 'The first operator')
    await typeInto(page, 'Name', 'olga')
    await typeInto(page, 'Password', PASSWORD)
    await takePictures(page, '01-sign-up')
    await page.keyboard.press('Enter')
    await atHome(page)
    expect(page.url()).not.toContain('#')
  })

  it('set up an authenticator app, whose QR code and text say the same', async () => {
    await toAccount(page)
    await takePictures(page, '02-account-password-only')
    await pressOn(page, 'Set up an app')
    const shown = page.locator('[data-secret]')
    await shown.waitFor()
    secret = ((await shown.textContent()) ?? '').replaceAll(/\s/g, '')
    expect(secret).toMatch(/^[A-Z2-7]{32}$/)
    await takePictures(page, '03-app-set-up')
    const picture = join(PICTURES, 'qr.png')
    await page.getByAltText('QR code of the secret').screenshot({ path: picture })
    expect(run('zbarimg', '--raw', '-q', picture)).toContain(`secret=${secret}`)
    await typeInto(page, /Type the six digits/, '000000')
    await page.keyboard.press('Enter')
    await page.getByText('PPT_FACTOR_FAILED').waitFor()
    await typeInto(page, /Type the six digits/, code())
    await page.keyboard.press('Enter')
    await page.getByRole('dialog', { name: 'Your recovery codes' }).waitFor()
    codes = await page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem').allTextContents()
    expect(codes).toHaveLength(10)
    await takePictures(page, '04-recovery-codes')
    // they do not go away by accident
    await page.keyboard.press('Escape')
    await page.getByRole('dialog', { name: 'Your recovery codes' }).waitFor()
    await pressOn(page, 'I have kept them')
    await page.getByText('10 codes left.').waitFor()
    await page.locator('.dialog').waitFor({ state: 'detached' })
  })

  it('sign in in two steps, with a code', async () => {
    await signOut(page)
    await takePictures(page, '05-sign-in')
    await signIn(page, 'olga', PASSWORD)
    await heading(page, 'Second step')
    await takePictures(page, '06-second-step')
    await page.keyboard.type('123456')
    await page.keyboard.press('Enter')
    await page.getByText('PPT_FACTOR_FAILED').waitFor()
    // the field has the focus again: the next code is typed at once
    await typeNextCode(page)
    await atHome(page)
  })

  it('add a passkey, and sign in with it without a name', async () => {
    await toAccount(page)
    await pressOn(page, 'Add a passkey')
    await page.getByRole('dialog', { name: 'Add a passkey' }).waitFor()
    await typeInto(page, 'A name for it', 'Key on my ring')
    await takePictures(page, '07-add-passkey')
    await finger(true)
    await page.keyboard.press('Enter')
    await page.getByText('Key on my ring', { exact: true }).waitFor()
    await page.locator('.dialog').waitFor({ state: 'detached' })
    await takePictures(page, '08-account-secured')
    await finger(false)
    await signOut(page)
    await tabTo(page, 'Use a passkey')
    await finger(true)
    await page.keyboard.press('Enter')
    await atHome(page)
    await finger(false)
    expect((await acts('operator.signed_in'))[0]).toMatchObject({
      actor: { name: 'olga' },
      outcome: 'success',
      detail: { method: 'passkey' },
    })
  })

  it('rename the passkey', async () => {
    await toAccount(page)
    await pressOn(page, 'Rename Key on my ring')
    await page.getByRole('dialog', { name: 'Rename the passkey' }).waitFor()
    await typeInto(page, 'Name', 'Laptop')
    await page.keyboard.press('Enter')
    await page.getByText('Laptop', { exact: true }).waitFor()
    // the focus is back at the button that opened it, or near
    await page.locator('.dialog').waitFor({ state: 'detached' })
  })

  it('sign in with a recovery code, once, and are told', async () => {
    const other = await open()
    await signIn(other.page, 'olga', PASSWORD)
    await heading(other.page, 'Second step')
    await pressOn(other.page, 'Use a recovery code')
    await other.page.keyboard.type(codes[0] ?? '')
    await takePictures(other.page, '09-recovery-code')
    await other.page.keyboard.press('Enter')
    await atHome(other.page)
    await toAccount(other.page)
    await other.page.getByText('9 codes left.').waitFor()
    await other.page.getByText('A recovery code was used, 9 left').waitFor()
    await other.context.close()
  })

  it('end the session of another browser, which is signed out at once', async () => {
    const other = await open()
    await signIn(other.page, 'olga', PASSWORD)
    await heading(other.page, 'Second step')
    await tabTo(other.page, /^Code|Use the authenticator app/)
    if ((await other.page.getByLabel('Code', { exact: true }).count()) === 0) await pressOn(other.page, 'Use the authenticator app')
    await typeNextCode(other.page)
    await atHome(other.page)
    await page.goto(`${url}/account`)
    await heading(page, 'Your account')
    await page.getByRole('list', { name: 'Sessions' }).getByText('this one').waitFor()
    await takePictures(page, '10-sessions')
    await pressOn(page, 'Sign out all others')
    await page
      .getByText(/sessions? ended/)
      .first()
      .waitFor()
    await other.page.reload()
    await heading(other.page, 'Sign in')
    await other.context.close()
  })

  it('prove once more who they are before a dangerous act, which then goes on', async () => {
    await later(11 * MINUTE)
    await page.keyboard.press('Escape')
    await pressOn(page, 'Operators')
    await heading(page, 'Operators')
    await pressOn(page, 'Add an operator')
    await page.getByRole('dialog', { name: 'Add an operator' }).waitFor()
    await typeInto(page, 'Name', 'bert')
    await typeInto(page, 'First password', PEOPLE.bert)
    await takePictures(page, '11-add-operator')
    await page.keyboard.press('Enter')
    const asked = page.getByRole('dialog', { name: 'Prove that it is you' })
    await asked.waitFor()
    await asked.getByRole('button', { name: 'Use the authenticator app' }).waitFor()
    await takePictures(page, '12-step-up')
    await pressOn(page, 'Use the authenticator app')
    await typeNextCode(page)
    await page.getByText('Added: bert').waitFor()
    await page.getByRole('cell', { name: 'bert' }).first().waitFor()
    expect((await acts('operator.stepped_up'))[0]).toMatchObject({ actor: { name: 'olga' }, detail: { method: 'totp' } })
    expect((await acts('operator.created'))[0]).toMatchObject({ actor: { name: 'olga' }, outcome: 'success' })
  })

  it('are left where they were when they would not prove it', async () => {
    await later(11 * MINUTE)
    await pressOn(page, 'Make admin: bert')
    await page.getByRole('dialog', { name: 'Make this operator an admin?' }).waitFor()
    await takePictures(page, '13-change-role')
    await pressOn(page, 'Make admin')
    await page.getByRole('dialog', { name: 'Prove that it is you' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByText('PPT_STEP_UP').waitFor()
    await page.keyboard.press('Escape')
    await page.locator('.dialog').waitFor({ state: 'detached' })
    expect(await acts('operator.role_changed')).toEqual([])
  })

  it('reset somebody, who is signed out at once and sets a new password with the link', async () => {
    const bert = await open()
    await signIn(bert.page, 'bert', PEOPLE.bert)
    await atHome(bert.page)
    await pressOn(page, 'Reset: bert')
    await page.getByRole('dialog', { name: 'Reset this operator?' }).waitFor()
    await takePictures(page, '14-reset-asked')
    await pressOn(page, 'Reset')
    await page.getByRole('dialog', { name: 'Prove that it is you' }).waitFor()
    await page.getByRole('dialog', { name: 'Prove that it is you' }).getByRole('button', { name: 'Use a passkey' }).waitFor()
    await finger(true)
    await pressOn(page, 'Use a passkey')
    await page.getByRole('dialog', { name: 'The one-time link' }).waitFor()
    await finger(false)
    const link = (await page.locator('[data-link]').textContent()) ?? ''
    expect(link).toMatch(new RegExp(`^${url}/reset#[\\w-]{43}$`))
    await takePictures(page, '15-reset-link')
    await pressOn(page, 'Done')
    await page.getByText('Link handed out').waitFor()
    await takePictures(page, '16-operators')
    await bert.page.reload()
    await heading(bert.page, 'Sign in')
    await bert.page.goto('about:blank')
    await bert.page.goto(link)
    await heading(bert.page, 'A new password')
    await bert.page.getByText('For bert').waitFor()
    await takePictures(bert.page, '17-reset-page')
    await typeInto(bert.page, 'New password', PEOPLE.carla)
    await bert.page.keyboard.press('Enter')
    await heading(bert.page, 'Your account')
    await bert.page.getByText('Account reset').waitFor()
    await takePictures(bert.page, '18-after-reset')
    // the link works once, and the old password not at all
    await bert.page.goto('about:blank')
    await bert.page.goto(link)
    await bert.page.getByText('PPT_RESET_LINK').waitFor()
    await bert.context.close()
  })

  it('come back on the machine itself when nobody can sign in, and it is recorded', async () => {
    const answer = JSON.parse(recover('olga', '--yes', '--json')) as { link: string; ended: Record<string, number | boolean> }
    expect(answer.ended).toMatchObject({ factors: true })
    await page.reload()
    await heading(page, 'Sign in')
    await signIn(page, 'olga', PASSWORD)
    await page.getByText('PPT_SIGN_IN_FAILED').waitFor()
    await takePictures(page, '19-sign-in-failed')
    await page.goto('about:blank')
    await page.goto(answer.link)
    await heading(page, 'A new password')
    await typeInto(page, 'New password', PEOPLE.anna)
    await page.keyboard.press('Enter')
    await heading(page, 'Your account')
    await page.getByText('A password alone signs you in').waitFor()
    const [act] = await acts('operator.recovered')
    expect(act).toMatchObject({
      outcome: 'success',
      actor: { id: 'parapet-operators', name: expect.any(String) },
      detail: { name: 'olga' },
    })
  })

  it('are led to a second factor before anything else where it is required', async () => {
    await control.stop()
    control = await startControlPlane({ dataDir, port: Number(new URL(url).port), env: { ...env, PARAPET_REQUIRE_MFA: 'all' } })
    const bert = await open()
    await signIn(bert.page, 'bert', PEOPLE.carla)
    await heading(bert.page, 'A second factor first')
    await takePictures(bert.page, '20-enrol')
    await bert.page.goto(`${url}/alerts`)
    await heading(bert.page, 'A second factor first')
    await pressOn(bert.page, 'Set up an app')
    const shown = bert.page.locator('[data-secret]')
    await shown.waitFor()
    secret = ((await shown.textContent()) ?? '').replaceAll(/\s/g, '')
    await takePictures(bert.page, '21-enrol-app')
    await typeInto(bert.page, /Type the six digits/, code())
    await bert.page.keyboard.press('Enter')
    await bert.page.getByRole('dialog', { name: 'Your recovery codes' }).waitFor()
    await pressOn(bert.page, 'I have kept them')
    await atHome(bert.page)
    await bert.context.close()
  })

  it('left no secret of an app and no recovery code in any file', () => {
    const secrets = [secret, ...codes]
    const files = readdirSync(place.path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/chromium|runtime/.test(entry.parentPath))
      .map((entry) => join(entry.parentPath, entry.name))
    const found = files.filter((path) => {
      const text = readFileSync(path, 'latin1')
      return secrets.some((value) => text.includes(value))
    })
    expect(files.length).toBeGreaterThan(100)
    expect(secrets).toHaveLength(11)
    expect(found).toEqual([])
  })

  it('saw no fault and no violation of the content security policy on the way', () => {
    expect(complaints).toEqual([])
  })
})
