import { defineProbe, type Probe } from '../../probe.js'
import { attempt, attemptCode, attemptShown, endText, type Attempt } from '../sign-in/attempts.js'
import { awaitRoom, periodOf, takeCoded } from './codes.js'

type Facts = {
  readonly begun: readonly Attempt[]
  /** the code used for the first time */
  readonly first?: Attempt
  /** the same one in another sign-in */
  readonly second?: Attempt
  /** both happened while the code was shown */
  readonly inTime: boolean
}

const LOCATOR = 'second step'
/** Two second steps take no longer, ms. */
const ROOM_MS = 8_000

/** Uses one code twice while it is shown: by its owner, and by somebody who has looked over his shoulder. */
export const codeReplay: Probe = defineProbe<Facts>({
  id: 'AUT-013',
  name: 'code-replay',
  family: 'mfa',
  title: 'A code signs in twice',
  severity: 'high',
  kind: 'intrusive',
  cwe: 294,
  asvs: ['6.5.1'],
  needs: ['signIn', 'signIn.factor', 'accounts.mfa'],
  why: 'A code that was seen on a screen, in a log or by a page that passes it on, is good for a sign-in of the attacker’s own as long as it is not used up.',
  fix: 'Keep the time step of the last code that was taken, and take none of that step or an earlier one, in one atomic comparison (createMfa does).',
  pace: 'quiet',
  collect: async (context) => {
    const account = await takeCoded(context)
    const [owner, thief] = [context.client({ name: 'owner' }), context.client({ name: 'thief' })]
    // both first steps before the code is used, so that nothing but the code can stand in the way
    const begun = [await attempt(context, owner, account), await attempt(context, thief, account)]
    if (begun.some((one) => one.end.kind !== 'factor')) return { begun, inTime: true }
    await awaitRoom(context, ROOM_MS)
    const code = context.code(account)
    const period = periodOf(context.clock())
    const first = await attemptCode(context, owner, account, code)
    const second = await attemptCode(context, thief, account, code)
    return { begun, first, second, inTime: periodOf(context.clock()) === period }
  },
  judge: ({ begun, first, second, inTime }) => {
    const stuck = begun.find((one) => one.end.kind !== 'factor')
    if (stuck?.end.kind === 'no-answer') return [{ verdict: 'error', locator: LOCATOR, reason: `the first step got ${endText(stuck.end)}` }]
    if (stuck !== undefined || first === undefined || second === undefined) {
      const reason = `the first step did not lead to the second (${stuck === undefined ? 'it was not tried' : endText(stuck.end)}): check accounts.mfa and signIn.factor`
      return [{ verdict: 'inconclusive', locator: LOCATOR, reason, evidence: stuck === undefined ? [] : attemptShown(stuck) }]
    }
    const evidence = [...attemptShown(first, 'the code, first time'), ...attemptShown(second, 'the same code in another sign-in')]
    for (const one of [first, second]) {
      if (one.end.kind === 'no-answer') return [{ verdict: 'error', locator: LOCATOR, reason: `a second step got ${endText(one.end)}` }]
    }
    if (first.end.kind !== 'in') {
      const reason = `the right code did not sign in the first time (${endText(first.end)}): check the totp of the account, and the clocks`
      return [{ verdict: 'inconclusive', locator: LOCATOR, reason, evidence }]
    }
    if (second.end.kind === 'in') {
      return [
        { verdict: 'fail', locator: LOCATOR, says: 'a code that had signed in its owner signed in somebody else a moment later', evidence },
      ]
    }
    if (second.end.kind === 'limited') {
      return [
        {
          verdict: 'inconclusive',
          locator: LOCATOR,
          reason: `the second use was limited (${second.end.status}) and not judged; run it again later`,
          evidence,
        },
      ]
    }
    if (!inTime) {
      return [
        {
          verdict: 'inconclusive',
          locator: LOCATOR,
          reason: 'the code ran out between its two uses: the target is too slow to tell',
          evidence,
        },
      ]
    }
    return [
      {
        verdict: 'pass',
        locator: LOCATOR,
        control: 'the code signed in once; the same one in another sign-in within its period did not',
        evidence,
      },
    ]
  },
})
