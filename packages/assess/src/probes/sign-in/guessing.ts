import type { ProbeClient } from '../../client/types.js'
import type { ProbeContext } from '../../probe.js'
import type { Account } from '../../target/target.js'
import type { ProbeVerdict } from '../../verdict.js'
import { attempt, attemptShown, controlFailed, endText, ownerSignsIn, wrongPassword, type Attempt } from './attempts.js'

/** What a guessing probe saw: the right password first, the wrong ones, and the right one again from where it was guessed. */
export type GuessFacts = {
  readonly control: Attempt
  readonly tries: readonly Attempt[]
  /** left out when the guessing was stopped by a limit */
  readonly last?: Attempt
}

/** Wrong passwords before the right one is tried for the first time: what locks by then need not be guessed at any longer. */
const FIRST_ROUND = 10
/** Wrong passwords after it, where nothing was locked by then; the right one has set the count back. */
const SECOND_ROUND = 20
/** Limits running that end a round: it is shown then. */
const ENOUGH = 3

/**
 * Guesses at one account: wrong passwords, then the right one, and if that signs in a second, longer round. `width` guesses go at once;
 * `visitor` gives who makes each of them.
 */
export const guessAt = async (context: ProbeContext, account: Account, width: number, visitor: () => ProbeClient): Promise<GuessFacts> => {
  const control = await ownerSignsIn(context, account)
  if (control.end.kind !== 'in') return { control, tries: [] }
  const round = async (count: number): Promise<{ readonly tries: readonly Attempt[]; readonly last: Attempt }> => {
    const tries: Attempt[] = []
    while (tries.length < count && !(tries.length >= ENOUGH && tries.slice(-ENOUGH).every(({ end }) => end.kind === 'limited'))) {
      const some = Array.from({ length: Math.min(width, count - tries.length) }, () =>
        attempt(context, visitor(), account, wrongPassword(context)),
      )
      tries.push(...(await Promise.all(some)))
    }
    return { tries, last: await attempt(context, visitor(), account) }
  }
  const first = await round(FIRST_ROUND)
  return { control, ...(first.last.end.kind === 'in' ? await round(SECOND_ROUND) : first) }
}

/** Answers that came so much later than the first ones count as a brake, ms. */
const BRAKE_MS = 1_000

const middle = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

/** True when the last answers took a second longer than the first ones: the target delays who guesses. */
export const isBraked = (tries: readonly Attempt[]): boolean => {
  const third = Math.floor(tries.length / 3)
  if (third < 2) return false
  return middle(tries.slice(-third).map((one) => one.tookMs)) - middle(tries.slice(0, third).map((one) => one.tookMs)) >= BRAKE_MS
}

/** Judges guesses at one account. `how` says from where, such as `from one address`. */
export const judgeGuesses = (facts: GuessFacts, locator: string, how: string): readonly ProbeVerdict[] => {
  const { control, tries, last } = facts
  const failed = controlFailed(locator, control)
  if (failed !== undefined) return [failed]
  const wrongIn = tries.find((one) => one.end.kind === 'in' || one.end.kind === 'factor')
  if (wrongIn !== undefined) {
    const reason = 'a wrong password counted as signed in: check that signIn.proof answers 2xx to nobody but who is signed in'
    return [{ verdict: 'inconclusive', locator, reason, evidence: attemptShown(wrongIn, 'wrong password') }]
  }
  const silent = tries.filter((one) => one.end.kind === 'no-answer')
  const limited = tries.filter((one) => one.end.kind === 'limited')
  const [first, end] = [tries[0], tries.at(-1)]
  const shown = [
    ...(first === undefined ? [] : attemptShown(first, 'the first wrong password')),
    ...(end === undefined || tries.length < 2 ? [] : attemptShown(end, `wrong password number ${tries.length}`)),
    ...(last === undefined ? [] : attemptShown(last, 'then the right one')),
  ]
  const worked = `the right password signed in before the first guess (${endText(control.end)})`
  if (limited.length > 0 && (last === undefined || last.end.kind === 'refused' || last.end.kind === 'limited')) {
    const at = tries.findIndex((one) => one.end.kind === 'limited') + 1
    return [{ verdict: 'pass', locator, control: `${worked}; guess number ${at} was limited`, evidence: shown }]
  }
  if (silent.length > 0 || last === undefined || last.end.kind === 'no-answer') {
    const why =
      last?.end.kind === 'no-answer' ? endText(last.end) : silent[0] === undefined ? 'it was not tried to the end' : endText(silent[0].end)
    return [{ verdict: 'error', locator, reason: `the guessing could not be finished: ${why}` }]
  }
  if (last.end.kind === 'in' || last.end.kind === 'factor') {
    if (isBraked(tries)) {
      return [
        {
          verdict: 'pass',
          locator,
          control: `${worked}; the last of ${tries.length} guesses took a second longer than the first`,
          evidence: shown,
        },
      ]
    }
    // a limit that only wrong passwords meet is none: whoever guesses right gets in
    const speed = limited.length === 0 ? 'were all checked at full speed' : 'met a limit'
    const says = `${tries.length} wrong passwords for one account ${how} ${speed}, and the right one after them signed in`
    return [{ verdict: 'fail', locator, says, evidence: shown }]
  }
  return [
    {
      verdict: 'pass',
      locator,
      control: `${worked}; after ${tries.length} wrong ones ${how} it did not (${endText(last.end)})`,
      evidence: shown,
    },
  ]
}
