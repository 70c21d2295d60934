import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cachedPage, type CachedPage, type CachePolicy, readCachePolicy } from './cached-page.js'
import { answered, inShort, runOn, SILENT } from './fixtures/run-probe.js'

fc.configureGlobal({ seed: 20_261_122 })

describe('cached-page, before a real server', () => {
  it('passes where signed-in pages and API answers say no-store', async () => {
    expect(inShort(cachedPage, await runOn(cachedPage, []))).toEqual(['pass GET /me', 'pass GET /notes'])
  })

  it('finds pages that a browser keeps', async () => {
    const verdicts = await runOn(cachedPage, ['cacheable'])
    expect(inShort(cachedPage, verdicts)).toEqual(['fail medium GET /me', 'fail medium GET /notes'])
    expect(verdicts[1]).toMatchObject({ evidence: [{ url: '/notes', headers: { 'cache-control': 'private, max-age=600' } }] })
  })

  it('says nothing of pages that open for nobody too, or not even for their owner', async () => {
    const verdicts = await runOn(cachedPage, ['cacheable'], { target: { pages: { signedIn: ['/', '/missing'] }, writes: [] } })
    expect(inShort(cachedPage, verdicts)).toEqual(['fail medium GET /me', 'inconclusive GET /', 'inconclusive GET /missing'])
  })
})

describe('what Cache-Control allows', () => {
  it.each<[string | undefined, CachePolicy]>([
    ['no-store', 'no-store'],
    ['No-Store, max-age=0', 'no-store'],
    ['private, no-cache, no-store, must-revalidate', 'no-store'],
    ['private, no-cache', 'private-checked'],
    ['private, max-age=0, must-revalidate', 'private-checked'],
    ['no-cache', 'shared-checked'],
    ['no-cache, s-maxage=60', 'open'],
    ['max-age=0, must-revalidate', 'shared-checked'],
    ['max-age=0', 'open'],
    ['private', 'private'],
    ['private, max-age=600', 'private'],
    ['private, no-cache="set-cookie"', 'private'],
    ['private="x-header"', 'open'],
    ['public, max-age=600', 'open'],
    ['must-revalidate', 'open'],
    ['x-no-store', 'open'],
    ['', 'open'],
    [undefined, 'open'],
  ])('%s is %s', (header, policy) => {
    expect(readCachePolicy(header)).toBe(policy)
  })

  it('is never taken for no-store where the word does not stand by itself', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (header) => {
        const words = header
          .toLowerCase()
          .split(',')
          .map((part) => part.split('=', 1)[0]?.trim())
        expect(readCachePolicy(header) === 'no-store').toBe(words.includes('no-store'))
      }),
    )
  })
})

const page = (own: CachedPage['own'], nobody = answered(303)): { pages: CachedPage[] } => ({ pages: [{ path: '/p', own, nobody }] })
const says = (value: string): CachedPage['own'] => answered(200, { headers: { 'cache-control': value, etag: '"x"' } })

describe('the judge of cached-page', () => {
  it.each<[string, { pages: CachedPage[] }, string]>([
    ['no-store', page(says('no-store')), 'pass GET /p'],
    ['no-store and an ETag: what is asked anew may be answered with 304', page(says('no-store')), 'pass GET /p'],
    ['asked anew each time', page(says('private, no-cache')), 'fail info GET /p'],
    ['asked anew, kept by anybody', page(says('no-cache')), 'fail low GET /p'],
    ['kept by the browser', page(says('private, max-age=60')), 'fail medium GET /p'],
    ['nothing said', page(answered(200)), 'fail medium GET /p'],
    ['opens for nobody too', page(answered(200), answered(200)), 'inconclusive GET /p'],
    ['not there', page(answered(404)), 'inconclusive GET /p'],
    ['limited', page(answered(429)), 'inconclusive GET /p'],
    ['silent', page(SILENT), 'error GET /p'],
    ['silent to nobody', page(says('no-store'), SILENT), 'error GET /p'],
  ])('%s', (_, facts, verdict) => {
    expect(inShort(cachedPage, cachedPage.judge(facts))).toEqual([verdict])
  })
})
