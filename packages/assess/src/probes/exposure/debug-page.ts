import { defineProbe, type Probe } from '../../probe.js'
import type { ProbeVerdict } from '../../verdict.js'
import { createCrowd, exchangeOf, firstUnusable, isOk, madeUp, see, type Seen, unusable } from '../seen/seen.js'
import { DEBUG_PATHS, debugShape } from './debug-shapes.js'
import { judgeQuiet, provoke, type Provoked } from './provoked.js'

type Facts = { readonly paths: readonly Seen[]; readonly missing: Seen; readonly provoked: Provoked }

/** Debug pages at their usual places and in answers to spoilt requests. Source: ASVS 13.4.2. */
export const debugPage: Probe = defineProbe<Facts>({
  id: 'CFG-002',
  name: 'debug-page',
  family: 'exposure',
  title: 'A debug page is public',
  severity: 'critical',
  kind: 'intrusive',
  cwe: 489,
  asvs: ['13.4.2', '15.2.3'],
  needs: [],
  why: 'Debug pages show settings and secrets, and some run what is typed into them.',
  fix: 'Run in production mode (NODE_ENV=production, DEBUG = False), and leave debug routes out of the build instead of hiding them.',
  pace: 'quiet',
  collect: async (context) => {
    const nobody = createCrowd(context, 'an anonymous visitor', 30)
    const missing = await see(nobody, { path: `/${madeUp(context.random)}` })
    const paths: Seen[] = []
    for (const path of DEBUG_PATHS) {
      const seen = await see(nobody, { path }, 60_000)
      paths.push(isOk(seen) || seen.status >= 500 ? seen : { ...seen, text: '' })
    }
    return { paths, missing, provoked: await provoke(context) }
  },
  judge: ({ paths, missing, provoked }) => {
    const honest = provoked.places.flatMap((place) => place.honest).filter((seen) => isOk(seen))
    const answers = [
      ...[...paths, missing].map((seen) => ({ locator: seen === missing ? '(a page that does not exist)' : seen.url, seen })),
      ...provoked.places.flatMap((place) => place.provoked.map(({ seen }) => ({ locator: place.place, seen }))),
    ]
    const found = new Map<string, ProbeVerdict>()
    for (const { locator, seen } of answers) {
      const shape = debugShape(seen.text)
      // a page that shows the same to honest requests is about debugging
      if (shape === undefined || found.has(locator) || honest.some((one) => debugShape(one.text)?.what === shape.what)) continue
      found.set(locator, {
        verdict: 'fail',
        locator,
        says: `${locator} shows anybody a debug page (${seen.status}): ${shape.what}`,
        evidence: [exchangeOf(seen, { headers: ['content-type'], around: shape.at })],
      })
    }
    if (found.size > 0) return [...found.values()]
    return [unusable('/', missing) ?? firstUnusable('/', paths) ?? judgeQuiet(provoked)]
  },
})
