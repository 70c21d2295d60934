import { defineProbe, type Probe } from '../../probe.js'
import type { ProbeClient, ProbeRequest } from '../../client/types.js'
import type { ProbeVerdict } from '../../verdict.js'
import { fillRequest } from '../../target/fill.js'
import { createCrowd, exchangeOf, isLimited, madeUp, see, type Seen, unusable } from '../seen/seen.js'

type Facts = {
  readonly marker: string
  readonly places: readonly {
    readonly place: string
    /** the honest value, which should show in a header or in the body */
    readonly honest: Seen
    readonly tries: readonly { readonly how: string; readonly seen: Seen }[]
  }[]
  readonly notes: readonly string[]
}

/** Line ends as decoders of all kinds read them, ready for an address. Sources: CWE-113; CRLF in nginx, PHP, Tomcat and Twitter’s 2015 case. */
export const LINE_ENDS: readonly (readonly [string, string])[] = [
  ['CR LF', '%0d%0a'],
  ['CR LF in capitals', '%0D%0A'],
  ['LF', '%0a'],
  ['CR', '%0d'],
  ['CR LF with a blank behind it', '%0d%0a%20'],
  ['CR LF behind NUL', '%00%0d%0a'],
  ['CR LF encoded twice', '%250d%250a'],
  ['LF encoded twice', '%250a'],
  ['LF behind a fragment', '%23%0d%0a'],
  ['LF behind a query', '%3f%0d%0a'],
  ['characters that end in CR LF when cut to bytes', '%E5%98%8D%E5%98%8A'],
  ['Latin characters that end in LF', '%C4%8D%C4%8A'],
  ['percent-u', '%u000d%u000a'],
  ['backslash letters', '%5Cr%5Cn'],
  ['the line separator', '%E2%80%A8'],
  ['next line', '%C2%85'],
  ['overlong CR LF', '%c0%8d%c0%8a'],
]

const withQuery = (path: string, parameter: string, raw: string): string =>
  `${path}${path.includes('?') ? '&' : '?'}${encodeURIComponent(parameter)}=${raw}`

/** Did the header or the cookie that was injected really come? */
const injected = ({ headers, cookies }: Seen, marker: string): string | undefined => {
  if (`x-${marker}` in headers) return `x-${marker}`
  return cookies.some((cookie) => cookie.trimStart().startsWith(`${marker}=`)) ? 'set-cookie' : undefined
}

/** Line ends in redirect parameters and echoes; only a header or cookie that really comes is a finding. Sources: ASVS 1.2.2; CWE-113. */
export const headerInjection: Probe = defineProbe<Facts>({
  id: 'INJ-008',
  name: 'header-injection',
  family: 'exposure',
  title: 'Input ends a header and begins another',
  severity: 'high',
  kind: 'intrusive',
  cwe: 113,
  asvs: ['1.2.2'],
  needs: [],
  why: 'With headers of his own an attacker sets cookies for a visitor or writes the page that he sees.',
  fix: 'Set headers with the platform’s function, which refuses line ends, and encode values (encodeURI) before they become a Location; in nginx use $request_uri instead of $uri.',
  pace: 'quiet',
  collect: async (context) => {
    const { target, random } = context
    const marker = madeUp(random)
    const nobody = createCrowd(context, 'an anonymous visitor', 30)
    const places: Facts['places'][number][] = []
    const notes: string[] = []
    const tryAt = async (
      place: string,
      asker: () => Pick<ProbeClient, 'name' | 'send'>,
      make: (raw: string) => ProbeRequest,
      most: number,
    ): Promise<void> => {
      const honest = await see(asker(), make(`%2F${marker}`), 20_000)
      const tries: Facts['places'][number]['tries'][number][] = []
      for (const [how, end] of LINE_ENDS.slice(0, most))
        for (const line of [`X-${marker}:%20yes`, `Set-Cookie:%20${marker}=yes`].slice(0, how === 'CR LF' || how === 'LF' ? 2 : 1))
          tries.push({ how, seen: await see(asker(), make(`%2F${end}${line}`), 0) })
      places.push({ place, honest, tries })
    }
    for (const { path, parameter, at } of (target.redirects ?? []).slice(0, 4)) {
      const place = `${path}?${parameter}`
      if (at !== 'sign-in')
        await tryAt(
          place,
          () => nobody,
          (raw) => ({ path: withQuery(path, parameter, raw) }),
          LINE_ENDS.length,
        )
      else if (target.accounts?.a === undefined || target.signIn === undefined || target.signIn.request.form === undefined)
        notes.push(`${place} leads on after a sign-in: that needs account a and a sign-in by form`)
      else {
        const { a } = target.accounts
        const filled = fillRequest(target.signIn.request, { name: a.name, password: a.password })
        const { [parameter]: _, ...form } = filled.form ?? {}
        const fields = new URLSearchParams(form).toString()
        const make = (raw: string): ProbeRequest => ({
          method: filled.method ?? 'POST',
          path: withQuery(filled.path, parameter, raw),
          body: `${fields}&${encodeURIComponent(parameter)}=${raw}`,
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
        })
        await tryAt(place, () => context.client({ name: 'account a' }), make, 4)
      }
    }
    for (const { path, parameter } of (target.echoes ?? []).slice(0, 3))
      await tryAt(
        `${path}?${parameter}`,
        () => nobody,
        (raw) => ({ path: withQuery(path, parameter, raw) }),
        LINE_ENDS.length,
      )
    // what nginx and the like do with the address itself
    await tryAt(
      '/ (the address)',
      () => nobody,
      (raw) => ({ path: `/${raw.slice(3)}` }),
      LINE_ENDS.length,
    )
    return { marker, places, notes }
  },
  judge: ({ marker, places, notes }) => [
    ...notes.map((reason): ProbeVerdict => ({ verdict: 'skipped', locator: reason.split(' ', 1)[0] ?? '/', reason })),
    ...places.map(({ place: locator, honest, tries }): ProbeVerdict => {
      const hit = tries.find(({ seen }) => injected(seen, marker) !== undefined)
      if (hit !== undefined)
        return {
          verdict: 'fail',
          locator,
          says: `${hit.how} in ${locator} begins a header of the attacker’s own (${injected(hit.seen, marker) ?? ''})`,
          evidence: [
            exchangeOf(honest, { headers: ['location'] }),
            exchangeOf(hit.seen, { headers: [`x-${marker}`, 'set-cookie', 'location'], note: hit.how }),
          ],
        }
      const broken = unusable(locator, honest) ?? tries.filter(({ seen }) => isLimited(seen)).map(({ seen }) => unusable(locator, seen))[0]
      if (broken !== undefined) return broken
      const garbage = tries.find(({ seen }) => seen.why?.startsWith('garbage'))
      if (garbage !== undefined)
        return {
          verdict: 'inconclusive',
          locator,
          reason: `to ${garbage.how} the target answered something that is not HTTP: look at it by hand`,
          evidence: [exchangeOf(garbage.seen)],
        }
      const silent = tries.filter(({ seen }) => seen.status === 0)
      if (silent.length * 2 > tries.length)
        return {
          verdict: 'error',
          locator,
          reason: `${silent.length} of ${tries.length} requests got no answer (${silent[0]?.seen.why ?? ''})`,
        }
      const header = Object.entries(honest.headers).find(([, value]) => value.includes(marker))?.[0]
      const shows = header ?? (honest.text.includes(marker) ? 'the body' : undefined)
      if (shows === undefined && locator !== '/ (the address)')
        return {
          verdict: 'inconclusive',
          locator,
          reason: `an honest value shows neither in a header nor in the body (${honest.status}): declare a parameter that does`,
        }
      return {
        verdict: 'pass',
        locator,
        control: `an honest value ${shows === undefined ? `was answered (${honest.status})` : `shows in ${shows}`}; none of ${tries.length} line ends began a header`,
      }
    }),
  ],
})
