import { defineProbe, type Probe } from '../../probe.js'
import type { ProbeVerdict } from '../../verdict.js'
import { findAssets, foldersOf } from '../seen/assets.js'
import { createCrowd, exchangeOf, foundNothing, isOk, madeUp, see, type Seen } from '../seen/seen.js'
import { listingOf } from './listing.js'

type Facts = {
  readonly home: Seen
  readonly assets: readonly Seen[]
  readonly folders: readonly { readonly folder: string; readonly known: readonly string[]; readonly seen: Seen }[]
}

const COMMON =
  'static assets public uploads upload files media images img css js dist build backup backups logs log tmp data export exports documents attachments node_modules storage'
    .split(' ')
    .map((name) => `/${name}/`)

/** Asks for folders and recognises the listings of the usual servers. Sources: ASVS 13.4.3; CWE-548. */
export const directoryListing: Probe = defineProbe<Facts>({
  id: 'ACC-005',
  name: 'directory-listing',
  family: 'access',
  title: 'A folder lists its files',
  severity: 'medium',
  kind: 'active',
  cwe: 548,
  asvs: ['13.4.3'],
  needs: [],
  why: 'A listing shows every file that lies there: backups, exports and uploads that nothing links to.',
  fix: 'Switch listings off (nginx: `autoindex off`; Apache: `Options -Indexes`; Node: no serve-index, @fastify/static without `list`).',
  pace: 'quiet',
  collect: async (context) => {
    const client = createCrowd(context, 'an anonymous visitor')
    const { home, assets } = await findAssets(context, client)
    const opened: Seen[] = []
    for (const path of assets.slice(0, 6)) opened.push(await see(client, { path }, 200))
    const known = new Map<string, string[]>()
    for (const path of assets)
      for (const folder of foldersOf(path)) known.set(folder, [...(known.get(folder) ?? []), path.slice(folder.length).split('/')[0] ?? ''])
    const folders: Facts['folders'][number][] = []
    for (const folder of ['/', `/${madeUp(context.random)}/`, ...new Set([...known.keys(), ...COMMON])].slice(0, 45)) {
      const seen = await see(client, { path: folder }, 60_000)
      // what is refused need not be kept
      folders.push({ folder, known: known.get(folder) ?? [], seen: isOk(seen) ? seen : { ...seen, text: '' } })
    }
    return { home, assets: opened, folders }
  },
  judge: ({ home, assets, folders }) => {
    const found = folders.flatMap(({ folder, known, seen }): ProbeVerdict[] => {
      const server = isOk(seen) ? listingOf(seen.text, folder, known) : undefined
      if (server === undefined) return []
      return [
        {
          verdict: 'fail',
          locator: folder,
          says: `${folder} lists its files for anybody (${server})`,
          evidence: [exchangeOf(seen, { headers: ['content-type', 'server'], around: 0 })],
        },
      ]
    })
    if (found.length > 0) return found
    const asked = folders.map(({ seen }) => seen)
    return foundNothing(home, assets, asked, `${folders.length} folders were asked for, its own among them`)
  },
})
