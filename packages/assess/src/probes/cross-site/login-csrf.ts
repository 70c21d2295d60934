import type { Browser } from 'playwright-core'
import type { ProbeRequest } from '../../client/types.js'
import { defineProbe, inconclusive, type Probe, type ProbeContext } from '../../probe.js'
import { fillRequest } from '../../target/fill.js'
import type { ProbeVerdict } from '../../verdict.js'
import { accountOf, ordinaryOf } from '../session/visitors.js'
import { type Forgery, formForgeries, jsonForgeries } from './attack-pages.js'
import { askOut, type BrowserEntry, browserOf, isIn, openProfile, signInFrom, visit } from './browser.js'
import { lure } from './forgeries.js'

/** One try to sign a visitor in from another site. */
export type ForcedEntry = {
  readonly way: string
  /** of the target's answer, 0 when none was seen */
  readonly status: number
  /** neither an answer was seen in time, nor did the page say that it was over */
  readonly unclear?: boolean
  /** the visitor was signed in before, and afterwards */
  readonly inBefore: boolean | 'no-answer'
  readonly inAfter: boolean | 'no-answer'
}
/** Facts of {@link loginCsrf}. */
export type LoginCsrfFacts = {
  readonly path: string
  /** the same account signed in from the target's own page */
  readonly home: BrowserEntry
  readonly forced: readonly ForcedEntry[]
}

/** Each try is a sign-in, so only the ways that browsers really offer: a page that is left, and one that is not. */
const WAYS: ReadonlySet<string> = new Set([
  'a form',
  'a form as text/plain',
  'fetch without CORS',
  'JSON as a text/plain form',
  'JSON as text/plain by fetch',
  'its fields as a form',
])

const forgeriesOf = (context: ProbeContext, request: ProbeRequest): readonly Forgery[] =>
  (request.json === undefined ? formForgeries : jsonForgeries)(context.origin, () => request).filter(({ way }) => WAYS.has(way))

/** Visitors of the other site who have been at the target before, as its later victims have; a new one whenever the last was signed in. */
const forceAll = async (
  context: ProbeContext,
  browser: Browser,
  urls: readonly { readonly way: string; readonly url: string }[],
  path: string,
): Promise<readonly ForcedEntry[]> => {
  const forced: ForcedEntry[] = []
  let profile = await openProfile(browser)
  try {
    for (const { way, url } of urls) {
      if (forced.at(-1)?.inAfter === true) {
        await profile.close()
        profile = await openProfile(browser)
      }
      const [home = await profile.newPage(), lured = await profile.newPage()] = profile.pages()
      await visit(home, context.origin + (context.target.signIn?.page ?? '/'))
      const inBefore = await isIn(context, home)
      const { status, over } = await lure(lured, url, context.origin + path)
      const inAfter = await isIn(context, home)
      if (inAfter === true) await askOut(context, home)
      forced.push({ way, status, inBefore, inAfter, ...(status === 0 && !over ? { unclear: true } : {}) })
    }
    return forced
  } finally {
    await profile.close().catch(() => undefined)
  }
}

const collect = async (context: ProbeContext): Promise<LoginCsrfFacts> => {
  const { signIn } = context.target
  if (signIn === undefined) throw inconclusive('how to sign in is not declared; add signIn to the target file')
  const account = accountOf(context, ordinaryOf(context))
  const browser = await browserOf(context)
  const request = fillRequest(signIn.request, { name: account.name, password: account.password })
  const path = request.path.split('?', 1)[0] ?? ''
  const forgeries = forgeriesOf(context, request)
  const site = await context.otherSite(Object.fromEntries(forgeries.map(({ html }, at) => [`/${at}`, html])))
  const profile = await openProfile(browser)
  let home: BrowserEntry
  try {
    const page = await profile.newPage()
    home = await signInFrom(context, page, account)
    if (home === 'in') await askOut(context, page)
  } finally {
    await profile.close().catch(() => undefined)
  }
  const urls = forgeries.map(({ way }, at) => ({ way, url: `${site.origin}/${at}` }))
  const forced = home === 'in' ? await forceAll(context, browser, urls, path) : []
  return { path, home, forced }
}

const judge = ({ path, home, forced }: LoginCsrfFacts): readonly ProbeVerdict[] => {
  const locator = `POST ${path}`
  const unknown = (reason: string): readonly ProbeVerdict[] => [{ verdict: 'inconclusive', locator, reason }]
  if (home !== 'in')
    return unknown(`signing in with Chromium from the target's own page did not work (${home}); attack the address that browsers use`)
  const done = forced.filter(({ inBefore, inAfter }) => inBefore === false && inAfter === true)
  if (done.length > 0)
    return [
      {
        verdict: 'fail',
        locator,
        says: `A page of another site signs its visitor in to an account of its choice, by ${done.map(({ way }) => way).join(', ')}.`,
        evidence: done.slice(0, 4).map(({ way, status }) => ({
          as: 'a visitor, on a page of another site',
          method: 'POST',
          url: path,
          status,
          note: `by ${way}; afterwards signed in as somebody else`,
        })),
      },
    ]
  if (forced.some(({ status }) => status === 429 || status === 503))
    return unknown('the target limits sign-ins of the kit; run it again later')
  if (forced.some(({ inBefore, inAfter }) => inBefore === 'no-answer' || inAfter === 'no-answer'))
    return unknown('the target did not tell whether the visitor was signed in (no answer, or a limit); run it again later')
  if (forced.some(({ inBefore }) => inBefore === true))
    return unknown('a visitor was signed in before anything was tried; check signIn.proof')
  if (forced.some(({ unclear }) => unclear === true))
    return unknown('Chromium got no answer in time from the other site; run it again when the machine is less busy')
  if (forced.every(({ status }) => status === 0)) return unknown('Chromium got no answer of the target to any request from the other site')
  return [
    {
      verdict: 'pass',
      locator,
      control: `the account signed in from the target's own page; ${forced.length} ways from another site in Chromium signed nobody in`,
    },
  ]
}

/** Another site must not sign its visitor in. Source: ASVS 5.0 V3.5.1, CWE-352. */
export const loginCsrf: Probe = defineProbe<LoginCsrfFacts>({
  id: 'CFG-013',
  name: 'login-csrf',
  family: 'cross-site',
  title: 'Another site signs its visitor in to an account of its choice',
  severity: 'medium',
  kind: 'active',
  cwe: 352,
  asvs: ['3.5.1'],
  needs: ['signIn', 'accounts.a', 'browser'],
  why: "Who is signed in to an attacker's account without knowing it leaves his documents, cards and searches there.",
  fix: 'Check Sec-Fetch-Site and Origin at the sign-in as well, although nobody has a session there yet.',
  pace: 'quiet',
  collect,
  judge,
})
