import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createGroupState } from './group-state.js'
import { createShardQueues, createTicket, type Ticket } from './shard-queues.js'

fc.configureGlobal({ seed: 20_261_123 })

type Step =
  | { readonly do: 'put'; readonly shard: number; readonly key: string; readonly due: number }
  | { readonly do: 'drop'; readonly shard: number; readonly key: string }
  | { readonly do: 'hasten'; readonly shard: number; readonly key: string; readonly due: number }
  | { readonly do: 'sweep'; readonly times: readonly number[] }
  | { readonly do: 'clear' }

const SHARDS = [0, 1, 63]
const shard = fc.constantFrom(...SHARDS)
const key = fc.constantFrom('a', 'b', 'c')
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('put' as const), shard, key, due: fc.nat(9) }),
  fc.record({ do: fc.constant('drop' as const), shard, key }),
  fc.record({ do: fc.constant('hasten' as const), shard, key, due: fc.nat(9) }),
  // every part has a clock of its own
  fc.record({ do: fc.constant('sweep' as const), times: fc.array(fc.nat(9), { minLength: 3, maxLength: 3 }) }),
  fc.record({ do: fc.constant('clear' as const) }),
)

type Entry = { key: string; due: number }

/** What a queue does, as plain lists do it. Gives what each sweep hands out. */
const asLists = (steps: readonly Step[]): string[][] => {
  const lists = new Map<number, Entry[]>()
  const told: string[][] = []
  for (const one of steps) {
    if (one.do === 'clear') lists.clear()
    else if (one.do === 'sweep') {
      const found: string[] = []
      for (const [i, at] of SHARDS.entries()) {
        const list = lists.get(at) ?? []
        const end = list.findIndex(({ due }) => due >= (one.times[i] ?? 0))
        const over = list.splice(0, end < 0 ? list.length : end)
        found.push(...over.map(({ key: name, due }) => `${at} ${name} ${due}`))
      }
      told.push(found)
    } else {
      const list = lists.get(one.shard) ?? []
      const rest = list.filter((other) => other.key !== one.key)
      const known = list.find((other) => other.key === one.key)
      if (one.do === 'put') rest.push({ key: one.key, due: one.due })
      if (one.do === 'hasten' && known !== undefined) known.due = Math.min(known.due, one.due)
      lists.set(one.shard, one.do === 'hasten' ? list : rest)
    }
  }
  return [...told, [String([...lists.values()].every((list) => list.length === 0))]]
}

const asQueues = (steps: readonly Step[]): string[][] => {
  const queues = createShardQueues(({ latest }) => latest)
  const tickets = new Map<string, Ticket>()
  const told: string[][] = []
  for (const one of steps) {
    if (one.do === 'clear') queues.clear()
    else if (one.do === 'sweep') {
      const found: string[] = []
      const of = (at: number): number => one.times[SHARDS.indexOf(at)] ?? 0
      queues.sweep({ furthest: Math.max(...one.times), of }, (state) => found.push(`${state.shard} ${state.key} ${state.latest}`))
      told.push(found)
    } else {
      const name = `${one.shard} ${one.key}`
      const ticket = tickets.get(name) ?? createTicket(createGroupState(one.key, [], one.shard))
      tickets.set(name, ticket)
      if (one.do === 'drop') queues.drop(ticket)
      else if (one.do === 'put') {
        ticket.state.latest = one.due
        queues.put(ticket)
      } else if (ticket.queued && one.due < ticket.state.latest) {
        ticket.state.latest = one.due
        queues.hasten(ticket)
      }
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
