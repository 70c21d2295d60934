import type { ProbeContext } from '../../probe.js'
import type { Exchange, ProbeVerdict, Severity } from '../../verdict.js'
import type { ProbeClient } from '../../client/types.js'
import { exchangeOf, madeUp, see, type Seen, unusable } from '../seen/seen.js'
import { openingOf, ownerSees } from './opened.js'

/** What was seen of declared pages by who may open them and by who may not. */
export type PageFacts = {
  /** pages that anybody gets, and the owner's own not-found page */
  readonly bases: readonly Seen[]
  readonly pages: readonly { readonly path: string; readonly owner: Seen; readonly strangers: readonly Seen[] }[]
}

const MOST = 40

/** Asks for each path as its owner and as each stranger. */
export const collectPages = async (
  context: ProbeContext,
  owner: ProbeClient,
  strangers: readonly ProbeClient[],
  paths: readonly string[],
): Promise<PageFacts> => {
  const asked = paths.slice(0, MOST)
  const { signIn, pages } = context.target
  const missing = `/${madeUp(context.random)}`
  const common = [signIn?.page, ...(pages?.open ?? []).slice(0, 3)].filter((path) => path !== undefined && !asked.includes(path))
  const bases: Seen[] = [await see(owner, { path: missing })]
  for (const stranger of strangers)
    for (const path of [missing, ...common]) if (path !== undefined) bases.push(await see(stranger, { path }))
  const found: PageFacts['pages'][number][] = []
  for (const path of asked) {
    const own = await see(owner, { path })
    const others: Seen[] = []
    for (const stranger of strangers) others.push(await see(stranger, { path }))
    found.push({ path, owner: own, strangers: others })
  }
  return { bases, pages: found }
}

const judgeOne = (page: PageFacts['pages'][number], bases: readonly Seen[], severityOf: (as: string) => Severity): ProbeVerdict => {
  const { path: locator, owner, strangers } = page
  const noControl = unusable(locator, owner)
  if (noControl !== undefined) return noControl
  if (!ownerSees(owner, bases))
    return {
      verdict: 'inconclusive',
      locator,
      reason: `${owner.as} does not see ${locator} either (${owner.status}): without that nothing can be compared. Declare a page that this account opens`,
      evidence: [exchangeOf(owner, { around: 0 })],
    }
  const closed: string[] = []
  const evidence: Exchange[] = [exchangeOf(owner)]
  let unclear: ProbeVerdict | undefined
  for (const stranger of strangers) {
    const broken = unusable(locator, stranger)
    const opening = broken === undefined ? openingOf(owner, stranger, bases) : undefined
    if (opening?.kind === 'open') {
      const shown = opening.words.length === 0 ? 'byte for byte' : `such as the words ${opening.words.join(', ')}`
      return {
        verdict: 'fail',
        locator,
        says: `${locator} shows ${stranger.as} what only ${owner.as} should see (status ${stranger.status}, ${shown})`,
        evidence: [exchangeOf(owner, { around: 0 }), exchangeOf(stranger, { around: 0 })],
        severity: severityOf(stranger.as),
      }
    }
    if (opening?.kind === 'closed') closed.push(`${stranger.as} was ${opening.how}`)
    else
      unclear ??= broken ?? {
        verdict: 'inconclusive',
        locator,
        reason: `for ${stranger.as} ${opening?.why ?? 'nothing came'}: look at it by hand`,
        evidence: [exchangeOf(owner, { around: 0 }), exchangeOf(stranger, { around: 0 })],
      }
    evidence.push(exchangeOf(stranger))
  }
  return unclear ?? { verdict: 'pass', locator, control: `${owner.as} opened it (${owner.status}); ${closed.join('; ')}`, evidence }
}

/** One verdict a page; `severityOf` says how grave it is that this stranger sees it. */
export const judgePages = (facts: PageFacts, severityOf: (as: string) => Severity): readonly ProbeVerdict[] =>
  facts.pages.map((page) => judgeOne(page, facts.bases, severityOf))
