import { defineProbe, type Probe } from '../../probe.js'
import { jsonForgeries } from './attack-pages.js'
import { collectForged, type ForgedFacts, judgeForged } from './forgeries.js'

/** JSON of another site must not act for its visitor, whatever it is called. Source: ASVS 5.0 V3.5.2, CWE-352. */
export const crossSiteJson: Probe = defineProbe<ForgedFacts>({
  id: 'CFG-013',
  name: 'cross-site-json',
  family: 'cross-site',
  title: 'A script of another site sends JSON for its signed-in visitor',
  severity: 'high',
  kind: 'active',
  cwe: 352,
  asvs: ['3.5.2', '3.5.3'],
  needs: ['signIn', 'accounts.a', 'writes', 'browser'],
  why: 'Browsers send text/plain, forms and requests without a content type to other sites without asking; a parser that takes them for JSON opens the API to every page.',
  fix: 'Refuse every unsafe method whose Sec-Fetch-Site or Origin is not your own, and take JSON only as application/json.',
  pace: 'quiet',
  collect: (context) => collectForged(context, ({ request }) => request.json !== undefined, jsonForgeries),
  judge: (facts) => judgeForged(facts, 'json'),
})
