import { describe, expect, it } from 'vitest'
import { FACTOR, IN, LIMITED, OUT, SILENT, slow, times } from './fixtures/facts.js'
import { isBraked, judgeGuesses, type GuessFacts } from './guessing.js'

const judge = (facts: GuessFacts) => judgeGuesses(facts, 'sign-in', 'from one address')[0]
const wrong = times(20, OUT)

describe('what guesses at one account mean', () => {
  const table: readonly (readonly [string, GuessFacts, string, string])[] = [
    ['fails when the right password gets in after twenty wrong ones', { control: IN, tries: wrong, last: IN }, 'fail', 'at full speed'],
    [
      'fails when it leads to the second step',
      { control: FACTOR, tries: wrong, last: FACTOR },
      'fail',
      'the right one after them signed in',
    ],
    [
      'fails when a limit holds the wrong ones off and lets the right one in',
      { control: IN, tries: [...times(9, OUT), ...times(3, LIMITED)], last: IN },
      'fail',
      'met a limit',
    ],
    ['passes when the right one is refused in the end', { control: IN, tries: wrong, last: OUT }, 'pass', 'refused, status 401'],
    ['passes when it is limited in the end', { control: IN, tries: wrong, last: LIMITED }, 'pass', 'limited, status 429'],
    [
      'passes when guesses are limited',
      { control: IN, tries: [...times(9, OUT), ...times(3, LIMITED)], last: LIMITED },
      'pass',
      'guess number 10 was limited',
    ],
    [
      'passes when answers take ever longer',
      { control: IN, tries: [...times(10, slow(50)), ...times(10, slow(2_500))], last: IN },
      'pass',
      'a second longer',
    ],
    [
      'fails when the right one leads to the second step behind a limit',
      { control: FACTOR, tries: [OUT, ...times(3, LIMITED)], last: FACTOR },
      'fail',
      'met a limit',
    ],
    [
      'is an error when the right one got no answer behind a limit',
      { control: IN, tries: [OUT, ...times(3, LIMITED)], last: SILENT },
      'error',
      'timed out',
    ],
    ['says nothing when the right password never signed in', { control: OUT, tries: [], last: OUT }, 'inconclusive', 'check the account'],
    ['says nothing when sign-in was limited before it began', { control: LIMITED, tries: [] }, 'inconclusive', 'limited, status 429'],
    ['says nothing when any password gets in', { control: IN, tries: [OUT, IN], last: IN }, 'inconclusive', 'a wrong password'],
    ['is an error when nothing answers at the start', { control: SILENT, tries: [] }, 'error', 'timed out'],
    ['is an error when nothing answers in the end', { control: IN, tries: wrong, last: SILENT }, 'error', 'timed out'],
    ['is an error when guesses were not answered', { control: IN, tries: [OUT, SILENT, OUT], last: IN }, 'error', 'timed out'],
    ['is an error when it was broken off', { control: IN, tries: wrong }, 'error', 'not tried to the end'],
  ]
  it.each(table)('%s', (_what, facts, verdict, words) => {
    const found = judge(facts)
    expect(found?.verdict).toBe(verdict)
    expect(JSON.stringify(found)).toContain(words)
  })

  it('shows the first guess, the last one and the right password', () => {
    const found = judge({ control: IN, tries: wrong, last: IN })
    expect(found?.verdict === 'fail' && found.evidence.map(({ note }) => note)).toEqual([
      'the first wrong password: refused, status 401',
      'wrong password number 20: refused, status 401',
      'then the right one: signed in',
    ])
  })

  it('does not take noise, a single slow answer or a short series for a brake', () => {
    expect(isBraked([...times(19, slow(50)), slow(5_000)])).toBe(false)
    expect(isBraked([...times(10, slow(50)), ...times(10, slow(900))])).toBe(false)
    expect(isBraked([slow(1), slow(9_000)])).toBe(false)
    expect(isBraked([])).toBe(false)
    expect(isBraked([...times(10, slow(50)), ...times(10, slow(1_200))])).toBe(true)
  })
})
