import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { testVault } from '../../vault/fixtures/test-vault.js'
import { conditionsOf, type EventSearch, isSealedField, readFilter } from './event-filter.js'

const base: EventSearch = { since: 0, until: 10, filters: [] }
const build = (search: Partial<EventSearch>): { sql: string; values: unknown[]; indexed: number } => {
  const values: unknown[] = []
  const { indexed, rest } = conditionsOf({ ...base, ...search }, testVault(), (value) => `$${values.push(value)}`)
  return { sql: [...indexed, ...rest].join(' AND '), values, indexed: indexed.length }
}

describe('a filter', () => {
  it('is read at its first colon, with or without a minus', () => {
    expect(readFilter('url.path:/a:b')).toEqual({ field: 'url.path', value: '/a:b', not: false })
    expect(readFilter('-user.name:-x')).toEqual({ field: 'user.name', value: '-x', not: true })
    expect(readFilter('@timestamp:1')).toMatchObject({ field: '@timestamp' })
    for (const text of ['', '-', 'a', ':', 'a:', ':a', '--a:b', 'a"b:c', 'a;b:c']) expect(() => readFilter(text)).toThrow('filter')
  })

  it('never puts anything that was typed into the text of a statement', () => {
    const typed = fc.string({
      unit: fc.constantFrom("'", '"', ';', '-', '$', '1', 'x', '\\', '*', ' ', ')', '\u0001', '\ud800'),
      minLength: 1,
      maxLength: 20,
    })
    fc.assert(
      fc.property(typed, typed, (value, text) => {
        const clean = build({ filters: [{ field: 'url.path', value: 'a', not: false }], text: 'a', source: 'a', user: 'a' })
        const dirty = build({ filters: [{ field: 'url.path', value: `${value}!`, not: false }], text, source: value, user: text })
        expect(dirty.sql).toBe(clean.sql)
      }),
      { seed: 20_261_122 },
    )
  })

  it('finds a written value exactly where JSON.stringify writes it, whatever else the event holds', () => {
    const text = fc.string({ unit: fc.constantFrom('"', '\\', ':', ',', 'a', 'x', '{', '}', '\n', 'é'), maxLength: 12 })
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('x', 'a', 'x"', 'b.x'), fc.oneof(text, fc.integer(), fc.boolean())),
        text,
        (event, wanted) => {
          fc.pre(wanted !== '' && !wanted.endsWith('*'))
          const body = JSON.stringify({ '@timestamp': 1, ...event })
          const { values } = build({ filters: [{ field: 'x', value: wanted, not: false }] })
          const found = values.slice(2).some((written) => body.includes(String(written)))
          const held = Object.hasOwn(event, 'x') ? event['x'] : undefined
          expect(found).toBe(held !== undefined && String(held) === wanted)
        },
      ),
      { seed: 20_261_122, numRuns: 400 },
    )
  })

  it('uses an index for addresses and for people, and none for what it leaves out', () => {
    expect(build({ filters: [readFilter('source.ip:203.0.113.0/24'), readFilter('user.name:ann')] }).indexed).toBe(2)
    expect(build({ filters: [readFilter('-source.ip:203.0.113.0/24'), readFilter('-user.name:ann')] }).indexed).toBe(0)
    expect(build({ address: '203.0.113.7', user: 'ann' }).indexed).toBe(2)
  })

  it('never asks the database for a name in clear, but for what is not sealed yet', () => {
    const { values } = build({ filters: [readFilter('user.name:ann')] })
    expect(values.at(-1)).toEqual(expect.arrayContaining(['ann', expect.stringMatching(/^ppi1\./)]))
    expect(() => build({ filters: [readFilter('user.full_name:ann')] })).toThrow('sealed')
    expect(() => build({ filters: [readFilter('user.id:4*')] })).toThrow('whole values')
    expect(['user.name', 'user.id', 'related.user', 'url.path'].map(isSealedField)).toEqual([true, true, true, false])
  })
})
