import { defineProbe, type Probe } from '../../probe.js'
import type { ProbeVerdict } from '../../verdict.js'
import { exchangeOf, isOk, see, type Seen, unusable } from '../seen/seen.js'
import { noncesOf, parsePolicies } from './csp.js'

type Facts = { readonly pages: readonly { readonly path: string; readonly fetches: readonly Seen[] }[] }

/** How many bits a nonce of this spelling holds at most. */
export const bitsOf = (nonce: string): number => {
  const text = nonce.replace(/=+$/, '')
  const perSign = /^\d*$/.test(text) ? Math.log2(10) : /^[\da-f]*$/i.test(text) ? 4 : 6
  // a sign that is repeated all over holds nothing
  return new Set(text).size < 4 ? 0 : text.length * perSign
}

const nonces = (seen: Seen): readonly string[] =>
  parsePolicies(seen.headers['content-security-policy'] ?? '').flatMap((policy) => noncesOf(policy))

const judgePage = ({ path, fetches }: Facts['pages'][number]): ProbeVerdict | undefined => {
  const locator = `${path} content-security-policy`
  const broken = fetches.map((seen) => unusable(locator, seen)).find((verdict) => verdict !== undefined)
  if (broken !== undefined) return broken
  const [first, second] = fetches
  if (first === undefined || second === undefined || !isOk(first) || !isOk(second)) return undefined
  const [ones, others] = [nonces(first), nonces(second)]
  if (ones.length === 0 || others.length === 0) return undefined
  const evidence = fetches.map((seen) => exchangeOf(seen, { headers: ['content-security-policy'] }))
  const fail = (says: string, severity?: 'low'): ProbeVerdict => ({
    verdict: 'fail',
    locator,
    says,
    evidence,
    ...(severity === undefined ? {} : { severity }),
  })
  if (ones.some((nonce) => others.includes(nonce)))
    return fail(`The nonce of ${path} is the same for two visitors: whoever has read one page knows it`)
  const weakest = Math.min(...[...ones, ...others].map((nonce) => bitsOf(nonce)))
  if (weakest < 64) return fail(`The nonce of ${path} is short enough to be guessed (at most ${Math.round(weakest)} bits)`)
  if (weakest < 96) return fail(`The nonce of ${path} holds at most ${Math.round(weakest)} bits; 128 are asked for`, 'low')
  return {
    verdict: 'pass',
    locator,
    control: `two visitors got ${ones.length} and ${others.length} nonces, all different, the shortest of at most ${Math.round(weakest)} bits`,
  }
}

/** Nonces that stay the same or are short, by two fetches of each page. Sources: CSP3, section 7.1; ASVS 3.4.3. */
export const cspNonce: Probe = defineProbe<Facts>({
  id: 'HDR-006',
  name: 'csp-nonce',
  family: 'headers',
  title: 'The nonce of the policy can be known beforehand',
  severity: 'medium',
  kind: 'passive',
  cwe: 330,
  asvs: ['3.4.3'],
  needs: [],
  why: 'A nonce that is known is a password on the door: a script with it runs.',
  fix: 'Make 16 random bytes for each answer, and never cache a page together with its nonce.',
  pace: 'quiet',
  collect: async (context) => {
    const { target } = context
    const visitors = [context.client({ name: 'one visitor' }), context.client({ name: 'another visitor', program: 'phone' })]
    const pages: Facts['pages'][number][] = []
    for (const path of new Set(['/', target.signIn?.page, ...(target.pages?.open ?? []).slice(0, 4)])) {
      if (path === undefined) continue
      const fetches: Seen[] = []
      for (const visitor of visitors) fetches.push(await see(visitor, { path }, 0))
      pages.push({ path, fetches })
    }
    return { pages }
  },
  judge: ({ pages }) => {
    const verdicts = pages.flatMap((page) => judgePage(page) ?? [])
    return verdicts.length > 0
      ? verdicts
      : [{ verdict: 'skipped', locator: 'content-security-policy', reason: 'no page that opens has a nonce in its policy' }]
  },
})
