import { type Decision, HOUR, MINUTE } from '@parapet/core'
import { describe, expect, it, vi } from 'vitest'
import { createHeldDecisions, type HeldDecisions } from './held-decisions.js'

const NOW = 1_795_000_000_000
const decision = (n: number, fields: Partial<Decision> = {}): Decision => ({
  id: `d-${n}`,
  revision: n,
  target: { kind: 'ip', value: `203.0.113.${n % 250}` },
  action: 'deny',
  scope: 'all',
  mode: 'enforce',
  reason: 'x',
  author: { kind: 'policy', id: 'p' },
  batch: 'b',
  startsAt: NOW,
  expiresAt: NOW + HOUR,
  ...fields,
})
const lifted = (one: Decision, revision: number): Decision => ({
  ...one,
  revision,
  lifted: { at: NOW, by: { kind: 'cli', id: 'x' }, reason: 'x' },
})

/** A log whose reads the test holds up: what happens meanwhile is what these tests are about. */
const makeLog = () => {
  const current = new Map<string, Decision>()
  const log: Decision[] = []
  let tell: ((decision: Decision) => void) | undefined
  let gate: Promise<void> = Promise.resolve()
  return {
    /** a change that is committed; `quietly`: the follower never hears of it */
    change: (decision: Decision, quietly = false) => {
      log.push(decision)
      current.set(decision.id, decision)
      if (!quietly) tell?.(decision)
    },
    holdReads: () => {
      let open: () => void = () => undefined
      gate = new Promise((resolve) => {
        open = resolve
      })
      return open
    },
    store: {
      subscribe: (fn: (decision: Decision) => void) => {
        tell = fn
        return () => {
          tell = undefined
        }
      },
      revision: async () => log.at(-1)?.revision ?? 0,
      activeInParts: async function* (now: number, size: number) {
        const list = [...current.values()].filter((one) => one.lifted === undefined && one.expiresAt > now)
        await gate
        for (let from = 0; from < list.length; from += size) yield list.slice(from, from + size)
      },
      since: async (revision: number) => log.filter((one) => one.revision > revision),
    },
  }
}
const make = (log: ReturnType<typeof makeLog>, warn = vi.fn()): { held: HeldDecisions; warn: typeof warn; at: (ms: number) => void } => {
  let now = NOW
  return {
    held: createHeldDecisions({ decisions: log.store, clock: () => now, log: { warn } as never }),
    warn,
    at: (ms) => void (now = NOW + ms),
  }
}
const ids = (held: HeldDecisions): string[] =>
  held.set
    .all()
    .map(({ id }) => id)
    .toSorted()

describe('decisions held in memory', () => {
  it('are not ready before all were read, so that nobody takes an empty set for peace', async () => {
    const log = makeLog()
    for (let n = 1; n <= 1_200; n++) log.change(decision(n))
    const open = log.holdReads()
    const { held } = make(log)
    const started = held.start()
    await new Promise((resolve) => setImmediate(resolve))
    expect(held.isReady()).toBe(false)
    open()
    await started
    expect([held.isReady(), held.set.size, held.set.revision]).toEqual([true, 1_200, 1_200])
    held.stop()
  })

  it('are true when changes come while they are read, whichever way each becomes known', async () => {
    const log = makeLog()
    log.change(decision(1))
    log.change(decision(2))
    const open = log.holdReads()
    const { held } = make(log)
    const started = held.start()
    await new Promise((resolve) => setImmediate(resolve))
    log.change(lifted(decision(1), 3))
    log.change(decision(4))
    open()
    await started
    expect(ids(held)).toEqual(['d-2', 'd-4'])
    expect(held.set.revision).toBe(4)
    held.stop()
  })

  it('tell of a change at once, several of one moment as one, and how long it took', async () => {
    const log = makeLog()
    const { held, at } = make(log)
    await held.start()
    await new Promise((resolve) => setImmediate(resolve))
    const told = vi.fn()
    held.onChange(told)
    expect(held.latency()).toBeNull()
    at(40)
    for (let n = 1; n <= 5; n++) log.change(decision(n))
    // one that comes back from a lift says nothing about the way
    log.change(lifted(decision(9, { startsAt: NOW - MINUTE / 2 }), 10))
    await new Promise((resolve) => setImmediate(resolve))
    expect(told).toHaveBeenCalledTimes(1)
    expect(held.latency()).toEqual({ p50: 40, p99: 40 })
    held.stop()
  })

  it('are put right where they differ from the log, and that is told; where they do not, nothing is', async () => {
    const log = makeLog()
    log.change(decision(1))
    log.change(decision(2))
    log.change(decision(3))
    const { held, warn, at } = make(log)
    await held.start()
    expect(await held.reconcile()).toBe(0)
    expect([warn.mock.calls.length, held.checked().repairs]).toEqual([0, []])
    log.change(decision(4), true)
    log.change(lifted(decision(1), 5), true)
    log.change({ ...decision(2), revision: 6, expiresAt: NOW + 2 * HOUR }, true)
    at(5)
    expect(await held.reconcile()).toBe(3)
    expect(ids(held)).toEqual(['d-2', 'd-3', 'd-4'])
    expect(held.checked()).toEqual({
      at: NOW + 5,
      repairs: [{ at: NOW + 5, what: '3 decisions differed from the log and were put right' }],
    })
    expect(await held.reconcile()).toBe(0)
    held.stop()
  })

  it('that have ended are no difference', async () => {
    const log = makeLog()
    log.change(decision(1, { expiresAt: NOW + 10 }))
    log.change(decision(2))
    const { held, at } = make(log)
    await held.start()
    at(10)
    expect(await held.reconcile()).toBe(0)
    expect(ids(held)).toEqual(['d-2'])
    held.stop()
  })

  it('stay as they are when the log cannot be read', async () => {
    const log = makeLog()
    log.change(decision(1))
    const { held } = make(log)
    await held.start()
    log.store.since = async () => {
      throw new Error('away')
    }
    await expect(held.reconcile()).rejects.toThrow('away')
    expect([held.isReady(), ids(held)]).toEqual([true, ['d-1']])
    held.stop()
  })
})
