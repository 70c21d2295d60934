import type { ClientOptions } from '../../client/types.js'
import { defineProbe, type ProbeContext, type Probe } from '../../probe.js'
import type { ProbeVerdict } from '../../verdict.js'
import { exchangeOf, type Seen, unusable } from '../seen/seen.js'
import { askNobody, askProof, cookiesOf, leave, ordinaryOf, standingOf, twinOf, uselessProof } from './visitors.js'

/** One use of a copied cookie. */
export type Theft = {
  /** what is not as with the owner: all three, or the kit could not show it */
  readonly changed: readonly ('network' | 'program' | 'language')[]
  readonly program: 'phone' | 'script'
  /** the copy used as the owner uses it: shows that the copy works */
  readonly home: Seen
  /** the copy used by the thief */
  readonly away: Seen
}

/** Facts of {@link stolenSession}. */
export type StolenSessionFacts = { /** without any cookie */ readonly nobody: Seen; readonly thefts: readonly Theft[] }

const PROGRAMS: readonly (ClientOptions['program'] & ('phone' | 'script'))[] = ['phone', 'script']

const collect = async (context: ProbeContext): Promise<StolenSessionFacts> => {
  const thefts: Theft[] = []
  for (const program of PROGRAMS) {
    const owner = await context.signedIn(ordinaryOf(context))
    const cookies = cookiesOf(owner)
    const home = await askProof(context, twinOf(context, owner, 'copy at home', cookies))
    const thief = context.client({ name: `thief with a ${program}`, program })
    for (const [name, value] of Object.entries(cookies)) thief.cookies.set(name, value)
    const away = await askProof(context, thief)
    const elsewhere = context.manyAddresses && thief.address !== owner.address
    thefts.push({ program, changed: elsewhere ? ['network', 'program', 'language'] : ['program', 'language'], home, away })
    await leave(context, owner)
  }
  return { nobody: await askNobody(context), thefts }
}

const judgeOne = ({ changed, program, home, away }: Theft, nobody: Seen): ProbeVerdict => {
  const locator = `${away.method} ${away.url} with a copied cookie (${program})`
  const silent = uselessProof(locator, nobody) ?? unusable(locator, home) ?? unusable(locator, away)
  if (silent !== undefined) return silent
  const evidence = [
    exchangeOf(home, { note: 'the copy, used as the owner uses it' }),
    exchangeOf(away, { note: `another ${changed.join(', ')}` }),
  ]
  if (standingOf(home) !== 'in')
    return { verdict: 'inconclusive', locator, reason: 'the copied cookie was not signed in even where nothing was changed', evidence }
  if (standingOf(away) === 'unknown')
    return { verdict: 'inconclusive', locator, reason: `the target answered ${away.status} to the copy, which says nothing`, evidence }
  if (standingOf(away) === 'out')
    return { verdict: 'pass', locator, control: `the copy was signed in at home, and was answered ${away.status} elsewhere`, evidence }
  // a phone on another network, or a browser that was updated, is its owner's: only all three at once look like a thief
  if (changed.length < 3)
    return {
      verdict: 'inconclusive',
      locator,
      reason: 'the kit has one address, so it cannot be somebody in another network; declare addresses in the target file',
      evidence,
    }
  return {
    verdict: 'fail',
    locator,
    says: `A session cookie that is used from another network, with another program and in another language at once is asked nothing at ${away.url}.`,
    evidence,
  }
}

/** A copied session cookie must not go unnoticed where everything else is another's. Source: ASVS 5.0 V7.5, CWE-294. */
export const stolenSession: Probe = defineProbe<StolenSessionFacts>({
  id: 'AUT-019',
  name: 'stolen-session',
  family: 'session',
  title: 'A copied session cookie is asked nothing',
  severity: 'medium',
  kind: 'active',
  cwe: 294,
  asvs: ['7.5.3'],
  needs: ['signIn', 'accounts.a', 'many-addresses'],
  why: 'Programs that steal passwords take session cookies first; where nothing looks at how a cookie is used, it is worth as much as the password and the second factor together.',
  fix: 'Weigh network, program and language of each request against those that signed in, and ask for proof when several change at once; never end a session for one of them alone.',
  pace: 'quiet',
  collect,
  judge: ({ nobody, thefts }) => thefts.map((theft) => judgeOne(theft, nobody)),
})
