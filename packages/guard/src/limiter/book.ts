import { createCells } from './cells.js'
import { adopt, giveBack, judge, judgeLease, type Leases, type LimitState } from './rules.js'
import type { LimitAnswer, LimitRule } from './types.js'

/** The counts of one rule in the memory of this process, for at most so many keys. Times in ms. */
export type Book = {
  readonly rule: LimitRule
  /** judges and, unless limited, counts */
  readonly take: (key: string, now: number, cost: number, lease: string) => LimitAnswer
  /** judges only */
  readonly look: (key: string, now: number, cost: number, lease: string) => LimitAnswer
  readonly give: (key: string, now: number, cost: number, lease: string) => void
  /** takes over an answer that says more is used than is known here */
  readonly adopt: (key: string, now: number, answer: LimitAnswer) => void
  readonly forget: (key: string) => void
  readonly stats: () => { readonly keys: number; readonly evicted: number; readonly overflow: number }
}

type Gcra = Extract<LimitRule, { kind: 'gcra' }>
type Windowed = Extract<LimitRule, { kind: 'sliding_window' | 'fixed_window' | 'concurrency' }>

/**
 * The most frequent one, as one number a key: `judge` with the arrival time in (ms / rate) since the first request, so that sums are
 * whole numbers and a wait is never a tick short.
 */
const createGcraBook = (rule: Gcra, maxKeys: number): Book => {
  const { limit, windowMs, rate } = rule
  const depth = limit * windowMs
  const cells = createCells(maxKeys, depth)
  let origin = Number.NaN
  /** the arrival time that keys without a place share */
  let shared = -Infinity
  let overflow = 0

  const scaled = (now: number): number => {
    if (Number.isNaN(origin)) origin = now
    return (now - origin) * rate
  }
  const answer = (before: number, arrival: number, now: number): LimitAnswer => {
    const over = arrival - now - depth
    return over <= 0
      ? {
          limited: false,
          remaining: Math.floor((depth - arrival + now) / windowMs),
          resetMs: Math.ceil((arrival - now) / rate),
          retryAfterMs: 0,
        }
      : { limited: true, remaining: 0, resetMs: Math.ceil((before - now) / rate), retryAfterMs: Math.ceil(over / rate) }
  }

  return {
    rule,
    take: (key, ms, cost) => {
      const now = scaled(ms)
      const slot = cells.find(key)
      let before = slot < 0 ? -Infinity : cells.arrivalAt(slot)
      // a clock that was set back must not hold a key for longer than its window
      if (before > now + depth) {
        before = now + depth
        cells.set(slot, before)
      }
      if (before < now) before = now
      let arrival = before + cost * windowMs
      if (arrival - now <= depth && cost > 0) {
        if (slot >= 0) cells.set(slot, arrival)
        else if (!cells.add(key, arrival, now)) {
          overflow++
          arrival = Math.max(now, shared) + cost * windowMs
          if (arrival - now <= depth) shared = arrival
        }
      }
      return answer(before, arrival, now)
    },
    look: (key, ms, cost) => {
      const now = scaled(ms)
      const slot = cells.find(key)
      let before = slot < 0 ? now : cells.arrivalAt(slot)
      // kept, or the key would stand at its limit until the clock is back where it was
      if (before > now + depth) cells.set(slot, (before = now + depth))
      if (before < now) before = now
      return answer(before, before + cost * windowMs, now)
    },
    give: (key, ms, cost) => {
      const now = scaled(ms)
      const slot = cells.find(key)
      if (slot < 0) return
      const arrival = Math.min(cells.arrivalAt(slot), now + depth) - cost * windowMs
      if (arrival > now) cells.set(slot, arrival)
      else cells.remove(key)
    },
    adopt: (key, ms, { resetMs }) => {
      if (resetMs <= 0) return
      const now = scaled(ms)
      const arrival = now + Math.min(resetMs * rate, depth)
      const slot = cells.find(key)
      if (slot < 0) cells.add(key, arrival, now)
      else if (arrival > cells.arrivalAt(slot)) cells.set(slot, arrival)
    },
    forget: (key) => cells.remove(key),
    stats: () => ({ keys: cells.size, evicted: cells.evicted, overflow }),
  }
}

const createWindowBook = (rule: Windowed, maxKeys: number): Book => {
  const { limit, windowMs } = rule
  const cells = createCells<LimitState>(maxKeys, windowMs)
  let shared: LimitState | undefined
  let overflow = 0

  /** Keeps a state, and how much of the allowance it means: who has used most is evicted last. */
  const keep = (key: string, state: LimitState, now: number, used: number): boolean => {
    const arrival = now + (Math.min(used, limit) / limit) * windowMs
    const slot = cells.find(key)
    if (slot < 0) return cells.add(key, arrival, now, state)
    cells.set(slot, arrival, state)
    return true
  }
  const stateOf = (key: string): LimitState | undefined => cells.stateAt(cells.find(key))

  return {
    rule,
    take: (key, now, cost) => {
      const { answer, next } = judge(rule, stateOf(key), now, cost)
      if (next === undefined || keep(key, next, now, limit - answer.remaining)) return answer
      overflow++
      const together = judge(rule, shared, now, cost)
      shared = together.next ?? shared
      return together.answer
    },
    look: (key, now, cost) => {
      const state = stateOf(key)
      const set = judge(rule, state, now, 0).next
      if (set !== undefined) keep(key, set, now, limit)
      return judge(rule, set ?? state, now, cost).answer
    },
    give: (key, now, cost) => {
      const state = giveBack(rule, stateOf(key), now, cost)
      if (state !== undefined) keep(key, state, now, limit - judge(rule, state, now, 0).answer.remaining)
    },
    adopt: (key, now, theirs) => {
      const state = stateOf(key)
      const next = adopt(rule, state, now, theirs)
      if (next !== undefined && next !== state) keep(key, next, now, limit - theirs.remaining)
    },
    forget: (key) => cells.remove(key),
    stats: () => ({ keys: cells.size, evicted: cells.evicted, overflow }),
  }
}

/** Keys looked at to make room for one more. */
const LOOKED_AT = 32

const createLeaseBook = (rule: Windowed, maxKeys: number): Book => {
  const held = new Map<string, Leases>()
  let overflow = 0

  /** Slots in use cannot be forgotten: only keys whose leases have all ended make room. */
  const hasRoom = (now: number): boolean => {
    if (held.size < maxKeys) return true
    let looked = 0
    for (const [key, leases] of held) {
      if (++looked > LOOKED_AT) break
      if ([...leases.values()].every((ends) => ends <= now)) held.delete(key)
      else {
        // looked at last the next time
        held.delete(key)
        held.set(key, leases)
      }
    }
    return held.size < maxKeys
  }

  return {
    rule,
    take: (key, now, cost, lease) => {
      const { answer, next } = judgeLease(rule, held.get(key), now, cost, lease)
      if (next === undefined) return answer
      if (held.has(key) || hasRoom(now)) {
        held.set(key, next)
        return answer
      }
      overflow++
      return { limited: true, remaining: 0, resetMs: rule.windowMs, retryAfterMs: Math.min(1_000, rule.windowMs) }
    },
    look: (key, now, cost, lease) => judgeLease(rule, held.get(key), now, cost, lease).answer,
    give: (key, _now, _cost, lease) => {
      const leases = held.get(key)
      if (leases === undefined) return
      const left = new Map([...leases].filter(([id]) => id !== lease))
      if (left.size > 0) held.set(key, left)
      else held.delete(key)
    },
    // what others hold is theirs to release
    adopt: () => undefined,
    forget: (key) => void held.delete(key),
    stats: () => ({ keys: held.size, evicted: 0, overflow }),
  }
}

/** Opens an empty book for a rule. */
export const createBook = (rule: LimitRule, maxKeys: number): Book =>
  rule.kind === 'gcra'
    ? createGcraBook(rule, maxKeys)
    : rule.kind === 'concurrency'
      ? createLeaseBook(rule, maxKeys)
      : createWindowBook(rule, maxKeys)

/** One thing to count in a {@link Book}. */
export type BookTake = { readonly book: Book; readonly key: string; readonly cost: number }

/** Judges and counts in several books in one step: everything, or nothing when one of them limits. */
export const takeAll = (takes: readonly BookTake[], now: number, lease: string): readonly LimitAnswer[] => {
  const [only] = takes
  if (only !== undefined && takes.length === 1) return [only.book.take(only.key, now, only.cost, lease)]
  const looked = takes.map(({ book, key, cost }) => book.look(key, now, cost, lease))
  const uncounted = (answers: readonly LimitAnswer[]): readonly LimitAnswer[] =>
    answers.map((answer, i) => {
      const take = takes[i]
      return answer.limited || take === undefined ? answer : take.book.look(take.key, now, 0, lease)
    })
  if (looked.some(({ limited }) => limited)) return uncounted(looked)
  const taken: LimitAnswer[] = []
  for (const [i, { book, key, cost }] of takes.entries()) {
    const answer = book.take(key, now, cost, lease)
    if (answer.limited) {
      // a full table had no place for this one: what the others counted is given back
      for (const before of takes.slice(0, i)) before.book.give(before.key, now, before.cost, lease)
      return uncounted(looked.with(i, answer))
    }
    taken.push(answer)
  }
  return taken
}
