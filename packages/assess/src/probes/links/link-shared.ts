import { defineProbe, type Probe, type ProbeContext } from '../../probe.js'
import type { ProbeVerdict } from '../../verdict.js'
import { exchangeOf, isOk, see, type Seen, unusable } from '../seen/seen.js'
import { type DeclaredLink, linksFor, noLinks, sameThing } from './signed-page.js'

/** Who opened one link. */
export type SharedLink = {
  readonly name: string
  readonly page: string
  readonly pattern: string
  /** account a, for whom it was made: before and after the others */
  readonly owner?: { readonly first: Seen; readonly last: Seen }
  /** everybody else who tried */
  readonly others: readonly Seen[]
}
/** Facts of {@link linkShared}. */
export type LinkSharedFacts = { readonly links: readonly SharedLink[] }

const MOST_KINDS = 3
const KEEP = 300

const tryKind = async (context: ProbeContext, declared: DeclaredLink): Promise<SharedLink> => {
  const { name, page, pattern } = declared
  const client = await context.signedIn('a')
  const [link] = await linksFor(context, client, declared)
  if (link === undefined) return { name, page, pattern, others: [] }
  const others: Seen[] = []
  // before its owner uses it up, where it is good once
  others.push(await see(context.client({ name: 'nobody' }), { path: link }, KEEP))
  if (context.target.accounts?.b !== undefined) others.push(await see(await context.signedIn('b'), { path: link }, KEEP))
  const first = await see(client, { path: link }, KEEP)
  const [fresh = link] = await linksFor(context, client, declared)
  return { name, page, pattern, others, owner: { first, last: await see(client, { path: fresh }, KEEP) } }
}

const collect = async (context: ProbeContext): Promise<LinkSharedFacts> => {
  const bound = (context.target.signedLinks ?? []).filter(({ needsSession }) => needsSession === true)
  const links: SharedLink[] = []
  for (const declared of bound.slice(0, MOST_KINDS)) links.push(await tryKind(context, declared))
  return { links }
}

const judgeOne = (link: SharedLink): ProbeVerdict => {
  const { name, owner, others } = link
  const locator = `signed link ${name}`
  if (owner === undefined) return { verdict: 'inconclusive', locator, reason: noLinks(link) }
  const { first, last } = owner
  const stable = first.digest === last.digest && first.digest !== ''
  const opened = others.filter((seen) => sameThing(first, seen, stable) || sameThing(last, seen, stable))
  if (opened.length > 0)
    return {
      verdict: 'fail',
      locator,
      says: `A signed link (${name}) that is meant for one account opens for ${opened.map(({ as }) => (as === 'nobody' ? 'who is not signed in' : `account ${as}`)).join(' and ')}.`,
      evidence: [exchangeOf(first), ...opened.map((seen) => exchangeOf(seen))],
    }
  const silent = [first, ...others].map((seen) => unusable(locator, seen)).find((one) => one !== undefined)
  if (silent !== undefined) return silent
  if (!isOk(first) && !isOk(last))
    return {
      verdict: 'inconclusive',
      locator,
      reason: `the link did not open for account a either (${first.status})`,
      evidence: [exchangeOf(first)],
    }
  return {
    verdict: 'pass',
    locator,
    control: `it opened for account a and not for ${others.map(({ as }) => (as === 'nobody' ? 'who is not signed in' : `account ${as}`)).join(' nor for ')}`,
    evidence: [exchangeOf(first), ...others.map((seen) => exchangeOf(seen))],
  }
}

/** A signed link that is meant for one account opens for that one only. Source: CWE-639. */
export const linkShared: Probe = defineProbe<LinkSharedFacts>({
  id: 'ACC-007',
  name: 'link-shared',
  family: 'links',
  title: 'A signed link that needs a session opens for others',
  severity: 'medium',
  kind: 'active',
  cwe: 639,
  asvs: ['8.2.2'],
  needs: ['signIn', 'accounts.a', 'signedLinks'],
  why: 'A link that was forwarded, or read from a log, opens what was meant for one person.',
  fix: 'Sign the subject together with the link and compare it with who is signed in, or say openly that whoever has the link may read.',
  pace: 'quiet',
  collect,
  judge: ({ links }) =>
    links.length === 0
      ? [
          {
            verdict: 'skipped',
            locator: 'signed links',
            reason: 'no signed link is declared with needsSession: true; a link without it is meant to open for whoever has it',
          },
        ]
      : links.map(judgeOne),
})
