import { inconclusive, type ProbeContext } from '../../probe.js'
import type { Account } from '../../target/target.js'
import type { Exchange, ProbeVerdict } from '../../verdict.js'
import { exchangeOf, isLimited, type Seen } from '../seen/seen.js'
import { attempt, ownerSignsIn, controlFailed, nobodysName, wrongPassword, type Attempt } from './attempts.js'
import { compareSeries } from './likeness.js'
import { onlyIn } from './looks.js'

/** Answers for a name that somebody has and for one that nobody has, in turns. */
export type NameAnswers = {
  /** where names are asked for: `sign-in`, `reset`, `sign-up` */
  readonly locator: string
  readonly known: readonly Seen[]
  readonly unknown: readonly Seen[]
  /** what was typed, to be left out of comparisons: at each place the same for all answers of a side */
  readonly typed: readonly string[]
}

/** What the enumeration probes at sign-in see. */
export type SignInNames = { readonly control: Attempt; readonly answers?: NameAnswers }

/** So many wrong passwords a name: more than most locks take, fewer than the kit allows itself. */
const ROUNDS = 7
/** Characters of a body that are compared. */
const KEPT = 24_000

const askNames = async (context: ProbeContext): Promise<SignInNames> => {
  const account = context.take('spare')
  if (account === undefined) throw inconclusive('no spare account is left: declare more under accounts.spare')
  const control = await ownerSignsIn(context, account)
  if (control.end.kind !== 'in') return { control }
  const nobody = { name: nobodysName(context, account.name), password: account.password }
  const password = wrongPassword(context)
  const [known, unknown]: [Seen[], Seen[]] = [[], []]
  const ask = async (name: string, who: Account): Promise<Seen | undefined> => {
    const one = await attempt(context, context.client({ name }), who, password, KEPT)
    if (one.end.kind === 'in' || one.end.kind === 'factor')
      throw inconclusive('a wrong password signed in: check signIn in the target file')
    return one.answer
  }
  for (let i = 0; i < ROUNDS; i++) {
    const [one, other] = await Promise.all([ask('a name that exists', account), ask('a name that nobody has', nobody)])
    if (one !== undefined && other !== undefined) {
      known.push(one)
      unknown.push(other)
    }
  }
  return { control, answers: { locator: 'sign-in', known, unknown, typed: [account.name, nobody.name, password] } }
}

/** Signs in once with the right password, then sends the same wrong one for this name and for a made-up one side by side, each from a fresh address. Done once a run. */
export const askBoth = (context: ProbeContext): Promise<SignInNames> =>
  context.once('answers to two names at sign-in', () => askNames(context))

/** Shows the pair of answers at one place. */
const pairShown = (answers: NameAnswers, at: number, body: boolean): readonly Exchange[] =>
  [answers.known[at], answers.unknown[at]]
    .filter((seen) => seen !== undefined)
    .map((seen) => exchangeOf(seen, { headers: ['location', 'retry-after'], ...(body ? { around: 0 } : {}), note: seen.as }))

/** Compares what `look` sees of each answer, and says where a name that exists is answered in another way. */
export const judgeNames = (answers: NameAnswers, look: (seen: Seen) => string, what: 'status and headers' | 'text'): ProbeVerdict => {
  const { locator, known, unknown } = answers
  const all = [...known, ...unknown]
  const silent = all.find((seen) => seen.status === 0)
  if (silent !== undefined) return { verdict: 'error', locator, reason: `not every request was answered (${silent.why ?? 'no answer'})` }
  const result = compareSeries(known.map(look), unknown.map(look))
  const body = what === 'text'
  if (result.kind === 'too-few') return { verdict: 'error', locator, reason: 'there are too few answers to compare' }
  if (result.kind === 'different') {
    const when = result.from === 0 ? '' : ` after ${result.from} failures`
    const difference = body ? 'another text' : `${onlyIn(result.known, result.unknown)} instead of ${onlyIn(result.unknown, result.known)}`
    return {
      verdict: 'fail',
      locator,
      says: `at ${locator} a name that exists is answered with ${difference}${when}: whoever asks learns who has an account`,
      evidence: pairShown(answers, result.from, body),
    }
  }
  if (all.some(isLimited)) {
    return {
      verdict: 'inconclusive',
      locator,
      reason: `${locator} limited the kit before enough answers could be compared; run it again later`,
      evidence: pairShown(answers, known.length - 1, body),
    }
  }
  if (result.kind === 'unsteady') {
    const reason = `the ${what} of ${locator} change from one answer to the next by themselves, so that a difference says nothing`
    return { verdict: 'inconclusive', locator, reason, evidence: pairShown(answers, result.at, body) }
  }
  return {
    verdict: 'pass',
    locator,
    control: `${result.answers} answers for a name that exists and as many for one that nobody has, in turns: the same ${what} each time`,
    evidence: pairShown(answers, 0, body),
  }
}

/** Judges the sign-in, whose control is that the name does exist. */
export const judgeSignInNames = (
  facts: SignInNames,
  look: (seen: Seen, typed: readonly string[]) => string,
  what: 'status and headers' | 'text',
): readonly ProbeVerdict[] => {
  const failed = controlFailed('sign-in', facts.control)
  if (failed !== undefined) return [failed]
  const { answers } = facts
  if (answers === undefined) return [{ verdict: 'error', locator: 'sign-in', reason: 'it was not tried to the end' }]
  return [judgeNames(answers, (seen) => look(seen, answers.typed), what)]
}
