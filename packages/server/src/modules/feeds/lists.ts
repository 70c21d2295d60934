import { createHash } from 'node:crypto'
import { type AddressRange, type Clock, SECOND } from '@parapet/core'
import { type ProtectedTargets, targetOfRange } from '@parapet/respond'
import { type DeniedRanges, deniedRanges, formatList, type ListFormat } from '@parapet/respond/enforcers'
import type { HeldDecisions } from '../authorize/index.js'

/** One list as it is now. */
export type FeedList = {
  readonly ranges: readonly AddressRange[]
  readonly denied: Pick<DeniedRanges, 'carried' | 'refused'>
  readonly revision: number
  /** when its content became what it is, ms UTC */
  readonly generatedAt: number
  /** the same for the same content, whenever it was made */
  readonly digest: string
}

/** Lists of what is denied, made of decisions in memory. */
export type FeedLists = {
  readonly names: readonly string[]
  /** `undefined` for a name that is not declared, `not_ready` before all decisions were read */
  readonly read: (name: string) => FeedList | 'not_ready' | undefined
  /** the file of a list, with its ETag */
  readonly file: (name: string, list: FeedList, format: ListFormat) => { readonly text: string; readonly etag: string }
}

/** How old a list may be while decisions change all the time: to make one of many thousand ranges takes a while. */
const FRESH_MS = SECOND
/** However quiet: what is protected changes too. */
const AGAIN_MS = 30 * SECOND

const digestOf = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 27)

/** Creates the lists. */
export const createFeedLists = (deps: {
  readonly feeds: readonly { readonly name: string; readonly most: number }[]
  readonly held: Pick<HeldDecisions, 'set' | 'isReady'>
  readonly protectedTargets: Pick<ProtectedTargets, 'reasonFor'>
  readonly clock: Clock
}): FeedLists => {
  const { held, protectedTargets, clock } = deps
  type Made = { list: FeedList; readonly madeAt: number; readonly size: number; readonly changesAt: number | null }
  const made = new Map<string, Made>()
  const files = new Map<string, { readonly digest: string; readonly text: string }>()

  const isStale = (known: Made, now: number): boolean => {
    if (known.changesAt !== null && now >= known.changesAt) return true
    const age = now - known.madeAt
    const changed = known.list.revision !== held.set.revision || known.size !== held.set.size
    return age >= (changed ? FRESH_MS : AGAIN_MS)
  }

  return {
    names: deps.feeds.map(({ name }) => name),
    read: (name) => {
      const feed = deps.feeds.find((each) => each.name === name)
      if (feed === undefined) return undefined
      // an empty list by error would open what is closed: nothing is said instead
      if (!held.isReady()) return 'not_ready'
      const now = clock()
      const known = made.get(name)
      if (known !== undefined && !isStale(known, now)) return known.list
      const denied = deniedRanges(held.set.all(), {
        kind: 'feed',
        now,
        most: feed.most,
        signIn: false,
        lockdown: false,
        reasonFor: (range) => protectedTargets.reasonFor(targetOfRange(range)),
      })
      const digest = digestOf(formatList('text', denied.all, { name, revision: 0, generatedAt: 0 }))
      const same = known !== undefined && known.list.digest === digest
      const list = {
        ranges: denied.all,
        denied,
        revision: held.set.revision,
        generatedAt: same ? known.list.generatedAt : now,
        digest,
      }
      made.set(name, { list, madeAt: now, size: held.set.size, changesAt: denied.changesAt })
      return list
    },
    file: (name, list, format) => {
      const key = `${name} ${format}`
      const known = files.get(key)
      const etag = `"${list.digest}-${format}"`
      if (known?.digest === list.digest) return { text: known.text, etag }
      const text = formatList(format, list.ranges, { name, revision: list.revision, generatedAt: list.generatedAt })
      files.set(key, { digest: list.digest, text })
      return { text, etag }
    },
  }
}
