import { defineProbe, type Probe, type ProbeContext } from '../../probe.js'
import type { ProbeVerdict } from '../../verdict.js'
import { exchangeOf, isOk, see, type Seen, unusable } from '../seen/seen.js'
import { expiryOf, linkTricks } from './link-tricks.js'
import { type DeclaredLink, linksFor, noLinks, sameThing } from './signed-page.js'

/** What was tried with one kind of links. Times in ms. */
export type ExpiredLink = {
  readonly name: string
  readonly page: string
  readonly pattern: string
  /** a link as it is shown now */
  readonly fresh?: Seen
  /** the same with its signature changed: what a refusal looks like */
  readonly refused?: Seen
  /** the links that are over: as declared, or the fresh one after `waitedMs` */
  readonly old: readonly Seen[]
  readonly waitedMs?: number
}
/** Facts of {@link linkExpired}. */
export type LinkExpiredFacts = { readonly links: readonly ExpiredLink[] }

const MOST_KINDS = 3
const MOST_OLD = 5
/** Links that live longer are not waited for. */
const LONGEST_LIFE_MS = 10_000
const MARGIN_MS = 1_500
const KEEP = 300

const tryKind = async (context: ProbeContext, declared: DeclaredLink): Promise<ExpiredLink> => {
  const { name, page, pattern, expired = [] } = declared
  const client = await context.signedIn('a')
  const [link] = await linksFor(context, client, declared)
  if (link === undefined) return { name, page, pattern, old: [] }
  const fresh = await see(client, { path: link }, KEEP)
  const [garbled] = linkTricks(link)
    .filter(({ weight, trick }) => weight === 'grave' && trick.endsWith(' changed'))
    .toReversed()
  const refused = garbled === undefined ? undefined : await see(client, { path: garbled.path }, KEEP)
  const known = { name, page, pattern, fresh, ...(refused === undefined ? {} : { refused }) }
  if (expired.length > 0) {
    const old: Seen[] = []
    for (const path of expired.slice(0, MOST_OLD)) old.push(await see(client, { path }, KEEP))
    return { ...known, old }
  }
  const left = (expiryOf(link) ?? Number.POSITIVE_INFINITY) - context.clock()
  if (left > LONGEST_LIFE_MS) return { ...known, old: [] }
  const waitedMs = Math.max(0, left) + MARGIN_MS
  await context.sleep(waitedMs)
  return { ...known, old: [await see(client, { path: link }, KEEP)], waitedMs }
}

const collect = async (context: ProbeContext): Promise<LinkExpiredFacts> => {
  const links: ExpiredLink[] = []
  for (const declared of (context.target.signedLinks ?? []).slice(0, MOST_KINDS)) links.push(await tryKind(context, declared))
  return { links }
}

const judgeOne = (link: ExpiredLink): ProbeVerdict => {
  const { name, fresh, refused, old, waitedMs } = link
  const locator = `signed link ${name}`
  if (fresh === undefined) return { verdict: 'inconclusive', locator, reason: noLinks(link) }
  if (old.length === 0)
    return {
      verdict: 'skipped',
      locator,
      reason: 'it lives longer than 10 s and no old one is declared; add one that was good once to expired',
    }
  // some answer 200 with a page that says so: then it looks like a forged one's
  const opened = old.filter((seen) => isOk(seen) && !(refused !== undefined && isOk(refused) && sameThing(refused, seen, false)))
  if (opened.length > 0)
    return {
      verdict: 'fail',
      locator,
      says: `A signed link (${name}) opens although its time is over${waitedMs === undefined ? '' : `, ${Math.round(waitedMs / 100) / 10} s after it was shown`}.`,
      evidence: opened
        .slice(0, 3)
        .map((seen) => exchangeOf(seen, { note: waitedMs === undefined ? 'declared as expired' : 'after its time' })),
    }
  const silent = [fresh, ...old].map((seen) => unusable(locator, seen)).find((one) => one !== undefined)
  if (silent !== undefined) return silent
  if (!isOk(fresh))
    return {
      verdict: 'inconclusive',
      locator,
      reason: `a fresh link does not open for account a either (${fresh.status})`,
      evidence: [exchangeOf(fresh)],
    }
  return {
    verdict: 'pass',
    locator,
    control: `a fresh link opened; ${old.length === 1 ? 'the one that is over' : `${old.length} that are over`} did not`,
    evidence: [exchangeOf(fresh), ...old.slice(0, 2).map((seen) => exchangeOf(seen, { note: 'its time is over' }))],
  }
}

/** A signed link ends when it says so. Source: CWE-613. */
export const linkExpired: Probe = defineProbe<LinkExpiredFacts>({
  id: 'ACC-004',
  name: 'link-expired',
  family: 'links',
  title: 'A signed link opens after its time',
  severity: 'high',
  kind: 'active',
  cwe: 613,
  asvs: ['8.2.2'],
  needs: ['signIn', 'accounts.a', 'signedLinks'],
  why: 'Links stay in mails, logs and histories; one that never ends is a password that nobody can change.',
  fix: 'Sign the end together with the rest of the link, and compare it with the clock each time it is used.',
  pace: 'quiet',
  collect,
  judge: ({ links }) => links.map(judgeOne),
})
