import { defineProbe, type Probe, type ProbeContext } from '../../probe.js'
import type { ProbeVerdict, Severity } from '../../verdict.js'
import { exchangeOf, isOk, see, type Seen, unusable } from '../seen/seen.js'
import { type LinkTrick, linkTricks } from './link-tricks.js'
import { type DeclaredLink, linksFor, noLinks, sameThing } from './signed-page.js'

/** What was tried with one kind of links. */
export type TamperedLink = {
  readonly name: string
  readonly page: string
  readonly pattern: string
  /** the link as it was shown: first, again, and a fresh one after everything */
  readonly honest?: { readonly first: Seen; readonly again: Seen; readonly last: Seen }
  /** what a second link of the kind opens */
  readonly other?: Seen
  readonly tries: readonly (Pick<LinkTrick, 'trick' | 'weight' | 'other'> & { readonly seen: Seen })[]
}
/** Facts of {@link linkTampered}. */
export type LinkTamperedFacts = { readonly links: readonly TamperedLink[] }

const MOST_KINDS = 3
const KEEP = 300

const tryKind = async (context: ProbeContext, declared: DeclaredLink): Promise<TamperedLink> => {
  const { name, page, pattern } = declared
  const client = await context.signedIn('a')
  const shown = await linksFor(context, client, declared)
  const [link, second] = shown
  if (link === undefined) return { name, page, pattern, tries: [] }
  const first = await see(client, { path: link }, KEEP)
  const again = await see(client, { path: link }, KEEP)
  const other = second === undefined ? undefined : await see(client, { path: second }, KEEP)
  // a link that is good once needs a new one for each try
  const once = isOk(first) && !isOk(again)
  const tries: TamperedLink['tries'][number][] = []
  for (const [i, planned] of linkTricks(link, second).entries()) {
    const fresh = once ? (await linksFor(context, client, declared))[0] : link
    const trick = fresh === undefined || fresh === link ? planned : (linkTricks(fresh, second)[i] ?? planned)
    tries.push({
      trick: trick.trick,
      weight: trick.weight,
      ...(trick.other === undefined ? {} : { other: trick.other }),
      seen: await see(client, { method: trick.method, path: trick.path }, KEEP),
    })
  }
  const last = (await linksFor(context, client, declared))[0] ?? link
  return {
    name,
    page,
    pattern,
    honest: { first, again, last: await see(client, { path: last }, KEEP) },
    ...(other === undefined ? {} : { other }),
    tries,
  }
}

const collect = async (context: ProbeContext): Promise<LinkTamperedFacts> => {
  const links: TamperedLink[] = []
  for (const declared of (context.target.signedLinks ?? []).slice(0, MOST_KINDS)) links.push(await tryKind(context, declared))
  return { links }
}

const SEVERITY: Readonly<Record<LinkTrick['weight'], Severity>> = { grave: 'high', plain: 'medium', slight: 'info' }

const judgeOne = (link: TamperedLink): ProbeVerdict => {
  const { name, honest, other, tries } = link
  const locator = `signed link ${name}`
  if (honest === undefined) return { verdict: 'inconclusive', locator, reason: noLinks(link) }
  const { first, again, last } = honest
  const stable = !isOk(again) || (first.digest === again.digest && first.digest !== '')
  // pages that say "this link is not valid" with 200: the same for several tricks, and not the thing itself
  const opens = ({ trick, other: elsewhere, seen }: TamperedLink['tries'][number]): boolean => {
    if (elsewhere !== true) return sameThing(first, seen, stable)
    if (trick === 'the path of another link' && other !== undefined && isOk(other)) return sameThing(other, seen, stable)
    return (
      isOk(seen) &&
      seen.headers['content-type'] === first.headers['content-type'] &&
      !tries.some((one) => one.trick !== trick && one.seen.digest === seen.digest && one.seen.digest !== first.digest)
    )
  }
  const opened = isOk(first) ? tries.filter((one) => opens(one)) : []
  if (opened.length > 0) {
    const weights = new Set(opened.map(({ weight }) => weight))
    const weight = weights.has('grave') ? 'grave' : weights.has('plain') ? 'plain' : 'slight'
    const shown = opened.filter((one) => one.weight === weight)
    return {
      verdict: 'fail',
      locator,
      severity: SEVERITY[weight],
      says: `A signed link (${name}) opens although it was changed: ${shown
        .slice(0, 4)
        .map(({ trick }) => trick)
        .join('; ')}${shown.length > 4 ? `; and ${shown.length - 4} more` : ''}.`,
      evidence: [
        exchangeOf(first, { note: 'as it was shown' }),
        ...shown.slice(0, 3).map(({ seen, trick }) => exchangeOf(seen, { note: trick })),
      ],
    }
  }
  const silent = [first, last, ...tries.map(({ seen }) => seen)].map((seen) => unusable(locator, seen)).find((one) => one !== undefined)
  if (silent !== undefined) return silent
  if (!isOk(first) || !isOk(last))
    return {
      verdict: 'inconclusive',
      locator,
      reason: `the link as it was shown did not open ${isOk(first) ? 'any more at the end' : 'for account a'} (${isOk(first) ? last.status : first.status})`,
      evidence: [exchangeOf(isOk(first) ? last : first)],
    }
  return {
    verdict: 'pass',
    locator,
    control: `the link as shown opened before and after; changed in ${tries.length} ways it did not`,
    evidence: [exchangeOf(first), ...tries.slice(0, 3).map(({ seen, trick }) => exchangeOf(seen, { note: trick }))],
  }
}

/** A signed link is good as it was made, or not at all. Source: CWE-345. */
export const linkTampered: Probe = defineProbe<LinkTamperedFacts>({
  id: 'ACC-004',
  name: 'link-tampered',
  family: 'links',
  title: 'A signed link opens although it was changed',
  severity: 'high',
  kind: 'active',
  cwe: 345,
  asvs: ['8.2.2'],
  needs: ['signIn', 'accounts.a', 'signedLinks'],
  why: 'Whoever can change a link he was given opens what he was not given, or keeps for ever what was meant for an hour.',
  fix: 'Sign method, path and every parameter together, compare in constant time, and refuse a link with anything more or less than was signed.',
  pace: 'quiet',
  collect,
  judge: ({ links }) => links.map(judgeOne),
})
