import { defineProbe, type Probe } from '../../probe.js'
import type { ProbeVerdict } from '../../verdict.js'
import { readTags } from '../seen/page.js'
import { createCrowd, exchangeOf, isHtml, isLimited, madeUp, see, type Seen, unusable } from '../seen/seen.js'

type Facts = {
  readonly marker: string
  readonly places: readonly { readonly place: string; readonly plain: Seen; readonly tries: readonly Seen[] }[]
  readonly notes: readonly string[]
}

/** Values that become an element, an attribute or code when nothing escapes them; `m` is a word that occurs nowhere else. */
const VALUES = (m: string): readonly string[] => [
  `${m}<x-${m}>`,
  `${m}"'><x-${m} y="`,
  `${m}" data-${m}="1`,
  `${m}' data-${m}='1`,
  `${m} data-${m}=1 `,
  `${m}--></script></style></title></textarea><x-${m}>`,
  `javascript:${m}`,
  `${m}'-${m}-"\\`,
]

/**
 * What a value became in a page, or undefined when it stayed text. Read with a parser, so that escaped markup, markup in a field’s value
 * and words in a text are none. `at`: where in the page.
 */
export const markupIn = (html: string, marker: string): { readonly what: string; readonly at: number } | undefined => {
  const { tags, scripts } = readTags(html)
  const element = `x-${marker}`
  if (tags.some(({ name }) => name === element)) return { what: 'an element of the page', at: Math.max(0, html.indexOf(`<${element}`)) }
  const attribute = `data-${marker}`
  if (tags.some(({ attributes }) => attribute in attributes))
    return { what: 'an attribute of an element', at: Math.max(0, html.indexOf(attribute)) }
  const address = tags.find(({ attributes }) =>
    ['href', 'src', 'action', 'formaction'].some((name) => attributes[name]?.trim().startsWith(`javascript:${marker}`)),
  )
  if (address !== undefined)
    return { what: `an address of <${address.name}> that runs as a script`, at: Math.max(0, html.indexOf(`javascript:${marker}`)) }
  const code = `${marker}'-${marker}-"`
  // in a string of a script one of the two quotes ends it, unless both are escaped
  if (scripts.some((script) => script.includes(code))) return { what: 'code of a script', at: Math.max(0, html.indexOf(code)) }
  return undefined
}

/** Markup in parameters that end up in pages, and in the address of a page that does not exist. Sources: ASVS 1.2.1; CWE-79. */
export const reflectedMarkup: Probe = defineProbe<Facts>({
  id: 'INJ-004',
  name: 'reflected-markup',
  family: 'exposure',
  title: 'Input becomes markup of the page',
  severity: 'medium',
  kind: 'intrusive',
  cwe: 79,
  asvs: ['1.2.1'],
  needs: ['echoes'],
  why: 'A link is enough to run a script as whoever follows it: it acts with his session.',
  fix: 'Let the template engine escape (never `dangerouslySetInnerHTML`, `{{{ }}}`, `v-html`, `|safe` with input), and send JSON as application/json. A content security policy is the second line.',
  pace: 'quiet',
  collect: async (context) => {
    const marker = madeUp(context.random)
    const notes: string[] = []
    const visitors: { readonly name: string; readonly send: ReturnType<typeof createCrowd>['send'] }[] = [
      createCrowd(context, 'an anonymous visitor'),
    ]
    try {
      if (context.target.accounts?.a !== undefined && context.target.signIn !== undefined)
        visitors.unshift(await context.signedIn('a', { name: 'account a' }))
    } catch {
      notes.push('account a could not sign in; parameters were tried as nobody')
    }
    const places: Facts['places'][number][] = []
    const tryAt = async (place: string, visitor: (typeof visitors)[number], make: (value: string) => string): Promise<void> => {
      const plain = await see(visitor, { path: make(marker) }, 200_000)
      const tries: Seen[] = []
      for (const value of VALUES(marker)) {
        const seen = await see(visitor, { path: make(value) }, 200_000)
        const what = isHtml(seen) ? markupIn(seen.text, marker) : undefined
        // the page around it is of no use
        tries.push({ ...seen, text: what === undefined ? '' : seen.text.slice(0, 60_000) })
      }
      places.push({ place, plain: { ...plain, text: plain.text.includes(marker) ? marker : '' }, tries })
    }
    for (const { path, parameter } of (context.target.echoes ?? []).slice(0, 8)) {
      const make = (value: string): string =>
        `${path}${path.includes('?') ? '&' : '?'}${encodeURIComponent(parameter)}=${encodeURIComponent(value)}`
      for (const visitor of visitors) {
        await tryAt(`${path}?${parameter}`, visitor, make)
        // who is signed in sees it: nobody need not be asked
        if (places.at(-1)?.plain.text !== '') break
      }
    }
    const nobody = visitors.at(-1)
    if (nobody !== undefined) await tryAt('(a page that does not exist)', nobody, (value) => `/${encodeURIComponent(value)}`)
    return { marker, places, notes }
  },
  judge: ({ marker, places, notes }) => {
    const verdicts = places.map(({ place: locator, plain, tries }): ProbeVerdict => {
      for (const seen of tries) {
        const found = isHtml(seen) ? markupIn(seen.text, marker) : undefined
        if (found !== undefined)
          return {
            verdict: 'fail',
            locator,
            says: `What stands in ${locator} becomes ${found.what}`,
            evidence: [exchangeOf(seen, { headers: ['content-type', 'content-security-policy'], around: found.at })],
          }
      }
      const broken =
        unusable(locator, plain) ?? tries.filter((seen) => isLimited(seen) || seen.status === 0).map((seen) => unusable(locator, seen))[0]
      if (broken !== undefined) return broken
      const escaped = tries.filter((seen) => isHtml(seen)).length
      if (plain.text === '' && locator.startsWith('/'))
        return {
          verdict: 'inconclusive',
          locator,
          reason: `a plain word in ${locator} does not show in the answer (${plain.status}): declare a parameter that does${notes.length > 0 ? ` (${notes.join('; ')})` : ''}`,
        }
      return {
        verdict: 'pass',
        locator,
        control:
          plain.text === ''
            ? `a page that does not exist answered ${plain.status} without its address`
            : `a plain word shows (${plain.status}); markup stayed text in ${escaped} pages of ${tries.length} answers`,
      }
    })
    // asked as two visitors: the one to whom it shows is the one that counts
    const better = (place: string): ProbeVerdict | undefined =>
      ['fail', 'pass', 'error', 'inconclusive']
        .map((kind) => verdicts.find(({ locator, verdict }) => locator === place && verdict === kind))
        .find((one) => one !== undefined)
    return [...new Set(verdicts.map(({ locator }) => locator))].flatMap((place) => better(place) ?? [])
  },
})
