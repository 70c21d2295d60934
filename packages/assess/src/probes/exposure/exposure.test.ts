import { describe, expect, it } from 'vitest'
import type { Probe } from '../../probe.js'
import { brief, runProbe } from '../seen/fixtures/run-probe.js'
import { banner } from './banner.js'
import { debugPage } from './debug-page.js'
import { openShop, SHOP, type ShopFault } from './fixtures/shop.js'
import { methods } from './methods.js'
import { prototypeKeys } from './prototype-keys.js'
import { publicInternals } from './public-internals.js'
import { reflectedMarkup } from './reflected-markup.js'
import { sourceMap } from './source-map.js'
import { sqlError } from './sql-error.js'
import { traceback } from './traceback.js'

const against = async (probe: Probe, ...faults: readonly ShopFault[]): Promise<readonly string[]> =>
  brief(await runProbe(probe, SHOP, await openShop(...faults)))

describe('errors that show the inside of the program', () => {
  it('passes generic errors, because errors were provoked', async () => {
    const [verdict] = await runProbe(traceback, SHOP, await openShop())
    expect(verdict).toMatchObject({
      verdict: 'pass',
      control: expect.stringMatching(/^\d\d of \d+ spoilt requests at \d places made the target answer with an error$/),
    })
  })

  it.each([['stack-json'], ['stack-html']] satisfies [ShopFault][])(
    'finds %s, at the place that was provoked and with what provoked it',
    async (fault) => {
      const verdicts = await runProbe(traceback, SHOP, await openShop(fault))
      const notes = verdicts.find(({ locator }) => locator === '/api/notes')
      expect(notes).toMatchObject({ verdict: 'fail', says: '/api/notes answers JSON that ends too early with 400 and a stack of Node.js' })
      expect(notes?.verdict === 'fail' && notes.evidence.map(({ status, note }) => `${status} ${note}`)).toEqual([
        '200 the honest request',
        '400 JSON that ends too early',
      ])
      expect(verdicts.every(({ verdict }) => verdict === 'fail')).toBe(true)
    },
  )

  it('calls a bare message of the program low', async () => {
    const verdicts = await runProbe(traceback, SHOP, await openShop('message'))
    expect(verdicts.find(({ locator }) => locator === '/api/notes')).toMatchObject({ verdict: 'fail', severity: 'low' })
  })

  it('does not take a page that explains stacks for one', async () => {
    expect(await against(traceback, 'talks-of-errors')).toEqual(['pass /'])
    expect(await against(sqlError, 'talks-of-errors')).toEqual(['pass /'])
  })

  it('makes no statement where the target limits the kit', async () => {
    for (const probe of [traceback, sqlError, debugPage, publicInternals, methods, reflectedMarkup]) {
      const verdicts = await against(probe, 'limits')
      expect([probe.name, verdicts.map((one) => one.split(' ')[0])]).toEqual([probe.name, verdicts.map(() => 'inconclusive')])
    }
  })
})

describe('input that reaches a database statement', () => {
  it('finds the message of a database, and a quote that breaks where two do not', async () => {
    expect(await against(sqlError, 'sql-message')).toEqual(['fail /search?q'])
    const [quote] = await runProbe(sqlError, SHOP, await openShop('sql-quote'))
    expect(quote).toMatchObject({
      verdict: 'fail',
      locator: '/search?q',
      says: expect.stringContaining('fails on one quote and works with two'),
    })
    expect(await against(sqlError)).toEqual(['pass /'])
  })
})

describe('debug pages', () => {
  it('finds Django’s in answers to spoilt requests and variables at a usual place', async () => {
    expect((await against(debugPage, 'django')).length).toBeGreaterThan(0)
    expect(await against(debugPage, 'env-page')).toEqual(['fail /debug'])
    expect(await against(debugPage)).toEqual(['pass /'])
  })
})

describe('pages for operators', () => {
  it.each([
    ['metrics', '/metrics', 'medium'],
    ['graphql', '/graphql', 'medium'],
    ['openapi', '/openapi.json', 'low'],
    ['health', '/healthz', 'low'],
  ] satisfies [ShopFault, string, string][])('finds %s at %s', async (fault, locator, severity) => {
    expect(await runProbe(publicInternals, SHOP, await openShop(fault))).toMatchObject([{ verdict: 'fail', locator, severity }])
  })

  it('passes a target without them, its terse health page included', async () => {
    expect(await against(publicInternals)).toEqual(['pass /'])
  })
})

describe('source maps', () => {
  it.each([['map-comment'], ['map-file'], ['map-inline']] satisfies [ShopFault][])('finds %s', async (fault) => {
    expect(await against(sourceMap, fault)).toEqual(['fail /app.js'])
  })

  it('passes a script that has none', async () => {
    expect(await against(sourceMap)).toEqual(['pass /app.js'])
  })
})

describe('banners', () => {
  it('finds the header and names it, and passes without one', async () => {
    expect(await against(banner, 'banner')).toEqual(['fail x-powered-by'])
    expect(await against(banner)).toEqual(['pass /'])
  })
})

describe('methods that nobody declared', () => {
  it('finds TRACE that sends headers back, pages that take anything, and files stored by PUT', async () => {
    expect(await against(methods, 'trace')).toEqual(['fail / (TRACE)'])
    expect(await runProbe(methods, SHOP, await openShop('any-method'))).toMatchObject([{ verdict: 'fail', locator: '/', severity: 'low' }])
    expect(await runProbe(methods, SHOP, await openShop('put'))).toMatchObject([
      { locator: '/ (PUT)', severity: 'critical' },
      { verdict: 'pass' },
    ])
    expect(await against(methods)).toEqual(['pass /'])
  })
})

describe('markup from parameters', () => {
  it.each([
    ['markup', '/search?q', 'an element of the page'],
    ['attribute', '/search?q', 'an attribute of an element'],
    ['link', '/search?q', 'an address of <a> that runs as a script'],
    ['script', '/search?q', 'code of a script'],
    ['json-as-html', '/search?q', 'an element of the page'],
    ['missing-page', '(a page that does not exist)', 'an element of the page'],
  ] satisfies [ShopFault, string, string][])('%s: what stands in %s becomes %s', async (fault, locator, what) => {
    const found = (await runProbe(reflectedMarkup, SHOP, await openShop(fault))).filter(({ verdict }) => verdict === 'fail')
    expect(found).toMatchObject([{ locator, says: `What stands in ${locator} becomes ${what}` }])
  })

  it('passes escaped text in HTML, attributes and scripts, and JSON of the right type', async () => {
    expect(await against(reflectedMarkup)).toEqual(['pass /search?q', 'pass /api/search?q', 'pass (a page that does not exist)'])
  })

  it('wants a parameter that shows', async () => {
    const target = { ...SHOP, echoes: [{ path: '/', parameter: 'nothing' }] }
    expect((await runProbe(reflectedMarkup, target, await openShop()))[0]).toMatchObject({ verdict: 'inconclusive', locator: '/?nothing' })
  })
})

describe('keys that reach the prototype', () => {
  it.each([
    ['pollution', 'changes later answers: /me shows a property that nobody put there'],
    ['pollution-cache', 'changes later answers: /app.js became immutable for caches'],
    ['proto-500', 'makes the program fail (500), the same body with another key does not (200)'],
  ] satisfies [ShopFault, string][])('finds %s by what it does', async (fault, says) => {
    const found = (await runProbe(prototypeKeys, SHOP, await openShop(fault))).filter(({ verdict }) => verdict === 'fail')
    expect(found).toMatchObject([{ locator: '/api/notes', says: expect.stringContaining(says) }])
  })

  it('passes a program that ignores them, and one that keeps a body as data', async () => {
    expect(await against(prototypeKeys)).toEqual(['pass /api/notes', 'pass /search (query)'])
    expect(await against(prototypeKeys, 'stores-proto')).toEqual(['pass /api/notes', 'pass /search (query)'])
  })
})
