import type { BrowserContext, Page, Response } from 'playwright-core'
import type { ProbeClient, ProbeRequest } from '../../client/types.js'
import type { ProbeContext } from '../../probe.js'
import { hiddenFields } from '../../run/hidden-fields.js'
import { fillRequest } from '../../target/fill.js'
import type { Target } from '../../target/target.js'
import type { ProbeVerdict } from '../../verdict.js'
import { accountOf } from '../session/visitors.js'
import { askFrom, askOut, browserOf, signedInProfile, visit } from './browser.js'
import type { Forgery } from './attack-pages.js'

/** What one request came to: the target's answer (0: none was seen) and whether its effect could be seen afterwards. */
export type Attempt = { readonly status: number; readonly acted: boolean }

/** What was tried with one declared write. */
export type ForgedWrite = {
  readonly method: string
  readonly path: string
  readonly shows: string
  /** the same request from the target's own page: before everything else, and after */
  readonly before: Attempt
  readonly after: Attempt
  /** `unclear`: neither an answer was seen in time, nor did the page say that it was over */
  readonly forgeries: readonly (Attempt & { readonly way: string; readonly unclear?: boolean })[]
  /** the request with the cookie and a foreign `Origin`, sent by the kit itself: what the server does when no browser holds the cookie back */
  readonly byHand: Attempt
}

/** Facts of the probes of forged writes. */
export type ForgedFacts = { readonly browser: string; readonly writes: readonly ForgedWrite[] }

type Write = NonNullable<Target['writes']>[number]

const PATIENCE_MS = 20_000
const POLL_MS = 40
/** After an answer was seen, for what the target does behind it. */
const SETTLE_MS = 60
const MOST_WRITES = 3

const nap = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** What a page of the other site brought about: the target's answer (0: none was seen), and whether its script says that it is over. */
export type Lured = { readonly status: number; readonly over: boolean }

/** Opens a page of the other site and waits until the target answered to it, or its script says that it is over. */
export const lure = async (page: Page, url: string, watched: string): Promise<Lured> => {
  const lured = { status: 0, over: false }
  const note = (response: Response): void => {
    if (lured.status === 0 && response.url().startsWith(watched)) lured.status = response.status()
  }
  page.on('response', note)
  try {
    await visit(page, url)
    const end = performance.now() + PATIENCE_MS
    while (lured.status === 0 && !lured.over && performance.now() < end) {
      await nap(POLL_MS)
      lured.over = (await page.title().catch(() => '')) === 'done'
    }
    await nap(SETTLE_MS)
    return lured
  } finally {
    page.off('response', note)
  }
}

const has = (text: string, nonce: string): boolean => text.includes(nonce)

const actAtHome = async (context: ProbeContext, home: Page, write: Write, shows: string, nonce: string): Promise<Attempt> => {
  await visit(home, context.origin + shows)
  const html = await home.content().catch(() => '')
  const request = fillRequest(write.request, { nonce }, hiddenFields(html, shows, write.request.path))
  const { status } = await askFrom(home, request)
  const { text } = await askFrom(home, { path: shows })
  return { status, acted: has(text, nonce) }
}

const FOREIGN = { origin: 'https://parapet-probe.example', 'sec-fetch-site': 'cross-site' } as const

const actByHand = async (client: ProbeClient, request: ProbeRequest, shows: string, nonce: string): Promise<Attempt> => {
  const { json, ...rest } = request
  const sent: ProbeRequest =
    json === undefined
      ? { ...rest, method: 'POST', headers: { ...FOREIGN, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' } }
      : {
          ...rest,
          method: 'POST',
          body: JSON.stringify(json),
          headers: { ...FOREIGN, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'empty', 'content-type': 'text/plain' },
        }
  const answer = await client.send(sent)
  const shown = await client.send({ path: shows })
  return { status: answer.kind === 'answer' ? answer.status : 0, acted: shown.kind === 'answer' && has(shown.text, nonce) }
}

const madeUp = (context: ProbeContext): string => `ppt${Buffer.from(context.random(9)).toString('hex')}`

/** Whether the kit can tell that a write was done: it says where it shows, and carries a marker. */
export const isVisible = (write: Write): write is Write & { readonly shows: string } =>
  write.shows !== undefined && JSON.stringify(write.request).includes('{{nonce}}')

type Deps = {
  readonly context: ProbeContext
  readonly profile: BrowserContext
  readonly home: Page
  readonly hand: ProbeClient
  readonly forge: (origin: string, make: (way: number) => ProbeRequest) => readonly Forgery[]
}

const tryWrite = async (
  { context, profile, home, hand, forge }: Deps,
  write: Write & { readonly shows: string },
  isFirst: boolean,
): Promise<ForgedWrite> => {
  const { shows } = write
  const nonces: string[] = []
  const forgeries = forge(context.origin, (way) => {
    const nonce = (nonces[way] = madeUp(context))
    return fillRequest(write.request, { nonce })
  })
  const site = await context.otherSite(Object.fromEntries(forgeries.map(({ html }, way) => [`/${way}`, html])))
  const before = await actAtHome(context, home, write, shows, madeUp(context))
  const lured = await profile.newPage()
  const results: { way: string; status: number; acted: boolean; unclear?: boolean }[] = []
  const { path, method = 'POST' } = fillRequest(write.request, {})
  for (const [way, forgery] of forgeries.entries()) {
    // what reads bodies is mostly the same for all routes: the rare ways are tried with one
    if (!isFirst && forgery.telling !== true) continue
    const { status, over } = await lure(lured, `${site.origin}/${way}`, `${context.origin}${path.split('?', 1)[0] ?? ''}`)
    const { text } = await askFrom(home, { path: shows })
    results.push({ way: forgery.way, status, acted: has(text, nonces[way] ?? '\n'), ...(status === 0 && !over ? { unclear: true } : {}) })
  }
  // what the target did only a little later
  const late = await askFrom(home, { path: shows })
  for (const [way, { way: name }] of forgeries.entries()) {
    const one = results.find((result) => result.way === name)
    if (one !== undefined) one.acted ||= has(late.text, nonces[way] ?? '\n')
  }
  await lured.close()
  const nonce = madeUp(context)
  const byHand = await actByHand(hand, fillRequest(write.request, { nonce }), shows, nonce)
  return { method, path, shows, before, forgeries: results, byHand, after: await actAtHome(context, home, write, shows, madeUp(context)) }
}

/** Signs account `a` in with the browser and has another site forge each write that `wants` picks, in every way that `forge` knows. */
export const collectForged = async (
  context: ProbeContext,
  wants: (write: Write) => boolean,
  forge: Deps['forge'],
): Promise<ForgedFacts> => {
  const writes = (context.target.writes ?? [])
    .filter((write) => wants(write))
    .filter(isVisible)
    .slice(0, MOST_WRITES)
  if (writes.length === 0) return { browser: '', writes: [] }
  const browser = await browserOf(context)
  const { profile, home } = await signedInProfile(context, browser, accountOf(context, 'a'))
  try {
    const hand = await context.signedIn('a', { name: 'a, from another site' })
    const done: ForgedWrite[] = []
    for (const write of writes) done.push(await tryWrite({ context, profile, home, hand, forge }, write, done.length === 0))
    await askOut(context, home)
    return { browser: browser.version(), writes: done }
  } finally {
    await profile.close().catch(() => undefined)
  }
}

const isLimit = (status: number): boolean => status === 429 || status === 503

const judgeWrite = (write: ForgedWrite): ProbeVerdict => {
  const { method, path, shows, before, after, forgeries, byHand } = write
  const locator = `${method} ${path}`
  const acted = forgeries.filter((one) => one.acted)
  const exchange = (as: string, one: Attempt, note: string): { as: string; method: string; url: string; status: number; note: string } => ({
    as,
    method: 'POST',
    url: path,
    status: one.status,
    note,
  })
  if (acted.length > 0)
    return {
      verdict: 'fail',
      locator,
      says: `A page of another site did ${locator} in the name of its signed-in visitor, by ${acted
        .slice(0, 3)
        .map(({ way }) => way)
        .join(', ')}${acted.length > 3 ? ` and ${acted.length - 3} more` : ''}.`,
      evidence: acted
        .slice(0, 4)
        .map((one) => exchange('a, on a page of another site', one, `by ${one.way}; afterwards ${shows} held its marker`)),
    }
  const inconclusive = (reason: string): ProbeVerdict => ({
    verdict: 'inconclusive',
    locator,
    reason,
    evidence: [exchange('a, at home', before, 'from the own page')],
  })
  if ([before, after, byHand, ...forgeries].some(({ status }) => isLimit(status)))
    return inconclusive('the target limits the kit, so a request that did nothing may have been one too many; run it again later')
  if (!before.acted || !after.acted)
    return inconclusive(
      `the same request from the target's own page ${before.acted ? 'acted before and did not act afterwards' : 'did not act either'} (status ${before.acted ? after.status : before.status}): check the write's request, its {{nonce}} and its shows`,
    )
  if (byHand.acted)
    return {
      verdict: 'fail',
      locator,
      severity: 'low',
      says: `${locator} takes requests of other origins; nothing but the cookie's SameSite keeps Chromium from forging them, and a page of a sibling domain is not kept off.`,
      evidence: [exchange('a, with Origin: https://parapet-probe.example', byHand, `afterwards ${shows} held its marker`)],
    }
  const unclear = forgeries.filter((one) => one.unclear === true)
  if (unclear.length > 0)
    return inconclusive(
      `Chromium got no answer in time by ${unclear.map(({ way }) => way).join(', ')}; run it again when the machine is less busy`,
    )
  if (forgeries.every(({ status }) => status === 0))
    return inconclusive('Chromium got no answer of the target to any request from the other site')
  return {
    verdict: 'pass',
    locator,
    control: `from the target's own page it acted, before and afterwards; ${forgeries.length} ways from another site in Chromium did not`,
    evidence: [
      exchange('a, at home', before, 'acted'),
      ...forgeries.slice(0, 2).map((one) => exchange('a, on a page of another site', one, one.way)),
    ],
  }
}

/** Judges forged writes; `what` says which kind was looked for when there is none. */
export const judgeForged = ({ writes }: ForgedFacts, what: 'form' | 'json'): readonly ProbeVerdict[] =>
  writes.length === 0
    ? [
        {
          verdict: 'skipped',
          locator: `writes with ${what}`,
          reason: `no write with ${what}, {{nonce}} and shows is declared; add one to writes, so that its effect can be seen`,
        },
      ]
    : writes.map(judgeWrite)
