import { personalLog } from '@parapet/testkit'
import { describe, expect, it } from 'vitest'
import { createMasker } from '../masker.js'

const MB = 1_000_000
const masker = createMasker()

const benign = (): Buffer => {
  let text = ''
  for (const { line } of personalLog({ lines: 2500, planted: false })) text += `${line}\n`
  return Buffer.from(text.slice(0, MB))
}
const repeat = (piece: string): Buffer => Buffer.from(piece.repeat(Math.ceil(MB / piece.length)).slice(0, MB))

/** What makes expressions go back and forth: long runs, half matches, and characters that begin something again and again. */
const HOSTILE = [
  'a',
  'a.',
  'aA',
  '@',
  '1',
  '1 ',
  '1-',
  '1.',
  '0 ',
  '(',
  '(0',
  '{"a":',
  '"',
  '\\',
  '\\"',
  'eyJ',
  'AKIA',
  'ghp_',
  'sk_live_',
  '0x',
  '://:@',
  '://a:',
  'é',
  '\0',
  '\n',
  ' ',
]

/** What consists of nothing but values, escapes and heads of tokens, each of which must be read. */
const DENSE = [
  'a@',
  '+1',
  '4111 ',
  'eyJ-',
  'eyJ.',
  'eyJhbGciOiJIUzI1NiJ9.',
  '-----BEGIN ',
  '-----BEGIN PRIVATE KEY-----',
  'passwordpassword',
  'Bearer aaaaaaaaaaaaaaaaaaaa',
  'password=',
  '"password":"',
  'password: \\"',
  'token=a ',
  '\\u0040',
  '\\/',
  '%40',
  '%2540',
  '%25',
  'a%40b.c',
  'joe@example.com ',
  'https://u:p',
  'xoxb-1-',
  'DE89',
  'SG.',
]

/** ms of CPU for one pass, the best of several: what a busy machine adds is not the text's fault. */
const cost = (text: Buffer): number => {
  let best = Infinity
  for (let round = 0; round < 5; round++) {
    const before = process.cpuUsage()
    masker.bytes(text)
    const { user, system } = process.cpuUsage(before)
    best = Math.min(best, (user + system) / 1000)
  }
  return best
}

describe('a megabyte that was built to be slow', () => {
  const usual = benign()
  masker.bytes(usual)
  // three times, with slack for neighbours on the machine
  const limit = 2 * 3 * cost(usual)

  it.each(HOSTILE)('of %j takes at most three times as long as a log', (piece) => {
    const text = repeat(piece)
    masker.bytes(text.subarray(0, MB / 4))
    expect(cost(text)).toBeLessThan(limit)
  })

  it.each(DENSE)('of %j, all of which must be read, takes four times as long when it is four times as long', (piece) => {
    const text = repeat(piece)
    const quarter = cost(text.subarray(0, MB / 4))
    // what grows with the square would take sixteen times as long
    expect(cost(text) / quarter).toBeLessThan(9)
  })
})

describe('a text on which more work is spent than allowed', () => {
  const strict = createMasker({ workPerCharacter: 0.2 })
  const text = `joe@example.com ${'eyJabcdefghij.ab.cd '.repeat(8000)}\njane@example.com`

  it('is hidden to the end of its stretch, never passed on unread', () => {
    const masked = strict.text(text)
    expect(masked).toMatch(/\[UNSCANNED \d+ bytes\]/)
    expect(masked).not.toContain('jane@')
    expect(masked).not.toContain('joe@')
    expect(masked.length).toBeLessThan(text.length)
  })

  it('says how much was hidden', () => {
    const sizes = [...strict.text(text).matchAll(/\[UNSCANNED (\d+) bytes\]/g)].map(([, size]) => Number(size))
    const kept = strict.text(text).replaceAll(/\[UNSCANNED \d+ bytes\]/g, '')
    expect(sizes.reduce((sum, size) => sum + size, 0) + kept.replaceAll('[REDACTED:email]', 'joe@example.com').length).toBe(text.length)
  })

  it('is hidden alike when it comes in pieces', () => {
    const bytes = Buffer.from(text)
    const scan = strict.scan()
    const parts = []
    for (let at = 0; at < bytes.length; at += 777) parts.push(scan.write(bytes.subarray(at, at + 777)))
    parts.push(scan.end())
    expect(Buffer.concat(parts).toString()).toBe(strict.text(text))
  })

  it('costs nothing of the sort with the usual allowance', () => {
    expect(masker.text(text)).not.toContain('UNSCANNED')
  })
})
