import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { eventually } from './browser.js'
import { consoleSuite } from './console-suite.js'
import type { FakeControlPlane } from './fake-control-plane.js'
import { makePeopleWorld } from './fake-people.js'
import { HOSTILE } from './fixtures.js'
import { makeSubject } from './people-fixtures.js'

const { at } = consoleSuite()
const rows = (page: Page) => page.locator('tbody [data-row]')
const sent = (plane: FakeControlPlane, path: RegExp): unknown[] =>
  plane.world.requests.filter((request) => request.method === 'POST' && path.test(request.path)).map(({ body }) => body)
const VIEWER = { operator: { id: 'op-2', name: 'vera', role: 'viewer' } } as const

describe('the list of users', () => {
  it('narrows by a whole name, by what is in force and by role, in the URL', async () => {
    const { page, complaints } = await at('/subjects')
    await rows(page).first().waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('j.lindqvist')
    await page.waitForURL(/q=j\.lindqvist/)
    await eventually(() => rows(page).count()).toBe(1)
    await page.reload()
    expect(await page.getByLabel('Search users').inputValue()).toBe('j.lindqvist')
    await page.getByLabel('Search users').fill('lindq')
    await page.getByText('Nobody matches').waitFor()
    await page.getByRole('link', { name: 'Show everybody' }).click()
    await page.getByLabel('In force').selectOption({ label: 'Suspended' })
    await page.waitForURL(/flag=suspend/)
    await eventually(() => rows(page).count()).toBe(1)
    await page.getByLabel('In force').selectOption({ label: 'Anything in force, or nothing' })
    await page.getByRole('combobox', { name: 'Role' }).selectOption('editor')
    await page.waitForURL(/role=editor/)
    await eventually(async () => (await rows(page).allInnerTexts()).every((text) => text.includes('editor'))).toBe(true)
    expect(complaints).toEqual([])
  })

  it('says a risk by shape, word and number, with its reason beside it, and opens by keyboard', async () => {
    const { page } = await at('/subjects')
    const first = rows(page).first()
    await first.getByText('Very high').waitFor()
    expect(await first.locator('td').nth(2).locator('svg').count()).toBe(1)
    await first.getByText('Signed in from a country never seen').waitFor()
    await first.getByText('and 2 more').waitFor()
    await page.keyboard.type('jo')
    await page.waitForURL(/\/subjects\/subject-0$/)
    await page.getByRole('heading', { level: 1, name: 'm.okafor' }).waitFor()
  })

  it('reads on, and shows a viewer no way to act', async () => {
    const now = Date.now()
    const people = { ...makePeopleWorld(now, false), subjects: Array.from({ length: 80 }, (_, index) => makeSubject(index, now)) }
    const { page } = await at('/subjects', { ...VIEWER, people })
    await eventually(() => rows(page).count()).toBe(50)
    await page.getByRole('button', { name: 'Older users' }).click()
    await eventually(() => rows(page).count()).toBe(80)
    expect(await page.getByRole('checkbox').count()).toBe(0)
    expect(await page.getByRole('button', { name: /Reset/ }).count()).toBe(0)
    await page.locator('[data-open]').first().click()
    await page.getByRole('heading', { name: 'History' }).waitFor()
    expect(await page.getByRole('button', { name: /Suspend|Sign out everywhere|Clear/ }).count()).toBe(0)
    expect(await page.getByRole('button', { name: /^Undo/ }).first().isDisabled()).toBe(true)
  })

  it('tells who has nobody yet how users come in, and says what is wrong when something is', async () => {
    const { page } = await at('/subjects', { empty: true })
    await page.getByText('Nobody is known yet').waitFor()
    const { page: broken } = await at('/subjects', { failing: 'PPT_DATABASE_UNAVAILABLE' })
    await broken.getByText('PPT_DATABASE_UNAVAILABLE').first().waitFor()
    await broken.getByRole('button', { name: 'Try again' }).first().waitFor()
  })
})

describe('the page of a user', () => {
  it('shows why, what is in force, what was done and by whom, sessions and addresses', async () => {
    const { page, complaints } = await at('/subjects/subject-0')
    await page.getByRole('heading', { name: 'Why this risk' }).waitFor()
    await page.getByText('Exported 4,100 records within 10 minutes').first().waitFor()
    await page.getByText('1 open of 3').waitFor()
    await page.getByText('Ended: suspended').waitFor()
    await page.getByRole('link', { name: '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff' }).waitFor()
    await page.getByRole('link', { name: 'Records of customers were exported' }).waitFor()
    const history = page.getByRole('list', { name: 'History, newest first' })
    await page.getByRole('button', { name: 'What was done' }).click()
    await history.getByText('it was the yearly audit').waitFor()
    expect(await history.getByText('login failed').count()).toBe(0)
    await page.getByRole('button', { name: 'What they did' }).click()
    await history.getByText('login failed').first().waitFor()
    expect(await history.getByText('it was the yearly audit').count()).toBe(0)
    expect(complaints).toEqual([])
  })

  it('suspends only after it has said what that means, and one click takes it back', async () => {
    const { plane, page } = await at('/subjects/subject-2')
    await page.getByRole('button', { name: 'Suspend…' }).click()
    const sheet = page.getByRole('dialog', { name: 'Suspend this user?' })
    await sheet.getByText('For 1 day they cannot sign in').waitFor()
    await sheet.getByRole('button', { name: '7d' }).click()
    await sheet.getByText('For 7 days they cannot sign in').waitFor()
    expect(sent(plane, /\/act$/)).toEqual([])
    await sheet.getByLabel('Reason').fill('refused')
    await page.keyboard.press('Enter')
    await sheet.getByText('the last administrator').waitFor()
    await sheet.getByLabel('Reason').fill('seen in the breach')
    await page.keyboard.press('Enter')
    await sheet.waitFor({ state: 'detached' })
    expect(sent(plane, /\/act$/).at(-1)).toEqual({ act: 'suspend', duration: '7d', reason: 'seen in the breach' })
    await page.getByRole('heading', { name: 'In force' }).locator('../..').getByText('Suspended').waitFor()
    await page.getByRole('button', { name: 'Undo', exact: true }).last().click()
    await eventually(() => sent(plane, /\/v1\/decisions\/made-suspend\/lift$/)).toEqual([{ reason: 'undone in the console' }])
  })

  it('asks for a proof where the control plane does, and goes on by itself', async () => {
    const { plane, page } = await at('/subjects/subject-2')
    plane.world.detect.stepUp = true
    await page.getByRole('button', { name: 'Require a second factor…' }).click()
    await page.getByRole('dialog').getByLabel('Reason').fill('new country')
    await page.keyboard.press('Enter')
    const proof = page.getByRole('dialog', { name: 'Prove that it is you' })
    await proof.getByLabel('Password', { exact: true }).fill('correct horse battery staple')
    await proof.getByRole('button', { name: 'Go on' }).click()
    await page.getByText('Second factor required: Ana Beltrán').waitFor()
    expect(sent(plane, /\/act$/)).toHaveLength(2)
  })

  it('signs out everywhere without a time, and offers no way back that there is not', async () => {
    const { plane, page } = await at('/subjects/subject-2')
    await page.getByRole('button', { name: 'Sign out everywhere…' }).click()
    const sheet = page.getByRole('dialog')
    expect(await sheet.getByLabel('For how long').count()).toBe(0)
    await sheet.getByLabel('Reason').fill('lost phone')
    await page.keyboard.press('Enter')
    const message = page.getByText('Signed out everywhere: Ana Beltrán')
    await message.waitFor()
    expect(sent(plane, /\/act$/)).toEqual([{ act: 'end_sessions', reason: 'lost phone' }])
    expect(await page.locator('.toast').getByRole('button', { name: 'Undo' }).count()).toBe(0)
  })

  it('puts back what a clear took away, for the time that was left', async () => {
    const { plane, page } = await at('/subjects/subject-0')
    await page.getByRole('button', { name: 'Clear everything…' }).click()
    await page.getByRole('dialog').getByLabel('Reason').fill('it was them')
    await page.keyboard.press('Enter')
    await page.locator('.toast').getByRole('button', { name: 'Undo' }).click()
    await page.getByText('As it was: m.okafor').waitFor()
    const acts = sent(plane, /\/act$/) as { act: string; duration?: string }[]
    expect(acts.map(({ act }) => act)).toEqual(['clear', 'suspend', 'require_reset'])
    expect(acts[1]?.duration).toBe(`${23 * 60}m`)
  })

  it('runs nothing of what attackers wrote, and shows it as it is', async () => {
    const now = Date.now()
    const hostile = makeSubject(0, now, {
      name: HOSTILE.markup + HOSTILE.bidi,
      email: HOSTILE.ansi,
      roles: [HOSTILE.zalgo, HOSTILE.markup],
      riskWhy: [HOSTILE.markup, HOSTILE.zeroWidth],
      source: { id: 's', name: HOSTILE.bidi },
    })
    const { page, complaints } = await at('/subjects', { people: { ...makePeopleWorld(now, false), subjects: [hostile] } })
    for (const path of ['/subjects', '/subjects/subject-0']) {
      await page.goto(new URL(path, page.url()).href)
      await page.locator('main .escape').first().waitFor()
      expect(await page.locator('main img, main script').count()).toBe(0)
      expect(await page.title()).not.toBe('owned')
      expect(await page.locator('body').innerText()).not.toContain('\u202e')
    }
    await page.getByRole('button', { name: 'Suspend…' }).click()
    await page.getByRole('dialog').waitFor()
    expect(await page.locator('body').innerText()).not.toContain('\u202e')
    expect(complaints).toEqual([])
  })
})

describe('a reset of many', () => {
  it('is counted first, asks for the number, and shows how far it is', async () => {
    const { plane, page, complaints } = await at('/subjects')
    await page.getByRole('button', { name: 'Reset passwords…' }).click()
    const sheet = page.getByRole('dialog')
    await sheet.getByLabel(/^Everybody/).check()
    await sheet.getByLabel('Reason').fill('sold on a forum')
    await sheet.getByLabel('Mails a minute').fill('600')
    await page.keyboard.press('Enter')
    await sheet.getByText(/10\s000 users get a new password to set; 48 sessions end at once/).waitFor()
    expect(sent(plane, /\/v1\/resets$/)).toEqual([
      { scope: { kind: 'all' }, reason: 'sold on a forum', mail: true, perMinute: 600, dryRun: true },
    ])
    const act = sheet.getByRole('button', { name: /^Reset 10/ })
    expect(await act.isDisabled()).toBe(true)
    await sheet.getByLabel(/^Type/).fill('reset 1000')
    await page.keyboard.press('Enter')
    expect(sent(plane, /\/v1\/resets$/)).toHaveLength(1)
    await sheet.getByLabel(/^Type/).fill('reset 10000')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/subjects\/resets$/)
    expect(sent(plane, /\/v1\/resets$/).at(-1)).toEqual({ scope: { kind: 'all' }, reason: 'sold on a forum', mail: true, perMinute: 600 })
    const campaign = page.getByRole('listitem').filter({ hasText: 'sold on a forum' })
    await campaign.getByText('0 of 10').waitFor()
    // it is looked at again and again while it runs
    plane.world.people.resets = plane.world.people.resets.map((known) => Object.assign(structuredClone(known), { done: 2_500 }))
    await campaign.getByText(/2\s500 of 10\s000 users/).waitFor()
    await campaign.getByText('25 %').waitFor()
    expect(complaints).toEqual([])
  }, 90_000)

  it('reaches those who were selected with the keyboard, and nobody else', async () => {
    const { plane, page } = await at('/subjects')
    await rows(page).first().waitFor()
    await page.keyboard.type('jxjjx')
    await page.getByText('2 users selected').waitFor()
    await page.getByRole('button', { name: 'Reset their passwords…' }).click()
    const sheet = page.getByRole('dialog')
    await sheet.getByLabel(/^The 2 users/).waitFor()
    await sheet.getByLabel('Reason').fill('phished')
    await sheet.getByLabel(/^Tell them by mail/).uncheck()
    await page.keyboard.press('Enter')
    await sheet.getByText('Nobody is told by mail').waitFor()
    await sheet.getByRole('button', { name: 'Back' }).click()
    expect(await sheet.getByLabel('Reason').inputValue()).toBe('phished')
    await sheet.getByRole('button', { name: 'See what it would do' }).click()
    await sheet.getByRole('button', { name: 'Reset 2 users' }).click()
    await page.waitForURL(/resets$/)
    expect(sent(plane, /\/v1\/resets$/).at(-1)).toEqual({
      scope: { kind: 'users', ids: ['subject-0', 'subject-10'] },
      reason: 'phished',
      mail: false,
    })
  })

  it('of a role that nobody has is not begun', async () => {
    const { plane, page } = await at('/subjects')
    await page.getByRole('button', { name: 'Reset passwords…' }).click()
    const sheet = page.getByRole('dialog')
    await sheet.getByLabel('Role', { exact: true }).fill('nobody-has-it')
    await sheet.getByLabel('Reason').fill('x')
    await page.keyboard.press('Enter')
    await sheet.getByText('Nobody matches').waitFor()
    expect(await sheet.getByRole('button', { name: 'Reset 0 users' }).isDisabled()).toBe(true)
    expect(sent(plane, /\/v1\/resets$/)).toHaveLength(1)
  })

  it('is stopped only after it has said what stays', async () => {
    const { plane, page } = await at('/subjects/resets')
    await page.getByText('12 mails failed').waitFor()
    await page.getByText('78 users without a mail address').waitFor()
    expect(await page.getByRole('button', { name: 'Stop it…' }).count()).toBe(1)
    await page.getByRole('button', { name: 'Stop it…' }).click()
    const dialog = page.getByRole('dialog', { name: 'Stop this reset?' })
    await dialog.getByText('Sessions that have ended stay ended').waitFor()
    await dialog.getByRole('button', { name: 'Stop it' }).click()
    await dialog.waitFor({ state: 'detached' })
    await eventually(() => page.getByRole('button', { name: 'Stop it…' }).count()).toBe(0)
    expect(plane.world.people.resets[0]?.state).toBe('cancelled')
  })
})
