import { DAY, HOUR, MINUTE } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../store/memory-store.js'
import { createBudget } from './budget.js'
import { broken, slow, START } from './fixtures/setup.js'

fc.configureGlobal({ seed: 20_261_122 })

const setup = (failures = 5) => {
  let time = START
  const store = memoryStore({ clock: () => time })
  const budget = createBudget(slow(store), failures)
  return {
    store,
    budget,
    now: () => time,
    advance: (ms: number) => {
      time += ms
    },
    reserve: async (times: number, key = 'anna') => {
      const kinds: string[] = []
      for (let i = 0; i < times; i++) kinds.push((await budget.reserve(key, time)).kind)
      return kinds
    },
  }
}

describe('the budget of attempts', () => {
  it('gives out as many as it has, then locks for 15 minutes', async () => {
    const s = setup()
    expect(await s.reserve(7)).toEqual(['open', 'open', 'open', 'open', 'open', 'locked', 'locked'])
    expect(await s.budget.standing('anna', s.now())).toEqual({ kind: 'locked', until: START + 15 * MINUTE })
    s.advance(15 * MINUTE - 1)
    expect(await s.budget.standing('anna', s.now())).toMatchObject({ kind: 'locked' })
    s.advance(1)
    expect(await s.budget.standing('anna', s.now())).toEqual({ kind: 'open' })
  })

  it('never gives out more, however many ask at once [ASVS 15.4.2]', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 8 }), async (parallel, failures) => {
        const s = setup(failures)
        const kinds = await Promise.all(Array.from({ length: parallel }, () => s.budget.reserve('anna', START)))
        expect(kinds.filter(({ kind }) => kind === 'open')).toHaveLength(Math.min(parallel, failures))
      }),
      { numRuns: 30 },
    )
  })

  it('forgets attempts after 15 minutes, each at its time', async () => {
    const s = setup()
    for (let i = 0; i < 20; i++) {
      expect(await s.reserve(1)).toEqual(['open'])
      // never five within a quarter of an hour
      s.advance(4 * MINUTE)
    }
  })

  it('locks for longer when it is spent again, and is forgiving after a day of quiet', async () => {
    const s = setup(1)
    const locks: number[] = []
    for (const wait of [0, 15 * MINUTE, HOUR, DAY, 3 * DAY]) {
      s.advance(wait)
      await s.reserve(1)
      const standing = await s.budget.standing('anna', s.now())
      locks.push(standing.kind === 'locked' ? standing.until - s.now() : 0)
    }
    expect(locks).toEqual([15 * MINUTE, HOUR, DAY, DAY, 15 * MINUTE])
  })

  it('is each subject’s own, and whole again once it is cleared', async () => {
    const s = setup()
    await s.reserve(5)
    expect(await s.reserve(1, 'bert')).toEqual(['open'])
    await s.budget.clear('anna')
    expect(await s.reserve(6)).toEqual(['open', 'open', 'open', 'open', 'open', 'locked'])
    expect(await s.reserve(4, 'bert')).toEqual(['open', 'open', 'open', 'open'])
  })

  it('is trouble when its store is down or damaged, and never a fresh start', async () => {
    const s = setup()
    const down = createBudget(broken(s.store), 5)
    for (const call of [down.standing('anna', START), down.reserve('anna', START), down.clear('anna')])
      await expect(call).rejects.toThrow('down')
    await s.reserve(1)
    await s.store.write('mfa:attempts:anna', '"odd"', { ttlMs: 1_000 })
    await expect(s.budget.standing('anna', START)).rejects.toThrow('not a tally')
    await expect(s.budget.reserve('anna', START)).rejects.toThrow('not a tally')
    const contended = createBudget({ ...s.store, read: async () => undefined, write: async () => false }, 5)
    await expect(contended.reserve('anna', START)).rejects.toThrow('too many writers')
  })
})
