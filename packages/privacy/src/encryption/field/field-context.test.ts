import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FieldContext } from '../types.js'
import { createContextWriter, encodeContext, MAX_CONTEXT_BYTES } from './field-context.js'

fc.configureGlobal({ seed: 20_261_121 })

const cell: FieldContext = { tenant: 'acme', table: 'users', column: 'phone', row: ['42'], type: 'text' }
const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.constantFrom('', 'a', 'ab', 'b', '\0', '\0\0\0\u0001a'),
)
const name = text.filter((value) => value !== '')
const part = fc.oneof(text, fc.maxSafeInteger(), fc.bigInt(), fc.uuid())
const context: fc.Arbitrary<FieldContext> = fc.record({
  tenant: text,
  table: name,
  column: name,
  row: fc.array(part, { minLength: 1, maxLength: 3 }),
  type: fc.constantFrom('text', 'json', 'bytes'),
})

/** What the encoding must keep apart: everything but the spellings of one key. */
const meaning = ({ tenant, table, column, row, type }: FieldContext): string => {
  const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
  return JSON.stringify([
    tenant,
    table,
    column,
    type,
    row.map((value) => (uuid.test(String(value)) ? String(value).toLowerCase() : String(value))),
  ])
}

describe('encodeContext', () => {
  it('never encodes two different cells alike, whatever their names hold', () => {
    fc.assert(
      fc.property(context, context, (a, b) => {
        expect(encodeContext(a).equals(encodeContext(b))).toBe(meaning(a) === meaning(b))
      }),
      { numRuns: 2000 },
    )
  })

  it('never encodes two cells alike whose texts were cut at other places', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4, maxLength: 12 }), fc.array(fc.nat(12), { minLength: 6, maxLength: 6 }), (all, cuts) => {
        const cut = (places: readonly number[]): FieldContext => {
          const [a = 0, b = 0, c = 0] = places.map((place) => 1 + (place % (all.length - 1))).toSorted((x, y) => x - y)
          return { ...cell, tenant: all.slice(c), table: all.slice(0, a), column: all.slice(a, b) || 'x', row: [all.slice(b, c)] }
        }
        const [one, other] = [cut(cuts.slice(0, 3)), cut(cuts.slice(3))]
        expect(encodeContext(one).equals(encodeContext(other))).toBe(meaning(one) === meaning(other))
      }),
      { numRuns: 2000 },
    )
  })

  it('is decided by the context alone, not by what was written before it', () => {
    fc.assert(
      fc.property(fc.array(context, { minLength: 2, maxLength: 8 }), (contexts) => {
        const target = Buffer.alloc(5 + MAX_CONTEXT_BYTES)
        const write = createContextWriter(target, 5)
        for (const each of [...contexts, ...contexts.toReversed()]) expect(target.subarray(5, write(each))).toEqual(encodeContext(each))
      }),
    )
  })

  it('counts 42, 42n and "42" as one key, as drivers give int8 back as text', () => {
    const forms = [42, 42n, '42'].map((row) => encodeContext({ ...cell, row: [row] }).toString('hex'))
    expect(new Set(forms).size).toBe(1)
    expect(encodeContext({ ...cell, row: [-0] })).toEqual(encodeContext({ ...cell, row: ['0'] }))
    expect(encodeContext({ ...cell, row: ['042'] })).not.toEqual(encodeContext({ ...cell, row: [42] }))
  })

  it('counts a UUID in either case as one key, as PostgreSQL writes it in lower case', () => {
    const id = '0190F1C2-0000-7BBB-8CCC-0123456789AB'
    expect(encodeContext({ ...cell, row: [id] })).toEqual(encodeContext({ ...cell, row: [id.toLowerCase()] }))
    expect(encodeContext({ ...cell, row: ['ABC'] })).not.toEqual(encodeContext({ ...cell, row: ['abc'] }))
  })

  it.each<[string, Partial<Record<keyof FieldContext, unknown>>]>([
    ['no row', { row: [] }],
    ['a row that is no list', { row: '42' }],
    ['a part that is not there', { row: [undefined] }],
    ['a part that is null', { row: ['1', null] }],
    ['a part that is a fraction', { row: [1.5] }],
    ['a part beyond the exact integers', { row: [2 ** 53] }],
    ['a part that is NaN', { row: [Number.NaN] }],
    ['no table', { table: '' }],
    ['no column', { column: '' }],
    ['a tenant that is not there', { tenant: undefined }],
    ['half a surrogate pair in the tenant', { tenant: 'a\ud800' }],
    ['half a surrogate pair in the row', { row: ['\udc00'] }],
    ['an unknown type', { type: 'xml' }],
    ['a type that every object has', { type: 'constructor' }],
    ['a row of 256 parts', { row: Array.from({ length: 256 }, () => 1) }],
    ['a tenant over the limit', { tenant: 'x'.repeat(MAX_CONTEXT_BYTES) }],
    ['a tenant over the limit in bytes only', { tenant: 'ä'.repeat(MAX_CONTEXT_BYTES / 2) }],
    ['rows over the limit together', { row: Array.from({ length: 250 }, () => 'x'.repeat(40)) }],
  ])('refuses a context with %s, without repeating the row', (_name, change) => {
    const refused = (): Buffer => encodeContext({ ...cell, ...change } as FieldContext)
    expect(refused).toThrow(expect.objectContaining({ code: 'PPT_SEALED_CONTEXT' }))
    // and the writer is as good as before
    const target = Buffer.alloc(MAX_CONTEXT_BYTES)
    const write = createContextWriter(target, 0)
    write(cell)
    expect(() => write({ ...cell, ...change } as FieldContext)).toThrow(expect.objectContaining({ code: 'PPT_SEALED_CONTEXT' }))
    expect(target.subarray(0, write(cell))).toEqual(encodeContext(cell))
  })

  it('takes a context that fills the room to the last byte', () => {
    const fixed = encodeContext({ ...cell, row: [''] }).length
    expect(encodeContext({ ...cell, row: ['x'.repeat(MAX_CONTEXT_BYTES - fixed)] })).toHaveLength(MAX_CONTEXT_BYTES)
    expect(() => encodeContext({ ...cell, row: ['x'.repeat(MAX_CONTEXT_BYTES - fixed + 1)] })).toThrow(
      expect.objectContaining({ code: 'PPT_SEALED_CONTEXT' }),
    )
  })
})
