import type { NotificationRoute } from '@parapet/core'
import { CHANNEL_KINDS } from '@parapet/core'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { CHANNELS } from '../lib/channels.js'
import { eventually } from './browser.js'
import { consoleSuite } from './console-suite.js'
import type { FakeControlPlane } from './fake-control-plane.js'
import { makePeopleWorld } from './fake-people.js'

const { at } = consoleSuite()
const last = (plane: FakeControlPlane, method: string, path: string): unknown =>
  plane.world.requests.findLast((request) => request.method === method && request.path === path)?.body
const list = (page: Page) => page.getByRole('list', { name: 'Notifications, newest first' })

describe('what was told', () => {
  it('shows to whom, whether it arrived and why not, who has seen it and what was escalated', async () => {
    const { page, complaints } = await at('/notifications')
    const first = page.locator('[data-row=n-0]')
    for (const text of ['Critical', 'Escalated 1 time', 'On call', '2 tries', '404 no_service: the webhook was removed in Slack.'])
      await first.getByText(text).waitFor()
    await page.locator('[data-row=n-1]').getByText('12 like it in one').waitFor()
    await page
      .locator('[data-row=n-1]')
      .getByText(/Seen by grace/)
      .waitFor()
    await page.locator('[data-row=n-2]').getByText('Held by quiet hours').waitFor()
    await page.locator('[data-row=n-3]').getByText('Told nobody').waitFor()
    expect(complaints).toEqual([])
  })

  it('leads to what it is about, and never to another site', async () => {
    const { page } = await at('/notifications')
    await list(page).waitFor()
    expect(await page.locator('[data-row=n-0] a').getAttribute('href')).toBe('/incidents/incident-0')
    expect(await page.locator('[data-row=n-2] a').count()).toBe(0)
  })

  it('is acknowledged by button and by key, and says who did', async () => {
    const { plane, page } = await at('/notifications')
    await page
      .locator('[data-row=n-0]')
      .getByRole('button', { name: /^Acknowledge/ })
      .click()
    await page
      .locator('[data-row=n-0]')
      .getByText(/Seen by ada/)
      .waitFor()
    await page.getByText(/^Acknowledged, nobody else is woken/).waitFor()
    await page.locator('[data-row=n-2]').focus()
    await page.keyboard.press('a')
    await page
      .locator('[data-row=n-2]')
      .getByText(/Seen by ada/)
      .waitFor()
    // what was acknowledged is not asked for again
    await page.locator('[data-row=n-1]').focus()
    await page.keyboard.press('a')
    expect(plane.world.requests.filter(({ path }) => path.endsWith('/acknowledge')).map(({ path }) => path)).toEqual([
      '/v1/notifications/n-0/acknowledge',
      '/v1/notifications/n-2/acknowledge',
    ])
  })

  it('narrows by state in the URL', async () => {
    const { page } = await at('/notifications')
    await page.getByLabel('State').selectOption('failed')
    await page.waitForURL(/state=failed/)
    await eventually(() => page.locator('[data-row]').count()).toBe(1)
    await page.getByLabel('State').selectOption('waiting')
    await page.getByText('None in this state').waitFor()
  })

  it('runs nothing of what attackers wrote', async () => {
    const { page, complaints } = await at('/notifications')
    await page.locator('[data-row=n-4] .escape').first().waitFor()
    expect(await page.locator('main img, main script').count()).toBe(0)
    expect(await page.title()).not.toBe('owned')
    expect(await page.locator('body').innerText()).not.toContain('\u202e')
    expect(complaints).toEqual([])
  })

  it('says over everything else that a critical one would reach nobody', async () => {
    const people = makePeopleWorld(Date.now(), false)
    people.channels = people.channels.map((channel) => ({ ...channel, enabled: false }))
    const { page } = await at('/notifications', { people })
    await page.getByText('Nothing critical would reach anybody').waitFor()
    await page.getByRole('link', { name: 'Look at the routes' }).click()
    await page.getByRole('list', { name: 'Routes, in order' }).waitFor()
  })
})

describe('the first channel', () => {
  it('is found from an empty page, tested at once, and led on to a route', async () => {
    const { plane, page, complaints } = await at('/notifications', { empty: true })
    await page.getByText('Nobody would be told of anything').waitFor()
    await page.getByRole('link', { name: 'Add the first channel' }).click()
    await page.getByRole('button', { name: 'Add the first channel' }).click()
    const dialog = page.getByRole('dialog', { name: 'Add a channel' })
    await dialog.getByLabel('Name').fill('On call')
    await dialog.getByRole('textbox', { name: 'To' }).fill('ada@example.com\ngrace@example.com')
    await dialog.getByRole('button', { name: 'Add it' }).click()
    await dialog.waitFor({ state: 'detached' })
    expect(last(plane, 'POST', '/v1/notifications/channels')).toEqual({
      kind: 'email',
      name: 'On call',
      enabled: true,
      settings: { to: ['ada@example.com', 'grace@example.com'] },
    })
    await page.getByRole('button', { name: 'Test: On call' }).click()
    await page.getByText('The test was taken').waitFor()
    await page.getByText('in 48 ms').waitFor()
    await page.getByText('no route uses it').waitFor()
    await page.getByRole('link', { name: 'Routes' }).click()
    await page.getByRole('button', { name: 'Make the first route' }).click()
    const route = page.getByRole('dialog', { name: 'A route' })
    await route.getByLabel('Name').fill('All that is bad')
    await route.getByText('Everything of level high or worse goes to On call; like ones within 5 minutes become one message.').waitFor()
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Save the routes' }).click()
    await page.getByText('Routes saved').waitFor()
    expect(plane.world.people.routes).toMatchObject([{ name: 'All that is bad', minLevel: 'high', channels: ['ch-1'] }])
    expect(complaints).toEqual([])
  }, 90_000)
})

describe('a channel', () => {
  it('asks of each kind only for what that kind needs', async () => {
    const { page } = await at('/notifications?tab=channels')
    await page.getByRole('button', { name: 'Add a channel' }).click()
    const dialog = page.getByRole('dialog')
    const asked = (): Promise<string[]> =>
      dialog
        .locator('label[for]')
        .evaluateAll((labels) => labels.map((label) => (label.textContent ?? '').replace('may stay empty', '').trim()))
    for (const kind of CHANNEL_KINDS) {
      await dialog.getByRole('radio', { name: new RegExp(`^${CHANNELS[kind].name}`) }).check()
      await eventually(asked).toEqual(['Name', ...CHANNELS[kind].fields.map(({ label }) => label)])
    }
  }, 90_000)

  it('never shows a secret, and keeps it until somebody types another', async () => {
    const { plane, page } = await at('/notifications?tab=channels')
    await page.getByRole('button', { name: 'Change: #incidents' }).click()
    const dialog = page.getByRole('dialog', { name: 'Change the channel' })
    const url = dialog.getByLabel(/^Webhook URL/)
    expect(await url.inputValue()).toBe('')
    expect(await url.getAttribute('type')).toBe('password')
    await dialog.getByLabel('Name').fill('#security')
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'detached' })
    expect(last(plane, 'PUT', '/v1/notifications/channels/ch-slack')).toEqual({ name: '#security', enabled: true, settings: {} })
    await page.getByRole('button', { name: 'Change: #security' }).click()
    await url.fill('https://hooks.slack.com/services/T/B/new')
    await page.keyboard.press('Enter')
    await dialog.waitFor({ state: 'detached' })
    expect(last(plane, 'PUT', '/v1/notifications/channels/ch-slack')).toMatchObject({
      secrets: { url: 'https://hooks.slack.com/services/T/B/new' },
    })
  })

  it('of a webhook gets a secret that is made here, read once and not shown again', async () => {
    const { plane, page } = await at('/notifications?tab=channels')
    await page.getByRole('button', { name: 'Add a channel' }).click()
    const dialog = page.getByRole('dialog', { name: 'Add a channel' })
    await dialog.getByRole('radio', { name: /^Webhook/ }).check()
    await dialog.getByLabel('Name').fill('Tickets')
    await dialog.getByLabel('URL').fill('https://hooks.example.com/in')
    await dialog.getByRole('button', { name: 'Make one' }).click()
    const secret = dialog.getByLabel(/^Signing secret/)
    expect(await secret.getAttribute('type')).toBe('text')
    const value = await secret.inputValue()
    expect(value).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
    await dialog.getByRole('button', { name: 'Copy it for the receiver' }).waitFor()
    await dialog.getByRole('button', { name: 'Add it' }).click()
    await page.locator('.dialog').waitFor({ state: 'detached' })
    expect(last(plane, 'POST', '/v1/notifications/channels')).toMatchObject({ kind: 'webhook', secrets: { secret: value } })
    expect(await page.locator('main').innerText()).not.toContain(value)
    await page.getByRole('button', { name: 'Change: Tickets' }).click()
    expect(
      await page
        .locator('.dialog')
        .getByLabel(/^Signing secret/)
        .inputValue(),
    ).toBe('')
  })

  it('says in words and time why a test failed', async () => {
    const { plane, page } = await at('/notifications?tab=channels')
    plane.world.people.test = { ok: false, detail: '401 invalid_token: make a new access token and put it in.', ms: 1_240 }
    await page.getByRole('button', { name: 'Test: On call' }).click()
    const row = page.locator('[data-row=ch-ntfy]')
    await row.getByText('The test failed').waitFor()
    await row.getByText('401 invalid_token').first().waitFor()
    await row.getByText('in 1.2 s').waitFor()
    await row.getByText('Last one failed').waitFor()
  })

  it('asks for a proof where the control plane does, and says beside the form what is refused', async () => {
    const { plane, page } = await at('/notifications?tab=channels')
    plane.world.detect.stepUp = true
    await page.getByRole('button', { name: 'Add a channel' }).click()
    const dialog = page.getByRole('dialog', { name: 'Add a channel' })
    await dialog.getByLabel('Name').fill('taken')
    await dialog.getByRole('textbox', { name: 'To' }).fill('a@example.com')
    await dialog.getByRole('button', { name: 'Add it' }).click()
    const proof = page.getByRole('dialog', { name: 'Prove that it is you' })
    await proof.getByLabel('Password', { exact: true }).fill('correct horse battery staple')
    await page.keyboard.press('Enter')
    await dialog.getByText('another channel has this name').waitFor()
    expect(await dialog.getByLabel('Name').inputValue()).toBe('taken')
  })

  it('that routes use says so before it goes', async () => {
    const { plane, page } = await at('/notifications?tab=channels')
    await page.getByRole('button', { name: 'Remove: On call' }).click()
    const dialog = page.getByRole('dialog', { name: 'Remove this channel?' })
    await dialog.getByText('Used by Wake somebody').waitFor()
    await dialog.getByRole('button', { name: 'Remove', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    expect(plane.world.people.channels.some(({ id }) => id === 'ch-ntfy')).toBe(false)
  })
})

describe('routes', () => {
  it('are changed as a draft that says what it does, and saved as a whole', async () => {
    const { plane, page, complaints } = await at('/notifications?tab=routes')
    await page.getByRole('button', { name: 'Change: The team, by day' }).click()
    const dialog = page.getByRole('dialog', { name: 'A route' })
    await dialog.getByLabel('Level at least').selectOption('high')
    await dialog.getByRole('checkbox', { name: 'Breaches' }).check()
    await dialog.getByLabel('From').fill('23:30')
    await dialog.getByLabel('in the zone').fill('America/New_York')
    await dialog.getByRole('checkbox', { name: 'Sat' }).check()
    await dialog.getByRole('button', { name: 'Tell somebody else…' }).click()
    expect(await dialog.getByRole('button', { name: 'Apply' }).isDisabled()).toBe(true)
    await dialog.getByRole('group', { name: 'Step 1 tells' }).getByRole('checkbox', { name: 'On call' }).check()
    await dialog.getByText('From 23:30 to 07:00 (America/New_York, Monday to Saturday)').waitFor()
    await dialog.getByRole('button', { name: 'Apply' }).click()
    expect(last(plane, 'PUT', '/v1/notifications/routes')).toBeUndefined()
    await page.getByText('When nobody has acknowledged it after 15 minutes, On call is told too.').waitFor()
    await page.getByRole('button', { name: 'Move up: The team, by day' }).click()
    await page.getByRole('button', { name: 'Save the routes' }).click()
    await page.getByText('Routes saved').waitFor()
    const { items } = last(plane, 'PUT', '/v1/notifications/routes') as { items: NotificationRoute[] }
    expect(items.map(({ id }) => id)).toEqual(['r-day', 'r-night'])
    expect(items[0]).toMatchObject({
      minLevel: 'high',
      kinds: ['alert', 'user_flagged', 'source_silent', 'breach'],
      quiet: { from: 1_410, to: 420, zone: 'America/New_York', weekdays: [1, 2, 3, 4, 5, 6] },
      escalate: [{ afterMinutes: 15, channels: ['ch-ntfy'] }],
    })
    expect(complaints).toEqual([])
  }, 90_000)

  it('warn before they are saved that somebody who should be woken would sleep', async () => {
    const { plane, page } = await at('/notifications?tab=routes')
    await page.getByRole('button', { name: 'Remove: Wake somebody' }).click()
    await page
      .getByRole('alert')
      .getByText(/^Critical decisions, breaches, lockdowns.* would reach nobody/)
      .waitFor()
    await page.getByText('Somebody who should be woken would sleep').waitFor()
    await page.getByRole('button', { name: 'Discard' }).click()
    await eventually(() => page.getByRole('alert').count()).toBe(0)
    await page.getByRole('heading', { level: 2, name: 'Wake somebody' }).waitFor()
    expect(plane.world.people.routes).toHaveLength(2)
  })

  it('show a route that another hides', async () => {
    const people = makePeopleWorld(Date.now(), false)
    people.routes = people.routes.map((route) => ({ ...route, minLevel: 'low', kinds: [] }))
    const { page } = await at('/notifications?tab=routes', { people })
    await page.locator('[data-row=r-day]').getByText('Nothing ever comes here: route 1 takes all of it first.').waitFor()
  })

  it('are read by a viewer and changed by none', async () => {
    const { page } = await at('/notifications?tab=routes', { operator: { id: 'op-2', name: 'vera', role: 'viewer' } })
    await page.getByRole('heading', { level: 2, name: 'Wake somebody' }).waitFor()
    expect(await page.getByRole('main').getByRole('button').count()).toBe(0)
    await page.getByRole('link', { name: 'Channels' }).click()
    await page.getByText('#incidents').waitFor()
    expect(await page.getByRole('main').getByRole('button').count()).toBe(0)
    await page.getByRole('link', { name: 'What was told' }).click()
    await list(page).waitFor()
    expect(await page.getByRole('button', { name: /^Acknowledge/ }).count()).toBe(0)
  })
})
