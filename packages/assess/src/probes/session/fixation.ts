import { defineProbe, inconclusive, type ProbeContext, type Probe } from '../../probe.js'
import type { Exchange, ProbeVerdict } from '../../verdict.js'
import { exchangeOf, type Seen, unusable } from '../seen/seen.js'
import { disguise } from './disguise.js'
import { accountOf, askNobody, askProof, enter, leave, ordinaryOf, standingOf, twinOf, uselessProof } from './visitors.js'

/** How an attacker may know a session id before his victim signs in with it. */
export type FixationWay = 'given' | 'made up' | 'carried'

/** What one way came to. */
export type FixationTry = {
  readonly way: FixationWay
  /** the signed-in session has the very id that was there before */
  readonly kept: boolean
  /** the victim after the sign-in */
  readonly victim: Seen
  /** who holds the id of before and nothing else; left out where that id is a session of the attacker himself */
  readonly attacker?: Seen
}

/** Facts of {@link fixation}. */
export type FixationFacts = {
  readonly cookie: string
  /** somebody without any cookie, at the page of proof */
  readonly nobody: Seen
  readonly tries: readonly FixationTry[]
}

const HOW: Readonly<Record<FixationWay, string>> = {
  given: 'that the server gave before the sign-in',
  'made up': 'that an attacker made up and planted',
  carried: 'of another account that was still in the browser',
}

const tryId = async (context: ProbeContext, cookie: string, way: FixationWay, known: string): Promise<FixationTry> => {
  const who = ordinaryOf(context)
  const victim = context.client({ name: who })
  victim.cookies.set(cookie, known)
  await enter(context, victim, accountOf(context, who))
  const kept = victim.cookies.get(cookie) === known
  const signedIn = await askProof(context, victim)
  // a session of the attacker's own may rightly live on as his
  const attacker =
    way === 'carried'
      ? undefined
      : await askProof(context, twinOf(context, victim, `attacker with the id ${way} before`, { [cookie]: known }))
  await leave(context, victim)
  return { way, kept, victim: signedIn, ...(attacker === undefined ? {} : { attacker }) }
}

const collect = async (context: ProbeContext): Promise<FixationFacts> => {
  const { signIn, accounts } = context.target
  const cookie = signIn?.cookie
  if (signIn === undefined || cookie === undefined) throw inconclusive('the session cookie is not declared; add signIn.cookie')
  const who = ordinaryOf(context)
  const tries: FixationTry[] = []
  const nobody = await askNobody(context)
  // a visitor who looks at the page of sign-in first, as everybody does
  const visitor = context.client({ name: who })
  await visitor.send({ path: signIn.page ?? '/' })
  const given = visitor.cookies.get(cookie)
  if (given !== undefined) tries.push(await tryId(context, cookie, 'given', given))
  const other = await context.signedIn(who)
  const real = other.cookies.get(cookie)
  if (real === undefined) throw inconclusive(`signing in set no cookie ${cookie}; check signIn.cookie`)
  await leave(context, other)
  tries.push(await tryId(context, cookie, 'made up', disguise(real, context.random)))
  if (accounts?.a !== undefined && accounts.b !== undefined) {
    const own = (await context.signedIn('a', { name: 'attacker' })).cookies.get(cookie)
    if (own !== undefined) tries.push(await tryId(context, cookie, 'carried', own))
  }
  return { cookie, nobody, tries }
}

const shown = ({ victim, attacker }: FixationTry): readonly Exchange[] => {
  const owner = exchangeOf(victim, { note: 'the victim, signed in' })
  return attacker === undefined ? [owner] : [owner, exchangeOf(attacker, { note: 'with nothing but the id of before' })]
}

const judge = ({ cookie, nobody, tries }: FixationFacts): readonly ProbeVerdict[] => {
  const locator = `cookie ${cookie}`
  const useless = uselessProof(locator, nobody)
  if (useless !== undefined) return [useless]
  const silent = tries
    .flatMap(({ victim, attacker }) => (attacker === undefined ? [victim] : [victim, attacker]))
    .map((seen) => unusable(locator, seen))
    .find((verdict) => verdict !== undefined)
  const fixed = tries.filter(
    ({ kept, victim, attacker }) => standingOf(victim) === 'in' && (attacker === undefined ? kept : standingOf(attacker) === 'in'),
  )
  if (fixed.length > 0)
    return [
      {
        verdict: 'fail',
        locator,
        says: `Whoever signs in goes on with a session id ${fixed.map(({ way }) => HOW[way]).join(' and one ')}: the one who knows it is signed in as well.`,
        evidence: fixed.slice(0, 2).flatMap((one) => shown(one)),
      },
    ]
  if (silent !== undefined) return [silent]
  const strange = tries.find(
    ({ victim, attacker }) => standingOf(victim) !== 'in' || (attacker !== undefined && standingOf(attacker) === 'unknown'),
  )
  if (strange !== undefined || tries.length === 0)
    return [
      {
        verdict: 'inconclusive',
        locator,
        reason: 'who had just signed in was not signed in any more; run it again when nobody else tests',
      },
    ]
  return [
    {
      verdict: 'pass',
      locator,
      control: `signed in ${tries.length} times over an id known before (${tries.map(({ way }) => way).join(', ')}); each sign-in worked and each id of before was worth nothing`,
    },
  ]
}

/** A session id known before the sign-in must not be the signed-in one. Source: ASVS 5.0 V7.2.4, CWE-384. */
export const fixation: Probe = defineProbe<FixationFacts>({
  id: 'AUT-010',
  name: 'fixation',
  family: 'session',
  title: 'A session id that was known before the sign-in is the signed-in one',
  severity: 'medium',
  kind: 'active',
  cwe: 384,
  asvs: ['7.2.4'],
  needs: ['signIn', 'signIn.cookie', 'accounts.a'],
  why: 'An attacker who plants a session id in a browser, or reads one from it before the sign-in, is signed in together with its owner.',
  fix: 'Make a new session id at every sign-in and end the one that came with the request; never take an id that the server did not make.',
  pace: 'quiet',
  collect,
  judge,
})
