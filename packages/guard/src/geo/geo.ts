import { readFileSync, type Stats, statSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { canonicalAddress, type Clock, createMemo, MINUTE, systemClock } from '@parapet/core'
import { integerOption, knownOptions, optionError } from '../options/check.js'
import { type Database, readDatabase } from './database.js'
import type { GeoLookup, Place } from './types.js'

/** What went wrong with a file after the start; the databases that were read before stay in use. `at` in ms UTC. */
export type GeoProblem = { readonly kind: 'not_readable' | 'damaged'; readonly at: number; readonly path: string; readonly detail: string }

/** What {@link createGeo} takes. */
export type GeoOptions = {
  /** .mmdb files: country, city or ASN databases, such as GeoLite2. Where two know the same of an address, the first counts */
  readonly path: string | readonly string[]
  /** how often the files are looked at for a newer version, ms; 1 min. 0: never */
  readonly reloadMs?: number
  /** addresses whose place is remembered, twice as many at most; 4,096 */
  readonly remembered?: number
  readonly clock?: Clock
  /** told once of each new trouble */
  readonly onProblem?: (problem: GeoProblem) => void
}

/** The databases in use. `builtAt` in ms UTC: an old one places people wrongly. */
export type GeoStatus = {
  readonly databases: readonly { readonly path: string; readonly type: string; readonly builtAt: number }[]
  readonly lookups: number
  /** look-ups that ran into damage; they answer that nobody knows */
  readonly failed: number
}

/** Look-ups in the operator's own databases. */
export type Geo = GeoLookup & {
  readonly status: () => GeoStatus
  /** looks at the files now; true when a newer one was taken */
  readonly refresh: () => Promise<boolean>
  /** stops looking at the files */
  readonly close: () => void
}

type Held = { readonly path: string; database: Database; mark: string; told: string | undefined }

/** Tells one version of a file from another. */
const markOf = ({ ino, size, mtimeMs }: Stats): string => `${ino} ${size} ${mtimeMs}`

const reason = (error: unknown): string => (error instanceof Error ? error.message.slice(0, 200) : 'unknown')

/** The first found counts, field by field. */
const merge = (places: readonly (Place | undefined)[]): Place | undefined => {
  const found = places.filter((place) => place !== undefined && Object.keys(place).length > 0)
  return found.length === 0 ? undefined : Object.assign({}, ...found.toReversed())
}

/** Opens the databases and follows their updates. Throws `PPT_CONFIG_INVALID` naming the file and what is wrong with it. */
export const createGeo = (options: GeoOptions): Geo => {
  knownOptions('geo', options, ['path', 'reloadMs', 'remembered', 'clock', 'onProblem'])
  const paths = typeof options.path === 'string' ? [options.path] : options.path
  const fix = 'give the path of a .mmdb file, such as GeoLite2-City.mmdb, or a list of up to eight'
  if (!Array.isArray(paths) || paths.length === 0 || paths.length > 8) throw optionError('geo.path', options.path, fix)
  const reloadMs = integerOption('geo.reloadMs', options.reloadMs, MINUTE, 0, 24 * 60 * MINUTE)
  const remembered = integerOption('geo.remembered', options.remembered, 4_096, 1, 1_000_000)
  const { clock = systemClock, onProblem } = options

  const held = paths.map((path: unknown): Held => {
    if (typeof path !== 'string' || path === '') throw optionError('geo.path', path, fix)
    try {
      // looked at before it is read: a file that changes in between is read again
      const mark = markOf(statSync(path))
      return { path, database: readDatabase(readFileSync(path)), mark, told: undefined }
    } catch (error) {
      throw optionError('geo.path', path, `${reason(error)}; ${fix}`)
    }
  })

  let memo = createMemo<Place | 'nowhere'>(remembered, 64)
  let lookups = 0
  let failed = 0
  const tell = (one: Held, kind: GeoProblem['kind'], detail: string, mark: string): void => {
    if (one.told === `${kind} ${mark}`) return
    one.told = `${kind} ${mark}`
    try {
      onProblem?.({ kind, at: clock(), path: one.path, detail })
    } catch {
      // whoever listens must not stop the updates
    }
  }

  const find = (address: string): Place | undefined =>
    merge(
      held.map((one) => {
        try {
          return one.database.find(address)
        } catch (error) {
          failed++
          tell(one, 'damaged', reason(error), one.mark)
          return undefined
        }
      }),
    )

  const refreshOne = async (one: Held): Promise<boolean> => {
    let mark = ''
    try {
      mark = markOf(await stat(one.path))
      if (mark === one.mark) return false
      const bytes = await readFile(one.path)
      let database: Database
      try {
        database = readDatabase(bytes)
      } catch (error) {
        tell(one, 'damaged', reason(error), mark)
        return false
      }
      Object.assign(one, { database, mark, told: undefined })
      return true
    } catch (error) {
      tell(one, 'not_readable', reason(error), mark)
      return false
    }
  }

  let running: Promise<boolean> | undefined
  const refresh = async (): Promise<boolean> => {
    running ??= Promise.all(held.map(refreshOne))
      .then((newer) => {
        const any = newer.includes(true)
        if (any) memo = createMemo(remembered, 64)
        return any
      })
      .finally(() => {
        running = undefined
      })
    return running
  }
  const timer = reloadMs === 0 ? undefined : setInterval(() => void refresh(), reloadMs).unref()

  return {
    lookup: (text) => {
      lookups++
      const known = memo.get(text)
      if (known !== undefined) return known === 'nowhere' ? undefined : known
      const address = canonicalAddress(text)
      const place = address === undefined ? undefined : find(address)
      memo.set(text, place ?? 'nowhere')
      return place
    },
    status: () => ({
      databases: held.map(({ path, database: { type, builtAt } }) => ({ path, type, builtAt })),
      lookups,
      failed,
    }),
    refresh,
    close: () => clearInterval(timer),
  }
}
