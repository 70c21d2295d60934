import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createGate } from './gate.js'
import { createPace } from './pace.js'
import { keyringOfSecret } from '../keyring/keyring.js'
import { countAddressFailure, countFailure, EMPTY_TALLY, explainFailures, isLocked, LOCK_DEFAULTS, parseTally, tallyTtl } from './tally.js'

describe('a tally', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 20 * 60_000 }), fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), fc.boolean()), {
    maxLength: 80,
  })

  it('stays small whatever happens, and never lets five failures in a window go without a lock', () => {
    fc.assert(
      fc.property(steps, (list) => {
        let now = 1_000_000
        let tally = EMPTY_TALLY
        const counted: number[] = []
        for (const [gap, subject] of list) {
          now += gap
          const wasLocked = isLocked(tally, now)
          tally = countFailure(tally, subject, now, LOCK_DEFAULTS)
          expect(tally.failures.length).toBeLessThan(LOCK_DEFAULTS.failures)
          if (wasLocked) continue
          counted.push(now)
          if (isLocked(tally, now)) counted.length = 0
          expect(counted.filter((at) => at > now - LOCK_DEFAULTS.windowMs).length).toBeLessThan(LOCK_DEFAULTS.failures)
        }
      }),
    )
  })

  it('of an address stays small too, and survives being stored', () => {
    fc.assert(
      fc.property(steps, (list) => {
        let now = 1_000_000
        let tally = EMPTY_TALLY
        for (const [gap, subject, success] of list) {
          now += gap
          tally = parseTally(
            JSON.stringify(success ? explainFailures(tally, subject) : countAddressFailure(tally, subject, now, LOCK_DEFAULTS)),
          )
          expect(tally.failures.length).toBeLessThan(LOCK_DEFAULTS.addressFailures)
          expect(new Set(tally.failures.map(([, of]) => of)).size).toBeLessThan(LOCK_DEFAULTS.addressSubjects)
          expect(success && tally.failures.some(([, of]) => of === subject)).toBe(false)
        }
      }),
    )
  })

  it('that is locked is the same object after another failure: nothing to write, nothing extended', () => {
    let tally = EMPTY_TALLY
    for (let i = 0; i < 5; i++) tally = countFailure(tally, 'a', 1_000 + i, LOCK_DEFAULTS)
    expect(countFailure(tally, 'a', 2_000, LOCK_DEFAULTS)).toBe(tally)
    expect(isLocked(tally, 1_004 + 899_999)).toBe(true)
    expect(isLocked(tally, 1_004 + 900_000)).toBe(false)
  })

  it('forgets failures that a clock set back has put into the future', () => {
    let tally = EMPTY_TALLY
    for (let i = 0; i < 4; i++) tally = countFailure(tally, 'a', 1e9 + i, LOCK_DEFAULTS)
    expect(countFailure(tally, 'a', 1_000, LOCK_DEFAULTS).failures).toHaveLength(1)
  })

  it('counts what an attempt that began later has written before it, or a machine whose clock is ahead: parallel guesses share one budget', () => {
    let tally = EMPTY_TALLY
    // the clock was read in one order and the tally written in the other
    for (const at of [1_005, 1_003, 1_004, 1_001]) tally = countFailure(tally, 'a', at, LOCK_DEFAULTS)
    expect(tally.failures).toHaveLength(4)
    expect(isLocked(countFailure(tally, 'a', 1_000, LOCK_DEFAULTS), 1_010)).toBe(true)
  })

  it('locks with the fifth failure however far the clocks of the writers lie apart, within a window', () => {
    const skews = fc.array(fc.integer({ min: 0, max: LOCK_DEFAULTS.windowMs - 1 }), { minLength: 5, maxLength: 5 })
    fc.assert(
      fc.property(skews, fc.boolean(), (list, ofAddress) => {
        const count = ofAddress ? countAddressFailure : countFailure
        const rule = { ...LOCK_DEFAULTS, addressFailures: 5 }
        const end = list.reduce((tally, skew) => count(tally, 'a', 1_800_000_000_000 + skew, rule), EMPTY_TALLY)
        expect([end.locks, end.failures]).toEqual([1, []])
      }),
    )
  })

  it('is kept for a day after its lock, so that the next tier is the next', () => {
    expect(tallyTtl(EMPTY_TALLY, 0, LOCK_DEFAULTS)).toBe(LOCK_DEFAULTS.windowMs)
    expect(tallyTtl({ failures: [], lockedUntil: 900_000, locks: 1 }, 0, LOCK_DEFAULTS)).toBe(900_000 + 86_400_000)
  })

  it('that is none is refused', () => {
    for (const value of ['null', '[]', '{}', '{"failures":1}', 'x']) expect(() => parseTally(value)).toThrow(Error)
  })
})

describe('the gate', () => {
  it('never lets more run than it may, serves in order and loses nobody', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 40 }), async (keys) => {
        const gate = createGate({ running: 3, waiting: 10, perKey: 5 })
        const order: number[] = []
        let inside = 0
        const entered = keys.map((key, i) => ({ i, pass: gate.enter(key) }))
        await Promise.all(
          entered.map(async ({ i, pass }) => {
            if (pass === undefined) return
            const leave = await pass
            order.push(i)
            expect(++inside).toBeLessThanOrEqual(3)
            await Promise.resolve()
            inside--
            leave()
            leave()
          }),
        )
        expect(order).toEqual(entered.filter(({ pass }) => pass !== undefined).map(({ i }) => i))
        expect([gate.running, gate.waiting]).toEqual([0, 0])
      }),
    )
  })

  it('does not let one client fill the queue for all', () => {
    const gate = createGate({ running: 1, waiting: 100, perKey: 4 })
    expect(Array.from({ length: 50 }, () => gate.enter('attacker')).filter((pass) => pass !== undefined)).toHaveLength(4)
    expect(gate.enter('honest')).toBeDefined()
  })
})

describe('the pace', () => {
  it('follows the slowest check, forgets it slowly and never holds anybody over a second', () => {
    const pace = createPace()
    expect(pace.missing(0)).toBe(0)
    pace.note(100)
    for (let i = 0; i < 10; i++) pace.note(1)
    expect(pace.missing(0)).toBeGreaterThan(90)
    expect(pace.missing(500)).toBe(0)
    pace.note(60_000)
    expect(pace.missing(0)).toBe(1_000)
  })
})

describe('a keyring from a secret', () => {
  const keyring = keyringOfSecret('secret', 'k3y-for-tests-0123456789abcdefghij')

  it('verifies what it signed for the same purpose only', () => {
    const signature = keyring.sign('a', 'data')
    expect(keyring.verify('a', 'data', signature)).toBe(true)
    expect(keyring.verify('b', 'data', signature)).toBe(false)
    expect(keyring.verify('a', 'data2', signature)).toBe(false)
    expect(keyringOfSecret('secret', 'another-secret-0123456789abcdefgh').verify('a', 'data', signature)).toBe(false)
  })

  it('takes no junk for a signature', () => {
    fc.assert(
      fc.property(fc.string(), (junk) => {
        expect(keyring.verify('a', 'data', junk)).toBe(false)
      }),
    )
  })
})
