import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { eventually } from './browser.js'
import { consoleSuite } from './console-suite.js'
import type { FakeControlPlane } from './fake-control-plane.js'
import { makePeopleWorld } from './fake-people.js'
import { HOSTILE } from './fixtures.js'
import { makeIncident } from './people-fixtures.js'

const { at } = consoleSuite()
const rows = (page: Page) => page.locator('tbody [data-row]')
const acts = (plane: FakeControlPlane): unknown[] =>
  plane.world.requests.filter(({ method, path }) => method === 'POST' && /^\/v1\/incidents\/.+\/act$/.test(path)).map(({ body }) => body)
const lines = (page: Page) => page.locator('li[data-kind]')

describe('the list', () => {
  it('says how bad, where it stands and who works on it, and narrows in the URL', async () => {
    const { page, complaints } = await at('/incidents')
    await eventually(() => rows(page).count()).toBe(4)
    const first = rows(page).first()
    for (const text of ['INC-7', 'Critical', 'Open', 'Nobody', '2 users, 2 addresses, 3 alerts, 4 decisions'])
      await first.getByText(text).waitFor()
    await page.getByRole('link', { name: 'Contained' }).click()
    await page.waitForURL(/status=contained/)
    await eventually(() => rows(page).count()).toBe(1)
    await rows(page).getByText('You', { exact: true }).waitFor()
    await page.getByRole('link', { name: 'All', exact: true }).click()
    await page.getByLabel('Severity at least').selectOption('critical')
    await page.waitForURL(/severity=critical/)
    await eventually(() => rows(page).count()).toBe(1)
    await page.keyboard.type('jo')
    await page.waitForURL(/\/incidents\/incident-0$/)
    expect(complaints).toEqual([])
  })

  it('is told to who has none where they come from', async () => {
    const { page } = await at('/incidents', { empty: true })
    await page.getByText('No incident yet').waitFor()
    await page.getByRole('main').getByRole('link', { name: 'Triage' }).waitFor()
  })
})

describe('an incident', () => {
  it('tells what happened oldest first, with the time since it began and the way to each thing', async () => {
    const { page, complaints } = await at('/incidents/incident-0')
    await lines(page).first().waitFor()
    expect(await lines(page).evaluateAll((list) => list.map((line) => (line as HTMLElement).dataset['kind']))).toEqual([
      'opened',
      'alert',
      'decision',
      'decision',
      'notification',
      'assigned',
      'note',
      'lockdown',
      'lockdown',
      'linked',
      'severity',
      'note',
    ])
    await lines(page).nth(6).getByText('+14 min').waitFor()
    // a note keeps its lines
    expect(await lines(page).nth(6).locator('p').last().innerText()).toContain('\nThe address is a VPN exit')
    expect(await lines(page).nth(1).getByRole('link').getAttribute('href')).toBe('/alerts/alert-0002')
    expect(await lines(page).nth(2).getByRole('link').getAttribute('href')).toBe('/decisions/flag-suspend')
    expect(await page.getByRole('link', { name: 'm.okafor', exact: true }).last().getAttribute('href')).toBe('/subjects?q=m.okafor')
    expect(await page.getByRole('link', { name: 'Why' }).first().getAttribute('href')).toBe('/decisions?address=198.51.100.23')
    expect(complaints).toEqual([])
  })

  it('takes a note, a person, a status and a severity by keyboard, each with its way back', async () => {
    const { plane, page, complaints } = await at('/incidents/incident-0')
    await lines(page).first().waitFor()
    await page.keyboard.press('n')
    await page.keyboard.type('rotated the keys of the export service')
    await page.keyboard.press('Control+Enter')
    await lines(page).last().getByText('rotated the keys').waitFor()
    await page.keyboard.press('Escape')
    await page.keyboard.press('m')
    const dialog = page.locator('.dialog')
    await dialog.getByRole('radio', { name: 'You' }).focus()
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'detached' })
    await page.getByText('You', { exact: true }).waitFor()
    await page.keyboard.press('c')
    await dialog.getByLabel(/^Contained/).check()
    await dialog.getByLabel(/^Note/).fill('the account is closed')
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'detached' })
    await page.locator('.toast').getByRole('button', { name: 'Undo' }).first().press('Enter')
    await page.getByText('INC-7: as it was').waitFor()
    expect(acts(plane)).toEqual([
      { act: 'note', text: 'rotated the keys of the export service' },
      { act: 'assign', operatorId: 'op-1' },
      { act: 'status', status: 'contained', text: 'the account is closed' },
      { act: 'status', status: 'open' },
    ])
    await page.getByRole('button', { name: 'Severity…' }).click()
    await dialog.getByRole('radio', { name: /High/ }).check()
    await page.keyboard.press('Enter')
    await lines(page).last().getByText('From critical to high').waitFor()
    expect(complaints).toEqual([])
  }, 90_000)

  it('links what somebody found, also from the address of a page', async () => {
    const { plane, page } = await at('/incidents/incident-0')
    const dialog = page.getByRole('dialog', { name: 'Link more' })
    for (const [kind, value] of [
      ['Address', '192.0.2.77'],
      ['User', 'priya'],
      ['Alert', 'https://parapet.example.com/alerts/alert-0004'],
    ] as const) {
      await page.getByRole('button', { name: 'Link more…' }).click()
      await dialog.getByRole('radio', { name: new RegExp(`^${kind}`) }).check()
      await dialog.getByRole('textbox', { name: kind }).fill(value)
      await page.keyboard.press('Enter')
      await dialog.waitFor({ state: 'detached' })
    }
    expect(acts(plane)).toEqual([
      { act: 'link', address: '192.0.2.77' },
      { act: 'link', subject: 'priya' },
      { act: 'link', alertId: 'alert-0004' },
    ])
    await page.getByRole('link', { name: '192.0.2.77' }).waitFor()
  })

  it('offers a lockdown and begins none', async () => {
    const { plane, page } = await at('/incidents/incident-0')
    await page.getByText('A lockdown is ready, and nothing of it has begun.').waitFor()
    await page.getByRole('button', { name: 'Look at the lockdown…' }).click()
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(plane.world.requests.some(({ method, path }) => method === 'POST' && path === '/v1/lockdown')).toBe(false)
    await page.goto(new URL('/incidents/incident-1', page.url()).href)
    await lines(page).first().waitFor()
    expect(await page.getByText('A lockdown is ready').count()).toBe(0)
  })

  it('takes back all that it did at once', async () => {
    const { plane, page } = await at('/incidents/incident-0')
    await page.getByRole('button', { name: 'Undo all 2' }).click()
    await eventually(() => plane.world.requests.find(({ path }) => path === '/v1/decisions/lift')?.body).toEqual({
      batch: 'inc',
      reason: 'undone in the console',
    })
  })

  it('lets a viewer read all and change nothing', async () => {
    const { page } = await at('/incidents/incident-0', { operator: { id: 'op-2', name: 'vera', role: 'viewer' } })
    await lines(page).first().waitFor()
    expect(await page.getByRole('button', { name: /Assign|Status|Severity|Link more|Note|lockdown|Block/ }).count()).toBe(0)
    expect(await page.locator('textarea').count()).toBe(0)
    await page.keyboard.type('mc')
    expect(await page.getByRole('dialog').count()).toBe(0)
  })

  it('stays readable when it is long: both ends, and the middle when somebody asks', async () => {
    const people = makePeopleWorld(Date.now(), false)
    const [first] = people.timelines.get('incident-0') ?? []
    people.timelines.set(
      'incident-0',
      Array.from({ length: 300 }, (_, index) => ({ ...first!, id: `e-${index}`, at: first!.at + index * 60_000, text: `line ${index}` })),
    )
    const { page } = await at('/incidents/incident-0', { people })
    await page.getByText('line 299', { exact: true }).waitFor()
    expect(await lines(page).count()).toBe(80)
    await page.getByRole('button', { name: '220 entries between' }).click()
    await eventually(() => lines(page).count()).toBe(300)
  })

  it('runs nothing of what attackers wrote, and shows it as it is', async () => {
    const now = Date.now()
    const people = makePeopleWorld(now, false)
    people.incidents = [makeIncident(0, now, { title: HOSTILE.markup + HOSTILE.bidi, openedBy: { id: 'x', name: HOSTILE.zalgo } })]
    const { page, complaints } = await at('/incidents', { people })
    for (const path of ['/incidents', '/incidents/incident-0']) {
      await page.goto(new URL(path, page.url()).href)
      await page.locator('main .escape').first().waitFor()
      expect(await page.locator('main img, main script').count()).toBe(0)
      expect(await page.title()).not.toBe('owned')
      expect(await page.locator('body').innerText()).not.toContain('\u202e')
    }
    expect(complaints).toEqual([])
  })

  it('says that there is none, with the code', async () => {
    const { page } = await at('/incidents/none')
    await page.getByText('PPT_NOT_FOUND').waitFor()
  })
})

describe('opening one', () => {
  it('takes over what a group of alerts stands for', async () => {
    const { plane, page, complaints } = await at('/triage')
    await page.locator('[data-open]').first().click()
    await page.getByRole('button', { name: 'Open an incident…' }).click()
    const dialog = page.getByRole('dialog', { name: 'Open an incident' })
    const title = await dialog.getByLabel('Title').inputValue()
    expect(title.length).toBeGreaterThan(10)
    await dialog.getByText(/^Linked from the beginning: \d+ alert/).waitFor()
    await dialog.getByLabel('Title').focus()
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/incidents\/incident-/)
    await page.getByRole('heading', { level: 1, name: title }).waitFor()
    const request = plane.world.requests.find(({ method, path }) => method === 'POST' && path === '/v1/incidents')?.body
    expect(request).toMatchObject({ title, alertIds: expect.arrayContaining([expect.stringMatching(/^alert-/)]) })
    expect(complaints).toEqual([])
  })

  it('by hand needs a title', async () => {
    const { plane, page } = await at('/incidents')
    await page.getByRole('button', { name: 'Open an incident' }).click()
    const dialog = page.getByRole('dialog')
    expect(await dialog.getByRole('button', { name: 'Open it' }).isDisabled()).toBe(true)
    await dialog.getByLabel('Title').fill('A laptop was stolen')
    await dialog.getByRole('radio', { name: /Medium/ }).check()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'A laptop was stolen' }).waitFor()
    expect(plane.world.requests.find(({ method, path }) => method === 'POST' && path === '/v1/incidents')?.body).toEqual({
      title: 'A laptop was stolen',
      severity: 'medium',
    })
  })
})
