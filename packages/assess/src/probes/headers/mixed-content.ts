import { defineProbe, type Probe } from '../../probe.js'
import { collectAnswers, type Complaint, type HeaderFacts, isPage, judgeAnswers } from './answers.js'
import { parsePolicies } from './csp.js'
import { subresourcesOf } from './subresources.js'

/** Browsers take these for safe also over plain HTTP. Source: W3C Secure Contexts, section 3.1. */
const isLocal = ({ hostname }: URL): boolean =>
  hostname === 'localhost' || hostname.endsWith('.localhost') || hostname.startsWith('127.') || hostname === '[::1]'

/** Things that pages over https load, or send forms to, over plain HTTP. Sources: W3C Mixed Content; ASVS 12.2.1. */
export const mixedContent: Probe = defineProbe<HeaderFacts>({
  id: 'HDR-013',
  name: 'mixed-content',
  family: 'headers',
  title: 'Pages over https load parts in clear',
  severity: 'medium',
  kind: 'passive',
  cwe: 319,
  asvs: ['12.2.1'],
  needs: [],
  why: 'What comes in clear can be changed on its way, and a form that leaves in clear is read.',
  fix: 'Write the addresses with https, and add `upgrade-insecure-requests` to the content security policy.',
  pace: 'quiet',
  collect: collectAnswers,
  judge: (facts) => {
    if (facts.https === 'no')
      return [{ verdict: 'skipped', locator: '/', reason: 'only pages over https have it: attack an https address' }]
    const home = facts.origins.find((origin) => origin.startsWith('https:')) ?? facts.origins[0]
    return judgeAnswers(facts, {
      header: 'subresources',
      what: 'pages',
      of: isPage,
      complain: ({ text, url, headers }) => {
        const upgraded = parsePolicies(headers['content-security-policy'] ?? '').some((policy) => policy.has('upgrade-insecure-requests'))
        return subresourcesOf(text, new URL(url, home).href)
          .filter(
            ({ url: from, tag }) =>
              from.protocol === 'http:' && !isLocal(from) && !facts.origins.includes(from.origin) && !(upgraded && tag !== 'form'),
          )
          .map(({ url: from, tag, active }): Complaint => ({
            key: `<${tag}> ${from.host}${from.pathname}`.slice(0, 120),
            says: tag === 'form' ? `A form is sent to ${from.host} in clear` : `<${tag}> comes from ${from.host} in clear`,
            severity: active ? 'medium' : 'low',
          }))
      },
    })
  },
})
