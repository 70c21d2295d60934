import { defineProbe, inconclusive, type ProbeContext, type Probe } from '../../probe.js'
import { fillRequest } from '../../target/fill.js'
import type { RequestTemplate } from '../../target/target.js'
import type { ProbeVerdict } from '../../verdict.js'
import { exchangeOf, see, type Seen, unusable } from '../seen/seen.js'
import { accountOf, askNobody, askProof, enter, leave, ordinaryOf, standingOf, twinOf, uselessProof } from './visitors.js'

/** What became of one id that was replaced. */
export type Rotation = {
  readonly way: 'sign-in again' | 'step-up'
  /** a copy of the old id while it was the only one */
  readonly before: Seen
  /** the act that should replace it; left out for the sign-in, which is known to have worked */
  readonly act?: Seen
  /** the same act with a wrong password, sent only when the id stayed: tells whether the right one was taken */
  readonly wrong?: Seen
  readonly changed: boolean
  /** the new id, after the wait */
  readonly current?: Seen
  /** the old id, after the wait */
  readonly old?: Seen
}

/** Facts of {@link rotatedSession}. Times in ms. */
export type RotatedSessionFacts = {
  readonly cookie: string
  /** without any cookie */
  readonly nobody: Seen
  readonly waitedMs: number
  /** what the target declares */
  readonly graceMs?: number
  readonly rotations: readonly Rotation[]
}

const USUAL_GRACE_MS = 10_000
/** Longer than this no probe waits. */
const LONGEST_WAIT_MS = 20_000
/** Clocks and rounding of the target. */
const MARGIN_MS = 2_000

type Pending = { readonly rotation: Rotation; readonly finish?: () => Promise<Rotation> }

const begin = async (context: ProbeContext, cookie: string, again: RequestTemplate | undefined): Promise<Pending> => {
  const who = ordinaryOf(context)
  const account = accountOf(context, who)
  const client = await context.signedIn(who)
  const known = client.cookies.get(cookie)
  if (known === undefined) throw inconclusive(`signing in set no cookie ${cookie}; check signIn.cookie`)
  const copy = (name: string): ReturnType<typeof twinOf> => twinOf(context, client, name, { [cookie]: known })
  const before = await askProof(context, copy('old id, before'))
  const way = again === undefined ? 'sign-in again' : 'step-up'
  const blanks = { name: account.name, password: account.password, ...(account.totp === undefined ? {} : { code: context.code(account) }) }
  const act = again === undefined ? undefined : await see(client, fillRequest(again, blanks), 300)
  if (again === undefined) await enter(context, client, account)
  const changed = client.cookies.get(cookie) !== known
  const rotation: Rotation = { way, before, changed, ...(act === undefined ? {} : { act }) }
  if (!changed) {
    const wrong =
      again === undefined
        ? undefined
        : await see(client, fillRequest(again, { ...blanks, password: 'not-the-password', code: '000000' }), 300)
    await leave(context, client)
    return { rotation: { ...rotation, ...(wrong === undefined ? {} : { wrong }) } }
  }
  return {
    rotation,
    finish: async () => {
      // the new one first: a replay of the old one may rightly end both
      const current = await askProof(context, client)
      const old = await askProof(context, copy('old id, after the wait'))
      await leave(context, client)
      return { ...rotation, current, old }
    },
  }
}

const collect = async (context: ProbeContext): Promise<RotatedSessionFacts> => {
  const { signIn } = context.target
  const cookie = signIn?.cookie
  if (signIn === undefined || cookie === undefined) throw inconclusive('the session cookie is not declared; add signIn.cookie')
  const pending = [await begin(context, cookie, undefined)]
  if (signIn.again !== undefined) pending.push(await begin(context, cookie, signIn.again))
  const waitedMs = Math.min((signIn.graceMs ?? USUAL_GRACE_MS) + MARGIN_MS, LONGEST_WAIT_MS)
  if (pending.some(({ finish }) => finish !== undefined)) await context.sleep(waitedMs)
  const rotations: Rotation[] = []
  for (const { rotation, finish } of pending) rotations.push(finish === undefined ? rotation : await finish())
  return {
    cookie,
    nobody: await askNobody(context),
    waitedMs,
    rotations,
    ...(signIn.graceMs === undefined ? {} : { graceMs: signIn.graceMs }),
  }
}

const answersDiffer = (a: Seen, b: Seen): boolean => a.status !== b.status || a.headers['location'] !== b.headers['location']

const judgeUnchanged = (locator: string, cookie: string, { way, act, wrong }: Rotation): ProbeVerdict => {
  if (way === 'sign-in again')
    return {
      verdict: 'inconclusive',
      locator,
      reason: 'who is signed in was given no new session by signing in again; declare signIn.again, how one proves anew who one is',
    }
  if (act !== undefined && wrong !== undefined && act.status > 0 && act.status < 400 && answersDiffer(act, wrong))
    return {
      verdict: 'fail',
      locator,
      says: `The session id in ${cookie} stays the same when its owner proves anew who he is: a copy made before gains what he has proven.`,
      evidence: [
        exchangeOf(act, { headers: ['location'], note: 'no new id' }),
        exchangeOf(wrong, { headers: ['location'], note: 'a wrong password' }),
      ],
    }
  return {
    verdict: 'inconclusive',
    locator,
    reason: 'signIn.again gave no new session id, and answered a right password like a wrong one; check how it is declared',
    evidence: act === undefined ? [] : [exchangeOf(act)],
  }
}

const judgeOne = (rotation: Rotation, { cookie, nobody, waitedMs, graceMs }: RotatedSessionFacts): ProbeVerdict => {
  const { way, before, changed, current, old } = rotation
  const locator = `cookie ${cookie} after ${way}`
  const useless = uselessProof(locator, nobody)
  if (useless !== undefined) return useless
  const silent = [before, rotation.act, current, old]
    .map((seen) => (seen === undefined ? undefined : unusable(locator, seen)))
    .find((one) => one !== undefined)
  if (silent !== undefined) return silent
  if (standingOf(before) !== 'in')
    return {
      verdict: 'inconclusive',
      locator,
      reason: 'a copy of the session cookie was not signed in before it was replaced',
      evidence: [exchangeOf(before)],
    }
  if (!changed) return judgeUnchanged(locator, cookie, rotation)
  if (current === undefined || old === undefined) return { verdict: 'error', locator, reason: 'the ids were not asked after the wait' }
  const evidence = [
    exchangeOf(before, { note: 'the old id, before' }),
    exchangeOf(old, { note: `the old id, ${waitedMs} ms after it was replaced` }),
  ]
  if (standingOf(old) === 'unknown')
    return { verdict: 'inconclusive', locator, reason: `the target answered ${old.status} to the old id, which says nothing`, evidence }
  if (standingOf(old) === 'out')
    return standingOf(current) === 'in'
      ? {
          verdict: 'pass',
          locator,
          control: 'a copy of the old id was signed in before, the new one is afterwards, the old one is not',
          evidence,
        }
      : {
          verdict: 'inconclusive',
          locator,
          reason: 'the new session was not signed in any more after the wait; run it again when nobody else tests',
          evidence: [exchangeOf(current)],
        }
  if (graceMs !== undefined && graceMs + MARGIN_MS > waitedMs)
    return {
      verdict: 'inconclusive',
      locator,
      reason: `an old id may live for ${graceMs} ms as declared, and no probe waits so long`,
      evidence,
    }
  return {
    verdict: 'fail',
    locator,
    says: `The session id of before the ${way} is still signed in ${Math.round(waitedMs / 100) / 10} s after it was replaced.`,
    evidence,
  }
}

/** An id that was replaced must die: at once after a sign-in, after a short grace otherwise. Source: ASVS 5.0 V7.2.4, CWE-613. */
export const rotatedSession: Probe = defineProbe<RotatedSessionFacts>({
  id: 'AUT-020',
  name: 'rotated-session',
  family: 'session',
  title: 'A session id that was replaced still works',
  severity: 'medium',
  kind: 'active',
  cwe: 613,
  asvs: ['7.2.4'],
  needs: ['signIn', 'signIn.cookie', 'accounts.a'],
  why: 'Whoever copied a session cookie keeps his way in although its owner has signed in again or proven anew who he is, and may gain what was just proven.',
  fix: 'End the session that a sign-in finds; at a step-up give a new id and let the old one live for a few seconds at most. Where a longer grace is meant, declare signIn.graceMs.',
  pace: 'quiet',
  collect,
  judge: (facts) => facts.rotations.map((rotation) => judgeOne(rotation, facts)),
})
