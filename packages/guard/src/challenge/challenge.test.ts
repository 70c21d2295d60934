import { createHash } from 'node:crypto'
import vm from 'node:vm'
import type { Store } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKeyring } from '../keyring/keyring.js'
import { memoryStore } from '../store/memory-store.js'
import { type AnswerVerdict, type Challenge, type ChallengeOptions, createChallenge, type Puzzle, zeroBits } from './challenge.js'
import { challengePolicy } from './page.js'
import { SOLVER } from './solver.js'

fc.configureGlobal({ seed: 20_261_122 })

const keyring = createKeyring({ keys: ['k3y-for-tests-0123456789abcdefghij'] })
const HERE = '203.0.113.7'

const setup = (over: Partial<ChallengeOptions> = {}): { challenge: Challenge; advance: (ms: number) => void; now: () => number } => {
  let now = 1_800_000_000_000
  const clock = (): number => now
  return {
    challenge: createChallenge({ keyring, store: memoryStore({ clock }), clock, bits: 8, ...over }),
    advance: (ms) => {
      now += ms
    },
    now: clock,
  }
}

/** What a browser does, in another way than the page does it. */
const solve = ({ token, seed, bits }: Puzzle, enough = true): string => {
  for (let n = 0; ; n++) {
    const hash = createHash('sha256').update(`${seed}:${n}`).digest()
    if (zeroBits(hash) >= bits === enough) return `${token}:${n}`
  }
}
const cookieOf = (verdict: AnswerVerdict): string => (verdict.kind === 'solved' ? (verdict.cookie.split(';')[0] ?? '') : '')

describe('a puzzle', () => {
  it('is solved by work, and clears the address for half an hour', async () => {
    const { challenge, advance, now } = setup()
    const verdict = await challenge.answer(solve(challenge.issue(HERE)), HERE)
    expect(verdict.kind).toBe('solved')
    const cookie = cookieOf(verdict)
    expect(challenge.clearedAt(cookie, HERE)).toBe(now())
    advance(30 * 60_000 - 1)
    expect(challenge.clearedAt(cookie, HERE)).toBeDefined()
    advance(1)
    expect(challenge.clearedAt(cookie, HERE)).toBeUndefined()
  })

  it('sets a cookie that only this host gets, that no script reads, over TLS only [ASVS 3.3.1, 3.3.2, 3.3.3, 3.3.4]', async () => {
    const { challenge } = setup()
    const verdict = await challenge.answer(solve(challenge.issue(HERE)), HERE)
    expect(verdict.kind === 'solved' && verdict.cookie).toMatch(
      /^__Host-clearance=[\w.-]+; Path=\/; HttpOnly; Secure; SameSite=Lax; Max-Age=1800$/,
    )
  })

  it('is good once, also for two who hand in the same answer at the same time', async () => {
    const { challenge } = setup()
    const answer = solve(challenge.issue(HERE))
    const verdicts = await Promise.all([1, 2, 3].map(() => challenge.answer(answer, HERE)))
    expect(verdicts.map(({ kind }) => kind).toSorted()).toEqual(['solved', 'wrong', 'wrong'])
    expect(await challenge.answer(answer, HERE)).toEqual({ kind: 'wrong', reason: 'used' })
  })

  it('is bound to the address that got it: nobody solves for others', async () => {
    const { challenge } = setup()
    const answer = solve(challenge.issue(HERE))
    expect(await challenge.answer(answer, '203.0.113.8')).toEqual({ kind: 'wrong', reason: 'forged' })
    const cookie = cookieOf(await challenge.answer(answer, HERE))
    expect(challenge.clearedAt(cookie, '203.0.113.8')).toBeUndefined()
    expect(challenge.clearedAt(cookie, HERE)).toBeDefined()
  })

  it('ends after five minutes', async () => {
    const { challenge, advance } = setup()
    const answer = solve(challenge.issue(HERE))
    advance(5 * 60_000)
    expect(await challenge.answer(answer, HERE)).toEqual({ kind: 'wrong', reason: 'expired' })
  })

  it('costs its work: an answer with too few zero bits is none', async () => {
    const { challenge } = setup()
    expect(await challenge.answer(solve(challenge.issue(HERE), false), HERE)).toEqual({ kind: 'wrong', reason: 'too_little_work' })
  })

  it('cannot be made easier, longer or another by whoever got it', async () => {
    const { challenge } = setup()
    const puzzle = challenge.issue(HERE)
    const [expiry = '', bits = '', seed = '', ...signature] = puzzle.token.split('.')
    const forged = [
      [expiry, '0', seed, ...signature],
      ['zzzzzzzz', bits, seed, ...signature],
      [expiry, bits, 'a'.repeat(22), ...signature],
      [expiry, bits, seed, signature[0], 'a'.repeat(43)],
    ]
    for (const parts of forged) expect(await challenge.answer(`${parts.join('.')}:1`, HERE)).toEqual({ kind: 'wrong', reason: 'forged' })
  })

  it('of another guard is none of ours', async () => {
    const other = createChallenge({
      keyring: createKeyring({ keys: ['another-key-0123456789-abcdefghij'] }),
      store: memoryStore(),
      bits: 8,
    })
    const { challenge } = setup()
    expect(await challenge.answer(solve(other.issue(HERE)), HERE)).toEqual({ kind: 'wrong', reason: 'forged' })
  })

  it('is not taken while the store of used ones is away: degraded, and neither solved nor wrong', async () => {
    const down = async (): Promise<never> => {
      throw new Error('down')
    }
    const store: Store = { read: down, write: down, remove: down, list: down, removeGroup: down }
    const { challenge } = setup({ store })
    expect((await challenge.answer(solve(challenge.issue(HERE)), HERE)).kind).toBe('degraded')
  })

  it('survives any answer and any cookie', async () => {
    const { challenge } = setup()
    const { token } = challenge.issue(HERE)
    const text = fc.oneof(
      fc.string({ maxLength: 300 }),
      fc.string({ maxLength: 20 }).map((rest) => `${token}${rest}`),
      fc.constant(`${token}:-1`),
    )
    await fc.assert(
      fc.asyncProperty(text, async (answer) => {
        expect((await challenge.answer(answer, HERE)).kind).toBe('wrong')
        expect(challenge.clearedAt(`__Host-clearance=${answer}`, HERE)).toBeUndefined()
      }),
    )
    expect(challenge.clearedAt(undefined, HERE)).toBeUndefined()
  })

  it('a clearance from the future is none: a clock that was set back clears nobody for longer', async () => {
    const { challenge, advance } = setup()
    const cookie = cookieOf(await challenge.answer(solve(challenge.issue(HERE)), HERE))
    advance(-1_000)
    expect(challenge.clearedAt(cookie, HERE)).toBeUndefined()
  })
})

describe('the solver of the page', () => {
  const run = (seed: string, bits: number): Promise<number> =>
    new Promise((resolve) => {
      const context = vm.createContext({ setTimeout, done: resolve })
      vm.runInContext(SOLVER, context)
      vm.runInContext(`parapetSolve(${JSON.stringify(seed)}, ${bits}, function () {}, done)`, context)
    })

  it('finds the first number that works, as any other SHA-256 does', async () => {
    for (const [seed, bits] of [
      ['aaaaaaaaaaaaaaaaaaaaaa', 8],
      ['Zm9vYmFyYmF6cXV4LV8tXw', 12],
      ['0123456789-_abcdefghij', 14],
    ] as const) {
      let first = 0
      while (zeroBits(createHash('sha256').update(`${seed}:${first}`).digest()) < bits) first++
      expect(await run(seed, bits)).toBe(first)
    }
  })

  it('solves what the guard gives out', async () => {
    const { challenge } = setup({ bits: 12 })
    const puzzle = challenge.issue(HERE)
    expect((await challenge.answer(`${puzzle.token}:${await run(puzzle.seed, puzzle.bits)}`, HERE)).kind).toBe('solved')
  })

  it('counts zero bits as they are', () => {
    expect([0xff, 0x7f, 0x01, 0x00].map((first) => zeroBits(Uint8Array.of(first, 0xff)))).toEqual([0, 1, 7, 8])
    expect(zeroBits(new Uint8Array(32))).toBe(256)
  })
})

describe('the page', () => {
  const page = (contact?: string): string => {
    const { challenge } = setup(contact === undefined ? {} : { contact })
    return challenge.page(challenge.issue(HERE), { nonce: 'bm9uY2Utb2YtdGhpcw==', reference: '0190-"><script>' })
  }

  it('escapes all that comes from elsewhere', () => {
    const html = page('<b onload="x">ops@example.org</b>')
    expect(html).not.toContain('<b onload')
    expect(html).toContain('&lt;b onload=&quot;x&quot;&gt;ops@example.org')
    expect(html).not.toContain('0190-"><script>')
  })

  it('runs no script but its own, and has no part from anywhere else', () => {
    const html = page()
    expect(html.match(/<script/g)).toHaveLength(1)
    expect(html).toContain('<script nonce="bm9uY2Utb2YtdGhpcw==">')
    expect(html).not.toMatch(/https?:\/\/|@import|url\(| on\w+=|style=/)
    expect(challengePolicy('abc')).toBe(
      "default-src 'none'; script-src 'nonce-abc'; style-src 'nonce-abc'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    )
  })

  it('says without JavaScript what is going on and what to do', () => {
    const html = page()
    expect(html).toMatch(/<noscript>.*JavaScript is off.*Turn it on.*<\/noscript>/s)
    expect(html).toContain('lang="en"')
    expect(html).toContain('role="status"')
  })
})

describe('options', () => {
  it.each<[Record<string, unknown>, string]>([
    [{ keyring: undefined }, 'challenge.keyring'],
    [{ store: undefined }, 'challenge.store'],
    [{ bits: 40 }, 'challenge.bits'],
    [{ bits: 4 }, 'challenge.bits'],
    [{ solveMs: 1 }, 'challenge.solveMs'],
    [{ clearanceMs: 1e12 }, 'challenge.clearanceMs'],
    [{ contact: '' }, 'challenge.contact'],
    [{ cookie: { name: '__Host-x' } }, 'challenge.cookie.name'],
    [{ cookie: { secure: 'no' } }, 'challenge.cookie.secure'],
    [{ difficulty: 3 }, 'no option "difficulty"'],
  ])('%j are refused by name', (over, message) => {
    expect(() => createChallenge({ keyring, store: memoryStore(), ...over })).toThrow(message)
  })
})
