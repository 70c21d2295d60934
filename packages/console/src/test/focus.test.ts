import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { eventually, signIn } from './browser.js'
import { consoleSuite, rows } from './console-suite.js'
import { makeDecision } from './fixtures.js'
import { makeLockdown } from './respond-fixtures.js'

const { at, world, page: openTab } = consoleSuite()
/** Where the keyboard is: the row, else the id, else the words of what has the focus. */
const focus = (page: Page): Promise<string | null | undefined> =>
  page.evaluate(() => {
    const { activeElement: element } = document
    return element === document.body ? 'BODY' : (element?.getAttribute('data-row') ?? (element?.id || element?.textContent))
  })

describe('the keyboard stays where the hand was', () => {
  it('when another decision arrives, down to the batch that is counted anew', async () => {
    const { page, plane } = await at('/decisions')
    const undo = page.locator('[data-row=decision-2] [data-undo]')
    await undo.focus()
    const held = await undo.elementHandle()
    const batch = plane.world.decisions.find(({ id }) => id === 'decision-2')?.batch ?? ''
    plane.emitDecision(makeDecision(90, Date.now(), { batch }))
    await page.locator('[data-row=decision-90]').waitFor()
    await page
      .locator('[data-row=decision-2]')
      .getByText(/^one of \d made together$/)
      .waitFor()
    expect(await held?.evaluate((element) => element === document.activeElement)).toBe(true)
  })

  it('when the question about a rule of a policy was put away', async () => {
    const { page } = await at('/policies/brute-force')
    const button = page.getByRole('button', { name: /^Only observe: / }).first()
    const held = await button.elementHandle()
    await button.press('Enter')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    await page.locator('.dialog').waitFor({ state: 'detached' })
    await eventually(() => held?.evaluate((element) => element === document.activeElement)).toBe(true)
  })

  it('when a notification was acknowledged: its button goes, its row stays', async () => {
    const { page } = await at('/notifications')
    await page
      .locator('[data-row=n-0]')
      .getByRole('button', { name: /^Acknowledge/ })
      .press('Enter')
    await page
      .locator('[data-row=n-0]')
      .getByText(/Seen by ada/)
      .waitFor()
    expect(await focus(page)).toBe('n-0')
  })

  it('when an operator or a passkey was removed', async () => {
    const { page, plane } = await at('/operators')
    await page.getByRole('button', { name: 'Remove: grace' }).press('Enter')
    await page.getByRole('button', { name: 'Remove', exact: true }).press('Enter')
    await page.locator('[data-row=o3]').waitFor({ state: 'detached' })
    await eventually(() => focus(page)).toBe('o2')
    await page.goto(`${plane.url}/account`)
    await page.getByRole('button', { name: 'Remove Key on my ring' }).press('Enter')
    await page.getByRole('button', { name: 'Remove it' }).press('Enter')
    await page.locator('[data-row=k1]').waitFor({ state: 'detached' })
    await eventually(() => focus(page)).toBe('k2')
  })

  it('when new recovery codes are kept, and when an app is not set up after all', async () => {
    const { page, plane } = await at('/account')
    await page.getByRole('button', { name: 'Make new codes' }).press('Enter')
    await page.getByRole('button', { name: 'I have kept them' }).press('Enter')
    await eventually(() => focus(page)).toBe('codes')
    plane.world.empty = true
    await page.reload()
    await page.getByRole('button', { name: 'Set up an app' }).press('Enter')
    await page.getByRole('button', { name: 'Cancel' }).press('Enter')
    await eventually(() => focus(page)).toBe('Set up an app')
  })

  it('when a lockdown is confirmed and ended', async () => {
    const { page, plane } = await at('/rules')
    plane.world.respond.lockdown = makeLockdown(Date.now(), {})
    await page.reload()
    const banner = page.getByRole('region', { name: 'Lockdown' })
    await banner.getByRole('button', { name: 'Confirm: we still get in' }).press('Enter')
    await banner.getByText('confirmed once').waitFor()
    expect(await focus(page)).toBe('Confirm again')
    await banner.getByRole('button', { name: 'End it…' }).press('Enter')
    await page.getByRole('button', { name: 'End it', exact: true }).press('Enter')
    await banner.waitFor({ state: 'detached' })
    await eventually(() => focus(page)).toBe('Lockdown')
  })

  it('when a row was ticked: its box types nothing', async () => {
    const { page } = await at('/triage')
    await rows(page).first().getByRole('checkbox').focus()
    await page.keyboard.press('j')
    const second = await rows(page).nth(1).getAttribute('data-row')
    expect(await focus(page)).toBe(second)
    // a question that is put away gives the keyboard back to the box of the row
    await page.keyboard.press('s')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    await page.locator('.dialog').waitFor({ state: 'detached' })
    await page.keyboard.press('k')
    await eventually(() => focus(page)).toBe(await rows(page).first().getAttribute('data-row'))
  })
})

describe('the keyboard arrives', () => {
  it('in the page after a sign-in', async () => {
    const plane = await world()
    const { page } = await openTab()
    await signIn(page, plane.url, '/decisions')
    await page.getByRole('heading', { name: 'Decisions' }).waitFor()
    await eventually(() => focus(page)).toBe('main')
  })

  it('back at the value when Tab leaves its menu, which is closed then', async () => {
    const { page, complaints } = await at('/activity')
    const value = page.locator('tbody .cell').first()
    await value.press('Enter')
    await page.getByRole('menu').waitFor()
    await page.keyboard.press('Tab')
    await page.getByRole('menu').waitFor({ state: 'detached' })
    expect(await value.evaluate((element) => element === document.activeElement)).toBe(true)
    expect(complaints).toEqual([])
  })
})
