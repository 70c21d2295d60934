import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { needs, startSystemPostgres, type SystemPostgres } from '@parapet/testkit'
import { expectBack, pause } from '../fixtures/outage.js'
import { limitStoreConformance } from '../../limiter/limit-store-conformance.js'
import type { LimitRule } from '../../limiter/types.js'
import { storeConformance } from '../../store/store-conformance.js'
import { decodeText, encodeText } from '../encode-text.js'
import { type PostgresPool, postgresStore, type PostgresStore } from './postgres-store.js'
import { postgresStoreSchema } from './schema.js'

fc.configureGlobal({ seed: 20_261_122 })

const { ok, note } = needs('postgres', 'root')

describe.runIf(ok)(`postgresStore${note}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-guard-pg-'))
  let server: SystemPostgres
  const pools: Pool[] = []
  const stores: PostgresStore[] = []

  beforeAll(async () => {
    server = await startSystemPostgres(join(folder, 'cluster'))
    for (let i = 0; i < 4; i++) {
      const pool = new Pool({ connectionString: server.url, max: 3 })
      pool.on('error', () => undefined)
      pools.push(pool)
      stores.push(postgresStore(pool, { timeoutMs: 5_000, ...(i === 3 ? { clock: () => Date.now() - 86_400_000 } : {}) }))
    }
    await Promise.all(stores.map((store) => store.ensureTables()))
  })
  afterAll(async () => {
    for (const pool of pools) await pool.end()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  const store = (i = 0): PostgresStore => stores[i] as PostgresStore

  describe('keeps every promise of the Store port', () => {
    it.each(storeConformance)('$name', (check) => check.run({ store: store(), others: stores.slice(1), advance: pause }))
  })
  describe('keeps every promise of a store of limits', () => {
    it.each(limitStoreConformance)('$name', (check) =>
      check.run({ stores: stores.slice(0, 3).map(({ limits }) => limits), skewed: store(3).limits, advance: pause }),
    )
  })

  const rows = async (sql: string): Promise<readonly Record<string, unknown>[]> =>
    (await (pools[0] as Pool).query<Record<string, unknown>>(sql)).rows

  it('leaves nothing behind: a sweep deletes what has ended, and only that', async () => {
    const own = postgresStore(pools[0] as Pool, { prefix: 'swept' })
    await own.ensureTables()
    for (let i = 0; i < 30; i++) await own.write(`brief${i}`, 'x', { ttlMs: 20 })
    await own.write('lasting', 'x', { ttlMs: 60_000 })
    const rules = ['gcra', 'sliding_window', 'fixed_window', 'concurrency'] as const
    const ruleOf = (kind: (typeof rules)[number], windowMs: number): LimitRule =>
      kind === 'gcra' ? { kind, limit: 2, windowMs, rate: 2 } : { kind, limit: 2, windowMs }
    await own.limits.take(rules.map((kind, i) => ({ key: `b${i}`, rule: ruleOf(kind, 20), cost: 1 })), 'l') // prettier-ignore
    await own.limits.take([{ key: 'l', rule: ruleOf('fixed_window', 60_000), cost: 1 }], 'l')
    await pause(100)
    expect(await own.sweep()).toBe(34)
    expect(await own.sweep()).toBe(0)
    expect((await own.read('lasting'))?.value).toBe('x')
    expect((await rows('select count(*)::int as n from swept_limits'))[0]).toEqual({ n: 1 })
  })

  it('sweeps by itself while it is used', async () => {
    let now = Date.now()
    const own = postgresStore(pools[0] as Pool, { prefix: 'itself', sweepMs: 1_000, clock: () => now })
    await own.ensureTables()
    await own.write('brief', 'x', { ttlMs: 20 })
    await pause(40)
    await own.read('other')
    expect((await rows('select count(*)::int as n from itself_values'))[0]).toEqual({ n: 1 })
    now += 1_001
    await own.read('other')
    for (let tries = 0; tries < 50 && (await rows('select 1 from itself_values')).length > 0; tries++) await pause(20)
    expect(await rows('select 1 from itself_values')).toEqual([])
  })

  it('keeps sessions through a crash of the server, and counts out of the log', async () => {
    const kinds = await rows(
      `select relname, relpersistence from pg_class where relname in ('parapet_guard_values', 'parapet_guard_limits') order by 1`,
    )
    expect(kinds).toEqual([
      { relname: 'parapet_guard_limits', relpersistence: 'u' },
      { relname: 'parapet_guard_values', relpersistence: 'p' },
    ])
    const own = store()
    await own.write('session', 'kept', { ttlMs: 600_000 })
    const version = (await own.read('session'))?.version
    await server.crash()
    await server.restart()
    for (let tries = 0; ; tries++) {
      try {
        expect(await own.read('session')).toEqual({ value: 'kept', version })
        break
      } catch (error) {
        if (tries > 60) throw error
        await pause(100)
      }
    }
    // versions go on: none of before comes again
    await own.write('session', 'kept', { ttlMs: 600_000 })
    expect(BigInt((await own.read('session'))?.version ?? 0)).toBeGreaterThan(BigInt(version ?? 0))
  })

  it('can be made again by several processes at once, and changes nothing then', async () => {
    await store().write('before', 'x', { ttlMs: 60_000 })
    await Promise.all(stores.flatMap((one) => [one.ensureTables(), one.ensureTables()]))
    expect((await store().read('before'))?.value).toBe('x')
    expect(postgresStoreSchema('shop')).not.toContain('parapet')
  })

  it('takes one statement for each operation', async () => {
    const asked: string[] = []
    const pool: PostgresPool = { query: (text, values) => (asked.push(text), (pools[0] as Pool).query(text, values)) }
    const own = postgresStore(pool)
    const rule: LimitRule = { kind: 'fixed_window', limit: 5, windowMs: 60_000 }
    await own.limits.take(Array.from({ length: 5 }, (_, i) => ({ key: `one${i}`, rule, cost: 1 })), 'l') // prettier-ignore
    await own.write('one', 'x', { ttlMs: 60_000, group: 'one' })
    const version = (await own.read('one'))?.version ?? ''
    await own.write('one', 'y', { ttlMs: 60_000, ifVersion: version })
    await own.removeGroup('one')
    expect(asked).toHaveLength(5)
    for (const text of asked) expect(text).not.toContain(';')
  })

  it('takes a version that is none of ours for one that does not hold', async () => {
    await store().write('odd', 'x', { ttlMs: 60_000 })
    for (const ifVersion of ["1'; drop table parapet_guard_values; --", '', '-1', '1.5', '9'.repeat(40)])
      expect(await store().write('odd', 'y', { ttlMs: 60_000, ifVersion })).toBe(false)
    expect((await store().read('odd'))?.value).toBe('x')
  })

  describe('the server goes away', () => {
    it('by hanging or by crashing: every call rejects in time, and works again afterwards', async () => {
      for (const [leave, back] of [
        [async () => server.pause(), async () => server.resume()],
        [() => server.crash(), () => server.restart()],
      ] as const) {
        const pool = new Pool({ connectionString: server.url, max: 2, connectionTimeoutMillis: 500 })
        pool.on('error', () => undefined)
        const own = postgresStore(pool, { timeoutMs: 150, failures: 2, retryMs: 200 })
        await own.write('kept', 'v', { ttlMs: 600_000 }).catch(() => undefined)
        await leave()
        try {
          for (let i = 0; i < 5; i++) {
            const since = performance.now()
            const outcomes = await Promise.allSettled([
              own.read('kept'),
              own.write('n', 'x', { ttlMs: 1_000 }),
              own.list('g'),
              own.remove('x'),
            ])
            for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'PPT_STORE_UNAVAILABLE' } })
            expect(performance.now() - since).toBeLessThan(i === 0 ? 700 : 400)
          }
        } finally {
          await back()
        }
        await expectBack(own)
        await pool.end()
      }
    })
  })
})

describe('texts that PostgreSQL cannot keep', () => {
  it('come back as they were, whatever they hold, and never as another text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('\0', '\u0001', 'a', 'ü', '\u{1f512}', "'") }), (text) => {
        expect(decodeText(encodeText(text))).toBe(text)
        expect(encodeText(text)).not.toContain('\0')
      }),
    )
    expect(encodeText('plain')).toBe('plain')
    expect(encodeText('\u0001YQ')).not.toBe(encodeText('a'))
  })
})

describe('options of postgresStore', () => {
  const pool: PostgresPool = { query: async () => ({ rows: [], rowCount: 0 }) }

  it.each([
    [{ prefix: 'a; drop table x' }, 'postgresStore.prefix is "a; drop table x"'],
    [{ prefix: 'Shop' }, 'postgresStore.prefix'],
    [{ sweepMs: 1 }, 'postgresStore.sweepMs is 1'],
    [{ timeoutMs: 0 }, 'postgresStore.timeoutMs is 0'],
    [{ table: 'x' }, 'postgresStore has no option "table"'],
  ])('refuses %j, by name', (options, message) => {
    expect(() => postgresStore(pool, options as object)).toThrow(message)
  })

  it('refuses what is no pool, and keys out of the bounds of the port', async () => {
    expect(() => postgresStore({} as PostgresPool)).toThrow('postgresStore pool')
    await expect(postgresStore(pool).read('')).rejects.toThrow('store key')
    await expect(postgresStore(pool).write('k', 'v', { ttlMs: 0 })).rejects.toThrow('store ttlMs')
  })

  it('takes an answer of another shape for trouble, not for a permission', async () => {
    const rule: LimitRule = { kind: 'fixed_window', limit: 1, windowMs: 1 }
    await expect(postgresStore(pool).limits.take([{ key: 'k', rule, cost: 1 }], 'l')).rejects.toThrow('another shape')
  })
})
