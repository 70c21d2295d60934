import type { ProbeClient } from '../../client/types.js'
import { defineProbe, type Probe, type ProbeContext } from '../../probe.js'
import { hiddenFields } from '../../run/hidden-fields.js'
import { fillRequest } from '../../target/fill.js'
import type { Target } from '../../target/target.js'
import type { ProbeVerdict } from '../../verdict.js'
import { exchangeOf, isLimited, see, type Seen, unusable } from '../seen/seen.js'
import { askProof, ordinaryOf, standingOf } from '../session/visitors.js'
import { isVisible } from './forgeries.js'

/** One GET that should do nothing. */
export type IdleGet = { readonly way: string; readonly seen: Seen; readonly acted: boolean }
/** What was tried with one write. */
export type WriteByGet = {
  readonly locator: string
  readonly shows: string
  /** the write as declared, last of all: shows that its effect can be seen */
  readonly declared: Seen
  readonly acted: boolean
  readonly gets: readonly IdleGet[]
}
/** What was tried with the sign-out: who was signed in before, after a GET of another site, and after the declared sign-out. */
export type SignOutByGet = {
  readonly before: Seen
  readonly get: Seen
  readonly between: Seen
  readonly declared: Seen
  readonly after: Seen
}
/** Facts of {@link stateByGet}. */
export type StateByGetFacts = { readonly writes: readonly WriteByGet[]; readonly signOut?: SignOutByGet }

type Write = NonNullable<Target['writes']>[number]

/** What a browser says when a link on another site is followed; the cookie goes along unless it is SameSite=Strict. */
const LINKED = {
  'sec-fetch-site': 'cross-site',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  referer: 'https://parapet-probe.example/',
} as const
const MOST_WRITES = 4
const KEEP = 300

const madeUp = (context: ProbeContext): string => `ppt${Buffer.from(context.random(9)).toString('hex')}`

const fieldsOf = (form: Readonly<Record<string, string>> | undefined, json: unknown): Readonly<Record<string, string>> =>
  form ??
  (typeof json === 'object' && json !== null && !Array.isArray(json)
    ? Object.fromEntries(Object.entries(json).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]))
    : {})

const withQuery = (path: string, fields: Readonly<Record<string, string>>): string => {
  const query = new URLSearchParams(fields).toString()
  return query === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${query}`
}

const isShown = async (client: ProbeClient, shows: string, nonce: string): Promise<boolean> => {
  const answer = await client.send({ path: shows })
  return answer.kind === 'answer' && answer.text.includes(nonce)
}

const tryWrite = async (context: ProbeContext, client: ProbeClient, write: Write & { readonly shows: string }): Promise<WriteByGet> => {
  const { shows } = write
  const method = fillRequest(write.request, {}).method ?? 'POST'
  const ways: readonly { readonly way: string; readonly more: Readonly<Record<string, string>> }[] = [
    { way: 'its fields in the query', more: {} },
    { way: 'its fields and _method in the query', more: { _method: method } },
  ]
  const gets: IdleGet[] = []
  for (const { way, more } of ways) {
    const nonce = madeUp(context)
    const { path, form, json } = fillRequest(write.request, { nonce })
    const seen = await see(client, { path: withQuery(path, { ...fieldsOf(form, json), ...more }), headers: LINKED }, KEEP)
    gets.push({ way, seen, acted: await isShown(client, shows, nonce) })
  }
  const nonce = madeUp(context)
  const page = await client.send({ path: shows })
  const hidden = page.kind === 'answer' ? hiddenFields(page.text, shows, write.request.path) : {}
  const declared = await see(client, fillRequest(write.request, { nonce }, hidden), KEEP)
  return { locator: `GET ${fillRequest(write.request, {}).path}`, shows, declared, acted: await isShown(client, shows, nonce), gets }
}

const trySignOut = async (
  context: ProbeContext,
  template: NonNullable<NonNullable<Target['signIn']>['signOut']>,
): Promise<SignOutByGet> => {
  const client = await context.signedIn(ordinaryOf(context))
  const before = await askProof(context, client)
  const request = fillRequest(template, {})
  const get = await see(client, { path: withQuery(request.path, request.form ?? {}), method: 'GET', headers: LINKED }, KEEP)
  const between = await askProof(context, client)
  const proof = context.target.signIn?.proof ?? '/'
  const page = await client.send({ path: proof })
  const hidden = page.kind === 'answer' ? hiddenFields(page.text, proof, template.path) : {}
  const form = template.json === undefined && Object.keys(hidden).length > 0 ? { form: {}, ...template } : template
  const declared = await see(client, fillRequest(form, {}, hidden), KEEP)
  return { before, get, between, declared, after: await askProof(context, client) }
}

const collect = async (context: ProbeContext): Promise<StateByGetFacts> => {
  const visible = (context.target.writes ?? []).filter(isVisible).slice(0, MOST_WRITES)
  const writes: WriteByGet[] = []
  if (visible.length > 0) {
    const client = await context.signedIn('a')
    for (const write of visible) writes.push(await tryWrite(context, client, write))
  }
  const template = context.target.signIn?.signOut
  return { writes, ...(template === undefined ? {} : { signOut: await trySignOut(context, template) }) }
}

const judgeWrite = ({ locator, shows, declared, acted, gets }: WriteByGet): ProbeVerdict => {
  const done = gets.filter((one) => one.acted)
  if (done.length > 0)
    return {
      verdict: 'fail',
      locator,
      says: `${locator} changes something, with ${done.map(({ way }) => way).join(' and with ')}: a link on any page does it for who follows it.`,
      evidence: done.map(({ seen }) => exchangeOf(seen, { note: `afterwards ${shows} held its marker` })),
    }
  const silent = [...gets.map(({ seen }) => seen), declared].map((seen) => unusable(locator, seen)).find((one) => one !== undefined)
  if (silent !== undefined) return silent
  if (!acted)
    return {
      verdict: 'inconclusive',
      locator,
      reason: `the declared request did not act either (${declared.status}), or ${shows} does not show it; check the write's request, its {{nonce}} and its shows`,
      evidence: [exchangeOf(declared)],
    }
  return {
    verdict: 'pass',
    locator,
    control: `the declared request acted, the same fields by GET did not`,
    evidence: [...gets.map(({ seen }) => exchangeOf(seen)), exchangeOf(declared)],
  }
}

const judgeSignOut = ({ before, get, between, declared, after }: SignOutByGet): ProbeVerdict => {
  const locator = `GET ${get.url.split('?', 1)[0] ?? get.url}`
  const seen = [before, get, between, declared, after]
  const evidence = [
    exchangeOf(get, { note: 'as a link of another site' }),
    exchangeOf(between, { note: 'is the visitor still signed in?' }),
  ]
  if (standingOf(before) !== 'in')
    return (
      unusable(locator, before) ?? {
        verdict: 'inconclusive',
        locator,
        reason: 'who had just signed in was not signed in',
        evidence: [exchangeOf(before)],
      }
    )
  if (standingOf(between) === 'out' && !isLimited(get))
    return {
      verdict: 'fail',
      locator,
      severity: 'low',
      says: `${locator} signs out: an image on any page throws its visitor out.`,
      evidence,
    }
  const silent = seen.map((one) => unusable(locator, one)).find((one) => one !== undefined)
  if (silent !== undefined) return silent
  if (standingOf(between) !== 'in' || standingOf(after) !== 'out')
    return {
      verdict: 'inconclusive',
      locator,
      reason: `the declared sign-out did not sign out either (${declared.status}); check signIn.signOut`,
      evidence,
    }
  return { verdict: 'pass', locator, control: 'the declared sign-out signed out, the same address by GET did not', evidence }
}

const judge = ({ writes, signOut }: StateByGetFacts): readonly ProbeVerdict[] => {
  const verdicts = [...writes.map(judgeWrite), ...(signOut === undefined ? [] : [judgeSignOut(signOut)])]
  return writes.length > 0
    ? verdicts
    : [
        ...verdicts,
        {
          verdict: 'skipped',
          locator: 'writes',
          reason: 'no write with {{nonce}} and shows is declared; add one to writes, so that its effect can be seen',
        },
      ]
}

/** What changes something does not do so by GET. Sources: RFC 9110, section 9.2.1; ASVS 5.0 V3.5.3, CWE-650. */
export const stateByGet: Probe = defineProbe<StateByGetFacts>({
  id: 'CFG-028',
  name: 'state-by-get',
  family: 'cross-site',
  title: 'A GET changes something',
  severity: 'high',
  kind: 'active',
  cwe: 650,
  asvs: ['3.5.3'],
  needs: ['signIn', 'accounts.a', 'writes'],
  why: 'Cookies with SameSite=Lax go along with links, so a GET that acts is forged by one; mail scanners and browsers that read ahead set it off as well.',
  fix: 'Act on POST, PUT, PATCH and DELETE only, let no parameter override the method, and answer 405 to GET.',
  pace: 'quiet',
  collect,
  judge,
})
