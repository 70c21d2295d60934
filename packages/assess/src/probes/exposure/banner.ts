import { defineProbe, type Probe } from '../../probe.js'
import type { ProbeVerdict } from '../../verdict.js'
import { createCrowd, exchangeOf, madeUp, see, type Seen, unusable } from '../seen/seen.js'

type Facts = { readonly answers: readonly Seen[] }

/** Headers that exist only to name a product. */
const NAMING = [
  'x-powered-by',
  'x-aspnet-version',
  'x-aspnetmvc-version',
  'x-generator',
  'x-drupal-cache',
  'x-runtime',
  'x-version',
  'x-php-version',
] as const

/** The banner headers of an answer as `name: value`: those that name a product, and `server` or `via` with a version. */
export const bannersIn = (headers: Readonly<Record<string, string>>): readonly string[] => [
  ...NAMING.filter((name) => (headers[name] ?? '') !== ''),
  // "nginx" alone says little, "nginx/1.18.0" which holes to try
  ...(['server', 'via'] as const).filter((name) => /[a-z)] ?\/ ?v?\d|\d+\.\d+/i.test((headers[name] ?? '').replace(/^\d\.\d /, ''))),
]

/** Headers that name the framework or the server’s version. Source: ASVS 13.4.6. */
export const banner: Probe = defineProbe<Facts>({
  id: 'CFG-004',
  name: 'banner',
  family: 'exposure',
  title: 'Answers name the software and its version',
  severity: 'low',
  kind: 'passive',
  cwe: 200,
  asvs: ['13.4.6'],
  needs: [],
  why: 'Scanners pick targets by these words on the day a hole becomes known.',
  fix: 'Switch them off: `app.disable("x-powered-by")`, nginx `server_tokens off`, Apache `ServerTokens Prod`.',
  pace: 'quiet',
  collect: async (context) => {
    const nobody = createCrowd(context, 'an anonymous visitor')
    const { pages, signIn } = context.target
    const paths = [
      '/',
      ...(pages?.open ?? []).slice(0, 3),
      ...(pages?.assets ?? []).slice(0, 2),
      signIn?.proof,
      `/${madeUp(context.random)}`,
      '/%',
    ]
    const answers: Seen[] = []
    for (const path of new Set(paths)) if (path !== undefined) answers.push(await see(nobody, { path }, 0))
    return { answers }
  },
  judge: ({ answers }) => {
    const byName = new Map<string, Seen>()
    for (const seen of answers) for (const name of bannersIn(seen.headers)) if (!byName.has(name)) byName.set(name, seen)
    if (byName.size > 0)
      return [...byName].map(([name, seen]): ProbeVerdict => ({
        verdict: 'fail',
        locator: name,
        says: `The header ${name} tells everybody "${(seen.headers[name] ?? '').slice(0, 80)}"`,
        evidence: [exchangeOf(seen, { headers: [name] })],
      }))
    const came = answers.filter(({ status }) => status > 0)
    if (came.length === 0) return answers.flatMap((seen) => unusable('/', seen) ?? []).slice(0, 1)
    return [
      {
        verdict: 'pass',
        locator: '/',
        control: `the headers of ${came.length} answers were read (${[...new Set(came.map(({ status }) => status))].join(', ')})`,
      },
    ]
  },
})
