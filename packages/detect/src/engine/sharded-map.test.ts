import { assert, constantFrom, array, oneof, property, record, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createShardedMap } from './sharded-map.js'

describe('a map in pieces', () => {
  it('answers like one map, whatever is set, asked and deleted', () => {
    const key = oneof(
      string({ maxLength: 20 }),
      string({ maxLength: 3 }),
      constantFrom('198.18.3.4\u001fnginx.access', '198.18.3.5\u001fnginx.access', ''),
    )
    assert(
      property(array(record({ act: constantFrom('set', 'delete', 'get'), key }), { maxLength: 200 }), (acts) => {
        const pieces = createShardedMap<number>()
        const whole = new Map<string, number>()
        for (const [i, { act, key }] of acts.entries()) {
          if (act === 'set') {
            pieces.set(key, i)
            whole.set(key, i)
          } else if (act === 'delete') {
            pieces.delete(key)
            whole.delete(key)
          }
          expect(pieces.get(key)).toBe(whole.get(key))
          expect(pieces.has(key)).toBe(whole.has(key))
          expect(pieces.size()).toBe(whole.size)
        }
      }),
      { seed: 20261121 },
    )
  })

  it('tells keys apart that differ only where nobody looks', () => {
    const map = createShardedMap<number>()
    for (let i = 0; i < 5_000; i++) map.set(`2001:db8:bad:${i.toString(16)}::/64\u001fnginx.access`, i)
    expect(map.size()).toBe(5_000)
    for (let i = 0; i < 5_000; i++) expect(map.get(`2001:db8:bad:${i.toString(16)}::/64\u001fnginx.access`)).toBe(i)
  })
})
