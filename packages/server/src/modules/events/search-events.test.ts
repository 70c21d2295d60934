import { DAY, type SecurityEvent } from '@parapet/core'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../db/test-database.js'
import { createConceal } from '../../vault/index.js'
import { testVault } from '../../vault/fixtures/test-vault.js'
import type { EventSearch, FieldFilter } from './event-filter.js'
import { createEventStore, type EventStore } from './index.js'
import { createEventSearches, type EventSearches } from './search-events.js'

const DAY_ONE = Math.floor(Date.UTC(2026, 10, 20) / DAY) * DAY
const vault = testVault()
let database: TestDatabase
let store: EventStore
let searches: EventSearches
/** What was stored, newest first. */
const stored: { readonly at: number; readonly source: string; readonly event: SecurityEvent }[] = []

const NAMES = ['ann', 'bob', 'Zoë']
const PATHS = ['/', '/a', '/a/b', '/A', '/"quoted"', '/back\\slash', '/nul\0', '/half\ud800', '/%', '/_']
const pick = <T>(list: readonly T[], n: number): T => list[n % list.length] as T

beforeAll(async () => {
  database = await createTestDatabase()
  store = createEventStore({ database, clock: () => DAY_ONE, vault })
  // steps so short that every search takes several, as a long log does
  searches = createEventSearches({ database, vault, conceal: createConceal(vault) }, { span: { log: 31, index: 9 } })
  // three days, two sources, batches of odd sizes: partitions, and sequences that cross them
  let n = 0
  for (let batch = 0; batch < 30; batch++) {
    const at = DAY_ONE + batch * (DAY / 10)
    const source = pick(['shop', 'host'], batch)
    const events = Array.from({ length: 7 + (batch % 5) }, (): SecurityEvent => {
      n++
      return {
        '@timestamp': at,
        'event.id': `e-${n}`,
        'event.dataset': pick(['web', 'sshd', 'web'], n),
        'source.ip': `203.0.113.${n % 6}`,
        'user.name': pick(NAMES, n),
        'url.path': pick(PATHS, n),
        'http.response.status_code': pick([200, 404, 500], n * 7),
      }
    })
    await store.append({ id: source, name: source }, events, at)
    for (const event of events) stored.unshift({ at, source, event })
  }
}, 60_000)
afterAll(async () => {
  await store.close()
  await database.close()
})

const all: EventSearch = { since: DAY_ONE, until: DAY_ONE + 4 * DAY, filters: [] }
const matches = (event: SecurityEvent, { field, value, not }: FieldFilter): boolean => {
  const held = String(event[field])
  const fold = (text: string): string => (field === 'user.name' ? text.normalize('NFKC').toLowerCase() : text)
  const is = value.endsWith('*') ? held.startsWith(value.slice(0, -1)) && held !== '' : fold(held) === fold(value)
  return is !== not
}
const expected = (search: EventSearch): string[] =>
  stored
    .filter(({ at }) => at >= search.since && at < search.until)
    .filter(({ source }) => search.source === undefined || search.source === source)
    .filter(({ event }) => search.user === undefined || matches(event, { field: 'user.name', value: search.user, not: false }))
    .filter(({ event }) => search.filters.every((filter) => matches(event, filter)))
    .map(({ event }) => String(event['event.id']))
const found = async (search: EventSearch, limit = 1_000): Promise<string[]> =>
  (await searches.page(search, undefined, limit)).items.map(({ event }) => String(event['event.id']))

const filter: fc.Arbitrary<FieldFilter> = fc.oneof(
  fc.record({ field: fc.constant('url.path'), value: fc.constantFrom(...PATHS, '/a*', '/*', '/none'), not: fc.boolean() }),
  fc.record({ field: fc.constant('user.name'), value: fc.constantFrom(...NAMES, 'ANN', 'nobody'), not: fc.boolean() }),
  fc.record({ field: fc.constant('http.response.status_code'), value: fc.constantFrom('200', '500', '50', '2000'), not: fc.boolean() }),
  fc.record({ field: fc.constant('event.dataset'), value: fc.constantFrom('web', 'sshd', 'we*'), not: fc.boolean() }),
  fc.record({ field: fc.constant('source.ip'), value: fc.constantFrom('203.0.113.1', '203.0.113.5', '192.0.2.1'), not: fc.boolean() }),
)
const search: fc.Arbitrary<EventSearch> = fc.record({
  since: fc.integer({ min: 0, max: 40 }).map((n) => DAY_ONE + Math.floor((n * DAY) / 13)),
  until: fc.integer({ min: 0, max: 40 }).map((n) => DAY_ONE + Math.floor((n * DAY) / 11)),
  source: fc.option(fc.constantFrom('shop', 'host', 'none'), { nil: undefined }),
  user: fc.option(fc.constantFrom('bob', 'zoë'), { nil: undefined }),
  filters: fc.array(filter, { maxLength: 3 }),
})
const RUNS = { seed: 20_261_122, numRuns: 60 }

describe('a search', () => {
  it('finds exactly what reading every event would, newest first', async () => {
    await fc.assert(
      fc.asyncProperty(search, async (one) => {
        expect(await found(one)).toEqual(expected(one))
      }),
      RUNS,
    )
  }, 60_000)

  it('in pages of any size is the same search, and ends', async () => {
    await fc.assert(
      fc.asyncProperty(search, fc.integer({ min: 1, max: 50 }), async (one, limit) => {
        const seen: string[] = []
        let cursor: string | undefined
        for (let pages = 0; pages < 400; pages++) {
          const page = await searches.page(one, cursor, limit)
          expect(page.items.length).toBeLessThanOrEqual(limit)
          seen.push(...page.items.map(({ event }) => String(event['event.id'])))
          if (page.next === null) break
          cursor = page.next
        }
        expect(seen).toEqual(expected(one))
      }),
      { ...RUNS, numRuns: 12 },
    )
  }, 60_000)

  it('whose time is up says so and goes on from there, until all is found', async () => {
    let time = 0
    // a clock by which every look takes longer than there is
    const slow = createEventSearches(
      { database, vault, conceal: createConceal(vault) },
      { now: () => (time += 10_000), span: { log: 31, index: 9 } },
    )
    const one: EventSearch = { ...all, filters: [{ field: 'url.path', value: '/a', not: false }] }
    const seen: string[] = []
    let cursor: string | undefined
    let stops = 0
    for (let pages = 0; pages < 100; pages++) {
      const page = await slow.page(one, cursor, 10)
      seen.push(...page.items.map(({ event }) => String(event['event.id'])))
      if (!page.whole) stops++
      if (page.next === null) break
      cursor = page.next
    }
    expect(seen).toEqual(expected(one))
    expect(stops).toBeGreaterThan(3)
    expect(await slow.values(one, 'url.path', 5)).toMatchObject({ whole: false })
    expect(await slow.histogram(one, 5)).toMatchObject({ whole: false })
  })
})

describe('what is counted', () => {
  it('is what is found, in the histogram and among the values', async () => {
    await fc.assert(
      fc.asyncProperty(search, fc.integer({ min: 1, max: 40 }), async (one, buckets) => {
        fc.pre(one.since < one.until)
        const wanted = expected(one)
        const histogram = await searches.histogram(one, buckets)
        expect(histogram.whole).toBe(true)
        expect(histogram.buckets.length).toBeLessThanOrEqual(buckets)
        expect(histogram.buckets.reduce((sum, { events }) => sum + events, 0)).toBe(wanted.length)
        const values = await searches.values(one, 'user.name', 10)
        expect([values.of, values.whole]).toEqual([wanted.length, true])
        expect(values.values.reduce((sum, { count }) => sum + count, 0)).toBe(wanted.length)
      }),
      { ...RUNS, numRuns: 25 },
    )
  }, 60_000)

  it('of a time without events is whole: there was nothing to look at', async () => {
    const never: EventSearch = { since: 0, until: DAY, filters: [] }
    expect(await searches.page(never, undefined, 5)).toEqual({ items: [], next: null, whole: true })
    expect(await searches.values(never, 'user.name', 5)).toEqual({ field: 'user.name', values: [], of: 0, distinct: 0, whole: true })
    expect(await searches.histogram(never, 1)).toMatchObject({ buckets: [{ at: 0, events: 0 }], whole: true })
  })

  it('is what an export gives, each event once', async () => {
    const ids: string[] = []
    for await (const { event } of searches.each(all)) ids.push(String(event['event.id']))
    expect(ids).toEqual(expected(all))
  })
})

describe('places in the log', () => {
  it('bring their events, newest first, without those that are gone', async () => {
    const page = await searches.page(all, undefined, 5)
    const places = page.items.map(({ sequence, receivedAt }) => ({ sequence, day: Math.floor(receivedAt / DAY) }))
    const asked = [...places.toReversed(), { sequence: 999_999, day: Math.floor(DAY_ONE / DAY) }]
    expect((await store.at(asked)).map(({ id }) => id)).toEqual(page.items.map(({ id }) => id))
    expect(await store.at([])).toEqual([])
    expect(await store.before(DAY_ONE)).toBe(0)
    expect(await store.before(DAY_ONE + 2 * DAY)).toBeGreaterThan(100)
    expect(await store.before(DAY_ONE + 90 * DAY)).toBe(0)
  })
})
