import { systemClock } from '@parapet/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OpenKeyset } from '../encryption/index.js'
import { createSealedCodec } from '../sealed/codec.js'
import { createTestPlace, postgresHere, type TestPlace } from '../sealed/fixtures/test-place.js'
import { type PgPool, type Rotation, rotateColumns, scanKeyUse, type SealedColumnSpec } from './index.js'

const ACTOR = { kind: 'operator', id: 'o1', name: 'ann' } as const
const INDEX = { column: 'phone_index', normalize: ['phone'], bits: 64 } as const

describe.skipIf(!postgresHere.ok)(`rotating sealed columns on a real PostgreSQL${postgresHere.note}`, () => {
  let place: TestPlace
  let keyset: OpenKeyset
  let first: number

  const specs: readonly SealedColumnSpec[] = [
    { table: 'people', column: 'phone', type: 'text', tenant: { column: 'org' }, index: INDEX },
    { table: 'people', column: 'profile', type: 'json', tenant: { column: 'org' } },
    { table: 'people', column: 'photo', type: 'bytes', tenant: { column: 'org' } },
    { table: 'people', column: 'extra', type: 'text', tenant: { column: 'org' } },
  ]
  const rotation = (columns: readonly SealedColumnSpec[] = specs): Rotation =>
    rotateColumns({ columns }, { pool: place.pool, keys: keyset, clock: systemClock, audit: place.audit, actor: ACTOR })

  const insert = async (org: string, no: number): Promise<void> => {
    const row = [org, no]
    const codec = (column: string, type: 'text' | 'json' | 'bytes'): ReturnType<typeof createSealedCodec> =>
      createSealedCodec(keyset, { table: 'people', column, type })
    const phone = `+43 660 ${1_000_000 + no}`
    const index = keyset.blindIndex({ tenant: org, table: 'people', column: 'phone', normalize: INDEX.normalize, bits: INDEX.bits })
    await place.pool.query(
      'insert into people (org, no, phone, phone_index, profile, photo, extra) values ($1, $2, $3, $4, $5, $6, to_jsonb($7::text))',
      [
        org,
        no,
        codec('phone', 'text').seal(phone, row, org),
        index.of(phone),
        codec('profile', 'json').seal({ no, tags: ['a', 'ü'] }, row, org),
        codec('photo', 'bytes').seal(Buffer.from([0, 255, no % 256]), row, org),
        no % 3 === 0 ? null : codec('extra', 'text').seal(`extra ${no}`, row, org),
      ],
    )
  }

  beforeAll(async () => {
    place = await createTestPlace()
    keyset = await place.keys.open()
    first = keyset.cipher.primaryKeyId
    await place.pool.query(
      'create table people (org text, no int8, phone varchar(400), phone_index text, profile text, photo bytea, extra jsonb, primary key (org, no))',
    )
    for (let i = 0; i < 60; i++) await insert(i % 2 === 0 ? 'acme' : 'o\'brien "& sons"', i)
  }, 60_000)
  afterAll(() => place?.close(), 30_000)

  it('brings text, JSON, bytea and jsonb columns under the new key, with indexes, over a compound key', async () => {
    const second = await place.keys.addKey()
    await keyset.refresh()
    const before = await scanKeyUse({ pool: place.pool, clock: systemClock })
    expect(before.unread).toEqual([])
    // 60 phones, profiles and photos, 40 extras, 60 indexes
    expect(before.uses).toEqual({ [first]: 280 })

    const result = await rotation().run({ batchSize: 7 })
    expect(result.map(({ state, resealed, refused, keyId }) => ({ state, resealed, refused, keyId }))).toEqual([
      { state: 'done', resealed: 60, refused: 0, keyId: second },
      { state: 'done', resealed: 60, refused: 0, keyId: second },
      { state: 'done', resealed: 60, refused: 0, keyId: second },
      { state: 'done', resealed: 40, refused: 0, keyId: second },
    ])
    expect((await scanKeyUse({ pool: place.pool, clock: systemClock })).uses).toEqual({ [second]: 280 })
    for (const verified of await rotation().verify())
      expect(verified).toMatchObject({ problemCount: 0, byKey: { [second]: verified.values } })
    expect((await rotation().finish()).map(({ state }) => state)).toEqual(['finished', 'finished', 'finished', 'finished'])

    const { rows } = await place.pool.query<{
      org: string
      no: string
      phone: string
      profile: string
      photo: Buffer
      extra: string | null
    }>('select * from people order by no')
    for (const { org, no, phone, profile, photo, extra } of rows) {
      const open = (column: string, type: 'text' | 'json' | 'bytes', value: unknown): unknown =>
        createSealedCodec(keyset, { table: 'people', column, type }).open(value, [org, no], org)
      expect(open('phone', 'text', phone)).toBe(`+43 660 ${1_000_000 + Number(no)}`)
      expect(open('profile', 'json', profile)).toEqual({ no: Number(no), tags: ['a', 'ü'] })
      expect(open('photo', 'bytes', photo)).toEqual(Buffer.from([0, 255, Number(no)]))
      expect(open('extra', 'text', extra)).toBe(Number(no) % 3 === 0 ? null : `extra ${no}`)
    }
  })

  /** a table of its own for one test, with `rows` sealed values */
  const small = async (name: string, rows = 30): Promise<SealedColumnSpec> => {
    await place.pool.query(`create table ${name} (id int primary key, body text)`)
    const codec = createSealedCodec(keyset, { table: name, column: 'body', type: 'text' })
    for (let id = 1; id <= rows; id++) await place.pool.query(`insert into ${name} values ($1, $2)`, [id, codec.seal(`value ${id}`, [id])])
    return { table: name, column: 'body', type: 'text' }
  }
  const openAll = async (name: string): Promise<unknown[]> => {
    const { rows } = await place.pool.query<{ id: number; body: string }>(`select * from ${name} order by id`)
    const codec = createSealedCodec(keyset, { table: name, column: 'body', type: 'text' })
    return rows.map(({ id, body }) => codec.open(body, [id]))
  }

  it('leaves what does not open as it is, counts it, and does not finish before it is put right', async () => {
    const spec = await small('damaged')
    await place.keys.addKey()
    await keyset.refresh()
    const { rows } = await place.pool.query<{ body: string }>('select body from damaged where id = 2')
    await place.pool.query(`update damaged set body = $1 where id = 3`, [rows[0]?.body])
    await place.pool.query(`update damaged set body = 'plain text' where id = 4`)
    await place.pool.query(`update damaged set body = left(body, 60) where id = 5`)
    const before = (await place.pool.query('select id, body from damaged where id in (3, 4, 5) order by id')).rows
    for (let run = 0; run < 2; run++) expect(await rotation([spec]).run()).toMatchObject([{ state: 'running', refused: 3, resealed: 27 }])
    expect((await place.pool.query('select id, body from damaged where id in (3, 4, 5) order by id')).rows).toEqual(before)
    expect(await rotation([spec]).verify()).toMatchObject([
      {
        values: 30,
        problemCount: 3,
        problems: [
          { key: ['3'], why: 'PPT_SEALED_INVALID' },
          { key: ['4'], why: 'plain' },
          { key: ['5'], why: 'plain' },
        ],
      },
    ])
    await expect(rotation([spec]).finish()).rejects.toMatchObject({ code: 'PPT_SEAL_STATE' })
    expect(place.audited.at(-1)).toMatchObject({
      action: 'sealed_column.rotated',
      outcome: 'failure',
      actor: ACTOR,
      detail: { refused: 3 },
    })
    expect(JSON.stringify(place.audited)).not.toMatch(/value \d|plain text/)
    await place.pool.query('delete from damaged where id in (3, 4, 5)')
    expect(await rotation([spec]).run()).toMatchObject([{ state: 'done', refused: 0 }])
    expect(await rotation([spec]).finish()).toMatchObject([{ state: 'finished' }])
  })

  it('never overwrites what a writer changes between reading and writing', async () => {
    const spec = await small('raced')
    const older = await place.keys.open()
    await place.keys.addKey()
    await keyset.refresh()
    const codec = createSealedCodec(older, { table: 'raced', column: 'body', type: 'text' })
    // a pool whose connection lets the writer in between each batch's read and write
    let raced = 0
    const pool: PgPool = {
      query: (text, values) => place.pool.query(text, values),
      connect: async () => {
        const client = await place.pool.connect()
        return {
          release: (destroy) => client.release(destroy),
          query: async (text, values) => {
            if (text.includes('update "public"."raced"') && raced++ === 0)
              await place.pool.query('update raced set body = $1 where id = 7', [codec.seal('written in between', [7])])
            return client.query(text, values)
          },
        }
      },
    }
    const run = rotateColumns({ columns: [spec] }, { pool, keys: keyset, clock: systemClock, audit: place.audit, actor: ACTOR })
    expect(await run.run()).toMatchObject([{ state: 'done', resealed: 30, missed: 1 }])
    expect((await openAll('raced'))[6]).toBe('written in between')
    expect(await run.finish()).toMatchObject([{ state: 'finished' }])
  })

  let pacings = 0
  it('goes on where it stopped, begins anew for the next key, and keeps to its speed', async () => {
    const table = `paced_${++pacings}`
    const spec = await small(table, 40)
    await place.keys.addKey()
    await keyset.refresh()
    const abort = new AbortController()
    const stopped = rotation([spec])
      .run({ batchSize: 5, rowsPerSecond: 50, signal: abort.signal })
      .then(
        () => 'it went through',
        (error: unknown) => String(error),
      )
    // stopped by what it has done, not by the clock: a busy machine may not have begun by then
    while (((await rotation([spec]).status())[0]?.resealed ?? 0) < 5) await new Promise((resolve) => setTimeout(resolve, 10))
    abort.abort()
    expect(await stopped).toMatch(/abort/i)
    const [half] = await rotation([spec]).status()
    expect(half).toMatchObject({ state: 'running', pass: 1 })
    expect(half?.resealed).toBeGreaterThan(4)
    expect(half?.resealed).toBeLessThan(40)
    const started = performance.now()
    const [done] = await rotation([spec]).run({ batchSize: 5, rowsPerSecond: 200 })
    expect(done).toMatchObject({ state: 'done', resealed: 40 })
    // the rest of the first pass and one whole pass at 200 rows a second
    expect(performance.now() - started).toBeGreaterThan(180)
    // begun anew, it looks at everything and finds nothing to do
    expect(await rotation([spec]).run()).toMatchObject([{ state: 'done', resealed: 0, walked: 40 }])
    const next = await place.keys.addKey()
    await keyset.refresh()
    await expect(rotation([spec]).finish()).rejects.toMatchObject({ code: 'PPT_SEAL_STATE' })
    expect(await rotation([spec]).run()).toMatchObject([{ state: 'done', keyId: next, resealed: 40 }])
    expect(await openAll(table)).toEqual(Array.from({ length: 40 }, (_, i) => `value ${i + 1}`))
  })

  it('tells when a blind index does not belong to its value', async () => {
    await place.pool.query('update people set phone_index = (select phone_index from people where no = 2) where no = 4')
    expect(await rotation([specs[0]!]).verify()).toMatchObject([{ problemCount: 1, problems: [{ key: ['acme', '4'], why: 'index' }] }])
  })

  it.each<[string, string, SealedColumnSpec, string]>([
    ['a table without a key', 'create table no_key (body text)', { table: 'no_key', column: 'body', type: 'text' }, 'PPT_SEALED_CONTEXT'],
    [
      'a key whose text is not one',
      'create table time_key (at timestamptz primary key, body text)',
      { table: 'time_key', column: 'body', type: 'text' },
      'PPT_SEALED_CONTEXT',
    ],
    [
      'a number',
      'create table numbers (id int primary key, body int)',
      { table: 'numbers', column: 'body', type: 'text' },
      'PPT_SEALED_QUERY',
    ],
    ['a missing column', 'create table missing (id int primary key)', { table: 'missing', column: 'body', type: 'text' }, 'PPT_NOT_FOUND'],
    [
      'a missing tenant',
      'create table lonely (id int primary key, body text)',
      { table: 'lonely', column: 'body', type: 'text', tenant: { column: 'org' } },
      'PPT_NOT_FOUND',
    ],
  ])('refuses %s', async (_, ddl, spec, code) => {
    await place.pool.query(ddl)
    await expect(rotation([spec]).run()).rejects.toMatchObject({ code })
  })

  it('refuses to rotate nothing, and rows that row-level security would hide', async () => {
    await expect(
      rotateColumns({ columns: [] }, { pool: place.pool, keys: keyset, clock: systemClock, audit: place.audit, actor: ACTOR }).run(),
    ).rejects.toMatchObject({
      code: 'PPT_SEAL_STATE',
    })
    const spec = await small('hidden', 3)
    await place.pool.query(`alter table hidden enable row level security; alter table hidden force row level security;
      create policy p on hidden using (id = 1)`)
    await expect(rotation([spec]).run()).rejects.toMatchObject({ code: '42501' })
    const scan = await scanKeyUse({ pool: place.pool, clock: systemClock })
    expect(scan.unread).toEqual(['public.hidden: no permission for all of its rows'])
    await place.pool.query('drop table hidden')
  })

  it('refuses every swap of two cells, rows and tenants', async () => {
    const columns = ['phone', 'profile', 'extra'] as const
    await place.pool.query('create table swap (org text, no int, phone text, profile text, extra text, primary key (org, no))')
    const cells: { org: string; no: number; column: string; body: unknown }[] = []
    for (const org of ['acme', 'other'])
      for (const no of [1, 2])
        for (const column of columns) {
          const body = createSealedCodec(keyset, { table: 'swap', column, type: 'text' }).seal(`${org} ${no} ${column}`, [org, no], org)
          cells.push({ org, no, column, body })
          await place.pool.query(
            `insert into swap (org, no, ${column}) values ($1, $2, $3) on conflict (org, no) do update set ${column} = excluded.${column}`,
            [org, no, body],
          )
        }
    const verify = (): Promise<number[]> =>
      rotation(columns.map((column) => ({ table: 'swap', column, type: 'text', tenant: { column: 'org' } })))
        .verify()
        .then((all) => all.map(({ problemCount }) => problemCount))
    expect(await verify()).toEqual([0, 0, 0])
    const put = (cell: (typeof cells)[number], body: unknown): Promise<unknown> =>
      place.pool.query(`update swap set ${cell.column} = $3 where org = $1 and no = $2`, [cell.org, cell.no, body])
    let swaps = 0
    for (const a of cells)
      for (const b of cells) {
        if (cells.indexOf(a) >= cells.indexOf(b)) continue
        await put(a, b.body)
        await put(b, a.body)
        const found = await verify()
        expect(
          found.reduce((sum, n) => sum + n, 0),
          `${a.org} ${a.no} ${a.column} with ${b.org} ${b.no} ${b.column}`,
        ).toBe(2)
        await put(a, a.body)
        await put(b, b.body)
        swaps++
      }
    expect(swaps).toBe(66)
    await place.pool.query(`update swap set org = 'third' where org = 'acme' and no = 1`)
    expect(await verify()).toEqual([1, 1, 1])
  })
})
