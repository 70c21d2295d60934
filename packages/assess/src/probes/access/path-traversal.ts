import { defineProbe, type Probe } from '../../probe.js'
import type { ProbeVerdict } from '../../verdict.js'
import { findAssets, foldersOf } from '../seen/assets.js'
import { createCrowd, exchangeOf, firstUnusable, isOk, see, type Seen, sideBySide } from '../seen/seen.js'
import { CLIMBS, isPackageJson, isPasswd, TAILS } from './traversal-corpus.js'

type Facts = {
  readonly asset: Seen | undefined
  readonly after: Seen | undefined
  readonly honest: readonly Seen[]
  readonly tries: readonly { readonly place: string; readonly how: string; readonly seen: Seen }[]
}

const DEPTH = 9
const COMMON: ReadonlySet<string> = new Set([
  'plain',
  'encoded dots',
  'encoded slash',
  'all encoded',
  'encoded twice',
  'filter that runs once',
])
const PASSWD = 'etc/passwd'

/** What is asked for below one beginning, such as `/static/` or `/page?name=`. */
const climbsFrom = (start: string): readonly { how: string; path: string }[] => {
  const asked: { how: string; path: string }[] = []
  for (const { name, step } of CLIMBS) {
    asked.push({ how: name, path: start + step.repeat(DEPTH) + PASSWD })
    // behind a check that keeps to the program's own folder; few spellings get that far
    if (COMMON.has(name)) for (const depth of [1, 2]) asked.push({ how: name, path: `${start}${step.repeat(depth)}package.json` })
  }
  for (const tail of TAILS.slice(1)) asked.push({ how: `plain with ${tail}`, path: `${start}${'../'.repeat(DEPTH)}${PASSWD}${tail}` })
  // nginx with `location /files { alias …/; }`: a slash is missing, and one step up is all there is
  if (start.endsWith('/') && start !== '/')
    for (const step of ['../', '..%2f', '%2e%2e/']) asked.push({ how: 'a missing slash', path: `${start.slice(0, -1)}${step}package.json` })
  asked.push({ how: 'absolute', path: `${start}/${PASSWD}` }, { how: 'absolute, encoded', path: `${start}%2f${PASSWD}` })
  return asked
}

const shape = (text: string): string | undefined =>
  isPasswd(text) ? 'the accounts of the machine (/etc/passwd)' : isPackageJson(text) ? 'the package.json of the program' : undefined

/** Asks for files above the served folder in some fifty spellings, on files and in parameters. Sources: ASVS 5.3.2; CWE-22. */
export const pathTraversal: Probe = defineProbe<Facts>({
  id: 'INJ-006',
  name: 'path-traversal',
  family: 'access',
  title: 'Files above the served folder can be read',
  severity: 'high',
  kind: 'intrusive',
  cwe: 22,
  asvs: ['5.3.2'],
  needs: ['pages.assets'],
  why: 'Whoever climbs out of the folder reads settings, keys and source of the server.',
  fix: 'Resolve the path, then check that it still begins with the folder; or serve files with a library that does (express.static, @fastify/static). Never join a parameter to a path.',
  pace: 'quiet',
  collect: async (context) => {
    const client = createCrowd(context, 'an anonymous visitor')
    const { assets } = await findAssets(context, client)
    const [first] = context.target.pages?.assets ?? assets
    const asset = first === undefined ? undefined : await see(client, { path: first }, 100)
    const folders = [...new Set(assets.flatMap((path) => foldersOf(path).slice(0, 1)))].slice(0, 2)
    const parameters = (context.target.echoes ?? []).slice(0, 2).map(({ path, parameter }) => ({
      place: `${path}?${parameter}`,
      start: `${path}${path.includes('?') ? '&' : '?'}${encodeURIComponent(parameter)}=`,
    }))
    const honest: Seen[] = []
    let owner: Pick<typeof client, 'name' | 'send'> = client
    try {
      const { accounts, signIn } = context.target
      if (parameters.length > 0 && accounts?.a !== undefined && signIn !== undefined)
        owner = await context.signedIn('a', { name: 'account a' })
    } catch {
      // without the account its parameters are tried as nobody
    }
    honest.push(await see(client, { path: '/package.json' }))
    for (const { start } of parameters) honest.push(await see(owner, { path: `${start}x` }))
    const starts = [...['/', ...folders].map((folder) => ({ place: folder, start: folder })), ...parameters]
    const climbs = starts.flatMap(({ place, start }) => climbsFrom(start).map(({ how, path }) => ({ place, how, path })))
    const tries = await sideBySide(
      climbs.map(({ place, how, path }) => async (): Promise<Facts['tries'][number]> => {
        const seen = await see(place.includes('?') ? owner : client, { path, timeoutMs: 4_000 })
        return { place, how, seen: shape(seen.text) === undefined ? Object.assign(seen, { text: '', headers: {} }) : seen }
      }),
    )
    return { asset, after: first === undefined ? undefined : await see(client, { path: first }, 100), honest, tries }
  },
  judge: ({ asset, after, honest, tries }) => {
    const places = [...new Set(tries.map(({ place }) => place))]
    return places.map((locator): ProbeVerdict => {
      const here = tries.filter(({ place }) => place === locator)
      // a package.json that lies open without climbing is another fault, and an honest answer that shows passwd is documentation
      const hit = here.find(
        ({ seen }) =>
          isOk(seen) && shape(seen.text) !== undefined && !honest.some((one) => isOk(one) && shape(one.text) === shape(seen.text)),
      )
      if (hit !== undefined)
        return {
          verdict: 'fail',
          locator,
          says: `Below ${locator} a path that climbs (${hit.how}) reads ${shape(hit.seen.text)}`,
          evidence: [exchangeOf(hit.seen, { headers: ['content-type'], around: 0 })],
        }
      const broken = firstUnusable(
        locator,
        here.map(({ seen }) => seen),
      )
      if (broken !== undefined) return broken
      if (asset === undefined || !isOk(asset) || after === undefined || !isOk(after) || asset.digest !== after.digest)
        return {
          verdict: 'inconclusive',
          locator,
          reason: `${asset?.url ?? 'the declared file'} did not open alike before and after (${asset?.status ?? 0}, ${after?.status ?? 0}): declare a file of "pages.assets" that opens`,
        }
      return {
        verdict: 'pass',
        locator,
        control: `${asset.url} opened before and after (${asset.status}); ${here.length} spellings below ${locator} read no file above it`,
      }
    })
  },
})
