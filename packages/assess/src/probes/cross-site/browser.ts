import type { Browser, BrowserContext, Page } from 'playwright-core'
import { inconclusive, type ProbeContext } from '../../probe.js'
import { hiddenFields } from '../../run/hidden-fields.js'
import { fillRequest } from '../../target/fill.js'
import type { ProbeRequest } from '../../client/types.js'
import type { Account } from '../../target/target.js'

/** What a browser got of one request of its own. `status` 0: no answer. */
export type BrowserAnswer = { readonly status: number; readonly text: string }

const PATIENCE_MS = 25_000
const KEEP = 262_144

/** The run's browser; rejects with `Inconclusive` when it went away since the needs were looked at. */
export const browserOf = async (context: ProbeContext): Promise<Browser> => {
  const browser = await context.browser()
  if (browser === undefined) throw inconclusive('no Chromium answers on this machine; install it and playwright-core')
  return browser
}

/**
 * A browser profile of somebody. Certificates are not judged here, and policies of the target do not hinder the kit's own scripts in its
 * pages: they say nothing of requests from other sites.
 */
export const openProfile = async (browser: Browser, options: { readonly bypassCSP?: boolean } = {}): Promise<BrowserContext> => {
  const profile = await browser.newContext({ ignoreHTTPSErrors: true, bypassCSP: options.bypassCSP ?? true, acceptDownloads: false })
  profile.setDefaultTimeout(PATIENCE_MS)
  return profile
}

/** Opens an address; the status, or 0 when the browser did not get there. */
export const visit = async (page: Page, url: string): Promise<number> => {
  try {
    return (await page.goto(url, { waitUntil: 'domcontentloaded' }))?.status() ?? 0
  } catch {
    return 0
  }
}

/**
 * One request of a page to its own origin, as its own script would send it. Redirects are followed, or with `manual` answered as 302: more
 * a script is not told. Never rejects.
 */
export const askFrom = async (page: Page, request: ProbeRequest, redirect: 'follow' | 'manual' = 'follow'): Promise<BrowserAnswer> => {
  const json = request.json === undefined ? undefined : JSON.stringify(request.json)
  const form = request.form === undefined ? undefined : new URLSearchParams(request.form).toString()
  try {
    return await page.evaluate(
      async ({ path, method, body, type, redirect: mode, keep }) => {
        // a copy in the browser's cache would hide what was changed; the types of Node know no `cache`
        const init = { method, credentials: 'same-origin', cache: 'no-store', redirect: mode } as const
        const answer = await fetch(path, body === undefined ? init : { ...init, body, headers: { 'content-type': type } })
        if (answer.type === 'opaqueredirect') return { status: 302, text: '' }
        return { status: answer.status, text: (await answer.text()).slice(0, keep) }
      },
      {
        path: request.path,
        method: request.method ?? (json === undefined && form === undefined ? 'GET' : 'POST'),
        body: json ?? form,
        type: json === undefined ? 'application/x-www-form-urlencoded' : 'application/json',
        redirect,
        keep: KEEP,
      },
    )
  } catch {
    return { status: 0, text: '' }
  }
}

/** How signing in with the browser went. */
export type BrowserEntry = 'in' | 'refused' | 'limited' | 'no-answer'

/** Signs somebody in as his browser would: from the page of the sign-in, its hidden fields sent along. `page` stays there. */
export const signInFrom = async (context: ProbeContext, page: Page, account: Account): Promise<BrowserEntry> => {
  const { signIn } = context.target
  if (signIn === undefined) throw inconclusive('how to sign in is not declared; add signIn to the target file')
  const start = signIn.page ?? '/'
  if ((await visit(page, context.origin + start)) === 0) return 'no-answer'
  const hidden = hiddenFields(await page.content().catch(() => ''), start, signIn.request.path)
  const answer = await askFrom(page, fillRequest(signIn.request, { name: account.name, password: account.password }, hidden))
  if (answer.status === 0) return 'no-answer'
  if (answer.status === 429 || answer.status === 503) return 'limited'
  const inside = await isIn(context, page)
  return inside === 'no-answer' ? 'no-answer' : inside ? 'in' : 'refused'
}

/** Is whoever sits at this page of the target signed in? `no-answer`: a limit or silence stands in the way. */
export const isIn = async (context: ProbeContext, page: Page): Promise<boolean | 'no-answer'> => {
  const { status } = await askFrom(page, { path: context.target.signIn?.proof ?? '/' }, 'manual')
  if (status === 0 || status === 429 || status >= 500) return 'no-answer'
  return status >= 200 && status < 300
}

/** A profile in which this account is signed in, and a page of the target in it. Rejects with `Inconclusive`. */
export const signedInProfile = async (
  context: ProbeContext,
  browser: Browser,
  account: Account,
): Promise<{ readonly profile: BrowserContext; readonly home: Page }> => {
  const profile = await openProfile(browser)
  const home = await profile.newPage()
  const end = await signInFrom(context, home, account)
  if (end === 'in') return { profile, home }
  await profile.close()
  throw inconclusive(
    `account a could not be signed in with Chromium at ${context.origin} (${end}); attack the address that browsers use, over HTTPS where cookies are Secure`,
  )
}

/** Signs out who is signed in at this page, where the target says how; what is answered does not matter. */
export const askOut = async (context: ProbeContext, page: Page): Promise<void> => {
  const template = context.target.signIn?.signOut
  if (template === undefined) return
  const html = await page.content().catch(() => '')
  await askFrom(page, fillRequest(template, {}, hiddenFields(html, new URL(page.url()).pathname, template.path)))
}
