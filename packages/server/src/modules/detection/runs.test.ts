import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Lease } from './leases.js'
import { groupLeases, nextRun } from './runs.js'
import type { Run } from './types.js'

const idle = { process: () => [], takeDirty: () => [], restore: () => undefined }
const run = (position: number): Run => ({ engine: idle, leases: [], position })
const leases = fc.uniqueArray(fc.record({ shard: fc.nat(63), fence: fc.nat(9), position: fc.nat(4) }), {
  selector: ({ shard }) => shard,
})

describe('parts that go on together', () => {
  it('are those that stand at one place, each part once, the place furthest behind first', () => {
    fc.assert(
      fc.property(leases, (given: readonly Lease[]) => {
        const groups = groupLeases(given)
        expect(groups.flatMap((group) => group.leases).toSorted((a, b) => a.shard - b.shard)).toEqual(
          given.toSorted((a, b) => a.shard - b.shard),
        )
        expect(groups.map(({ position }) => position)).toEqual(
          [...new Set(given.map(({ position }) => position))].toSorted((a, b) => a - b),
        )
        for (const group of groups) expect(new Set(group.leases.map(({ position }) => position))).toEqual(new Set([group.position]))
      }),
    )
  })

  it('are served from behind, and never beyond the place where the next ones wait', () => {
    expect(nextRun([])).toBeUndefined()
    expect(nextRun([run(9)])).toMatchObject({ run: { position: 9 }, until: undefined })
    expect(nextRun([run(9), run(4), run(7)])).toMatchObject({ run: { position: 4 }, until: 7 })
  })
})
