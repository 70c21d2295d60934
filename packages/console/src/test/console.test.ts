import { describe, expect, it } from 'vitest'
import { enter, signIn } from './browser.js'
import { consoleSuite, makeDay } from './console-suite.js'
import { HOSTILE, makeAlert, makeDecision } from './fixtures.js'

const { world, page } = consoleSuite()

describe('signing in', () => {
  it('goes to the sign-in page and back to where it was, filters and all', async () => {
    const plane = await world()
    const { page: tab, complaints } = await page()
    await tab.goto(`${plane.url}/alerts?level=high`)
    await tab.waitForURL(/\/sign-in\?next=%2Falerts%3Flevel%3Dhigh/)
    await signIn(tab, plane.url, '/alerts?level=high')
    await tab.getByRole('table', { name: 'Alerts' }).waitFor()
    expect(new URL(tab.url()).pathname + new URL(tab.url()).search).toBe('/alerts?level=high')
    expect(complaints).toEqual([])
  })

  it('never sends the operator to another site', async () => {
    const plane = await world()
    const { page: tab } = await page()
    await signIn(tab, plane.url, '/sign-in?next=//evil.example/x')
    expect(new URL(tab.url()).origin).toBe(plane.url)
  })

  it('says that name or password are wrong, with the code, and empties the password', async () => {
    const plane = await world()
    const { page: tab } = await page()
    await tab.goto(`${plane.url}/sign-in`)
    await tab.getByLabel('Name').fill('ada')
    await tab.getByLabel('Password', { exact: true }).fill('wrong')
    await tab.getByRole('button', { name: 'Sign in' }).click()
    const alert = tab.getByRole('alert')
    await alert.waitFor()
    expect(await alert.innerText()).toContain('PPT_SIGN_IN_FAILED')
    expect(await tab.getByLabel('Password', { exact: true }).inputValue()).toBe('')
  })

  it('asks again when the session ends in the middle of work', async () => {
    const plane = await world()
    const { page: tab } = await page()
    await signIn(tab, plane.url, '/alerts')
    await tab.locator('tbody [data-row]').first().waitFor()
    await tab.locator('[data-live=live]').waitFor()
    plane.world.signedIn.clear()
    await tab.getByRole('link', { name: 'Decisions', exact: true }).click()
    await tab.waitForURL(/\/sign-in\?next=%2Fdecisions/)
  })

  it('signs out and shows nothing of before to the next person', async () => {
    const plane = await world()
    const { page: tab } = await page()
    await signIn(tab, plane.url)
    await tab.getByRole('link', { name: 'Triage', exact: true }).click()
    await tab.locator('tbody [data-row]').first().waitFor()
    await tab.getByRole('button', { name: 'Sign out' }).click()
    await tab.waitForURL(/\/sign-in$/)
    expect(plane.world.signedIn.size).toBe(0)
    await tab.goBack()
    await tab.getByLabel('Password', { exact: true }).waitFor()
    expect(await tab.locator('body').innerText()).not.toContain('m.okafor')
  })
})

describe('setting up', () => {
  it('makes the first operator and takes the secret out of the address at once', async () => {
    const plane = await world({ setupLink: 'one-time-secret', empty: true })
    const { page: tab, complaints } = await page()
    await tab.goto(`${plane.url}/setup#one-time-secret`)
    await tab.getByLabel('Name').fill('grace')
    expect(tab.url()).toBe(`${plane.url}/setup`)
    await tab.getByLabel('Password', { exact: true }).fill('short')
    await tab.getByText('3 more to go.').waitFor()
    await tab.getByRole('button', { name: 'Show password' }).click()
    expect(await tab.getByLabel('Password', { exact: true }).getAttribute('type')).toBe('text')
    await tab.getByLabel('Password', { exact: true }).fill('a long phrase of hers')
    await tab.getByRole('button', { name: 'Create the operator' }).click()
    await tab.getByRole('heading', { name: 'Quiet. Nothing has come in yet.' }).waitFor()
    expect(plane.world.requests.find((request) => request.method === 'POST')?.body).toEqual({
      link: 'one-time-secret',
      name: 'grace',
      password: 'a long phrase of hers',
    })
    expect(complaints).toEqual([])
  })

  it('says what to do with a link that was used', async () => {
    const plane = await world()
    const { page: tab } = await page()
    await tab.goto(`${plane.url}/setup#old`)
    await tab.getByLabel('Name').fill('grace')
    await tab.getByLabel('Password', { exact: true }).fill('a long phrase of hers')
    await tab.getByRole('button', { name: 'Create the operator' }).click()
    await tab.getByText('PPT_SETUP_LINK').waitFor()
    await tab.getByText('Run parapet init on the machine of the control plane for a new one.').waitFor()
  })

  it('points to the link from the sign-in page while nobody can sign in', async () => {
    const plane = await world({ setupLink: 'x' })
    const { page: tab } = await page()
    await tab.goto(`${plane.url}/sign-in`)
    await tab.getByText('There is no operator yet.').waitFor()
  })
})

describe('Now', () => {
  it('shows the state, what needs a person and the sources', async () => {
    const plane = await world()
    const { page: tab } = await page()
    await enter(tab, plane.url)
    await tab.getByRole('heading', { level: 1, name: /^Under attack/ }).waitFor()
    await tab.getByText('mail has been silent for 3 hours').waitFor()
    const chart = tab.getByRole('img', { name: /events and \d+ alerts in 24 hours/ })
    await chart.waitFor()
    await tab.getByText('The same as a table').click()
    expect(await tab.locator('details tbody tr').count()).toBe(24)
    expect(await tab.getByText('Silent', { exact: true }).isVisible()).toBe(true)
  })

  it('does not follow a link of the server to another site', async () => {
    const plane = await world()
    const { page: tab } = await page()
    await enter(tab, plane.url)
    expect(await tab.getByRole('link', { name: /Half of the ban budget/ }).getAttribute('href')).toBe('/')
  })

  it('shows an alert and its block as they happen, without a reload', async () => {
    const plane = await world()
    const { page: tab, complaints } = await page()
    await enter(tab, plane.url)
    await tab.locator('[data-live=live]').waitFor()
    const now = Date.now()
    plane.emitAlert(makeAlert(301, now, { id: 'fresh-1', rule: { ...makeAlert(1, now).rule, title: 'Something new' }, decisionIds: [] }))
    await tab.locator('[data-row=fresh-1].fresh').waitFor({ timeout: 3_000 })
    expect(await tab.locator('ol [data-row]').first().innerText()).toContain('Something new')
    plane.emitDecision(makeDecision(301, now, { id: 'made-for-it', alertId: 'fresh-1', scope: 'login' }))
    await tab.locator('[data-row=fresh-1]', { hasText: 'Blocked at sign-in' }).waitFor({ timeout: 3_000 })
    expect(complaints).toEqual([])
  })

  it('says when the line is down, and asks for what was missed when it is back', async () => {
    const plane = await world()
    const { page: tab } = await page()
    await enter(tab, plane.url)
    await tab.locator('[data-live=live]').waitFor()
    plane.world.streamsDown = true
    plane.dropStreams()
    await tab.getByText('Reconnecting').waitFor()
    plane.world.alerts = [
      makeAlert(9, Date.now(), { id: 'missed', rule: { ...makeAlert(9, 0).rule, title: 'Missed meanwhile' } }),
      ...plane.world.alerts,
    ]
    plane.world.streamsDown = false
    await tab.getByText('Missed meanwhile').waitFor()
    await tab.locator('[data-live=live]').waitFor()
  })

  it('says that the machine is offline and keeps what it shows', async () => {
    const plane = await world()
    const { page: tab, context } = await page()
    await enter(tab, plane.url)
    await tab.locator('[data-live=live]').waitFor()
    await context.setOffline(true)
    await tab.getByText('This machine is offline.').waitFor()
    expect(plane.streams()).toBe(0)
    expect(await tab.getByRole('heading', { level: 1 }).innerText()).toContain('Under attack')
    await context.setOffline(false)
    await tab.locator('[data-live=live]').waitFor()
  })

  it('does not move for those who ask for less motion', async () => {
    const plane = await world()
    const { page: tab } = await page({ reducedMotion: 'reduce' })
    await enter(tab, plane.url)
    await tab.locator('[data-live=live]').waitFor()
    plane.emitAlert(makeAlert(1, Date.now(), { id: 'calm' }))
    const row = tab.locator('[data-row=calm].fresh')
    await row.waitFor()
    expect(
      await row.evaluate((element) => [getComputedStyle(element).animationName, getComputedStyle(element).boxShadow !== 'none']),
    ).toEqual(['none', true])
  })
})

describe('Alerts', () => {
  it('narrows by level, time and words in the URL, and reads on by cursor', async () => {
    const plane = await world()
    const { page: tab } = await page()
    await enter(tab, plane.url, '/alerts')
    const rows = tab.locator('tbody [data-row]')
    await rows.first().waitFor()
    expect(await rows.count()).toBe(50)
    await tab.getByRole('button', { name: 'Older alerts' }).click()
    await expect.poll(() => rows.count()).toBe(100)
    await tab.getByLabel('Level at least').selectOption('critical')
    await tab.waitForURL(/level=critical/)
    await expect.poll(() => rows.count()).toBe(40)
    await tab.getByLabel('Time').selectOption('1h')
    await tab.waitForURL(/level=critical&range=1h/)
    await expect.poll(() => rows.count()).toBeLessThan(5)
    await tab.getByLabel('Search alerts').fill('m.okafor')
    await tab.waitForURL(/q=m.okafor/)
    await expect.poll(async () => (await rows.allInnerTexts()).every((text) => text.includes('m.okafor'))).toBe(true)
    await tab.reload()
    expect(await tab.getByLabel('Search alerts').inputValue()).toBe('m.okafor')
  })

  it('takes in live only what matches the filters', async () => {
    const plane = await world()
    const { page: tab } = await page()
    await enter(tab, plane.url, '/alerts?level=high')
    await tab.locator('[data-live=live]').waitFor()
    await tab.locator('tbody [data-row]').first().waitFor()
    plane.emitAlert(makeAlert(3, Date.now(), { id: 'too-low' }))
    plane.emitAlert(makeAlert(1, Date.now(), { id: 'bad-enough' }))
    await tab.locator('[data-row=bad-enough]').waitFor()
    expect(await tab.locator('[data-row=too-low]').count()).toBe(0)
  })

  it('shows why, the rule in words, the events, and copies one as JSON', async () => {
    const plane = await world()
    const { page: tab, context, complaints } = await page()
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await enter(tab, plane.url, '/alerts/alert-0000')
    await tab.getByRole('heading', { level: 1, name: /failed \d+ SSH sign-ins/ }).waitFor()
    await tab.getByText('Fires when one address network').waitFor()
    await tab.getByText('A monitoring probe still uses an old password.').waitFor()
    expect(await tab.getByRole('link', { name: /javascript/ }).count()).toBe(0)
    await tab.getByRole('button', { name: 'Raw' }).first().click()
    await tab.getByRole('button', { name: 'Copy JSON' }).click()
    await tab.getByText('Copied').waitFor()
    const copied: unknown = JSON.parse(await tab.evaluate(() => navigator.clipboard.readText()))
    expect(copied).toMatchObject({ 'user.name': HOSTILE.bidi, 'source.ip': '203.0.113.7' })
    expect(complaints).toEqual([])
  })

  it('runs nothing of what attackers wrote, and shows it as it is', async () => {
    const now = Date.now()
    const hostile = makeAlert(0, now, {
      id: 'h',
      why: HOSTILE.markup + HOSTILE.bidi,
      scope: { kind: 'user', value: HOSTILE.ansi },
      targets: [HOSTILE.markup],
    })
    const plane = await world({
      alerts: [hostile],
      decisions: [makeDecision(1, now, { alertId: 'h', reason: HOSTILE.markup, target: { kind: 'user', value: HOSTILE.bidi } })],
    })
    const { page: tab, complaints } = await page()
    await enter(tab, plane.url)
    for (const path of ['/', '/alerts', '/alerts/h', '/decisions']) {
      await tab.goto(plane.url + path)
      await tab.locator('.escape').first().waitFor()
      expect(await tab.locator('main img, main script').count()).toBe(0)
      expect(await tab.title()).not.toBe('owned')
      expect(await tab.locator('body').innerText()).not.toContain('\u202e')
    }
    expect(complaints).toEqual([])
  })

  it('says that there is no such alert, with the code', async () => {
    const plane = await world()
    const { page: tab } = await page()
    await enter(tab, plane.url, '/alerts/none')
    await tab.getByText('PPT_NOT_FOUND').waitFor()
  })
})

describe('Decisions', () => {
  it('takes one back with one click, and puts it back with another', async () => {
    const plane = await world()
    const { page: tab } = await page()
    await enter(tab, plane.url, '/decisions')
    const row = tab.locator('[data-row=decision-0]')
    await row.getByRole('button', { name: /^Undo/ }).click()
    await row.waitFor({ state: 'detached' })
    expect(plane.world.requests.at(-1) ?? plane.world.requests.find((request) => request.path.endsWith('/lift'))).toBeDefined()
    expect(plane.world.requests.find((request) => request.path === '/v1/decisions/decision-0/lift')?.body).toEqual({
      reason: 'undone in the console',
    })
    await tab.getByRole('button', { name: 'Put back' }).click()
    await tab.getByText('In force again').waitFor()
    const again = plane.world.requests.find((request) => request.method === 'POST' && request.path === '/v1/decisions')?.body
    expect(again).toMatchObject({ target: { kind: 'ip', value: '203.0.113.0' }, action: 'deny', scope: 'login', duration: '42m' })
  })

  it('shows each kind under its tab', async () => {
    const plane = await world()
    const { page: tab } = await page()
    await enter(tab, plane.url, '/decisions')
    const rows = tab.locator('tbody [data-row]')
    await expect.poll(() => rows.count()).toBe(9)
    await tab.getByRole('link', { name: 'Observe' }).click()
    await tab.getByText('Would be blocked at sign-in').waitFor()
    await tab.getByRole('link', { name: 'Expired' }).click()
    await expect.poll(() => rows.count()).toBe(1)
    await tab.getByRole('link', { name: 'Lifted' }).click()
    await tab.getByText('our own monitoring').waitFor()
    await tab.getByText('grace').waitFor()
  })

  it('shows a block of somebody else and its end as they happen', async () => {
    const plane = await world()
    const { page: tab } = await page()
    await enter(tab, plane.url, '/decisions')
    await tab.locator('[data-live=live]').waitFor()
    plane.emitDecision(makeDecision(77, Date.now(), { expiresAt: Date.now() + 2_500 }))
    const row = tab.locator('[data-row=decision-77]')
    await row.waitFor()
    await row.waitFor({ state: 'detached' })
  })

  it('blocks an address, and says beside the field what the server refuses', async () => {
    const plane = await world()
    const { page: tab, complaints } = await page()
    await enter(tab, plane.url, '/decisions')
    await tab.getByRole('button', { name: 'Block an address' }).click()
    const dialog = tab.getByRole('dialog', { name: 'Block an address' })
    const target = dialog.getByLabel('Address or range')
    await target.fill('127.0.0.1')
    await dialog.getByLabel('Reason').fill('scans for backups')
    await dialog.getByRole('button', { name: 'Block', exact: true }).click()
    await dialog.getByText('PPT_PROTECTED_TARGET').waitFor()
    expect(await target.getAttribute('aria-invalid')).toBe('true')
    await target.fill('999.1.1.1')
    // nothing is promised about what is no address
    expect(await dialog.getByText('cannot sign in').count()).toBe(0)
    await dialog.getByRole('button', { name: 'Block', exact: true }).click()
    await dialog.getByText('Write 203.0.113.7, 2001:db8::1 or a range such as 203.0.113.0/24.').waitFor()
    await target.fill('198.51.100.0/24')
    await dialog.getByLabel('For how long').fill('400d')
    await dialog.getByRole('button', { name: 'Block', exact: true }).click()
    await dialog.getByText('A value is not allowed: takes 1m to 30d.').waitFor()
    await dialog.getByRole('button', { name: '4h', exact: true }).click()
    await dialog.getByText('cannot sign in for 4 hours').waitFor()
    await dialog.getByRole('button', { name: 'Block', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
    await tab.locator('tbody [data-row]', { hasText: '198.51.100.0/24' }).waitFor()
    expect(plane.world.requests.findLast((request) => request.method === 'POST')?.body).toMatchObject({
      target: { kind: 'cidr', value: '198.51.100.0/24' },
      duration: '4h',
    })
    expect(complaints).toEqual([])
  })

  it('lets viewers read and tells them why they cannot act', async () => {
    const plane = await world({ ...makeDay(), operator: { id: 'v', name: 'vera', role: 'viewer' } })
    const { page: tab } = await page()
    await enter(tab, plane.url, '/decisions', 'vera')
    const undo = tab.getByRole('button', { name: /^Undo/ }).first()
    await undo.waitFor()
    expect(await undo.isDisabled()).toBe(true)
    expect(await undo.getAttribute('title')).toContain('Viewers read')
    expect(await tab.getByRole('button', { name: 'Block an address' }).count()).toBe(0)
  })
})
