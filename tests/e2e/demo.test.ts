import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { freePort, needs } from '@parapet/testkit'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium } from './support/chromium.js'
import { createPlace, parapet } from './support/control-plane.js'
import { type Program, run, startProgram } from './support/processes.js'

/** Lists of the console; the first of each list that leads on is opened as well. */
const PAGES = ['/', '/triage', '/activity', '/rules', '/sources', '/alerts', '/decisions', '/subjects', '/subjects/resets', '/incidents', '/notifications', '/policies', '/enforcers', '/account', '/operators'] // prettier-ignore

const browserHere = needs('chromium')

describe.skipIf(!browserHere.ok)(`parapet demo${browserHere.note}`, () => {
  const place = createPlace('demo')
  let demo: Program
  let browser: Browser
  let page: Page
  let url = ''
  const env: Record<string, string> = { PARAPET_DATA_DIR: join(place.path, 'data') }
  const command = (...args: readonly string[]): string =>
    run('env', ...Object.entries(env).map(([key, value]) => `${key}=${value}`), process.execPath, parapet, ...args)

  beforeAll(async () => {
    env['PARAPET_PORT'] = String(await freePort())
    demo = startProgram(process.execPath, [parapet, 'demo', '--minutes', '1', '--json'], { env })
    const [line] = await demo.waitFor(/\{"url".*\}/, 90_000)
    const started = JSON.parse(line) as { url: string; setupLink: string }
    url = started.url
    browser = await launchChromium([], join(place.path, 'chromium'))
    page = await (await browser.newContext()).newPage()
    await page.goto(started.setupLink)
    await page.getByLabel(/name/i).first().fill('olga')
    await page
      .getByLabel(/^password/i)
      .first()
      .fill('the river bends twice')
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'Triage' }).waitFor()
  }, 150_000)

  afterAll(async () => {
    await browser?.close()
    await demo?.stop()
    place.remove()
  })

  it('refuses attackers and no honest person', async () => {
    const [line] = await demo.waitFor(/\{[^\n]*"requests"[^\n]*\}/, 120_000)
    const { requests, refusedAttackers, refusedHonest } = JSON.parse(line) as Record<string, number>
    expect(requests).toBeGreaterThan(150)
    expect(refusedAttackers).toBeGreaterThan(10)
    expect(refusedHonest).toBe(0)
  }, 150_000)

  it.each(['dark', 'light'] as const)('shows pages without a serious fault of accessibility, in %s', async (colorScheme) => {
    await page.emulateMedia({ colorScheme })
    for (const path of ['/', '/alerts', '/decisions']) {
      await page.goto(url + path)
      await page.locator('h1').waitFor()
      await page.waitForLoadState('networkidle', { timeout: 3_000 }).catch(() => undefined)
      const { violations } = await new AxeBuilder({ page }).analyze()
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
      expect(serious.map(({ id, nodes }) => `${path} ${id} ${nodes[0]?.html ?? ''}`)).toEqual([])
    }
  })

  it('shows each page of the console, and what each list leads to, without one error', async () => {
    const wrong: string[] = []
    let at = ''
    page.on('console', (message) => message.type() === 'error' && wrong.push(`${at}: ${message.text()}`))
    page.on('pageerror', (error) => wrong.push(`${at}: ${error.message}`))
    page.on('response', (answer) => answer.status() >= 400 && wrong.push(`${at}: ${answer.status()} ${answer.url()}`))
    const open = async (path: string): Promise<readonly string[]> => {
      at = path
      await page.goto(url + path)
      await page.locator('h1').waitFor()
      await page.waitForLoadState('networkidle', { timeout: 3_000 }).catch(() => undefined)
      return page.locator('main a[href^="/"]').evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? ''))
    }
    const opened: string[] = []
    for (const path of PAGES) {
      const next = (await open(path)).find((link) => link.startsWith(`${path}/`) && !PAGES.includes(link))
      if (next === undefined) continue
      await open(next)
      opened.push(path)
    }
    expect(wrong).toEqual([])
    expect(opened).toEqual(['/triage', '/rules', '/alerts', '/decisions', '/subjects', '/policies'])
  }, 120_000)

  it('has a guard that says what it holds, and is in step', async () => {
    await page.goto(`${url}/enforcers`)
    await page.getByText('In step').first().waitFor()
    await page.getByText('Demo shop').first().waitFor()
  })

  it('sends less than 200 KB of first JavaScript, compressed', async () => {
    const fresh = await (await browser.newContext()).newPage()
    const scripts: Promise<number>[] = []
    fresh.on('requestfinished', (request) => {
      if (request.resourceType() === 'script') scripts.push(request.sizes().then(({ responseBodySize }) => responseBodySize))
    })
    await fresh.goto(`${url}/sign-in`)
    await fresh
      .getByLabel(/^password/i)
      .first()
      .waitFor()
    const bytes = (await Promise.all(scripts)).reduce((sum, size) => sum + size, 0)
    console.log(`first JavaScript: ${(bytes / 1000).toFixed(1)} KB as sent`)
    expect(bytes).toBeGreaterThan(10_000)
    expect(bytes).toBeLessThan(200_000)
  })

  it('leaves nothing behind after demo --remove', async () => {
    const removed = JSON.parse(command('demo', '--remove', '--json')) as { events: number; sources: number }
    expect(removed.events).toBeGreaterThan(150)
    expect(removed.sources).toBe(1)
    expect(command('decisions', '--json').trim()).toBe('')
    await page.goto(`${url}/alerts`)
    await page.locator('h1').waitFor()
    await expect.poll(() => page.locator('[data-row]').count()).toBe(0)
    await page.goto(`${url}/enforcers`)
    await page.getByText('Nothing carries decisions out yet').waitFor()
  }, 60_000)
})
