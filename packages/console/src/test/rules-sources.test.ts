import { describe, expect, it } from 'vitest'
import { eventually } from './browser.js'
import { consoleSuite, rows } from './console-suite.js'
import { makeRule } from './detect-fixtures.js'

const { at } = consoleSuite()

describe('the rules', () => {
  it('say which run, which are broken and why, what they found and how often they were right', async () => {
    const { page, complaints } = await at('/rules')
    await rows(page).first().waitFor()
    await page.getByText('22 rules on, 1 off, 1 learning, 1 broken.').waitFor()
    const broken = await rows(page).first().innerText()
    expect(broken).toContain('Broken')
    expect(broken).toContain('`near` is not a correlation of Sigma 2.1')
    await page.getByText('1 problem in files of rules').click()
    await page.getByText('not YAML: a tab').waitFor()
    // nobody judged it: neither 0 nor 100
    const unknown = rows(page).filter({ hasText: 'parapet.success-after-failures' })
    expect(await unknown.innerText()).toContain('–')
    expect(await unknown.innerText()).not.toMatch(/\d %/)
    expect(complaints).toEqual([])
  })

  it('are narrowed and ordered in the URL', async () => {
    const { page } = await at('/rules')
    await rows(page).first().waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('password')
    await page.waitForURL(/q=password/)
    await eventually(() => rows(page).count()).toBe(2)
    await page.getByLabel('Search rules').fill('')
    await page.getByRole('combobox', { name: 'State' }).selectOption('off')
    await page.waitForURL(/\/rules\?state=off$/)
    await eventually(() => rows(page).count()).toBe(1)
    await page.getByRole('combobox', { name: 'State' }).selectOption('')
    await page.getByRole('combobox', { name: 'Order' }).selectOption('title')
    await page.waitForURL(/order=title/)
    await eventually(() => rows(page).nth(1).innerText()).toContain('One password tried')
    await page.getByLabel('Search rules').fill('no such rule')
    await page.getByText('No rule matches').waitFor()
  })

  it('are drawn where they are looked at when there are thousands', async () => {
    const { plane, page } = await at('/nowhere')
    plane.world.detect.rules = Array.from({ length: 3_000 }, (_, index) => makeRule(index, Date.now()))
    await page.getByRole('link', { name: 'Rules', exact: true }).click()
    await rows(page).first().waitFor()
    expect(await rows(page).count()).toBeLessThan(200)
    expect(await page.getByRole('table', { name: 'Rules' }).getAttribute('aria-rowcount')).toBe('3001')
    await eventually(async () => {
      await page.evaluate(() => scrollTo(0, document.body.scrollHeight))
      return page.locator('tr[aria-rowindex="3001"]').count()
    }).toBe(1)
    await eventually(() => rows(page).count()).toBeLessThan(200)
  })

  it('switch off after a proof, and say what that means', async () => {
    const { plane, page } = await at('/rules/ssh-brute-force-address')
    plane.world.detect.stepUp = true
    await page.getByRole('button', { name: 'Switch off…' }).click()
    const dialog = page.getByRole('dialog', { name: 'Switch this rule off?' })
    await dialog.getByText('It makes no more alerts').waitFor()
    await dialog.getByRole('button', { name: 'Switch off', exact: true }).click()
    const proof = page.getByRole('dialog', { name: 'Prove that it is you' })
    await proof.getByLabel('Password', { exact: true }).fill('correct horse battery staple')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Switch on…' }).waitFor()
    await page.locator('.dialog').waitFor({ state: 'detached' })
    expect(plane.world.requests.filter(({ method }) => method === 'PATCH').map(({ body }) => body)).toEqual([
      { state: 'off' },
      { state: 'off' },
    ])
  })

  it('show their words, their source, and what attackers wrote into neither as markup', async () => {
    const { page, complaints } = await at('/rules/ssh-brute-force-address')
    await page.getByText('Fires when one address network').waitFor()
    await page.getByRole('region', { name: 'Source of the rule' }).getByText('event.action: login').waitFor()
    expect(await page.locator('main img, main script').count()).toBe(0)
    expect(await page.getByRole('link', { name: /javascript/ }).count()).toBe(0)
    expect(await page.locator('body').innerText()).not.toContain('\u202e')
    await page
      .getByRole('list', { name: /^Latest alerts/ })
      .getByRole('link')
      .first()
      .click()
    await page.waitForURL(/\/alerts\/alert-/)
    expect(complaints).toEqual([])
  })

  it('are tested against history with the keyboard, and say when the run stopped early', async () => {
    const { plane, page } = await at('/rules/ssh-brute-force-address')
    await page.getByLabel('How far back').selectOption('30')
    await page.getByRole('button', { name: 'Run', exact: true }).focus()
    await page.keyboard.press('Enter')
    await page.getByText(/^3 alerts from 20.000 events$/).waitFor()
    await page.getByText('It stopped at the most events that one test looks at').waitFor()
    expect(await page.getByRole('list', { name: 'Alerts that it would have made' }).getByRole('listitem').count()).toBe(3)
    const asked = plane.world.requests.findLast(({ path }) => path.endsWith('/test'))?.body as { since: number } | undefined
    expect(Math.round((Date.now() - (asked?.since ?? 0)) / 86_400_000)).toBe(30)
  })

  it('cannot be run or switched while they are broken, and say why', async () => {
    const { page } = await at('/rules/rule-004')
    await page.getByText('It cannot run', { exact: true }).waitFor()
    expect(await page.getByRole('button', { name: 'Run', exact: true }).isDisabled()).toBe(true)
    expect(await page.getByRole('button', { name: /^Switch/ }).count()).toBe(0)
  })

  it('lead to the groups that they made', async () => {
    const { page } = await at('/rules/web-login-spray')
    await page.getByRole('definition').getByRole('link').first().click()
    await page.waitForURL(/\/triage\?status=all&rule=web-login-spray/)
    await eventually(async () => (await rows(page).allInnerTexts()).every((text) => text.includes('One password tried'))).toBe(true)
  })
})

describe('the sources', () => {
  it('put first who lost lines, and say how many, where and why', async () => {
    const { page, complaints } = await at('/sources')
    await page.getByText('1 of them lost lines').waitFor()
    const first = page.locator('main li[data-row]').first()
    await first.getByRole('heading', { name: 'bastion' }).waitFor()
    await first.getByText(/^1.204 lines lost$/).waitFor()
    await first.getByText('journal rotated before it was read').waitFor()
    const db = page.locator('[data-row=s-db]')
    await db.getByText('84.0 MB').waitFor()
    await db.getByText('EACCES: permission denied').waitFor()
    await db.getByText(/wait in the spool/).waitFor()
    await db.getByText(/^silent since/).waitFor()
    expect(await page.locator('body').innerText()).not.toContain('\u202e')
    expect(complaints).toEqual([])
  })

  it('lead to their events', async () => {
    const { page } = await at('/sources')
    await page.getByRole('link', { name: /events of shop in Activity$/ }).click()
    await page.waitForURL(/\/activity\?source=s-shop$/)
    await eventually(() => page.getByRole('combobox', { name: 'Source' }).inputValue()).toBe('s-shop')
    await rows(page).first().waitFor()
  })

  it('enrol an agent by keyboard: the token is shown once, with the command and the time that is left', async () => {
    const { plane, page, context } = await at('/sources')
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    const button = page.getByRole('button', { name: 'Enrol an agent' })
    await button.focus()
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Enrol an agent' })
    await dialog.getByLabel('Name of the host').fill('web-2')
    await page.keyboard.press('Enter')
    await dialog.getByText(/^parapet agent install/).waitFor()
    await dialog.getByText(/^Good for 29 m/).waitFor()
    await dialog.getByRole('button', { name: 'Copy the command' }).click()
    await dialog.getByText('Copied').waitFor()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^parapet agent install --server \S+ --token ppt_enrol_/)
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await eventually(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Enrol an agent')
    expect(await page.locator('body').innerText()).not.toContain('ppt_enrol_')
    await page.getByRole('button', { name: 'Take back the token of web-2' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Take back' }).click()
    await page.locator('.dialog').waitFor({ state: 'detached' })
    await eventually(() => plane.world.detect.enrolments.map(({ name }) => name)).toEqual(['web-1'])
  })

  it('let viewers look, and enrol nobody', async () => {
    const { plane, page } = await at('/sources', { operator: { id: 'v', name: 'vera', role: 'viewer' } })
    await page.getByRole('heading', { name: 'bastion' }).waitFor()
    expect(await page.getByRole('button', { name: 'Enrol an agent' }).count()).toBe(0)
    expect(plane.world.requests.some(({ path }) => path === '/v1/enrolments')).toBe(false)
  })

  it('say that there is none yet', async () => {
    const { page } = await at('/sources', { empty: true, alerts: [] })
    await page.getByText('No source yet').waitFor()
    expect(await page.getByRole('alert').count()).toBe(0)
  })
})
