import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { systemClock } from '@parapet/core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { OpenKeyset } from '../../encryption/index.js'
import { createSealedCodec } from '../../sealed/codec.js'
import { createTestPlace, postgresHere, type TestPlace } from '../../sealed/fixtures/test-place.js'
import { type ColumnSealing, rotateColumns, scanKeyUse, sealColumn, type SealRequest } from '../index.js'

const ACTOR = { kind: 'system', id: 'test' } as const
const INDEX = { column: 'phone_index', normalize: ['phone'], bits: 64 } as const

type Row = { id: string; phone: string | null; phone_sealed: string | null; phone_index: string | null; phone_plain: string | null }

describe.skipIf(!postgresHere.ok)(`sealing a plain column that is in use${postgresHere.note}`, () => {
  let place: TestPlace
  let keyset: OpenKeyset
  let count = 0

  beforeAll(async () => {
    place = await createTestPlace()
    keyset = await place.keys.open()
  }, 60_000)
  afterAll(() => place?.close(), 30_000)

  const sealing = (request: Partial<SealRequest> & { table: string }): ColumnSealing =>
    sealColumn(
      { schema: 'public', column: 'phone', ...request },
      { pool: place.pool, keys: keyset, clock: systemClock, audit: place.audit, actor: ACTOR },
    )
  /** a fresh table of ten people of two tenants */
  const table = async (columns = 'phone text not null'): Promise<string> => {
    const name = `people_${++count}`
    await place.pool.query(`create table ${name} (id bigint primary key, org text, ${columns})`)
    if (columns.startsWith('phone text'))
      await place.pool.query(
        `insert into ${name} (id, org, phone) select i, 'org' || i % 2, '+4366055' || 10000 + i from generate_series(1, 10) as i`,
      )
    return name
  }
  const sealedValue = (name: string, id: number | string, phone: string, org = `org${Number(id) % 2}`): string =>
    String(createSealedCodec(keyset, { table: name, column: 'phone_sealed', type: 'text' }).seal(phone, [id], org))
  const opened = (name: string, id: number | string, value: unknown, org = `org${Number(id) % 2}`): unknown =>
    createSealedCodec(keyset, { table: name, column: 'phone_sealed', type: 'text' }).open(value, [id], org)
  const row = async (name: string, id: number): Promise<Row> =>
    (await place.pool.query<Row>(`select * from ${name} where id = $1`, [id])).rows[0]!
  /** the files of the database that hold a text */
  const inFiles = (text: string): string =>
    execFileSync('sh', ['-c', `grep -rlaF '${text}' "${join(place.folder, 'cluster/data/base')}" || true`], { encoding: 'utf8' })
  const withTenant = (name: string): ColumnSealing => sealing({ table: name, tenant: { column: 'org' }, index: INDEX })

  it('goes from plain to sealed with a writer of the old version at work, and nothing plain is left in the files', async () => {
    const name = await table('phone text not null unique')
    await place.pool.query(`insert into ${name} select i, 'org' || i % 2, '+43660777' || 10000 + i from generate_series(11, 3000) as i`)
    await place.pool.query(`analyze ${name}`)
    const work = withTenant(name)

    const { status, warnings } = await work.start()
    expect(status).toMatchObject({ state: 'dual', left: 3000, next: 'backfill', undo: true })
    expect(warnings).toEqual([expect.stringMatching(/^unique \S+ ends with the plain column; make one on the blind index/)])
    expect(await work.backfill({ batchSize: 100 })).toMatchObject({ state: 'backfilled', left: 0, sealed: 3000 })

    await place.pool.query(`update ${name} set phone = '+43660999001' where id = 1`)
    await place.pool.query(`insert into ${name} (id, org, phone) values (4000, 'org0', '+43660999002')`)
    await place.pool.query(`update ${name} set id = 5000, org = 'org9' where id = 2`)
    expect(await work.status()).toMatchObject({ left: 3 })
    await expect(work.cutOver()).rejects.toMatchObject({ code: 'PPT_SEAL_STATE' })
    expect(await work.verify()).toMatchObject({ rows: 3001, opened: 2998, left: 3, problemCount: 0 })
    expect(await work.cutOver()).toMatchObject({ state: 'cut', left: 0, next: 'finish' })
    place.admin('checkpoint')
    expect(inFiles('+43660777')).not.toBe('')

    await expect(place.pool.query(`update ${name} set phone = 'plain again' where id = 3`)).rejects.toMatchObject({ code: '42703' })
    await expect(place.pool.query(`insert into ${name} (id, org, phone_sealed) values (9, 'a', '+43660123')`)).rejects.toMatchObject({
      code: '23514',
    })
    await expect(place.pool.query(`insert into ${name} (id, org) values (9999, 'a')`)).rejects.toMatchObject({ code: '23514' })

    const { status: end, remains } = await work.finish()
    expect(end).toMatchObject({ state: 'finished', next: 'none', undo: false })
    expect(remains.join('\n')).toMatch(/backups[\s\S]*WAL[\s\S]*disk/)
    expect(remains.join('\n')).not.toContain('pg_statistic')
    const { rows } = await place.pool.query<Row & { org: string }>(`select * from ${name} order by id`)
    expect(Object.keys(rows[0]!)).toEqual(['id', 'org', 'phone_sealed', 'phone_index'])
    expect(rows).toHaveLength(3001)
    for (const { id, org, phone_sealed, phone_index } of rows) {
      const special: Record<string, string> = { 1: '+43660999001', 4000: '+43660999002', 5000: '+436605510002' }
      const phone = special[id] ?? (Number(id) <= 10 ? `+4366055${10000 + Number(id)}` : `+43660777${10000 + Number(id)}`)
      expect(opened(name, id, phone_sealed, org)).toBe(phone)
      expect(phone_index).toBe(keyset.blindIndex({ ...INDEX, tenant: org, table: name, column: 'phone_sealed' }).of(phone))
    }
    place.admin('checkpoint')
    expect(inFiles('org9')).not.toBe('')
    expect(inFiles('+43660777')).toBe('')
    expect(inFiles('+43660999')).toBe('')
    expect((await scanKeyUse({ pool: place.pool, clock: systemClock })).columns).toContainEqual({
      column: `public.${name}.phone_sealed`,
      sealed: { [keyset.cipher.primaryKeyId]: 3001 },
      indexes: {},
      damaged: 0,
    })
    // what was sealed here is found by a rotation without being named
    const rotation = rotateColumns({}, { pool: place.pool, keys: keyset, clock: systemClock, audit: place.audit, actor: ACTOR })
    expect((await rotation.run()).map(({ column, state }) => ({ column, state }))).toEqual([
      { column: `public.${name}.phone_sealed`, state: 'done' },
    ])
  })

  it('keeps both columns in step, whichever version of the application writes', async () => {
    const name = await table()
    const work = withTenant(name)
    await work.start()
    await work.backfill()
    const [before, query] = [await row(name, 1), (sql: string, values: unknown[]) => place.pool.query(sql, values)]
    expect(opened(name, 1, before.phone_sealed)).toBe('+436605510001')

    await query(`update ${name} set org = org, phone = phone where id = $1`, [1])
    expect(await row(name, 1)).toEqual(before)
    // the old version: the sealed copy is emptied, then sealed anew
    await query(`update ${name} set phone = '+1' where id = $1`, [1])
    expect(await row(name, 1)).toMatchObject({ phone: '+1', phone_sealed: null, phone_index: null })
    // a version that writes both, also when the value stays the same
    for (const phone of ['+2', '+2']) {
      await query(`update ${name} set phone = $2, phone_sealed = $3 where id = $1`, [1, phone, sealedValue(name, 1, phone)])
      const both = await row(name, 1)
      expect([both.phone, opened(name, 1, both.phone_sealed)]).toEqual(['+2', '+2'])
    }
    // the new version: the plain copy would be stale, so it goes
    await query(`update ${name} set phone_sealed = $2 where id = $1`, [1, sealedValue(name, 1, '+3')])
    const alone = await row(name, 1)
    expect([alone.phone, opened(name, 1, alone.phone_sealed)]).toEqual([null, '+3'])
    // one statement of many rows, and one of each kind after another in a transaction
    await query(`update ${name} set phone = '+4' || id where id > $1`, [8])
    const client = await place.pool.connect()
    await client.query('begin')
    await client.query(`update ${name} set phone = '+5' where id = 3`)
    await client.query(`update ${name} set phone_sealed = $1 where id = 4`, [sealedValue(name, 4, '+6')])
    await client.query('commit')
    client.release()
    expect(await row(name, 3)).toMatchObject({ phone: '+5', phone_sealed: null })
    expect((await row(name, 4)).phone).toBeNull()
    expect(await work.status()).toMatchObject({ left: 3 })

    // a key that changes takes the binding with it; where only the sealed value is left, it would be lost
    await query(`update ${name} set id = 50 where id = $1`, [5])
    expect(await row(name, 50)).toMatchObject({ phone: '+436605510005', phone_sealed: null })
    await expect(query(`update ${name} set id = 51 where id = $1`, [1])).rejects.toMatchObject({ code: '23514' })
    await expect(query(`update ${name} set org = 'x' where id = $1`, [1])).rejects.toMatchObject({ code: '23514' })
    // neither plain text in the sealed column nor sealed text in the plain one, nor a row with none
    await expect(query(`update ${name} set phone_sealed = 'plain' where id = $1`, [1])).rejects.toMatchObject({ code: '23514' })
    await expect(query(`insert into ${name} (id, phone) values (60, $1)`, [sealedValue(name, 60, '+1')])).rejects.toMatchObject({
      code: '23514',
    })
    await expect(query(`insert into ${name} (id) values ($1)`, [61])).rejects.toMatchObject({ code: '23514' })
  })

  it.each(['added', 'dual', 'backfilled', 'verified', 'cut'] as const)('goes back from %s, with what was written since', async (state) => {
    const name = await table('phone text not null default $$x$$')
    await place.pool.query(`alter table ${name} alter column phone drop default`)
    const work = withTenant(name)
    const functions = async (): Promise<unknown> =>
      (await place.pool.query(`select 1 from pg_proc where proname like 'parapet_%'`)).rowCount
    const before = await functions()
    await work.start()
    if (state === 'added') await place.pool.query(`update parapet_sealings set state = 'added' where table_name = $1`, [name])
    if (state !== 'added' && state !== 'dual') await work.backfill()
    if (state === 'verified' || state === 'cut') await work.verify()
    if (state === 'cut') await work.cutOver()
    expect((await work.status())?.state).toBe(state)
    await place.pool.query(`update ${name} set phone_sealed = $1 where id = 1`, [sealedValue(name, 1, 'written sealed')])
    await place.pool.query(`insert into ${name} (id, org, phone_sealed) values (77, 'org1', $1)`, [
      sealedValue(name, 77, 'inserted sealed'),
    ])
    await work.undo()
    expect(await work.status()).toBeUndefined()
    const { rows, fields } = await place.pool.query<{ id: string; phone: string }>(`select * from ${name} order by id`)
    expect(fields.map(({ name: field }) => field)).toEqual(['id', 'org', 'phone'])
    expect(rows.map(({ phone }) => phone)).toEqual([
      'written sealed',
      ...[2, 3, 4, 5, 6, 7, 8, 9, 10].map((i) => `+4366055${10_000 + i}`),
      'inserted sealed',
    ])
    await expect(place.pool.query(`update ${name} set phone = null`)).rejects.toMatchObject({ code: '23502' })
    expect((await place.pool.query(`select 1 from pg_trigger where tgrelid = '${name}'::regclass`)).rowCount).toBe(0)
    expect(await functions()).toBe(before)
    expect(await work.start()).toMatchObject({ status: { state: 'dual', left: 11 } })
    await work.undo()
  })

  it('goes back only as long as every value opens', async () => {
    const name = await table()
    const work = withTenant(name)
    await work.start()
    await work.backfill()
    await work.verify()
    await work.cutOver()
    const wrong = sealedValue(name, 2, 'of another row')
    await place.pool.query(`update ${name} set phone_sealed = $1 where id = 1`, [wrong])
    await expect(work.finish()).rejects.toMatchObject({ code: 'PPT_SEAL_STATE', detail: expect.stringContaining('1 values do not open') })
    await expect(work.undo()).rejects.toMatchObject({ code: 'PPT_SEAL_STATE' })
    expect((await row(name, 1)).phone_sealed).toBe(wrong)
    await place.pool.query(`update ${name} set phone_sealed = $1 where id = 1`, [sealedValue(name, 1, 'right')])
    await work.undo()
    expect(await row(name, 1)).toEqual({ id: '1', org: 'org1', phone: 'right' })
  })

  it('is not verified when a dual version writes something else, or for another row', async () => {
    const name = await table()
    const work = withTenant(name)
    await work.start()
    await work.backfill()
    const both = (id: number, phone: string, value: string): Promise<unknown> =>
      place.pool.query(`update ${name} set phone = $2, phone_sealed = $3 where id = $1`, [id, phone, value])
    await both(1, 'a', sealedValue(name, 1, 'b'))
    await both(2, 'a', sealedValue(name, 3, 'a'))
    const { problems } = await work.verify()
    expect(problems).toEqual([
      { key: ['1'], why: 'differs' },
      { key: ['2'], why: 'PPT_SEALED_INVALID' },
    ])
    await expect(work.cutOver()).rejects.toMatchObject({ code: 'PPT_SEAL_STATE' })
    expect(place.audited.at(-1)).toMatchObject({
      action: 'sealed_column.verified',
      outcome: 'failure',
      resource: { id: `public.${name}.phone_sealed` },
    })
  })

  it.each([
    ['jsonb', `'{"a": [1, "ü"], "b": null}'`, 'text'],
    ['json', `'{"b":1, "a": "x"}'`, 'text'],
    ['bytea', `'\\x00ff10'`, 'bytea'],
    ['varchar(40)', `'short'`, 'bytea'],
    ['numeric(12,4)', '1234.5000', 'text'],
    ['date', `'2026-11-20'`, 'text'],
    ['char(8)', `'ab'`, 'text'],
    ['uuid', `'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'`, 'text'],
    ['inet', `'10.0.0.0/8'`, 'text'],
  ] as const)('seals %s and brings the same value back', async (type, literal, storage) => {
    const name = await table(`secret ${type}`)
    await place.pool.query(`insert into ${name} (id, secret) values (1, ${literal}), (2, null)`)
    const before = (await place.pool.query(`select id, secret::text as text from ${name} order by id`)).rows
    const work = sealing({ table: name, column: 'secret', storage })
    await work.start()
    await work.backfill()
    expect(await work.verify()).toMatchObject({ opened: 1, problemCount: 0 })
    await work.cutOver()
    await place.pool.query(`update ${name} set secret_plain = null`)
    await work.undo()
    expect((await place.pool.query(`select id, secret::text as text from ${name} order by id`)).rows).toEqual(before)
  })

  it('compares JSON by what it says, not by how it is spelled', async () => {
    const name = await table('profile jsonb')
    await place.pool.query(`insert into ${name} (id, profile) values (1, '{"b": 1, "a": 2}')`)
    const work = sealing({ table: name, column: 'profile' })
    await work.start()
    await work.backfill()
    const codec = createSealedCodec(keyset, { table: name, column: 'profile_sealed', type: 'json' })
    await place.pool.query(`update ${name} set profile = '{"x": [1]}', profile_sealed = $1`, [codec.seal({ x: [1] }, [1])])
    expect(await work.verify()).toMatchObject({ opened: 1, problemCount: 0 })
    await place.pool.query(`update ${name} set profile = '{"x": [2]}', profile_sealed = $1`, [codec.seal({ x: [1] }, [1])])
    expect(await work.verify()).toMatchObject({ problemCount: 1, problems: [{ why: 'differs' }] })
  })

  it.each<[string, string, Partial<SealRequest>, string]>([
    ['a column without a table key', 'create table $ (phone text)', {}, 'PPT_SEALED_CONTEXT'],
    ['a key of a floating type', 'create table $ (id float8 primary key, phone text)', {}, 'PPT_SEALED_CONTEXT'],
    ['a part of the key', 'create table $ (phone text primary key)', {}, 'PPT_SEAL_STATE'],
    ['a default', `create table $ (id int primary key, phone text default 'x')`, {}, 'PPT_SEAL_STATE'],
    ['a generated column', `create table $ (id int primary key, phone text generated always as ('x') stored)`, {}, 'PPT_SEAL_STATE'],
    [
      'what another generated column reads',
      `create table $ (id int primary key, phone text, g text generated always as (upper(phone)) stored)`,
      {},
      'PPT_SEAL_STATE',
    ],
    ['what a view shows', 'create table $ (id int primary key, phone text); create view $v as select phone from $', {}, 'PPT_SEAL_STATE'],
    [
      'what a foreign key needs',
      'create table $ (id int primary key, phone text unique); create table $f (p text references $ (phone))',
      {},
      'PPT_SEAL_STATE',
    ],
    [
      'what a policy reads',
      `create table $ (id int primary key, phone text); create policy p on $ using (phone = 'x')`,
      {},
      'PPT_SEAL_STATE',
    ],
    ['a partitioned table', 'create table $ (id int primary key, phone text) partition by range (id)', {}, 'PPT_SEAL_STATE'],
    ['an array', 'create table $ (id int primary key, phone text[])', {}, 'PPT_SEAL_STATE'],
    ['a time with a zone', 'create table $ (id int primary key, phone timestamptz)', {}, 'PPT_SEAL_STATE'],
    ['a name that is taken', 'create table $ (id int primary key, phone text, phone_sealed text)', {}, 'PPT_SEAL_STATE'],
    ['an index on JSON', 'create table $ (id int primary key, phone jsonb)', { index: INDEX }, 'PPT_SEAL_STATE'],
    ['a tenant that is not there', 'create table $ (id int primary key, phone text)', { tenant: { column: 'org' } }, 'PPT_NOT_FOUND'],
    ['a column that is not there', 'create table $ (id int primary key)', {}, 'PPT_NOT_FOUND'],
    ['a table that is not there', 'select 1', {}, 'PPT_NOT_FOUND'],
    ['a name that is none', 'create table $ (id int primary key, phone text)', { sealedColumn: 'x'.repeat(64) }, 'PPT_INVALID'],
  ])('refuses %s, and changes nothing', async (_, ddl, request, code) => {
    const name = `refused_${++count}`
    await place.pool.query(ddl.replaceAll('$v', `${name}_v`).replaceAll('$f', `${name}_f`).replaceAll('$', name))
    const columns = async (): Promise<unknown> =>
      (await place.pool.query(`select count(*) from information_schema.columns where table_name = '${name}'`)).rows
    const before = await columns()
    await expect(sealing({ table: name, ...request }).start()).rejects.toMatchObject({ code })
    expect(await columns()).toEqual(before)
    expect(await sealing({ table: name }).status()).toBeUndefined()
  })

  it('takes names that look like SQL, and compound keys', async () => {
    const name = `we"ird'; drop table x; --`
    const quoted = '"we""ird\'; drop table x; --"'
    await place.pool.query(`create table ${quoted} ("ke""y" text, "select" int, "pho'ne" text, primary key ("ke""y", "select"))`)
    await place.pool.query(`insert into ${quoted} select 'k''"' || i % 3, i, 'plain ' || i from generate_series(1, 25) as i`)
    const work = sealing({ table: name, column: `pho'ne` })
    await work.start()
    await work.backfill({ batchSize: 4 })
    expect(await work.verify({ batchSize: 4 })).toMatchObject({ opened: 25, problemCount: 0 })
    await work.cutOver()
    expect((await work.finish()).status.state).toBe('finished')
    const { rows } = await place.pool.query<Record<string, string>>(`select * from ${quoted} where "select" = 7`)
    const codec = createSealedCodec(keyset, { table: name, column: `pho'ne_sealed`, type: 'text' })
    expect(codec.open(rows[0]?.[`pho'ne_sealed`], [`k'"1`, 7])).toBe('plain 7')
    await place.pool.query(`drop table ${quoted}`)
    await place.pool.query(`delete from parapet_sealed_columns`)
  })

  it('says what comes next, refuses steps out of order and a second run at the same time', async () => {
    const name = await table()
    const work = withTenant(name)
    for (const step of ['backfill', 'verify', 'cutOver', 'finish', 'undo'] as const)
      await expect(work[step]()).rejects.toMatchObject({ code: 'PPT_SEAL_STATE' })
    await work.start()
    await expect(work.verify()).rejects.toMatchObject({
      code: 'PPT_SEAL_STATE',
      detail: expect.stringMatching(/is dual.*next is backfill/),
    })
    await expect(work.finish()).rejects.toMatchObject({ code: 'PPT_SEAL_STATE' })
    const slow = work.backfill({ rowsPerSecond: 5, batchSize: 2 })
    await vi.waitFor(async () => expect((await place.pool.query(`select 1 from pg_locks where locktype = 'advisory'`)).rowCount).toBe(1))
    await expect(work.backfill({ limits: { waitForRunMs: 100 } })).rejects.toMatchObject({
      code: 'PPT_SEAL_STATE',
      detail: expect.stringContaining('another run'),
    })
    expect(await slow).toMatchObject({ state: 'backfilled' })
    const abort = new AbortController()
    abort.abort()
    await expect(work.verify({ signal: abort.signal })).rejects.toThrow(/abort/i)
    expect(await work.start()).toMatchObject({ status: { state: 'backfilled' } })
    await work.verify()
    await work.cutOver()
    await expect(work.start()).rejects.toMatchObject({ code: 'PPT_SEAL_STATE' })
    expect((await work.finish({ rewrite: false })).status).toMatchObject({ state: 'dropped', next: 'finish', undo: false })
    await expect(work.undo()).rejects.toMatchObject({ code: 'PPT_SEAL_STATE' })
    expect((await work.finish()).status.state).toBe('finished')
    expect(
      place.audited.filter(({ resource }) => resource.id === `public.${name}.phone_sealed`).map(({ action }) => action.split('.')[1]),
    ).toEqual(['added', 'dual', 'backfilled', 'verified', 'cut_over', 'plain_dropped', 'finished'])
  })
})
