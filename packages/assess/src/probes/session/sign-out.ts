import { defineProbe, inconclusive, type ProbeContext, type Probe } from '../../probe.js'
import { hiddenFields } from '../../run/hidden-fields.js'
import { fillRequest } from '../../target/fill.js'
import type { ProbeVerdict } from '../../verdict.js'
import { exchangeOf, see, type Seen, unusable } from '../seen/seen.js'
import { accountOf, askNobody, askProof, cookiesOf, ordinaryOf, standingOf, twinOf, uselessProof } from './visitors.js'

/** Facts of {@link signOut}. */
export type SignOutFacts = {
  /** without any cookie */
  readonly nobody: Seen
  /** a copy of the cookies, before the sign-out: shows that a copy is as good as the original */
  readonly copyBefore: Seen
  readonly signOut: Seen
  /** who signed out, afterwards */
  readonly owner: Seen
  /** the same copy, afterwards */
  readonly copyAfter: Seen
}

const collect = async (context: ProbeContext): Promise<SignOutFacts> => {
  const template = context.target.signIn?.signOut
  if (template === undefined) throw inconclusive('how to sign out is not declared; add signIn.signOut')
  const who = ordinaryOf(context)
  const account = accountOf(context, who)
  const client = await context.signedIn(who)
  const page = context.target.signIn?.proof ?? '/'
  const shown = await client.send({ path: page })
  const hidden = shown.kind === 'answer' ? hiddenFields(shown.text, page, template.path) : {}
  const cookies = cookiesOf(client)
  const copyBefore = await askProof(context, twinOf(context, client, 'copy of the cookies, before', cookies))
  const wantsForm = template.json === undefined && Object.keys(hidden).length > 0
  const request = fillRequest(wantsForm ? { form: {}, ...template } : template, account, hidden)
  const signOut = await see(client, request, 300)
  const owner = await askProof(context, client)
  const copyAfter = await askProof(context, twinOf(context, client, 'copy of the cookies, after', cookies))
  return { nobody: await askNobody(context), copyBefore, signOut, owner, copyAfter }
}

const judge = ({ nobody, copyBefore, signOut, owner, copyAfter }: SignOutFacts): readonly ProbeVerdict[] => {
  const locator = `${signOut.method} ${signOut.url}`
  const useless = uselessProof(locator, nobody)
  if (useless !== undefined) return [useless]
  for (const seen of [copyBefore, signOut, copyAfter]) {
    const verdict = unusable(locator, seen)
    if (verdict !== undefined) return [verdict]
  }
  const unknown = (reason: string, ...shown: readonly Seen[]): readonly ProbeVerdict[] => [
    { verdict: 'inconclusive', locator, reason, evidence: shown.map((seen) => exchangeOf(seen)) },
  ]
  if (standingOf(copyBefore) !== 'in')
    return unknown('a copy of the cookies was not signed in even before the sign-out, so nothing can be said of it afterwards', copyBefore)
  if (signOut.status >= 400)
    return unknown(
      `the sign-out itself was refused with ${signOut.status}; declare signIn.signOut as the application's own button sends it`,
      signOut,
    )
  if (standingOf(copyAfter) === 'in')
    return [
      {
        verdict: 'fail',
        locator,
        says: `After ${locator} the session goes on: whoever copied its cookie before is still signed in.`,
        evidence: [exchangeOf(signOut), exchangeOf(copyAfter, { note: 'with the cookies of before the sign-out' })],
      },
    ]
  if (standingOf(copyAfter) === 'unknown' || standingOf(owner) === 'unknown')
    return unknown(`the target answered ${copyAfter.status} and ${owner.status} after the sign-out, which says nothing`, copyAfter, owner)
  if (standingOf(owner) === 'in')
    return unknown('who signed out is still signed in with other cookies; check what signIn.signOut does', owner)
  return [
    {
      verdict: 'pass',
      locator,
      control: 'a copy of the cookies was signed in before the sign-out and is not after it',
      evidence: [exchangeOf(copyBefore), exchangeOf(copyAfter)],
    },
  ]
}

/** After signing out the old cookie is dead on the server, not only gone from the browser. Source: ASVS 5.0 V7.4.1, CWE-613. */
export const signOut: Probe = defineProbe<SignOutFacts>({
  id: 'AUT-010',
  name: 'sign-out',
  family: 'session',
  title: 'A session lives on after its owner signed out',
  severity: 'medium',
  kind: 'active',
  cwe: 613,
  asvs: ['7.4.1'],
  needs: ['signIn', 'signIn.signOut', 'accounts.a'],
  why: 'A cookie that was copied, by a shared computer or a log, stays good although its owner signed out.',
  fix: 'Delete the session from the store when somebody signs out; taking the cookie from the browser is not enough.',
  pace: 'quiet',
  collect,
  judge,
})
