import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OpenKeyset } from '../encryption/index.js'
import { testKeys } from '../sealed/fixtures/test-keys.js'
import { type PrismaModels, sealedFields } from './index.js'

const folder = mkdtempSync(join(tmpdir(), 'parapet-prisma-'))
let keyset: OpenKeyset
beforeAll(async () => {
  keyset = await (await testKeys(folder)).open()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const MODELS: PrismaModels = {
  User: {
    primaryKey: ['id'],
    tenant: () => 'acme',
    table: 'users',
    fields: { phone: { type: 'text', contextColumn: 'phone_number', index: { column: 'phoneIndex', normalize: ['phone'], bits: 64 } } },
    relations: { boss: 'User', posts: 'Post' },
  },
}

type Sent = { readonly args: Record<string, unknown>; readonly result: unknown }

/** Runs one operation as Prisma would, with `answer` in place of the database. */
const run = async (
  operation: string,
  args: unknown,
  answer: unknown = null,
  more: { model?: string; path?: readonly string[] } = { model: 'User' },
): Promise<Sent> => {
  let sent: Record<string, unknown> = {}
  const extension = sealedFields({ keyset, models: MODELS })
  const result = await extension.query.$allOperations({
    model: more.model,
    operation,
    args,
    query: (given: Record<string, unknown>) => {
      sent = given
      return Promise.resolve(answer)
    },
    ...(more.path && { __internalParams: { dataPath: more.path } }),
  })
  return { args: sent, result }
}

const cell = { tenant: 'acme', table: 'users', column: 'phone_number', row: [1], type: 'text' } as const

describe('what the Prisma extension sends and gives back', () => {
  it('seals under the names of the table, not of the model, and leaves what the caller gave untouched', async () => {
    const given = Object.freeze({ data: Object.freeze({ id: 1, name: 'Ann', phone: '+43 1' }) })
    const { args } = await run('create', given)
    const data = args['data'] as Record<string, string>
    expect(Object.keys(data).toSorted()).toEqual(['id', 'name', 'phone', 'phoneIndex'])
    expect(keyset.cipher.open(data['phone'] ?? '', cell)).toBe('+43 1')
    expect(given.data.phone).toBe('+43 1')
  })

  it('asks for the key that opening needs, and takes it out again', async () => {
    const phone = keyset.cipher.seal('+43 1', cell)
    const { args, result } = await run('findFirst', { where: { id: 1 }, select: { phone: true } }, { id: 1, phone })
    expect(args['select']).toEqual({ phone: true, id: true })
    expect(result).toEqual({ phone: '+43 1' })
    const all = await run('findMany', { omit: { id: true } }, [{ id: 1, phone, name: 'Ann' }])
    expect(all.args['omit']).toEqual({})
    expect(all.result).toEqual([{ phone: '+43 1', name: 'Ann' }])
  })

  it('turns equality into the index, beside what else is asked', async () => {
    const { args } = await run('findMany', { where: { name: 'x', AND: { id: 1 }, phone: '+43 1' } }, [])
    expect(args['where']).toEqual({ name: 'x', AND: [{ id: 1 }, { phoneIndex: { in: [expect.stringMatching(/^ppi1\./)] } }] })
  })

  it('opens below includes and at the end of fluent calls', async () => {
    const boss = { id: 1, phone: keyset.cipher.seal('+43 1', cell) }
    expect((await run('findMany', { include: { boss: true } }, [{ id: 2, phone: null, boss }])).result).toEqual([
      { id: 2, phone: null, boss: { id: 1, phone: '+43 1' } },
    ])
    const fluent = await run('findUnique', { where: { id: 2 }, select: { boss: true } }, boss, { model: 'User', path: ['select', 'boss'] })
    expect(fluent.result).toEqual({ id: 1, phone: '+43 1' })
  })

  it('refuses sealed text below a relation that was not described, and in raw results', async () => {
    const phone = keyset.cipher.seal('+43 1', cell)
    const code = 'PPT_SEALED_QUERY'
    await expect(run('findMany', {}, [{ id: 2, author: { phone } }], { model: 'Post' })).rejects.toMatchObject({ code })
    await expect(run('findMany', { include: { staff: true } }, [{ id: 2, phone: null, staff: [{ phone }] }])).rejects.toMatchObject({
      code,
    })
    await expect(run('$queryRaw', { strings: ['select 1'], values: [] }, [{ any: [phone] }], {})).rejects.toMatchObject({ code })
    await expect(run('$executeRaw', { strings: ['update users set "phone_number" = ', ''], values: ['x'] }, 1, {})).rejects.toMatchObject({
      code,
    })
    expect((await run('$queryRaw', { strings: ['select 1'], values: [] }, [{ n: 1 }], {})).result).toEqual([{ n: 1 }])
  })

  it('refuses a result that does not hold the key', async () => {
    const phone = keyset.cipher.seal('+43 1', cell)
    await expect(run('findMany', {}, [{ phone }])).rejects.toMatchObject({ code: 'PPT_SEALED_CONTEXT' })
  })

  it('refuses a filter that refers to a sealed field, and filters nested to exhaust the stack', async () => {
    const reference = { modelName: 'User', name: 'phone' }
    await expect(run('findMany', { where: { name: { equals: reference } } }, [])).rejects.toMatchObject({ code: 'PPT_SEALED_QUERY' })
    let deep: Record<string, unknown> = {}
    for (let i = 0; i < 200; i++) deep = { other: deep }
    await expect(run('findMany', { where: { deep } }, [])).rejects.toMatchObject({ code: 'PPT_SEALED_QUERY' })
  })

  it('refuses descriptions that contradict themselves', () => {
    expect(() => sealedFields({ keyset, models: {} })).toThrow(/at least one table/)
    expect(() => sealedFields({ keyset, models: { User: { ...MODELS['User'], relations: { phone: 'User' } } } })).toThrow(
      /sealed field and a relation/,
    )
  })
})
