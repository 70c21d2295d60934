import { defineProbe, type Probe } from '../../probe.js'
import { findingsOf, hitsIn, judgeQuiet, provoke, type Provoked } from './provoked.js'
import { tracesIn } from './traces.js'

/** Spoilt requests, and whether their answers show stacks, paths or messages of the program. Source: ASVS 16.5.1. */
export const traceback: Probe = defineProbe<Provoked>({
  id: 'CFG-003',
  name: 'traceback',
  family: 'exposure',
  title: 'Errors show the inside of the program',
  severity: 'medium',
  kind: 'intrusive',
  cwe: 209,
  asvs: ['16.5.1', '13.4.2'],
  needs: [],
  why: 'Stacks and paths tell an attacker which libraries of which versions run, where they lie and which input breaks them.',
  fix: 'Answer every error with one generic page or problem document and an id; write the stack to the log. In Express that is a last handler with four arguments, and NODE_ENV=production.',
  pace: 'quiet',
  collect: provoke,
  judge: (facts) => {
    const hits = hitsIn(facts, (text) => tracesIn(text))
    if (hits.length === 0) return [judgeQuiet(facts)]
    return findingsOf(hits, ({ place, how, seen, trace }) => `${place.place} answers ${how} with ${seen.status} and ${trace.what}`)
  },
})
