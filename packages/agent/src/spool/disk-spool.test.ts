import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SpoolItem } from '@parapet/client'
import * as fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { type DiskSpool, openDiskSpool } from './disk-spool.js'

fc.configureGlobal({ seed: 20_261_122 })

const BOUNDS = { maxBytes: 8_388_608, maxAgeMs: 86_400_000 }
const folders: string[] = []
const spools: DiskSpool[] = []
afterEach(() => {
  for (const spool of spools.splice(0)) spool.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})
const place = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-spool-'))
  folders.push(folder)
  return folder
}
const open = (folder: string, bounds: Partial<typeof BOUNDS> = {}, clock = (): number => 1_000): DiskSpool => {
  const spool = openDiskSpool(folder, { ...BOUNDS, ...bounds }, clock)
  spools.push(spool)
  return spool
}
const item = (id: string, urgent = false, size = 20): SpoolItem => ({ id, json: `{"x":"${'y'.repeat(size)}"}`, urgent })
const ids = (items: readonly SpoolItem[]): string[] => items.map(({ id }) => id)
const segmentsIn = (folder: string, lane: string): string[] =>
  readdirSync(join(folder, lane))
    .filter((name) => name.endsWith('.seg'))
    .toSorted()

describe('the spool on disk', () => {
  it('gives what it took, urgent first, each kind in order, with the bytes that were put in', () => {
    const spool = open(place())
    const put = [item('a'), item('b', true), item('ç', false, 3), item('d', true)]
    for (const one of put) expect(spool.push(one)).toBe(0)
    const taken = spool.take(10, 1e9)
    expect(ids(taken)).toEqual(['b', 'd', 'a', 'ç'])
    for (const one of taken) expect(one.json).toBe(put.find(({ id }) => id === one.id)?.json)
    expect(spool.size).toBe(0)
  })

  it('keeps what was taken and not settled over the end of the process, and nothing that was settled', () => {
    const folder = place()
    const first = open(folder)
    for (let i = 0; i < 10; i++) first.push(item(String(i)))
    first.settle(first.take(4, 1e9))
    first.take(3, 1e9)
    first.sync()
    first.close()
    const second = open(folder)
    expect(second.size).toBe(6)
    expect(ids(second.take(100, 1e9))).toEqual(['4', '5', '6', '7', '8', '9'])
  })

  it('removes segments once all in them is settled, so that it does not grow for ever', () => {
    const folder = place()
    const spool = open(folder, { maxBytes: 1_048_576 })
    for (let i = 0; i < 5_000; i++) {
      spool.push(item(String(i), false, 200))
      if (i % 100 === 99) {
        spool.sync()
        spool.settle(spool.take(1_000, 1e9))
      }
    }
    expect(spool.stats()).toMatchObject({ events: 0, dropped: 0 })
    expect(segmentsIn(folder, 'ordinary').length).toBeLessThanOrEqual(2)
  })

  it('sends what is in the kernel only and was never synced as well: nothing waits for a full buffer', () => {
    const spool = open(place())
    spool.push(item('a'))
    expect(ids(spool.take(1, 1e9))).toEqual(['a'])
    spool.push(item('b'))
    expect(ids(spool.take(1, 1e9))).toEqual(['b'])
  })

  it('knows when all up to a mark is with the control plane', () => {
    const spool = open(place())
    spool.push(item('a'))
    spool.push(item('b', true))
    const mark = spool.mark()
    spool.push(item('c'))
    const [first, second] = [spool.take(1, 1e9), spool.take(1, 1e9)]
    spool.settle(first)
    expect(spool.isPast(mark)).toBe(false)
    spool.settle(second)
    expect(spool.isPast(mark)).toBe(true)
    expect(spool.isPast(spool.mark())).toBe(false)
  })

  it('takes no more than a batch holds, but always at least one', () => {
    const spool = open(place())
    for (let i = 0; i < 5; i++) spool.push(item(String(i), false, 100))
    expect(spool.take(2, 1e9)).toHaveLength(2)
    expect(spool.take(10, 250)).toHaveLength(2)
    expect(spool.take(10, 1)).toHaveLength(1)
  })
})

describe('a spool that is full', () => {
  it('drops the oldest requests, keeps every sign-in, stays in its bounds and says how many it lost', () => {
    const folder = place()
    const spool = open(folder, { maxBytes: 524_288 })
    for (let i = 0; i < 20; i++) spool.push(item(`login${i}`, true))
    for (let i = 0; i < 10_000; i++) spool.push(item(`web${i}`, false, 200))
    const { dropped, bytes, events } = spool.stats()
    expect(bytes).toBeLessThanOrEqual(524_288)
    expect(dropped).toBeGreaterThan(1_000)
    expect(events + dropped).toBe(10_020)
    const taken = ids(spool.take(100_000, 1e9))
    expect(taken.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, i) => `login${i}`))
    expect(taken.at(-1)).toBe('web9999')
    expect(taken.length).toBe(events)
  })

  it('drops what is too old', () => {
    const folder = place()
    let now = 0
    const spool = open(folder, { maxBytes: 262_144, maxAgeMs: 60_000 }, () => now)
    for (let i = 0; i < 200; i++) spool.push(item(String(i), false, 200))
    spool.sync()
    now = 120_000
    for (let i = 200; i < 210; i++) spool.push(item(String(i), false, 200))
    spool.sync()
    spool.expire()
    expect(spool.stats().dropped).toBeGreaterThan(50)
    expect(ids(spool.take(1_000, 1e9)).at(-1)).toBe('209')
  })

  it('does not count as lost what it drops while the sender holds it, nor settle what came later', () => {
    const spool = open(place(), { maxBytes: 262_144 })
    for (let i = 0; i < 50; i++) spool.push(item(`old${i}`, false, 200))
    const held = spool.take(50, 1e9)
    for (let i = 0; i < 2_000; i++) spool.push(item(String(i), false, 200))
    const later = spool.take(10, 1e9)
    const { dropped, events } = spool.stats()
    expect(dropped + events + later.length).toBe(2_000)
    const mark = spool.mark()
    spool.settle(held)
    expect(spool.isPast({ ...mark, ordinary: mark.ordinary - events })).toBe(false)
    spool.settle(later)
    expect(spool.isPast({ ...mark, ordinary: mark.ordinary - events })).toBe(true)
  })
})

describe('a spool that a crash or a bad disk has touched', () => {
  it('tolerates a torn tail anywhere, loses only what was torn, and goes on', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 20 }), fc.nat(), (sizes, cut) => {
        const folder = place()
        const first = open(folder)
        const put = sizes.map((size, i) => item(String(i), false, size))
        for (const one of put) first.push(one)
        first.sync()
        first.close()
        const [name = ''] = segmentsIn(folder, 'ordinary')
        const path = join(folder, 'ordinary', name)
        const { size } = statSync(path)
        const kept = cut % (size + 1)
        truncateSync(path, kept)
        let whole = 0
        for (let at = 0; whole < put.length; whole++) {
          at += 8 + Buffer.byteLength(put[whole]!.json) + 1 + put[whole]!.id.length
          if (at > kept) break
        }
        const second = open(folder)
        expect(second.stats().damagedBytes).toBe(0)
        second.push(item('after'))
        expect(ids(second.take(100, 1e9))).toEqual([...put.slice(0, whole).map(({ id }) => id), 'after'])
      }),
      { numRuns: 60 },
    )
  })

  it('gives no record whose bytes were changed, says what was damaged, and gives the segments after it', () => {
    const folder = place()
    const first = open(folder, { maxBytes: 262_144 })
    for (let i = 0; i < 300; i++) {
      first.push(item(String(i), false, 200))
      if (i % 10 === 9) first.sync()
    }
    first.close()
    const names = segmentsIn(folder, 'ordinary')
    expect(names.length).toBeGreaterThan(2)
    const path = join(folder, 'ordinary', names[0] ?? '')
    const bytes = readFileSync(path)
    bytes[500] = (bytes[500] ?? 0) ^ 0xff
    writeFileSync(path, bytes)
    const second = open(folder, { maxBytes: 262_144 })
    const taken = ids(second.take(1_000, 1e9))
    expect(second.stats().damagedBytes).toBeGreaterThan(0)
    expect(taken[0]).toBe('0')
    expect(taken.at(-1)).toBe('299')
    expect(taken.length).toBeLessThan(300)
  })

  it('passes over garbage at the end of a file', () => {
    const folder = place()
    const first = open(folder)
    first.push(item('a'))
    first.sync()
    first.close()
    appendFileSync(join(folder, 'ordinary', segmentsIn(folder, 'ordinary')[0] ?? ''), Buffer.alloc(100, 0xff))
    expect(ids(open(folder).take(10, 1e9))).toEqual(['a'])
  })

  it('holds, over any order of pushing, taking, settling, syncing and crashing, all that was synced and not settled', () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ urgent: fc.boolean(), size: fc.integer({ min: 0, max: 2_000 }) }) },
      fc.constantFrom('take', 'settle', 'sync', 'crash'),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const folder = place()
        let spool = open(folder)
        let n = 0
        let durable = new Set<string>()
        const unsynced = new Set<string>()
        let held: SpoolItem[] = []
        for (const one of steps) {
          if (typeof one === 'object') {
            spool.push(item(String(n), one.urgent, one.size))
            unsynced.add(String(n++))
          } else if (one === 'take') held.push(...spool.take(3, 3_000))
          else if (one === 'settle') {
            spool.settle(held)
            for (const { id } of held) {
              durable.delete(id)
              unsynced.delete(id)
            }
            held = []
          } else {
            spool.sync()
            durable = new Set([...durable, ...unsynced])
            unsynced.clear()
            if (one === 'sync') continue
            spool.close()
            held = []
            spool = open(folder)
          }
        }
        const left = [...ids(held), ...ids(spool.take(10_000, 1e9))]
        expect(new Set(left).size).toBe(left.length)
        for (const id of durable) expect(left).toContain(id)
      }),
      { numRuns: 40 },
    )
  })
})
