import type { ProbeClient } from '../../client/types.js'
import { defineProbe, type Probe, type ProbeContext } from '../../probe.js'
import type { Account } from '../../target/target.js'
import { attempt, attemptCode, attemptShown, endText, type Attempt } from '../sign-in/attempts.js'
import { awaitRoom, PERIOD_MS, periodOf, takeCoded, wrongCode } from './codes.js'

type Facts = {
  /** the first step, and the second with the right code, by the owner before anything was tried */
  readonly first: Attempt
  readonly control?: Attempt
  readonly tries: readonly Attempt[]
  /** the guessing ended because the password was no longer taken */
  readonly closed?: Attempt
  /** the right code from where it was guessed, and from an address that nobody has seen */
  readonly same?: Attempt
  readonly fresh?: Attempt
}

const LOCATOR = 'second step'
const GUESSES = 10
const ENOUGH = 3
const ROOM_MS = 4_000

/**
 * The control: both steps, with the code of the period before, which most targets take still, so that the code of now is left for the
 * end. `usedNow` is the period whose code was used where they do not.
 */
const ownerSignsIn = async (
  context: ProbeContext,
  account: Account,
): Promise<{ readonly first: Attempt; readonly control?: Attempt; readonly usedNow?: number }> => {
  const owner = context.client({ name: 'owner' })
  const first = await attempt(context, owner, account)
  if (first.end.kind !== 'factor') return { first }
  await awaitRoom(context, ROOM_MS)
  const before = await attemptCode(context, owner, account, context.code(account, -1))
  if (before.end.kind !== 'refused') return { first, control: before }
  const again = await attempt(context, owner, account)
  if (again.end.kind !== 'factor') return { first: again }
  await awaitRoom(context, ROOM_MS)
  const usedNow = periodOf(context.clock())
  return { first, control: await attemptCode(context, owner, account, context.code(account)), usedNow }
}

/** Guesses the code of somebody whose password is known: 10 wrong ones, then the right one. */
export const codeGuessing: Probe = defineProbe<Facts>({
  id: 'CFG-014',
  name: 'code-guessing',
  family: 'mfa',
  title: 'Codes of the second step can be guessed',
  severity: 'high',
  kind: 'intrusive',
  cwe: 307,
  asvs: ['6.3.1', '6.5.5'],
  needs: ['signIn', 'signIn.factor', 'accounts.mfa'],
  why: 'A code has six digits and three of them are right at a time: without a budget, a day of guessing at ten a second finds one almost surely.',
  fix: 'Give each account one budget for wrong codes of all kinds, not for each address or each sign-in (createMfa counts five in a quarter of an hour).',
  pace: 'loud',
  collect: async (context) => {
    const account = await takeCoded(context)
    const { first, control, usedNow } = await ownerSignsIn(context, account)
    if (control?.end.kind !== 'in') return { first, tries: [], ...(control === undefined ? {} : { control }) }
    const attacker = context.client({ name: 'attacker' })
    const tries: Attempt[] = []
    let closed: Attempt | undefined
    let limits = 0
    while (tries.length < GUESSES && limits < ENOUGH) {
      // the first step anew before each guess: a second step that was given up checks nothing
      const again = await attempt(context, attacker, account)
      if (again.end.kind !== 'factor') {
        closed = again
        break
      }
      const one = await attemptCode(context, attacker, account, wrongCode(context, account))
      tries.push(one)
      limits = one.end.kind === 'limited' ? limits + 1 : 0
    }
    // the last code must be one that was not used yet
    if (usedNow !== undefined && periodOf(context.clock()) === usedNow) await awaitRoom(context, PERIOD_MS)
    await awaitRoom(context, ROOM_MS)
    const finish = async (visitor: ProbeClient): Promise<Attempt> => {
      const begun = await attempt(context, visitor, account)
      return begun.end.kind === 'factor' ? attemptCode(context, visitor, account, context.code(account)) : begun
    }
    const same = await finish(attacker)
    const fresh =
      same.end.kind === 'in' || !context.manyAddresses ? undefined : await finish(context.client({ name: 'attacker, elsewhere' }))
    return { first, control, tries, same, ...(closed === undefined ? {} : { closed }), ...(fresh === undefined ? {} : { fresh }) }
  },
  judge: ({ first, control, tries, closed, same, fresh }) => {
    if (first.end.kind === 'no-answer') return [{ verdict: 'error', locator: LOCATOR, reason: `the first step got ${endText(first.end)}` }]
    if (control === undefined || control.end.kind !== 'in') {
      const reason = `the right password and code did not sign in before anything was tried (${endText((control ?? first).end)}): check accounts.mfa and signIn.factor`
      return [{ verdict: 'inconclusive', locator: LOCATOR, reason, evidence: attemptShown(control ?? first) }]
    }
    const end = tries.at(-1)
    const evidence = [
      ...(end === undefined ? [] : attemptShown(end, `wrong code number ${tries.length}`)),
      ...(closed === undefined ? [] : attemptShown(closed, 'the password, to go on guessing')),
      ...(same === undefined ? [] : attemptShown(same, 'then the right code')),
      ...(fresh === undefined ? [] : attemptShown(fresh, 'the right code from elsewhere')),
    ]
    if (tries.some((one) => one.end.kind === 'in')) {
      const reason = 'a wrong code counted as signed in: check signIn.factor and signIn.proof'
      return [{ verdict: 'inconclusive', locator: LOCATOR, reason, evidence }]
    }
    for (const one of [...tries, same, fresh]) {
      if (one?.end.kind === 'no-answer')
        return [{ verdict: 'error', locator: LOCATOR, reason: `not every try was answered: ${endText(one.end)}` }]
    }
    if (same === undefined || tries.length === 0) return [{ verdict: 'error', locator: LOCATOR, reason: 'it was not tried to the end' }]
    if (same.end.kind === 'in') {
      const says = `${tries.length} wrong codes for one account were all checked, and the right one after them signed in`
      return [{ verdict: 'fail', locator: LOCATOR, says, evidence }]
    }
    if (fresh?.end.kind === 'in') {
      const says = `after ${tries.length} wrong codes only the address that sent them was held off: from another one the right code signed in, so that many addresses can guess on`
      return [{ verdict: 'fail', locator: LOCATOR, says, evidence, severity: 'medium' }]
    }
    const where = fresh === undefined ? '' : ', nor from another address'
    return [
      {
        verdict: 'pass',
        locator: LOCATOR,
        control: `the right code signed in before; after ${tries.length} wrong ones it did not (${endText(same.end)})${where}`,
        evidence,
      },
    ]
  },
})
