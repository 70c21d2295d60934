import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createCspCollector, createHeaders, createRedirects, type CspReport } from '@parapet/guard'
import { findProgram, needs } from '@parapet/testkit'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ATTACKS, GOOD } from '../../packages/guard/src/redirect/fixtures/attacks.js'
import { asGuardRequest } from '../../packages/guard/src/request/guard-request.js'

const { ok, note } = needs('chromium')

/** A real browser, before a server of ours: what it follows and what it reports is what counts. */
describe.skipIf(!ok)(`a browser and the guard${note}`, () => {
  const told: CspReport[] = []
  const collector = createCspCollector({ report: (reports) => told.push(...reports) })
  const headers = createHeaders('app', { https: false, reportTo: '/csp-reports' })
  const redirects = createRedirects({ fallback: '/home' })
  let server: Server
  let origin: string
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://x.example')
      if (url.pathname === '/csp-reports') {
        const take = async (): Promise<void> => {
          await collector.collect(asGuardRequest(request), request)
          response.writeHead(204).end()
        }
        void take()
        return
      }
      if (url.pathname === '/go') {
        response.writeHead(302, { location: redirects.safe(url.searchParams.get('next')) }).end()
        return
      }
      const nonce = headers.nonce()
      for (const [name, value] of [...headers.plain, ...headers.page(nonce)]) response.setHeader(name, value)
      // what browsers send in the older format they send at once; the newer one waits for a minute
      const policy = String(response.getHeader('content-security-policy')).replace('; report-to csp', '')
      response.removeHeader('reporting-endpoints')
      response.setHeader('content-security-policy', policy)
      response.setHeader('content-type', 'text/html; charset=utf-8')
      response.end(
        `<!doctype html><title>t</title><body><script nonce="${nonce}">document.body.dataset.good='yes'</script>` +
          `<script>document.body.dataset.bad='yes'</script><img src="http://127.0.0.1:9/pixel.png?token=secret">`,
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    browser = await chromium.launch({
      executablePath: findProgram('chromium') ?? '',
      args: ['--no-sandbox', '--disable-gpu'],
      headless: true,
    })
    page = await browser.newPage()
  })
  afterAll(async () => {
    await browser.close()
    await new Promise((resolve) => server.close(resolve))
  })

  it('runs the script that has the nonce of its answer and no other [ASVS 3.4.3]', async () => {
    await page.goto(`${origin}/page?session=secret#part`)
    expect(await page.evaluate(() => [document.body.dataset['good'], document.body.dataset['bad']])).toEqual(['yes', undefined])
    await page.reload()
    expect(await page.evaluate(() => [document.body.dataset['good'], document.body.dataset['bad']])).toEqual(['yes', undefined])
  })

  it('reports what it stopped, and nothing secret is kept of that [ASVS 3.4.7]', async () => {
    await page.goto(`${origin}/page?session=secret`)
    await expect.poll(() => new Set(told.map(({ blocked }) => blocked)).size, { timeout: 10_000 }).toBeGreaterThanOrEqual(2)
    expect(told.find(({ blocked }) => blocked === 'inline')).toMatchObject({
      document: `${origin}/page`,
      directive: 'script-src-elem',
      disposition: 'enforce',
      suggestion: { directive: 'script-src', source: "'nonce'", weakens: false },
    })
    expect(told.find(({ directive }) => directive === 'img-src')).toMatchObject({
      blocked: 'http://127.0.0.1:9/pixel.png',
      suggestion: { directive: 'img-src', source: 'http://127.0.0.1:9', weakens: true },
    })
    expect(JSON.stringify(told)).not.toContain('secret')
  })

  it('resolves every target that is allowed to this origin, as a link and as a URL [ASVS 3.7.2]', async () => {
    const given = [...Object.values(ATTACKS).flat(), ...GOOD.map(([target]) => target)]
    const sent = given.map((target) => redirects.safe(target))
    await page.goto(`${origin}/a/deep/page?x`)
    const origins = await page.evaluate((targets) => {
      const link = document.createElement('a')
      return targets.map((target) => {
        link.setAttribute('href', target)
        return [link.origin, new URL(target, document.baseURI).origin]
      })
    }, sent)
    expect(new Set(origins.flat())).toEqual(new Set([origin]))
  })

  it('is led home by every attack, and where it was meant by a good target', async () => {
    await page.goto(`${origin}/a/deep/page?x`)
    const follow = (targets: readonly string[]): Promise<string[]> =>
      page.evaluate(async (all) => {
        const ends: string[] = []
        for (const target of all) ends.push((await fetch(`/go?next=${encodeURIComponent(target)}`)).url)
        return ends
      }, targets)
    const attacks = Object.values(ATTACKS).flat()
    expect(await follow(attacks)).toEqual(attacks.map(() => `${origin}/home`))
    const good = GOOD.filter(([given]) => given.startsWith('/') && given !== '/\ud800')
    expect(await follow(good.map(([given]) => given))).toEqual(good.map(([, sent]) => origin + (sent.split('#', 1)[0] ?? '')))
  })
})
