import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FACTOR, IN, LIMITED, OUT, SILENT, slow } from '../sign-in/fixtures/facts.js'
import { isBraked, judgeGuesses } from '../sign-in/guessing.js'
import { victimLockout } from '../sign-in/victim-lockout.js'
import { codeGuessing } from './code-guessing.js'
import { codeRace } from './code-race.js'
import { codeReplay } from './code-replay.js'

const runs = { seed: 5, numRuns: 1_000 }
const one = fc.constantFrom(IN, FACTOR, OUT, LIMITED, SILENT, slow(3_000))
const maybe = fc.option(one, { nil: undefined })
const several = fc.array(one, { maxLength: 20 })
const isIn = (attempt: typeof IN | undefined): boolean => attempt?.end.kind === 'in'
const lets = (attempt: typeof IN | undefined): boolean => isIn(attempt) || attempt?.end.kind === 'factor'
const isOut = (attempt: typeof IN | undefined): boolean => attempt?.end.kind === 'refused' || attempt?.end.kind === 'limited'
const only = (verdicts: readonly { readonly verdict: string }[]): string => {
  expect(verdicts.length).toBe(1)
  return verdicts[0]?.verdict ?? ''
}

describe('whatever was seen', () => {
  it('guesses pass only when the right password worked before, and was kept out or slowed down in the end', () => {
    fc.assert(
      fc.property(one, several, maybe, (control, tries, last) => {
        const verdict = only(judgeGuesses({ control, tries, ...(last === undefined ? {} : { last }) }, 'sign-in', 'here'))
        expect(verdict !== 'pass' || (lets(control) && (last === undefined || isOut(last) || isBraked(tries)))).toBe(true)
        expect(verdict !== 'fail' || (lets(control) && lets(last) && tries.every((each) => !lets(each)))).toBe(true)
      }),
      runs,
    )
  })

  it('a lock is called sound only when it kept a stranger out and let the owner in', () => {
    fc.assert(
      fc.property(one, maybe, maybe, fc.constantFrom(true, false, 'no-answer'), (control, stranger, owner, signedOut) => {
        const verdict = only(victimLockout.judge({ control, attacks: 20, stranger, owner, signedOut }))
        expect(verdict === 'pass').toBe(lets(control) && isOut(stranger) && lets(owner) && signedOut === true)
        expect(verdict === 'fail').toBe(lets(control) && isOut(stranger) && isOut(owner) && signedOut === true)
      }),
      runs,
    )
  })

  it('guesses at codes pass only when the right code worked before and nowhere in the end', () => {
    fc.assert(
      fc.property(one, maybe, several, maybe, maybe, (first, control, tries, same, fresh) => {
        const verdict = only(codeGuessing.judge({ first, control, tries, same, fresh }))
        expect(verdict !== 'pass' || (isIn(control) && tries.length > 0 && same !== undefined && !isIn(same) && !isIn(fresh))).toBe(true)
        expect(verdict !== 'fail' || (isIn(control) && (isIn(same) || isIn(fresh)) && !tries.some(isIn))).toBe(true)
      }),
      runs,
    )
  })

  it('a code is called used up only when it worked once, and was refused while it was still shown', () => {
    fc.assert(
      fc.property(fc.tuple(one, one), maybe, maybe, fc.boolean(), (begun, first, second, inTime) => {
        const verdict = only(codeReplay.judge({ begun, first, second, inTime }))
        const asked = begun.every(({ end }) => end.kind === 'factor')
        expect(verdict !== 'pass' || (asked && isIn(first) && !isIn(second) && !(second?.end.kind === 'limited') && inTime)).toBe(true)
        expect(verdict === 'fail').toBe(asked && isIn(first) && isIn(second))
      }),
      runs,
    )
  })

  it('a race is lost where two got in, and won only where one did and the others were judged', () => {
    fc.assert(
      fc.property(several, fc.nat(20), maybe, (ends, inside, stuck) => {
        const verdict = only(codeRace.judge({ begun: ends.length, ends, inside, stuck }))
        const won = ends.filter(isIn).length
        expect(verdict === 'fail').toBe(won > 1)
        expect(verdict !== 'pass' || (won === 1 && ends.filter(({ end }) => end.kind === 'refused').length >= 4)).toBe(true)
      }),
      runs,
    )
  })
})
