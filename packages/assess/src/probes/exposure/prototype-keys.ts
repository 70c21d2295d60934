import { defineProbe, type Probe } from '../../probe.js'
import type { ProbeClient, ProbeRequest } from '../../client/types.js'
import type { ProbeVerdict } from '../../verdict.js'
import { fillRequest } from '../../target/fill.js'
import { createCrowd, exchangeOf, isLimited, madeUp, see, type Seen, unusable } from '../seen/seen.js'

type Try = {
  readonly how: string
  /** the same body with a key that means nothing, and with the key that does */
  readonly harmless: Seen
  readonly loaded: Seen
  /** the same harmless request again */
  readonly again: Seen
  /** pages that were asked before and after */
  readonly before: readonly Seen[]
  readonly after: readonly Seen[]
}
type Facts = { readonly marker: string; readonly places: readonly { readonly place: string; readonly tries: readonly Try[] }[] }

/** What a polluted prototype shows without harm: a property of the marker’s name, and `immutable`, which file servers read from their options. */
const PAYLOAD = (marker: string, immutable: true | ''): Readonly<Record<string, unknown>> => ({ [marker]: marker, immutable })

type Shape =
  | { readonly how: string; readonly json: (payload: unknown) => string }
  | { readonly how: string; readonly form: (key: string, value: string) => string }

/** Ways in which a body or a query names the prototype. `proto` is the key that does, or one that does not. */
const SHAPES = (proto: string, maker: string, inner: string): readonly Shape[] => [
  { how: '__proto__ in JSON', json: (payload) => `"${proto}":${JSON.stringify(payload)}` },
  { how: 'constructor.prototype in JSON', json: (payload) => `"${maker}":{"${inner}":${JSON.stringify(payload)}}` },
  { how: '__proto__ in a form', form: (key, value) => `${proto}[${key}]=${value}` },
  { how: 'constructor.prototype in a form', form: (key, value) => `${maker}[${inner}][${key}]=${value}` },
]
const LOADED = SHAPES('__proto__', 'constructor', 'prototype')
const HARMLESS = SHAPES('__prota__', 'constructar', 'prototypa')

/** A body of this shape around the template’s own fields. */
const bodyWith = (
  shape: Shape,
  request: ProbeRequest,
  payload: Readonly<Record<string, unknown>>,
): { readonly type: string; readonly body: string } => {
  if ('json' in shape) {
    const own = JSON.stringify(request.json ?? request.form ?? {}).slice(1, -1)
    return { type: 'application/json', body: `{${own}${own === '' ? '' : ','}${shape.json(payload)}}` }
  }
  const own = new URLSearchParams(request.form ?? {}).toString()
  const fields = Object.entries(payload).map(([key, value]) => shape.form(encodeURIComponent(key), encodeURIComponent(String(value))))
  return { type: 'application/x-www-form-urlencoded', body: [own, ...fields].filter((part) => part !== '').join('&') }
}

const AS_SENT: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

const hasKey = (value: unknown, key: string, depth: number): boolean => {
  if (value === null || typeof value !== 'object' || depth > 12) return false
  return Object.entries(value).some(([name, inner]) => name === key || (!AS_SENT.has(name) && hasKey(inner, key, depth + 1)))
}

/** Does a property of this name stand in the answer's JSON or headers? Below `__proto__` it is only what was sent, kept as data. */
export const showsMarker = (seen: Pick<Seen, 'text' | 'headers'>, marker: string): boolean => {
  if (marker in seen.headers || Object.values(seen.headers).some((value) => value.includes(marker))) return true
  if (!seen.text.includes(`"${marker}"`)) return false
  try {
    return hasKey(JSON.parse(seen.text), marker, 0)
  } catch {
    return false
  }
}

const becameImmutable = (before: Seen | undefined, after: Seen): boolean =>
  before !== undefined &&
  !(before.headers['cache-control'] ?? '').includes('immutable') &&
  (after.headers['cache-control'] ?? '').includes('immutable')

const judgeTry = (one: Try, marker: string): { readonly says: string; readonly shown: readonly Seen[] } | undefined => {
  const { how, harmless, loaded, again, before, after } = one
  const changed = after.find((seen, i) => showsMarker(seen, marker) && !(before[i] !== undefined && showsMarker(before[i], marker)))
  if (changed !== undefined)
    return { says: `${how} changes later answers: ${changed.url} shows a property that nobody put there`, shown: [loaded, changed] }
  const cached = after.find((seen, i) => becameImmutable(before[i], seen))
  if (cached !== undefined)
    return { says: `${how} changes later answers: ${cached.url} became immutable for caches`, shown: [loaded, cached] }
  if (!isLimited(again) && showsMarker(again, marker) && !showsMarker(harmless, marker))
    return { says: `${how} changes later answers to the same honest request`, shown: [harmless, loaded, again] }
  if (loaded.status >= 500 && !isLimited(loaded) && harmless.status > 0 && harmless.status < 500)
    return {
      says: `${how} makes the program fail (${loaded.status}), the same body with another key does not (${harmless.status})`,
      shown: [harmless, loaded],
    }
  if (again.status >= 500 && !isLimited(again) && harmless.status > 0 && harmless.status < 500)
    return {
      says: `After ${how} the same honest request fails (${again.status}; before: ${harmless.status})`,
      shown: [harmless, loaded, again],
    }
  return undefined
}

/** `__proto__` and `constructor.prototype` in JSON, forms and queries; what counts is what later answers show. Sources: ASVS 1.3.7, 15.3.6; CWE-1321. */
export const prototypeKeys: Probe = defineProbe<Facts>({
  id: 'INJ-007',
  name: 'prototype-keys',
  family: 'exposure',
  title: 'Keys of a body reach the prototype of all objects',
  severity: 'high',
  kind: 'intrusive',
  cwe: 1321,
  asvs: ['15.3.6'],
  needs: ['writes', 'accounts.a', 'signIn'],
  why: 'One request changes every object of the server: checks of rights that read a missing property find one, or the program stops for everybody.',
  fix: 'Check bodies against a schema and copy named fields; merge into Object.create(null) or a Map; start Node with --disable-proto=delete.',
  pace: 'loud',
  collect: async (context) => {
    const { target, random } = context
    const [marker, other] = [madeUp(random), madeUp(random)]
    const owner = await context.signedIn('a', { name: 'account a' })
    const nobody = createCrowd(context, 'an anonymous visitor')
    const watched = [
      ...new Set([target.signIn?.proof, ...(target.pages?.signedIn ?? []).slice(0, 2), ...(target.pages?.assets ?? []).slice(0, 1)]),
    ].filter((path) => path !== undefined)
    const watch = async (): Promise<readonly Seen[]> => {
      const seen: Seen[] = []
      for (const path of watched) seen.push(await see(owner, { path }, 20_000))
      return seen
    }
    const start = await watch()
    let last = start
    const places: Facts['places'][number][] = []
    const tryAt = async (
      place: string,
      asker: Pick<ProbeClient, 'name' | 'send'>,
      make: (shape: Shape, immutable: true | '', key: string) => ProbeRequest,
      shapes: readonly number[],
    ): Promise<void> => {
      const tries: Try[] = []
      for (const i of shapes) {
        const [loaded, harmless] = [LOADED[i], HARMLESS[i]]
        if (loaded === undefined || harmless === undefined) continue
        // what an earlier body changed must not be blamed on this one
        const before = last.some((seen, n) => showsMarker(seen, marker) || becameImmutable(start[n], seen)) ? await watch() : last
        const first = await see(asker, make(harmless, true, other), 20_000)
        const sent = await see(asker, make(loaded, true, marker), 20_000)
        const after = await watch()
        last = after
        const again = await see(asker, make(harmless, true, other), 20_000)
        // puts back what a polluted prototype would go on telling file servers
        await see(asker, make(loaded, '', marker), 0)
        tries.push({ how: loaded.how, harmless: first, loaded: sent, again, before, after })
      }
      places.push({ place, tries })
    }
    for (const { request } of (target.writes ?? []).slice(0, 4)) {
      const honest = fillRequest(request, { name: target.accounts?.a?.name ?? '', nonce: madeUp(random) })
      const make = (shape: Shape, immutable: true | '', key: string): ProbeRequest => {
        const { type, body } = bodyWith(shape, honest, PAYLOAD(key, immutable))
        return { method: honest.method ?? 'POST', path: honest.path, body, headers: { 'content-type': type } }
      }
      await tryAt(request.path, owner, make, request.form === undefined ? [0, 1] : [2, 3, 0])
    }
    for (const { path } of (target.echoes ?? []).slice(0, 1)) {
      const make = (shape: Shape, immutable: true | '', key: string): ProbeRequest => ({
        path: `${path}${path.includes('?') ? '&' : '?'}${bodyWith(shape, { path, form: {} }, PAYLOAD(key, immutable)).body}`,
      })
      await tryAt(`${path} (query)`, nobody, make, [2, 3])
    }
    return { marker, places }
  },
  judge: ({ marker, places }) =>
    places.map(({ place: locator, tries }): ProbeVerdict => {
      for (const one of tries) {
        const found = judgeTry(one, marker)
        if (found !== undefined)
          return {
            verdict: 'fail',
            locator,
            says: `${locator}: ${found.says}`,
            evidence: found.shown
              .slice(0, 3)
              .map((seen) => exchangeOf(seen, { headers: ['cache-control'], around: Math.max(0, seen.text.indexOf(marker)) })),
          }
      }
      const asked = tries.flatMap(({ harmless, loaded, again }) => [harmless, loaded, again])
      const broken = asked.map((seen) => unusable(locator, seen)).find((verdict) => verdict !== undefined)
      if (broken !== undefined) return broken
      const taken = tries.filter(({ harmless }) => harmless.status > 0 && harmless.status < 400)
      if (taken.length === 0 && tries.every(({ harmless }) => harmless.status !== 400 && harmless.status !== 422))
        return {
          verdict: 'inconclusive',
          locator,
          reason: `the act itself is refused (${tries[0]?.harmless.status ?? 0}): declare one that account a may do`,
        }
      const watched = tries[0]?.after.filter(({ status }) => status >= 200 && status < 300).map(({ url }) => url) ?? []
      if (watched.length === 0)
        return { verdict: 'inconclusive', locator, reason: 'no page opened in which a change could show: declare "pages.signedIn"' }
      const statuses = tries.map(({ how, harmless, loaded }) => `${how} ${loaded.status} (another key ${harmless.status})`).join(', ')
      return {
        verdict: 'pass',
        locator,
        control: `${statuses}; the same request and ${watched.slice(0, 4).join(', ')} answered alike before and after`,
      }
    }),
})
