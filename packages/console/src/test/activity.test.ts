import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { eventually } from './browser.js'
import { consoleSuite, rows } from './console-suite.js'
import type { World } from './fake-control-plane.js'

const { at } = consoleSuite()
const activity = (path = '/activity', seed: Partial<World> = {}) => at(path, { alerts: [], ...seed })
/** True when there are rows, and each holds all of the words. */
const allHave = async (page: Page, ...words: readonly string[]): Promise<boolean> => {
  const texts = await rows(page).allInnerTexts()
  return texts.length > 0 && texts.every((text) => words.every((word) => text.includes(word)))
}
const chips = (page: Page) => page.getByRole('list', { name: 'Filters' })

describe('a search', () => {
  it('is typed with the keyboard alone, and the URL holds all of it', async () => {
    const { plane, page, complaints } = await activity()
    await rows(page).first().waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('event.outcome:failure')
    await page.keyboard.press('Enter')
    await page.waitForURL(/f=event\.outcome%3Afailure/)
    await page.keyboard.type('-host.name:web-1')
    await page.keyboard.press('Enter')
    await page.waitForURL(/f=-host\.name%3Aweb-1/)
    await page.keyboard.type('okafor')
    await page.keyboard.press('Enter')
    await page.waitForURL(/q=okafor/)
    await page.getByRole('combobox', { name: 'Time' }).selectOption('7d')
    await page.waitForURL(/range=7d/)
    await eventually(() => allHave(page, 'm.okafor', 'bastion')).toBe(true)
    const shown = await rows(page).allInnerTexts()
    await page.reload()
    await eventually(() => rows(page).allInnerTexts()).toEqual(shown)
    expect(await page.getByLabel('Search events').inputValue()).toBe('okafor')
    expect(await chips(page).getByRole('listitem').count()).toBe(2)
    // one moment for all parts of the page: they tell of the same events
    const asked = plane.world.requests.filter(({ path }) => path.startsWith('/v1/events')).slice(-6)
    expect(new Set(asked.map(({ path }) => new URLSearchParams(path.split('?')[1]).get('until'))).size).toBe(1)
    expect(complaints).toEqual([])
  })

  it('goes back step by step', async () => {
    const { page } = await activity()
    await rows(page).first().waitFor()
    await page.getByLabel('Search events').fill('user.name:m.okafor')
    await page.keyboard.press('Enter')
    await chips(page).waitFor()
    await chips(page)
      .getByRole('button', { name: /^Remove/ })
      .click()
    await chips(page).waitFor({ state: 'detached' })
    await page.goBack()
    await chips(page).waitFor()
  })

  it('is narrowed by a value in the table and at the side', async () => {
    const { page } = await activity()
    await rows(page).first().waitFor()
    await page.locator('td .cell', { hasText: 'bastion' }).first().click()
    await page.getByRole('menuitem', { name: 'Without this value' }).click()
    await page.waitForURL(/f=-host\.name%3Abastion/)
    await page.getByRole('button', { name: 'event.action: http-request' }).click()
    await page.getByRole('menuitem', { name: 'Only this value' }).click()
    await page.waitForURL(/f=event\.action%3Ahttp-request/)
    await eventually(() => allHave(page, 'GET', 'web-1')).toBe(true)
  })

  it('takes a time of its own, and refuses one that ends before it starts', async () => {
    const { page } = await activity()
    await page.getByRole('combobox', { name: 'Time' }).selectOption('custom')
    await page.waitForURL(/since=\d+&until=\d+/)
    await page.getByLabel('From', { exact: true }).fill('2026-11-21T10:00')
    await page.getByLabel('To', { exact: true }).fill('2026-11-21T09:00')
    await page.getByText('The end comes after the start.').waitFor()
    expect(await page.getByRole('button', { name: 'Show', exact: true }).isDisabled()).toBe(true)
    await page.getByLabel('To', { exact: true }).fill('2026-11-21T11:00')
    await page.getByRole('button', { name: 'Show', exact: true }).click()
    await page.waitForURL((url) => Number(url.searchParams.get('until')) - Number(url.searchParams.get('since')) === 3_600_000)
  })

  it('leads from a span of the chart to its events, by mouse and by keyboard', async () => {
    const { page } = await activity()
    const chart = page.getByRole('img', { name: /events; most of them/ })
    await chart.waitFor()
    await page.getByText('The same as a table').click()
    await page.locator('details table a').first().focus()
    await page.keyboard.press('Enter')
    await page.waitForURL(/since=\d+&until=\d+/)
    await page.goBack()
    await chart.waitFor()
    const box = await chart.boundingBox()
    await chart.click({ position: { x: (box?.width ?? 100) - 4, y: 20 } })
    await page.waitForURL(/since=\d+&until=\d+/)
  })

  it('shows an event whole, and copies it', async () => {
    const { page, context } = await activity()
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await rows(page).first().waitFor()
    await page.keyboard.type('jo')
    await page.getByRole('button', { name: 'Copy JSON' }).click()
    await page.getByText('Copied').waitFor()
    expect(JSON.parse(await page.evaluate(() => navigator.clipboard.readText()))).toMatchObject({ 'event.action': 'login' })
    await page.getByRole('table', { name: 'Events' }).getByText('user_agent.original').waitFor()
  })

  it('chooses columns, reads on, and exports what it shows', async () => {
    const { page } = await activity('/activity?f=event.action%3Alogin')
    await rows(page).first().waitFor()
    await page.getByRole('button', { name: 'Columns' }).click()
    await page.getByRole('dialog').getByLabel('event.reason').check()
    await page.keyboard.press('Escape')
    await page.getByRole('columnheader', { name: 'event.reason' }).waitFor()
    await page.waitForURL(/cols=source\.ip%2Cuser\.name%2Chost\.name%2Cevent\.reason/)
    for (const [name, format] of [
      ['NDJSON', 'ndjson'],
      ['CSV', 'csv'],
    ] as const) {
      const href = (await page.getByRole('link', { name }).getAttribute('href')) ?? ''
      expect(href).toMatch(new RegExp(`^/v1/events/export\\?format=${format}&since=\\d+&until=\\d+&filter=event.action%3Alogin$`))
    }
    expect(await rows(page).count()).toBe(100)
    await page.getByRole('button', { name: 'Older events' }).click()
    await page.getByText(/^All \d+ shown$/).waitFor()
  })

  it('says that it stopped early, and what was counted until then', async () => {
    const { plane, page } = await activity('/nowhere')
    plane.world.detect.searchBound = 40
    await page.getByRole('link', { name: 'Activity', exact: true }).click()
    await page.getByText('Stopped early.').waitFor()
    await page.getByText('counted before the search stopped; there are more').waitFor()
    await page.getByText('Of the newest events only: there are more.').first().waitFor()
  })

  it('that is wrong is told so once, without a way to try the same again', async () => {
    const { page } = await activity('/activity?f=source.ip%3Anotanip')
    await page.getByText('source.ip takes an address or a range').waitFor()
    await page.waitForTimeout(300)
    expect(await page.getByRole('alert').count()).toBe(1)
    expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(0)
  })

  it('paints nothing in the colour of a level because it worked', async () => {
    const { page } = await activity()
    await rows(page).first().waitFor()
    expect(await page.locator('tbody .text-high').count()).toBe(0)
  })

  it('tells nothing found from nothing there, and from trouble', async () => {
    const { plane, page } = await activity('/activity?q=never+written')
    await page.getByText('No event matches').waitFor()
    plane.world.detect.events = []
    await page.getByRole('link', { name: 'Without filters' }).click()
    await page.getByText('No events in this time').waitFor()
    plane.world.failing = 'PPT_INTERNAL'
    await page.reload()
    await page.getByText('PPT_INTERNAL').first().waitFor()
    expect(await page.getByText('No events in this time').count()).toBe(0)
  })
})

describe('views', () => {
  it('are kept under a name and opened again', async () => {
    const { plane, page } = await activity('/activity?f=user.name%3Aroot&range=7d')
    await page.getByRole('button', { name: 'Views' }).click()
    const dialog = page.getByRole('dialog', { name: 'Views' })
    await dialog.getByLabel('Keep this search as').fill('root, a week')
    await dialog.getByLabel('Everybody sees it').check()
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'detached' })
    expect(plane.world.detect.views.at(-1)).toMatchObject({ name: 'root, a week', query: 'f=user.name%3Aroot&range=7d', shared: true })
    await page.goto(`${plane.url}/activity`)
    await page.getByRole('button', { name: 'Views' }).click()
    await dialog.getByRole('button', { name: /^root, a week/ }).click()
    await page.waitForURL(/\/activity\?f=user\.name%3Aroot&range=7d$/)
  })

  it('never lead to another site, whatever was stored', async () => {
    const { plane, page } = await activity()
    await page.getByRole('button', { name: 'Views' }).click()
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^invoice/ })
      .click()
    await page.locator('.dialog').waitFor({ state: 'detached' })
    expect(new URL(page.url()).origin).toBe(plane.url)
    expect(new URL(page.url()).pathname).toBe('/activity')
  })

  it('are removed by who made them', async () => {
    const { plane, page } = await activity('/activity', { operator: { id: 'v', name: 'vera', role: 'viewer' } })
    plane.world.detect.views = plane.world.detect.views.map((view) =>
      Object.assign(structuredClone(view), { by: { id: view.id === 'view-2' ? 'v' : 'x', name: 'x' } }),
    )
    await page.getByRole('button', { name: 'Views' }).click()
    const dialog = page.getByRole('dialog', { name: 'Views' })
    await dialog.getByText('Failed sign-ins').waitFor()
    expect(await dialog.getByRole('button', { name: /^Remove the view/ }).count()).toBe(1)
    expect(await dialog.getByLabel('Everybody sees it').count()).toBe(0)
    await dialog.getByRole('button', { name: /^Remove the view/ }).click()
    await eventually(() => plane.world.detect.views.map(({ id }) => id)).toEqual(['view-1'])
  })
})
