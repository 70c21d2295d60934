import { defineProbe, type Probe } from '../../probe.js'
import { collectCookies, type CookieFacts, isForScripts, judgeCookies } from './cookie-facts.js'

/** No script reads the session's cookie. Source: ASVS 5.0 V3.3.4, CWE-1004. */
export const cookieHttpOnly: Probe = defineProbe<CookieFacts>({
  id: 'CFG-009',
  name: 'cookie-httponly',
  family: 'session',
  title: 'Scripts can read the session cookie',
  severity: 'high',
  kind: 'passive',
  cwe: 1004,
  asvs: ['3.3.4'],
  needs: ['signIn', 'signIn.cookie', 'accounts.a'],
  why: 'One injected script takes the sessions of everybody who opens the page, and uses them from elsewhere.',
  fix: 'Set HttpOnly on every cookie that scripts need not read.',
  pace: 'quiet',
  collect: collectCookies,
  judge: (facts) =>
    judgeCookies(
      facts,
      ({ httpOnly }) => (httpOnly ? undefined : { says: 'can be read by every script of the page: it is not HttpOnly', severity: 'high' }),
      isForScripts,
    ),
})
