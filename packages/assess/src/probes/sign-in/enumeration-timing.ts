import { defineProbe, inconclusive, type Probe, type ProbeContext } from '../../probe.js'
import type { Account } from '../../target/target.js'
import type { Exchange } from '../../verdict.js'
import { exchangeOf, type Seen } from '../seen/seen.js'
import { attempt, ownerSignsIn, controlFailed, nobodysName, wrongPassword, type Attempt } from './attempts.js'
import { compareTimes, type Comparison } from './statistics.js'

/** Times of wrong passwords, in ms, pair by pair. */
type Round = { readonly known: readonly number[]; readonly unknown: readonly number[]; readonly limited: number; readonly silent: number }
type Facts = { readonly control: Attempt; readonly rounds: readonly Round[]; readonly pair?: readonly Seen[] }

const LOCATOR = 'sign-in'
const PAIRS = 30
/** Pairs of the second round, which only has to show that the first was no accident. */
const AGAIN = 15
/** Wrong passwords running, before the owner signs in: below what locks. What an attacker measures is the first answer for each name. */
const BETWEEN = 3
/** A difference that a network far away still shows, ms, and as a share of the whole. */
const EFFECT_MS = 8
const EFFECT_SHARE = 0.05
const T = 4.5
const MOST_MS = 12_000
/** A slow target gets more time, until so many pairs are there. */
const FEWEST = 12
const LONGEST_MS = 18_000
/** Sign-ins without an answer that can be timed, beyond which a round is given up. */
const MOST_LOST = 6

const measure = async (context: ProbeContext, account: Account, pairs: number): Promise<{ round: Round; pair: readonly Seen[] }> => {
  const times = { known: [] as number[], unknown: [] as number[] }
  let [limited, silent] = [0, 0]
  const begun = context.clock()
  let pair: readonly Seen[] = []
  for (
    let i = 0;
    i < pairs &&
    (context.clock() < begun + MOST_MS || (i < FEWEST && context.clock() < begun + LONGEST_MS)) &&
    limited + silent <= MOST_LOST;
    i++
  ) {
    if (i > 0 && i % BETWEEN === 0) await attempt(context, context.client({ name: 'owner' }), account)
    const password = wrongPassword(context)
    const nobody = { name: nobodysName(context, account.name), password: account.password }
    const sides = [
      ['known', account],
      ['unknown', nobody],
    ] as const
    const seen: Seen[] = []
    // which of the two goes first is left to chance
    for (const [side, who] of ((context.random(1)[0] ?? 0) & 1) === 0 ? sides : sides.toReversed()) {
      const one = await attempt(
        context,
        context.client({ name: side === 'known' ? 'a name that exists' : 'a name that nobody has' }),
        who,
        password,
      )
      if (one.end.kind === 'limited') limited++
      else if (one.end.kind === 'no-answer') silent++
      else times[side].push(one.tookMs)
      if (one.answer !== undefined) seen.push(one.answer)
    }
    if (pair.length === 0) pair = seen
  }
  return { round: { ...times, limited, silent }, pair }
}

const isEffect = (found: Comparison): boolean =>
  Math.abs(found.difference) >= Math.max(EFFECT_MS, EFFECT_SHARE * Math.max(found.meanA, found.meanB)) && Math.abs(found.t) >= T

/** Could a difference that counts have been seen? Not when the answers scatter more than it. */
const isSharp = (found: Comparison): boolean => Math.max(EFFECT_MS, EFFECT_SHARE * Math.max(found.meanA, found.meanB)) >= 2.5 * found.error

const ms = (value: number): string => `${value.toFixed(1)} ms`

/**
 * Wrong passwords for names that exist and names that do not, in pairs, each from a fresh address: both must take as long. A difference
 * counts when it is large, by Welch's t no accident, and there a second time.
 */
export const enumerationTiming: Probe = defineProbe<Facts>({
  id: 'AUT-008',
  name: 'enumeration-timing',
  family: 'sign-in',
  title: 'The time that a sign-in takes tells which names exist',
  severity: 'medium',
  kind: 'intrusive',
  cwe: 208,
  asvs: ['6.3.8'],
  needs: ['signIn', 'accounts.spare'],
  why: 'Checking a password takes a tenth of a second on purpose. An application that does so only for names that exist says which do, however alike its words are.',
  fix: 'Check a made-up hash when the name is unknown, and hold refusals back for as long as checks take (guard.login does both for what its verify leaves out).',
  pace: 'alone',
  collect: async (context) => {
    const account = context.take('spare')
    if (account === undefined) throw inconclusive('no spare account is left: declare more under accounts.spare')
    const control = await ownerSignsIn(context, account)
    if (control.end.kind !== 'in') return { control, rounds: [] }
    const { round, pair } = await measure(context, account, PAIRS)
    const found = compareTimes(round.known, round.unknown)
    if (found === undefined || !isEffect(found)) return { control, rounds: [round], pair }
    await attempt(context, context.client({ name: 'owner' }), account)
    const again = await measure(context, account, AGAIN)
    return { control, rounds: [round, again.round], pair }
  },
  judge: ({ control, rounds, pair }) => {
    const failed = controlFailed(LOCATOR, control)
    if (failed !== undefined) return [failed]
    const limited = rounds.reduce((sum, round) => sum + round.limited, 0)
    const silent = rounds.reduce((sum, round) => sum + round.silent, 0)
    const found = rounds.map((round) => compareTimes(round.known, round.unknown))
    const [first, second] = found
    const evidence: readonly Exchange[] = (pair ?? []).map((seen) => exchangeOf(seen, { note: `${seen.as}: ${seen.waitMs} ms` }))
    if (silent > MOST_LOST) return [{ verdict: 'error', locator: LOCATOR, reason: `${silent} sign-ins were not answered` }]
    if (limited > MOST_LOST) {
      const reason =
        'sign-in limited the kit before enough answers were timed; let it appear at several addresses (addresses in the target file)'
      return [{ verdict: 'inconclusive', locator: LOCATOR, reason, evidence }]
    }
    if (first === undefined || Math.min(rounds[0]?.known.length ?? 0, rounds[0]?.unknown.length ?? 0) < 10) {
      return [
        {
          verdict: 'inconclusive',
          locator: LOCATOR,
          reason: 'fewer than 10 pairs could be timed: the sign-in is too slow, or spare accounts are missing',
          evidence,
        },
      ]
    }
    if (!isEffect(first)) {
      if (!isSharp(first)) {
        const reason = `the answers scatter too much (standard error ${ms(first.error)}) to see a difference; run it on a quiet machine`
        return [{ verdict: 'inconclusive', locator: LOCATOR, reason, evidence }]
      }
      const words = `${rounds[0]?.known.length ?? 0} pairs: ${ms(first.meanA)} for names that exist, ${ms(first.meanB)} for others, standard error ${ms(first.error)}`
      return [{ verdict: 'pass', locator: LOCATOR, control: words, evidence }]
    }
    if (second === undefined || !isEffect(second) || Math.sign(second.difference) !== Math.sign(first.difference)) {
      const reason = `a difference of ${ms(first.difference)} was there once and not a second time; run it on a quiet machine`
      return [{ verdict: 'inconclusive', locator: LOCATOR, reason, evidence }]
    }
    const says =
      `a wrong password takes ${ms(second.meanA)} for names that exist and ${ms(second.meanB)} for others ` +
      `(Welch’s t ${second.t.toFixed(1)} over ${rounds[1]?.known.length ?? 0} pairs, and ${first.t.toFixed(1)} before)`
    return [{ verdict: 'fail', locator: LOCATOR, says, evidence }]
  },
})
