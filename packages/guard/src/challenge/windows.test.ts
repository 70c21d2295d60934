import { createHash } from 'node:crypto'
import type { Store } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKeyring } from '../keyring/keyring.js'
import { memoryStore } from '../store/memory-store.js'
import { type AnswerVerdict, type ChallengeOptions, createChallenge, type Puzzle, zeroBits } from './challenge.js'

fc.configureGlobal({ seed: 20_261_122 })

const keyring = createKeyring({ keys: ['k3y-for-tests-0123456789abcdefghij'] })
const HERE = '203.0.113.7'
const START = 1_800_000_000_000

const setup = (over: Partial<ChallengeOptions> = {}) => {
  let now = START
  const clock = (): number => now
  const challenge = createChallenge({ keyring, store: memoryStore({ clock }), clock, bits: 8, ...over })
  return {
    challenge,
    at: (ms: number) => {
      now = START + ms
    },
  }
}
const numberFor = ({ seed, bits }: Puzzle): number => {
  for (let n = 0; ; n++) if (zeroBits(createHash('sha256').update(`${seed}:${n}`).digest()) >= bits) return n
}
const solve = (puzzle: Puzzle): string => `${puzzle.token}:${numberFor(puzzle)}`
const word = (verdict: AnswerVerdict): string => (verdict.kind === 'wrong' ? verdict.reason : verdict.kind)
const cookieOf = (verdict: AnswerVerdict): string => (verdict.kind === 'solved' ? (verdict.cookie.split(';')[0] ?? '') : '')

describe('the time of a puzzle', () => {
  it.each([10_000, 60_000, 3_600_000])('of %i ms is over at its last millisecond, and begins at once', async (solveMs) => {
    for (const [ms, outcome] of [
      [0, 'solved'],
      [solveMs - 1, 'solved'],
      [solveMs, 'expired'],
      [solveMs + 1, 'expired'],
      [9e12, 'expired'],
    ] as const) {
      // prettier-ignore
      const { challenge, at } = setup({ solveMs })
      const answer = solve(challenge.issue(HERE))
      at(ms)
      expect(word(await challenge.answer(answer, HERE))).toBe(outcome)
    }
  })

  it('is not won back: a used one is used to its end, and over after it', async () => {
    const { challenge, at } = setup({ solveMs: 10_000 })
    const answer = solve(challenge.issue(HERE))
    expect(word(await challenge.answer(answer, HERE))).toBe('solved')
    for (const [ms, outcome] of [
      [1, 'used'],
      [9_999, 'used'],
      [10_000, 'expired'],
      [0, 'used'],
      [-60_000, 'used'],
    ] as const) {
      // prettier-ignore
      at(ms)
      expect(word(await challenge.answer(answer, HERE))).toBe(outcome)
    }
  })

  it('is judged before its work: what is over costs no hash, and no mark in the store', async () => {
    let writes = 0
    const store = memoryStore({ clock: () => START })
    const { challenge, at } = setup({ store: { ...store, write: (...given) => (writes++, store.write(...given)) } })
    const [late, lazy] = [challenge.issue(HERE), challenge.issue(HERE)]
    at(300_000)
    expect(word(await challenge.answer(solve(late), HERE))).toBe('expired')
    at(0)
    const wrong = numberFor(lazy) === 0 ? 1 : 0
    const verdict = word(await challenge.answer(`${lazy.token}:${wrong}`, HERE))
    expect([verdict, writes]).toEqual(['too_little_work', 0])
    // and a try with too little work has not used it up
    expect(word(await challenge.answer(solve(lazy), HERE))).toBe('solved')
  })
})

describe('the time of a clearance', () => {
  it.each([60_000, 1_800_000, 86_400_000])('of %i ms is over at its last millisecond', async (clearanceMs) => {
    const { challenge, at } = setup({ clearanceMs })
    const cookie = cookieOf(await challenge.answer(solve(challenge.issue(HERE)), HERE))
    for (const [ms, cleared] of [
      [0, true],
      [clearanceMs - 1, true],
      [clearanceMs, false],
      [-1, false],
      [0, true],
    ] as const) {
      // prettier-ignore
      at(ms)
      expect(challenge.clearedAt(cookie, HERE)).toBe(cleared ? START : undefined)
    }
  })

  it('is the one that the browser is told, in whole seconds', async () => {
    for (const [clearanceMs, seconds] of [
      [60_000, 60],
      [60_001, 61],
      [86_400_000, 86_400],
    ] as const) {
      // prettier-ignore
      const { challenge } = setup({ clearanceMs })
      const verdict = await challenge.answer(solve(challenge.issue(HERE)), HERE)
      expect(verdict.kind === 'solved' && verdict.cookie).toMatch(new RegExp(`Max-Age=${seconds}$`))
    }
  })

  it('is shorter for a guard that was told so, whatever an older cookie hoped for', async () => {
    const store = memoryStore({ clock: () => START })
    const long = setup({ store, clearanceMs: 86_400_000 })
    const cookie = cookieOf(await long.challenge.answer(solve(long.challenge.issue(HERE)), HERE))
    const short = setup({ store, clearanceMs: 60_000 })
    short.at(60_000)
    expect(short.challenge.clearedAt(cookie, HERE)).toBeUndefined()
  })
})

describe('an answer', () => {
  it('of any text is wrong by name, and nothing is thrown or kept', async () => {
    let writes = 0
    const store = memoryStore({ clock: () => START })
    const { challenge } = setup({ store: { ...store, write: (...given) => (writes++, store.write(...given)) } })
    const { token } = challenge.issue(HERE)
    const odd = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.string({ maxLength: 20 }).map((rest) => `${token}${rest}`),
      fc.constantFrom(
        '',
        ':',
        `${token}:`,
        `:${token}`,
        `${token}:-1`,
        `${token}:0x0`,
        `${token}:1e1`,
        `${token}: 1`,
        `${token}:1 `,
        `${token}:١`,
        `${token}:\u0000`,
      ),
      fc.constantFrom(`${token}:${'9'.repeat(17)}`, `${token}:${'1'.repeat(1_000_000)}`, `${token}:1:`, `__proto__:1`),
    )
    await fc.assert(
      fc.asyncProperty(odd, async (text) => {
        expect(word(await challenge.answer(text, HERE))).toBe('malformed')
      }),
    )
    expect(writes).toBe(0)
  })

  it('is worth nothing with the address of another, however like they are', async () => {
    const { challenge } = setup()
    const addresses = [
      '203.0.113.7',
      '203.0.113.70',
      '203.0.113.7 ',
      '203.0.113.7.',
      '.203.0.113.7',
      '',
      '2001:db8::/64',
      '2001:db8::/6',
      '203.0.113.7\u0000',
    ]
    for (const own of addresses)
      for (const other of addresses) {
        const outcome = word(await challenge.answer(solve(challenge.issue(own)), other))
        expect([own, other, outcome]).toEqual([own, other, own === other ? 'solved' : 'forged'])
      }
  })

  it('handed in a hundred times at once, with a store that takes its time, is taken once [ASVS 15.4.2]', async () => {
    const store = memoryStore({ clock: () => START })
    const slow: Store = {
      ...store,
      write: async (...given) => {
        await new Promise((resolve) => setImmediate(resolve))
        return store.write(...given)
      },
    }
    const { challenge } = setup({ store: slow })
    const answer = solve(challenge.issue(HERE))
    const verdicts = await Promise.all(Array.from({ length: 100 }, () => challenge.answer(answer, HERE)))
    expect(verdicts.filter(({ kind }) => kind === 'solved')).toHaveLength(1)
    expect(new Set(verdicts.map((one) => word(one)))).toEqual(new Set(['solved', 'used']))
  })

  it('is not spent by an outage: the same one is taken when the store is back', async () => {
    let away = true
    const store = memoryStore({ clock: () => START })
    const { challenge } = setup({ store: { ...store, write: async (...given) => (away ? Promise.reject(new Error('down')) : store.write(...given)) } }) // prettier-ignore
    const answer = solve(challenge.issue(HERE))
    for (let i = 0; i < 3; i++) expect(word(await challenge.answer(answer, HERE))).toBe('degraded')
    away = false
    expect(word(await challenge.answer(answer, HERE))).toBe('solved')
  })
})

describe('zero bits', () => {
  it('are as many as a plain count of the digits finds', () => {
    fc.assert(
      fc.property(fc.nat({ max: 5 }), fc.uint8Array({ maxLength: 4 }), (zeros, rest) => {
        const bytes = Uint8Array.from([...Array.from({ length: zeros }, () => 0), ...rest])
        const digits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
        const first = digits.indexOf('1')
        expect(zeroBits(bytes)).toBe(first < 0 ? digits.length : first)
      }),
    )
  })
})

describe('the bounds of the options', () => {
  it.each<[Partial<ChallengeOptions>, boolean]>([
    [{ bits: 8 }, true], [{ bits: 7 }, false], [{ bits: 26 }, true], [{ bits: 27 }, false], [{ bits: 8.5 }, false],
    [{ solveMs: 10_000 }, true], [{ solveMs: 9_999 }, false], [{ solveMs: 3_600_000 }, true], [{ solveMs: 3_600_001 }, false],
    [{ clearanceMs: 60_000 }, true], [{ clearanceMs: 59_999 }, false], [{ clearanceMs: 86_400_000 }, true], [{ clearanceMs: 86_400_001 }, false],
    [{ contact: 'x'.repeat(200) }, true], [{ cookie: { name: 'a'.repeat(41) } }, true], [{ cookie: { name: 'a'.repeat(42) } }, false],
    [{ cookie: { name: '1a' } }, false], [{ cookie: { name: 'a;b' } }, false], [{ cookie: { name: '__SECURE-a' } }, false],
  ])('%j is taken: %s', (over, taken) => {
    const build = (): string => {
      try {
        setup(over)
        return 'taken'
      } catch (error) {
        return (error as { code: string }).code
      }
    }
    expect(build()).toBe(taken ? 'taken' : 'PPT_CONFIG_INVALID')
  }) // prettier-ignore
})
