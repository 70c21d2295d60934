import { CamelCasePlugin, type Generated, Kysely, PostgresDialect, type SelectQueryBuilder, sql } from 'kysely'
import { jsonArrayFrom } from 'kysely/helpers/postgres'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { OpenKeyset } from '../encryption/index.js'
import { createTestPlace, postgresHere, type TestPlace } from '../sealed/fixtures/test-place.js'
import { sealedColumns, type SealedColumns } from './index.js'

type Tables = {
  users: {
    id: number
    org: string
    name: string
    phone: string | null
    phone_index: string | null
    profile: unknown
    photo: Buffer | null
    email: string | null
    email_index: string | null
  }
  notes: { id: number; user_id: number; phone: string; body: string | null }
  pairs: { a: string; b: string; secret: string | null }
  log: { id: Generated<number>; line: string }
}

describe.skipIf(!postgresHere.ok)(`sealed columns with Kysely on a real PostgreSQL${postgresHere.note}`, () => {
  let place: TestPlace
  let keyset: OpenKeyset
  let plugin: SealedColumns
  let db: Kysely<Tables>
  let bare: Kysely<Tables>

  beforeAll(async () => {
    place = await createTestPlace()
    keyset = await place.keys.open()
    await sql`create table users (id int primary key, org text not null, name text, phone text check (phone like 'ppt1.%'), phone_index text,
      profile text check (profile like 'ppt1.%'), photo bytea, email text check (email like 'ppt1.%'), email_index text unique)`.execute(
      (bare = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: place.pool }) })),
    )
    await sql`create table notes (id int primary key, user_id int, phone text, body text check (body like 'ppt1.%'))`.execute(bare)
    await sql`create table pairs (a text, b text, secret text check (secret like 'ppt1.%'), primary key (a, b))`.execute(bare)
    await sql`create table log (id serial primary key, line text)`.execute(bare)
    plugin = sealedColumns({
      keyset,
      tables: {
        users: {
          primaryKey: ['id'],
          tenant: 'org',
          columns: {
            phone: { type: 'text', index: { column: 'phone_index', normalize: ['phone'], bits: 32 } },
            email: { type: 'text', index: { column: 'email_index', normalize: ['email'], bits: 128 } },
            profile: { type: 'json' },
            photo: { type: 'bytes' },
          },
        },
        notes: { primaryKey: ['id'], columns: { body: { type: 'text' } } },
        pairs: { primaryKey: ['a', 'b'], columns: { secret: { type: 'text' } } },
      },
    })
    db = bare.withPlugin(plugin)
  }, 60_000)
  afterAll(() => place?.close(), 30_000)

  const ann = {
    id: 1,
    org: 'acme',
    name: 'Ann',
    phone: '+43 660 1',
    profile: { vip: true },
    photo: Buffer.from([1, 2]),
    email: 'Ann@example.com',
  }
  const bob = { id: 2, org: 'acme', name: 'Bob', phone: '+43 660 2', profile: [1], photo: null, email: null }
  const cy = { id: 3, org: 'other', name: 'Cy', phone: null, profile: null, photo: null, email: 'cy@example.com' }
  const users = (): SelectQueryBuilder<Tables, 'users', object> => db.selectFrom('users')

  beforeEach(async () => {
    for (const table of ['users', 'notes', 'pairs', 'log'] as const) await sql`truncate ${sql.table(table)}`.execute(bare)
    await db
      .insertInto('users')
      .values([ann, bob, cy] as never)
      .execute()
    await db
      .insertInto('notes')
      .values([
        { id: 10, user_id: 1, phone: 'plain of a note', body: 'secret body' },
        { id: 11, user_id: 2, phone: 'other', body: null },
      ])
      .execute()
  })

  it('writes sealed values and indexes, and gives plain ones back', async () => {
    const stored = await bare.selectFrom('users').selectAll().orderBy('id').execute()
    expect(stored[0]).toMatchObject({ phone: expect.stringMatching(/^ppt1\./), phone_index: expect.stringMatching(/^ppi1\./) })
    expect(stored[0]?.photo?.subarray(0, 2)).toEqual(Buffer.from([1, 1]))
    expect(stored[2]).toMatchObject({ phone: null, phone_index: null, profile: null })
    expect(JSON.stringify(stored)).not.toMatch(/660 1|vip|example/)
    const rows = await users().selectAll().orderBy('id').execute()
    expect(rows).toMatchObject([ann, bob, cy])
    expect(Object.keys(rows[0]!)).toEqual(['id', 'org', 'name', 'phone', 'phone_index', 'profile', 'photo', 'email', 'email_index'])
  })

  const rowsOf = (query: { execute: () => Promise<unknown> }): Promise<unknown> => query.execute()

  it.each<[string, () => { execute: () => Promise<unknown> }, unknown]>([
    ['one column, without its key', () => users().select('phone').where('id', '=', 1), [{ phone: ann.phone }]],
    ['an alias', () => users().select('phone as p').where('id', '=', 1), [{ p: ann.phone }]],
    [
      'an aliased table',
      () => db.selectFrom('users as u').select(['u.phone', 'u.id']).where('u.id', '=', 2),
      [{ phone: bob.phone, id: 2 }],
    ],
    [
      'the same column twice under two names',
      () => users().select(['phone as a', 'phone as b']).where('id', '=', 1),
      [{ a: ann.phone, b: ann.phone }],
    ],
    ['null', () => users().select('phone').where('id', '=', 3), [{ phone: null }]],
    ['is null', () => users().select('id').where('phone', 'is', null), [{ id: 3 }]],
    ['is not null', () => users().select('id').where('phone', 'is not', null).orderBy('id'), [{ id: 1 }, { id: 2 }]],
    ['no row', () => users().selectAll().where('id', '=', 99), []],
    [
      'a join, with a plain column of the same name on the other side',
      () =>
        db
          .selectFrom('users as u')
          .innerJoin('notes as n', 'n.user_id', 'u.id')
          .select(['u.phone', 'n.phone as note_phone', 'n.body'])
          .orderBy('u.id'),
      [
        { phone: ann.phone, note_phone: 'plain of a note', body: 'secret body' },
        { phone: bob.phone, note_phone: 'other', body: null },
      ],
    ],
    [
      'a left join without a match',
      () =>
        db
          .selectFrom('users')
          .leftJoin('notes', 'notes.user_id', 'users.id')
          .select(['users.id', 'notes.body', 'users.phone'])
          .where('users.id', '=', 3),
      [{ id: 3, body: null, phone: null }],
    ],
    [
      'the table joined with itself',
      () =>
        db.selectFrom('users as a').innerJoin('users as b', 'b.id', 'a.id').select(['a.phone as x', 'b.phone as y']).where('a.id', '=', 1),
      [{ x: ann.phone, y: ann.phone }],
    ],
    [
      'selectAll of one side of a join',
      () => db.selectFrom('notes').innerJoin('users', 'users.id', 'notes.user_id').selectAll('notes').where('notes.id', '=', 10),
      [{ id: 10, user_id: 1, phone: 'plain of a note', body: 'secret body' }],
    ],
    [
      'a sub-query in FROM',
      () =>
        db
          .selectFrom((eb) => eb.selectFrom('users').select(['name', 'phone as p']).where('id', '<', 3).as('d'))
          .select(['d.p', 'd.name'])
          .orderBy('d.name'),
      [
        { p: ann.phone, name: 'Ann' },
        { p: bob.phone, name: 'Bob' },
      ],
    ],
    [
      'a sub-query in FROM of the same database object',
      () => db.selectFrom(db.selectFrom('users').selectAll().where('id', '=', 1).as('d')).select(['d.phone', 'd.profile']),
      [{ phone: ann.phone, profile: ann.profile }],
    ],
    [
      'selectAll over a sub-query',
      () => db.selectFrom((eb) => eb.selectFrom('users').select(['id', 'phone']).where('id', '=', 2).as('d')).selectAll(),
      [{ id: 2, phone: bob.phone }],
    ],
    [
      'two levels of sub-queries',
      () =>
        db
          .selectFrom((eb) =>
            eb
              .selectFrom((inner) => inner.selectFrom('users').select(['id', 'phone as p1']).as('i'))
              .select(['i.p1 as p2'])
              .where('i.id', '=', 1)
              .as('o'),
          )
          .select('o.p2 as p3'),
      [{ p3: ann.phone }],
    ],
    [
      'a CTE',
      () =>
        db
          .with('c', (q) => q.selectFrom('users').select(['id', 'phone']).where('id', '=', 1))
          .selectFrom('c')
          .selectAll(),
      [{ id: 1, phone: ann.phone }],
    ],
    [
      'two CTEs, one reading the other',
      () =>
        db
          .with('a', (q) => q.selectFrom('users').select(['id', 'phone as tel']))
          .with('b', (q) => q.selectFrom('a').selectAll().where('a.id', '=', 2))
          .selectFrom('b')
          .select('tel'),
      [{ tel: bob.phone }],
    ],
    [
      'a CTE that inserts',
      () =>
        db
          .with('n', (q) => q.insertInto('notes').values({ id: 12, user_id: 3, phone: 'x', body: 'from a CTE' }).returning(['id', 'body']))
          .selectFrom('n')
          .selectAll(),
      [{ id: 12, body: 'from a CTE' }],
    ],
    [
      'a CTE that inserts, of the same database object',
      () =>
        db
          .with('n', () => db.insertInto('notes').values({ id: 13, user_id: 3, phone: 'x', body: 'once' }).returning(['id', 'body']))
          .selectFrom('n')
          .select('body'),
      [{ body: 'once' }],
    ],
    [
      'a lateral join',
      () =>
        db
          .selectFrom('users as u')
          .innerJoinLateral(
            (eb) => eb.selectFrom('notes').select(['notes.body as b']).whereRef('notes.user_id', '=', 'u.id').as('l'),
            (join) => join.onTrue(),
          )
          .select(['u.phone', 'l.b'])
          .where('u.id', '=', 1),
      [{ phone: ann.phone, b: 'secret body' }],
    ],
    ['count(*)', () => users().select((eb) => eb.fn.countAll<string>().as('n')), [{ n: '3' }]],
    [
      'exists with a sealed column inside',
      () =>
        db
          .selectFrom('log')
          .select('line')
          .where((eb) => eb.exists(eb.selectFrom('users').select('phone'))),
      [],
    ],
    ['a group by the key', () => users().select(['id', 'phone']).groupBy('id').having('id', '=', 1), [{ id: 1, phone: ann.phone }]],
    [
      'distinct on another column',
      () => users().distinctOn('org').select(['org', 'phone']).orderBy('org').orderBy('id').limit(1),
      [{ org: 'acme', phone: ann.phone }],
    ],
    ['equality by the index', () => users().select('id').where('org', '=', 'acme').where('phone', '=', '+436601'), [{ id: 1 }]],
    [
      'equality in any spelling',
      () => users().select('phone').where('users.org', '=', 'acme').where('users.phone', '=', '0043 660-1'),
      [{ phone: ann.phone }],
    ],
    [
      'in by the index',
      () => users().select('id').where('org', '=', 'acme').where('phone', 'in', ['+43 660 2', '+43 660 1', 'none']).orderBy('id'),
      [{ id: 1 }, { id: 2 }],
    ],
    [
      'eb.and',
      () =>
        users()
          .select('id')
          .where((eb) => eb.and({ org: 'acme', phone: '+43 660 2' })),
      [{ id: 2 }],
    ],
    ['another tenant', () => users().select('id').where('org', '=', 'other').where('phone', '=', '+43 660 1'), []],
    [
      'or, with a long index',
      () =>
        users()
          .select('id')
          .where('org', '=', 'acme')
          .where((eb) => eb.or([eb('email', '=', 'ann@EXAMPLE.com'), eb('id', '=', 2)]))
          .orderBy('id'),
      [{ id: 1 }, { id: 2 }],
    ],
    [
      'count by a long index',
      () =>
        users()
          .select((eb) => eb.fn.countAll<string>().as('n'))
          .where('org', '=', 'acme')
          .where('email', '=', 'ann@example.com'),
      [{ n: '1' }],
    ],
    [
      'raw SQL that leaves sealed columns alone',
      () =>
        users()
          .select([sql<string>`upper(name)`.as('n'), 'phone'])
          .where('id', '=', 1),
      [{ n: 'ANN', phone: ann.phone }],
    ],
    [
      'insert returning',
      () =>
        db
          .insertInto('users')
          .values({ ...ann, id: 7, email: null } as never)
          .returning(['phone', 'photo as p']),
      [{ phone: ann.phone, p: ann.photo }],
    ],
    [
      'insert returning all',
      () => db.insertInto('notes').values({ id: 20, user_id: 1, phone: 'n', body: 'b' }).returningAll(),
      [{ id: 20, user_id: 1, phone: 'n', body: 'b' }],
    ],
    [
      'insert of rows that lack a column',
      () =>
        db
          .insertInto('notes')
          .values([
            { id: 21, user_id: 1, phone: 'n', body: 'b' },
            { id: 22, user_id: 1, phone: 'n' },
          ] as never)
          .returning('body'),
      [{ body: 'b' }, { body: null }],
    ],
    [
      'insert of a compound key',
      () => db.insertInto('pairs').values({ a: 'x', b: 'y', secret: 's' }).returningAll(),
      [{ a: 'x', b: 'y', secret: 's' }],
    ],
    [
      'update by key',
      () =>
        db
          .updateTable('users')
          .set({ phone: '+43 1', name: 'A' })
          .where('id', '=', 1)
          .where('org', '=', 'acme')
          .returning(['phone', 'name']),
      [{ phone: '+43 1', name: 'A' }],
    ],
    [
      'update of an aliased table',
      () => db.updateTable('users as u').set({ phone: '+43 2' }).where('u.id', '=', 1).where('u.org', '=', 'acme').returning('u.phone'),
      [{ phone: '+43 2' }],
    ],
    [
      'update of many rows to null',
      () => db.updateTable('users').set({ phone: null }).where('id', '<', 3).returning(['id', 'phone', 'phone_index']),
      [
        { id: 1, phone: null, phone_index: null },
        { id: 2, phone: null, phone_index: null },
      ],
    ],
    [
      'update of other columns of many rows',
      () => db.updateTable('users').set({ name: 'x' }).returning('phone'),
      [{ phone: ann.phone }, { phone: bob.phone }, { phone: null }],
    ],
    ['delete returning', () => db.deleteFrom('users').where('id', '=', 1).returning('phone'), [{ phone: ann.phone }]],
    [
      'delete by a long index',
      () => db.deleteFrom('users').where('org', '=', 'other').where('email', '=', 'CY@example.com').returning('id'),
      [{ id: 3 }],
    ],
    [
      'upsert on the key with the excluded value',
      () =>
        db
          .insertInto('notes')
          .values([
            { id: 10, user_id: 1, phone: 'n', body: 'newer' },
            { id: 30, user_id: 1, phone: 'n', body: 'new' },
          ])
          .onConflict((oc) => oc.column('id').doUpdateSet((eb) => ({ body: eb.ref('excluded.body') })))
          .returning(['id', 'body']),
      [
        { id: 10, body: 'newer' },
        { id: 30, body: 'new' },
      ],
    ],
    [
      'upsert on the key with a value',
      () =>
        db
          .insertInto('notes')
          .values({ id: 10, user_id: 1, phone: 'n', body: 'first' })
          .onConflict((oc) => oc.column('id').doUpdateSet({ body: 'second' }))
          .returning('body'),
      [{ body: 'second' }],
    ],
    [
      'upsert that does nothing',
      () =>
        db
          .insertInto('users')
          .values(ann as never)
          .onConflict((oc) => oc.doNothing())
          .returning('id'),
      [],
    ],
    ['no statement of its own', () => db.selectFrom('log').selectAll(), []],
  ])('handles %s', async (_, query, expected) => {
    expect(await rowsOf(query())).toEqual(expected)
  })

  const secret = '+43 660 1'
  it.each<[string, 'PPT_SEALED_QUERY' | 'PPT_SEALED_CONTEXT' | 'PPT_INVALID', () => { execute: () => Promise<unknown> }]>([
    ['order by', 'PPT_SEALED_QUERY', () => users().select('id').orderBy('phone')],
    ['order by its alias', 'PPT_SEALED_QUERY', () => users().select('phone as p').orderBy('p')],
    [
      'order by its number',
      'PPT_SEALED_QUERY',
      () =>
        users()
          .select('phone')
          .orderBy(sql`1`),
    ],
    [
      'group by',
      'PPT_SEALED_QUERY',
      () =>
        users()
          .select((eb) => eb.fn.countAll().as('n'))
          .groupBy('phone'),
    ],
    [
      'group by its alias',
      'PPT_SEALED_QUERY',
      () =>
        users()
          .select('phone as p')
          .groupBy('p' as never),
    ],
    ['having', 'PPT_SEALED_QUERY', () => users().select('org').groupBy('org').having('phone', '=', secret)],
    ['distinct', 'PPT_SEALED_QUERY', () => users().select('phone').distinct()],
    ['distinct with *', 'PPT_SEALED_QUERY', () => users().selectAll().distinct()],
    ['distinct on', 'PPT_SEALED_QUERY', () => users().select('id').distinctOn('phone')],
    ['like', 'PPT_SEALED_QUERY', () => users().select('id').where('phone', 'like', '+43%')],
    ['greater', 'PPT_SEALED_QUERY', () => users().select('id').where('phone', '>', secret)],
    ['not equal', 'PPT_SEALED_QUERY', () => users().select('id').where('org', '=', 'acme').where('phone', '!=', secret)],
    ['not in', 'PPT_SEALED_QUERY', () => users().select('id').where('org', '=', 'acme').where('phone', 'not in', [secret])],
    [
      'between',
      'PPT_SEALED_QUERY',
      () =>
        users()
          .select('id')
          .where((eb) => eb.between('phone', 'a', 'b')),
    ],
    ['equality without an index', 'PPT_SEALED_QUERY', () => db.selectFrom('notes').select('id').where('body', '=', 'secret body')],
    [
      'equality with a column',
      'PPT_SEALED_QUERY',
      () =>
        db
          .selectFrom('users')
          .innerJoin('notes', 'notes.user_id', 'users.id')
          .select('users.id')
          .whereRef('users.phone', '=', 'notes.phone'),
    ],
    [
      'equality with a column, the other way round',
      'PPT_SEALED_QUERY',
      () => db.selectFrom('users').innerJoin('notes', 'notes.phone', 'users.phone').select('users.id'),
    ],
    [
      'equality with a sub-query',
      'PPT_SEALED_QUERY',
      () =>
        users()
          .select('id')
          .where('phone', '=', (eb) => eb.selectFrom('log').select('line').limit(1)),
    ],
    [
      'in a sub-query of it',
      'PPT_SEALED_QUERY',
      () =>
        db
          .selectFrom('notes')
          .select('id')
          .where('phone', 'in', (eb) => eb.selectFrom('users').select('phone') as never),
    ],
    ['equality by the index without the tenant', 'PPT_SEALED_QUERY', () => users().select('id').where('phone', '=', secret)],
    [
      'a short index under OR',
      'PPT_SEALED_QUERY',
      () =>
        users()
          .select('id')
          .where('org', '=', 'acme')
          .where((eb) => eb.or([eb('phone', '=', secret), eb('id', '=', 2)])),
    ],
    [
      'a short index under NOT',
      'PPT_SEALED_QUERY',
      () =>
        users()
          .select('id')
          .where('org', '=', 'acme')
          .where((eb) => eb.not(eb('phone', '=', secret))),
    ],
    [
      'a short index in a count',
      'PPT_SEALED_QUERY',
      () =>
        users()
          .select((eb) => eb.fn.countAll().as('n'))
          .where('org', '=', 'acme')
          .where('phone', '=', secret),
    ],
    ['a short index in a delete', 'PPT_SEALED_QUERY', () => db.deleteFrom('users').where('org', '=', 'acme').where('phone', '=', secret)],
    [
      'a short index in an update',
      'PPT_SEALED_QUERY',
      () => db.updateTable('users').set({ name: 'x' }).where('org', '=', 'acme').where('phone', '=', secret),
    ],
    [
      'a short index in a join',
      'PPT_SEALED_QUERY',
      () =>
        db
          .selectFrom('notes')
          .innerJoin('users', (join) => join.onRef('users.id', '=', 'notes.user_id').on('users.phone', '=', secret))
          .select('notes.id')
          .where('users.org', '=', 'acme'),
    ],
    [
      'a short index in a sub-query',
      'PPT_SEALED_QUERY',
      () =>
        db
          .selectFrom((eb) => eb.selectFrom('users').select('id').where('org', '=', 'acme').where('phone', '=', secret).as('d'))
          .selectAll(),
    ],
    [
      'a filter on the outside of a sub-query',
      'PPT_SEALED_QUERY',
      () =>
        db
          .selectFrom((eb) => eb.selectFrom('users').select(['id', 'email']).as('d'))
          .select('d.id')
          .where('d.email', '=', 'a'),
    ],
    ['a function', 'PPT_SEALED_QUERY', () => users().select((eb) => eb.fn('upper', ['phone']).as('x'))],
    ['an aggregate', 'PPT_SEALED_QUERY', () => users().select((eb) => eb.fn.max('phone').as('x'))],
    ['count of it', 'PPT_SEALED_QUERY', () => users().select((eb) => eb.fn.count('phone').as('x'))],
    ['coalesce', 'PPT_SEALED_QUERY', () => users().select((eb) => eb.fn.coalesce('phone', 'name').as('x'))],
    ['case', 'PPT_SEALED_QUERY', () => users().select((eb) => eb.case().when('id', '=', 1).then(eb.ref('phone')).else('x').end().as('x'))],
    ['a cast', 'PPT_SEALED_QUERY', () => users().select((eb) => eb.cast('phone', 'text').as('x'))],
    [
      'a window',
      'PPT_SEALED_QUERY',
      () =>
        users().select((eb) =>
          eb.fn
            .countAll()
            .over((ob) => ob.partitionBy('phone'))
            .as('x'),
        ),
    ],
    ['the row as JSON', 'PPT_SEALED_QUERY', () => users().select((eb) => eb.fn.toJson('users').as('x'))],
    ['rows as a JSON list', 'PPT_SEALED_QUERY', () => users().select((eb) => eb.fn.jsonAgg('users').as('x'))],
    ['the row by its name', 'PPT_SEALED_QUERY', () => users().select((eb) => eb.fn('to_jsonb', ['users' as never]).as('x'))],
    [
      'jsonArrayFrom',
      'PPT_SEALED_QUERY',
      () => db.selectFrom('log').select((eb) => jsonArrayFrom(eb.selectFrom('users').select('phone')).as('x')),
    ],
    [
      'a scalar sub-query',
      'PPT_SEALED_QUERY',
      () => db.selectFrom('notes').select((eb) => eb.selectFrom('users').select('phone').limit(1).as('x')),
    ],
    ['union', 'PPT_SEALED_QUERY', () => users().select('phone').unionAll(db.selectFrom('notes').select('phone'))],
    [
      'union, second part',
      'PPT_SEALED_QUERY',
      () =>
        db
          .selectFrom('notes')
          .select('phone')
          .unionAll(users().select('phone') as never),
    ],
    ['two columns of one name', 'PPT_SEALED_QUERY', () => db.selectFrom('users as a').innerJoin('users as b', 'b.id', 'a.id').selectAll()],
    [
      'a bare name of two tables',
      'PPT_SEALED_QUERY',
      () =>
        db
          .selectFrom('users as a')
          .innerJoin('users as b', 'b.id', 'a.id')
          .select('phone' as never),
    ],
    [
      'a correlated bare name',
      'PPT_SEALED_QUERY',
      () =>
        users()
          .select('id')
          .where((eb) =>
            eb.exists(
              eb
                .selectFrom('log')
                .select('id')
                .where('phone' as never, '=', 'x' as never),
            ),
          ),
    ],
    [
      'a correlated name',
      'PPT_SEALED_QUERY',
      () =>
        users().select((eb) =>
          eb
            .selectFrom('log')
            .select('users.phone' as never)
            .as('x'),
        ),
    ],
    ['raw SQL in a select', 'PPT_SEALED_QUERY', () => users().select(sql<string>`upper(phone)`.as('x'))],
    ['quoted raw SQL', 'PPT_SEALED_QUERY', () => users().select(sql<string>`upper("users"."phone")`.as('x'))],
    [
      'a raw table',
      'PPT_SEALED_QUERY',
      () =>
        db
          .selectFrom(sql<Tables['users']>`users`.as('u'))
          .select('u.phone')
          .where('u.phone', '=', secret),
    ],
    [
      'a raw table to update',
      'PPT_SEALED_QUERY',
      () => db.updateTable(sql<Tables['notes']>`notes`.as('n') as never).set({ body: 'plain' } as never),
    ],
    [
      'a raw table by name',
      'PPT_SEALED_QUERY',
      () => db.selectFrom(sql<Tables['users']>`(select * from ${sql.table('users')})`.as('u')).selectAll(),
    ],
    ['a raw sub-query', 'PPT_SEALED_QUERY', () => db.selectFrom('log').select(sql`(select max(phone) from users)`.as('x'))],
    ['sql.ref', 'PPT_SEALED_QUERY', () => users().select(sql<string>`upper(${sql.ref('users.phone')})`.as('x'))],
    ['sql.id', 'PPT_SEALED_QUERY', () => users().select(sql<string>`upper(${sql.id('phone')})`.as('x'))],
    [
      'raw SQL in a where',
      'PPT_SEALED_QUERY',
      () =>
        users()
          .select('id')
          .where(sql<boolean>`phone is not null`),
    ],
    [
      'raw SQL in an order',
      'PPT_SEALED_QUERY',
      () =>
        users()
          .select('id')
          .orderBy(sql`lower(phone)`),
    ],
    ['insert without the key', 'PPT_SEALED_CONTEXT', () => db.insertInto('notes').values({ user_id: 1, phone: 'x', body: 'b' } as never)],
    [
      'insert with a computed key',
      'PPT_SEALED_CONTEXT',
      () => db.insertInto('notes').values({ id: sql<number>`1 + 1`, user_id: 1, phone: 'x', body: 'b' }),
    ],
    ['insert without the tenant', 'PPT_SEALED_CONTEXT', () => db.insertInto('users').values({ id: 9, phone: 'x' } as never)],
    ['insert of half a compound key', 'PPT_SEALED_CONTEXT', () => db.insertInto('pairs').values({ a: 'x', secret: 's' } as never)],
    [
      'insert of a fraction as a key',
      'PPT_SEALED_CONTEXT',
      () => db.insertInto('notes').values({ id: 1.5, user_id: 1, phone: 'x', body: 'b' }),
    ],
    [
      'insert of raw SQL',
      'PPT_SEALED_QUERY',
      () => db.insertInto('notes').values({ id: 9, user_id: 1, phone: 'x', body: sql<string>`'plain'` }),
    ],
    [
      'insert from a select',
      'PPT_SEALED_QUERY',
      () =>
        db
          .insertInto('notes')
          .columns(['id', 'body'])
          .expression(db.selectFrom('log').select(['id', 'line'])),
    ],
    ['insert from a select without columns', 'PPT_SEALED_QUERY', () => db.insertInto('notes').expression(db.selectFrom('log').selectAll())],
    [
      'insert of sealed text from a select',
      'PPT_SEALED_QUERY',
      () => db.insertInto('log').columns(['line']).expression(db.selectFrom('users').select('phone')),
    ],
    ['insert of the index by hand', 'PPT_SEALED_QUERY', () => db.insertInto('users').values({ ...ann, id: 9, phone_index: 'x' })],
    ['insert of a number', 'PPT_INVALID', () => db.insertInto('notes').values({ id: 9, user_id: 1, phone: 'x', body: 5 as never })],
    ['insert of half a surrogate', 'PPT_INVALID', () => db.insertInto('notes').values({ id: 9, user_id: 1, phone: 'x', body: '\ud800' })],
    ['update without a key', 'PPT_SEALED_CONTEXT', () => db.updateTable('users').set({ phone: 'x' })],
    [
      'update of some rows',
      'PPT_SEALED_CONTEXT',
      () => db.updateTable('users').set({ phone: 'x' }).where('id', 'in', [1, 2]).where('org', '=', 'acme'),
    ],
    [
      'update by a key under OR',
      'PPT_SEALED_CONTEXT',
      () =>
        db
          .updateTable('notes')
          .set({ body: 'x' })
          .where((eb) => eb.or([eb('id', '=', 1), eb('id', '=', 2)])),
    ],
    ['update without the tenant', 'PPT_SEALED_CONTEXT', () => db.updateTable('users').set({ phone: 'x' }).where('id', '=', 1)],
    ['update by half a compound key', 'PPT_SEALED_CONTEXT', () => db.updateTable('pairs').set({ secret: 'x' }).where('a', '=', 'x')],
    [
      'update by the key of another table',
      'PPT_SEALED_CONTEXT',
      () => db.updateTable('notes').from('log').set({ body: 'x' }).where('log.id', '=', 1),
    ],
    ['update of the key', 'PPT_SEALED_CONTEXT', () => db.updateTable('notes').set({ id: 99 }).where('id', '=', 10)],
    ['update of the tenant', 'PPT_SEALED_CONTEXT', () => db.updateTable('users').set({ org: 'other' }).where('id', '=', 1)],
    [
      'update with raw SQL',
      'PPT_SEALED_QUERY',
      () =>
        db
          .updateTable('notes')
          .set({ body: sql<string>`'plain'` })
          .where('id', '=', 10),
    ],
    [
      'update with another column',
      'PPT_SEALED_QUERY',
      () =>
        db
          .updateTable('notes')
          .set((eb) => ({ body: eb.ref('phone') }))
          .where('id', '=', 10),
    ],
    [
      'update of a plain column with a sealed one',
      'PPT_SEALED_QUERY',
      () =>
        db
          .updateTable('notes')
          .set((eb) => ({ phone: eb.ref('body') as never }))
          .where('id', '=', 10),
    ],
    [
      'upsert on another column',
      'PPT_SEALED_CONTEXT',
      () =>
        db
          .insertInto('users')
          .values(ann)
          .onConflict((oc) => oc.column('email_index').doUpdateSet({ phone: 'x' })),
    ],
    [
      'upsert where the tenant is not in the key',
      'PPT_SEALED_CONTEXT',
      () =>
        db
          .insertInto('users')
          .values(ann)
          .onConflict((oc) => oc.column('id').doUpdateSet((eb) => ({ phone: eb.ref('excluded.phone') }))),
    ],
    [
      'upsert with one value for many rows',
      'PPT_SEALED_CONTEXT',
      () =>
        db
          .insertInto('notes')
          .values([
            { id: 1, user_id: 1, phone: '', body: 'a' },
            { id: 2, user_id: 1, phone: '', body: 'a' },
          ])
          .onConflict((oc) => oc.column('id').doUpdateSet({ body: 'x' })),
    ],
    [
      'upsert with another excluded column',
      'PPT_SEALED_QUERY',
      () =>
        db
          .insertInto('notes')
          .values({ id: 1, user_id: 1, phone: '', body: 'a' })
          .onConflict((oc) => oc.column('id').doUpdateSet((eb) => ({ body: eb.ref('excluded.phone') }))),
    ],
    [
      'upsert of a plain column with the sealed excluded one',
      'PPT_SEALED_QUERY',
      () =>
        db
          .insertInto('notes')
          .values({ id: 1, user_id: 1, phone: '', body: 'a' })
          .onConflict((oc) => oc.column('id').doUpdateSet((eb) => ({ phone: eb.ref('excluded.body') as never }))),
    ],
    [
      'merge that updates a matched row',
      'PPT_SEALED_CONTEXT',
      () => db.mergeInto('notes').using('log', 'log.id', 'notes.id').whenMatched().thenUpdateSet({ body: 'x' }),
    ],
    [
      'merge that inserts a reference',
      'PPT_SEALED_QUERY',
      () =>
        db
          .mergeInto('notes')
          .using('log', 'log.id', 'notes.id')
          .whenNotMatched()
          .thenInsertValues((eb) => ({ id: 1, user_id: 1, phone: '', body: eb.ref('log.line') })),
    ],
    [
      'a recursive CTE',
      'PPT_SEALED_QUERY',
      () =>
        db
          .withRecursive('c', (q) => q.selectFrom('users').select('phone'))
          .selectFrom('c')
          .selectAll(),
    ],
    [
      'a CTE with other names',
      'PPT_SEALED_QUERY',
      () =>
        db
          .with('c(x)', (q) => q.selectFrom('users').select('phone') as never)
          .selectFrom('c' as never)
          .selectAll(),
    ],
  ])('refuses %s with %s', async (_, code, query) => {
    await expect((async () => query().execute())()).rejects.toMatchObject({ code })
  })

  it('lets MERGE insert values and set null', async () => {
    await sql`insert into log (id, line) values (10, 'x'), (50, 'y')`.execute(bare)
    await db
      .mergeInto('notes')
      .using('log', 'log.id', 'notes.id')
      .whenMatched()
      .thenUpdateSet({ body: null, phone: 'matched' })
      .whenNotMatched()
      .thenInsertValues({ id: 50, user_id: 1, phone: 'merged', body: 'sealed by merge' })
      .execute()
    expect(await db.selectFrom('notes').select(['id', 'phone', 'body']).where('id', 'in', [10, 50]).orderBy('id').execute()).toEqual([
      { id: 10, phone: 'matched', body: null },
      { id: 50, phone: 'merged', body: 'sealed by merge' },
    ])
  })

  it('refuses raw statements on sealed columns, and whatever brings sealed text back some other way', async () => {
    const raw = (query: ReturnType<typeof sql>): Promise<unknown> => (async () => query.execute(db))()
    for (const query of [
      sql`select phone from users`,
      sql`select ${sql.ref('phone')} from ${sql.table('users')}`,
      sql`select "users".* from users where "phone" is not null`,
      sql`insert into users values (1, 'a')`,
      sql`update notes set phone = 'x'`,
      // no name of a column in it: what comes out is caught
      sql`select * from users`,
      sql`select to_json(u) from users u`,
      sql`select json_agg(u) as deep from users u`,
      sql`select array_agg(u::text) as list from users u`,
    ])
      await expect(raw(query)).rejects.toMatchObject({ code: 'PPT_SEALED_QUERY' })
    await sql`create or replace view people as select id, phone as number, photo from users`.execute(bare)
    await expect(
      (db as Kysely<never>)
        .selectFrom('people' as never)
        .selectAll()
        .execute(),
    ).rejects.toMatchObject({ code: 'PPT_SEALED_QUERY' })
    await sql`drop view people`.execute(bare)
    expect((await sql`select count(*)::int as n from users`.execute(db)).rows).toEqual([{ n: 3 }])
    // text that only looks sealed, written by anybody into a plain column, does not stop a query
    const fake = `ppt1.${'AQEAAAAB'.padEnd(120, 'A')}`
    await db
      .insertInto('log')
      .values({ line: `see ${fake}` })
      .execute()
    expect(await db.selectFrom('log').select('line').execute()).toEqual([{ line: `see ${fake}` }])
  })

  it('does not open a value that was moved to another row, column or tenant', async () => {
    const stored = await bare.selectFrom('users').select(['id', 'phone', 'email']).where('id', '=', 1).executeTakeFirstOrThrow()
    const refused = async (): Promise<void> => {
      await expect(users().select(['id', 'phone', 'email']).execute()).rejects.toMatchObject({ code: 'PPT_SEALED_INVALID' })
    }
    await bare.updateTable('users').set({ phone: stored.phone }).where('id', '=', 2).execute()
    await refused()
    await bare.updateTable('users').set({ phone: stored.email }).where('id', '=', 1).execute()
    await refused()
    await bare.updateTable('users').set({ phone: null }).where('id', '<', 3).execute()
    expect(await users().select(['id', 'phone', 'email']).execute()).toHaveLength(3)
    await bare.updateTable('users').set({ org: 'evil' }).where('id', '=', 1).execute()
    await refused()
  })

  it('sorts out the collisions of a short index, and says so where a limit would hide a row', async () => {
    const phones = (): SelectQueryBuilder<Tables, 'users', { id: number }> =>
      users().select('id').where('org', '=', 'acme').where('phone', '=', '+43 660 1')
    const index = (await bare.selectFrom('users').select('phone_index').where('id', '=', 1).executeTakeFirstOrThrow()).phone_index
    await bare.updateTable('users').set({ phone_index: index }).where('id', '=', 2).execute()
    expect(await bare.selectFrom('users').select('id').where('phone_index', '=', index).execute()).toHaveLength(2)
    expect(await phones().execute()).toEqual([{ id: 1 }])
    await expect(phones().limit(1).orderBy('id', 'desc').execute()).rejects.toMatchObject({ code: 'PPT_SEALED_QUERY' })
  })

  it('works in transactions, explains, and takes the tenant of the moment', async () => {
    let tenant = 't1'
    const other = bare.withPlugin(
      sealedColumns({ keyset, tables: { notes: { primaryKey: ['id'], tenant: () => tenant, columns: { body: { type: 'text' } } } } }),
    )
    await other.transaction().execute(async (trx) => {
      await trx.insertInto('notes').values({ id: 77, user_id: 1, phone: '', body: 'of t1' }).execute()
      expect(await trx.selectFrom('notes').select('body').where('id', '=', 77).execute()).toEqual([{ body: 'of t1' }])
    })
    const plan = await other.selectFrom('notes').select('body').where('id', '=', 77).explain()
    expect(plan.map((row) => Object.keys(row).join())).toContain('QUERY PLAN')
    tenant = 't2'
    await expect(other.selectFrom('notes').select('body').where('id', '=', 77).execute()).rejects.toMatchObject({
      code: 'PPT_SEALED_INVALID',
    })
  })

  it('gives single columns to statements of its own making', async () => {
    const phone = plugin.sealed('users.phone')
    const stored = phone.seal('+43 660 9', [5], 'acme')
    await place.pool.query('insert into users (id, org, phone, phone_index) values (5, $1, $2, $3)', [
      'acme',
      stored,
      phone.indexValues('+43 660 9', 'acme')[0],
    ])
    expect(await users().select(['id', 'phone']).where('org', '=', 'acme').where('phone', '=', '+43 660 9').execute()).toEqual([
      { id: 5, phone: '+43 660 9' },
    ])
    expect(phone.open(stored, [5], 'acme')).toBe('+43 660 9')
    expect(() => plugin.sealed('users.name')).toThrow(/table and a column/)
    expect(() => plugin.sealed('notes.body').indexValues('x')).toThrow(/blind index/)
  })

  it('finds what was written under an older key', async () => {
    const before = keyset.cipher.primaryKeyId
    await place.keys.addKey()
    await keyset.refresh()
    expect(keyset.cipher.primaryKeyId).not.toBe(before)
    expect(await users().select(['id', 'phone']).where('org', '=', 'acme').where('phone', '=', '+43 660 1').execute()).toEqual([
      { id: 1, phone: '+43 660 1' },
    ])
  })

  it('works behind a plugin that renames columns', async () => {
    type Card = { cardId: number; cardNumber: string | null; cardNumberIndex?: Generated<string | null>; ownerName: string }
    await sql`create table user_cards (card_id int primary key, card_number text check (card_number like 'ppt1.%'), card_number_index text, owner_name text)`.execute(
      bare,
    )
    const index = { column: 'card_number_index', normalize: ['digits'], bits: 32 } as const
    const tables = { user_cards: { primaryKey: ['card_id'], columns: { card_number: { type: 'text', index } } } } as const
    const camel = (bare as unknown as Kysely<{ userCards: Card }>)
      .withPlugin(new CamelCasePlugin())
      .withPlugin(sealedColumns({ keyset, tables }))
    const byHand = camel.insertInto('userCards').values({ cardId: 1, cardNumber: '4111 1111', cardNumberIndex: 'x', ownerName: 'Ann' })
    await expect((async () => byHand.execute())()).rejects.toMatchObject({ code: 'PPT_SEALED_QUERY' })
    await camel.insertInto('userCards').values({ cardId: 1, cardNumber: '4111 1111', ownerName: 'Ann' }).execute()
    expect(await camel.selectFrom('userCards').select(['cardNumber', 'ownerName']).execute()).toEqual([
      { cardNumber: '4111 1111', ownerName: 'Ann' },
    ])
    expect(await camel.selectFrom('userCards').select('cardNumber as theNumber').where('cardNumber', '=', '41111111').execute()).toEqual([
      { theNumber: '4111 1111' },
    ])
    const derived = camel.selectFrom((eb) => eb.selectFrom('userCards').selectAll().as('d')).select('d.cardNumber')
    expect(await derived.execute()).toEqual([{ cardNumber: '4111 1111' }])
  })

  it('works in another schema, and refuses what a later plugin has changed between', async () => {
    await sql`create schema if not exists other; create table other.notes (id int primary key, user_id int, phone text, body text check (body like 'ppt1.%'))`.execute(
      bare,
    )
    const other = db.withSchema('other')
    await other.insertInto('notes').values({ id: 1, user_id: 1, phone: 'p', body: 'in another schema' }).execute()
    expect(await other.updateTable('notes').set({ body: 'changed' }).where('id', '=', 1).returning(['id', 'body']).execute()).toEqual([
      { id: 1, body: 'changed' },
    ])
    expect(
      await other
        .with('c', (q) => q.selectFrom('notes').select(['id', 'body']))
        .selectFrom('c')
        .selectAll()
        .execute(),
    ).toEqual([{ id: 1, body: 'changed' }])
    expect(await other.selectFrom('notes as n').select('n.body').execute()).toEqual([{ body: 'changed' }])
    const twice = (): Promise<unknown> => other.selectFrom(other.selectFrom('notes').select('body').as('d')).selectAll().execute()
    await expect((async () => twice())()).rejects.toMatchObject({ code: 'PPT_SEALED_QUERY' })
  })
})
