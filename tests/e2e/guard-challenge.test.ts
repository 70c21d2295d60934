import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createGuard, type Guard } from '@parapet/guard'
import { node } from '@parapet/guard/node'
import { findProgram } from '@parapet/testkit'
import type { Browser, BrowserContext } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium } from './support/chromium.js'
import { createPlace } from './support/control-plane.js'

/** Where pictures are kept when somebody wants to look: `PARAPET_TEST_PICTURES=/some/folder`. */
const pictures = process.env['PARAPET_TEST_PICTURES']

describe.skipIf(findProgram('chromium') === undefined)('the proof of work in a real browser', () => {
  const place = createPlace('guard-challenge')
  let browser: Browser
  let guard: Guard
  let url: string
  let stop: () => void
  let keepsCookies = true

  beforeAll(async () => {
    browser = await launchChromium([], place.path)
    const server = createServer()
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    guard = createGuard({
      clientAddress: 'direct',
      publicOrigins: [url],
      secret: 'k3y-for-tests-0123456789abcdefghij',
      challenge: { contact: 'ops@app.example' },
      onDiagnostic: () => undefined,
    })
    guard.decisions.apply({
      id: '01999999-0000-7000-8000-000000000001', revision: 1, target: { kind: 'all', value: '*' }, action: 'challenge', scope: 'all',
      mode: 'enforce', reason: 'flood', author: { kind: 'operator', id: 'o' }, batch: 'b', startsAt: 0, expiresAt: 9e15,
    }) // prettier-ignore
    const guarded = node(guard)((request, response) => {
      response
        .setHeader('Content-Type', 'text/html; charset=utf-8')
        .end(`<!doctype html><title>App</title><h1>Inside ${request.url ?? ''}</h1>`)
    })
    server.on('request', (request, response) => {
      // stands for a browser that keeps none
      if (!keepsCookies) {
        const append = response.appendHeader.bind(response)
        response.appendHeader = (name, value) => (name === 'Set-Cookie' ? response : append(name, value))
      }
      guarded(request, response)
    })
    stop = () => {
      server.closeAllConnections()
      server.close()
    }
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    stop?.()
    await guard?.close()
    place.remove()
  })

  const open = (over: Parameters<Browser['newContext']>[0] = {}): Promise<BrowserContext> => browser.newContext(over)

  it('lets a browser in that works, without a click, to where it wanted to go', async () => {
    const context = await open()
    const page = await context.newPage()
    const problems: string[] = []
    page.on('console', (message) => message.type() === 'error' && !message.text().includes('401') && problems.push(message.text()))
    page.on('pageerror', (error) => problems.push(error.message))
    const first = await page.goto(`${url}/orders?page=2#row`)
    expect(first?.status()).toBe(401)
    expect(first?.headers()['cache-control']).toBe('no-store')
    await page.waitForSelector('h1:has-text("Inside /orders?page=2")', { timeout: 30_000 })
    const cookie = (await context.cookies()).find(({ name }) => name === 'clearance')
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/' })
    expect(problems).toEqual([])
    // and from then on it is not asked again
    expect((await page.goto(`${url}/next`))?.status()).toBe(200)
    await context.close()
  }, 60_000)

  it('tells a browser without JavaScript what is going on, and lets it not in', async () => {
    const context = await open({ javaScriptEnabled: false })
    const page = await context.newPage()
    expect((await page.goto(url))?.status()).toBe(401)
    const text = (await page.textContent('main')) ?? ''
    expect(text).toContain('JavaScript is off')
    expect(text).toContain('ops@app.example')
    expect(text).toContain('01999999-0000-7000-8000-000000000001')
    expect(await page.locator('progress').isVisible()).toBe(false)
    await context.close()
  }, 60_000)

  it('says so when the browser keeps no cookie, instead of working for ever, and its button is reached by keyboard', async () => {
    const context = await open()
    const page = await context.newPage()
    let answers = 0
    page.on('request', (request) => request.headers()['parapet-answer'] !== undefined && answers++)
    keepsCookies = false
    await page.goto(url)
    await page.waitForFunction(() => document.getElementById('again')?.hidden === false, undefined, { timeout: 30_000 })
    expect(await page.textContent('#state')).toContain('did not keep it')
    expect(answers).toBe(1)
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('again')
    // once cookies are allowed, the button is the way in
    keepsCookies = true
    await page.keyboard.press('Enter')
    await page.waitForSelector('h1:has-text("Inside /")', { timeout: 30_000 })
    await context.close()
  }, 60_000)

  it.each([
    ['light', 1_000],
    ['dark', 1_000],
    ['light', 320],
    ['dark', 320],
  ] as const)(
    'is readable in %s at %i px, and nothing runs out of the page',
    async (colorScheme, width) => {
      const context = await open({ colorScheme, viewport: { width, height: 700 } })
      const page = await context.newPage()
      // the work is held back, so that the page can be looked at
      await page.addInitScript(() =>
        Object.defineProperty(globalThis, 'parapetSolve', {
          get: () => (_seed: string, _bits: number, told: (share: number) => void) => told(0.4),
          set: () => {},
        }),
      )
      await page.goto(url)
      expect(await page.locator('#state').textContent()).toContain('Working')
      expect(await page.locator('progress').evaluate((bar) => (bar as HTMLProgressElement).value)).toBe(0.4)
      const [scroll, client] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth])
      expect(scroll).toBeLessThanOrEqual(client ?? 0)
      const contrast = await page.evaluate(() => {
        const light = (color: string): number => {
          const [r = 0, g = 0, b = 0] = (color.match(/\d+/g) ?? []).map((part) => {
            const share = Number(part) / 255
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
          })
          return 0.2126 * r + 0.7152 * g + 0.0722 * b
        }
        const back = light(getComputedStyle(document.body).backgroundColor)
        return ['h1', 'p', '.quiet', 'code'].map((selector) => {
          const fore = light(getComputedStyle(document.querySelector(selector) ?? document.body).color)
          return (Math.max(back, fore) + 0.05) / (Math.min(back, fore) + 0.05)
        })
      })
      for (const ratio of contrast) expect(ratio).toBeGreaterThanOrEqual(4.5)
      if (pictures !== undefined) await page.screenshot({ path: join(pictures, `challenge-${colorScheme}-${width}.png`) })
      await context.close()
    },
    60_000,
  )
})
