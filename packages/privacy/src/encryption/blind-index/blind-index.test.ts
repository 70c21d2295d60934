import { createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKeySecret } from '../field/key-secret.js'
import type { KeyTable } from '../field/key-table.js'
import { makeKey } from '../keyset/key-material.js'
import { addPending, disableKey, promoteKey } from '../keyset/keyset-steps.js'
import { createTestKeyset } from '../fixtures/test-keyset.js'
import type { OpenKeyset } from '../types.js'
import { createBlindIndex, indexKeyIdOf } from './blind-index.js'

fc.configureGlobal({ seed: 20_261_121 })

const COLUMN: Parameters<OpenKeyset['blindIndex']>[0] = { tenant: 'acme', table: 'users', column: 'email', normalize: ['email'], bits: 32 }
const { opened } = await createTestKeyset()
const index = opened.blindIndex(COLUMN)

describe('a blind index', () => {
  it('is equal for equal values after normalising, and else differs', () => {
    expect(index.of('Anna@Example.org ')).toBe(index.of('anna@example.org'))
    expect(index.of('anna@example.org')).not.toBe(index.of('anne@example.org'))
    const exact = opened.blindIndex({ ...COLUMN, normalize: [], bits: 128 })
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(exact.of(a) === exact.of(b)).toBe(a === b)
      }),
    )
  })

  it('does not tell whether two columns, tables or tenants hold the same value', () => {
    const others = [{ tenant: 'other' }, { tenant: '' }, { table: 'people' }, { column: 'mail' }, { table: 'user', column: 'semail' }]
    const all = [index, ...others.map((change) => opened.blindIndex({ ...COLUMN, ...change }))].map((each) => each.of('anna@example.org'))
    expect(new Set(all).size).toBe(all.length)
  })

  it('is what its description says, made here of HMAC alone', () => {
    const key = Buffer.alloc(32, 3)
    const secret = createKeySecret(Buffer.from(key))
    const table: KeyTable = { primary: { id: 7, secret }, byId: new Map([[7, { id: 7, status: 'primary', secret }]]) }
    const part = (text: string): Buffer => Buffer.concat([Buffer.of(0, 0, 0, text.length), Buffer.from(text)])
    const column = createHmac('sha512', key)
      .update(Buffer.concat([Buffer.from('ppt index v1\0'), part('acme'), part('users'), part('email')]))
      .digest()
      .subarray(0, 32)
    const mac = createHmac('sha256', column).update('a@b.c').digest().subarray(0, 4)
    const ring = { forOpening: () => table, forSealing: () => table }
    expect(createBlindIndex(ring, COLUMN).of('A@b.c')).toBe(`ppi1.${Buffer.concat([Buffer.of(0, 0, 0, 7), mac]).toString('base64url')}`)
  })

  it('is as long as asked, to the bit, and a shorter one is the beginning of a longer one', () => {
    const longest = Buffer.from(
      opened
        .blindIndex({ ...COLUMN, bits: 128 })
        .of('x')
        .slice(5),
      'base64url',
    ).subarray(4)
    for (let bits = 16; bits <= 128; bits++) {
      const bytes = Buffer.from(
        opened
          .blindIndex({ ...COLUMN, bits })
          .of('x')
          .slice(5),
        'base64url',
      ).subarray(4)
      expect(bytes).toHaveLength(Math.ceil(bits / 8))
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const at = (from: Buffer): number => ((from[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1
        expect(at(bytes)).toBe(bit < bits ? at(longest) : 0)
      }
    }
  })

  it('spreads values over all its bits', () => {
    const short = opened.blindIndex({ ...COLUMN, bits: 16 })
    const seen = new Set(Array.from({ length: 20_000 }, (_, i) => short.of(`user${i}@example.org`)))
    // 65,536 places: 17,246 of them are hit by chance, give or take 80
    expect(seen.size).toBeGreaterThan(16_800)
    expect(seen.size).toBeLessThan(17_700)
  })

  it('carries the id of its key', () => {
    expect(indexKeyIdOf(index.of('x'))).toBe(opened.cipher.primaryKeyId)
    for (const value of [
      '',
      'ppi1.',
      'ppi1.AAAA',
      'ppi1.AAAAAAA!',
      'hello',
      opened.cipher.seal('x', { ...COLUMN, row: [1], type: 'text' }),
      `${index.of('x')}=`,
      `ppi1.${'A'.repeat(100)}`,
    ])
      expect(indexKeyIdOf(value)).toBeUndefined()
  })

  it.each([
    ['15 bits', { bits: 15 }],
    ['129 bits', { bits: 129 }],
    ['half a bit', { bits: 32.5 }],
    ['NaN bits', { bits: Number.NaN }],
    ['an unknown normaliser', { normalize: ['lower' as 'trim'] }],
    ['no table', { table: '' }],
    ['no column', { column: '' }],
    ['half a surrogate pair in the tenant', { tenant: '\ud800' }],
  ])('with %s is refused when it is made', (_name, change) => {
    expect(() => opened.blindIndex({ ...COLUMN, ...change })).toThrow(expect.objectContaining({ code: 'PPT_INVALID' }))
  })

  it('refuses what UTF-8 cannot carry, and what is too long, instead of indexing something near it', () => {
    for (const value of ['\ud800', 'x'.repeat(1024 * 1024 + 1), null as unknown as string]) {
      expect(() => index.of(value)).toThrow(expect.objectContaining({ code: 'PPT_INVALID' }))
      expect(() => index.allOf(value)).toThrow(expect.objectContaining({ code: 'PPT_INVALID' }))
    }
  })
})

describe('over a rotation', () => {
  it('values are found under every key that can be in the column, newest first, and written under the primary', async () => {
    const test = await createTestKeyset('index')
    const column = test.opened.blindIndex(COLUMN)
    const first = column.of('x')
    expect(column.allOf('x')).toEqual([first])
    const id = test.opened.cipher.primaryKeyId
    await test.rotate()
    const second = column.of('x')
    expect(second).not.toBe(first)
    expect(column.allOf('x')).toEqual([second, first])
    await test.step((keyset, now) => disableKey(keyset, id, now))
    await test.opened.refresh()
    expect(column.allOf('x')).toEqual([second])
  })

  it('a value written by a process that knows of the promotion already is found by one that does not', async () => {
    const [writer, reader] = await Promise.all([createTestKeyset('index'), createTestKeyset('index')])
    const next = await makeKey(writer.opened.keyset, { kek: writer.kek, random: (bytes) => Buffer.alloc(bytes, 5) })
    for (const each of [writer, reader]) {
      await each.step((keyset, now) => addPending(keyset, next, now))
      await each.opened.refresh()
    }
    await writer.step((keyset, now) => promoteKey(keyset, next.id, { now, settleMs: 0 }))
    await writer.opened.refresh()
    expect(reader.opened.blindIndex(COLUMN).allOf('x')).toContain(writer.opened.blindIndex(COLUMN).of('x'))
  })
})
