import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { consoleSuite, rows } from './console-suite.js'
import { NARROW } from './look.js'
import { makeLockdown } from './respond-fixtures.js'

const { at } = consoleSuite()
const IPV6 = '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'

/** How many lines the text of an element takes. */
const linesOf = (page: Page, selector: string): Promise<number> =>
  page
    .locator(selector)
    .first()
    .evaluate((element) => {
      const range = document.createRange()
      range.selectNodeContents(element)
      return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size
    })

describe('what is read has room', () => {
  it('a chart names its times where they are', async () => {
    const { page } = await at('/activity')
    await page.locator('[data-axis] text').first().waitFor()
    const shares = await page.locator('[data-axis]').evaluate((axis) => {
      const box = axis.getBoundingClientRect()
      return [...axis.querySelectorAll('text')].map((text) =>
        Math.round(((text.getBoundingClientRect().left - box.left) / box.width) * 100),
      )
    })
    expect(shares).toEqual([0, 20, 40, 60, 80])
  })

  it('an address of IPv6 is one line of a wide list', async () => {
    const { page, plane } = await at('/activity', {}, { viewport: { width: 1440, height: 900 } })
    for (const { event } of plane.world.detect.events) Object.assign(event, { 'source.ip': IPV6 })
    await page.reload()
    await rows(page).first().waitFor()
    expect(await linesOf(page, `tbody [aria-label="source.ip: ${IPV6}"]`)).toBe(1)
  })

  it('why something was decided is not the narrowest column of a small desk', async () => {
    const { page } = await at('/decisions', {}, { viewport: { width: 1024, height: 768 } })
    await rows(page).first().waitFor()
    const widths = await rows(page)
      .first()
      .locator('td')
      .evaluateAll((cells) => cells.map((cell) => cell.getBoundingClientRect().width))
    expect(widths[2]).toBeGreaterThan(Math.max(...widths.filter((_, column) => column !== 2)))
  })

  it('every question about a person fits the narrowest page', async () => {
    const { page } = await at('/subjects/subject-2', {}, { viewport: NARROW })
    await page.getByRole('button', { name: 'Require a password reset…' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.waitFor()
    expect(await dialog.evaluate((element) => element.scrollWidth - element.clientWidth)).toBe(0)
    // the strip beside it, where a scroll bar would be, is as dark as what is behind it
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)).not.toBe('rgba(0, 0, 0, 0)')
  })

  it('the head of a page with a lockdown goes away with the page in a low window, and stays in a high one', async () => {
    const { page, plane } = await at('/decisions', {}, { viewport: { width: 720, height: 450 } })
    plane.world.respond.lockdown = makeLockdown(Date.now(), { reason: 'long '.repeat(40) })
    await page.reload()
    await page.getByRole('region', { name: 'Lockdown' }).waitFor()
    const top = () => page.locator('header').evaluate((header) => header.getBoundingClientRect().top)
    await page.mouse.wheel(0, 400)
    await expect.poll(top).toBeLessThan(-100)
    await page.setViewportSize({ width: 720, height: 900 })
    await expect.poll(top).toBe(0)
  })

  it('alerts are newest first, in whatever order they were linked', async () => {
    const { page } = await at('/incidents/incident-0')
    const list = page.getByRole('list', { name: 'Alerts of this incident, newest first' })
    await list.waitFor()
    const times = await list.locator('time').evaluateAll((all) => all.map((time) => time.getAttribute('datetime') ?? ''))
    expect(times.length).toBeGreaterThan(1)
    expect(times).toEqual(times.toSorted().toReversed())
  })
})
