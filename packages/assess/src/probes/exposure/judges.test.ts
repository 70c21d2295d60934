import { describe, expect, it } from 'vitest'
import { brief, seen } from '../seen/fixtures/run-probe.js'
import type { Seen } from '../seen/seen.js'
import { banner } from './banner.js'
import { headerInjection } from './header-injection.js'
import { methods } from './methods.js'
import { prototypeKeys } from './prototype-keys.js'
import { publicInternals } from './public-internals.js'
import { reflectedMarkup } from './reflected-markup.js'
import { sourceMap } from './source-map.js'

const LATE = seen(0, '', { why: 'timeout: no answer' })
const CUT = seen(0, '', { why: 'reset: closed' })
const json = (text: string, rest: Partial<Seen> = {}): Seen =>
  seen(200, text, { ...rest, headers: { 'content-type': 'application/json', ...rest.headers } })
const m = 'pptabc'

describe('the judge of line ends', () => {
  const facts = (honest: Seen, ...tries: readonly Seen[]): unknown => ({
    marker: m,
    notes: [],
    places: [{ place: '/go?next', honest, tries: tries.map((one) => ({ how: 'CR LF', seen: one })) }],
  })
  const honest = seen(302, '', { headers: { location: `/${m}` } })
  it.each([
    ['a header that came', facts(honest, seen(302, '', { headers: { [`x-${m}`]: 'yes' } })), 'fail'],
    ['a cookie that came', facts(honest, seen(302, '', { cookies: [`${m}=yes`] })), 'fail'],
    ['the words inside a header', facts(honest, seen(302, '', { headers: { location: `/%0d%0aX-${m}: yes` } })), 'pass'],
    ['the words inside a cookie', facts(honest, seen(302, '', { cookies: [`next=${m}=yes`] })), 'pass'],
    ['the words in the body', facts(honest, seen(200, `X-${m}: yes`)), 'pass'],
    ['a refusal', facts(honest, seen(400)), 'pass'],
    ['a value that shows nowhere', facts(seen(302), seen(302)), 'inconclusive'],
    ['a limit', facts(honest, seen(429)), 'inconclusive'],
    ['a header although the target limits', facts(honest, seen(429), seen(302, '', { headers: { [`x-${m}`]: 'yes' } })), 'fail'],
    ['an answer that is no HTTP', facts(honest, seen(0, '', { why: 'garbage: x' }), seen(400)), 'inconclusive'],
    ['connections that are cut', facts(honest, CUT, CUT), 'error'],
    ['no honest answer', facts(LATE, seen(400)), 'error'],
  ])('with %s', (_, given, verdict) => {
    expect(brief(headerInjection.judge(given))).toEqual([`${verdict} /go?next`])
  })

  it('passes on what could not be tried', () => {
    expect(
      headerInjection.judge({ marker: m, places: [], notes: ['/sign-in?next leads on after a sign-in: that needs account a'] }),
    ).toEqual([{ verdict: 'skipped', locator: '/sign-in?next', reason: '/sign-in?next leads on after a sign-in: that needs account a' }])
  })
})

describe('the judge of methods', () => {
  const method = (name: string, one: Seen): Seen => ({ ...one, method: name })
  const facts = (get: Seen, others: readonly Seen[], put = seen(404), afterPut = seen(404)): unknown => ({
    marker: m,
    pages: [{ get, others }],
    put,
    afterPut,
  })
  const home = seen(200, 'home')
  it.each([
    ['refusals', facts(home, [method('TRACE', seen(405)), method('PROPFIND', seen(501))]), ['pass /']],
    ['cut connections', facts(home, [method('TRACK', CUT)]), ['pass /']],
    ['TRACE that echoes', facts(home, [method('TRACE', seen(200, `x-marker: ${m}`))]), ['fail / (TRACE)']],
    ['TRACE with an empty answer', facts(home, [method('TRACE', seen(200))]), ['fail /']],
    ['any method', facts(home, [method('SEARCH', seen(200, 'home'))]), ['fail /']],
    ['a redirect to the sign-in', facts(home, [method('SEARCH', seen(303))]), ['pass /']],
    ['a limit', facts(home, [method('SEARCH', seen(429))]), ['inconclusive /']],
    ['a page that does not open', facts(seen(302), [method('TRACE', seen(405))]), ['inconclusive /']],
    ['a file that stays', facts(home, [], seen(201), seen(200, `a test of ${m}`)), ['fail / (PUT)', 'pass /']],
    ['a PUT that is answered and stores nothing', facts(home, [], seen(200), seen(404)), ['pass /']],
  ])('with %s', (_, given, expected) => {
    expect(brief(methods.judge(given))).toEqual(expected)
  })
})

describe('the judge of prototype keys', () => {
  type Parts = { harmless?: Seen; loaded?: Seen; again?: Seen; before?: Seen; after?: Seen }
  const facts = ({
    harmless = json('{"saved":true}'),
    loaded = harmless,
    again = harmless,
    before = json('{"name":"anna"}'),
    after = before,
  }: Parts): unknown => ({
    marker: m,
    places: [{ place: '/notes', tries: [{ how: '__proto__ in JSON', harmless, loaded, again, before: [before], after: [after] }] }],
  })
  const cached = (value: string): Seen => seen(200, 'x', { headers: { 'cache-control': value } })
  it.each([
    ['nothing that changed', facts({}), 'pass'],
    ['a property in a later answer', facts({ after: json(`{"name":"anna","${m}":"${m}"}`) }), 'fail'],
    ['a property that was there before', facts({ before: json(`{"${m}":1}`), after: json(`{"${m}":1}`) }), 'pass'],
    ['a body that is kept as data', facts({ after: json(`{"note":{"__proto__":{"${m}":"${m}"}}}`) }), 'pass'],
    ['a property in the next answer', facts({ again: json(`{"saved":true,"${m}":"${m}"}`) }), 'fail'],
    ['a file that became immutable', facts({ before: cached('max-age=9'), after: cached('max-age=9, immutable') }), 'fail'],
    ['a file that was immutable', facts({ before: cached('immutable'), after: cached('immutable') }), 'pass'],
    ['a failure by this key only', facts({ loaded: seen(500) }), 'fail'],
    ['a failure by any key', facts({ harmless: seen(500) }), 'inconclusive'],
    ['a refusal of this key', facts({ loaded: seen(400) }), 'pass'],
    ['a refusal of strange keys', facts({ harmless: seen(422) }), 'pass'],
    ['a failure afterwards', facts({ again: seen(500) }), 'fail'],
    ['a limit', facts({ loaded: seen(429) }), 'inconclusive'],
    ['an act that is refused', facts({ harmless: seen(403) }), 'inconclusive'],
    ['no page to look at', facts({ before: seen(302), after: seen(302) }), 'inconclusive'],
    ['silence', facts({ loaded: LATE }), 'error'],
  ])('with %s', (_, given, verdict) => {
    expect(brief(prototypeKeys.judge(given))).toEqual([`${verdict} /notes`])
  })
})

describe('the judge of markup', () => {
  const facts = (plain: Seen, ...tries: readonly Seen[]): unknown => ({
    marker: m,
    notes: [],
    places: [{ place: '/search?q', plain, tries }],
  })
  const shows = seen(200, m)
  it.each([
    ['an element in HTML', facts(shows, seen(200, `<p><x-${m}></p>`)), 'fail'],
    ['an element in HTML with 404', facts(shows, seen(404, `<p><x-${m}></p>`)), 'fail'],
    ['the same in JSON', facts(shows, json(`{"q":"<x-${m}>"}`)), 'pass'],
    ['the same as text', facts(shows, seen(200, `<x-${m}>`, { headers: { 'content-type': 'text/plain' } })), 'pass'],
    ['text without a type', facts(shows, seen(200, `<!doctype html><x-${m}>`, { headers: {} })), 'fail'],
    ['a word that does not show', facts(seen(200, ''), seen(200)), 'inconclusive'],
    ['a limit', facts(shows, seen(429)), 'inconclusive'],
    ['silence', facts(shows, LATE), 'error'],
    ['an element although one try was limited', facts(shows, seen(429), seen(200, `<x-${m}>`)), 'fail'],
  ])('with %s', (_, given, verdict) => {
    expect(brief(reflectedMarkup.judge(given))).toEqual([`${verdict} /search?q`])
  })

  it('goes by the visitor to whom the word shows', () => {
    const both = {
      marker: m,
      notes: [],
      places: [seen(200, ''), shows].map((plain) => ({ place: '/search?q', plain, tries: [seen(200)] })),
    }
    expect(brief(reflectedMarkup.judge(both))).toEqual(['pass /search?q'])
  })
})

describe('the judges of what is shown', () => {
  it('of pages for operators take no answer for one that comes for everything', () => {
    const metrics = seen(200, '# HELP x y\n# TYPE x counter\nx 1\n', { url: '/metrics', headers: { 'content-type': 'text/plain' } })
    const facts = (missing: Seen, ...answers: readonly Seen[]): unknown => ({ home: seen(200, 'home'), missing, answers })
    expect(brief(publicInternals.judge(facts(seen(404), metrics)))).toEqual(['fail /metrics'])
    expect(brief(publicInternals.judge(facts({ ...metrics, url: '/ppt' }, metrics)))).toEqual(['pass /'])
    expect(brief(publicInternals.judge(facts(seen(404), { ...metrics, status: 401 })))).toEqual(['pass /'])
    expect(brief(publicInternals.judge(facts(seen(404), seen(429))))).toEqual(['inconclusive /'])
    expect(brief(publicInternals.judge(facts(seen(404), LATE, seen(404), seen(404))))).toEqual(['error /'])
  })

  it('of source maps want a script that opens and a map that is one', () => {
    const script = seen(200, '', { url: '/a.js' })
    const map = json('{"version":3,"mappings":"A"}', { url: '/a.js.map' })
    const facts = (asset: Seen, one: Seen, inline = false): unknown => ({ files: [{ asset, inline, maps: [one] }] })
    expect(brief(sourceMap.judge(facts(script, map)))).toEqual(['fail /a.js'])
    expect(brief(sourceMap.judge(facts(script, { ...map, status: 403 })))).toEqual(['pass /a.js'])
    expect(brief(sourceMap.judge(facts(script, seen(200, '<html>app</html>'))))).toEqual(['pass /a.js'])
    expect(brief(sourceMap.judge(facts(script, seen(404), true)))).toEqual(['fail /a.js'])
    expect(brief(sourceMap.judge(facts({ ...script, status: 404 }, seen(404))))).toEqual(['inconclusive /a.js'])
    expect(brief(sourceMap.judge({ files: [] }))).toEqual(['skipped /'])
  })

  it('of banners read any answer, and say so when there was none', () => {
    expect(
      brief(
        banner.judge({
          answers: [seen(500, '', { headers: { server: 'gunicorn/20.1' } }), seen(200, '', { headers: { server: 'gunicorn/20.1' } })],
        }),
      ),
    ).toEqual(['fail server'])
    expect(brief(banner.judge({ answers: [seen(429, '', { headers: { server: 'nginx' } })] }))).toEqual(['pass /'])
    expect(brief(banner.judge({ answers: [LATE, LATE] }))).toEqual(['error /'])
  })
})
