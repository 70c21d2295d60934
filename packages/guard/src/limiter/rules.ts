import type { LimitAnswer, LimitRule } from './types.js'

/**
 * What a rule keeps of a key, in whole numbers. `gcra`: the arrival time, whole ms in `a` and the rest in `b`, in ms / rate.
 * `fixed_window`: its start and its count. `sliding_window`: the start of the aligned window, its count, and in `c` the count before.
 */
export type LimitState = { readonly a: number; readonly b: number; readonly c: number }

/** Slots in use: the lease and when it ends, ms. */
export type Leases = ReadonlyMap<string, number>

/** An answer, and what is to be kept if the cost is taken; `undefined` where nothing changes. */
export type Judgement<State> = { readonly answer: LimitAnswer; readonly next: State | undefined }

type Counted = Exclude<LimitRule, { kind: 'concurrency' }>
/** The rule of the generic cell rate algorithm. */
export type Gcra = Extract<LimitRule, { kind: 'gcra' }>

/** A slot may be free at any moment, so that nobody is sent away for the whole of a long lease. */
const SLOT_WAIT = 1_000

const allow = (remaining: number, resetMs: number): LimitAnswer => ({ limited: false, remaining, resetMs, retryAfterMs: 0 })
const limit = (resetMs: number, retryAfterMs: number): LimitAnswer => ({ limited: true, remaining: 0, resetMs, retryAfterMs })

/** How far the arrival time of a state runs ahead of now, in ms / rate; never further than the rule allows, however clocks jump. */
const aheadOf = (rule: Gcra, state: LimitState | undefined, now: number): number =>
  state === undefined ? 0 : Math.min(Math.max(0, (state.a - now) * rule.rate + state.b), rule.limit * rule.windowMs)

const arrivalAt = (rule: Gcra, now: number, ahead: number): LimitState => ({
  a: now + Math.floor(ahead / rule.rate),
  b: ahead % rule.rate,
  c: 0,
})

/** The answer for a key whose arrival time is so far ahead, in ms / rate. */
export const gcraAnswer = (rule: Gcra, ahead: number, cost: number): LimitAnswer => {
  const { windowMs, rate } = rule
  const depth = rule.limit * windowMs
  const wanted = ahead + cost * windowMs
  return wanted > depth
    ? limit(Math.ceil(ahead / rate), Math.ceil((wanted - depth) / rate))
    : allow(Math.floor((depth - wanted) / windowMs), Math.ceil(wanted / rate))
}

const judgeGcra = (rule: Gcra, state: LimitState | undefined, now: number, cost: number): Judgement<LimitState> => {
  const depth = rule.limit * rule.windowMs
  const ahead = aheadOf(rule, state, now)
  // kept even when nothing is taken: a clock that was set back must not hold a key for longer than its window
  const next = state !== undefined && (state.a - now) * rule.rate + state.b > depth ? arrivalAt(rule, now, ahead) : undefined
  const answer = gcraAnswer(rule, ahead, cost)
  return { answer, next: answer.limited || cost === 0 ? next : arrivalAt(rule, now, ahead + cost * rule.windowMs) }
}

const judgeFixed = (rule: LimitRule, state: LimitState | undefined, now: number, cost: number): Judgement<LimitState> => {
  const live = state !== undefined && now < state.a + rule.windowMs
  const start = live ? Math.min(state.a, now) : now
  const count = live ? state.b : 0
  const next = live && start < state.a ? { a: start, b: count, c: 0 } : undefined
  const resetMs = start + rule.windowMs - now
  const wanted = count + cost
  if (wanted > rule.limit) return { answer: limit(resetMs, resetMs), next }
  return { answer: allow(rule.limit - wanted, wanted > 0 ? resetMs : 0), next: cost > 0 ? { a: start, b: wanted, c: 0 } : next }
}

/** The counts of the aligned window that now lies in, and of the one before. */
const windowsAt = (state: LimitState | undefined, start: number, windowMs: number): readonly [number, number] => {
  if (state === undefined) return [0, 0]
  if (state.a >= start) return [state.b, state.c]
  return state.a === start - windowMs ? [0, state.b] : [0, 0]
}

const judgeSliding = (rule: LimitRule, state: LimitState | undefined, now: number, cost: number): Judgement<LimitState> => {
  const { windowMs } = rule
  const gone = now % windowMs
  const start = now - gone
  const [current, before] = windowsAt(state, start, windowMs)
  const next = state !== undefined && state.a > start ? { a: start, b: current, c: before } : undefined
  const resetMs = current > 0 ? 2 * windowMs - gone : before > 0 ? windowMs - gone : 0
  // counts times ms, so that the weight of the last window stays a whole number
  const free = (rule.limit - current - cost) * windowMs - before * (windowMs - gone)
  if (free >= 0) {
    const after = cost > 0 ? 2 * windowMs - gone : resetMs
    return { answer: allow(Math.floor(free / windowMs), after), next: cost > 0 ? { a: start, b: current + cost, c: before } : next }
  }
  const room = rule.limit - current - cost
  if (room >= 0) return { answer: limit(resetMs, windowMs - Math.floor((room * windowMs) / before) - gone), next }
  const later = rule.limit - cost
  // what has come in this window weighs less and less in the next; a cost above the limit never fits
  const share = later < 0 || current === 0 ? 0 : Math.min(windowMs, Math.floor((later * windowMs) / current))
  return { answer: limit(resetMs, 2 * windowMs - share - gone), next }
}

/** Judges a cost by a rule: pure, and the model that every store must agree with. Times in ms. */
export const judge = (rule: Counted, state: LimitState | undefined, now: number, cost: number): Judgement<LimitState> =>
  rule.kind === 'gcra'
    ? judgeGcra(rule, state, now, cost)
    : rule.kind === 'fixed_window'
      ? judgeFixed(rule, state, now, cost)
      : judgeSliding(rule, state, now, cost)

/** Judges whether a lease can be had. A lease that is held already is renewed. */
export const judgeLease = (rule: LimitRule, leases: Leases | undefined, now: number, cost: number, lease: string): Judgement<Leases> => {
  const live = new Map([...(leases ?? [])].filter(([id, ends]) => ends > now && (cost === 0 || id !== lease)))
  const wanted = live.size + cost
  if (wanted > rule.limit) {
    const soonest = Math.min(...live.values())
    return { answer: limit(live.size > 0 ? rule.windowMs : 0, Math.max(1, Math.min(SLOT_WAIT, soonest - now))), next: undefined }
  }
  if (cost > 0) live.set(lease, now + rule.windowMs)
  return { answer: allow(rule.limit - wanted, wanted > 0 ? rule.windowMs : 0), next: cost > 0 ? live : undefined }
}

/** A state with a cost given back; never more than was taken. */
export const giveBack = (rule: Counted, state: LimitState | undefined, now: number, cost: number): LimitState | undefined => {
  if (state === undefined) return undefined
  if (rule.kind === 'gcra') {
    const ahead = aheadOf(rule, state, now) - cost * rule.windowMs
    return ahead > 0 ? arrivalAt(rule, now, ahead) : undefined
  }
  const start = rule.kind === 'fixed_window' ? state.a : now - (now % rule.windowMs)
  const inside = rule.kind === 'fixed_window' ? now < state.a + rule.windowMs : state.a >= start
  return inside ? { ...state, b: Math.max(0, state.b - cost) } : state
}

/** How long after a take its cost can be given back, by the answer it got: later, what is counted is no longer the same. */
export const validFor = (rule: LimitRule, answer: LimitAnswer): number =>
  rule.kind === 'sliding_window' ? answer.resetMs - rule.windowMs : rule.kind === 'concurrency' ? Infinity : answer.resetMs

/** A state at least as strict as both this one and an answer from elsewhere: how a process follows what a shared store counts. */
export const adopt = (rule: Counted, state: LimitState | undefined, now: number, answer: LimitAnswer): LimitState | undefined => {
  if (rule.kind === 'gcra') {
    const theirs = Math.min(answer.resetMs * rule.rate, rule.limit * rule.windowMs)
    return theirs > aheadOf(rule, state, now) ? arrivalAt(rule, now, theirs) : state
  }
  const mine = judge(rule, state, now, 0)
  const more = mine.answer.remaining - answer.remaining
  if (more <= 0) return mine.next ?? state
  if (rule.kind === 'fixed_window') {
    const start = Math.min(now, now + answer.resetMs - rule.windowMs)
    return { a: start, b: rule.limit - answer.remaining, c: 0 }
  }
  const start = now - (now % rule.windowMs)
  const [current, before] = windowsAt(state, start, rule.windowMs)
  return { a: start, b: current + more, c: before }
}
