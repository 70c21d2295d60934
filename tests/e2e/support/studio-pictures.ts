import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { PICTURES } from './pictures.js'

/** Where the pictures of the studio's pages are kept, for somebody to look at. */
const PLACE = join(PICTURES, 'studio')

const WIDTHS = [1280, 320] as const

/** What sticks out of the page to the right. */
const overflow = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const width = document.documentElement.clientWidth
    return document.documentElement.scrollWidth <= width
      ? []
      : [...document.querySelectorAll('body *')]
          .filter((element) => element.getBoundingClientRect().right > width + 1)
          .map((element) => element.outerHTML.slice(0, 160))
  })

/** Links and buttons that a finger would miss: smaller than 44 px both ways, and not within a sentence. Source: WCAG 2.2, 2.5.8 and 2.5.5. */
const tooSmall = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [
      ...document.querySelectorAll(
        'main button, main .button, main summary, header a, header button, main input:not([type=hidden]), main select',
      ),
    ]
      .filter(
        (element) => element.checkVisibility() && !element.matches('.skip, .check input') && element.getBoundingClientRect().height < 43.5,
      )
      .map((element) => element.outerHTML.slice(0, 120)),
  )

/**
 * Takes the page as it stands in dark and light, wide and at 320 px, and says what is wrong with it: serious faults of accessibility in
 * either theme, what sticks out, what is too small for a finger. `quick` asks for accessibility once, where each page is judged at length
 * elsewhere.
 */
export const lookAt = async (page: Page, name: string, { quick = false } = {}): Promise<string[]> => {
  mkdirSync(PLACE, { recursive: true })
  const before = page.viewportSize()
  const wrong: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: width === 320 ? 640 : 860 })
      await page.screenshot({ path: join(PLACE, `${name}-${colorScheme}-${width}.png`), fullPage: true })
      for (const one of await overflow(page)) wrong.push(`${name} ${width}: sticks out: ${one}`)
      if (width === 320) for (const one of await tooSmall(page)) wrong.push(`${name} ${width}: too small: ${one}`)
      if (width === 320 || (colorScheme === 'dark' && quick)) continue
      // what differs between the themes is colour
      const axe = new AxeBuilder({ page })
      const { violations } = await (colorScheme === 'dark' ? axe.withRules(['color-contrast', 'link-in-text-block']) : axe).analyze()
      for (const { id, impact, nodes } of violations)
        if (impact === 'serious' || impact === 'critical') wrong.push(`${name} ${colorScheme} ${width}: ${id}: ${nodes[0]?.html ?? ''}`)
    }
  }
  await page.emulateMedia({ colorScheme: null })
  if (before !== null) await page.setViewportSize(before)
  return wrong
}
