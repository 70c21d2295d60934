import { defineProbe, type Probe } from '../../probe.js'
import { collectAnswers, type Complaint, type HeaderFacts, isPage, judgeAnswers } from './answers.js'
import { subresourcesOf } from './subresources.js'

/** Scripts and styles of other origins without a checksum. Sources: W3C Subresource Integrity; ASVS 3.6.1. */
export const sri: Probe = defineProbe<HeaderFacts>({
  id: 'HDR-012',
  name: 'sri',
  family: 'headers',
  title: 'Scripts of other hosts are loaded unchecked',
  severity: 'medium',
  kind: 'passive',
  cwe: 353,
  asvs: ['3.6.1'],
  needs: [],
  why: 'Whoever breaks into that host runs his script on these pages.',
  fix: 'Serve the file yourself, or load one version of it with `integrity="sha384-…" crossorigin="anonymous"`.',
  pace: 'quiet',
  collect: collectAnswers,
  judge: (facts) =>
    judgeAnswers(facts, {
      header: 'integrity',
      what: 'pages',
      of: isPage,
      complain: ({ text, url }) =>
        subresourcesOf(text, new URL(url, facts.origins[0]).href)
          .filter(
            ({ url: from, tag, integrity, script }) =>
              !integrity && (script || tag === 'link') && /^https?:$/.test(from.protocol) && !facts.origins.includes(from.origin),
          )
          .map(({ url: from, script }): Complaint => ({
            key: `${from.host}${from.pathname}`.slice(0, 120),
            says: `${script ? 'A script' : 'A style'} comes from ${from.host} without a checksum`,
            severity: script ? 'medium' : 'low',
          })),
    }),
})
