import type { ProbeClient } from '../../client/types.js'
import type { ProbeContext } from '../../probe.js'
import { exchangeOf, see, type Seen, unusable } from '../seen/seen.js'
import type { ProbeVerdict, Severity } from '../../verdict.js'

/** An origin that the target should not trust, and why somebody could stand there. */
export type ForeignOrigin = { readonly origin: string; readonly who: string; readonly severity: Severity }

/**
 * Origins that are not the target's: a stranger's, and those that checks by prefix, by ending, without the scheme or without the port take
 * for its own. Source: CWE-942.
 */
export const foreignOrigins = (publicOrigin: string): readonly ForeignOrigin[] => {
  const { protocol, hostname, host, port } = new URL(publicOrigin)
  const isName = /[a-z]/i.test(hostname) && !hostname.startsWith('[')
  const dotted = hostname.includes('.') && isName
  const other = port === '4443' ? '4444' : '4443'
  return [
    { origin: 'https://parapet-probe.example', who: 'any site', severity: 'high' },
    { origin: 'http://parapet-probe.example', who: 'any site over plain HTTP', severity: 'high' },
    { origin: `${protocol}//${host}.parapet-probe.example`, who: 'a site whose name begins with the target’s', severity: 'high' },
    ...(isName
      ? ([
          {
            origin: `${protocol}//${hostname}.parapet-probe.example`,
            who: 'a site whose name begins with the target’s host',
            severity: 'high',
          },
          { origin: `${protocol}//parapet-probe${host}`, who: 'a site whose name ends with the target’s', severity: 'high' },
          { origin: `${protocol}//parapet-probe.${host}`, who: 'any sub-domain of the target', severity: 'low' },
        ] as const)
      : []),
    ...(dotted
      ? ([{ origin: `${protocol}//${host.replace('.', 'x')}`, who: 'a site with another letter for the dot', severity: 'high' }] as const)
      : []),
    { origin: `${protocol === 'https:' ? 'http' : 'https'}://${host}`, who: 'the same host over the other scheme', severity: 'medium' },
    { origin: `${protocol}//${hostname}:${other}`, who: 'another port of the same host', severity: 'medium' },
  ]
}

/** One address asked with one `Origin`, and asked whether it may be asked. */
export type CorsTry = {
  readonly origin: string
  readonly who: string
  readonly severity: Severity
  readonly simple: Seen
  /** the question before a request with JSON; only for few origins, to spare the target */
  readonly preflight?: Seen
}
/** Facts of the CORS probes. */
export type CorsFacts = { readonly pages: readonly { readonly path: string; readonly plain: Seen; readonly tries: readonly CorsTry[] }[] }

const MOST_PATHS = 4
const PREFLIGHTS = 2

const ask = async (client: ProbeClient, path: string, origins: readonly ForeignOrigin[]): Promise<CorsFacts['pages'][number]> => {
  const plain = await see(client, { path }, 0)
  const tries: CorsTry[] = []
  for (const [at, { origin, who, severity }] of origins.entries()) {
    const headers = { origin, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: '*/*' }
    const simple = await see(client, { path, headers }, 0)
    const asks = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' }
    const preflight =
      at < PREFLIGHTS ? await see(client, { method: 'OPTIONS', path, headers: { ...headers, ...asks }, cookies: false }, 0) : undefined
    tries.push({ origin, who, severity, simple, ...(preflight === undefined ? {} : { preflight }) })
  }
  return { path, plain, tries }
}

/** Asks what only the signed-in may read with each of these origins. */
export const collectCors = async (context: ProbeContext, origins: readonly ForeignOrigin[]): Promise<CorsFacts> => {
  const { signIn, pages, writes } = context.target
  const apis = (writes ?? []).filter(({ request }) => request.json !== undefined).map(({ shows }) => shows)
  const paths = [signIn?.proof, ...apis, ...(pages?.signedIn ?? [])].filter((path) => path !== undefined)
  if (paths.length === 0) return { pages: [] }
  const found: CorsFacts['pages'][number][] = []
  const client = await context.signedIn('a')
  for (const path of [...new Set(paths)].slice(0, MOST_PATHS)) found.push(await ask(client, path, origins))
  return { pages: found }
}

/** What an answer grants to an origin: everything with the visitor's cookies, only what anybody may read, or nothing. */
export const grantOf = (seen: Seen, origin: string): 'with cookies' | 'without cookies' | 'nothing' => {
  const allowed = (seen.headers['access-control-allow-origin'] ?? '').trim()
  if (allowed !== origin) return 'nothing'
  // browsers compare this value with case
  return (seen.headers['access-control-allow-credentials'] ?? '').trim() === 'true' ? 'with cookies' : 'without cookies'
}

const SHOWN = {
  headers: ['access-control-allow-origin', 'access-control-allow-credentials', 'access-control-allow-methods', 'vary'],
} as const

const judgePage = ({ path, plain, tries }: CorsFacts['pages'][number]): ProbeVerdict => {
  const locator = `GET ${path}`
  const granted = tries.flatMap(({ origin, who, severity, simple, preflight }) =>
    [simple, ...(preflight === undefined ? [] : [preflight])].map((seen) => ({
      origin,
      who,
      severity,
      seen,
      grant: grantOf(seen, origin),
    })),
  )
  const open = granted.filter(({ grant }) => grant === 'with cookies')
  const readable = granted.filter(({ grant }) => grant === 'without cookies')
  const shown = (all: typeof granted): ProbeVerdict & { verdict: 'fail' } => {
    const order: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info']
    const [worst] = all.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
    const whom = [...new Set(all.map(({ who, origin }) => `${who} (${origin})`))]
    return {
      verdict: 'fail',
      locator,
      severity: all === readable ? 'low' : (worst?.severity ?? 'high'),
      says:
        all === readable
          ? `${path} lets ${whom[0] ?? ''} read its answers to requests without cookies; nothing of it is meant for other sites.`
          : `${path} lets ${whom.slice(0, 3).join(', ')}${whom.length > 3 ? ` and ${whom.length - 3} more` : ''} read what its signed-in visitor sees.`,
      evidence: all.slice(0, 3).map(({ seen, origin }) => exchangeOf(seen, { ...SHOWN, note: `with Origin: ${origin}` })),
    }
  }
  if (open.length > 0) return shown(open)
  if (readable.length > 0) return shown(readable)
  const silent = [plain, ...granted.map(({ seen }) => seen)].map((seen) => unusable(locator, seen)).find((one) => one !== undefined)
  if (silent !== undefined) return silent
  if (plain.status < 200 || plain.status >= 300)
    return {
      verdict: 'inconclusive',
      locator,
      reason: `it answers ${plain.status} to account a itself; declare pages that a may see`,
      evidence: [exchangeOf(plain)],
    }
  return {
    verdict: 'pass',
    locator,
    control: `it opened for account a; ${tries.length} other ${tries.length === 1 ? 'origin was' : 'origins were'} named in requests with the same cookie, and none was allowed to read`,
  }
}

/** Judges what other origins were granted. */
export const judgeCors = ({ pages }: CorsFacts): readonly ProbeVerdict[] =>
  pages.length === 0
    ? [
        {
          verdict: 'skipped',
          locator: 'signed-in pages',
          reason: 'nothing that only the signed-in see is declared; add signIn.proof or pages.signedIn',
        },
      ]
    : pages.map(judgePage)
