import { defineProbe, type Probe } from '../../probe.js'
import type { ProbeVerdict, Severity } from '../../verdict.js'
import { findAssets } from '../seen/assets.js'
import { createCrowd, exchangeOf, foundNothing, isHtml, isOk, madeUp, see, type Seen } from '../seen/seen.js'
import { BACKUP_ENDINGS, isServerSource, LEFTOVERS } from './leftovers.js'

type Facts = {
  readonly home: Seen
  readonly asset: Seen | undefined
  /** answers to made-up names: what the target says to everything */
  readonly anything: readonly Seen[]
  readonly files: readonly Seen[]
  /** a served file and what came for it with `~`, `.bak` and so on */
  readonly backups: readonly { readonly file: Seen; readonly backup: Seen }[]
}

type Hit = { readonly what: string; readonly severity: Severity }

const leftoverIn = (seen: Seen): Hit | undefined =>
  isOk(seen) && !isHtml(seen) ? LEFTOVERS.find(({ path, is }) => path === seen.url && is(seen.text)) : undefined

const backupIn = (file: Seen, backup: Seen): Hit | undefined => {
  if (!isOk(backup) || isHtml(backup) || backup.bytes === 0) return undefined
  if (isServerSource(backup.text)) return { what: 'source of the server', severity: 'high' }
  if (backup.text.startsWith('b0VIM ')) return { what: 'an editor’s swap file', severity: 'medium' }
  return backup.digest === file.digest ? { what: 'a copy that an editor left', severity: 'low' } : undefined
}

/** Files that nobody meant to serve, known by what is in them and not by the status. Sources: ASVS 13.4.1; CWE-538. */
export const dotfiles: Probe = defineProbe<Facts>({
  id: 'NGX-008',
  name: 'dotfiles',
  family: 'access',
  title: 'Hidden files, backups and dumps are served',
  severity: 'high',
  kind: 'active',
  cwe: 538,
  asvs: ['13.4.1'],
  needs: [],
  why: 'Settings, repositories, keys and dumps hold the secrets and the data of the application; scanners ask every host for them all day.',
  fix: 'Serve one folder that holds only what is public (`dotfiles: "ignore"`, nginx: `location ~ /\\. { deny all; }`), and build into it. Change every secret that was reachable.',
  pace: 'quiet',
  collect: async (context) => {
    const client = createCrowd(context, 'an anonymous visitor')
    const { home, assets } = await findAssets(context, client)
    const anything: Seen[] = []
    for (const name of ['.', '', 'dump-'])
      anything.push(await see(client, { path: `/${name}${madeUp(context.random)}${name === '' ? '.sql' : ''}` }, 2_000))
    const files: Seen[] = []
    for (const { path } of LEFTOVERS) {
      const seen = await see(client, { path })
      files.push(isOk(seen) ? seen : { ...seen, text: '' })
    }
    const backups: Facts['backups'][number][] = []
    for (const path of assets.slice(0, 3)) {
      const file = await see(client, { path }, 100)
      for (const ending of BACKUP_ENDINGS) backups.push({ file, backup: await see(client, { path: path + ending }, 20_000) })
    }
    return { home: { ...home, text: '' }, asset: backups[0]?.file, anything, files, backups }
  },
  judge: ({ home, asset, anything, files, backups }) => {
    const hits = [
      ...files.map((seen) => ({ seen, hit: leftoverIn(seen) })),
      ...backups.map(({ file, backup }) => ({ seen: backup, hit: backupIn(file, backup) })),
    ]
    const found = hits.flatMap(({ seen, hit }): ProbeVerdict[] =>
      // what comes for made-up names as well is the target's answer to everything
      hit === undefined || anything.some((one) => isOk(one) && one.digest === seen.digest)
        ? []
        : [
            {
              verdict: 'fail',
              locator: seen.url,
              severity: hit.severity,
              says: `${seen.url} is served to anybody: ${hit.what}`,
              evidence: [
                exchangeOf(seen, { headers: ['content-type'], note: `${seen.bytes} bytes; known by its content, which is not shown here` }),
              ],
            },
          ],
    )
    if (found.length > 0) return found
    const asked = [...files, ...backups.map(({ backup }) => backup)]
    const searched = `none of ${hits.length} other files came with the content that it would have`
    return foundNothing(home, asset === undefined ? [] : [asset], asked, searched)
  },
})
