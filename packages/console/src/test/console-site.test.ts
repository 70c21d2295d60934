import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { enter } from './browser.js'
import { consoleSuite } from './console-suite.js'

const { site, world, page } = consoleSuite()

describe('the keyboard', () => {
  it('is enough from the sign-in to an alert and an undo', async () => {
    const plane = await world()
    const { page: tab } = await page()
    await tab.goto(`${plane.url}/sign-in`)
    await tab.getByLabel('Name').waitFor()
    await tab.keyboard.press('Tab')
    await tab.keyboard.type('ada')
    await tab.keyboard.press('Tab')
    await tab.keyboard.type('correct horse battery staple')
    await tab.keyboard.press('Enter')
    await tab.locator('#main').waitFor()
    await tab.keyboard.type('gt')
    await tab.getByRole('heading', { level: 1, name: 'Triage' }).waitFor()
    await tab.locator('tbody [data-row]').first().waitFor()
    await tab.keyboard.type('jjk')
    await tab.keyboard.press('Enter')
    await tab.waitForURL(/\/triage\/[\w-]+$/)
    await tab.getByRole('list', { name: /^Alerts of this group/ }).waitFor()
    await tab.keyboard.type('jo')
    await tab.waitForURL(/\/alerts\/alert-0000/)
    await tab.getByRole('heading', { name: 'What was done' }).waitFor()
    await tab.keyboard.type('j')
    expect(await tab.evaluate(() => document.activeElement?.getAttribute('data-row'))).toBe('decision-0')
    await tab.keyboard.type('u')
    await tab.getByText('Undone: 203.0.113.0').waitFor()
    expect(plane.world.decisions.find((decision) => decision.id === 'decision-0')?.lifted?.reason).toBe('undone in the console')
  })

  it('searches with /, leaves the field with Esc, and helps with ?', async () => {
    const plane = await world()
    const { page: tab } = await page()
    await enter(tab, plane.url)
    await tab.getByRole('heading', { level: 1 }).waitFor()
    await tab.keyboard.press('/')
    await tab.waitForURL(/\/activity$/)
    await expect.poll(() => tab.evaluate(() => document.activeElement?.hasAttribute('data-search'))).toBe(true)
    await tab.keyboard.type('g?n')
    expect(await tab.getByLabel('Search events').inputValue()).toBe('g?n')
    await tab.keyboard.press('Escape')
    await tab.keyboard.press('?')
    const help = tab.getByRole('dialog', { name: 'Keyboard' })
    await help.waitFor()
    await tab.keyboard.type('gd')
    expect(new URL(tab.url()).pathname).toBe('/activity')
    await tab.keyboard.press('Escape')
    await help.waitFor({ state: 'detached' })
    await tab.keyboard.type('gd')
    await tab.waitForURL(/\/decisions$/)
  })

  it('stays near a row that was undone', async () => {
    const plane = await world()
    const { page: tab } = await page()
    await enter(tab, plane.url, '/decisions')
    await tab.locator('[data-row=decision-0]').waitFor()
    await tab.keyboard.type('j')
    await tab.locator('[data-row=decision-0] [data-undo]').focus()
    await tab.keyboard.press('Enter')
    await tab.locator('[data-row=decision-0]').waitFor({ state: 'detached' })
    await expect.poll(() => tab.evaluate(() => document.activeElement?.getAttribute('data-row'))).toBe('decision-1')
  })

  it('reaches the content over the skip link', async () => {
    const plane = await world()
    const { page: tab } = await page()
    await enter(tab, plane.url)
    await tab.reload()
    await tab.getByRole('heading', { level: 1 }).waitFor()
    await tab.keyboard.press('Tab')
    expect(await tab.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the content')
    await tab.keyboard.press('Enter')
    expect(await tab.evaluate(() => document.activeElement?.id)).toBe('main')
  })
})

describe('trouble', () => {
  it.each([
    '/',
    '/alerts',
    '/alerts/alert-0000',
    '/decisions',
    '/decisions/decision-0',
    '/policies',
    '/policies/brute-force',
    '/enforcers',
    '/triage',
    '/rules',
    '/sources',
  ])('on %s is said with its code and what to do, and a retry works', async (path) => {
    const plane = await world()
    const { page: tab } = await page()
    await enter(tab, plane.url, '/nothing-here')
    plane.world.failing = 'PPT_INTERNAL'
    await tab.goto(plane.url + path)
    await tab.getByText('PPT_INTERNAL').waitFor()
    await tab.getByText('Give the operator the reference in instance').waitFor()
    plane.world.failing = undefined
    await tab.getByRole('button', { name: 'Try again' }).click()
    await tab.getByText('PPT_INTERNAL').waitFor({ state: 'detached' })
  })

  it.each([
    ['/alerts', 'No alerts'],
    ['/decisions', 'Nothing is blocked'],
    ['/decisions?tab=lifted', 'Nothing was taken back'],
    ['/decisions?address=203.0.113.9', 'No decision about this address here'],
    ['/policies', 'No policies'],
    ['/policies/none', 'There is no such policy'],
    ['/enforcers', 'Nothing carries decisions out yet'],
    ['/', 'No source has sent anything yet'],
    ['/nowhere', 'There is no such page'],
  ])('is not what an empty %s looks like', async (path, words) => {
    const plane = await world({ empty: true })
    const { page: tab } = await page()
    await enter(tab, plane.url, path)
    await tab.getByText(words).waitFor()
    expect(await tab.getByRole('alert').count()).toBe(0)
  })

  it('shows that it is loading while the server thinks', async () => {
    const plane = await world()
    const { page: tab } = await page()
    await enter(tab, plane.url, '/nowhere')
    plane.world.hanging = true
    await tab.keyboard.type('gt')
    await tab.getByText('Loading groups of alerts').waitFor({ state: 'attached' })
  })
})

describe('the site', () => {
  it('sets the theme before the first paint, keeps a choice, and follows the machine without one', async () => {
    const plane = await world()
    const { page: tab } = await page({ colorScheme: 'dark' })
    await tab.goto(`${plane.url}/sign-in`, { waitUntil: 'commit' })
    await tab.waitForFunction(() => document.documentElement.dataset['theme'] === 'dark')
    await enter(tab, plane.url)
    await tab.getByRole('button', { name: 'Theme: system. Change' }).click()
    await tab.getByRole('button', { name: 'Theme: dark. Change' }).click()
    await tab.getByRole('button', { name: 'Theme: light. Change' }).waitFor()
    await tab.reload()
    expect(await tab.evaluate(() => document.documentElement.dataset['theme'])).toBe('light')
  })

  it('shows times in the zone of the viewer, and UTC on hover', async () => {
    const plane = await world()
    const { page: tab } = await page({ timezoneId: 'Asia/Kolkata' })
    await enter(tab, plane.url, '/alerts')
    const title = await tab.locator('tbody time').first().getAttribute('title')
    expect(title).toMatch(/Asia\/(?:Kolkata|Calcutta)\n\d{4}-\d\d-\d\d .* UTC$/)
  })

  it('holds no inline script and no inline style, and nothing from elsewhere', async () => {
    const html = await readFile(join(site(), 'index.html'), 'utf8')
    expect(html).not.toMatch(/<style|style=|<script(?![^>]*\ssrc=)|\son\w+=|https?:\/\//i)
  })

  it('opens a page with less than 130 kB of gzipped JavaScript', async () => {
    const plane = await world()
    const { page: tab } = await page()
    await enter(tab, plane.url)
    const loaded = new Set<string>()
    tab.on('response', (response) => {
      if (response.url().endsWith('.js')) loaded.add(new URL(response.url()).pathname)
    })
    await tab.reload()
    await tab.getByRole('heading', { level: 1, name: /^Under attack/ }).waitFor()
    let bytes = 0
    for (const path of loaded) bytes += gzipSync(await readFile(join(site(), path))).length
    expect(loaded.size).toBeGreaterThan(2)
    expect(bytes).toBeLessThan(130_000)
    const files = await readdir(join(site(), 'assets'))
    expect(files.filter((file) => file.endsWith('.js')).length).toBeGreaterThan(loaded.size - 2)
  })
})
