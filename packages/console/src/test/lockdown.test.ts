import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { eventually } from './browser.js'
import { consoleSuite } from './console-suite.js'
import type { FakeControlPlane } from './fake-control-plane.js'
import { HOSTILE, makeDecision } from './fixtures.js'
import { makeLockdown, makePreflight } from './respond-fixtures.js'

const { at } = consoleSuite()
const sheet = (page: Page) => page.getByRole('dialog', { name: 'Lock down' })
const banner = (page: Page) => page.getByRole('region', { name: 'Lockdown' })
const asked = (plane: FakeControlPlane, path: string): unknown =>
  plane.world.requests.findLast((request) => request.method !== 'GET' && request.path === path)?.body

describe('a lockdown', () => {
  it('is found on every page, and begun with the keyboard alone after a proof', async () => {
    const { page, plane, complaints } = await at('/rules')
    plane.world.detect.stepUp = true
    await page.getByRole('button', { name: 'Lockdown' }).waitFor()
    await page.keyboard.press('L')
    await sheet(page).getByText('Nothing stands against it.').waitFor()
    await sheet(page)
      .getByRole('radio', { name: /^Known users only/ })
      .focus()
    await page.keyboard.press('ArrowUp')
    expect(
      await sheet(page)
        .getByRole('radio', { name: /^Read only/ })
        .isChecked(),
    ).toBe(true)
    await eventually(() => asked(plane, '/v1/lockdown/preflight')).toEqual({ mode: 'read_only', duration: '15m' })
    await sheet(page).getByText('Nothing stands against it.').waitFor()
    await sheet(page).getByRole('button', { name: '30m' }).press('Enter')
    await sheet(page).getByText('Each confirmation then holds for 30 minutes').waitFor()
    await eventually(() => asked(plane, '/v1/lockdown/preflight')).toEqual({ mode: 'read_only', duration: '30m' })
    await sheet(page).getByText('Nothing stands against it.').waitFor()
    await sheet(page).getByLabel('Reason').fill('data leaves')
    await page.keyboard.press('Enter')
    await page
      .getByRole('dialog', { name: 'Prove that it is you' })
      .getByLabel('Password', { exact: true })
      .fill('correct horse battery staple')
    await page.keyboard.press('Enter')
    await banner(page).getByText('Lockdown: read only').waitFor()
    expect(asked(plane, '/v1/lockdown')).toEqual({ mode: 'read_only', duration: '30m', reason: 'data leaves' })
    // the next step is where the keyboard is
    await eventually(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Confirm: we still get in')
    await page.keyboard.press('Enter')
    await banner(page).getByText('confirmed once').waitFor()
    await banner(page)
      .getByText(/^ends in 29 m/)
      .waitFor()
    expect(complaints).toEqual([])
  })

  it('says first who still gets in, and what it would have refused', async () => {
    const { page } = await at('/')
    await page.getByRole('button', { name: 'Lockdown' }).click()
    await sheet(page)
      .getByText(/^It would have refused 11.310 of 12.044 requests\. 3 of 48 users would have been turned away\.$/)
      .waitFor()
    await sheet(page).getByText('you, from this browser').waitFor()
    await sheet(page).getByText('The guard of checkout has not reported for 3 hours').waitFor()
    await sheet(page).getByText('It ends by itself within two minutes').waitFor()
    await page.keyboard.press('Escape')
    await sheet(page).waitFor({ state: 'detached' })
    await eventually(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Lockdown')
  })

  it('that would lock out who begins it cannot be begun, and the way out is said', async () => {
    const { page, plane } = await at('/')
    plane.world.respond.preflight = makePreflight({
      ok: false,
      problems: ['You would be locked out: 203.0.113.9 is not on the allow-list.', HOSTILE.markup],
      allowed: [],
    })
    await page.getByRole('button', { name: 'Lockdown' }).click()
    await sheet(page).getByText('You would be locked out: 203.0.113.9 is not on the allow-list.').waitFor()
    await sheet(page).getByText('Nobody is on the allow-list').waitFor()
    await sheet(page).getByLabel('Reason').fill('x')
    expect(await sheet(page).getByRole('button', { name: 'Lock down now' }).isDisabled()).toBe(true)
    await sheet(page).getByLabel('Reason').press('Enter')
    expect(asked(plane, '/v1/lockdown')).toBeUndefined()
    expect(await sheet(page).locator('img, script').count()).toBe(0)
    // another mode is looked at anew
    plane.world.respond.preflight = makePreflight()
    await sheet(page)
      .getByRole('radio', { name: /^Read only/ })
      .check()
    await sheet(page).getByText('Nothing stands against it.').waitFor()
    expect(await sheet(page).getByRole('button', { name: 'Lock down now' }).isDisabled()).toBe(false)
  })

  it('that the server refuses all the same says why, and stays on the sheet', async () => {
    const { page, plane } = await at('/')
    await page.getByRole('button', { name: 'Lockdown' }).click()
    await sheet(page).getByText('Nothing stands against it.').waitFor()
    await sheet(page).getByLabel('Reason').fill('x')
    plane.world.respond.preflight = makePreflight({ ok: false, problems: ['There is one already.'] })
    await sheet(page).getByRole('button', { name: 'Lock down now' }).click()
    await sheet(page).getByText('PPT_CONFLICT').waitFor()
    await sheet(page).getByText('There is one already.').waitFor()
    expect(await banner(page).count()).toBe(0)
  })

  it('asks for no preflight while the time is not one', async () => {
    const { page, plane } = await at('/')
    await page.getByRole('button', { name: 'Lockdown' }).click()
    await sheet(page).getByText('Nothing stands against it.').waitFor()
    const before = plane.world.requests.length
    await sheet(page).getByLabel('A confirmation holds for').fill('soon')
    await sheet(page).getByText('Write a time such as 15m or 1h.').waitFor()
    expect(await sheet(page).getByRole('button', { name: 'Lock down now' }).isDisabled()).toBe(true)
    await page.waitForTimeout(500)
    expect(plane.world.requests.slice(before).some(({ path }) => path.endsWith('/preflight'))).toBe(false)
  })
})

describe('while a lockdown is on', () => {
  it('every page says so, how long, who began it and what happens when nobody confirms', async () => {
    const { page, plane, complaints } = await at('/nowhere')
    plane.world.respond.lockdown = makeLockdown(Date.now(), { reason: HOSTILE.bidi, incidentId: 'incident-7' })
    for (const path of ['/', '/rules', '/account', '/policies/brute-force']) {
      await page.goto(plane.url + path)
      await banner(page).getByText('Lockdown: known users only').waitFor()
      await banner(page)
        .getByText(/^confirm within 1 m/)
        .waitFor()
      await banner(page).getByText('If nobody does, it ends by itself and everything is open again.').waitFor()
      // a page that is opened is not taken over by it
      expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('BODY')
    }
    await banner(page).locator('.escape').waitFor()
    expect(await page.locator('body').innerText()).not.toContain('\u202e')
    expect(await banner(page).getByRole('link', { name: 'its incident' }).getAttribute('href')).toBe('/incidents/incident-7')
    expect(await page.getByRole('button', { name: 'Lockdown', exact: true }).count()).toBe(0)
    expect(complaints).toEqual([])
  })

  it('that somebody else began, it is heard of on the live line at once', async () => {
    const { page, plane } = await at('/rules')
    await page.locator('[data-live=live]').waitFor()
    await page.getByRole('button', { name: 'Lockdown' }).waitFor()
    plane.world.respond.lockdown = makeLockdown(Date.now(), { by: { id: 'op-2', name: 'grace' } })
    plane.emitDecision(makeDecision(1, Date.now(), { action: 'lockdown', target: { kind: 'all', value: '*' }, scope: 'all' }))
    await banner(page).getByText('begun by grace').waitFor({ timeout: 5_000 })
  })

  it('L leads to its next step instead of a second one', async () => {
    const { page, plane } = await at('/rules')
    plane.world.respond.lockdown = makeLockdown(Date.now())
    await page.reload()
    await banner(page).waitFor()
    await page.keyboard.press('L')
    await eventually(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Confirm: we still get in')
    expect(await sheet(page).count()).toBe(0)
  })

  it('somebody can end it after one question', async () => {
    const { page, plane } = await at('/rules')
    plane.world.respond.lockdown = makeLockdown(Date.now(), { confirmations: 2, endsAt: Date.now() + 900_000 })
    await page.reload()
    await banner(page).getByText('confirmed 2 times').waitFor()
    await banner(page).getByRole('button', { name: 'End it…' }).click()
    const question = page.getByRole('dialog', { name: 'End the lockdown?' })
    await question.getByText('Everything is open again at once').waitFor()
    await question.getByRole('button', { name: 'End it', exact: true }).click()
    await banner(page).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Lockdown', exact: true }).waitFor()
    expect(plane.world.respond.latestLockdowns[0]?.endedWhy).toBe('ended')
  })

  it('its last minutes are urgent again, and its end is seen even when the server is silent', async () => {
    const { page, plane } = await at('/rules')
    plane.world.respond.lockdown = makeLockdown(Date.now(), { confirmations: 1, endsAt: Date.now() + 110_000 })
    await page.clock.install()
    await page.reload()
    await banner(page).getByText('It is about to end by itself.').waitFor()
    await banner(page).getByRole('button', { name: 'Confirm again' }).waitFor()
    plane.world.hanging = true
    await page.clock.fastForward(115_000)
    await banner(page).getByText('ended by itself').waitFor()
    expect(await banner(page).getByRole('button').count()).toBe(0)
    plane.world.hanging = false
  })

  it('a confirmation that fails is said where it was asked for', async () => {
    const { page, plane } = await at('/rules')
    plane.world.respond.lockdown = makeLockdown(Date.now())
    await page.reload()
    await banner(page).waitFor()
    plane.world.respond.lockdown = null
    await banner(page)
      .getByRole('button', { name: /^Confirm/ })
      .click()
    await banner(page).getByText('PPT_NOT_FOUND').waitFor()
  })

  it('viewers see it, and can neither begin, confirm nor end one', async () => {
    const { page, plane } = await at('/rules', { operator: { id: 'v', name: 'vera', role: 'viewer' } })
    await page.locator('tbody [data-row]').first().waitFor()
    expect(await page.getByRole('button', { name: 'Lockdown' }).count()).toBe(0)
    await page.keyboard.press('L')
    plane.world.respond.lockdown = makeLockdown(Date.now())
    await page.reload()
    await banner(page).getByText('begun by ada').waitFor()
    expect(await banner(page).getByRole('button').count()).toBe(0)
    expect(await sheet(page).count()).toBe(0)
  })
})

describe('a lockdown that nobody confirmed', () => {
  it('is told of afterwards with the reason, until somebody puts the message away', async () => {
    const now = Date.now()
    const { page, plane } = await at('/rules')
    plane.world.respond.latestLockdowns = [makeLockdown(now - 300_000, { endedAt: now - 180_000, endedWhy: 'not_confirmed' })]
    await page.reload()
    await banner(page).getByText('nobody confirmed that the right people still get in. Everything is open again.').waitFor()
    await banner(page).getByRole('button', { name: 'Dismiss' }).click()
    await banner(page).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Lockdown' }).waitFor()
  })
})

describe('the way around', () => {
  it('reaches every page from a wide one, and from the fold of a narrow one', async () => {
    const { page, plane } = await at('/rules', {}, { viewport: { width: 320, height: 640 } })
    const fold = page.getByRole('button', { name: 'Rules: all pages' })
    expect(await page.getByRole('link', { name: 'Policies' }).isVisible()).toBe(false)
    await fold.focus()
    await page.keyboard.press('Enter')
    expect(await fold.getAttribute('aria-expanded')).toBe('true')
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Policies' }).click()
    await page.getByRole('heading', { level: 1, name: 'Policies' }).waitFor()
    // folded again, under the name of the page that is open
    expect(await page.getByRole('button', { name: 'Policies: all pages' }).getAttribute('aria-expanded')).toBe('false')
    // what stands elsewhere is told where it belongs, and what it is called
    await page.goto(`${plane.url}/account`)
    await page.getByRole('button', { name: 'Your account: all pages' }).waitFor()
    await page.goto(`${plane.url}/alerts`)
    await page.getByRole('button', { name: 'Triage: all pages' }).waitFor()
    await page.setViewportSize({ width: 1280, height: 800 })
    expect(await page.locator('#pages [aria-current=page]').innerText()).toBe('Triage')
    expect(await page.getByRole('navigation', { name: 'Pages' }).getByRole('link').allInnerTexts()).toEqual([
      'Now',
      'Triage',
      'Incidents',
      'Activity',
      'Subjects',
      'Decisions',
      'Policies',
      'Enforcers',
      'Rules',
      'Sources',
      'Notifications',
      'Operators',
    ])
  })
})
