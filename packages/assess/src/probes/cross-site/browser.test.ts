import { needs } from '@parapet/testkit'
import type { Browser, BrowserContext } from 'playwright-core'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serve, type TestServer } from '../../fixtures/serve.js'
import { type TestContext, testContext } from '../../fixtures/test-context.js'
import { type Fault, LITTLE_TARGET, littleApp } from '../session/fixtures/little-app.js'
import { askFrom, askOut, browserOf, isIn, openProfile, signInFrom, visit } from './browser.js'
import { sharedChromium } from './fixtures/chromium.js'

const { ok, note } = needs('chromium')
const chromium = sharedChromium()
afterAll(chromium.close)

describe.skipIf(!ok)(`a victim's browser${note}`, { timeout: 120_000 }, () => {
  const open: { close: () => Promise<void> }[] = []
  let browser: Browser
  let profile: BrowserContext
  beforeEach(async () => {
    const started = await chromium.browser()
    if (started === undefined) throw new Error('no Chromium')
    browser = started
    profile = await openProfile(browser)
  })
  afterEach(async () => {
    await profile.close()
    for (const one of open.splice(0)) await one.close()
  })
  const target = async (...faults: Fault[]): Promise<{ app: TestServer; context: TestContext }> => {
    const app = await littleApp(...faults)
    const context = testContext(LITTLE_TARGET, app.origin, { browser: chromium.browser })
    open.push(context, app)
    return { app, context }
  }
  const anna = { name: 'anna', password: 'pw-of-anna' }

  it('signs in from the page of the sign-in, knows that it is in, and signs out again', async () => {
    const { context } = await target()
    const page = await profile.newPage()
    expect(await signInFrom(context, page, anna)).toBe('in')
    expect(await isIn(context, page)).toBe(true)
    // the cookie is the browser's own, which no script can read
    expect((await profile.cookies()).map(({ name, httpOnly }) => [name, httpOnly])).toEqual([['sid', true]])
    await askOut(context, page)
    expect(await isIn(context, page)).toBe(false)
  })

  it('tells a wrong password from a limit and from no answer', async () => {
    const { context } = await target()
    const page = await profile.newPage()
    expect(await signInFrom(context, page, { ...anna, password: 'wrong' })).toBe('refused')
    const limited = await target('limits')
    expect(await signInFrom(limited.context, page, anna)).toBe('limited')
    await limited.app.close()
    expect(await signInFrom(limited.context, page, anna)).toBe('no-answer')
    expect(await isIn(limited.context, page)).toBe('no-answer')
  })

  it('asks its own origin past the cache, follows redirects or not, and says 0 for no answer', async () => {
    let asked = 0
    const app = await serve((request, response) => {
      if (request.path === '/gone') return void response.destroy()
      if (request.path === '/away') return void response.writeHead(303, { location: '/count' }).end()
      return void response
        .writeHead(200, { 'content-type': 'text/html', 'cache-control': 'max-age=600' })
        .end(`<p>${++asked} ${request.text}`)
    })
    open.push(app)
    const page = await profile.newPage()
    expect(await visit(page, `${app.origin}/count`)).toBe(200)
    expect((await askFrom(page, { path: '/count' })).text).not.toBe((await askFrom(page, { path: '/count' })).text)
    expect((await askFrom(page, { path: '/away' })).status).toBe(200)
    expect((await askFrom(page, { path: '/away' }, 'manual')).status).toBe(302)
    expect(await askFrom(page, { path: '/gone' })).toEqual({ status: 0, text: '' })
    expect((await askFrom(page, { path: '/count', form: { a: 'b c' } })).text).toContain('a=b+c')
    expect((await askFrom(page, { path: '/count', json: { a: 'b c' }, method: 'PUT' })).text).toContain('{"a":"b c"}')
    expect(await visit(page, 'http://127.0.0.1:9/')).toBe(0)
  })

  it('lets cookies of other sites along, as the browsers of most people do', async () => {
    const { app, context } = await target('samesite-none')
    const page = await profile.newPage()
    await signInFrom(context, page, anna)
    const site = await context.otherSite({ '/': `<!doctype html><iframe src="${app.origin}/me"></iframe>` })
    const asked = page.waitForRequest(`${app.origin}/me`)
    await visit(page, `${site.origin}/`)
    expect((await (await asked).allHeaders())['cookie']).toMatch(/^sid=/)
  })
})

describe('without a browser', () => {
  it('says what to install', async () => {
    const context = testContext({}, 'http://127.0.0.1:9', { browser: () => Promise.resolve(undefined) })
    await expect(browserOf(context)).rejects.toThrow('install it and playwright-core')
    await context.close()
  })
})
