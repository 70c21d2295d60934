import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import type { openPage } from './browser.js'
import { eventually } from './browser.js'
import { consoleSuite, rows } from './console-suite.js'
import type { FakeControlPlane, World } from './fake-control-plane.js'
import { HOSTILE, makeAlert } from './fixtures.js'

const { at } = consoleSuite()
/** The page Triage of a world, signed in. */
const triage = (seed: Partial<World> = {}, path = '/triage', options: Parameters<typeof openPage>[1] = {}) => at(path, seed, options)
const focused = (page: Page): Promise<string | null | undefined> =>
  page.evaluate(() => document.activeElement?.closest('[data-row]')?.getAttribute('data-row'))
const acts = (plane: FakeControlPlane): unknown[] =>
  plane.world.requests.filter(({ method, path }) => method === 'POST' && path.startsWith('/v1/triage')).map(({ body }) => body)

describe('the list', () => {
  it('is worked through with the keyboard alone: move, acknowledge, take over, close, and stays where the hand was', async () => {
    const { plane, page, complaints } = await triage()
    await rows(page).first().waitFor()
    const before = await rows(page).count()
    await page.keyboard.type('jja')
    await rows(page).nth(1).getByText('In work').waitFor()
    const second = await focused(page)
    expect(second).toBe(await rows(page).nth(1).getAttribute('data-row'))
    await page.keyboard.type('m')
    await rows(page).nth(1).getByText('you', { exact: true }).waitFor()
    const third = await rows(page).nth(2).getAttribute('data-row')
    await page.keyboard.type('c')
    const dialog = page.getByRole('dialog', { name: 'Close this group' })
    await dialog.waitFor()
    await dialog.getByLabel(/^Benign/).check()
    await dialog.getByLabel(/^Note/).fill('our own scan')
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'detached' })
    await eventually(() => rows(page).count()).toBe(before - 1)
    await eventually(() => focused(page)).toBe(third)
    expect(acts(plane)).toEqual([
      { act: 'acknowledge' },
      { act: 'assign', operatorId: 'op-1' },
      { act: 'note', text: 'our own scan' },
      { act: 'close', verdict: 'benign' },
    ])
    await page.getByRole('button', { name: 'Undo' }).first().click()
    await eventually(() => rows(page).count()).toBe(before)
    expect(plane.world.detect.standing.get(second ?? '')).toMatchObject({
      status: 'acknowledged',
      verdict: null,
      assignee: { name: 'ada' },
    })
    expect(complaints).toEqual([])
  })

  it('acts on all that is selected in one request, and takes it all back', async () => {
    const { plane, page } = await triage()
    await rows(page).first().waitFor()
    await page.keyboard.type('jxjxjx')
    await page.getByText('3 groups selected').waitFor()
    await page.keyboard.type('s')
    const dialog = page.getByRole('dialog', { name: 'Snooze 3 groups until worse' })
    await dialog.getByLabel('7 days').check()
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'detached' })
    await eventually(() => [...plane.world.detect.standing.values()].map(({ status }) => status)).toEqual(['snoozed', 'snoozed', 'snoozed'])
    const request = plane.world.requests.find(({ path }) => path === '/v1/triage')?.body as { keys: string[]; act: { until: number } }
    expect(request.keys).toHaveLength(3)
    expect(request.act.until - Date.now()).toBeGreaterThan(6.9 * 86_400_000)
    await page.getByRole('link', { name: 'Snoozed' }).click()
    await eventually(() => rows(page).count()).toBe(3)
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('Nothing is put away').waitFor()
  })

  it('narrows by state, level, rule and mine in the URL', async () => {
    const { page } = await triage()
    await rows(page).first().waitFor()
    await page.getByLabel('Level at least').selectOption('critical')
    await page.waitForURL(/level=critical/)
    await eventually(async () => (await rows(page).allInnerTexts()).every((text) => text.includes('Critical'))).toBe(true)
    await page.getByRole('combobox', { name: 'Rule' }).selectOption({ label: 'Sign-in succeeded after many failures' })
    await page.waitForURL(/rule=success-after-failures/)
    await eventually(() => rows(page).count()).toBe(1)
    await page.keyboard.type('jm')
    await rows(page).first().getByText('you', { exact: true }).waitFor()
    await page.getByLabel('Mine').check()
    await page.waitForURL(/mine=1/)
    await page.reload()
    await eventually(() => rows(page).count()).toBe(1)
    await page.getByRole('button', { name: /^Any rule again/ }).click()
    await page.getByRole('link', { name: 'Closed' }).click()
    await page.getByText('No group matches').waitFor()
  })

  it('takes in what happens meanwhile on top, and moves nothing else', async () => {
    const { plane, page } = await triage()
    await rows(page).first().waitFor()
    await page.locator('[data-live=live]').waitFor()
    const before = await rows(page).evaluateAll((list) => list.map((row) => row.getAttribute('data-row')))
    await page.keyboard.type('jj')
    const now = Date.now()
    // one more alert of what stands last, and something new
    plane.emitAlert(makeAlert(11, now, { id: 'again', last: now, count: 5_000 }))
    plane.emitAlert(makeAlert(40, now, { id: 'new', last: now + 1, why: 'Something new' }))
    await rows(page).first().getByText('Something new').waitFor()
    const after = await rows(page).evaluateAll((list) => list.map((row) => row.getAttribute('data-row')))
    expect(after.slice(1)).toEqual(before)
    await eventually(() => rows(page).last().innerText()).toMatch(/5\u202f\d{3} events/)
    expect(await rows(page).first().getAttribute('class')).toContain('fresh')
    expect(await focused(page)).toBe(before[1])
  })

  it('draws of thousands what is looked at, and the keyboard still reaches all', async () => {
    const now = Date.now()
    const { page } = await triage({
      alerts: Array.from({ length: 400 }, (_, index) => makeAlert(index, now, { scope: { kind: 'ip', value: `group ${index}` } })),
    })
    await rows(page).first().waitFor()
    for (const shown of [200, 300]) {
      await page.getByRole('button', { name: 'Older groups' }).click()
      await page.getByText(`${shown} shown`).waitFor()
    }
    const table = page.getByRole('table', { name: 'Groups of alerts' })
    expect(await table.getAttribute('aria-rowcount')).toBe('301')
    await page.evaluate(() => scrollTo(0, 0))
    await eventually(() => rows(page).count()).toBeLessThan(160)
    await rows(page).first().focus()
    for (let step = 0; step < 45; step++) await page.keyboard.press('j')
    await eventually(() => page.evaluate(() => Number(document.activeElement?.getAttribute('aria-rowindex')))).toBeGreaterThan(42)
    await eventually(async () => {
      // what is drawn on the way has another height than was guessed: the end moves
      await page.evaluate(() => scrollTo(0, document.body.scrollHeight))
      return page.getByText('group 299').count()
    }).toBe(1)
  }, 120_000)

  it('lets viewers read, and says why nothing happens at their keys', async () => {
    const { plane, page } = await triage({ operator: { id: 'v', name: 'vera', role: 'viewer' } })
    await rows(page).first().waitFor()
    await page.keyboard.type('jxa')
    await page.getByText('Viewers read; an admin can do this').first().waitFor()
    expect(acts(plane)).toEqual([])
    expect(await page.getByRole('region', { name: 'Selected groups' }).count()).toBe(0)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Notes' }).waitFor()
    expect(await page.getByRole('button', { name: /^Acknowledge/ }).count()).toBe(0)
  })

  it('says what did not work, and keeps the row as it was', async () => {
    const { plane, page } = await triage()
    await rows(page).first().waitFor()
    plane.world.failing = 'PPT_DATABASE_UNAVAILABLE'
    await page.keyboard.type('ja')
    await page
      .getByText(/^Not done: .*PPT_DATABASE_UNAVAILABLE/)
      .first()
      .waitFor()
    expect(await rows(page).first().innerText()).toContain('Open')
  })

  it('says that nothing waits', async () => {
    const { page } = await triage({ empty: true, alerts: [] })
    await page.getByText('Nothing waits for you').waitFor()
    expect(await page.getByRole('alert').count()).toBe(0)
  })
})

describe('one group', () => {
  const opened = async (seed: Partial<World> = {}) => {
    const world = await triage(seed)
    await rows(world.page).first().waitFor()
    await world.page.keyboard.type('jo')
    await world.page.getByRole('table', { name: 'Events' }).waitFor()
    return world
  }

  it('shows why, the rule, the alerts, the events and what is most frequent in them', async () => {
    const { page, complaints } = await opened()
    await page.getByRole('heading', { level: 1, name: /failed \d+ SSH sign-ins/ }).waitFor()
    await page.getByText('Fires when one address network').waitFor()
    await page.getByText('A monitoring probe still uses an old password.').waitFor()
    expect(
      await page
        .getByRole('list', { name: /^Alerts of this group/ })
        .getByRole('listitem')
        .count(),
    ).toBe(1)
    await page.getByRole('heading', { name: 'Top values' }).waitFor()
    await page
      .getByRole('button', { name: /^All fields/ })
      .first()
      .click()
    await page.getByRole('button', { name: 'Copy JSON' }).waitFor()
    expect(complaints).toEqual([])
  })

  it('filters by a value with the keyboard: in, out, turned round, removed; the focus comes back to the value', async () => {
    const { page } = await opened()
    const all = await rows(page).count()
    const outcome = page.getByRole('button', { name: 'event.outcome: failure' })
    await outcome.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('menu').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('menu').waitFor({ state: 'detached' })
    await eventually(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('event.outcome: failure')
    await page.keyboard.press('Enter')
    await page.getByRole('menuitem', { name: 'Only this value' }).waitFor()
    await page.keyboard.press('ArrowDown')
    await eventually(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Only this value')
    await page.keyboard.press('Enter')
    const chips = page.getByRole('list', { name: 'Filters' })
    await chips.getByText('is', { exact: true }).waitFor()
    await page.getByText('19 of 30 events').waitFor()
    await chips.getByRole('button', { name: /Turn round$/ }).click()
    await page.getByText('11 of 30 events').waitFor()
    await chips.getByRole('button', { name: /^Remove/ }).click()
    await eventually(() => rows(page).count()).toBe(all)
  })

  it('leads from a value to Activity, and from its events too', async () => {
    const { page } = await opened()
    await page.getByRole('button', { name: 'event.outcome: failure' }).click()
    await page.getByRole('menuitem', { name: 'Search in Activity' }).click()
    await page.waitForURL(/\/activity\?f=event\.outcome%3Afailure$/)
    await page.goBack()
    expect(await page.getByRole('link', { name: 'In Activity' }).getAttribute('href')).toMatch(/^\/activity\?since=\d+&until=\d+$/)
  })

  it('takes a note, and says it to the next person', async () => {
    const { plane, page } = await opened()
    await page.keyboard.type('n')
    await page.keyboard.type('asked the shop team')
    await page.keyboard.press('Control+Enter')
    await page.getByRole('list', { name: 'Notes, newest first' }).getByText('asked the shop team').waitFor()
    expect(acts(plane)).toEqual([{ act: 'note', text: 'asked the shop team' }])
    expect(await page.getByPlaceholder('What the next person needs to know').inputValue()).toBe('')
  })

  it('runs nothing of what attackers wrote, and shows it as it is', async () => {
    const now = Date.now()
    const hostile = makeAlert(0, now, {
      why: HOSTILE.markup + HOSTILE.bidi,
      scope: { kind: 'user', value: HOSTILE.ansi },
      rule: { ...makeAlert(0, now).rule, title: HOSTILE.markup },
      sources: [{ id: 's', name: HOSTILE.zalgo }],
    })
    const { page, complaints } = await opened({ alerts: [hostile] })
    await page.locator('.escape').first().waitFor()
    await page
      .getByRole('button', { name: /^user.name: / })
      .first()
      .click()
    await page.getByRole('menu').waitFor()
    expect(await page.locator('main img, main script, [role=menu] img').count()).toBe(0)
    expect(await page.title()).not.toBe('owned')
    expect(await page.locator('body').innerText()).not.toContain('\u202e')
    await page.keyboard.press('Escape')
    await page.keyboard.type('f')
    await page.getByRole('dialog').getByText('Would have silenced').waitFor()
    expect(await page.locator('[role=dialog] img, [role=dialog] script').count()).toBe(0)
    expect(await page.locator('body').innerText()).not.toContain('\u202e')
    expect(complaints).toEqual([])
  })
})

describe('a false positive', () => {
  it('becomes an exception of what somebody pointed at, after a look at what it would have silenced', async () => {
    const { plane, page, complaints } = await triage()
    await rows(page).first().waitFor()
    await page.keyboard.type('jf')
    const dialog = page.getByRole('dialog', { name: 'False positive', exact: true })
    await dialog.getByText('Would have silenced 12 of 40 alerts in 7 days.').waitFor()
    await dialog.getByRole('checkbox', { name: /^event\.outcome/ }).check()
    await dialog.getByLabel('Value of source.ip').fill('192.0.2.0/24')
    await eventually(() => plane.world.requests.findLast(({ path }) => path === '/v1/exceptions/preview')?.body).toMatchObject({
      ruleId: 'ssh-brute-force-address',
      match: { 'source.ip': '192.0.2.0/24' },
    })
    await dialog.getByText('Would have silenced 12 of 40').waitFor()
    await dialog.getByLabel('Reason').fill('refused')
    await page.keyboard.press('Enter')
    await dialog.getByText('match: takes at most 8 fields').waitFor()
    await dialog.getByLabel('Reason').fill('our own monitoring')
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'detached' })
    const made = plane.world.requests.findLast(({ method, path }) => method === 'POST' && path === '/v1/exceptions')?.body as {
      until: number
    }
    expect(made).toMatchObject({ match: { 'source.ip': '192.0.2.0/24' }, reason: 'our own monitoring' })
    // thirty days when nobody says otherwise
    expect(Math.round((made.until - Date.now()) / 86_400_000)).toBe(30)
    expect(acts(plane)).toEqual([{ act: 'close', verdict: 'false_positive' }])
    expect(complaints).toEqual([])
  })

  it('cannot silence a whole rule by accident', async () => {
    const { plane, page } = await triage()
    plane.world.detect.silences = 40
    await rows(page).first().waitFor()
    await page.keyboard.type('jf')
    const dialog = page.getByRole('dialog', { name: 'False positive', exact: true })
    await dialog.getByLabel('Reason').fill('noise')
    const save = dialog.getByRole('button', { name: 'Save the exception' })
    const sure = dialog.getByLabel(/It silences every alert of this rule/)
    await sure.waitFor()
    expect(await save.isDisabled()).toBe(true)
    await page.keyboard.press('Enter')
    expect(plane.world.requests.some(({ method, path }) => method === 'POST' && path === '/v1/exceptions')).toBe(false)
    await sure.check()
    expect(await save.isDisabled()).toBe(false)
    // another match is another question
    await dialog.getByRole('checkbox', { name: /^event\.outcome/ }).check()
    await eventually(() => save.isDisabled()).toBe(true)
  })

  it('cannot be saved before its preview, nor without a field', async () => {
    const { page } = await triage()
    await rows(page).first().waitFor()
    await page.keyboard.type('jf')
    const dialog = page.getByRole('dialog', { name: 'False positive', exact: true })
    await dialog.getByText('Would have silenced').waitFor()
    await dialog.getByRole('checkbox', { name: /^source\.ip/ }).uncheck()
    await dialog.getByText('Choose at least one field').waitFor()
    expect(await dialog.getByRole('button', { name: 'Save the exception' }).isDisabled()).toBe(true)
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await eventually(() => focused(page)).toBe(await rows(page).first().getAttribute('data-row'))
  })

  it('begins with the value that was pointed at, and can be removed again', async () => {
    const { plane, page } = await triage()
    await rows(page).first().waitFor()
    await page.keyboard.type('jo')
    await page.getByRole('button', { name: 'event.outcome: failure' }).click()
    await page.getByRole('menuitem', { name: 'Use in an exception…' }).click()
    const dialog = page.getByRole('dialog', { name: 'False positive', exact: true })
    await eventually(() => dialog.getByLabel('Value of event.outcome').inputValue()).toBe('failure')
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Remove the exception: Our own monitoring' }).click()
    await page.getByRole('dialog', { name: 'Remove this exception?' }).getByRole('button', { name: 'Remove', exact: true }).click()
    await page.locator('.dialog').waitFor({ state: 'detached' })
    expect(plane.world.detect.exceptions.map(({ id }) => id)).toEqual(['exception-1'])
  })
})
