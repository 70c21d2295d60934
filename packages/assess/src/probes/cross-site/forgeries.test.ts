import { needs } from '@parapet/testkit'
import { afterAll, describe, expect, it } from 'vitest'
import { factsOn, inShort, runOn } from '../session/fixtures/run-probe.js'
import { serve } from '../../fixtures/serve.js'
import { openOtherSite } from '../../run/other-site.js'
import { formForgeries } from './attack-pages.js'
import { LITTLE_TARGET } from '../session/fixtures/little-app.js'
import { crossSiteForm } from './cross-site-form.js'
import { crossSiteJson } from './cross-site-json.js'
import { sharedChromium } from './fixtures/chromium.js'
import { type Attempt, type ForgedFacts, type ForgedWrite, judgeForged } from './forgeries.js'

const { ok, note } = needs('chromium')
const chromium = sharedChromium()
const context = { browser: chromium.browser }
afterAll(chromium.close)

const actedWays = (facts: unknown): readonly string[] =>
  (facts as ForgedFacts).writes.flatMap(({ forgeries }) => forgeries.filter(({ acted }) => acted).map(({ way }) => way))

describe.skipIf(!ok)(`forged writes, from another site in Chromium${note}`, { timeout: 120_000 }, () => {
  it('pass where the server looks at where a request comes from, although the cookie comes along', async () => {
    const form = await runOn(crossSiteForm, ['samesite-none'], { context })
    expect(inShort(crossSiteForm, form)).toEqual(['pass POST /notes'])
    expect(form[0]).toMatchObject({ control: expect.stringContaining('8 ways') })
    const json = await runOn(crossSiteJson, ['samesite-none', 'sloppy-json'], { context })
    expect(inShort(crossSiteJson, json)).toEqual(['pass POST /api/notes'])
  })

  it('of further writes are tried in the telling ways only', async () => {
    const [write] = LITTLE_TARGET.writes ?? []
    const writes = write === undefined ? [] : [write, { ...write, request: { ...write.request, path: '/notes?more=1' } }]
    const { facts: found, verdicts } = await factsOn(crossSiteForm, [], { context, target: { writes } })
    expect(inShort(crossSiteForm, verdicts)).toEqual(['pass POST /notes', 'pass POST /notes?more=1'])
    expect((found as ForgedFacts).writes[1]?.forgeries.map(({ way }) => way)).toEqual(['a form', 'fetch without CORS'])
  })

  it('are found where it does not, and the cookie comes along: by forms, frames and fetch', async () => {
    const { facts, verdicts } = await factsOn(crossSiteForm, ['samesite-none', 'no-csrf-check'], { context })
    expect(inShort(crossSiteForm, verdicts)).toEqual(['fail high POST /notes'])
    expect(actedWays(facts)).toEqual(
      expect.arrayContaining([
        'a form',
        'a form in a hidden frame',
        'a form with Origin: null',
        'fetch without CORS',
        'fetch without a Content-Type',
      ]),
    )
  })

  it('are found for a cookie that says nothing of other sites, by the form that browsers let through', async () => {
    const { facts, verdicts } = await factsOn(crossSiteForm, ['no-samesite', 'no-csrf-check'], { context })
    expect(inShort(crossSiteForm, verdicts)).toEqual(['fail high POST /notes'])
    expect(actedWays(facts)).toContain('a form')
    expect(actedWays(facts)).not.toContain('fetch without CORS')
  })

  it('are a slight finding where nothing but SameSite=Lax stops them', async () => {
    const verdicts = await runOn(crossSiteForm, ['no-csrf-check'], { context })
    expect(inShort(crossSiteForm, verdicts)).toEqual(['fail low POST /notes'])
  })

  it('are found where any body is read as JSON: as text/plain, as a form, without a type', async () => {
    const { facts, verdicts } = await factsOn(crossSiteJson, ['samesite-none', 'no-csrf-check', 'sloppy-json'], { context })
    expect(inShort(crossSiteJson, verdicts)).toEqual(['fail high POST /api/notes'])
    expect(actedWays(facts)).toEqual(
      expect.arrayContaining([
        'JSON as a text/plain form',
        'JSON as text/plain by fetch',
        'JSON without a Content-Type',
        'JSON as a form by fetch',
        'a beacon',
      ]),
    )
    expect(actedWays(facts)).not.toContain('JSON by fetch, after asking')
  })

  it('of JSON pass where only application/json is read: browsers ask before they send that', async () => {
    expect(inShort(crossSiteJson, await runOn(crossSiteJson, ['samesite-none', 'no-csrf-check'], { context }))).toEqual([
      'pass POST /api/notes',
    ])
  })

  it('of JSON are found where every origin may ask for it', async () => {
    const { facts: found, verdicts } = await factsOn(crossSiteJson, ['samesite-none', 'no-csrf-check', 'cors-echo'], { context })
    expect(inShort(crossSiteJson, verdicts)).toEqual(['fail high POST /api/notes'])
    expect(actedWays(found)).toEqual(['JSON by fetch, after asking'])
  })

  it('name every kind of origin that a page can have: its own, and null', async () => {
    const origins = new Set<string | undefined>()
    const app = await serve((request, response) => {
      if (request.method === 'POST') origins.add(request.headers.origin)
      response.writeHead(200, { 'content-type': 'text/html' }).end('<p>x')
    })
    const browser = await chromium.browser()
    const page = await browser?.newPage()
    const pages = formForgeries(app.origin, () => ({ method: 'POST', path: '/w', form: { a: 'b' } }))
    const site = await openOtherSite(Object.fromEntries(pages.map(({ html }, at) => [`/${at}`, html])), '127.0.0.1')
    try {
      for (const at of pages.keys()) await page?.goto(`${site.origin}/${at}`).catch(() => undefined)
      await expect.poll(() => origins, { timeout: 10_000 }).toEqual(new Set([site.origin, 'null']))
    } finally {
      await page?.close()
      await site.close()
      await app.close()
    }
  })

  it('pass nothing where the same request from the own page does not act either', async () => {
    expect(inShort(crossSiteForm, await runOn(crossSiteForm, ['forgets-writes'], { context }))).toEqual(['inconclusive POST /notes'])
  })
})

describe('forged writes without what they need', () => {
  it('say what to declare where no effect can be seen', async () => {
    const target = { writes: [{ name: 'blind', request: { path: '/notes', form: { text: '{{nonce}}' } } }] }
    expect(inShort(crossSiteForm, await runOn(crossSiteForm, [], { target }))).toEqual(['skipped writes with form'])
    expect(inShort(crossSiteJson, await runOn(crossSiteJson, [], { target }))).toEqual(['skipped writes with json'])
  })

  it('say so where no Chromium is there', async () => {
    await expect(runOn(crossSiteForm, [], { context: { browser: () => Promise.resolve(undefined) } })).rejects.toMatchObject({
      name: 'Inconclusive',
      message: expect.stringContaining('Chromium'),
    })
  })
})

const [DID, DID_NOT]: [Attempt, Attempt] = [
  { status: 200, acted: true },
  { status: 403, acted: false },
]
const facts = (more: Partial<ForgedWrite>): ForgedFacts => ({
  browser: '1',
  writes: [
    {
      method: 'POST',
      path: '/w',
      shows: '/w',
      before: DID,
      after: DID,
      byHand: DID_NOT,
      forgeries: [{ way: 'a form', ...DID_NOT }],
      ...more,
    },
  ],
})

describe('the judge of forged writes', () => {
  it.each<[string, ForgedFacts, string]>([
    ['only the own page acted', facts({}), 'pass POST /w'],
    ['the other site acted', facts({ forgeries: [{ way: 'a form', ...DID }] }), 'fail high POST /w'],
    [
      'the other site acted, whatever was answered',
      facts({ forgeries: [{ way: 'a form', status: 500, acted: true }] }),
      'fail high POST /w',
    ],
    [
      'the other site acted although the own page did not',
      facts({ before: DID_NOT, forgeries: [{ way: 'a form', ...DID }] }),
      'fail high POST /w',
    ],
    ['the own page did not act', facts({ before: DID_NOT }), 'inconclusive POST /w'],
    ['the own page did not act any more', facts({ after: DID_NOT }), 'inconclusive POST /w'],
    ['a limit in between', facts({ forgeries: [{ way: 'a form', status: 429, acted: false }] }), 'inconclusive POST /w'],
    ['the target takes it by hand', facts({ byHand: DID }), 'fail low POST /w'],
    [
      'one way got no answer in time',
      facts({
        forgeries: [
          { way: 'a form', ...DID_NOT },
          { way: 'b', status: 0, acted: false, unclear: true },
        ],
      }),
      'inconclusive POST /w',
    ],
    [
      'one way was stopped by the browser itself',
      facts({
        forgeries: [
          { way: 'a form', ...DID_NOT },
          { way: 'b', status: 0, acted: false },
        ],
      }),
      'pass POST /w',
    ],
    ['Chromium never reached the target', facts({ forgeries: [{ way: 'a form', status: 0, acted: false }] }), 'inconclusive POST /w'],
    ['nothing was declared', { browser: '', writes: [] }, 'skipped writes with form'],
  ])('%s', (_, given, verdict) => {
    expect(inShort(crossSiteForm, judgeForged(given, 'form'))).toEqual([verdict])
  })

  it('shows four of many ways and counts the rest', () => {
    const [verdict] = judgeForged(facts({ forgeries: Array.from({ length: 6 }, (_, i) => ({ way: `way ${i}`, ...DID })) }), 'form')
    expect(verdict).toMatchObject({ says: expect.stringContaining('way 0, way 1, way 2 and 3 more'), evidence: { length: 4 } })
  })
})
