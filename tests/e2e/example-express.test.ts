import { join } from 'node:path'
import { freePort, needs } from '@parapet/testkit'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium } from './support/chromium.js'
import { createPlace, root } from './support/control-plane.js'
import { type Program, startProgram } from './support/processes.js'

/** The people of the example application. */
const ANNA = 'correct horse battery staple'
const WRONG = 'The name or the password is wrong'

const start = async (env: Readonly<Record<string, string>> = {}): Promise<{ program: Program; url: string }> => {
  const port = await freePort()
  const program = startProgram('npm', ['start', '--silent', '--workspace', '@parapet/example-express'], {
    cwd: root,
    env: { PORT: String(port), GUARD_SECRET: 'a-secret-for-this-test-0123456789abcdef', ...env },
  })
  await program.waitFor(new RegExp(`http://\\S+:${port}`))
  return { program, url: `http://localhost:${port}` }
}

describe('the example application, alone', () => {
  let program: Program
  let url: string

  beforeAll(async () => {
    ;({ program, url } = await start())
  }, 90_000)
  afterAll(() => program?.stop())

  const signIn = (username: string, password: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${url}/login`, { method: 'POST', body: new URLSearchParams({ username, password }), redirect: 'manual', headers })
  const cookies = (answer: Response): string =>
    answer.headers
      .getSetCookie()
      .map((cookie) => cookie.split(';')[0])
      .join('; ')

  it('shows nobody anything without a session', async () => {
    expect(await (await fetch(url)).text()).toContain('Nobody is signed in')
    const account = await fetch(`${url}/account`, { redirect: 'manual' })
    expect([account.status, account.headers.get('location')]).toEqual([303, '/login'])
    expect((await fetch(`${url}/api/me`)).status).toBe(401)
    expect((await fetch(`${url}/missing`)).status).toBe(404)
  })

  it('signs in, knows who it is, and signs out for good', async () => {
    const answer = await signIn('anna', ANNA)
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/'])
    for (const cookie of answer.headers.getSetCookie()) expect(cookie).toMatch(/HttpOnly; SameSite=Lax/)
    const headers = { cookie: cookies(answer), origin: url }
    expect(await (await fetch(`${url}/api/me`, { headers })).json()).toMatchObject({ name: 'anna' })
    expect(await (await fetch(`${url}/account`, { headers })).text()).toContain('this one')
    const out = await fetch(`${url}/logout`, { method: 'POST', headers, redirect: 'manual' })
    expect(out.status).toBe(303)
    expect(out.headers.get('clear-site-data')).toBe('"cache", "storage"')
    expect((await fetch(`${url}/api/me`, { headers })).status).toBe(401)
  })

  it('refuses forms of other sites, and a cookie without a word about where the request comes from', async () => {
    const headers = { cookie: cookies(await signIn('anna', ANNA)) }
    for (const more of [{ origin: 'https://evil.example' }, { origin: 'null' }, {}]) {
      const refused = await fetch(`${url}/logout`, { method: 'POST', headers: { ...headers, ...more } })
      expect(refused.status).toBe(403)
      expect(await refused.json()).toMatchObject({ code: 'PPT_CSRF' })
    }
    expect((await fetch(`${url}/api/me`, { headers })).status).toBe(200)
  })

  it('locks after five failures, says the same to names that do not exist, and lets a known device in', async () => {
    const device = cookies(await signIn('anna', ANNA))
    const answers: string[] = []
    for (const name of ['anna', 'no-such-name'])
      for (let i = 0; i < 5; i++) {
        const answer = await signIn(name, `wrong ${i}`)
        answers.push(`${answer.status} ${(await answer.text()).replace(name, 'NAME')}`)
      }
    expect(new Set(answers).size).toBe(1)
    expect(answers[0]).toContain(WRONG)
    expect((await signIn('anna', ANNA)).status).toBe(401)
    expect((await signIn('anna', ANNA, { cookie: device, origin: url })).status).toBe(303)
  })

  it('survives odd forms without telling anything about itself', async () => {
    for (const body of [
      'username=a&username=b&password=c',
      'username[x]=1',
      '%',
      `username=${'x'.repeat(20_000)}`,
      '__proto__=1&password=x',
    ]) {
      const answer = await fetch(`${url}/login`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        redirect: 'manual',
      })
      expect([400, 401, 413]).toContain(answer.status)
      expect(await answer.text()).not.toMatch(/node_modules|at \w+ \(|Error:/)
    }
  })

  it('ends on SIGTERM', async () => {
    const other = await start()
    const began = Date.now()
    await other.program.stop()
    expect(Date.now() - began).toBeLessThan(8_000)
    await expect(fetch(other.url)).rejects.toThrow('fetch failed')
  }, 90_000)

  it('does not start with half a control plane or a secret that could be guessed', async () => {
    for (const env of [{ PARAPET_URL: 'http://localhost:8700' }, { GUARD_SECRET: 'secret' }]) {
      const port = String(await freePort())
      const broken = startProgram('npm', ['start', '--silent', '--workspace', '@parapet/example-express'], {
        cwd: root,
        env: { PORT: port, ...env },
      })
      await expect(broken.waitFor(/listens on/, 30_000)).rejects.toThrow(/belong together|32 random characters/)
    }
  }, 90_000)
})

const browserNeeds = needs('chromium')

describe.skipIf(!browserNeeds.ok)(`the example application in a browser${browserNeeds.note}`, () => {
  const place = createPlace('example')
  let program: Program
  let url: string
  let browser: Browser
  let context: BrowserContext
  let page: Page
  const complaints: string[] = []

  beforeAll(async () => {
    ;({ program, url } = await start())
    browser = await launchChromium([], join(place.path, 'chromium'))
    context = await browser.newContext()
    page = await context.newPage()
    page.on('console', (message) => {
      // a refused sign-in is a 401, which the browser mentions as well
      if (['error', 'warning'].includes(message.type()) && !message.text().includes('status of 401')) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await program?.stop()
    place.remove()
  }, 60_000)

  /** Presses Tab until what has the focus is named so. */
  const tabTo = async (name: string): Promise<void> => {
    const seen: string[] = []
    for (let i = 0; i < 20; i++) {
      await page.keyboard.press('Tab')
      const focused = await page.evaluate(() => {
        const element = document.activeElement
        const label = element instanceof HTMLInputElement ? element.labels?.[0]?.textContent : element?.textContent
        return (label ?? '').trim()
      })
      if (focused === name) return
      seen.push(focused)
    }
    throw new Error(`Tab does not reach ${name}, but ${seen.join(', ')}`)
  }
  const heading = (): Promise<string> => page.getByRole('heading', { level: 1 }).innerText()

  it('is used by keyboard alone: a wrong password, sign-in, the account, another session ended, sign-out', async () => {
    await page.goto(url)
    await tabTo('To the content')
    await tabTo('Sign in')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/login')
    await tabTo('Name')
    await page.keyboard.type('anna')
    await tabTo('Password')
    await page.keyboard.type('not this one')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    expect(await page.getByRole('alert').innerText()).toBe(WRONG)

    await tabTo('Password')
    await page.keyboard.type(ANNA)
    await tabTo('Sign in')
    await page.keyboard.press('Enter')
    await page.getByText('You are signed in as').waitFor()

    // the same person elsewhere, with one program: a cookie in another one's hands would be asked to prove itself
    const agent = { 'user-agent': 'curl/8.0 Linux' }
    const elsewhere = await fetch(`${url}/login`, {
      method: 'POST',
      body: new URLSearchParams({ username: 'anna', password: ANNA }),
      headers: agent,
      redirect: 'manual',
    })
    const cookie = elsewhere.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const there = async (): Promise<number> => (await fetch(`${url}/api/me`, { headers: { ...agent, cookie } })).status
    expect(await there()).toBe(200)

    await tabTo('Your account')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/account')
    const rows = page.getByRole('listitem')
    expect(await rows.count()).toBe(2)
    const other = rows.filter({ hasText: 'curl on Linux' })
    expect(await rows.filter({ hasText: 'this one' }).innerText()).toContain('Chrome')
    await other.getByRole('button', { name: 'End' }).focus()
    await page.keyboard.press('Enter')
    await other.waitFor({ state: 'detached' })
    expect(await there()).toBe(401)

    await tabTo('Sign out')
    await page.keyboard.press('Enter')
    await page.getByText('Nobody is signed in').waitFor()
    await page.goto(`${url}/account`)
    expect(await heading()).toBe('Sign in')
  })

  it('stays out of reach of scripts and of frames', async () => {
    await page.goto(url)
    expect(await page.evaluate(() => document.cookie)).toBe('')
    const header = (await page.reload())?.headers()['content-security-policy'] ?? ''
    expect(header).toContain("frame-ancestors 'none'")
    expect(header).not.toContain('unsafe')
  })

  it('gives the browser nothing to complain about', () => {
    expect(complaints).toEqual([])
  })

  it('is stopped by its policy when a script is injected', async () => {
    await page.goto(url)
    await page.evaluate(() => {
      const script = document.createElement('script')
      script.textContent = 'document.title = "taken over"'
      document.body.append(script)
    })
    expect(await page.title()).not.toBe('taken over')
    await expect.poll(() => complaints.join()).toMatch(/Content Security Policy/)
  })
})
