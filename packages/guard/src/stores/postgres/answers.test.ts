import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LimitRule } from '../../limiter/types.js'
import { decodeText, encodeText } from '../encode-text.js'
import { type PostgresPool, postgresStore, type PostgresStoreOptions } from './postgres-store.js'
import { postgresStoreSchema } from './schema.js'

fc.configureGlobal({ seed: 20_261_122 })

const RULE: LimitRule = { kind: 'fixed_window', limit: 3, windowMs: 1_000 }
const TAKE = { key: 'k', rule: RULE, cost: 1 } as const
const answering = (...rows: readonly object[]): PostgresPool => ({ query: async () => ({ rows, rowCount: rows.length }) })
const UNAVAILABLE = { code: 'PPT_STORE_UNAVAILABLE' }

describe('an answer about limits', () => {
  it('is read from numbers and from the texts in which they come', async () => {
    for (const reply of [
      [1_000, 0, 2, 700, 0],
      ['1000', '0', '2', '700', '0'],
    ])
      expect(await postgresStore(answering({ reply })).limits.take([TAKE], 'l')).toEqual({
        at: 1_000,
        answers: [{ limited: false, remaining: 2, resetMs: 700, retryAfterMs: 0 }],
      })
    const two = ['5', '1', '0', '900', '800', '0', '2', '1', '0']
    expect((await postgresStore(answering({ reply: two })).limits.take([TAKE, TAKE], 'l')).answers.map(({ limited }) => limited)).toEqual([true, false]) // prettier-ignore
  })

  it.each<[string, unknown]>([
    ['nothing', []],
    ['only a time', ['1000']],
    ['one number too few', ['1000', '0', '2', '700']],
    ['one number too many', ['1000', '0', '2', '700', '0', '0']],
    ['the numbers of another take', ['1', '0', '2', '7', '0', '0', '2', '7', '0']],
    ['null for a verdict', ['1000', null, '2', '700', '0']],
    ['words for numbers', ['1000', 'no', '2', '700', '0']],
    ['empty texts', ['', '', '', '', '']],
    ['no numbers', [Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN]],
    ['infinity', ['Infinity', '0', '2', '700', '0']],
    ['booleans', [1_000, false, 2, 700, 0]],
    ['lists', [[1_000], [0], [2], [700], [0]]],
    ['a text', '{1000,0,2,700,0}'],
    ['an object', { 0: 1_000, length: 5 }],
    ['null', null],
    ['nothing at all', undefined],
  ])('that holds %s is trouble, and never a permission [ASVS 16.5.3]', async (_what, reply) => {
    await expect(postgresStore(answering({ reply })).limits.take([TAKE], 'l')).rejects.toMatchObject(UNAVAILABLE)
  })

  it('of any shape is the numbers that it says or trouble', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.array(fc.oneof(fc.integer(), fc.string(), fc.constantFrom(null, '1', '0'))), fc.anything()),
        async (reply) => {
          const taken = postgresStore(answering({ reply })).limits.take([TAKE], 'l')
          const answer = await taken.catch((error: unknown) => error)
          const told =
            Array.isArray(reply) && reply.length === 5 && reply.every((one) => one !== '' && Number.isFinite(Number(one ?? Number.NaN)))
          expect(answer instanceof Error).toBe(!(told && reply.every((one) => typeof one === 'string' || typeof one === 'number')))
        },
      ),
    )
  })
})

describe('an answer about a value', () => {
  it('without its columns is trouble, and not the word undefined', async () => {
    for (const row of [
      {},
      { value: 'v' },
      { version: '1' },
      { value: null, version: '1' },
      { value: 7, version: '1' },
      { value: 'v', version: 1 },
    ])
      await expect(postgresStore(answering(row)).read('k')).rejects.toMatchObject(UNAVAILABLE)
    for (const row of [{}, { key: 'k' }, { key: null, value: 'v' }])
      await expect(postgresStore(answering(row)).list('g')).rejects.toMatchObject(UNAVAILABLE)
    expect(await postgresStore(answering({ value: 'v', version: '1' })).read('k')).toEqual({ value: 'v', version: '1' })
    expect(await postgresStore(answering()).read('k')).toBeUndefined()
  })

  it('that counts nothing was no write', async () => {
    const write = (rowCount: number | null, ifVersion?: string | null) =>
      postgresStore({ query: async () => ({ rows: [], rowCount }) }).write('k', 'v', { ttlMs: 1, ...(ifVersion === undefined ? {} : { ifVersion }) }) // prettier-ignore
    for (const condition of [undefined, null, '7']) {
      expect(await write(1, condition)).toBe(true)
      expect(await write(0, condition)).toBe(false)
      expect(await write(null, condition)).toBe(false)
    }
  })

  it('is not asked for a version that PostgreSQL never made', async () => {
    let asked = 0
    const store = postgresStore({ query: async () => (asked++, { rows: [], rowCount: 1 }) })
    for (const ifVersion of ['', '-1', '1.5', '0x1', '1e3', ' 1', '1; drop table x', '9'.repeat(19), 'null', '١'])
      expect(await store.write('k', 'v', { ttlMs: 1, ifVersion })).toBe(false)
    expect(asked).toBe(0)
    expect(await store.write('k', 'v', { ttlMs: 1, ifVersion: '9'.repeat(18) })).toBe(true)
  })
})

describe('a server that is away', () => {
  const down = (code?: string): PostgresPool => ({
    query: async () => {
      throw Object.assign(new Error('password authentication failed for user "shop"'), code === undefined ? {} : { code })
    },
  })
  const calls = (store: ReturnType<typeof postgresStore>): readonly (() => Promise<unknown>)[] => [
    () => store.read('k'),
    () => store.write('k', 'v', { ttlMs: 1 }),
    () => store.write('k', 'v', { ttlMs: 1, ifVersion: '1' }),
    () => store.remove('k'),
    () => store.list('g'),
    () => store.removeGroup('g'),
  ]

  it('is one kind of trouble for every method, and its words stay with the cause', async () => {
    for (const call of calls(postgresStore(down(), { failures: 100 }))) {
      const error = await call().catch((thrown: unknown) => thrown)
      expect(error).toMatchObject(UNAVAILABLE)
      expect(String(error)).not.toContain('shop')
      expect((error as Error).cause).toBeInstanceOf(Error)
    }
  })

  it('is left alone after so many failures, and tried again when its time has come', async () => {
    let [now, asked] = [0, 0]
    const pool: PostgresPool = { query: async () => (asked++, Promise.reject(new Error('down'))) }
    const store = postgresStore(pool, { failures: 3, retryMs: 1_000, sweepMs: 86_400_000, clock: () => now })
    for (let i = 0; i < 20; i++) await store.read('k').catch(() => undefined)
    expect(asked).toBe(3)
    now = 999
    await store.read('k').catch(() => undefined)
    expect(asked).toBe(3)
    now = 1_000
    await Promise.all(Array.from({ length: 5 }, () => store.read('k').catch(() => undefined)))
    expect(asked).toBe(4)
  })

  it('is not taken for away because of a text that it does not like: anybody could send one', async () => {
    let asked = 0
    const pool: PostgresPool = { query: async () => (asked++, Promise.reject(Object.assign(new Error('bad byte'), { code: '22021' }))) }
    const store = postgresStore(pool, { failures: 1 })
    for (let i = 0; i < 10; i++) await expect(store.read('k')).rejects.toMatchObject(UNAVAILABLE)
    expect(asked).toBe(10)
  })

  it('holds nobody for longer than was said, though it never answers', async () => {
    const store = postgresStore({ query: () => new Promise(() => undefined) }, { timeoutMs: 20, failures: 100 })
    for (const call of calls(store)) {
      const began = performance.now()
      await expect(call()).rejects.toMatchObject(UNAVAILABLE)
      expect(performance.now() - began).toBeLessThan(1_000)
    }
  })
})

describe('a sweep', () => {
  it('starts with a call once in its time, also after the clock was set back, and its failure fails no call', async () => {
    let now = 1_000_000
    const seen: string[] = []
    const pool: PostgresPool = {
      query: async (text) => {
        if (text.startsWith('delete')) {
          seen.push(text)
          throw new Error('locked')
        }
        return { rows: [], rowCount: 0 }
      },
    }
    const store = postgresStore(pool, { sweepMs: 60_000, clock: () => now })
    const at = async (time: number): Promise<number> => {
      now = time
      await Promise.all([store.read('k'), store.read('k')])
      return seen.length
    }
    expect(await at(1_059_999)).toBe(0)
    expect(await at(1_060_000)).toBe(1)
    expect(await at(1_060_001)).toBe(1)
    expect(await at(1_120_000)).toBe(2)
    expect(await at(0)).toBe(3)
    expect(await at(59_999)).toBe(3)
  })
})

describe('a text in PostgreSQL', () => {
  const odd = fc.string({ unit: fc.constantFrom('\0', '\u0001', 'a', 'ü', '\u{1f512}', '\ud800', '\udc00', '\ufffd', 'A', '_', '-') })

  it('comes back as it was, also one of half characters, and is one that the server takes', () => {
    fc.assert(
      fc.property(odd, (text) => {
        const encoded = encodeText(text)
        expect(decodeText(encoded)).toBe(text)
        expect(encoded).not.toContain('\0')
        expect(Buffer.from(encoded).toString()).toBe(encoded)
      }),
      { numRuns: 500 },
    )
  })

  it('is never that of another: two keys stay two', () => {
    fc.assert(
      fc.property(odd, odd, (a, b) => {
        expect(Buffer.from(encodeText(a)).equals(Buffer.from(encodeText(b)))).toBe(a === b)
      }),
      { numRuns: 500 },
    )
    const halves = ['a\ud800', 'a\ud801', 'a\udc00', 'a\ufffd', 'a']
    expect(new Set(halves.map((text) => encodeText(text))).size).toBe(halves.length)
  })
})

describe('the name of tables', () => {
  it.each(['a', 'shop_guard', 'x1', 'p'.repeat(31)])('may be %s, in every statement of the schema', (prefix) => {
    expect(() => postgresStore(answering(), { prefix })).not.toThrow()
    expect(postgresStoreSchema(prefix)).not.toMatch(/parapet_guard/)
  })

  it.each(['', '1a', '_a', 'A', 'a-b', 'a b', 'a"b', "a'b", 'a;b', 'a.b', 'a\n', 'ä', 'p'.repeat(32), null, 7, ['a']])(
    'is never %j: it stands in statements [ASVS 1.2.4]',
    (prefix) => {
      expect(() => postgresStore(answering(), { prefix } as PostgresStoreOptions)).toThrow('postgresStore.prefix')
    },
  )
})
