import { defineProbe, type Probe } from '../../probe.js'
import { collectAnswers, type HeaderFacts, judgeAnswers } from './answers.js'

/** The filter of old browsers, which made holes of its own. Source: OWASP HTTP Headers Cheat Sheet. */
export const xssProtection: Probe = defineProbe<HeaderFacts>({
  id: 'HDR-018',
  name: 'xss-protection',
  family: 'headers',
  title: 'The filter of old browsers is switched on',
  severity: 'low',
  kind: 'passive',
  cwe: 1021,
  asvs: [],
  needs: [],
  why: 'Old browsers with this filter could be made to leave out a page’s own scripts, and to tell other sites what stands in it.',
  fix: 'Send `X-XSS-Protection: 0` or nothing; the content security policy does what this was for.',
  pace: 'quiet',
  collect: collectAnswers,
  judge: (facts) =>
    judgeAnswers(facts, {
      header: 'x-xss-protection',
      what: 'answers',
      of: ({ seen }) => seen.status > 0,
      complain: ({ headers }) => {
        const value = headers['x-xss-protection']
        return value === undefined || /^\s*0/.test(value) ? [] : [{ key: '', says: `X-XSS-Protection is "${value.slice(0, 40)}"` }]
      },
    }),
})
