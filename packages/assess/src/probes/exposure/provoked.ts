import type { ProbeClient, ProbeRequest } from '../../client/types.js'
import type { ProbeContext } from '../../probe.js'
import type { ProbeVerdict } from '../../verdict.js'
import { fillRequest } from '../../target/fill.js'
import { findObjects } from '../access/objects.js'
import { createCrowd, exchangeOf, isLimited, madeUp, see, type Seen, sideBySide } from '../seen/seen.js'
import { bodyProvocations, idProvocations, pageProvocations, parameterProvocations, type Provocation } from './provocations.js'
import { readable, type Trace } from './traces.js'

/** A place of the target: how it answers honest requests and how spoilt ones. */
export type Place = {
  /** path, with the parameter where one was spoilt */
  readonly place: string
  readonly honest: readonly Seen[]
  readonly provoked: readonly { readonly how: string; readonly seen: Seen }[]
}

/** Everything that was provoked in this run. */
export type Provoked = { readonly places: readonly Place[]; readonly notes: readonly string[] }

const KEEP = 12_000

type Asker = Pick<ProbeClient, 'name' | 'send'>

const provokeAt = async (
  asker: Asker,
  place: string,
  honest: readonly ProbeRequest[],
  provocations: readonly Provocation[],
): Promise<Place> => {
  const before: Seen[] = []
  for (const request of honest) before.push(await see(asker, request, KEEP))
  const provoked: Place['provoked'][number][] = []
  for (const { how, request } of provocations) provoked.push({ how, seen: await see(asker, { timeoutMs: 6_000, ...request }, KEEP) })
  return { place, honest: before, provoked }
}

const withParameter = (path: string, parameter: string, value: string): string =>
  `${path}${path.includes('?') ? '&' : '?'}${encodeURIComponent(parameter)}=${encodeURIComponent(value)}`

const provokeAll = async (context: ProbeContext): Promise<Provoked> => {
  const { target, random } = context
  const [tasks, notes]: [(() => Promise<Place>)[], string[]] = [[], []]
  const nobody = createCrowd(context, 'an anonymous visitor', 30)
  const missing = `/${madeUp(random)}`
  for (const path of new Set(['/', ...(target.pages?.open ?? []).slice(1, 2)]))
    tasks.push(() => provokeAt(nobody, path, [{ path }], pageProvocations(path)))
  tasks.push(() =>
    provokeAt(
      nobody,
      '(a page that does not exist)',
      [{ path: missing }],
      [{ how: 'a made-up path', request: { path: `${missing}/x.php` } }],
    ),
  )
  let owner: ProbeClient | undefined
  try {
    if (target.accounts?.a !== undefined && target.signIn !== undefined) owner = await context.signedIn('a', { name: 'account a' })
  } catch (error) {
    notes.push(
      `account a could not sign in (${error instanceof Error ? error.message.slice(0, 200) : 'unknown'}): what it may do was tried as nobody`,
    )
  }
  const somebody: Asker = owner ?? nobody
  for (const { path, parameter } of (target.echoes ?? []).slice(0, 4))
    tasks.push(() =>
      provokeAt(
        somebody,
        `${path}?${parameter}`,
        [{ path }, { path: withParameter(path, parameter, 'plain') }, { path: withParameter(path, parameter, 'a') }],
        [
          ...parameterProvocations(path, parameter),
          // a statement that a quote breaks is whole again with two
          ...["o''o", "o'o", "o''o", "o'o"].map((value) => ({
            how: `pair ${value}`,
            request: { path: withParameter(path, parameter, value) },
          })),
        ],
      ),
    )
  for (const { request } of (target.writes ?? []).slice(0, 3)) {
    const honest = fillRequest(request, { name: target.accounts?.a?.name ?? '', password: '', nonce: madeUp(random) })
    tasks.push(() => provokeAt(somebody, request.path, [honest], bodyProvocations({ ...request, path: honest.path })))
  }
  if (target.signIn !== undefined) {
    const { page, request } = target.signIn
    tasks.push(() => provokeAt(nobody, request.path, [{ path: page ?? '/' }], bodyProvocations(request)))
  }
  if (owner !== undefined)
    for (const { paths } of (await findObjects(context, owner)).slice(0, 1))
      for (const path of paths.slice(0, 1))
        tasks.push(() => provokeAt(owner, `${path.replace(/[^/]*$/, '')}…`, [{ path }], idProvocations(path)))
  return { places: await sideBySide(tasks), notes }
}

/** Sends spoilt requests to what is declared, once in a run: three probes read the answers. */
export const provoke = (context: ProbeContext): Promise<Provoked> => context.once('exposure/provoked', () => provokeAll(context))

/** A trace in an answer to a spoilt request that no honest answer of the place has. */
export type Hit = { readonly place: Place; readonly how: string; readonly seen: Seen; readonly trace: Trace }

/** A path that stands in the request as well is the target’s own address, told back. */
const isEcho = (text: string, url: string): boolean => {
  const path = text.slice(Math.max(0, text.indexOf('/')))
  return path.startsWith('/') && url.includes(path)
}

/** What the finder finds in the answers to spoilt requests; what honest answers show as well (a page about errors) is none. */
export const hitsIn = (facts: Provoked, finder: (text: string, isError: boolean) => readonly Trace[]): readonly Hit[] =>
  facts.places.flatMap((place) => {
    const known = place.honest.map(({ text }) => readable(text))
    return place.provoked.flatMap(({ how, seen }) =>
      finder(readable(seen.text), seen.status >= 400)
        .filter(({ text }) => !known.some((honest) => honest.includes(text)) && !isEcho(text, seen.url))
        .map((trace) => ({ place, how, seen, trace })),
    )
  })

/** One verdict where nothing was found: a pass when errors were provoked, and the reason where none can be given. */
export const judgeQuiet = (facts: Provoked): ProbeVerdict => {
  const locator = '/'
  const answers = facts.places.flatMap(({ provoked }) => provoked.map(({ seen }) => seen))
  const silent = answers.filter(({ status }) => status === 0)
  const limited = answers.filter((seen) => isLimited(seen))
  const refused = answers.filter((seen) => seen.status >= 400 && !isLimited(seen))
  if (answers.length === 0 || silent.length * 2 > answers.length)
    return {
      verdict: 'error',
      locator,
      reason: `${silent.length} of ${answers.length} spoilt requests got no answer (${silent[0]?.why ?? 'none was sent'})`,
    }
  if (limited.length * 4 > answers.length)
    return {
      verdict: 'inconclusive',
      locator,
      reason: `the target answered ${limited.length} of ${answers.length} spoilt requests with a limit: let the kit appear at several addresses`,
    }
  if (refused.length === 0)
    return {
      verdict: 'inconclusive',
      locator,
      reason: `none of ${answers.length} spoilt requests made the target answer with an error: declare "writes" and "echoes", where more can go wrong`,
    }
  const closed = facts.places.filter(
    ({ place, honest }) => place.startsWith('/') && honest.every(({ status }) => status === 0 || status >= 400),
  )
  const notes = [
    ...facts.notes,
    ...closed.map(({ place }) => `what lies behind ${place} was not reached: an honest request is refused as well`),
  ]
  const note = notes.length === 0 ? '' : ` (${notes.join('; ').slice(0, 600)})`
  return {
    verdict: 'pass',
    locator,
    control: `${refused.length} of ${answers.length} spoilt requests at ${facts.places.length} places made the target answer with an error${note}`,
    evidence: refused.slice(0, 2).map((seen) => exchangeOf(seen, { around: 0 })),
  }
}

const findingOf = ({ place, how, seen, trace }: Hit, says: string): ProbeVerdict => {
  const excerpt = readable(seen.text).slice(Math.max(0, trace.at - 60), trace.at + 240)
  const evidence = place.honest.slice(0, 1).map((honest) => exchangeOf(honest, { note: 'the honest request' }))
  evidence.push({ ...exchangeOf(seen, { headers: ['content-type'], note: how }), excerpt })
  return { verdict: 'fail', locator: place.place, says, evidence, ...(trace.grave ? {} : { severity: 'low' }) }
}

/** One finding a place, for its gravest hit. */
export const findingsOf = (hits: readonly Hit[], says: (hit: Hit) => string): readonly ProbeVerdict[] => {
  const byPlace = new Map<string, Hit>()
  for (const hit of hits) {
    const before = byPlace.get(hit.place.place)
    if (before === undefined || (hit.trace.grave && !before.trace.grave)) byPlace.set(hit.place.place, hit)
  }
  return [...byPlace.values()].map((hit) => findingOf(hit, says(hit)))
}
