import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKeyring } from '../keyring/keyring.js'
import { memoryStore } from '../store/memory-store.js'
import { type Challenge, createChallenge, type Puzzle, zeroBits } from './challenge.js'
import { challengePage } from './page.js'
import { PAGE_SCRIPT, SOLVER } from './solver.js'

fc.configureGlobal({ seed: 20_261_122 })

const KEY = 'k3y-for-tests-0123456789abcdefghij'
const NEXT = 'another-k3y-0123456789abcdefghijkl'
const HERE = '203.0.113.7'
const NOW = 1_800_000_000_000

const challenging = (keys: readonly string[] = [KEY], store = memoryStore({ clock: () => NOW })): Challenge =>
  createChallenge({ keyring: createKeyring({ keys }), store, clock: () => NOW, bits: 8 })
const numberFor = ({ seed, bits }: Puzzle): number => {
  for (let n = 0; ; n++) if (zeroBits(createHash('sha256').update(`${seed}:${n}`).digest()) >= bits) return n
}
/** A text with one character replaced by another. */
const changed = (text: string, at: number, by: string): string => `${text.slice(0, at)}${by}${text.slice(at + 1)}`

describe('a token', () => {
  it('with any one character replaced is none of ours', async () => {
    const challenge = challenging()
    const puzzle = challenge.issue(HERE)
    const number = numberFor(puzzle)
    await fc.assert(
      fc.asyncProperty(
        fc.nat(puzzle.token.length - 1),
        fc.constantFrom('a', 'Z', '0', '.', '-', '_', ' ', '~', 'é', '\u0000'),
        async (at, by) => {
          fc.pre(puzzle.token[at] !== by)
          const verdict = await challenge.answer(`${changed(puzzle.token, at, by)}:${number}`, HERE)
          expect(verdict.kind).toBe('wrong')
        },
      ),
      { numRuns: 400 },
    )
    // and none of those tries used the puzzle up
    expect((await challenge.answer(`${puzzle.token}:${number}`, HERE)).kind).toBe('solved')
  })

  it('cut or grown anywhere is none of ours', async () => {
    const challenge = challenging()
    const puzzle = challenge.issue(HERE)
    const number = numberFor(puzzle)
    for (let length = 0; length < puzzle.token.length; length += 3)
      expect((await challenge.answer(`${puzzle.token.slice(0, length)}:${number}`, HERE)).kind).toBe('wrong')
    for (const more of [' ', '.', 'a', '==', ':1'])
      expect((await challenge.answer(`${puzzle.token}${more}:${number}`, HERE)).kind).toBe('wrong')
  })

  it('takes no number that is not one, nor one that is written otherwise', async () => {
    const challenge = challenging()
    const puzzle = challenge.issue(HERE)
    const number = numberFor(puzzle)
    for (const text of ['', '-1', '1e3', '0x10', ' 1', '1 ', '+1', '1.0', 'NaN', '٣', '9'.repeat(17), `${number}\n`])
      expect(await challenge.answer(`${puzzle.token}:${text}`, HERE)).toEqual({ kind: 'wrong', reason: 'malformed' })
    // with zeros before it, it is another text and another hash
    expect((await challenge.answer(`${puzzle.token}:0${number}`, HERE)).kind).toBe('wrong')
  })

  it('of an address holds for no other, whatever the other is called', async () => {
    const challenge = challenging()
    const puzzle = challenge.issue(HERE)
    const number = numberFor(puzzle)
    for (const other of ['203.0.113.70', '203.0.113.', '203.0.113.7/32', '::ffff:203.0.113.7', '', `${HERE} `, `x.${HERE}`])
      expect(await challenge.answer(`${puzzle.token}:${number}`, other)).toEqual({ kind: 'wrong', reason: 'forged' })
  })

  it('of an address that holds dots cannot be read as another expiry, work or seed', async () => {
    const challenge = challenging()
    // whoever could choose his address key must not be able to move the parts of what is signed
    const tricky = '8.aaaaaaaaaaaaaaaaaaaaaa.203.0.113.7'
    const puzzle = challenge.issue(tricky)
    const [expiry = '', , seed = '', ...signature] = puzzle.token.split('.')
    const moved = [expiry, '8', seed, ...signature].join('.')
    expect((await challenge.answer(`${moved}:1`, '203.0.113.7')).kind).toBe('wrong')
  })

  it('is another each time, and says how much work it asks for', () => {
    const challenge = challenging()
    const tokens = Array.from({ length: 100 }, () => challenge.issue(HERE))
    expect(new Set(tokens.map(({ token }) => token)).size).toBe(100)
    for (const { token, seed, bits } of tokens) expect(token.split('.').slice(1, 3)).toEqual([String(bits), seed])
  })
})

describe('a clearance', () => {
  const cleared = async (challenge: Challenge, address = HERE): Promise<string> => {
    const puzzle = challenge.issue(address)
    const verdict = await challenge.answer(`${puzzle.token}:${numberFor(puzzle)}`, address)
    return verdict.kind === 'solved' ? (verdict.cookie.split(';')[0] ?? '') : ''
  }

  it('with any one character replaced clears nobody', async () => {
    const challenge = challenging()
    const cookie = await cleared(challenge)
    const from = cookie.indexOf('=') + 1
    fc.assert(
      fc.property(fc.integer({ min: from, max: cookie.length - 1 }), fc.constantFrom('a', 'Z', '0', '.', '-', '_'), (at, by) => {
        fc.pre(cookie[at] !== by)
        expect(challenge.clearedAt(changed(cookie, at, by), HERE)).toBeUndefined()
      }),
      { numRuns: 300 },
    )
    expect(challenge.clearedAt(cookie, HERE)).toBe(NOW)
  })

  it('is found among other cookies, and only under its whole name', async () => {
    const challenge = challenging()
    const cookie = await cleared(challenge)
    expect(challenge.clearedAt(`a=b; ${cookie}; c=d`, HERE)).toBe(NOW)
    const value = cookie.slice(cookie.indexOf('=') + 1)
    for (const name of ['clearance', '__Secure-clearance', '__host-clearance', 'x__Host-clearance'])
      expect(challenge.clearedAt(`${name}=${value}`, HERE)).toBeUndefined()
  })

  it('is no puzzle, and a puzzle no clearance: what is signed for one means nothing to the other', async () => {
    const challenge = challenging()
    const puzzle = challenge.issue(HERE)
    const signature = puzzle.token.split('.').slice(3).join('.')
    expect(challenge.clearedAt(`__Host-clearance=${NOW.toString(36)}.${signature}`, HERE)).toBeUndefined()
  })

  it('and a puzzle outlive a rotation of keys, and end with the key that made them', async () => {
    const old = challenging([KEY])
    const puzzle = old.issue(HERE)
    const cookie = await cleared(old)
    const rotated = challenging([NEXT, KEY])
    expect(rotated.clearedAt(cookie, HERE)).toBe(NOW)
    expect((await rotated.answer(`${puzzle.token}:${numberFor(puzzle)}`, HERE)).kind).toBe('solved')
    const without = challenging([NEXT])
    expect(without.clearedAt(cookie, HERE)).toBeUndefined()
    expect((await without.answer(`${puzzle.token}:${numberFor(puzzle)}`, HERE)).kind).toBe('wrong')
  })

  it('on plain http has the plain name, since browsers refuse the other there', async () => {
    const challenge = createChallenge({
      keyring: createKeyring({ keys: [KEY] }),
      store: memoryStore(),
      bits: 8,
      cookie: { secure: false, name: 'pass' },
    })
    expect(await cleared(challenge)).toMatch(/^pass=/)
  })
})

describe('several processes over one store', () => {
  it('take an answer once between them', async () => {
    const store = memoryStore({ clock: () => NOW })
    const [one, other] = [challenging([KEY], store), challenging([KEY], store)]
    const puzzle = one.issue(HERE)
    const answer = `${puzzle.token}:${numberFor(puzzle)}`
    const verdicts = await Promise.all([one.answer(answer, HERE), other.answer(answer, HERE)])
    expect(verdicts.map(({ kind }) => kind).toSorted()).toEqual(['solved', 'wrong'])
  })

  it('keep nothing of puzzles that nobody has solved', async () => {
    const store = memoryStore({ clock: () => NOW })
    const challenge = challenging([KEY], store)
    for (let i = 0; i < 500; i++) {
      const { token } = challenge.issue(HERE)
      await challenge.answer(`${token}:0`, '192.0.2.1')
      await challenge.answer('junk', HERE)
    }
    expect(store.stats().entries).toBe(0)
  })
})

describe('the script of the page', () => {
  it('ends no element early and opens no comment of HTML', () => {
    for (const script of [SOLVER, PAGE_SCRIPT]) expect(script).not.toMatch(/<\/|<!--|-->|\]\]>/)
  })

  it('talks to its own origin, and to it alone', () => {
    expect(PAGE_SCRIPT).toContain('location.origin + location.pathname + location.search')
    expect(PAGE_SCRIPT.match(/fetch\(/g)).toHaveLength(1)
    expect(PAGE_SCRIPT).not.toMatch(/https?:|eval|innerHTML|document\.write|document\.cookie/)
  })

  it('leads nobody away: a path of two slashes stays a path of this origin', () => {
    // `location.replace('//evil.example')` would leave the site
    expect(PAGE_SCRIPT).not.toMatch(/replace\(location\.pathname/)
  })

  it('keeps a value in its attribute, whatever it holds', () => {
    const html = challengePage({ token: 'a"b', seed: '<s>', bits: 9, nonce: 'n', reference: "r'", contact: undefined })
    expect(html).toContain('data-token="a&quot;b" data-seed="&lt;s&gt;" data-bits="9"')
    expect(html).toContain('the operator of this site')
  })
})
