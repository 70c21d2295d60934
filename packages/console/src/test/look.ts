import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

/** A desk and the narrowest phone. */
export const WIDE = { width: 1280, height: 860 } as const
/** The narrowest page that has to work. */
export const NARROW = { width: 320, height: 640 } as const

/** The faults of a page; moderate and minor ones are advice. */
export const faults = async (page: Page, rules?: readonly string[], within?: string): Promise<string[]> => {
  const axe = new AxeBuilder({ page })
  if (within !== undefined) axe.include(within)
  const { violations } = await (rules === undefined ? axe : axe.withRules([...rules])).analyze()
  return violations
    .filter((violation) => violation.impact === 'serious' || violation.impact === 'critical')
    .map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html).join(' | ')}`)
}

/** Every element that sticks out of the page to the right. */
export const overflow = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const width = document.documentElement.clientWidth
    return document.documentElement.scrollWidth <= width
      ? []
      : [...document.querySelectorAll('body *')]
          .filter((element) => element.getBoundingClientRect().right > width + 1)
          .map((element) => element.outerHTML.slice(0, 160))
  })

/** Elements whose text is cut off without a sign: wider than their box, which hides what is left over. */
export const clipped = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('main *, [role=dialog] *')]
      .filter((element) => element.clientWidth > 1 && element.scrollWidth > element.clientWidth + 1 && element.textContent.trim() !== '')
      .filter((element) => {
        const style = getComputedStyle(element)
        return (style.overflowX === 'hidden' || style.overflowX === 'clip') && style.textOverflow !== 'ellipsis'
      })
      .map((element) => element.outerHTML.slice(0, 160)),
  )

/** Waits until the page has its heading and nothing is loading any more. */
export const settled = async (page: Page): Promise<void> => {
  await page.locator('h1').first().waitFor({ state: 'attached' })
  await page.waitForFunction(() => document.querySelector('.skeleton') === null)
}

/**
 * One load, looked at in every way: all rules in light, colours in dark, and nothing sticks out of a narrow page. `within`: what stands
 * behind it has been looked at already.
 */
export const lookAt = async (page: Page, within?: string): Promise<Record<string, readonly string[]>> => {
  await page.emulateMedia({ colorScheme: 'light' })
  const light = await faults(page, undefined, within)
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.waitForFunction(() => document.documentElement.dataset['theme'] === 'dark')
  const dark = await faults(page, ['color-contrast'], within)
  await page.setViewportSize(NARROW)
  const narrow = { out: await overflow(page), cut: await clipped(page) }
  await page.setViewportSize(WIDE)
  return { light, dark, ...narrow }
}
/** What {@link lookAt} gives for a page without a fault. */
export const FINE = { light: [], dark: [], out: [], cut: [] }
