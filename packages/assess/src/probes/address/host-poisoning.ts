import { defineProbe, type Probe, type ProbeContext } from '../../probe.js'
import { fillRequest } from '../../target/fill.js'
import type { ProbeRequest } from '../../client/types.js'
import { parseSetCookie } from '../../client/jar.js'
import type { ProbeVerdict } from '../../verdict.js'
import { readTags } from '../seen/page.js'
import { exchangeOf, isLimited, see, type Seen } from '../seen/seen.js'
import { nobodysName, wrongPassword } from '../sign-in/attempts.js'

/** A place of an answer that leads somewhere. */
type Lead = { readonly where: string; readonly value: string }

type Facts = {
  readonly host: string
  readonly pages: readonly {
    readonly path: string
    readonly plain: Seen
    readonly leads: number
    readonly tries: readonly { readonly name: string; readonly seen: Seen; readonly found: readonly Lead[] }[]
  }[]
}

const MOST_PAGES = 8
const MOST_LEADS = 5
const ATTRIBUTES = ['href', 'src', 'action', 'formaction', 'content', 'data', 'poster', 'srcset', 'cite', 'ping'] as const

/** How another host is claimed; the port is given too where proxies write one. */
const claims = (host: string): readonly { readonly name: string; readonly headers: NonNullable<ProbeRequest['headers']> }[] => [
  { name: 'Host', headers: { host } },
  { name: 'X-Forwarded-Host', headers: { 'x-forwarded-host': host } },
  { name: 'Forwarded', headers: { forwarded: `for=240.1.2.3;host=${host};proto=https` } },
  { name: 'X-Host', headers: { 'x-host': host } },
  { name: 'X-Forwarded-Server', headers: { 'x-forwarded-server': host } },
  { name: 'X-Original-Host', headers: { 'x-original-host': host } },
  { name: 'X-HTTP-Host-Override', headers: { 'x-http-host-override': host } },
  { name: 'X-Rewrite-URL', headers: { 'x-original-url': `https://${host}/`, 'x-rewrite-url': `https://${host}/` } },
]

/** What stands behind the last separator. */
const lastPart = (text: string): string => {
  let from = text.length
  while (from > 0 && !' \t<=,;\'"'.includes(text[from - 1] ?? '')) from--
  return text.slice(from)
}

/**
 * Does this text lead to the host: `https://host/...`, `//host`, with a port, a name or a subdomain before it? `list`: the address may stand
 * behind other text (`0; url=...`, `<...>; rel=...`, `srcset`); in a link by itself it has to begin it, or it is a parameter of another one.
 */
export const leadsTo = (value: string, host: string, list = false): boolean => {
  const text = value.slice(0, 4_000).trim().toLowerCase().replaceAll('\\', '/')
  for (let at = text.indexOf(host); at >= 0; at = text.indexOf(host, at + 1)) {
    const slashes = text.lastIndexOf('//', at)
    if (slashes < 0) continue
    const [before, between] = [text.slice(0, slashes), text.slice(slashes + 2, at)]
    const isUser = between === '' || (/^[^/?#]*$/.test(between) && /[@.]$/.test(between))
    const begins = /^(?:[a-z][a-z\d+.-]{0,20}:)?$/.test(list ? lastPart(before) : before)
    if (isUser && begins) return true
  }
  return false
}

/** Where an answer leads to this host: redirect, link header, markup, cookies. A page that only says the name leads nowhere. */
export const leadsOf = (seen: Pick<Seen, 'headers' | 'cookies' | 'text'>, host: string): readonly Lead[] => {
  const found: Lead[] = []
  const add = (where: string, value: string | undefined, list: boolean): void => {
    if (value !== undefined && found.length < MOST_LEADS && leadsTo(value, host, list)) found.push({ where, value: value.slice(0, 200) })
  }
  for (const name of ['location', 'content-location', 'refresh', 'link'])
    add(`header ${name}`, seen.headers[name], name === 'refresh' || name === 'link')
  for (const line of seen.cookies) {
    const cookie = parseSetCookie(line)
    const domain = cookie?.attributes.get('domain')?.toLowerCase().replace(/^\./, '')
    if (domain !== undefined && (domain === host || host.endsWith(`.${domain}`)))
      found.push({ where: `domain of cookie ${cookie?.name.slice(0, 50)}`, value: domain })
  }
  for (const { name, attributes } of readTags(seen.text).tags) {
    for (const attribute of ATTRIBUTES)
      add(`${attribute} of <${name}>`, attributes[attribute], attribute === 'content' || attribute === 'srcset' || attribute === 'ping')
  }
  return found.slice(0, MOST_LEADS)
}

const isAnswered = ({ status }: Seen): boolean => status >= 200 && status < 500 && status !== 429

/** Places where the plain answer leads anywhere at all: what a foreign host could have been put into. */
const countLeads = (seen: Seen): number => {
  const markup = readTags(seen.text).tags.filter(({ attributes }) => ATTRIBUTES.some((name) => attributes[name] !== undefined)).length
  return markup + (seen.headers['location'] === undefined ? 0 : 1)
}

const requestsOf = (context: ProbeContext): readonly ProbeRequest[] => {
  const { target } = context
  const paths = ['/', target.signIn?.page, target.signIn?.proof, ...(target.pages?.open ?? [])].filter((path) => path !== undefined)
  const requests: ProbeRequest[] = [...new Set(paths)].slice(0, MOST_PAGES).map((path) => ({ path }))
  // pages that write links for mails say sometimes where these will lead; for a name that nobody has, so that no mail goes out
  const nobody = { name: nobodysName(context, 'somebody@assess.example'), password: wrongPassword(context) }
  if (target.signIn !== undefined) requests.push(fillRequest(target.signIn.request, nobody))
  if (target.reset !== undefined) requests.push(fillRequest(target.reset.request, nobody))
  return requests
}

/** Names a foreign host in each way that a proxy would: it must not come back in anything that leads somewhere. */
export const hostPoisoning: Probe = defineProbe<Facts>({
  id: 'CFG-020',
  name: 'host-poisoning',
  family: 'address',
  title: 'A visitor chooses the host that links lead to',
  severity: 'medium',
  kind: 'active',
  cwe: 346,
  asvs: ['4.1.3', '15.3.4'],
  needs: [],
  why: 'A link in a mail that is built from the request’s host leads to the attacker who asked for it; a cache hands such a page to everybody.',
  fix: 'Build absolute links from a configured origin, never from Host or X-Forwarded-Host; answer hosts that are not yours with 421, in the proxy or the application.',
  pace: 'quiet',
  collect: async (context) => {
    const host = `h${Buffer.from(context.random(6)).toString('hex')}.assess.example`
    const pages: { path: string; plain: Seen; leads: number; tries: { name: string; seen: Seen; found: readonly Lead[] }[] }[] = []
    for (const request of requestsOf(context)) {
      const plain = await see(context.client({ name: 'a visitor' }), request)
      const tries = await Promise.all(
        claims(host).map(async ({ name, headers }) => {
          const seen = await see(context.client({ name: `a visitor with a forged ${name}` }), { ...request, headers })
          return { name, found: leadsOf(seen, host), seen: { ...seen, text: seen.text.slice(0, 300) } }
        }),
      )
      pages.push({
        path: `${plain.method} ${plain.url}`,
        leads: countLeads(plain),
        tries,
        plain: { ...plain, text: plain.text.slice(0, 300) },
      })
    }
    return { host, pages }
  },
  judge: ({ pages, host }) => {
    const found = pages.flatMap(({ path, plain, tries }) =>
      tries.flatMap(({ name, seen, found: leads }): readonly ProbeVerdict[] => {
        const first = leads[0]
        if (first === undefined) return []
        const says = `${path} takes the host of its ${first.where} from ${name}: it led to ${host}`
        return [
          {
            verdict: 'fail',
            locator: `${path} ${name}`,
            says,
            evidence: [
              exchangeOf(plain, { headers: ['location'] }),
              exchangeOf(seen, { headers: ['location'], note: `${first.where}: ${first.value}` }),
            ],
          },
        ]
      }),
    )
    if (found.length > 0) return found
    const usable = pages.filter(({ plain }) => isAnswered(plain))
    if (usable.length === 0) {
      const silent = pages.every(({ plain }) => plain.status === 0)
      const reason = silent ? 'no page answered' : 'no page answered 2xx, 3xx or 4xx; declare pages.open'
      return [{ verdict: silent ? 'error' : 'inconclusive', locator: 'host', reason }]
    }
    const lost = usable.flatMap(({ tries }) => tries).filter(({ seen }) => isLimited(seen) || seen.status >= 500)
    if (lost.length > 0) {
      const reason = `${lost.length} requests with another host were limited or failed (${lost[0]?.seen.status}), so that it is not known what they would have said`
      return [{ verdict: 'inconclusive', locator: 'host', reason, evidence: lost.slice(0, 2).map(({ seen }) => exchangeOf(seen)) }]
    }
    const leads = usable.reduce((sum, page) => sum + page.leads, 0)
    if (leads === 0)
      return [
        { verdict: 'inconclusive', locator: 'host', reason: 'no page leads anywhere (no link, no form, no redirect); declare pages.open' },
      ]
    const tries = usable.reduce((sum, page) => sum + page.tries.length, 0)
    // a connection that is closed on a foreign host is a refusal too
    return [
      {
        verdict: 'pass',
        locator: 'host',
        control: `${usable.length} requests were answered, with ${leads} links, forms and redirects in all; of ${tries} with a foreign host none led there`,
        evidence: usable.slice(0, 1).map(({ plain }) => exchangeOf(plain)),
      },
    ]
  },
})
