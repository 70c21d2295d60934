import { defineProbe, type Probe } from '../../probe.js'
import type { ProbeVerdict } from '../../verdict.js'
import { collectCookies, type CookieFacts, judgeCookies } from './cookie-facts.js'

const judge = (facts: CookieFacts): readonly ProbeVerdict[] =>
  facts.publicOrigin.startsWith('https:')
    ? judgeCookies(facts, ({ secure }) =>
        secure ? undefined : { says: 'goes over plain HTTP as well: it is not Secure', severity: 'high' },
      )
    : [
        {
          verdict: 'skipped',
          locator: `cookie ${facts.session}`,
          reason: 'browsers reach this target over plain HTTP; attack it over HTTPS, or declare publicOrigin: https://...',
        },
      ]

/** The session's cookie goes over TLS only. Source: ASVS 5.0 V3.3.1, CWE-614. */
export const cookieSecure: Probe = defineProbe<CookieFacts>({
  id: 'CFG-008',
  name: 'cookie-secure',
  family: 'session',
  title: 'The session cookie goes over plain HTTP',
  severity: 'high',
  kind: 'passive',
  cwe: 614,
  asvs: ['3.3.1'],
  needs: ['signIn', 'signIn.cookie', 'accounts.a'],
  why: 'A cookie without Secure goes along with the first plain request to the host, where everybody on the way can read it.',
  fix: 'Set Secure, and give the cookie a name that begins with __Host-, so that no sub-domain can set it either.',
  pace: 'quiet',
  collect: collectCookies,
  judge,
})
