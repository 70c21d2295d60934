import { defineProbe, type Probe } from '../../probe.js'
import { collectAnswers, type HeaderFacts, isPage, judgeAnswers } from './answers.js'
import { parsePolicies, weaknessesOfAll } from './csp.js'
import { metaPolicies } from './csp-missing.js'

/** Policies that let an attacker’s script run all the same. Sources: CSP3; ASVS 3.4.3; checks HDR-004 to HDR-006. */
export const cspUnsafe: Probe = defineProbe<HeaderFacts>({
  id: 'HDR-004',
  name: 'csp-unsafe',
  family: 'headers',
  title: 'The content security policy lets foreign scripts run',
  severity: 'medium',
  kind: 'passive',
  cwe: 693,
  asvs: ['3.4.3'],
  needs: [],
  why: 'A policy with such a hole looks like protection and stops no attack.',
  fix: "Replace 'unsafe-inline', schemes and lists of hosts by nonces with 'strict-dynamic', and set base-uri and object-src to 'none'.",
  pace: 'quiet',
  collect: collectAnswers,
  judge: (facts) => {
    const policiesOf = (headers: Readonly<Record<string, string>>, text: string) =>
      [headers['content-security-policy'] ?? '', ...metaPolicies(text)].flatMap((value) => parsePolicies(value))
    if (!facts.answers.some(({ seen }) => policiesOf(seen.headers, seen.text).length > 0))
      return [{ verdict: 'skipped', locator: 'content-security-policy', reason: 'no page has a policy: csp-missing tells of that' }]
    return judgeAnswers(facts, {
      header: 'content-security-policy',
      what: 'pages with a policy',
      of: (answer) => isPage(answer) && policiesOf(answer.seen.headers, answer.seen.text).length > 0,
      complain: ({ headers, text }) =>
        weaknessesOfAll(policiesOf(headers, text)).map(({ key, says, severity }) => ({
          key,
          says: `In the content security policy ${says}`,
          severity,
        })),
    })
  },
})
