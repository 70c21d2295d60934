import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LiveInput, LiveState } from './live.js'
import { liveStart, liveStep, liveWords, retryDelay, wantsStream } from './live.js'

const run = (inputs: readonly LiveInput['kind'][], from: LiveState = liveStart(0)): LiveState => {
  let state = from
  inputs.forEach((kind, index) => {
    state = liveStep(state, { kind }, (index + 1) * 1_000, 0.5)
  })
  return state
}
const anyInputs = fc.array(fc.constantFrom<LiveInput['kind']>('opened', 'broken', 'retry', 'offline', 'online', 'hidden', 'visible'), {
  maxLength: 40,
})

describe('liveStep', () => {
  it('is live once the streams are open, and knows that nothing was missed', () => {
    expect(run(['opened'])).toEqual({ kind: 'live', since: 1_000, resumed: false })
  })

  it('asks for everything again after a gap', () => {
    expect(run(['opened', 'broken', 'retry', 'opened'])).toMatchObject({ kind: 'live', resumed: true })
    expect(run(['opened', 'offline', 'online', 'opened'])).toMatchObject({ kind: 'live', resumed: true })
    expect(run(['opened', 'hidden', 'visible', 'opened'])).toMatchObject({ kind: 'live', resumed: true })
  })

  it('waits longer with every failure, and starts over after a success', () => {
    expect(run(['broken'])).toMatchObject({ kind: 'reconnecting', attempt: 1 })
    expect(run(['broken', 'retry', 'broken', 'retry', 'broken'])).toMatchObject({ kind: 'reconnecting', attempt: 3 })
    expect(run(['broken', 'retry', 'broken', 'retry', 'opened', 'broken'])).toMatchObject({ kind: 'reconnecting', attempt: 1 })
  })

  it('counts two broken streams of one line as one failure', () => {
    expect(run(['broken', 'broken', 'broken'])).toMatchObject({ attempt: 1, since: 1_000 })
  })

  it('does not try while the machine is offline or nobody looks', () => {
    expect(run(['offline', 'retry', 'broken', 'opened']).kind).toBe('offline')
    expect(run(['hidden', 'retry', 'broken', 'opened']).kind).toBe('paused')
    expect(run(['offline', 'hidden']).kind).toBe('offline')
    expect(run(['offline', 'visible']).kind).toBe('offline')
  })

  it('holds a connection only while it can be of use', () => {
    fc.assert(
      fc.property(anyInputs, (inputs) => {
        const state = run(inputs)
        expect(wantsStream(state)).toBe(state.kind === 'live' || state.kind === 'connecting')
      }),
    )
  })

  it('can always become live again', () => {
    fc.assert(
      fc.property(anyInputs, (inputs) => {
        expect(run(['online', 'visible', 'retry', 'opened'], run(inputs)).kind).toBe('live')
      }),
    )
  })

  it('returns the same object when nothing changes, so that nothing repaints', () => {
    const live = run(['opened'])
    expect(liveStep(live, { kind: 'opened' }, 9_000, 0)).toBe(live)
    expect(liveStep(live, { kind: 'retry' }, 9_000, 0)).toBe(live)
    expect(liveStep(live, { kind: 'visible' }, 9_000, 0)).toBe(live)
  })
})

describe('retryDelay', () => {
  it('doubles to a cap and is spread, so that a restarted server is not hit by all at once', () => {
    expect([1, 2, 3, 4].map((attempt) => retryDelay(attempt, 1))).toEqual([500, 1_000, 2_000, 4_000])
    expect(retryDelay(50, 1)).toBe(15_000)
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, random) => {
        expect(retryDelay(attempt, random)).toBeGreaterThanOrEqual(375)
        expect(retryDelay(attempt, random)).toBeLessThanOrEqual(15_000)
      }),
    )
  })
})

describe('liveWords', () => {
  it('says Reconnecting for every try after the first', () => {
    expect(liveWords(liveStart(0))).toBe('Connecting')
    expect(liveWords(run(['broken', 'retry']))).toBe('Reconnecting')
    expect(liveWords(run(['broken']))).toBe('Reconnecting')
    expect(liveWords(run(['opened']))).toBe('Live')
    expect(liveWords(run(['offline']))).toBe('Offline')
    expect(liveWords(run(['hidden']))).toBe('Paused')
  })
})
