import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll } from 'vitest'

import type { Watched } from './browser.js'
import { enter, openPage, startBrowser } from './browser.js'
import { builtSite } from './built-site.js'
import type { FakeControlPlane, World } from './fake-control-plane.js'
import { startFakeControlPlane } from './fake-control-plane.js'
import { makeAlert, makeDecision } from './fixtures.js'

type Options = Parameters<typeof openPage>[1]

/** What a test of the console has at hand; everything that it opens is closed after the test. */
export type ConsoleSuite = {
  readonly site: () => string
  /** a fake control plane, by default with a busy day */
  readonly world: (seed?: Partial<World>) => Promise<FakeControlPlane>
  readonly page: (options?: Options) => Promise<Watched>
  /** a page of a fresh world, signed in; a busy day but for what `seed` says */
  readonly at: (path: string, seed?: Partial<World>, options?: Options) => Promise<Watched & { readonly plane: FakeControlPlane }>
}

/** The rows of the table of a page. */
export const rows = (page: Page): Locator => page.locator('tbody [data-row]')

/** A busy day: alerts of all kinds, decisions in every state. */
export const makeDay = (alerts = 120): Partial<World> => {
  const now = Date.now()
  return {
    alerts: Array.from({ length: alerts }, (_, index) => makeAlert(index, now)),
    decisions: [
      ...Array.from({ length: 9 }, (_, index) => makeDecision(index, now)),
      makeDecision(20, now, { mode: 'observe' }),
      makeDecision(30, now, { expiresAt: now - 60_000 }),
      makeDecision(40, now, { lifted: { at: now, by: { kind: 'operator', id: 'o', name: 'grace' }, reason: 'our own monitoring' } }),
    ],
  }
}

/** Builds the site and starts a browser once for a file of tests. */
export const consoleSuite = (): ConsoleSuite => {
  let browser: Browser
  let site: string
  const open: (() => Promise<unknown>)[] = []
  beforeAll(async () => {
    site = await builtSite()
    browser = await startBrowser()
  }, 120_000)
  afterAll(() => browser.close())
  afterEach(async () => {
    for (const close of open.splice(0).toReversed()) await close()
  })
  const world: ConsoleSuite['world'] = async (seed = makeDay()) => {
    const plane = await startFakeControlPlane(site, seed)
    open.push(plane.close)
    return plane
  }
  const page: ConsoleSuite['page'] = async (options) => {
    const watched = await openPage(browser, options)
    open.push(() => watched.context.close())
    return watched
  }
  return {
    site: () => site,
    world,
    page,
    at: async (path, seed = {}, options = {}) => {
      const plane = await world(seed.empty === true ? seed : { ...makeDay(12), ...seed })
      const watched = await page({ reducedMotion: 'reduce', ...options })
      await enter(watched.page, plane.url, path, seed.operator?.name ?? 'ada')
      return { ...watched, plane }
    },
  }
}
