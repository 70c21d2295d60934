import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** What has the focus, in the words that a screen reader would say, and whether somebody who looks can see it. */
type Focused = { readonly name: string; readonly tag: string; readonly seen: boolean; readonly framed: boolean }

const focused = (page: Page): Promise<Focused> =>
  page.evaluate(() => {
    const element = document.activeElement
    if (!(element instanceof HTMLElement) || element === document.body) return { name: '', tag: 'BODY', seen: true, framed: true }
    const labelled = element instanceof HTMLInputElement || element instanceof HTMLSelectElement || element instanceof HTMLTextAreaElement
    const labels = labelled ? [...(element.labels ?? [])].map((label) => label.textContent) : []
    const name = element.getAttribute('aria-label') ?? (labels.length > 0 ? labels.join(' ') : element.textContent)
    const box = element.getBoundingClientRect()
    const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)
    const style = getComputedStyle(element)
    return {
      name: name.replaceAll(/\s+/g, ' ').trim(),
      tag: element.tagName,
      seen:
        box.width > 0 &&
        box.height > 0 &&
        box.bottom > 0 &&
        box.top < innerHeight &&
        (top === null || element.contains(top) || top.contains(element)),
      framed: style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) >= 1,
    }
  })

/**
 * Goes on by Tab until what is named so has the focus. Everything on the way must be visible and have a frame: nobody may lose the
 * place. Throws with the way that was gone.
 */
export const tabTo = async (page: Page, name: string | RegExp, most = 60): Promise<void> => {
  const way: string[] = []
  for (let i = 0; i < most; i++) {
    const now = await focused(page)
    if (typeof name === 'string' ? now.name === name : name.test(now.name)) {
      expect({ name: now.name, seen: now.seen }).toEqual({ name: now.name, seen: true })
      return
    }
    await page.keyboard.press('Tab')
    const next = await focused(page)
    way.push(next.name === '' ? next.tag : next.name)
    // the frame around a radio button or a field belongs to it as the style sheet says; the body is where a round begins anew
    if (next.tag !== 'BODY') expect({ at: next.name, framed: next.framed }).toEqual({ at: next.name, framed: true })
  }
  throw new Error(`Tab never came to ${String(name)}; it went: ${way.join(' > ')}`)
}

/** Goes to a button or a link by Tab and presses it. */
export const pressOn = async (page: Page, name: string | RegExp): Promise<void> => {
  await tabTo(page, name)
  await page.keyboard.press('Enter')
}

/** Goes to a field by Tab and types. */
export const typeInto = async (page: Page, name: string | RegExp, text: string): Promise<void> => {
  await tabTo(page, name)
  await page.keyboard.press('Control+A')
  await page.keyboard.type(text)
}
