import { randomBytes } from 'node:crypto'
import { systemClock } from '@parapet/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FieldContext, OpenKeyset } from '../encryption/index.js'
import { createTestPlace, postgresHere, type TestPlace } from '../sealed/fixtures/test-place.js'
import { startWriters } from './fixtures/kill.js'
import { type KeyUseScan, scanKeyUse } from './index.js'

const CELL: FieldContext = { tenant: '', table: 't', column: 'c', row: [1], type: 'text' }

describe.skipIf(!postgresHere.ok)(`scanning a real PostgreSQL for keys in use${postgresHere.note}`, () => {
  let place: TestPlace
  let keyset: OpenKeyset
  let [first, second]: [number, number] = [0, 0]
  let old: string

  beforeAll(async () => {
    place = await createTestPlace()
    keyset = await place.keys.open()
    first = keyset.cipher.primaryKeyId
    old = keyset.cipher.seal('under the first key', CELL)
    second = await place.keys.addKey()
    await keyset.refresh()
  }, 60_000)
  afterAll(() => place?.close(), 30_000)

  const seal = (): string => keyset.cipher.seal('x', CELL)
  const scan = (): Promise<KeyUseScan> => scanKeyUse({ pool: place.pool, clock: systemClock })
  const sql = (text: string, values: unknown[] = []): Promise<unknown> => place.pool.query(text, values)

  it('finds sealed values wherever text or bytes can lie, at any depth, and blind indexes', async () => {
    const index = keyset.blindIndex({ tenant: '', table: 't', column: 'c', normalize: [], bits: 32 }).of('x')
    await sql(`create schema "odd ""schema"; create domain secret as text; create domain secrets as secret[]; create type pair as (a text, b int);
      create table "odd ""schema"."odd 'table" (id int, "te""xt" text, chars varchar(400), fixed char(400), plain json, tree jsonb, raw bytea, raws bytea[],
        list text[], dom secret, doms secrets, comp pair, comps pair[], trees jsonb[], idx text, n int)`)
    const table = `"odd ""schema"."odd 'table"`
    await sql(
      `insert into ${table} values (1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, row($11, 1)::pair, array[row($12, 2)::pair], $13, $14, 5)`,
      [
        `before ${seal()} between ${old}, after`,
        seal(),
        seal(),
        JSON.stringify({ deep: [[{ very: [old] }]], text: JSON.stringify({ inner: seal() }) }),
        JSON.stringify({ [seal()]: [old, old] }),
        keyset.cipher.sealBytes('x', CELL),
        [keyset.cipher.sealBytes('x', CELL), Buffer.from(old), Buffer.from([1, 1])],
        [seal(), 'nothing', old],
        seal(),
        [seal(), seal()],
        seal(),
        seal(),
        [JSON.stringify({ a: seal() })],
        index,
      ],
    )
    const { columns, uses, unread, startedAt, finishedAt } = await scan()
    expect(unread).toEqual([])
    expect(startedAt).toBeLessThanOrEqual(finishedAt)
    const byName = new Map(columns.map((use) => [use.column.replace(`odd "schema.odd 'table.`, ''), use]))
    const one = { [second]: 1 }
    const expected: Record<string, object> = {
      'te"xt': { [first]: 1, [second]: 1 },
      chars: one,
      fixed: one,
      plain: { [first]: 1, [second]: 1 },
      tree: { [first]: 2, [second]: 1 },
      raw: one,
      raws: { [first]: 1, [second]: 1 },
      list: { [first]: 1, [second]: 1 },
      dom: one,
      doms: { [second]: 2 },
      comp: one,
      comps: one,
      trees: one,
      idx: {},
    }
    expect(Object.fromEntries([...byName].map(([name, { sealed }]) => [name, sealed]))).toEqual(expected)
    expect(byName.get('idx')?.indexes).toEqual(one)
    expect(uses).toEqual({ [first]: 6, [second]: 15 })
    await sql(`drop schema "odd ""schema" cascade`)
  })

  it('finds a value that JSON spells with escapes', async () => {
    await sql('create table escaped (doc json)')
    await sql('insert into escaped values ($1::text::json)', [`{"a": "\\u0070pt1.${old.slice(5)}"}`])
    expect((await scan()).uses).toEqual({ [first]: 1 })
    await sql('drop table escaped')
  })

  it('counts nothing that only looks like one', async () => {
    await sql('create table noise (t text, b bytea)')
    await sql(`insert into noise select 'ppt1. is a prefix, and so is ppt1.abc', null`)
    await sql(`insert into noise select md5(i::text), decode(md5(i::text), 'hex') from generate_series(1, 2000) as i`)
    await sql('insert into noise values ($1, $2)', [`ppt1.${'Zm9v'.repeat(40)}`, Buffer.concat([Buffer.from([1, 1]), randomBytes(20)])])
    const { uses, columns } = await scan()
    expect(uses).toEqual({})
    expect(columns).toEqual([{ column: 'public.noise.t', sealed: {}, indexes: {}, damaged: 3 }])
    await sql('drop table noise')
  })

  it('counts exactly while rows are moved about by writers, over many pages', async () => {
    await sql('create table busy (id int primary key, body text, pad text)')
    const bodies = Array.from({ length: 1500 }, (_, i) => (i % 3 === 0 ? old : i % 3 === 1 ? seal() : null))
    await sql(`insert into busy select i, b, repeat('x', 1500) from unnest($1::text[]) with ordinality as u(b, i)`, [bodies])
    const writers = startWriters([() => sql('update busy set pad = pad where id = (random() * 1500)::int').then(() => undefined)])
    for (let run = 0; run < 3; run++) expect((await scan()).uses).toEqual({ [first]: 500, [second]: 500 })
    expect(await writers.stop()).toBeGreaterThan(20)
    await sql('drop table busy')
  })

  it('looks into partitions and materialised views once, and not at temporary tables', async () => {
    await sql(`create table parts (id int, body text) partition by list (id);
      create table part_1 partition of parts for values in (1); create table part_2 partition of parts for values in (2)`)
    await sql('insert into parts values (1, $1), (2, $2), (2, $2)', [old, seal()])
    await sql('create materialized view seen as select body as copied from parts where id = 1')
    expect((await scan()).columns.map(({ column, sealed }) => [column, sealed])).toEqual([
      ['public.part_1.body', { [first]: 1 }],
      ['public.part_2.body', { [second]: 2 }],
      ['public.seen.copied', { [first]: 1 }],
    ])
    await sql('drop table parts cascade')
  })

  it('says what it could not read: then a zero is no proof', async () => {
    place.admin('create table closed (body text); revoke all on closed from public')
    await sql('select lo_create(0)')
    const { unread, uses } = await scan()
    expect(uses).toEqual({})
    expect(unread).toEqual(['1 large objects', 'public.closed: no permission for all of its rows'])
    place.admin('drop table closed')
    await sql('select lo_unlink(oid) from pg_largeobject_metadata')
    expect((await scan()).unread).toEqual([])
  })

  it('writes nothing, and keeps to its speed', async () => {
    await sql('create table slow (body text, pad text)')
    await sql(`insert into slow select $1, repeat('y', 1800) from generate_series(1, 3000)`, [old])
    const pages = `select pg_stat_get_xact_tuples_updated('slow'::regclass)::int as n`
    expect(await place.pool.query(pages)).toMatchObject({ rows: [{ n: 0 }] })
    const started = performance.now()
    const { uses } = await scanKeyUse({ pool: place.pool, clock: systemClock }, { rowsPerSecond: 6000 })
    expect(performance.now() - started).toBeGreaterThan(450)
    expect(uses).toEqual({ [first]: 3000 })
    const abort = new AbortController()
    abort.abort()
    await expect(scanKeyUse({ pool: place.pool, clock: systemClock }, { signal: abort.signal })).rejects.toThrow(/abort/i)
    await sql('drop table slow')
  })
})
