import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPage, signIn, startBrowser } from './browser.js'
import { builtSite } from './built-site.js'
import type { FakeControlPlane } from './fake-control-plane.js'
import { startFakeControlPlane } from './fake-control-plane.js'
import { HOSTILE, makeAlert, makeDecision } from './fixtures.js'

let browser: Browser
let full: FakeControlPlane
let empty: FakeControlPlane

beforeAll(async () => {
  const site = await builtSite()
  browser = await startBrowser()
  const now = Date.now()
  const long = { kind: 'user', value: `${'x'.repeat(300)}@example.com` } as const
  full = await startFakeControlPlane(site, {
    setupLink: 'link',
    alerts: [
      makeAlert(0, now, { targets: ['2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'], why: HOSTILE.long }),
      makeAlert(1, now, { scope: long }),
      ...Array.from({ length: 12 }, (_, index) => makeAlert(index + 2, now)),
    ],
    decisions: [
      ...Array.from({ length: 5 }, (_, index) => makeDecision(index, now)),
      makeDecision(8, now, {
        alertId: 'alert-0000',
        batch: 'batch-0',
        target: { kind: 'user', value: long.value },
        reason: 'w'.repeat(400),
      }),
      makeDecision(20, now, { mode: 'observe' }),
      makeDecision(40, now, { lifted: { at: now, by: { kind: 'operator', id: 'o', name: 'grace' }, reason: 'our own monitoring' } }),
    ],
  })
  empty = await startFakeControlPlane(site, { empty: true })
}, 120_000)
afterAll(async () => {
  await browser.close()
  await full.close()
  await empty.close()
})

const PAGES = ['/', '/alerts', '/alerts/alert-0000', '/decisions', '/decisions?tab=lifted', '/nowhere'] as const
const BEFORE_SIGN_IN = ['/sign-in', '/setup#link', '/setup'] as const

/** The faults of a page; moderate and minor ones are advice. */
const faults = async (page: Page): Promise<string[]> => {
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations
    .filter((violation) => violation.impact === 'serious' || violation.impact === 'critical')
    .map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html).join(' | ')}`)
}

/** Every element that sticks out of the page to the right. */
const overflow = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const width = document.documentElement.clientWidth
    return document.documentElement.scrollWidth <= width
      ? []
      : [...document.querySelectorAll('body *')]
          .filter((element) => element.getBoundingClientRect().right > width + 1)
          .map((element) => element.outerHTML.slice(0, 160))
  })

const settled = async (page: Page): Promise<void> => {
  await page.locator('h1').first().waitFor({ state: 'attached' })
  await page.locator('.skeleton').first().waitFor({ state: 'detached' })
}

describe.each(['light', 'dark'] as const)('in %s, no page has a serious fault', (colorScheme) => {
  it('before the sign-in', async () => {
    const { page, context, complaints } = await openPage(browser, { colorScheme, bypassCSP: false })
    for (const path of BEFORE_SIGN_IN) {
      await page.goto('about:blank')
      await page.goto(full.url + path)
      await settled(page)
      expect({ path, found: await faults(page) }).toEqual({ path, found: [] })
    }
    expect(complaints).toEqual([])
    await context.close()
  }, 120_000)

  it.each(['full', 'empty'] as const)(
    'after it, with %s data',
    async (kind) => {
      const plane = kind === 'full' ? full : empty
      const { page, context, complaints } = await openPage(browser, { colorScheme, reducedMotion: 'reduce' })
      await signIn(page, plane.url)
      for (const path of PAGES) {
        await page.goto(plane.url + path)
        await settled(page)
        expect({ path, found: await faults(page) }).toEqual({ path, found: [] })
      }
      expect(complaints).toEqual([])
      await context.close()
    },
    60_000,
  )

  it('in its dialogs and messages', async () => {
    const { page, context, complaints } = await openPage(browser, { colorScheme, reducedMotion: 'reduce' })
    await signIn(page, full.url, '/decisions')
    await page.getByRole('button', { name: 'Block an address' }).click()
    await page.getByLabel('Address or range').fill('127.0.0.1')
    await page.getByLabel('Reason').fill('x')
    await page.getByRole('button', { name: 'Block', exact: true }).click()
    await page.getByText('PPT_PROTECTED_TARGET').waitFor()
    expect(await faults(page)).toEqual([])
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor()
    expect(await faults(page)).toEqual([])
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: /^Undo/ }).first().click()
    await page
      .getByText(/^Undone/)
      .first()
      .waitFor()
    expect(await faults(page)).toEqual([])
    expect(complaints).toEqual([])
    await context.close()
  }, 120_000)
})

describe('320 px wide', () => {
  it('nothing sticks out, with the longest names that attackers send', async () => {
    const { page, context } = await openPage(browser, { viewport: { width: 320, height: 640 } })
    for (const path of BEFORE_SIGN_IN) {
      await page.goto('about:blank')
      await page.goto(full.url + path)
      await settled(page)
      expect({ path, found: await overflow(page) }).toEqual({ path, found: [] })
    }
    await signIn(page, full.url)
    for (const path of PAGES) {
      await page.goto(full.url + path)
      await settled(page)
      expect({ path, found: await overflow(page) }).toEqual({ path, found: [] })
    }
    await page.goto(`${full.url}/alerts/alert-0000`)
    await page.getByRole('button', { name: 'Raw' }).nth(2).click()
    await page.getByRole('button', { name: 'Copy JSON' }).waitFor()
    expect(await overflow(page)).toEqual([])
    await context.close()
  }, 120_000)

  it('the dialog fits and can be used', async () => {
    const { page, context } = await openPage(browser, { viewport: { width: 320, height: 568 } })
    await signIn(page, full.url, '/decisions')
    await page.getByRole('button', { name: 'Block an address' }).click()
    const box = await page.getByRole('dialog').boundingBox()
    expect(box?.x).toBeGreaterThanOrEqual(0)
    expect((box?.x ?? 0) + (box?.width ?? 999)).toBeLessThanOrEqual(320)
    await page.getByRole('button', { name: 'Block', exact: true }).scrollIntoViewIfNeeded()
    expect(await page.getByRole('button', { name: 'Block', exact: true }).isVisible()).toBe(true)
    await context.close()
  }, 120_000)

  it('rows are stacked and are still a table for a screen reader', async () => {
    const { page, context } = await openPage(browser, { viewport: { width: 320, height: 640 } })
    await signIn(page, full.url, '/alerts')
    const table = page.getByRole('table', { name: 'Alerts' })
    await table.waitFor()
    expect(await table.getByRole('columnheader').count()).toBe(7)
    expect(await table.getByRole('row').nth(1).getByRole('cell').count()).toBe(7)
    await context.close()
  }, 120_000)
})
