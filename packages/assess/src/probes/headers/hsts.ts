import { defineProbe, type Probe } from '../../probe.js'
import { collectAnswers, type Complaint, type HeaderFacts, judgeAnswers } from './answers.js'

const YEAR = 31_536_000

/** What a Strict-Transport-Security header says; undefined when browsers would pass over it. Source: RFC 6797, section 6.1. */
export const readHsts = (value: string): { readonly maxAge: number; readonly subDomains: boolean } | undefined => {
  // of several headers only the first counts, and a comma is none of its signs
  const [first = ''] = value.split(',', 1)
  const directives = new Map<string, string>()
  for (const part of first.split(';')) {
    const [name = '', setting = ''] = part.split('=', 2).map((text) => text.trim())
    if (name === '') continue
    // a directive that stands twice makes the header void
    if (directives.has(name.toLowerCase())) return undefined
    directives.set(name.toLowerCase(), setting.replace(/^"(.*)"$/, '$1'))
  }
  const age = directives.get('max-age')
  if (age === undefined || !/^\d{1,15}$/.test(age)) return undefined
  return { maxAge: Number(age), subDomains: directives.has('includesubdomains') }
}

const complain = (value: string | undefined): readonly Complaint[] => {
  if (value === undefined) return [{ key: 'missing', says: 'Strict-Transport-Security is missing' }]
  const read = readHsts(value)
  if (read === undefined || read.maxAge === 0)
    return [{ key: 'void', says: `Strict-Transport-Security says nothing to browsers ("${value.slice(0, 60)}")` }]
  if (read.maxAge < YEAR)
    return [
      {
        key: 'short',
        severity: 'medium',
        says: `Strict-Transport-Security holds for ${Math.floor(read.maxAge / 86_400)} days, less than a year`,
      },
    ]
  return read.subDomains ? [] : [{ key: 'subdomains', severity: 'medium', says: 'Strict-Transport-Security leaves out includeSubDomains' }]
}

/** Strict-Transport-Security over https, on pages, errors and files. Sources: RFC 6797; ASVS 3.4.1; checks HDR-001 and HDR-002. */
export const hsts: Probe = defineProbe<HeaderFacts>({
  id: 'HDR-001',
  name: 'hsts',
  family: 'headers',
  title: 'Browsers may be led to plain HTTP',
  severity: 'high',
  kind: 'passive',
  cwe: 319,
  asvs: ['3.4.1'],
  needs: [],
  why: 'On a foreign network the first request in clear is enough to read the session or to put another page in its place.',
  fix: 'Send `Strict-Transport-Security: max-age=63072000; includeSubDomains` on every answer over https.',
  pace: 'quiet',
  collect: collectAnswers,
  judge: (facts) => {
    if (facts.https === 'no')
      return [
        { verdict: 'skipped', locator: 'strict-transport-security', reason: 'browsers obey it over https only: attack an https address' },
      ]
    const verdicts = judgeAnswers(facts, {
      header: 'strict-transport-security',
      what: 'answers',
      of: ({ kind, seen }) => ['home', 'page', 'signed-in', 'api'].includes(kind) && seen.status < 500,
      complain: ({ headers }) => complain(headers['strict-transport-security']),
    })
    if (facts.https === 'behind' && verdicts.some((one) => one.verdict === 'fail' && one.locator.includes('(missing)')))
      return [
        {
          verdict: 'inconclusive',
          locator: 'strict-transport-security',
          reason: 'the application does not send it, and the proxy in front may: attack the public https address to see',
        },
      ]
    return verdicts
  },
})
