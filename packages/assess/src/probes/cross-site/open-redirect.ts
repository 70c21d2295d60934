import type { NoAnswer, ProbeAnswer, ProbeClient, ProbeRequest } from '../../client/types.js'
import { defineProbe, inconclusive, type Probe, type ProbeContext } from '../../probe.js'
import { hiddenFields } from '../../run/hidden-fields.js'
import { fillRequest } from '../../target/fill.js'
import type { Account, Target } from '../../target/target.js'
import type { ProbeVerdict } from '../../verdict.js'
import { isLimited, seenOf, type Seen, exchangeOf } from '../seen/seen.js'
import { accountOf, leave, ordinaryOf } from '../session/visitors.js'
import { type Destination, destinationOf, type Lead, leadsOf } from './redirect-leads.js'
import { inQuery, redirectSpellings, type Spelling } from './redirect-spellings.js'

/** Where one spelling led. */
export type RedirectTry = {
  readonly trick: string
  readonly value: string
  readonly leads: Spelling['leads']
  /** the answer that led there, or the last one */
  readonly seen: Seen
  readonly by?: Lead['by']
  readonly to?: string
  readonly destination: Destination
}

/** What was tried with one parameter. */
export type RedirectFacts = {
  readonly path: string
  readonly parameter: string
  readonly at: 'open' | 'signed in' | 'sign-in'
  /** a path of the target's own given as the parameter: was it followed? */
  readonly honest: { readonly target: string; readonly followed: boolean; readonly seen: Seen }
  readonly tries: readonly RedirectTry[]
}
/** Facts of {@link openRedirect}. */
export type OpenRedirectFacts = { readonly redirects: readonly RedirectFacts[] }

type Declared = NonNullable<Target['redirects']>[number]
type Answer = { readonly request: ProbeRequest; readonly answer: ProbeAnswer | NoAnswer }
/** Sends one value to the parameter and gives what was answered; the same visitor may follow what stays with the target. */
type Sender = (spelling: Pick<Spelling, 'value' | 'raw'>) => Promise<Answer & { readonly client: ProbeClient }>

const MOST_REDIRECTS = 6
/** A check that lets `/%2fhost` through often has a router behind it that redirects once more. */
const HOPS = 2

const withParameter = (path: string, parameter: string, spelling: Pick<Spelling, 'value' | 'raw'>): string =>
  `${path}${path.includes('?') ? '&' : '?'}${encodeURIComponent(parameter)}=${inQuery(spelling)}`

const keep = (client: ProbeClient, { request, answer }: Answer): Seen => seenOf(client.name, request, answer, 400)

/** The destination of the first answer on the way that leads anywhere else than home; follows at most {@link HOPS} redirects at home. */
const follow = async (
  context: ProbeContext,
  first: Answer,
  client: ProbeClient,
): Promise<Pick<RedirectTry, 'seen' | 'by' | 'to' | 'destination'>> => {
  const homes = [...new Set([context.publicOrigin, context.origin])]
  let step = first
  for (let hop = 0; ; hop++) {
    const seen = keep(client, step)
    if (step.answer.kind === 'none') return { seen, destination: 'nowhere' }
    const { leads, base } = leadsOf(step.answer)
    const page = new URL(step.request.path, context.publicOrigin).href
    const from = base !== undefined && URL.canParse(base, page) ? new URL(base, page).href : page
    const led = leads.map((lead) => ({ lead, destination: destinationOf(lead, from, homes) }))
    const worst = led.find(({ destination }) => ['away', 'near', 'script'].includes(destination)) ?? led[0]
    if (worst === undefined) return { seen, destination: 'nowhere' }
    const { lead, destination } = worst
    const result = { seen, by: lead.by, to: lead.to.slice(0, 300), destination }
    if (destination !== 'home' || lead.by !== 'Location' || hop >= HOPS) return result
    const next = new URL(lead.to, from)
    const request = { path: next.pathname + next.search }
    step = { request, answer: await client.send(request) }
  }
}

const tryAll = async (
  context: ProbeContext,
  declared: Declared,
  at: RedirectFacts['at'],
  send: Sender,
  only: (spelling: Spelling) => boolean = () => true,
): Promise<RedirectFacts> => {
  const { path, parameter } = declared
  const target = honestTarget(context, declared)
  const first = await send({ value: target })
  const seen = keep(first.client, first)
  const followed =
    first.answer.kind === 'answer' &&
    leadsOf(first.answer).leads.some(({ to }) => {
      const url = URL.canParse(to, context.publicOrigin) ? new URL(to, context.publicOrigin) : undefined
      return url !== undefined && [context.publicOrigin, context.origin].includes(url.origin) && url.pathname === target
    })
  const tries: RedirectTry[] = []
  // where nothing is followed, nothing can be said: spare the target
  if (followed)
    for (const spelling of redirectSpellings(context.publicOrigin).filter((one) => only(one))) {
      const { trick, value, leads } = spelling
      const sent = await send(spelling)
      tries.push({ trick, value, leads, ...(await follow(context, sent, sent.client)) })
    }
  return { path, parameter, at, honest: { target, followed, seen }, tries }
}

/** A path of the target's own that is not where it leads anyway. */
const honestTarget = (context: ProbeContext, { path }: Declared): string => {
  const { signIn, pages } = context.target
  const own = path.split('?', 1)[0]
  const chosen = [...(pages?.signedIn ?? []), signIn?.proof, ...(pages?.open ?? [])].find(
    (one) => one !== undefined && one !== '/' && one !== own,
  )
  return chosen?.split(/[?#]/, 1)[0] ?? '/parapet-probe'
}

const byGet =
  (declared: Declared, client: ProbeClient): Sender =>
  async (spelling) => {
    const request = { path: withParameter(declared.path, declared.parameter, spelling) }
    return { client, request, answer: await client.send(request) }
  }

/**
 * Follows the link that an attacker sends: opens the page of the sign-in with the parameter, and signs in as its form does. Each try
 * is a visitor of its own, who signs out again.
 */
const bySignIn = (context: ProbeContext, declared: Declared, account: Account): Sender => {
  const { signIn } = context.target
  if (signIn === undefined) throw inconclusive('how to sign in is not declared; add signIn to the target file')
  let keeps: boolean | undefined
  return async (spelling) => {
    const client = context.client({ name: 'who followed the link' })
    const link = withParameter(declared.path, declared.parameter, spelling)
    const page = await client.send({ path: link })
    const hidden = page.kind === 'answer' ? hiddenFields(page.text, declared.path, signIn.request.path) : {}
    const filled = fillRequest(signIn.request, { name: account.name, password: account.password }, hidden)
    // a page that keeps an honest target in its form decides what is sent; elsewhere it stays in the address, or a script sends it along
    keeps ??= page.kind === 'answer' && (declared.parameter in hidden || page.text.includes(`name="${declared.parameter}"`))
    const request: ProbeRequest = keeps
      ? filled
      : {
          ...filled,
          path: withParameter(filled.path, declared.parameter, spelling),
          ...(filled.json !== null && typeof filled.json === 'object'
            ? { json: { ...filled.json, [declared.parameter]: spelling.value } }
            : {}),
        }
    return { client, request, answer: await client.send(request) }
  }
}

const collectOne = async (context: ProbeContext, declared: Declared): Promise<readonly RedirectFacts[]> => {
  if (declared.at !== 'sign-in') {
    const facts = await tryAll(context, declared, 'open', byGet(declared, context.client({ name: 'nobody' })))
    if (facts.honest.followed || context.target.accounts?.a === undefined || context.target.signIn === undefined) return [facts]
    const who = ordinaryOf(context)
    return [await tryAll(context, declared, 'signed in', byGet(declared, await context.signedIn(who)))]
  }
  const account = context.take('spare') ?? accountOf(context, ordinaryOf(context))
  const send = bySignIn(context, declared, account)
  const spent: ProbeClient[] = []
  const careful: Sender = async (spelling) => {
    const last = spent.pop()
    if (last !== undefined) await leave(context, last)
    const sent = await send(spelling)
    spent.push(sent.client)
    return sent
  }
  const facts = await tryAll(context, declared, 'sign-in', careful, ({ telling }) => telling === true)
  // many send who is signed in already straight on: then every spelling can be tried without a sign-in of its own
  const inside = await tryAll(context, declared, 'signed in', byGet(declared, await context.signedIn(account)))
  for (const client of spent) await leave(context, client)
  return inside.honest.followed ? [facts, inside] : [facts]
}

const collect = async (context: ProbeContext): Promise<OpenRedirectFacts> => {
  const redirects: RedirectFacts[] = []
  for (const declared of (context.target.redirects ?? []).slice(0, MOST_REDIRECTS)) redirects.push(...(await collectOne(context, declared)))
  return { redirects }
}

const judgeOne = ({ path, parameter, at, honest, tries }: RedirectFacts): ProbeVerdict => {
  const locator = `${path} parameter ${parameter}${at === 'open' ? '' : at === 'sign-in' ? ' after the sign-in' : ' signed in'}`
  const bad = tries.filter(({ destination }) => destination === 'away' || destination === 'script' || destination === 'near')
  const away = bad.filter(({ destination }) => destination !== 'near')
  const shown = away.length > 0 ? away : bad
  if (shown.length > 0)
    return {
      verdict: 'fail',
      locator,
      severity: away.length > 0 ? 'medium' : 'low',
      says: `${path} sends a browser ${away.length > 0 ? 'to another site' : 'to another port, scheme or sub-domain of its host'} when ${parameter} is ${shown
        .slice(0, 3)
        .map(({ trick }) => trick)
        .join(', or ')}${shown.length > 3 ? `, or one of ${shown.length - 3} more` : ''}.`,
      evidence: shown.slice(0, 4).map(({ seen, value, by, to }) =>
        exchangeOf(seen, {
          headers: ['location', 'refresh'],
          note: `${parameter}=${JSON.stringify(value)} leads by ${by ?? 'nothing'} to ${JSON.stringify(to ?? '')}`,
        }),
      ),
    }
  const limited = [honest.seen, ...tries.map(({ seen }) => seen)].find((seen) => isLimited(seen))
  if (limited !== undefined)
    return {
      verdict: 'inconclusive',
      locator,
      reason: `the target answered ${limited.status}: it limits the kit; run it again later`,
      evidence: [exchangeOf(limited)],
    }
  const silent = [honest.seen, ...tries.map(({ seen }) => seen)].filter(({ status }) => status === 0)
  if (honest.seen.status === 0 || silent.length > tries.length / 10)
    return {
      verdict: 'error',
      locator,
      reason: `${silent.length} of ${tries.length + 1} requests got no answer (${silent[0]?.why ?? 'unknown'})`,
    }
  if (!honest.followed)
    return {
      verdict: 'inconclusive',
      locator,
      reason: `${honest.target}, a path of the target itself, was not followed either; check path, parameter and at of this redirect`,
      evidence: [exchangeOf(honest.seen, { headers: ['location'] })],
    }
  return {
    verdict: 'pass',
    locator,
    control: `${honest.target} was followed; ${tries.length} spellings of other sites led ${tries.every(({ destination }) => destination === 'home') ? 'home' : 'home or nowhere'}`,
    evidence: [exchangeOf(honest.seen, { headers: ['location'] })],
  }
}

/** A parameter must not lead a browser to another site. Source: ASVS 5.0 V3.7.2, CWE-601. */
export const openRedirect: Probe = defineProbe<OpenRedirectFacts>({
  id: 'RED-001',
  name: 'open-redirect',
  family: 'cross-site',
  title: 'A parameter leads a browser to another site',
  severity: 'medium',
  kind: 'active',
  cwe: 601,
  asvs: ['3.7.2'],
  needs: ['redirects'],
  why: 'A link that begins with your name and ends at an attacker’s page makes people type their password there.',
  fix: 'Parse the target with the same parser as browsers do, and follow it only when its origin is one of yours; a test by prefix is not enough.',
  pace: 'quiet',
  collect,
  judge: ({ redirects }) => redirects.map(judgeOne),
})
