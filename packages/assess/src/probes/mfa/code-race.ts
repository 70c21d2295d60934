import { defineProbe, type Probe } from '../../probe.js'
import type { ProbeClient } from '../../client/types.js'
import type { Exchange } from '../../verdict.js'
import { attempt, attemptCode, attemptShown, endText, type Attempt } from '../sign-in/attempts.js'
import { awaitRoom, takeCoded } from './codes.js'

type Facts = {
  readonly begun: number
  /** the first step that did not lead on */
  readonly stuck?: Attempt
  readonly ends: readonly Attempt[]
  /** how many of those that got in are still signed in afterwards */
  readonly inside: number
}

const LOCATOR = 'second step'
const AT_ONCE = 20
/** With fewer open second steps there is no race. */
const FEWEST = 5
const ROOM_MS = 6_000

/** Opens many second steps and sends one code to all of them at the same moment: one may get in. */
export const codeRace: Probe = defineProbe<Facts>({
  id: 'AUT-014',
  name: 'code-race',
  family: 'mfa',
  title: 'One code signs in several times when it is sent at once',
  severity: 'high',
  kind: 'intrusive',
  cwe: 367,
  asvs: ['6.5.1', '15.4.2'],
  needs: ['signIn', 'signIn.factor', 'accounts.mfa'],
  why: 'A check “was this code used?” and a note “it is used now” with time between them let two requests through: the owner’s and that of somebody who passes his code on.',
  fix: 'Compare and store the last time step in one statement (UPDATE ... WHERE last_step < $1, or the compare-and-set of the store), and sign in only when it changed a row.',
  pace: 'loud',
  collect: async (context) => {
    const account = await takeCoded(context)
    const visitors: ProbeClient[] = []
    let stuck: Attempt | undefined
    // two at a time: a race of passwords is another matter, and may well lock
    while (visitors.length < AT_ONCE && stuck === undefined) {
      const pair = [1, 2].map((i) => context.client({ name: `sign-in ${visitors.length + i}` }))
      const begun = await Promise.all(pair.map((visitor) => attempt(context, visitor, account)))
      visitors.push(...pair.filter((_, i) => begun[i]?.end.kind === 'factor'))
      stuck = begun.find((one) => one.end.kind !== 'factor')
    }
    if (visitors.length < FEWEST) return { begun: visitors.length, ends: [], inside: 0, ...(stuck === undefined ? {} : { stuck }) }
    await awaitRoom(context, ROOM_MS)
    const code = context.code(account)
    const ends = await Promise.all(visitors.map((visitor) => attemptCode(context, visitor, account, code)))
    let inside = 0
    for (const [i, visitor] of visitors.entries()) {
      if (ends[i]?.end.kind === 'in' && (await context.isSignedIn(visitor)) === true) inside++
    }
    return { begun: visitors.length, ends, inside, ...(stuck === undefined ? {} : { stuck }) }
  },
  judge: ({ begun, stuck, ends, inside }) => {
    if (ends.length === 0) {
      const how = stuck === undefined ? 'nothing was tried' : endText(stuck.end)
      if (stuck?.end.kind === 'no-answer') return [{ verdict: 'error', locator: LOCATOR, reason: `a first step got ${how}` }]
      const reason = `only ${begun} second steps could be opened at once (${how}); check accounts.mfa and signIn.factor`
      return [{ verdict: 'inconclusive', locator: LOCATOR, reason, evidence: stuck === undefined ? [] : attemptShown(stuck) }]
    }
    const won = ends.filter((one) => one.end.kind === 'in')
    const lost = ends.filter((one) => one.end.kind === 'refused')
    const evidence: readonly Exchange[] = [...won.slice(0, 3), ...lost.slice(0, 1)].flatMap((one) =>
      attemptShown(one, 'the same code at the same moment'),
    )
    if (won.length > 1) {
      const still = inside === won.length ? '' : ` (${inside} of them were still signed in afterwards)`
      const says = `one code, sent in ${ends.length} sign-ins at once, signed in ${won.length} times${still}`
      return [{ verdict: 'fail', locator: LOCATOR, says, evidence }]
    }
    const silent = ends.find((one) => one.end.kind === 'no-answer')
    if (silent !== undefined)
      return [{ verdict: 'error', locator: LOCATOR, reason: `not every second step was answered: ${endText(silent.end)}` }]
    if (won.length === 0) {
      const reason = `none of ${ends.length} second steps was let in with the right code (${endText(ends[0]?.end ?? { kind: 'factor' })}): check the totp of the account, and the clocks`
      return [{ verdict: 'inconclusive', locator: LOCATOR, reason, evidence }]
    }
    if (lost.length < FEWEST - 1) {
      const reason = `the target limited the race: only ${lost.length} of ${ends.length} were judged and refused. Let the kit appear at several addresses`
      return [{ verdict: 'inconclusive', locator: LOCATOR, reason, evidence }]
    }
    return [
      {
        verdict: 'pass',
        locator: LOCATOR,
        control: `${ends.length} second steps were open and got the code at once: one got in, ${lost.length} were refused`,
        evidence,
      },
    ]
  },
})
