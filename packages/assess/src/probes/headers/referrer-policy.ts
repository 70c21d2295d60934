import { defineProbe, type Probe } from '../../probe.js'
import { readTags } from '../seen/page.js'
import { collectAnswers, type HeaderFacts, isPage, judgeAnswers } from './answers.js'

const SAFE: ReadonlySet<string> = new Set(['no-referrer', 'same-origin', 'strict-origin', 'strict-origin-when-cross-origin'])
const LOOSE: ReadonlySet<string> = new Set(['unsafe-url', 'origin', 'origin-when-cross-origin', 'no-referrer-when-downgrade'])

/** The policy that browsers take of a list: the last one that they know. Source: W3C Referrer Policy, section 8.1. */
export const readReferrerPolicy = (value: string): string | undefined =>
  value
    .split(',')
    .map((token) => token.trim().toLowerCase())
    .findLast((token) => SAFE.has(token) || LOOSE.has(token))

/** Pages that tell other sites their whole address. Sources: W3C Referrer Policy; ASVS 3.4.5. */
export const referrerPolicy: Probe = defineProbe<HeaderFacts>({
  id: 'HDR-010',
  name: 'referrer-policy',
  family: 'headers',
  title: 'Other sites learn addresses of pages',
  severity: 'low',
  kind: 'passive',
  cwe: 200,
  asvs: ['3.4.5'],
  needs: [],
  why: 'Addresses hold ids, searches and the tokens of links; with a link out of the page they travel along.',
  fix: 'Send `Referrer-Policy: strict-origin-when-cross-origin`, or `no-referrer` where links carry tokens.',
  pace: 'quiet',
  collect: collectAnswers,
  judge: (facts) =>
    judgeAnswers(facts, {
      header: 'referrer-policy',
      what: 'pages',
      of: isPage,
      complain: ({ headers, text }) => {
        const meta = readTags(text).tags.find(({ name, attributes }) => name === 'meta' && attributes['name']?.toLowerCase() === 'referrer')
          ?.attributes['content']
        const value = meta ?? headers['referrer-policy']
        const policy = value === undefined ? undefined : readReferrerPolicy(value)
        if (policy !== undefined && SAFE.has(policy)) return []
        if (policy !== undefined)
          return [{ key: policy, says: `Referrer-Policy is ${policy}, which tells other sites or plain HTTP more than they need` }]
        return [
          {
            key: 'missing',
            says:
              value === undefined
                ? 'Referrer-Policy is missing'
                : `Referrer-Policy says nothing that browsers know ("${value.slice(0, 40)}")`,
          },
        ]
      },
    }),
})
