import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GuardRequest } from '../request/guard-request.js'
import { memoryStore } from '../store/memory-store.js'
import { createLogin } from './login.js'

const MINUTE = 60_000
const WINDOW = 15 * MINUTE

type Step =
  | { readonly kind: 'wait'; readonly minutes: number }
  | { readonly kind: 'try'; readonly subject: string; readonly address: number; readonly right: boolean; readonly device: boolean }
  | { readonly kind: 'burst'; readonly subject: string; readonly count: number; readonly spread: boolean }

const subjects = fc.constantFrom('anna', 'bert', ' ANNA ', 'nobody')
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('wait' as const), minutes: fc.integer({ min: 0, max: 40 }) }),
  fc.record({
    kind: fc.constant('try' as const),
    subject: subjects,
    address: fc.integer({ min: 1, max: 6 }),
    right: fc.boolean(),
    device: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('burst' as const), subject: subjects, count: fc.integer({ min: 2, max: 50 }), spread: fc.boolean() }),
)

/** One wrong or right credential that was really checked. */
type Checked = { readonly at: number; readonly subject: string; readonly device: boolean; readonly right: boolean }

/** Plays steps against the shield, and notes what reached the check and what was said. */
const play = async (steps: readonly Step[]): Promise<{ checked: readonly Checked[]; said: readonly string[]; wrongIn: number }> => {
  let now = 1_800_000_000_000
  let wrongIn = 0
  const checked: Checked[] = []
  const said: string[] = []
  const cookies = new Map<string, string>()
  const login = createLogin({
    store: memoryStore({ clock: () => now }),
    clock: () => now,
    secret: 'k3y-for-tests-0123456789abcdefghij',
    delay: 'none',
  })
  const attempt = async (typed: string, address: string, right: boolean, device: boolean): Promise<void> => {
    const subject = typed.trim().toLowerCase()
    const cookie = device ? cookies.get(subject) : undefined
    const header = (name: string): string | undefined => (name === 'cookie' ? cookie : undefined)
    const request: GuardRequest = { method: 'POST', url: '/login', header, peer: address, secure: true }
    // nobody signs in under a name that does not exist
    const good = right && subject !== 'nobody'
    const verdict = await login.attempt({ subject: typed, method: 'password', request }, async () => {
      checked.push({ at: now, subject, device: cookie !== undefined, right: good })
      await new Promise((resolve) => setImmediate(resolve))
      return good && { name: subject }
    })
    said.push(verdict.kind)
    if (verdict.kind !== 'ok') return
    if (!good) wrongIn++
    const issued = verdict.cookies[0]?.split(';')[0]
    if (issued !== undefined) cookies.set(subject, issued)
  }
  for (const one of steps) {
    if (one.kind === 'wait') now += one.minutes * MINUTE
    else if (one.kind === 'try') await attempt(one.subject, `203.0.113.${one.address}`, one.right, one.device)
    else {
      const addresses = Array.from({ length: one.count }, (_, i) => (one.spread ? `198.51.100.${i + 1}` : '198.51.100.1'))
      await Promise.all(addresses.map((address) => attempt(one.subject, address, false, false)))
    }
    now += 1_000
  }
  return { checked, said, wrongIn }
}

describe('any sequence of attempts, in parallel or one by one', () => {
  it('lets no wrong credential in, and never more than five to the check between two successes on unknown devices in 15 minutes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        const { checked, said, wrongIn } = await play(steps)
        expect(wrongIn).toBe(0)
        expect(said).not.toContain('degraded')
        for (const subject of ['anna', 'bert', 'nobody']) {
          // known devices have budgets of their own and change nothing for others; a success on another starts the count afresh
          let run: number[] = []
          let most = 0
          for (const { at, device, right } of checked.filter((one) => one.subject === subject)) {
            if (right && !device) run = []
            else if (!device) {
              run = [...run.filter((before) => before > at - WINDOW), at]
              most = Math.max(most, run.length)
            }
          }
          expect(most).toBeLessThanOrEqual(5)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('treats a name that does not exist like one that does, as long as nobody knows its password', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 15 }), async (steps) => {
        const wrong = (subject: string): Step[] =>
          steps.map((one) => (one.kind === 'wait' ? one : one.kind === 'try' ? { ...one, subject, right: false } : { ...one, subject }))
        const [known, unknown] = [await play(wrong('anna')), await play(wrong('nobody'))]
        expect(unknown.said).toEqual(known.said)
        expect(unknown.checked.length).toBe(known.checked.length)
      }),
      { numRuns: 30 },
    )
  })
})
