import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestPlace, postgresHere, type TestPlace } from '../sealed/fixtures/test-place.js'
import { type Client, createClient, prismaHere, TABLES } from './fixtures/client.js'
import { sealedFields } from './index.js'

describe.skipIf(!postgresHere.ok || !prismaHere.ok)(`sealed fields with the real Prisma 7${postgresHere.note}${prismaHere.note}`, () => {
  let place: TestPlace
  let bare: Client
  let db: Client

  beforeAll(async () => {
    place = await createTestPlace()
    await place.pool.query(TABLES)
    const keyset = await place.keys.open()
    bare = await createClient(place.url)
    db = bare.$extends(
      sealedFields({
        keyset,
        models: {
          User: {
            primaryKey: ['id'],
            tenant: 'org',
            table: 'users',
            fields: {
              phone: { type: 'text', index: { column: 'phoneIndex', normalize: ['phone'], bits: 32 } },
              email: { type: 'text', index: { column: 'emailIndex', normalize: ['email'], bits: 128 } },
              profile: { type: 'json' },
              photo: { type: 'bytes' },
            },
            relations: { posts: 'Post', boss: 'User', staff: 'User' },
          },
          Post: { relations: { author: 'User' } },
          Pair: { primaryKey: ['a', 'b'], fields: { secret: { type: 'text' } } },
        },
      }),
    )
  }, 60_000)
  afterAll(async () => {
    await bare?.$disconnect()
    await place?.close()
  }, 30_000)

  const ann = {
    id: 1,
    org: 'acme',
    name: 'Ann',
    phone: '+43 660 1',
    email: 'Ann@example.com',
    profile: { vip: true },
    photo: Buffer.from([1, 2]),
  }
  const run = (model: string, operation: string, args?: unknown): Promise<unknown> => db[model]![operation]!(args)

  beforeEach(async () => {
    await place.pool.query('truncate "User", "Post", "Pair"')
    await run('user', 'create', { data: ann })
    await run('user', 'createMany', {
      data: [
        { id: 2, org: 'acme', name: 'Bob', phone: '+43 660 2', bossId: 1 },
        { id: 3, org: 'other', name: 'Cy', phone: null, email: 'cy@example.com' },
      ],
    })
    await run('post', 'create', { data: { id: 10, title: 'one', authorId: 1, meta: { create: { a: 1 } } } })
  })

  it('stores sealed values and indexes, and gives plain ones back', async () => {
    const { rows } = await place.pool.query<Record<string, unknown>>('select * from "User" order by id')
    expect(rows[0]).toMatchObject({ phone: expect.stringMatching(/^ppt1\./), phoneIndex: expect.stringMatching(/^ppi1\./) })
    expect(JSON.stringify(rows)).not.toMatch(/660 1|vip|example/)
    const all = (await run('user', 'findMany', { orderBy: { id: 'asc' }, omit: { phoneIndex: true, emailIndex: true } })) as object[]
    expect(all).toEqual([
      { ...ann, bossId: null },
      { id: 2, org: 'acme', name: 'Bob', phone: '+43 660 2', email: null, profile: null, photo: null, bossId: 1 },
      { id: 3, org: 'other', name: 'Cy', phone: null, email: 'cy@example.com', profile: null, photo: null, bossId: null },
    ])
  })

  it.each<[string, string, string, unknown, unknown]>([
    ['a field without its key', 'user', 'findUnique', { where: { id: 1 }, select: { phone: true } }, { phone: ann.phone }],
    [
      'omitted keys',
      'user',
      'findUnique',
      {
        where: { id: 1 },
        omit: { id: true, org: true, phoneIndex: true, emailIndex: true, name: true, bossId: true, photo: true, profile: true },
      },
      { phone: ann.phone, email: ann.email },
    ],
    ['nothing found', 'user', 'findUnique', { where: { id: 99 } }, null],
    [
      'includes',
      'post',
      'findMany',
      { select: { id: true, author: { select: { phone: true, boss: true } } } },
      [{ id: 10, author: { phone: ann.phone, boss: null } }],
    ],
    [
      'includes of lists',
      'user',
      'findFirst',
      {
        where: { id: 1 },
        select: { staff: { select: { name: true, phone: true } }, posts: { select: { title: true } }, _count: { select: { staff: true } } },
      },
      { staff: [{ name: 'Bob', phone: '+43 660 2' }], posts: [{ title: 'one' }], _count: { staff: 1 } },
    ],
    ['equality by the index', 'user', 'findMany', { where: { org: 'acme', phone: '0043 660-1' }, select: { id: true } }, [{ id: 1 }]],
    [
      'equals',
      'user',
      'findFirst',
      { where: { AND: [{ org: { equals: 'acme' } }, { phone: { equals: ann.phone } }] }, select: { name: true } },
      { name: 'Ann' },
    ],
    [
      'in',
      'user',
      'findMany',
      { where: { org: 'acme', phone: { in: ['+436602', '+436601', 'x'] } }, select: { id: true }, orderBy: { id: 'asc' } },
      [{ id: 1 }, { id: 2 }],
    ],
    ['null', 'user', 'findMany', { where: { phone: null }, select: { id: true } }, [{ id: 3 }]],
    [
      'not null',
      'user',
      'findMany',
      { where: { email: { not: null } }, select: { id: true }, orderBy: { id: 'asc' } },
      [{ id: 1 }, { id: 3 }],
    ],
    [
      'OR with a long index',
      'user',
      'findMany',
      { where: { org: 'acme', OR: [{ email: 'ANN@example.com' }, { id: 2 }] }, select: { id: true }, orderBy: { id: 'asc' } },
      [{ id: 1 }, { id: 2 }],
    ],
    [
      'a filter through a relation',
      'post',
      'findMany',
      { where: { author: { org: 'acme', email: 'ann@example.com' } }, select: { id: true } },
      [{ id: 10 }],
    ],
    ['a filter through a list relation', 'user', 'findMany', { where: { staff: { some: { id: 2 } } }, select: { id: true } }, [{ id: 1 }]],
    ['count by a long index', 'user', 'count', { where: { org: 'acme', email: 'ann@example.com' } }, 1],
    [
      'aggregate of other fields',
      'user',
      'aggregate',
      { _max: { id: true }, _count: { phone: true } },
      { _max: { id: 3 }, _count: { phone: 2 } },
    ],
    [
      'group by other fields',
      'user',
      'groupBy',
      { by: ['org'], _count: { id: true }, orderBy: { org: 'asc' } },
      [
        { org: 'acme', _count: { id: 2 } },
        { org: 'other', _count: { id: 1 } },
      ],
    ],
    [
      'createManyAndReturn',
      'user',
      'createManyAndReturn',
      { data: [{ id: 7, org: 'o', phone: '+1' }], select: { phone: true } },
      [{ phone: '+1' }],
    ],
    [
      'update',
      'user',
      'update',
      {
        where: { id: 1, org: 'acme' },
        data: { phone: { set: '+2' }, profile: { set: 1 }, name: { set: 'A' } },
        select: { phone: true, profile: true, name: true },
      },
      { phone: '+2', profile: { set: 1 }, name: 'A' },
    ],
    ['update of many to null', 'user', 'updateMany', { where: { org: 'acme' }, data: { phone: null } }, { count: 2 }],
    [
      'update by a long index',
      'user',
      'updateMany',
      { where: { org: 'acme', email: 'ann@example.com' }, data: { name: 'A' } },
      { count: 1 },
    ],
    [
      'upsert that creates',
      'pair',
      'upsert',
      { where: { a_b: { a: 'x', b: 1 } }, create: { a: 'x', b: 1, secret: 'new' }, update: { secret: 'old' } },
      { a: 'x', b: 1, secret: 'new' },
    ],
    ['delete', 'user', 'delete', { where: { id: 2 }, select: { phone: true } }, { phone: '+43 660 2' }],
    ['delete by a long index', 'user', 'deleteMany', { where: { org: 'other', email: 'CY@example.com' } }, { count: 1 }],
    [
      'a nested create',
      'post',
      'create',
      {
        data: { id: 11, title: 't', author: { create: { id: 8, org: 'n', phone: '+8' } } },
        select: { author: { select: { phone: true } } },
      },
      { author: { phone: '+8' } },
    ],
    [
      'nested creates of a list',
      'user',
      'create',
      {
        data: {
          id: 20,
          org: 'n',
          phone: '+20',
          staff: { create: [{ id: 21, org: 'n', phone: '+21' }], createMany: { data: [{ id: 22, org: 'n', phone: '+22' }] } },
        },
        select: { phone: true, staff: { select: { phone: true }, orderBy: { id: 'asc' } } },
      },
      { phone: '+20', staff: [{ phone: '+21' }, { phone: '+22' }] },
    ],
    [
      'connectOrCreate',
      'post',
      'update',
      {
        where: { id: 10 },
        data: { author: { connectOrCreate: { where: { id: 30 }, create: { id: 30, org: 'n', phone: '+30' } } } },
        select: { author: { select: { phone: true } } },
      },
      { author: { phone: '+30' } },
    ],
    [
      'a nested update by key',
      'user',
      'update',
      {
        where: { id: 1 },
        data: { staff: { update: { where: { id: 2, org: 'acme' }, data: { phone: '+9' } } } },
        select: { staff: { select: { phone: true } } },
      },
      { staff: [{ phone: '+9' }] },
    ],
    [
      'a nested upsert by key',
      'user',
      'update',
      {
        where: { id: 1 },
        data: {
          staff: { upsert: { where: { id: 2, org: 'acme' }, create: { id: 2, org: 'acme', phone: 'c' }, update: { phone: '+10' } } },
        },
        select: { staff: { select: { phone: true } } },
      },
      { staff: [{ phone: '+10' }] },
    ],
    [
      'JSON that looks like a nested write',
      'post',
      'findUnique',
      { where: { id: 10 }, select: { meta: true } },
      { meta: { create: { a: 1 } } },
    ],
  ])('handles %s', async (_, model, operation, args, expected) => {
    expect(await run(model, operation, args)).toEqual(expected)
  })

  it.each<[string, 'PPT_SEALED_QUERY' | 'PPT_SEALED_CONTEXT' | 'PPT_INVALID', string, string, unknown]>([
    ['contains', 'PPT_SEALED_QUERY', 'user', 'findMany', { where: { org: 'acme', phone: { contains: '660' } } }],
    ['greater', 'PPT_SEALED_QUERY', 'user', 'findMany', { where: { org: 'acme', phone: { gt: '+' } } }],
    ['not', 'PPT_SEALED_QUERY', 'user', 'findMany', { where: { org: 'acme', phone: { not: 'x' } } }],
    [
      'equality with another mode',
      'PPT_SEALED_QUERY',
      'user',
      'findMany',
      { where: { org: 'acme', phone: { equals: 'x', mode: 'insensitive' } } },
    ],
    ['equality without an index', 'PPT_SEALED_QUERY', 'pair', 'findMany', { where: { secret: 'x' } }],
    ['equality without the tenant', 'PPT_SEALED_QUERY', 'user', 'findMany', { where: { phone: 'x' } }],
    ['a short index under OR', 'PPT_SEALED_QUERY', 'user', 'findMany', { where: { org: 'acme', OR: [{ phone: 'x' }, { id: 1 }] } }],
    ['a short index under NOT', 'PPT_SEALED_QUERY', 'user', 'findMany', { where: { org: 'acme', NOT: { phone: 'x' } } }],
    ['a short index in count', 'PPT_SEALED_QUERY', 'user', 'count', { where: { org: 'acme', phone: 'x' } }],
    ['a short index in deleteMany', 'PPT_SEALED_QUERY', 'user', 'deleteMany', { where: { org: 'acme', phone: 'x' } }],
    ['a short index through a relation', 'PPT_SEALED_QUERY', 'post', 'findMany', { where: { author: { org: 'acme', phone: 'x' } } }],
    ['a unique filter', 'PPT_SEALED_QUERY', 'user', 'findUnique', { where: { id: 1, email: 'x' } }],
    ['order', 'PPT_SEALED_QUERY', 'user', 'findMany', { orderBy: { phone: 'asc' } }],
    ['order in a list', 'PPT_SEALED_QUERY', 'user', 'findMany', { orderBy: [{ id: 'asc' }, { phone: { sort: 'asc', nulls: 'last' } }] }],
    ['order through a relation', 'PPT_SEALED_QUERY', 'post', 'findMany', { orderBy: { author: { phone: 'asc' } } }],
    ['order in an include', 'PPT_SEALED_QUERY', 'user', 'findMany', { include: { staff: { orderBy: { phone: 'asc' } } } }],
    ['a filter in an include', 'PPT_SEALED_QUERY', 'user', 'findMany', { include: { staff: { where: { phone: { startsWith: '+' } } } } }],
    [
      'a filter in a count of relations',
      'PPT_SEALED_QUERY',
      'user',
      'findMany',
      { select: { _count: { select: { staff: { where: { phone: 'x' } } } } } },
    ],
    ['distinct', 'PPT_SEALED_QUERY', 'user', 'findMany', { distinct: ['phone'] }],
    ['a cursor', 'PPT_SEALED_QUERY', 'user', 'findMany', { cursor: { email: 'x' } }],
    ['group by', 'PPT_SEALED_QUERY', 'user', 'groupBy', { by: ['phone'] }],
    ['group by, alone', 'PPT_SEALED_QUERY', 'user', 'groupBy', { by: 'phone' }],
    ['having', 'PPT_SEALED_QUERY', 'user', 'groupBy', { by: ['org'], having: { phone: { _max: { gt: 'x' } } } }],
    ['having under AND', 'PPT_SEALED_QUERY', 'user', 'groupBy', { by: ['org'], having: { AND: [{ phone: { _max: { gt: 'x' } } }] } }],
    ['max', 'PPT_SEALED_QUERY', 'user', 'aggregate', { _max: { phone: true } }],
    ['create without the key', 'PPT_SEALED_CONTEXT', 'user', 'create', { data: { org: 'acme', phone: 'x' } }],
    ['create without the tenant', 'PPT_SEALED_CONTEXT', 'user', 'create', { data: { id: 9, phone: 'x' } }],
    ['create of a number', 'PPT_INVALID', 'user', 'create', { data: { id: 9, org: 'o', phone: 5 } }],
    ['the index by hand', 'PPT_SEALED_QUERY', 'user', 'create', { data: { id: 9, org: 'o', phoneIndex: 'x' } }],
    [
      'a nested create without the key',
      'PPT_SEALED_CONTEXT',
      'post',
      'create',
      { data: { id: 9, title: '', author: { create: { org: 'o', phone: 'x' } } } },
    ],
    [
      'a nested update of a single relation',
      'PPT_SEALED_CONTEXT',
      'post',
      'update',
      { where: { id: 10 }, data: { author: { update: { phone: 'x' } } } },
    ],
    [
      'a nested update of many',
      'PPT_SEALED_CONTEXT',
      'user',
      'update',
      { where: { id: 1 }, data: { staff: { updateMany: { where: { org: 'acme' }, data: { phone: 'x' } } } } },
    ],
    ['update without the key', 'PPT_SEALED_CONTEXT', 'user', 'updateMany', { data: { phone: 'x' } }],
    [
      'update of some rows',
      'PPT_SEALED_CONTEXT',
      'user',
      'updateMany',
      { where: { id: { in: [1, 2] }, org: 'acme' }, data: { phone: 'x' } },
    ],
    [
      'update by a key under OR',
      'PPT_SEALED_CONTEXT',
      'user',
      'updateMany',
      { where: { org: 'acme', OR: [{ id: 1 }, { id: 2 }] }, data: { phone: 'x' } },
    ],
    ['update without the tenant', 'PPT_SEALED_CONTEXT', 'user', 'update', { where: { id: 1 }, data: { phone: 'x' } }],
    ['update of the key', 'PPT_SEALED_CONTEXT', 'user', 'update', { where: { id: 1 }, data: { id: 100 } }],
    ['update of the tenant', 'PPT_SEALED_CONTEXT', 'user', 'update', { where: { id: 1 }, data: { org: { set: 'x' } } }],
    [
      'upsert without the tenant in where',
      'PPT_SEALED_CONTEXT',
      'user',
      'upsert',
      { where: { id: 1 }, create: ann, update: { phone: 'x' } },
    ],
  ])('refuses %s with %s', async (_, code, model, operation, args) => {
    await expect(run(model, operation, args)).rejects.toMatchObject({ code })
  })

  it('follows fluent calls and transactions', async () => {
    const fluent = db['user']!['findUnique']!({ where: { id: 1 } }) as unknown as Record<string, () => Promise<unknown>>
    expect(await fluent['staff']!()).toMatchObject([{ id: 2, phone: '+43 660 2' }])
    const author = db['post']!['findUnique']!({ where: { id: 10 } }) as unknown as Record<string, () => Promise<unknown>>
    expect(await author['author']!()).toMatchObject({ id: 1, phone: ann.phone, profile: ann.profile })
    const inside = await db.$transaction(async (trx: Client) => {
      await trx['pair']!['create']!({ data: { a: 't', b: 1, secret: 'in a transaction' } })
      return trx['pair']!['findMany']!()
    })
    expect(inside).toEqual([{ a: 't', b: 1, secret: 'in a transaction' }])
    expect(await db.$transaction([run('pair', 'count'), db['user']!['findMany']!({ select: { phone: true }, where: { id: 1 } })])).toEqual([
      1,
      [{ phone: ann.phone }],
    ])
  })

  it('refuses what leads to sealed fields by a way that was not described', async () => {
    const keyset = await place.keys.open()
    const blind = bare.$extends(
      sealedFields({
        keyset,
        models: { User: { primaryKey: ['id'], tenant: 'org', table: 'users', fields: { phone: { type: 'text' } } } },
      }),
    )
    for (const [operation, args] of [
      ['findMany', { include: { author: true } }],
      ['findMany', { where: { author: { phone: 'x' } } }],
      ['findMany', { orderBy: { author: { phone: 'asc' } } }],
      ['create', { data: { id: 50, title: 't', author: { create: { id: 50, org: 'o', phone: 'plain' } } } }],
    ] as const)
      await expect(blind['post']![operation]!(args)).rejects.toMatchObject({ code: 'PPT_SEALED_QUERY' })
    expect((await place.pool.query('select 1 from "Post" where id = 50')).rowCount).toBe(0)
  })

  it('refuses raw SQL on sealed fields, and sealed text that it brings', async () => {
    await expect(db.$queryRawUnsafe('select phone from users')).rejects.toMatchObject({ code: 'PPT_SEALED_QUERY' })
    await expect(db.$executeRawUnsafe(`update users set phone = 'x'`)).rejects.toMatchObject({ code: 'PPT_SEALED_QUERY' })
    await expect(db.$queryRawUnsafe('select * from "User"')).rejects.toMatchObject({ code: 'PPT_SEALED_QUERY' })
    expect(await db.$queryRawUnsafe('select count(*)::int as n from "User"')).toEqual([{ n: 3 }])
  })

  it('does not open a value in another row or tenant, and sorts out collisions', async () => {
    await place.pool.query('update "User" set "phoneIndex" = (select "phoneIndex" from "User" where id = 1) where id = 2')
    const where = { org: 'acme', phone: ann.phone }
    expect(await run('user', 'findMany', { where, select: { id: true } })).toEqual([{ id: 1 }])
    await expect(run('user', 'findMany', { where, take: 2 })).rejects.toMatchObject({ code: 'PPT_SEALED_QUERY' })
    await place.pool.query('update "User" set phone = (select phone from "User" where id = 1) where id = 2')
    await expect(run('user', 'findUnique', { where: { id: 2 } })).rejects.toMatchObject({ code: 'PPT_SEALED_INVALID' })
    await place.pool.query(`update "User" set org = 'evil' where id = 1`)
    await expect(run('post', 'findMany', { include: { author: true } })).rejects.toMatchObject({ code: 'PPT_SEALED_INVALID' })
  })
})
