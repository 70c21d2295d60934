import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createGroupState } from './group-state.js'
import { createShardQueues } from './shard-queues.js'

fc.configureGlobal({ seed: 20_261_123 })

type Step =
  | { readonly do: 'put'; readonly shard: number; readonly key: string; readonly due: number }
  | { readonly do: 'drop'; readonly shard: number; readonly key: string }
  | { readonly do: 'sweep'; readonly time: number; readonly drops: boolean }

const shard = fc.constantFrom(0, 1, 63)
const key = fc.constantFrom('a', 'b', 'c')
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('put' as const), shard, key, due: fc.nat(9) }),
  fc.record({ do: fc.constant('drop' as const), shard, key }),
  fc.record({ do: fc.constant('sweep' as const), time: fc.nat(9), drops: fc.boolean() }),
)

/** What a queue does, as plain lists do it. Gives what each sweep hands out. */
const asLists = (steps: readonly Step[]): string[][] => {
  const lists = new Map<number, { key: string; due: number }[]>()
  const without = (at: number, name: string): { key: string; due: number }[] => (lists.get(at) ?? []).filter((one) => one.key !== name)
  const told: string[][] = []
  for (const one of steps) {
    if (one.do === 'put') lists.set(one.shard, [...without(one.shard, one.key), { key: one.key, due: one.due }])
    else if (one.do === 'drop') lists.set(one.shard, without(one.shard, one.key))
    else {
      const found: string[] = []
      for (const [at, list] of [...lists].toSorted(([a], [b]) => a - b)) {
        const end = list.findIndex(({ due }) => due >= one.time)
        const over = end < 0 ? list : list.slice(0, end)
        found.push(...over.map(({ key: name, due }) => `${at} ${name} ${due}`))
        if (one.drops) lists.set(at, list.slice(over.length))
      }
      told.push(found)
    }
  }
  return [...told, [String([...lists.values()].every((list) => list.length === 0))]]
}

const asQueues = (steps: readonly Step[]): string[][] => {
  const queues = createShardQueues()
  const told: string[][] = []
  for (const one of steps) {
    if (one.do === 'put') {
      // another object of the same key takes the place of the one before
      const state = createGroupState(one.key, [], one.shard)
      state.latest = one.due
      queues.put(state)
    } else if (one.do === 'drop') queues.drop(createGroupState(one.key, [], one.shard))
    else {
      const found: string[] = []
      queues.sweep(
        ({ latest }) => latest < one.time,
        (state) => {
          found.push(`${state.shard} ${state.key} ${state.latest}`)
          if (one.drops) queues.drop(state)
        },
      )
      told.push(found)
    }
  }
  return [...told, [String(queues.isEmpty())]]
}

describe('groups that wait for their time', () => {
  it('are handed out part by part from the front of each queue, as plain lists would', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        expect(asQueues(steps)).toEqual(asLists(steps))
      }),
      { numRuns: 2_000 },
    )
  })
})
