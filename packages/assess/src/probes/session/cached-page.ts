import { defineProbe, type ProbeContext, type Probe } from '../../probe.js'
import type { ProbeVerdict, Severity } from '../../verdict.js'
import { exchangeOf, isOk, see, type Seen, unusable } from '../seen/seen.js'

/** How long an answer may be kept, and by whom. */
export type CachePolicy =
  /** by nobody */
  | 'no-store'
  /** by the browser of its owner, which asks before it shows it again */
  | 'private-checked'
  /** by anybody on the way, who asks before it is shown again */
  | 'shared-checked'
  /** by the browser of its owner */
  | 'private'
  /** by anybody, or nothing is said */
  | 'open'

/** What `Cache-Control` allows. `no-cache="Set-Cookie"` and the like speak of one header only. Source: RFC 9111, section 5.2.2. */
export const readCachePolicy = (header: string | undefined): CachePolicy => {
  const directives = new Map<string, string>()
  for (const part of (header ?? '').toLowerCase().split(',').slice(0, 50)) {
    const [name = '', value = ''] = part.split('=', 2)
    directives.set(name.trim(), value.trim().replaceAll('"', ''))
  }
  if (directives.has('no-store')) return 'no-store'
  const isPrivate = directives.get('private') === ''
  const stale = directives.get('max-age') === '0' && directives.has('must-revalidate')
  const checked = (directives.get('no-cache') === '' || stale) && (isPrivate || (directives.get('s-maxage') ?? '0') === '0')
  if (checked) return isPrivate ? 'private-checked' : 'shared-checked'
  return isPrivate ? 'private' : 'open'
}

/** One address, asked signed in and as nobody. */
export type CachedPage = { readonly path: string; readonly own: Seen; readonly nobody: Seen }
/** Facts of {@link cachedPage}. */
export type CachedPageFacts = { readonly pages: readonly CachedPage[] }

const MOST_PAGES = 15

const collect = async (context: ProbeContext): Promise<CachedPageFacts> => {
  const { pages, signIn, writes, objects } = context.target
  const paths = [
    ...(signIn === undefined ? [] : [signIn.proof]),
    ...(pages?.signedIn ?? []),
    ...(objects ?? []).flatMap(({ path, list }) => [path, list]),
    ...(writes ?? []).map(({ shows }) => shows),
  ].filter((path) => path !== undefined)
  const client = await context.signedIn('a')
  const nobody = context.client({ name: 'nobody' })
  const seen: CachedPage[] = []
  for (const path of [...new Set(paths)].slice(0, MOST_PAGES))
    seen.push({ path, own: await see(client, { path }, 0), nobody: await see(nobody, { path }, 0) })
  return { pages: seen }
}

const FAULTS: Readonly<Record<Exclude<CachePolicy, 'no-store'>, { readonly severity: Severity; readonly says: string }>> = {
  'private-checked': { severity: 'info', says: 'the browser keeps a copy on disk, although it asks before it shows it again' },
  'shared-checked': { severity: 'low', says: 'every cache on the way may keep a copy, although it asks before it gives it out' },
  private: { severity: 'medium', says: 'the browser keeps it and shows it again after the sign-out' },
  open: { severity: 'medium', says: 'nothing keeps browsers and caches on the way from storing it and showing it to others' },
}

const judgeOne = ({ path, own, nobody }: CachedPage): ProbeVerdict => {
  const locator = `GET ${path}`
  const silent = unusable(locator, own) ?? unusable(locator, nobody)
  if (silent !== undefined) return silent
  if (!isOk(own))
    return {
      verdict: 'inconclusive',
      locator,
      reason: `it answers ${own.status} to account a; declare pages that a may see`,
      evidence: [exchangeOf(own)],
    }
  if (isOk(nobody))
    return {
      verdict: 'inconclusive',
      locator,
      reason: 'it opens for nobody too, so it is no page of somebody signed in',
      evidence: [exchangeOf(nobody)],
    }
  const policy = readCachePolicy(own.headers['cache-control'])
  if (policy === 'no-store')
    return { verdict: 'pass', locator, control: `it opened for account a with no-store, and answered ${nobody.status} to nobody` }
  const { severity, says } = FAULTS[policy]
  const said = own.headers['cache-control']?.slice(0, 100)
  return {
    verdict: 'fail',
    locator,
    says: `${path} is for who is signed in and says ${said === undefined ? 'nothing of caches' : `Cache-Control: ${said}`}: ${says}.`,
    severity,
    evidence: [exchangeOf(own, { headers: ['cache-control', 'expires', 'pragma', 'etag', 'last-modified', 'vary'] })],
  }
}

/** What only the signed-in see must not stay in caches. Source: ASVS 5.0 V14.3.2, CWE-525. */
export const cachedPage: Probe = defineProbe<CachedPageFacts>({
  id: 'HDR-014',
  name: 'cached-page',
  family: 'session',
  title: 'Signed-in pages stay in caches',
  severity: 'medium',
  kind: 'passive',
  cwe: 525,
  asvs: ['14.3.2'],
  needs: ['signIn', 'accounts.a', 'pages.signedIn'],
  why: 'What a browser or a proxy keeps of a signed-in page is shown to the next person at the computer, or to somebody else behind the same cache.',
  fix: 'Send Cache-Control: no-store with every answer that depends on who is signed in, API answers included.',
  pace: 'quiet',
  collect,
  judge: ({ pages }) => pages.map(judgeOne),
})
