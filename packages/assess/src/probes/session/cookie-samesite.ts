import { defineProbe, type Probe } from '../../probe.js'
import { collectCookies, type CookieFact, type CookieFacts, type CookieFault, isForScripts, judgeCookies } from './cookie-facts.js'

const fault = ({ sameSite }: CookieFact): CookieFault | undefined => {
  if (sameSite === 'lax' || sameSite === 'strict') return undefined
  if (sameSite === 'none') return { says: 'goes along with every request that another site makes: it is SameSite=None', severity: 'medium' }
  return {
    says:
      sameSite === undefined
        ? 'says nothing of other sites: without SameSite, some browsers send it along with their requests'
        : 'has a SameSite that browsers do not know',
    severity: 'medium',
  }
}

/** Other sites' requests do not carry the session's cookie. Source: ASVS 5.0 V3.3.2, CWE-1275. */
export const cookieSameSite: Probe = defineProbe<CookieFacts>({
  id: 'CFG-010',
  name: 'cookie-samesite',
  family: 'session',
  title: 'Requests of other sites carry the session cookie',
  severity: 'medium',
  kind: 'passive',
  cwe: 1275,
  asvs: ['3.3.2'],
  needs: ['signIn', 'signIn.cookie', 'accounts.a'],
  why: 'Where the cookie goes along, a page of another site acts in the name of whoever opens it, unless something else stops it.',
  fix: 'Set SameSite=Lax, or Strict where nobody follows links to signed-in pages; None only for what other sites embed on purpose.',
  pace: 'quiet',
  collect: collectCookies,
  judge: (facts) => judgeCookies(facts, fault, isForScripts),
})
