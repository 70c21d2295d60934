import * as fc from 'fast-check'
import { isParapetError } from '@parapet/core'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestPlace, postgresHere, type TestPlace } from '../sealed/fixtures/test-place.js'
import { sealedColumns } from './index.js'

fc.configureGlobal({ seed: 20_261_121 })

type User = {
  id: number
  org: string
  name: string
  phone: string | null
  email: string | null
  email_index?: string | null
  phone_index?: string | null
}
type Tables = { users: User; notes: { id: number; user_id: number; body: string | null; phone: string } }

/** A query over the same tables, built for a sealed and for a plain database alike. */
type Shape = {
  readonly base: 'users' | 'alias' | 'join' | 'left' | 'derived' | 'derivedDb' | 'cte' | 'nested'
  readonly columns: readonly ('id' | 'name' | 'phone' | 'email' | 'renamed' | 'star')[]
  readonly filters: readonly ('id' | 'phone' | 'phones' | 'email' | 'either' | 'null' | 'notNull' | 'like' | 'not' | 'exists' | 'raw')[]
  readonly tenant: boolean
  readonly order: 'none' | 'id' | 'phone' | 'renamed' | 'name'
  readonly extra: 'none' | 'distinct' | 'limit' | 'group' | 'union' | 'count'
  readonly value: string
}

const shape: fc.Arbitrary<Shape> = fc.record({
  base: fc.constantFrom('users', 'alias', 'join', 'left', 'derived', 'derivedDb', 'cte', 'nested'),
  columns: fc.uniqueArray(fc.constantFrom('id', 'name', 'phone', 'email', 'renamed', 'star'), { minLength: 1, maxLength: 4 }),
  filters: fc.uniqueArray(fc.constantFrom('id', 'phone', 'phones', 'email', 'either', 'null', 'notNull', 'like', 'not', 'exists', 'raw'), {
    maxLength: 2,
  }),
  tenant: fc.constantFrom(true, true, true, false),
  order: fc.constantFrom('none', 'none', 'none', 'id', 'id', 'name', 'phone', 'renamed'),
  extra: fc.constantFrom('none', 'none', 'none', 'none', 'none', 'none', 'distinct', 'limit', 'group', 'union', 'count'),
  value: fc.constantFrom('+43 1', '+43 2', '+43 3', 'nobody'),
})

// the shapes are chosen at run time, so Kysely's types cannot follow them
type Query = Record<string, (...args: unknown[]) => Query> & { execute: () => Promise<Record<string, unknown>[]> }
type Builder = Record<string, (...args: unknown[]) => unknown>

const start = (db: Kysely<Tables>, { base }: Shape): { readonly query: Query; readonly at: string } => {
  const inner = (eb: Kysely<Tables>): unknown =>
    eb.selectFrom('users').select(['id', 'org', 'name', 'phone', 'email', 'email as tel'] as never)
  const any = db as unknown as Record<string, (...args: unknown[]) => Query>
  const sub = (eb: unknown): unknown => (inner(eb as Kysely<Tables>) as Query)['as']?.('d')
  switch (base) {
    case 'users':
      return { query: any['selectFrom']!('users'), at: 'users' }
    case 'alias':
      return { query: any['selectFrom']!('users as u'), at: 'u' }
    case 'join':
      return { query: any['selectFrom']!('users as u')['innerJoin']!('notes as n', 'n.user_id', 'u.id'), at: 'u' }
    case 'left':
      return { query: any['selectFrom']!('notes as n')['leftJoin']!('users as u', 'u.id', 'n.user_id'), at: 'u' }
    case 'derived':
      return { query: any['selectFrom']!(sub), at: 'd' }
    case 'derivedDb':
      return { query: any['selectFrom']!(sub(db)), at: 'd' }
    case 'cte':
      return { query: any['with']!('c', inner)['selectFrom']!('c'), at: 'c' }
    case 'nested':
    default:
      return {
        query: any['selectFrom']!((eb: Kysely<Tables>) => (eb.selectFrom(sub as never) as unknown as Query)['selectAll']!()['as']!('o')),
        at: 'o',
      }
  }
}

const filter = (query: Query, kind: Shape['filters'][number], at: string, value: string): Query => {
  const where = (...args: unknown[]): Query => query['where']!(...args)
  switch (kind) {
    case 'id':
      return where(`${at}.id`, '<', 3)
    case 'phone':
      return where(`${at}.phone`, '=', value)
    case 'phones':
      return where(`${at}.phone`, 'in', [value, '+43 1'])
    case 'email':
      return where(`${at}.email`, '=', 'b@x')
    case 'either':
      return where((eb: Builder & ((...args: unknown[]) => unknown)) => eb['or']!([eb(`${at}.email`, '=', 'b@x'), eb(`${at}.id`, '=', 1)]))
    case 'null':
      return where(`${at}.phone`, 'is', null)
    case 'notNull':
      return where(`${at}.email`, 'is not', null)
    case 'like':
      return where(`${at}.phone`, 'like', '%1')
    case 'not':
      return where((eb: Builder & ((...args: unknown[]) => unknown)) => eb['not']!(eb(`${at}.email`, '=', 'b@x')))
    case 'exists':
      return where((eb: Builder) =>
        eb['exists']!((eb['selectFrom']!('notes as z') as Query)['select']!('z.body')['whereRef']!('z.user_id', '=', `${at}.id`)),
      )
    case 'raw':
    default:
      return where(sql`length(${sql.ref(`${at}.name`)}) > 1`)
  }
}

const build = (db: Kysely<Tables>, one: Shape): Query => {
  const { query: from, at } = start(db, one)
  let query = from
  if (one.extra === 'count')
    query = query['select']!((eb: { fn: { countAll: () => { as: (name: string) => unknown } } }) => eb.fn.countAll().as('n'))
  else
    for (const column of one.columns) {
      if (column === 'star') query = query['selectAll']!(at)
      else query = query['select']!(column === 'renamed' ? `${at}.phone as renamed` : `${at}.${column}`)
    }
  if (one.tenant) query = query['where']!(`${at}.org`, '=', 'acme')
  for (const kind of one.filters) query = filter(query, kind, at, one.value)
  if (one.extra === 'group') query = query['groupBy']!(`${at}.id`)
  if (one.extra === 'distinct') query = query['distinct']!()
  if (one.extra === 'union')
    query = query['union']!(db.selectFrom('notes').select(one.columns.map((_, i) => sql.lit(i).as(`c${i}`)) as never))
  if (one.order !== 'none') query = query['orderBy']!(one.order === 'renamed' ? 'renamed' : `${at}.${one.order}`)
  return one.extra === 'limit' ? query['limit']!(2) : query
}

/** The rows without index columns, in an order of their own: a query without ORDER BY promises none. */
const comparable = (rows: readonly Record<string, unknown>[]): readonly string[] =>
  rows
    .map((row) =>
      JSON.stringify(
        Object.entries(row)
          .filter(([name]) => !name.endsWith('_index'))
          .toSorted(([a], [b]) => (a < b ? -1 : 1)),
      ),
    )
    .toSorted()

const outcome = async (run: () => Query): Promise<readonly string[] | { readonly failed: unknown }> => {
  try {
    return comparable(await run().execute())
  } catch (failed) {
    return { failed }
  }
}

describe.skipIf(!postgresHere.ok)(`a sealed database beside a plain one${postgresHere.note}`, () => {
  let place: TestPlace
  let sealed: Kysely<Tables>
  let plain: Kysely<Tables>
  let inFiles: Kysely<Tables>

  beforeAll(async () => {
    place = await createTestPlace()
    const keyset = await place.keys.open()
    inFiles = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: place.pool }) })
    for (const schema of ['public', 'plain']) {
      await sql`create schema if not exists ${sql.id(schema)}`.execute(inFiles)
      await sql`create table ${sql.id(schema, 'users')} (id int primary key, org text, name text, phone text, phone_index text, email text, email_index text)`.execute(
        inFiles,
      )
      await sql`create table ${sql.id(schema, 'notes')} (id int primary key, user_id int, body text, phone text)`.execute(inFiles)
    }
    sealed = inFiles.withPlugin(
      sealedColumns({
        keyset,
        tables: {
          users: {
            primaryKey: ['id'],
            tenant: 'org',
            columns: {
              phone: { type: 'text', index: { column: 'phone_index', normalize: ['phone'], bits: 32 } },
              email: { type: 'text', index: { column: 'email_index', normalize: ['email'], bits: 96 } },
            },
          },
          notes: { primaryKey: ['id'], columns: { body: { type: 'text' } } },
        },
      }),
    )
    plain = inFiles.withSchema('plain')
    for (const db of [sealed, plain]) {
      const people = [
        { id: 1, org: 'acme', name: 'Ann', phone: '+43 1', email: 'a@x' },
        { id: 2, org: 'acme', name: 'Bob', phone: '+43 2', email: null },
        { id: 3, org: 'acme', name: 'C', phone: '+43 1', email: 'b@x' },
        { id: 4, org: 'other', name: 'Dan', phone: '+43 1', email: 'b@x' },
        { id: 5, org: 'acme', name: 'Eve', phone: null, email: 'e@x' },
      ]
      await db.insertInto('users').values(people).execute()
      await db
        .insertInto('notes')
        .values([1, 2, 3, 9].map((id) => ({ id, user_id: id, body: id === 2 ? null : `note ${id}`, phone: 'p' })))
        .execute()
    }
  }, 60_000)
  afterAll(() => place?.close(), 30_000)

  it('gives exactly what the plain one gives, or refuses with a code: for any shape of query', async () => {
    const seen = { same: 0, refused: 0, invalid: 0 }
    await fc.assert(
      fc.asyncProperty(shape, async (one) => {
        const [expected, got] = [await outcome(() => build(plain, one)), await outcome(() => build(sealed, one))]
        if ('failed' in got) {
          const ours = isParapetError(got.failed) && ['PPT_SEALED_QUERY', 'PPT_SEALED_CONTEXT'].includes(got.failed.code)
          // what PostgreSQL itself refuses for the plain tables may be refused by either
          if (!ours && !('failed' in expected)) throw got.failed
          seen[ours ? 'refused' : 'invalid']++
          return
        }
        // with a limit and no order any two rows are right
        const comparableRows =
          one.extra === 'limit' && one.order !== 'id'
            ? (rows: readonly string[]) => rows.map(() => 'any')
            : (rows: readonly string[]) => rows
        if ('failed' in expected) throw new Error('the plain database refused what the sealed one answered', { cause: expected.failed })
        if (JSON.stringify(comparableRows(got)) !== JSON.stringify(comparableRows(expected)))
          throw new Error(`sealed ${got.join()}, plain ${expected.join()}`)
        seen.same++
      }),
      { numRuns: 1500 },
    )
    expect(seen.same).toBeGreaterThan(200)
    expect(seen.refused).toBeGreaterThan(200)
  }, 60_000)

  it('holds no plain value in its files', async () => {
    const { rows } = await sql<{ text: string }>`select users::text || notes::text as text from public.users, public.notes`.execute(inFiles)
    expect(rows.map(({ text }) => text).join('\n')).not.toMatch(/\+43|@x|note \d/)
  })
})
