import * as fc from 'fast-check'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OpenKeyset } from '../encryption/index.js'
import { createSealedCodec } from './codec.js'
import { createDualCodec } from './dual-codec.js'
import { testKeys } from './fixtures/test-keys.js'
import { createSealedModel, holdsSealed, rowPart, type SealedTableOptions, tenantText } from './model.js'

fc.configureGlobal({ seed: 20_261_121 })

const folder = mkdtempSync(join(tmpdir(), 'parapet-codec-'))
let keyset: OpenKeyset
beforeAll(async () => {
  keyset = await (await testKeys(folder)).open()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the codec of a sealed column', () => {
  it('gives back any text, JSON and bytes', () => {
    const [text, json, bytes] = (['text', 'json', 'bytes'] as const).map((type) =>
      createSealedCodec(keyset, { table: 't', column: type, type }),
    )
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.jsonValue(), fc.uint8Array(), (s, j, b) => {
        expect(text?.open(text.seal(s, [1], 'a'), [1], 'a')).toBe(s)
        expect(
          JSON.stringify(json?.open(json.seal(j, [1]), [1])) === JSON.stringify(j) ||
            j === null ||
            typeof j === 'object' ||
            Object.is(j, -0),
        ).toBe(true)
        expect(json?.open(json.seal({ j }, [1]), [1])).toEqual(JSON.parse(JSON.stringify({ j })))
        expect(bytes?.open(bytes.seal(b, ['x', 2]), ['x', 2])).toEqual(Buffer.from(b))
      }),
    )
  })

  it('keeps NULL and takes an empty string for a value', () => {
    const codec = createSealedCodec(keyset, { table: 't', column: 'c', type: 'text' })
    expect([codec.seal(null, [1]), codec.open(null, [1])]).toEqual([null, null])
    expect(codec.seal('', [1])).toMatch(/^ppt1\./)
    expect(codec.open(codec.seal('', [1]), [1])).toBe('')
  })

  it('stores text or bytes as the column takes them', () => {
    expect(createSealedCodec(keyset, { table: 't', column: 'c', type: 'bytes' }).seal(Buffer.from('x'), [1])).toBeInstanceOf(Buffer)
    expect(createSealedCodec(keyset, { table: 't', column: 'c', type: 'text', storage: 'bytea' }).seal('x', [1])).toBeInstanceOf(Buffer)
    expect(createSealedCodec(keyset, { table: 't', column: 'c', type: 'bytes', storage: 'text' }).seal(Buffer.from('x'), [1])).toMatch(
      /^ppt1\./,
    )
  })

  it('opens in its own cell only, and gives no stand-in for anything else', () => {
    const codec = createSealedCodec(keyset, { table: 't', column: 'c', type: 'text' })
    const sealed = codec.seal('value', ['1'], 'a')
    expect(codec.open(sealed, [1n], 'a')).toBe('value')
    const elsewhere = [
      () => codec.open(sealed, [2], 'a'),
      () => codec.open(sealed, [1], 'b'),
      () => codec.open(sealed, [1]),
      () => codec.open(sealed, [1, 1], 'a'),
      () => createSealedCodec(keyset, { table: 't', column: 'd', type: 'text' }).open(sealed, [1], 'a'),
      () => createSealedCodec(keyset, { table: 'u', column: 'c', type: 'text' }).open(sealed, [1], 'a'),
      () => createSealedCodec(keyset, { table: 't', column: 'c', type: 'json' }).open(sealed, [1], 'a'),
      () => codec.open('plain', [1], 'a'),
      () => codec.open('', [1], 'a'),
      () => codec.open(5, [1], 'a'),
      () => codec.open(undefined, [1], 'a'),
    ]
    for (const open of elsewhere) expect(open).toThrow(/does not open/)
    expect(() => codec.seal('x', [])).toThrow(/row/)
    expect(() => codec.seal('x', [1.5])).toThrow(/row/)
  })

  it.each([
    ['text', 5],
    ['text', undefined],
    ['text', {}],
    ['bytes', 'x'],
    ['json', undefined],
    ['json', () => 1],
    ['json', 10n],
    ['json', Number.NaN],
    ['text', '\ud800'],
  ] as const)('refuses what %s does not carry: %s', (type, value) => {
    expect(() => createSealedCodec(keyset, { table: 't', column: 'c', type }).seal(value, [1])).toThrow(/not allowed/)
  })
})

describe('the codec of a column that is being sealed', () => {
  const options = {
    table: 't',
    plain: 'phone',
    column: 'phone_sealed',
    type: 'text',
    index: { column: 'phone_index', normalize: ['phone'], bits: 64 },
  } as const

  it('writes both columns and the index together, and NULL into all of them', () => {
    const codec = createDualCodec(keyset, options)
    const written = codec.write('+43 1', [1], 'a')
    expect(Object.keys(written)).toEqual(['phone', 'phone_sealed', 'phone_index'])
    expect(written).toMatchObject({
      phone: '+43 1',
      phone_sealed: expect.stringMatching(/^ppt1\./),
      phone_index: expect.stringMatching(/^ppi1\./),
    })
    expect(codec.read(written, [1], 'a')).toBe('+43 1')
    expect(codec.write(null, [1])).toEqual({ phone: null, phone_sealed: null, phone_index: null })
  })

  it('reads what an older version wrote a moment ago, but never prefers plain to sealed, nor hides a value that does not open', () => {
    const codec = createDualCodec(keyset, options)
    const { phone_sealed } = codec.write('new', [1])
    expect(codec.read({ phone: 'old', phone_sealed: null }, [1])).toBe('old')
    expect(codec.read({ phone: null, phone_sealed: null }, [1])).toBeNull()
    expect(codec.read({ phone: 'stale', phone_sealed }, [1])).toBe('new')
    expect(() => codec.read({ phone: 'old', phone_sealed }, [2])).toThrow(/does not open/)
  })
})

describe('the description of sealed tables', () => {
  const table: SealedTableOptions = {
    primaryKey: ['id'],
    columns: { phone: { type: 'text', index: { column: 'phone_index', normalize: ['phone'], bits: 32 } } },
  }

  it('finds a table by its name, and by its schema where both sides name one', () => {
    const model = createSealedModel(keyset, { 'app.users': table, notes: table })
    expect([model.find('users'), model.find('users', 'app'), model.find('notes', 'any')].map((found) => found?.name)).toEqual([
      'users',
      'users',
      'notes',
    ])
    expect(model.find('users', 'other')).toBeUndefined()
  })

  it.each<[string, Record<string, SealedTableOptions>]>([
    ['no tables', {}],
    ['a table without a key', { t: { ...table, primaryKey: [] } }],
    ['a table without sealed columns', { t: { ...table, columns: {} } }],
    ['a table without a name', { '': table }],
    ['an unknown type', { t: { ...table, columns: { a: { type: 'number' as never } } } }],
    ['an index on JSON', { t: { ...table, columns: { a: { type: 'json', index: { column: 'i', normalize: [], bits: 32 } } } } }],
    [
      'one index for two columns',
      {
        t: {
          ...table,
          columns: {
            a: { type: 'text', index: { column: 'i', normalize: [], bits: 32 } },
            b: { type: 'text', index: { column: 'i', normalize: [], bits: 32 } },
          },
        },
      },
    ],
    ['a sealed key', { t: { ...table, primaryKey: ['phone'] } }],
    ['a sealed tenant', { t: { ...table, tenant: 'phone' } }],
    ['an index that is the tenant', { t: { ...table, tenant: 'phone_index' } }],
  ])('refuses %s at the start', (_, tables) => {
    expect(() => createSealedModel(keyset, tables)).toThrow(/setting is not valid/)
  })

  it('refuses an index that is too short at the start', () => {
    expect(() =>
      createSealedModel(keyset, { t: { ...table, columns: { a: { type: 'text', index: { column: 'i', normalize: [], bits: 8 } } } } }),
    ).toThrow(/16 to 128 bits/)
  })

  it('knows sealed values of its own keys, however deep, and no others', () => {
    const model = createSealedModel(keyset, { t: table })
    const sealed = createSealedCodec(keyset, { table: 't', column: 'phone', type: 'text' }).seal('x', [1]) as string
    for (const value of [sealed, `a ${sealed} b`, { a: [{ b: sealed }] }, [Buffer.from(sealed.slice(5), 'base64url')]])
      expect(holdsSealed(model, value)).toBe(true)
    const fake = `ppt1.${Buffer.concat([Buffer.from([1, 1, 0, 0, 0, 1]), Buffer.alloc(90)]).toString('base64url')}`
    for (const value of [fake, 'ppt1.', 'plain', 5, null, undefined, new Date(), { a: [fake] }])
      expect(holdsSealed(model, value)).toBe(false)
    let deep: unknown = 'plain'
    for (let i = 0; i < 100; i++) deep = [deep]
    expect(holdsSealed(model, deep)).toBe(true)
  })

  it('takes keys and tenants as text and whole numbers only', () => {
    const found = createSealedModel(keyset, { t: { ...table, tenant: 'org' } }).find('t')!
    expect([rowPart('a', found, 'id'), rowPart(5, found, 'id'), rowPart(5n, found, 'id')]).toEqual(['a', 5, 5n])
    expect([tenantText(null, found), tenantText(5, found), tenantText('x', found)]).toEqual(['', '5', 'x'])
    for (const value of [1.5, new Date(), {}, undefined, true]) {
      expect(() => rowPart(value, found, 'id')).toThrow(/row of a sealed value is not known/)
      expect(() => tenantText(value, found)).toThrow(/row of a sealed value is not known/)
    }
  })
})
