import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { enter, openPage, startBrowser } from './browser.js'
import { builtSite } from './built-site.js'
import { makeActivity, makeRule } from './detect-fixtures.js'
import type { FakeControlPlane } from './fake-control-plane.js'
import { startFakeControlPlane } from './fake-control-plane.js'
import { makeDetectWorld } from './fake-detect.js'
import { makePeopleWorld } from './fake-people.js'
import { HOSTILE, makeAlert, makeDecision } from './fixtures.js'
import { clipped, faults, FINE, lookAt, NARROW, overflow, settled, WIDE } from './look.js'
import { makeSubject } from './people-fixtures.js'
import { makeLockdown } from './respond-fixtures.js'

let browser: Browser
let full: FakeControlPlane
let empty: FakeControlPlane

beforeAll(async () => {
  const site = await builtSite()
  browser = await startBrowser()
  const now = Date.now()
  const long = { kind: 'user', value: `${'x'.repeat(300)}@example.com` } as const
  full = await startFakeControlPlane(site, {
    setupLink: 'link',
    // every kind of row is in it; hundreds of the same cost minutes and show nothing more
    detect: {
      ...makeDetectWorld(now, false),
      events: makeActivity(now, 12),
      rules: Array.from({ length: 8 }, (_, index) => makeRule(index, now)),
    },
    people: {
      ...makePeopleWorld(now, false),
      subjects: [
        ...Array.from({ length: 6 }, (_, index) => makeSubject(index, now)),
        makeSubject(6, now, { name: long.value, email: long.value, roles: ['r'.repeat(200)], riskWhy: [HOSTILE.long], risk: 70 }),
      ],
    },
    alerts: [
      makeAlert(0, now, { targets: ['2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'], why: HOSTILE.long }),
      makeAlert(1, now, { scope: long }),
      ...Array.from({ length: 6 }, (_, index) => makeAlert(index + 2, now)),
    ],
    decisions: [
      ...Array.from({ length: 5 }, (_, index) => makeDecision(index, now)),
      makeDecision(8, now, {
        alertId: 'alert-0000',
        batch: 'batch-0',
        target: { kind: 'user', value: long.value },
        reason: 'w'.repeat(400),
      }),
      makeDecision(20, now, { mode: 'observe' }),
      makeDecision(40, now, { lifted: { at: now, by: { kind: 'operator', id: 'o', name: 'grace' }, reason: 'our own monitoring' } }),
    ],
  })
  empty = await startFakeControlPlane(site, { empty: true })
}, 120_000)
afterAll(async () => {
  await browser.close()
  await full.close()
  await empty.close()
})

const BEFORE_SIGN_IN = ['/sign-in', '/setup#link', '/setup', '/reset#link', '/reset'] as const
const PAGES = [
  '/',
  '/triage',
  '/triage?status=closed',
  '/activity',
  '/rules',
  '/sources',
  '/alerts',
  '/decisions',
  '/decisions?tab=lifted',
  '/policies',
  '/enforcers',
  '/subjects',
  '/subjects/resets',
  '/incidents',
  '/notifications',
  '/notifications?tab=routes',
  '/notifications?tab=channels',
  '/account',
  '/operators',
  '/nowhere',
] as const
const DETAILS = [
  '/alerts/alert-0000',
  '/triage/GROUP',
  '/rules/ssh-brute-force-address',
  '/rules/rule-004',
  '/subjects/subject-0',
  '/subjects/subject-6',
  '/incidents/incident-0',
  '/decisions/decision-0',
  '/decisions/decision-8',
  '/policies/brute-force',
  '/policies/night',
] as const

describe('no page has a serious fault, in light, in dark, at 1280 and at 320 px', () => {
  let page: Page
  let context: BrowserContext
  let complaints: string[]
  beforeAll(async () => {
    ;({ page, context, complaints } = await openPage(browser, { viewport: WIDE, reducedMotion: 'reduce' }))
  }, 60_000)
  afterAll(() => context.close())

  it.each(BEFORE_SIGN_IN)(
    'before the sign-in: %s',
    async (path) => {
      await page.goto('about:blank')
      await page.goto(full.url + path)
      await settled(page)
      expect(await lookAt(page)).toEqual(FINE)
    },
    120_000,
  )

  it.each([...PAGES, ...DETAILS])(
    'with data: %s',
    async (path) => {
      await enter(page, full.url, path === '/triage/GROUP' ? '/triage' : path)
      if (path === '/triage/GROUP') await page.locator('[data-open]').first().click()
      await settled(page)
      expect(await lookAt(page)).toEqual(FINE)
    },
    120_000,
  )

  it('without any', async () => {
    await enter(page, empty.url)
    for (const path of PAGES) {
      await page.goto(empty.url + path)
      await settled(page)
      expect({ path, found: await faults(page), out: await overflow(page) }).toEqual({ path, found: [], out: [] })
    }
  }, 300_000)

  it('in trouble', async () => {
    await enter(page, full.url)
    full.world.failing = 'PPT_INTERNAL'
    try {
      for (const path of ['/triage', '/activity', '/rules', '/sources', '/subjects', '/incidents', '/notifications']) {
        await page.goto(full.url + path)
        await page.getByText('PPT_INTERNAL').first().waitFor()
        await page.setViewportSize(NARROW)
        expect({ path, found: await faults(page), out: await overflow(page) }).toEqual({ path, found: [], out: [] })
        await page.setViewportSize(WIDE)
      }
    } finally {
      full.world.failing = undefined
    }
  }, 240_000)

  it('and none breaks the policy or complains', () => {
    expect(complaints).toEqual([])
  })
})

describe('no dialog, menu or message has one either', () => {
  /** How each is opened; the first element of a dialog has the focus by then. */
  const OPEN: Readonly<Record<string, readonly [path: string, open: (page: Page) => Promise<unknown>]>> = {
    'a refused block': [
      '/decisions',
      async (page) => {
        await page.getByRole('button', { name: 'Block an address' }).click()
        await page.getByLabel('Address or range').fill('127.0.0.1')
        await page.getByLabel('Reason').fill('x')
        await page.getByRole('button', { name: 'Block', exact: true }).click()
        await page.getByText('PPT_PROTECTED_TARGET').waitFor()
      },
    ],
    'an undo of a batch': [
      '/decisions/decision-0',
      async (page) => {
        await page.getByRole('button', { name: 'Undo all 2…' }).click()
        await page.getByRole('list', { name: 'What it frees' }).waitFor()
      },
    ],
    'a promotion': [
      '/policies/brute-force',
      async (page) => {
        await page.getByRole('button', { name: 'Enforce: One password tried on many accounts' }).click()
        await page.getByLabel('Enforce it all the same').waitFor()
      },
    ],
    'a lockdown': [
      '/enforcers',
      async (page) => {
        await page.keyboard.press('L')
        await page.getByText('Who gets in all the same').waitFor()
      },
    ],
    'the list of keys': ['/decisions', (page) => page.keyboard.press('?')],
    'a false positive': [
      '/triage',
      async (page) => {
        await page.keyboard.type('jf')
        await page.getByText('Would have silenced 12 of 40 alerts in 7 days.').waitFor()
      },
    ],
    'a snooze': ['/triage', (page) => page.keyboard.type('js')],
    'a close': ['/triage', (page) => page.keyboard.type('jc')],
    'the views': ['/activity', (page) => page.getByRole('button', { name: 'Views' }).click()],
    'the columns': ['/activity', (page) => page.getByRole('button', { name: 'Columns' }).click()],
    'a switch of a rule': ['/rules/ssh-brute-force-address', (page) => page.getByRole('button', { name: 'Switch off…' }).click()],
    'a suspension': ['/subjects/subject-0', (page) => page.getByRole('button', { name: 'Suspend…' }).click()],
    'a reset that was counted': [
      '/subjects',
      async (page) => {
        await page.getByRole('button', { name: 'Reset passwords…' }).click()
        await page.getByLabel(/^Everybody/).check()
        await page.getByLabel('Reason').fill('x')
        await page.keyboard.press('Enter')
        await page.getByLabel(/^Type/).waitFor()
      },
    ],
    'an incident to open': ['/incidents', (page) => page.getByRole('button', { name: 'Open an incident' }).click()],
    'a status of an incident': ['/incidents/incident-0', (page) => page.getByRole('button', { name: 'Status…' }).click()],
    'a channel': ['/notifications?tab=channels', (page) => page.getByRole('button', { name: 'Change: #incidents' }).click()],
    'a route': [
      '/notifications?tab=routes',
      async (page) => {
        await page.getByRole('button', { name: 'Change: The team, by day' }).click()
        await page.getByRole('button', { name: 'Tell somebody else…' }).click()
      },
    ],
    'an enrolment': [
      '/sources',
      async (page) => {
        await page.getByRole('button', { name: 'Enrol an agent' }).click()
        await page.getByLabel('Name of the host').fill('web-2')
        await page.keyboard.press('Enter')
        await page.getByRole('button', { name: 'Copy the command' }).waitFor()
      },
    ],
  }
  let page: Page
  let context: BrowserContext
  let complaints: string[]
  beforeAll(async () => {
    ;({ page, context, complaints } = await openPage(browser, { viewport: WIDE, reducedMotion: 'reduce' }))
    await enter(page, full.url)
  }, 60_000)
  afterAll(() => context.close())

  it.each(Object.entries(OPEN))(
    '%s',
    async (_, [path, open]) => {
      await page.goto(full.url + path)
      await settled(page)
      if (path === '/triage') await page.locator('tbody [data-row]').first().waitFor()
      await open(page)
      await page.getByRole('dialog').waitFor()
      expect(await lookAt(page, '.dialog')).toEqual(FINE)
      await page.setViewportSize(NARROW)
      const box = await page.getByRole('dialog').boundingBox()
      expect(box?.x).toBeGreaterThanOrEqual(0)
      expect((box?.x ?? 0) + (box?.width ?? 999)).toBeLessThanOrEqual(320)
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      await page.setViewportSize(WIDE)
    },
    120_000,
  )

  it('the menu of a value, and a message with its undo', async () => {
    await page.goto(`${full.url}/activity`)
    await page.locator('td .cell').first().click()
    await page.getByRole('menu').waitFor()
    expect(await lookAt(page, '.menu')).toEqual(FINE)
    // what is behind it is hidden, and none of it can be stepped on
    expect(await faults(page, ['aria-hidden-focus'])).toEqual([])
    await page.keyboard.press('Escape')
    await page.goto(`${full.url}/decisions`)
    await page.getByRole('button', { name: /^Undo/ }).first().click()
    await page
      .getByText(/^Undone/)
      .first()
      .waitFor()
    expect(await faults(page)).toEqual([])
  }, 120_000)

  it('and none breaks the policy or complains', () => {
    expect(complaints).toEqual([])
  })
})

describe('while a lockdown is on', () => {
  it.each([0, 1])(
    'no page has one, confirmed %i times',
    async (confirmations) => {
      const { page, context, complaints } = await openPage(browser, { viewport: WIDE, reducedMotion: 'reduce' })
      try {
        full.world.respond.lockdown = makeLockdown(Date.now(), { confirmations, endsAt: Date.now() + 900_000, reason: HOSTILE.long })
        await enter(page, full.url, '/enforcers')
        await page.getByRole('region', { name: 'Lockdown' }).waitFor()
        await settled(page)
        expect(await lookAt(page)).toEqual(FINE)
        expect(complaints).toEqual([])
      } finally {
        full.world.respond.lockdown = null
        await context.close()
      }
    },
    120_000,
  )
})

describe('320 px wide', () => {
  let page: Page
  let context: BrowserContext
  beforeAll(async () => {
    ;({ page, context } = await openPage(browser, { viewport: NARROW }))
    await enter(page, full.url)
  }, 60_000)
  afterAll(() => context.close())

  it('an opened event does not stick out, with the longest names that attackers send', async () => {
    await page.goto(`${full.url}/alerts/alert-0000`)
    await page.getByRole('button', { name: 'Raw' }).nth(2).click()
    await page.getByRole('button', { name: 'Copy JSON' }).waitFor()
    expect(await overflow(page)).toEqual([])
    await page.goto(`${full.url}/activity`)
    await page
      .getByRole('button', { name: /^All fields/ })
      .nth(2)
      .click()
    await page.getByRole('button', { name: 'Copy JSON' }).waitFor()
    expect({ out: await overflow(page), cut: await clipped(page) }).toEqual({ out: [], cut: [] })
  }, 120_000)

  it('rows are stacked and are still a table for a screen reader', async () => {
    for (const [path, name, columns] of [
      ['/alerts', 'Alerts', 7],
      ['/triage', 'Groups of alerts', 7],
      ['/rules', 'Rules', 7],
    ] as const) {
      await page.goto(full.url + path)
      const table = page.getByRole('table', { name })
      await table.waitFor()
      expect(await table.getByRole('columnheader').count()).toBe(columns)
      expect(await table.getByRole('row').nth(1).getByRole('cell').count()).toBe(columns)
    }
  }, 120_000)
})
