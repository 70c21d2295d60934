import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createHeaders } from '@parapet/guard'
import { needs } from '@parapet/testkit'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium } from './support/chromium.js'
import { createPlace, root } from './support/control-plane.js'
import { pressOn } from './support/keyboard.js'
import { PICTURES } from './support/pictures.js'
import { lookAt } from './support/studio-pictures.js'
import { SAMPLES } from './support/studio-samples.js'

const here = needs('chromium')
const PUBLIC = join(root, 'examples/studio/public')
const WEBAUTHN = join(root, 'node_modules/@simplewebauthn/browser/esm')
const TYPES: Readonly<Record<string, string>> = { css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' }

describe.skipIf(!here.ok)(`the studio's pages, as they look${here.note}`, { timeout: 120_000 }, () => {
  const place = createPlace('studio-looks')
  const { plain } = createHeaders('app', { https: false })
  let server: Server
  let browser: Browser
  let page: Page
  let url = ''
  const complaints: string[] = []
  /** what the passkey paths answer; the browser's part is in studio.test.ts */
  let answer: { status: number; body: unknown } = { status: 200, body: {} }

  beforeAll(async () => {
    server = createServer((request, response) => {
      for (const [name, value] of plain) response.setHeader(name, value)
      const path = new URL(request.url ?? '/', 'http://x').pathname
      const asset = /^\/assets\/(webauthn\/)?([\w./-]+\.(css|js|svg))$/.exec(path)
      if (asset !== null && !path.includes('..')) {
        response.setHeader('content-type', TYPES[asset[3] ?? ''] ?? '')
        response.end(readFileSync(join(asset[1] === undefined ? PUBLIC : WEBAUTHN, asset[2] ?? '')))
      } else if (request.method === 'POST') {
        response.writeHead(answer.status, { 'content-type': 'application/json' })
        response.end(JSON.stringify(answer.body))
      } else {
        response.setHeader('content-type', 'text/html; charset=utf-8')
        response.end(SAMPLES[path.slice(1)]?.() ?? '')
      }
    })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    url = `http://localhost:${(server.address() as AddressInfo).port}`
    browser = await launchChromium([], join(place.path, 'chromium'))
    page = await (await browser.newContext({ locale: 'en-GB' })).newPage()
    page.on('pageerror', (error) => complaints.push(`fault: ${error.message}`))
    page.on('console', (message) => {
      if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) complaints.push(message.text())
    })
  })

  afterAll(async () => {
    await browser?.close()
    server?.close()
    place.remove()
  })

  it.each(Object.keys(SAMPLES))(
    '%s: in both themes, wide and at 320 px, without a serious fault or a complaint of the policy',
    async (name) => {
      await page.goto(`${url}/${name}`)
      const folds = page.locator('details:not([open])')
      if ((await folds.count()) > 0) {
        await page.setViewportSize({ width: 1280, height: 860 })
        await page.screenshot({ path: join(PICTURES, 'studio', `${name}-folded.png`), fullPage: true })
        // what is inside is judged too
        await folds.evaluateAll((all) => {
          for (const one of all) one.setAttribute('open', '')
        })
      }
      expect(await lookAt(page, name)).toEqual([])
      expect(complaints.splice(0)).toEqual([])
    },
  )

  describe('the passkey button', () => {
    const tab = async (options: BrowserContextOptions, prepare?: () => void): Promise<{ page: Page; close: () => Promise<void> }> => {
      const context = await browser.newContext(options)
      if (prepare !== undefined) await context.addInitScript(prepare)
      const opened = await context.newPage()
      await opened.goto(`${url}/sign-in`)
      return { page: opened, close: () => context.close() }
    }
    const says = (opened: Page, text: RegExp) => opened.locator('#passkey-says').getByText(text).waitFor()
    /** a browser whose person does not touch the key */
    const cancels = (): void => {
      navigator.credentials.get = () => Promise.reject(new DOMException('cancelled', 'NotAllowedError'))
    }

    it('stays within reach of the keyboard where the browser cannot, and says what to do instead', async () => {
      const { page: opened, close } = await tab({}, () => {
        Reflect.deleteProperty(globalThis, 'PublicKeyCredential')
      })
      await says(opened, /This browser cannot use passkeys here/)
      await pressOn(opened, 'Use a passkey')
      expect(await opened.getByRole('button', { name: 'Use a passkey' }).getAttribute('aria-disabled')).toBe('true')
      expect(opened.url()).toBe(`${url}/sign-in`)
      await close()
    })

    it('says what to do when nothing was chosen, and can be pressed again', async () => {
      answer = { status: 200, body: { challenge: 'AAAA', userVerification: 'required' } }
      const { page: opened, close } = await tab({}, cancels)
      for (let time = 0; time < 2; time++) {
        await pressOn(opened, 'Use a passkey')
        await says(opened, /Nothing was chosen, or it took too long/)
        expect(await opened.locator('[aria-busy]').count()).toBe(0)
      }
      await close()
    })

    it('shows what the server says as text, and something useful when it says nothing or is away', async () => {
      const { page: opened, close } = await tab({})
      answer = { status: 401, body: { detail: '<img src=x onerror=alert(1)> Sign in again.' } }
      await pressOn(opened, 'Use a passkey')
      await says(opened, /<img src=x onerror=alert\(1\)> Sign in again\./)
      expect(await opened.locator('main img').count()).toBe(0)
      answer = { status: 503, body: [] }
      await pressOn(opened, 'Use a passkey')
      await says(opened, /That did not work/)
      await opened.route('**/sign-in/passkey/*', (route) => route.abort())
      await pressOn(opened, 'Use a passkey')
      await says(opened, /The server could not be reached/)
      await close()
    })

    it('follows the server to a page of this site, and never to another one', async () => {
      const { page: opened, close } = await tab({})
      for (const [next, place] of [
        ['/step-up?next=%2F', '/step-up?next=%2F'],
        ['https://evil.example/', '/'],
        ['//evil.example/x', '/'],
        ['/\\evil.example', '/'],
        ['javascript:alert(1)', '/'],
      ] as const) {
        await opened.goto(`${url}/sign-in`)
        answer = { status: 403, body: { next } }
        await pressOn(opened, 'Use a passkey')
        await opened.waitForURL(url + place)
      }
      await close()
    })

    it('is not all there is without JavaScript: the page says so, and the form signs in', async () => {
      const { page: opened, close } = await tab({ javaScriptEnabled: false })
      expect(await opened.locator('noscript').innerText()).toContain('Passkeys need JavaScript')
      await opened.locator('#email').fill('anna@studio.example')
      await opened.locator('#password').fill('something')
      const posted = opened.waitForRequest((request) => request.method() === 'POST')
      await opened.keyboard.press('Enter')
      expect(new URLSearchParams((await posted).postData() ?? '').get('next')).toBe('/documents')
      await close()
    })
  })
})
