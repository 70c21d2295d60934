import { defineProbe, type Probe } from '../../probe.js'
import type { ProbeVerdict } from '../../verdict.js'
import { exchangeOf, isOk, madeUp, see, type Seen, unusable } from '../seen/seen.js'
import { missingTwin } from './object-paths.js'
import { findObjects } from './objects.js'
import { openingOf, ownerSees } from './opened.js'

type Stranger = { readonly get: Seen; readonly head: Seen; readonly missing: Seen; readonly bases: readonly Seen[] }
type Facts = {
  readonly troubles: readonly { readonly name: string; readonly reason: string }[]
  readonly objects: readonly {
    readonly place: string
    readonly owner: Seen
    readonly ownerMissing: Seen
    readonly strangers: readonly Stranger[]
  }[]
}

/** Objects of one declaration that are asked for. */
const MOST = 3

/** Does HEAD tell what GET keeps? Only a length beyond that of the refusal does. */
const headTells = ({ get, head }: Stranger, owner: Seen): boolean =>
  isOk(head) && !isOk(get) && (head.headers['content-length'] === String(owner.bytes) || head.headers['etag'] === owner.headers['etag'])

const judgeOne = ({ place: locator, owner, ownerMissing, strangers }: Facts['objects'][number]): readonly ProbeVerdict[] => {
  const noControl = unusable(locator, owner)
  if (noControl !== undefined) return [noControl]
  if (!ownerSees(owner, [ownerMissing]))
    return [
      {
        verdict: 'inconclusive',
        locator,
        reason: `${owner.as} cannot open the own object (${owner.status}): declare one that it owns`,
        evidence: [exchangeOf(owner, { around: 0 })],
      },
    ]
  const [closed, verdicts]: [string[], ProbeVerdict[]] = [[], []]
  for (const stranger of strangers) {
    const { get, missing, bases } = stranger
    const broken = unusable(locator, get)
    if (broken !== undefined) return [broken]
    const opening = openingOf(owner, get, [...bases, missing, ownerMissing])
    if (opening.kind === 'open')
      return [
        {
          verdict: 'fail',
          locator,
          says: `${owner.url} of ${owner.as} opens for ${get.as} (${get.status}${opening.words.length === 0 ? '' : `, with words such as ${opening.words.join(', ')}`})`,
          evidence: [exchangeOf(owner, { around: 0 }), exchangeOf(get, { around: 0 })],
        },
      ]
    if (opening.kind === 'unclear')
      return [
        {
          verdict: 'inconclusive',
          locator,
          reason: `for ${get.as} ${opening.why}: look at it by hand`,
          evidence: [exchangeOf(get, { around: 0 })],
        },
      ]
    closed.push(`${get.as} was ${opening.how}`)
    if (headTells(stranger, owner))
      verdicts.push({
        verdict: 'fail',
        severity: 'medium',
        locator: `${locator} (HEAD)`,
        says: `HEAD ${owner.url} answers ${get.as} with ${stranger.head.status} and the length or tag of the object that GET refuses`,
        evidence: [exchangeOf(get), exchangeOf(stranger.head, { headers: ['content-length', 'etag'] })],
      })
    else if (get.status !== missing.status && get.status >= 400 && missing.status >= 400)
      verdicts.push({
        verdict: 'fail',
        severity: 'info',
        locator: `${locator} (existence)`,
        says: `${get.as} gets ${get.status} for an object of ${owner.as} and ${missing.status} for one that does not exist: the answer tells which exist`,
        evidence: [exchangeOf(get), exchangeOf(missing)],
      })
  }
  const control = `${owner.as} opened ${owner.url} (${owner.status}); ${closed.join('; ')}`
  return [...verdicts, { verdict: 'pass', locator, control, evidence: [exchangeOf(owner), ...strangers.map(({ get }) => exchangeOf(get))] }]
}

/** A failed one tells of its place; else one that allowed no statement; a pass only when each object of it passed. Lesser faults stand beside it. */
const judgePlace = (verdicts: readonly ProbeVerdict[], place: string): readonly ProbeVerdict[] => {
  const whole = verdicts.filter(({ locator }) => locator === place)
  const besides = verdicts.filter(({ locator }, i) => locator !== place && verdicts.findIndex((other) => other.locator === locator) === i)
  const worst = whole.find(({ verdict }) => verdict === 'fail') ?? whole.find(({ verdict }) => verdict !== 'pass') ?? whole[0]
  return [...besides, ...(worst === undefined ? [] : [worst])]
}

/** Objects of account `a`, asked for by account `b` and by nobody with GET and HEAD. Source: ASVS 8.2.2. */
export const crossUserObject: Probe = defineProbe<Facts>({
  id: 'ACC-002',
  name: 'cross-user-object',
  family: 'access',
  title: 'One user’s object opens for another',
  severity: 'critical',
  kind: 'active',
  cwe: 639,
  asvs: ['8.2.2'],
  needs: ['objects', 'accounts.a', 'accounts.b', 'signIn'],
  why: 'Whoever has an account reads the data of all others by changing an id in the address.',
  fix: 'Look objects up together with who asks (in the query, not after it), answer 404 for what a person may not see, and do so for every method.',
  pace: 'quiet',
  collect: async (context) => {
    const owner = await context.signedIn('a', { name: 'account a' })
    const [declared, other] = [await findObjects(context, owner), await context.signedIn('b', { name: 'account b' })]
    const visitors = [other, context.client({ name: 'an anonymous visitor' })]
    const [strangerBases, objects]: [Map<string, Seen[]>, Facts['objects'][number][]] = [new Map(), []]
    for (const visitor of visitors) {
      const bases = [await see(visitor, { path: `/${madeUp(context.random)}` })]
      for (const path of [context.target.signIn?.page, ...declared.map(({ list }) => list)])
        if (path !== undefined) bases.push(await see(visitor, { path }))
      strangerBases.set(visitor.name, bases)
    }
    const asked = new Map(
      declared.flatMap(({ name, pattern, paths }) => paths.slice(0, MOST).map((path) => [path, pattern ?? paths[0] ?? name])),
    )
    for (const [path, place] of asked) {
      const own = await see(owner, { path })
      const strangers: Stranger[] = []
      for (const visitor of visitors)
        strangers.push({
          get: await see(visitor, { path }),
          head: await see(visitor, { method: 'HEAD', path }),
          missing: await see(visitor, { path: missingTwin(path) }),
          bases: strangerBases.get(visitor.name) ?? [],
        })
      objects.push({ place, owner: own, ownerMissing: await see(owner, { path: missingTwin(path) }), strangers })
    }
    return { troubles: declared.flatMap(({ name, trouble }) => (trouble === undefined ? [] : [{ name, reason: trouble }])), objects }
  },
  judge: (facts) => [
    ...facts.troubles.map(({ name, reason }): ProbeVerdict => ({ verdict: 'inconclusive', locator: name, reason })),
    ...[...new Set(facts.objects.map(({ place }) => place))].flatMap((place) =>
      judgePlace(
        facts.objects.filter((object) => object.place === place).flatMap((object) => judgeOne(object)),
        place,
      ),
    ),
  ],
})
