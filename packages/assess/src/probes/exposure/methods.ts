import { defineProbe, type Probe } from '../../probe.js'
import type { ProbeVerdict } from '../../verdict.js'
import { createCrowd, exchangeOf, isOk, madeUp, see, type Seen, unusable } from '../seen/seen.js'

type Facts = {
  readonly marker: string
  readonly pages: readonly { readonly get: Seen; readonly others: readonly Seen[] }[]
  /** PUT of a made-up file, and what is there afterwards */
  readonly put: Seen
  readonly afterPut: Seen
}

/** Methods that read or that nothing has: none of them changes a page, whatever answers. */
const HARMLESS = ['TRACE', 'TRACK', 'PROPFIND', 'SEARCH'] as const

const judgePage = ({ get, others }: Facts['pages'][number], marker: string): readonly ProbeVerdict[] => {
  const locator = get.url
  const echo = others.find((seen) => isOk(seen) && seen.text.includes(marker))
  if (echo !== undefined)
    return [
      {
        verdict: 'fail',
        locator: `${locator} (${echo.method})`,
        says: `${echo.method} ${locator} sends back the headers that came, cookies among them`,
        evidence: [exchangeOf(echo, { headers: ['content-type'], around: echo.text.indexOf(marker) })],
      },
    ]
  const broken = unusable(locator, get) ?? others.filter(({ status }) => status === 429).map((seen) => unusable(locator, seen))[0]
  if (broken !== undefined) return [broken]
  const taken = others.filter((seen) => isOk(seen))
  if (taken.length > 0)
    return [
      {
        verdict: 'fail',
        severity: 'low',
        locator,
        says: `${locator} answers ${taken.map(({ method, status }) => `${method} with ${status}`).join(' and ')}, methods that it was not made for`,
        evidence: [exchangeOf(get), ...taken.slice(0, 3).map((seen) => exchangeOf(seen, { around: 0 }))],
      },
    ]
  if (!isOk(get))
    return [{ verdict: 'inconclusive', locator, reason: `GET ${locator} answered ${get.status}: declare an open page that opens` }]
  const refused = others.map(({ method, status }) => `${method} ${status === 0 ? 'closed' : status}`).join(', ')
  return [{ verdict: 'pass', locator, control: `GET opened it (${get.status}); ${refused}` }]
}

/** TRACE and methods that a page was not made for, and PUT of a made-up file. Source: ASVS 13.4.4. */
export const methods: Probe = defineProbe<Facts>({
  id: 'CFG-019',
  name: 'methods',
  family: 'exposure',
  title: 'Methods that nobody declared are answered',
  severity: 'medium',
  kind: 'intrusive',
  cwe: 749,
  asvs: ['13.4.4'],
  needs: [],
  why: 'TRACE shows a script the cookies that it may not read; a route that takes any method escapes checks that look at one.',
  fix: 'Answer 405 to every method that a route does not declare, and refuse TRACE in the server (`TraceEnable off`).',
  pace: 'quiet',
  collect: async (context) => {
    const nobody = createCrowd(context, 'an anonymous visitor')
    const marker = madeUp(context.random)
    const pages: Facts['pages'][number][] = []
    for (const path of new Set(['/', ...(context.target.pages?.open ?? []).slice(0, 3)])) {
      const get = await see(nobody, { path }, 2_000)
      const others: Seen[] = []
      for (const method of HARMLESS) others.push(await see(nobody, { method, path, headers: { 'x-marker': marker } }, 8_000))
      pages.push({ get, others })
    }
    const path = `/${marker}.txt`
    const put = await see(nobody, { method: 'PUT', path, body: `a test of ${marker}`, headers: { 'content-type': 'text/plain' } }, 500)
    const afterPut = await see(nobody, { path }, 500)
    if (isOk(put)) await see(nobody, { method: 'DELETE', path }, 0)
    return { marker, pages, put, afterPut }
  },
  judge: ({ marker, pages, put, afterPut }) => [
    ...(isOk(put) && isOk(afterPut) && afterPut.text.includes(`a test of ${marker}`)
      ? [
          {
            verdict: 'fail' as const,
            severity: 'critical' as const,
            locator: '/ (PUT)',
            says: 'Anybody may store files with PUT, and they are served afterwards',
            evidence: [exchangeOf(put), exchangeOf(afterPut, { around: 0 })],
          },
        ]
      : []),
    ...pages.flatMap((page) => judgePage(page, marker)),
  ],
})
