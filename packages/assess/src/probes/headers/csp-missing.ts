import { defineProbe, type Probe } from '../../probe.js'
import { readTags } from '../seen/page.js'
import { collectAnswers, type HeaderFacts, isPage, judgeAnswers } from './answers.js'
import { parsePolicies } from './csp.js'

/** The policies that a page carries in `<meta>`. */
export const metaPolicies = (html: string): readonly string[] =>
  readTags(html).tags.flatMap(({ name, attributes }) =>
    name === 'meta' && attributes['http-equiv']?.toLowerCase() === 'content-security-policy' ? [attributes['content'] ?? ''] : [],
  )

/** Pages without an enforced content security policy. Sources: CSP3; ASVS 3.4.3. */
export const cspMissing: Probe = defineProbe<HeaderFacts>({
  id: 'HDR-003',
  name: 'csp-missing',
  family: 'headers',
  title: 'Pages have no content security policy',
  severity: 'medium',
  kind: 'passive',
  cwe: 693,
  asvs: ['3.4.3'],
  needs: [],
  why: 'Without one, a single unescaped text is a script that runs with the visitor’s session.',
  fix: "Send an enforced policy with nonces: `default-src 'none'; script-src 'nonce-…' 'strict-dynamic'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'` and what the pages need.",
  pace: 'quiet',
  collect: collectAnswers,
  judge: (facts) =>
    judgeAnswers(facts, {
      header: 'content-security-policy',
      what: 'pages',
      of: isPage,
      show: ['content-security-policy-report-only'],
      complain: ({ headers, text }) => {
        if (
          parsePolicies(headers['content-security-policy'] ?? '').length > 0 ||
          metaPolicies(text).some((policy) => parsePolicies(policy).length > 0)
        )
          return []
        return 'content-security-policy-report-only' in headers
          ? [{ key: 'report-only', says: 'The content security policy only reports and stops nothing' }]
          : [{ key: 'missing', says: 'Content-Security-Policy is missing' }]
      },
    }),
})
