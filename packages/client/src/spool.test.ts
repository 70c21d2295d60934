import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memorySpool, type Spool, type SpoolItem } from './spool.js'

const item = (id: string, urgent = false, size = 10): SpoolItem => ({ id, json: 'x'.repeat(size), urgent })
const drain = (spool: Spool): string[] => spool.take(10_000, 1e9).map(({ id }) => id)

describe('memorySpool', () => {
  it('gives urgent events first, each kind in order', () => {
    const spool = memorySpool()
    for (const [id, urgent] of [
      ['a', false],
      ['b', true],
      ['c', false],
      ['d', true],
    ] as const)
      spool.push(item(id, urgent))
    expect(drain(spool)).toEqual(['b', 'd', 'a', 'c'])
    expect([spool.size, spool.bytes]).toEqual([0, 0])
  })

  it('keeps sign-ins while a flood of requests overruns it', () => {
    const spool = memorySpool({ maxEvents: 10 })
    for (let i = 0; i < 5; i++) spool.push(item(`login${i}`, true))
    let dropped = 0
    for (let i = 0; i < 1_000; i++) dropped += spool.push(item(`web${i}`))
    expect(dropped).toBe(995)
    expect(drain(spool)).toEqual(['login0', 'login1', 'login2', 'login3', 'login4', 'web995', 'web996', 'web997', 'web998', 'web999'])
  })

  it('drops the newest ordinary event when only urgent ones are held, and the oldest urgent one for an urgent one', () => {
    const spool = memorySpool({ maxEvents: 2 })
    spool.push(item('a', true))
    spool.push(item('b', true))
    expect(spool.push(item('web'))).toBe(1)
    expect(spool.push(item('c', true))).toBe(1)
    expect(drain(spool)).toEqual(['b', 'c'])
  })

  it('takes no more than a batch holds, but always at least one', () => {
    const spool = memorySpool()
    for (let i = 0; i < 5; i++) spool.push(item(String(i), false, 100))
    expect(spool.take(2, 1e9)).toHaveLength(2)
    expect(spool.take(10, 250)).toHaveLength(2)
    expect(spool.take(10, 1)).toHaveLength(1)
  })

  it('counts an event that fits nowhere as dropped and keeps the others', () => {
    const spool = memorySpool({ maxBytes: 100 })
    spool.push(item('a', true))
    expect(spool.push(item('huge', true, 101))).toBe(1)
    expect(drain(spool)).toEqual(['a'])
  })

  it('stays within both bounds, loses nothing without saying so, and repeats nothing', () => {
    const step = fc.oneof(fc.record({ urgent: fc.boolean(), size: fc.integer({ min: 1, max: 60 }) }), fc.constant('take' as const))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const spool = memorySpool({ maxEvents: 8, maxBytes: 200 })
        const out: string[] = []
        let pushed = 0
        let dropped = 0
        for (const one of steps) {
          if (one === 'take') out.push(...spool.take(3, 100).map(({ id }) => id))
          else dropped += spool.push(item(String(pushed++), one.urgent, one.size))
          expect(spool.size).toBeLessThanOrEqual(8)
          expect(spool.bytes).toBeLessThanOrEqual(200)
        }
        out.push(...drain(spool))
        expect(out.length + dropped).toBe(pushed)
        expect(new Set(out).size).toBe(out.length)
      }),
    )
  })

  it('does not slow down or grow over many events', () => {
    const spool = memorySpool({ maxEvents: 100 })
    for (let i = 0; i < 200_000; i++) spool.push(item('x'))
    expect(spool.size).toBe(100)
  })

  it('refuses odd bounds by name', () => {
    for (const maxEvents of [0, -1, 1.5, Number.NaN]) expect(() => memorySpool({ maxEvents })).toThrow('spool.maxEvents')
    expect(() => memorySpool({ maxBytes: 0 })).toThrow('spool.maxBytes')
  })
})
