import * as fc from 'fast-check'
import { isParapetError } from '@parapet/core'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestPlace, postgresHere, type TestPlace } from '../sealed/fixtures/test-place.js'
import { sealedColumns } from './index.js'

fc.configureGlobal({ seed: 20_261_121 })

type Cell = { a: string; b: number; secret: string | null; doc: unknown; label: string | null }
type Tables = { cells: Cell }

/** One statement, built for a sealed and for a plain database alike. */
type Step =
  | { readonly kind: 'insert'; readonly rows: readonly Cell[]; readonly conflict: 'fail' | 'nothing' | 'excluded' | 'value' | 'half' }
  | {
      readonly kind: 'update'
      readonly where: 'key' | 'half' | 'none' | 'either'
      readonly a: string
      readonly b: number
      readonly set: Partial<Cell>
    }
  | { readonly kind: 'copy'; readonly how: 'raw' | 'column' | 'select' }
  | { readonly kind: 'delete'; readonly a: string }
  | { readonly kind: 'cte'; readonly row: Cell }

const key = fc.constantFrom('x', "o'k", 'ü"', '')
const no = fc.integer({ min: -1, max: 2 })
const secret = fc.option(fc.string({ unit: 'grapheme', maxLength: 12 }).filter((text) => !text.includes('\0')))
const doc = fc.option(fc.constantFrom<unknown>({ kind: 'RawNode', sqlFragments: ['1'] }, [1, { b: 'ü' }], 'text', 0, true))
const cell: fc.Arbitrary<Cell> = fc.record({ a: key, b: no, secret, doc, label: fc.option(fc.constantFrom('l', 'm')) })

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('insert' as const),
      rows: fc.array(cell, { minLength: 1, maxLength: 3 }),
      conflict: fc.constantFrom('fail', 'nothing', 'excluded', 'value', 'half'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('update' as const),
      where: fc.constantFrom('key', 'key', 'half', 'none', 'either'),
      a: key,
      b: no,
      set: fc.oneof(
        fc.record({ secret }),
        fc.record({ doc, label: fc.constant('set') }),
        fc.record({ label: fc.constant('only') }),
        fc.record({ b: no }),
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('copy' as const), how: fc.constantFrom('raw', 'column', 'select') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), a: key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cte' as const), row: cell }) },
)

/** The plain database takes JSON as text, as the sealed one gives it. */
type Runner = { readonly db: Kysely<Tables>; readonly json: (value: unknown) => unknown }

const run = async ({ db, json }: Runner, one: Step): Promise<unknown> => {
  const prepared = (row: Partial<Cell>): Partial<Cell> => ('doc' in row ? Object.assign({ ...row }, { doc: json(row.doc) }) : row)
  if (one.kind === 'insert') {
    const insert = db.insertInto('cells').values(one.rows.map((row) => prepared(row) as Cell))
    if (one.conflict === 'fail') return insert.returning(['a', 'b', 'secret']).execute()
    if (one.conflict === 'nothing') return insert.onConflict((oc) => oc.columns(['a', 'b']).doNothing()).execute()
    if (one.conflict === 'half') return insert.onConflict((oc) => oc.column('label').doUpdateSet({ secret: 'half' })).execute()
    return insert
      .onConflict((oc) =>
        oc.columns(['b', 'a']).doUpdateSet((eb) => ({ secret: one.conflict === 'value' ? 'upserted' : eb.ref('excluded.secret') })),
      )
      .returning('secret')
      .execute()
  }
  if (one.kind === 'update') {
    const update = db.updateTable('cells').set(prepared(one.set))
    const found =
      one.where === 'none'
        ? update
        : one.where === 'either'
          ? update.where((eb) => eb.or([eb('a', '=', one.a), eb('b', '=', one.b)]))
          : one.where === 'half'
            ? update.where('a', '=', one.a)
            : update.where('cells.a', '=', one.a).where((eb) => eb.and([eb('b', '=', one.b)]))
    return found.returning(['a', 'b', 'secret', 'label']).execute()
  }
  if (one.kind === 'copy') {
    if (one.how === 'select')
      return db
        .insertInto('cells')
        .columns(['a', 'b', 'secret'])
        .expression((eb) => eb.selectFrom('cells').select(['label', 'b', 'secret']))
        .execute()
    const set = one.how === 'raw' ? { secret: sql<string>`'raw'` } : { label: sql.ref<string>('secret') }
    return db.updateTable('cells').set(set).where('a', '=', 'x').where('b', '=', 1).execute()
  }
  if (one.kind === 'delete') return db.deleteFrom('cells').where('a', '=', one.a).returning(['b', 'secret']).execute()
  const inserted = db.with('n', (q) =>
    q
      .insertInto('cells')
      .values(prepared(one.row) as Cell)
      .returning(['a', 'secret as s']),
  )
  return inserted.selectFrom('n').select(['s', 'a']).execute()
}

const settle = async (work: Promise<unknown>): Promise<{ readonly rows?: unknown; readonly failed?: unknown }> => {
  try {
    const rows = await work
    return {
      rows: Array.isArray(rows)
        ? rows.map((row) => JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value))).toSorted()
        : rows,
    }
  } catch (failed) {
    return { failed }
  }
}

describe.skipIf(!postgresHere.ok)(`writes to a sealed table beside a plain one${postgresHere.note}`, () => {
  let place: TestPlace
  let bare: Kysely<Tables>
  let sealed: Runner
  let plain: Runner

  beforeAll(async () => {
    place = await createTestPlace()
    bare = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: place.pool }) })
    await sql`create schema plain; create table plain.cells (a text, b int, secret text, doc text, label text, primary key (a, b));
      create table public.cells (a text, b int, secret text check (secret like 'ppt1.%'), doc text check (doc like 'ppt1.%'), label text, primary key (a, b))`.execute(
      bare,
    )
    const tables = { cells: { primaryKey: ['a', 'b'], columns: { secret: { type: 'text' }, doc: { type: 'json' } } } } as const
    sealed = { db: bare.withPlugin(sealedColumns({ keyset: await place.keys.open(), tables })), json: (value) => value }
    plain = { db: bare.withSchema('plain'), json: (value) => (value === null ? null : JSON.stringify(value)) }
  }, 60_000)
  afterAll(() => place?.close(), 30_000)

  it('have the same effect, or none and a code: over any order of statements', async () => {
    const seen = { same: 0, refused: 0, failed: 0 }
    const refusals = new Set<unknown>(['PPT_SEALED_QUERY', 'PPT_SEALED_CONTEXT'])
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 10 }), async (steps) => {
        await sql`truncate public.cells, plain.cells`.execute(bare)
        for (const one of steps) {
          const got = await settle(run(sealed, one))
          if (isParapetError(got.failed) && refusals.has(got.failed.code)) {
            seen.refused++
            continue
          }
          const expected = await settle(run(plain, one))
          // PostgreSQL refuses the same statements for the same reason, such as a key that is there
          if (got.failed !== undefined || expected.failed !== undefined) {
            const codes = [got.failed, expected.failed].map((error) => (error as { code?: string } | undefined)?.code)
            if (codes[0] !== codes[1])
              throw new Error(`${one.kind}: sealed ${codes[0]}, plain ${codes[1]}`, { cause: got.failed ?? expected.failed })
            seen.failed++
            continue
          }
          expect(got.rows).toEqual(expected.rows)
          seen.same++
        }
        const all = await sealed.db.selectFrom('cells').selectAll().orderBy('a').orderBy('b').execute()
        const beside = await plain.db.selectFrom('cells').selectAll().orderBy('a').orderBy('b').execute()
        expect(all).toEqual(
          beside.map((row) => Object.assign(row, { doc: row.doc === null ? null : (JSON.parse(row.doc as string) as unknown) })),
        )
      }),
      { numRuns: 120 },
    )
    expect(seen.same).toBeGreaterThan(200)
    expect(seen.refused).toBeGreaterThan(100)
    expect(seen.failed).toBeGreaterThan(20)
  }, 60_000)
})
