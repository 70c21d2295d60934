import { defineProbe, type Probe } from '../../probe.js'
import { formForgeries } from './attack-pages.js'
import { collectForged, type ForgedFacts, judgeForged } from './forgeries.js'

/** A form of another site must not act for its visitor. Source: ASVS 5.0 V3.5.1, CWE-352. */
export const crossSiteForm: Probe = defineProbe<ForgedFacts>({
  id: 'CFG-013',
  name: 'cross-site-form',
  family: 'cross-site',
  title: 'A form of another site acts for its signed-in visitor',
  severity: 'high',
  kind: 'active',
  cwe: 352,
  asvs: ['3.5.1', '3.5.3'],
  needs: ['signIn', 'accounts.a', 'writes', 'browser'],
  why: 'Whoever opens a page of an attacker while signed in does what that page sends, with his own rights.',
  fix: 'Refuse every unsafe method whose Sec-Fetch-Site or Origin is not your own, whatever its content type; keep the cookie SameSite=Lax or Strict beside it.',
  pace: 'quiet',
  collect: (context) => collectForged(context, ({ request }) => request.form !== undefined, formForgeries),
  judge: (facts) => judgeForged(facts, 'form'),
})
