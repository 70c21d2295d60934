import { defineProbe, type Probe } from '../../probe.js'
import type { ProbeVerdict } from '../../verdict.js'
import { exchangeOf, isHtml, isLimited, isOk, type Seen, unusable } from '../seen/seen.js'
import { type AnswerKind, collectAnswers, type HeaderFacts } from './answers.js'

/** What protects a page, and what protects every answer. */
const OF_PAGES = [
  'content-security-policy',
  'x-frame-options',
  'referrer-policy',
  'x-content-type-options',
  'strict-transport-security',
] as const
const OF_ALL = ['x-content-type-options', 'strict-transport-security'] as const

const WORDS: Readonly<Record<AnswerKind, string>> = {
  home: 'the home page',
  page: 'another page',
  'signed-in': 'a page of a signed-in user',
  missing: 'what does not exist',
  error: 'an error',
  asset: 'a file',
  api: 'an answer of the API',
}

/** Framing is forbidden by either of two headers: one may stand for the other. */
const has = ({ headers }: Seen, name: string): boolean =>
  name in headers || (name === 'x-frame-options' && /frame-ancestors/i.test(headers['content-security-policy'] ?? ''))

/** The headers of the home page that this answer should have and has not. */
export const lostFrom = (home: Seen, seen: Seen): readonly string[] =>
  (isHtml(seen) ? OF_PAGES : OF_ALL).filter((name) => has(home, name) && !has(seen, name))

/** Headers that the home page has and errors, files or the API have not. Sources: ASVS 3.4.3 to 3.4.6. */
export const lostHeaders: Probe = defineProbe<HeaderFacts>({
  id: 'HDR-015',
  name: 'lost-headers',
  family: 'headers',
  title: 'Errors, files or the API lose the headers of the home page',
  severity: 'medium',
  kind: 'active',
  cwe: 693,
  asvs: ['3.4.3', '3.4.4'],
  needs: [],
  why: 'An attacker takes the page that is not protected: the error page that shows his text, or the upload that a browser takes for a script.',
  fix: 'Set the headers before everything else, in the first middleware or in nginx with `always` in every block, so that no answer is without them.',
  pace: 'quiet',
  collect: collectAnswers,
  judge: ({ answers }) => {
    const locator = '/'
    const home = answers.find(({ kind }) => kind === 'home')?.seen
    if (home === undefined) return [{ verdict: 'error', locator, reason: 'the home page was not asked for' }]
    const noControl = unusable(locator, home)
    if (noControl !== undefined) return [noControl]
    // who leads from / to the sign-in has a page there to compare with
    const model = [home, ...answers.filter(({ kind }) => kind === 'page' || kind === 'signed-in').map(({ seen }) => seen)].find(
      (seen) => isOk(seen) && isHtml(seen),
    )
    if (model === undefined)
      return [{ verdict: 'inconclusive', locator, reason: `/ answered ${home.status} and no other page opened: declare "pages.open"` }]
    const present = OF_PAGES.filter((name) => has(model, name))
    if (present.length === 0)
      return [
        { verdict: 'skipped', locator, reason: `${model.url} has none of these headers itself: the other probes of headers tell of that` },
      ]
    // an answer without a body, such as a redirect or one of the HTTP parser, has nothing to protect
    const compared = answers.filter(
      ({ seen }) => seen !== model && seen.bytes > 0 && !isLimited(seen) && (seen.status < 300 || seen.status >= 400),
    )
    const lost = new Map<string, { kind: AnswerKind; name: string; at: Seen[] }>()
    for (const { kind, seen } of compared)
      for (const name of lostFrom(model, seen)) {
        const key = `${name} ${kind}`
        const before = lost.get(key)
        if (before === undefined) lost.set(key, { kind, name, at: [seen] })
        else before.at.push(seen)
      }
    if (lost.size > 0)
      return [...lost.values()].map(({ kind, name, at }): ProbeVerdict => ({
        verdict: 'fail',
        locator: `${kind === 'missing' ? '(a page that does not exist)' : (at[0]?.url ?? '/')} ${name}`,
        says: `${name} stands on ${model.url} and not on ${WORDS[kind]} (${at
          .slice(0, 3)
          .map(({ method, url, status }) => `${method} ${url.slice(0, 60)}: ${status}`)
          .join(', ')})`,
        evidence: [
          exchangeOf(model, { headers: [name] }),
          ...at.slice(0, 2).map((seen) => exchangeOf(seen, { headers: ['content-type'] })),
        ],
      }))
    if (compared.length === 0)
      return [{ verdict: 'inconclusive', locator, reason: 'no error, file or page of the API came with a body to compare' }]
    const kinds = [...new Set(compared.map(({ kind }) => WORDS[kind]))]
    return [
      {
        verdict: 'pass',
        locator,
        control: `${model.url} has ${present.join(', ')}; so have ${compared.length} other answers: ${kinds.join(', ')}`,
      },
    ]
  },
})
