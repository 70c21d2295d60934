import { defineProbe, type Probe } from '../../probe.js'
import type { ProbeVerdict } from '../../verdict.js'
import { exchangeOf, isLimited } from '../seen/seen.js'
import { findingsOf, hitsIn, judgeQuiet, type Place, provoke, type Provoked } from './provoked.js'
import { sqlIn } from './traces.js'

/** One quote breaks it and two do not, twice in turn, while honest requests work: text of the request stands in a statement. */
const breaksOnQuote = ({ honest, provoked }: Place): boolean => {
  const [one, two] = ["pair o'o", "pair o''o"].map((how) => provoked.filter((each) => each.how === how).map(({ seen }) => seen))
  if (one === undefined || two === undefined || one.length < 2 || two.length < 2) return false
  return (
    one.every((seen) => seen.status >= 500 && !isLimited(seen)) &&
    [...two, ...honest].every((seen) => seen.status > 0 && seen.status < 500 && !isLimited(seen))
  )
}

/** Quotes and odd values in parameters and bodies, and whether a database complains in the answer. Sources: ASVS 1.2.4; CWE-89. */
export const sqlError: Probe = defineProbe<Provoked>({
  id: 'INJ-002',
  name: 'sql-error',
  family: 'exposure',
  title: 'Input reaches the text of a database statement',
  severity: 'high',
  kind: 'intrusive',
  cwe: 89,
  asvs: ['1.2.4'],
  needs: [],
  why: 'What breaks a statement can be made to change it: an attacker reads or writes the whole database.',
  fix: 'Pass values as parameters of the statement (`$1`, `?`, the query builder’s own), never by putting texts together; and show no error of the database.',
  pace: 'quiet',
  collect: provoke,
  judge: (facts) => {
    const hits = hitsIn(facts, sqlIn)
    const shown = findingsOf(hits, ({ place, how, seen, trace }) => `${place.place} answers ${how} with ${seen.status} and ${trace.what}`)
    const broken = facts.places.flatMap((place): ProbeVerdict[] => {
      if (hits.some((hit) => hit.place === place) || !breaksOnQuote(place)) return []
      const pairs = place.provoked.filter(({ how }) => how.startsWith('pair ')).slice(0, 2)
      return [
        {
          verdict: 'fail',
          locator: place.place,
          says: `${place.place} fails on one quote and works with two, each time: the value stands in the text of a statement`,
          evidence: pairs.map(({ how, seen }) => exchangeOf(seen, { around: 0, note: how })),
        },
      ]
    })
    return shown.length + broken.length > 0 ? [...shown, ...broken] : [judgeQuiet(facts)]
  },
})
