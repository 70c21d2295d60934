import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** Where pictures of a run are kept, for somebody to look at. */
export const PICTURES = process.env['PARAPET_TEST_PICTURES'] ?? join(tmpdir(), 'parapet-pictures')

const WIDTHS = [
  { width: 1280, height: 860 },
  { width: 320, height: 640 },
] as const

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

/**
 * Takes a page as it stands, in dark and light, wide and at 320 px, and judges it: no serious fault of accessibility in either theme,
 * and nothing sticks out.
 */
export const takePictures = async (page: Page, name: string): Promise<void> => {
  mkdirSync(PICTURES, { recursive: true })
  const shown = page.viewportSize()
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.locator(`html[data-theme=${colorScheme}]`).waitFor({ state: 'attached' })
    for (const size of WIDTHS) {
      await page.setViewportSize(size)
      await page.screenshot({ path: join(PICTURES, `${name}-${colorScheme}-${size.width}.png`) })
      expect({ name, found: await overflow(page) }).toEqual({ name, found: [] })
    }
    const { violations } = await new AxeBuilder({ page }).analyze()
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    expect(serious.map(({ id, nodes }) => `${name} ${colorScheme} ${id} ${nodes[0]?.html ?? ''}`)).toEqual([])
  }
  if (shown !== null) await page.setViewportSize(shown)
}
