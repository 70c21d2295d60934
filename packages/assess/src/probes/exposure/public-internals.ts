import { defineProbe, type Probe } from '../../probe.js'
import type { ProbeVerdict } from '../../verdict.js'
import { createCrowd, exchangeOf, firstUnusable, isOk, madeUp, see, type Seen, unusable } from '../seen/seen.js'
import { INTERNALS } from './internals.js'

type Facts = { readonly home: Seen; readonly missing: Seen; readonly answers: readonly Seen[] }

/** Metrics, API descriptions, GraphQL introspection, consoles and talkative health pages. Source: ASVS 13.4.5. */
export const publicInternals: Probe = defineProbe<Facts>({
  id: 'CFG-017',
  name: 'public-internals',
  family: 'exposure',
  title: 'Pages for operators are public',
  severity: 'medium',
  kind: 'active',
  cwe: 200,
  asvs: ['13.4.5'],
  needs: [],
  why: 'They tell an attacker which routes, hosts, versions and loads there are, without a single guess.',
  fix: 'Serve them on another port or behind the administrators’ sign-in; let the public health page say only that it works; switch introspection off.',
  pace: 'quiet',
  collect: async (context) => {
    const nobody = createCrowd(context, 'an anonymous visitor', 30)
    const home = await see(nobody, { path: '/' }, 200)
    const missing = await see(nobody, { path: `/${madeUp(context.random)}` }, 20_000)
    const answers: Seen[] = []
    for (const { path, query } of INTERNALS) {
      const request =
        query === undefined ? { path } : { method: 'POST', path, body: query, headers: { 'content-type': 'application/json' } }
      const seen = await see(nobody, request)
      answers.push(isOk(seen) ? seen : { ...seen, text: '' })
    }
    return { home, missing, answers }
  },
  judge: ({ home, missing, answers }) => {
    const found = answers.flatMap((seen): ProbeVerdict[] => {
      const internal = isOk(seen) ? INTERNALS.find(({ path, is }) => path === seen.url && is(seen.text)) : undefined
      if (internal === undefined || (isOk(missing) && internal.is(missing.text))) return []
      return [
        {
          verdict: 'fail',
          locator: seen.url,
          severity: internal.severity,
          says: `${seen.url} shows anybody ${internal.what}`,
          evidence: [exchangeOf(seen, { headers: ['content-type'], around: 0 })],
        },
      ]
    })
    if (found.length > 0) return found
    const broken = unusable('/', home) ?? firstUnusable('/', answers)
    if (broken !== undefined) return [broken]
    return [
      {
        verdict: 'pass',
        locator: '/',
        control: `/ answered ${home.status} and a made-up path ${missing.status}; none of ${answers.length} usual places shows what it would hold`,
      },
    ]
  },
})
