import { defineProbe, type Probe } from '../../probe.js'
import { isOk } from '../seen/seen.js'
import { collectAnswers, type HeaderFacts, judgeAnswers } from './answers.js'

/** Answers whose type browsers may guess at. Sources: Fetch, section 3.6; ASVS 3.4.4. */
export const nosniff: Probe = defineProbe<HeaderFacts>({
  id: 'HDR-009',
  name: 'nosniff',
  family: 'headers',
  title: 'Browsers may guess the type of an answer',
  severity: 'low',
  kind: 'passive',
  cwe: 693,
  asvs: ['3.4.4'],
  needs: [],
  why: 'An upload or an answer of the API that looks like a script is run as one.',
  fix: 'Send `X-Content-Type-Options: nosniff` on every answer.',
  pace: 'quiet',
  collect: collectAnswers,
  judge: (facts) =>
    judgeAnswers(facts, {
      header: 'x-content-type-options',
      what: 'answers',
      of: ({ kind, seen }) => kind !== 'missing' && kind !== 'error' && isOk(seen) && seen.bytes > 0,
      show: ['content-type'],
      complain: ({ headers }, kind) => {
        const value = headers['x-content-type-options']
        // of several values the first counts
        if (value?.split(',', 1)[0]?.trim().toLowerCase() === 'nosniff') return []
        const says =
          value === undefined
            ? 'X-Content-Type-Options is missing'
            : `X-Content-Type-Options is "${value.slice(0, 40)}", which means nothing`
        return [{ key: kind === 'asset' ? 'files' : '', says }]
      },
    }),
})
