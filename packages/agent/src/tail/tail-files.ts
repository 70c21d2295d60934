import { basename } from 'node:path'
import { type Clock, DAY } from '@parapet/core'
import type { FileConfig } from '../config/config.js'
import { expandGlob, isThere } from '../files/glob.js'
import type { Channel } from '../pipeline/channel.js'
import type { Pipeline } from '../pipeline/pipeline.js'
import { type FileFollower, type FileState, followFile } from './follow-file.js'
import { isRotatedName } from './siblings.js'

/** Where every followed file stands, by its path. */
export type FileStates = Readonly<Record<string, FileState>>

/** Something to be followed: a pattern, and what its files are called. */
export type FileSource = FileConfig & {
  /** the name of the input; `file:` and the path by default */
  readonly nameOf?: (path: string) => string
  /** false for a file that matches the pattern and is not wanted */
  readonly wants?: (path: string) => boolean
}

/** What {@link tailFiles} needs. */
export type TailDeps = {
  readonly pipeline: Pick<Pipeline, 'open' | 'close' | 'room'>
  readonly clock: Clock
  readonly states: FileStates
  /** keeps all positions now */
  readonly checkpoint: () => void
  readonly pollMs?: number
  readonly scanMs?: number
  readonly quietAfter?: number
}

/** Files that are followed until {@link FileTails.stop}. */
export type FileTails = { readonly start: () => void; readonly stop: () => Promise<void>; readonly save: () => FileStates }

type Followed = { readonly path: string; readonly channel: Channel; readonly follower: FileFollower; seenAt: number; lines: number }

const POLL_MS = 200
const SCAN_MS = 1_000
/** a file that is gone is forgotten after this */
const FORGET_MS = 600_000
/** the place in a file that was not there is kept for so long */
const KEEP_MS = 30 * DAY
const MOST_FILES = 1_000
/** events that wait for more lines are given up after this much silence */
const SILENT_MS = 1_000

/** Follows all files of all sources: looks for new ones every second, and into each several times a second. */
export const tailFiles = (sources: readonly FileSource[], deps: TailDeps): FileTails => {
  const { pipeline, clock, states } = deps
  const followed = new Map<string, Followed>()
  let stopped = false
  let running: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  let scannedAt = Number.NEGATIVE_INFINITY
  let firstScan = true

  const follow = (path: string, source: FileSource): void => {
    const channel = pipeline.open(source.nameOf?.(path) ?? `file:${path}`, source.format)
    const isNew = !firstScan
    const origin = { id: path, born: 0 }
    let last: { id: string; born: number } = origin
    const follower = followFile({
      path,
      state: states[path],
      // what appears while the agent runs is new in all its lines
      from: isNew || source.backlog ? 'start' : source.from,
      knownBefore: source.backlog ? 0 : isNew ? scannedAt : Number.POSITIVE_INFINITY,
      clock,
      room: pipeline.room,
      onNew: deps.checkpoint,
      onLines: (lines, from) => {
        last = from
        one.lines = clock()
        channel.lines(lines, from)
      },
      ...(deps.quietAfter === undefined ? {} : { quietAfter: deps.quietAfter }),
    })
    const one: Followed = { path, channel, follower, seenAt: clock(), lines: 0 }
    flushes.set(path, () => channel.flush(last))
    followed.set(path, one)
  }
  const flushes = new Map<string, () => void>()

  const scan = (): void => {
    const now = clock()
    if (now - scannedAt < (deps.scanMs ?? SCAN_MS)) return
    for (const source of sources)
      for (const path of expandGlob(source.path)) {
        const known = followed.get(path)
        const literal = path === source.path
        if (known !== undefined) {
          if (literal || isThere(path)) known.seenAt = now
        } else if (followed.size < MOST_FILES && (literal || !isRotatedName(basename(path))) && source.wants?.(path) !== false)
          follow(path, source)
      }
    for (const [path, { seenAt, follower, channel }] of followed) {
      if (now - seenAt < FORGET_MS || !follower.idle) continue
      follower.close()
      pipeline.close(channel)
      followed.delete(path)
      flushes.delete(path)
    }
    scannedAt = now
    firstScan = false
  }

  const isStopped = (): boolean => stopped
  const round = async (): Promise<void> => {
    scan()
    let more = false
    for (const one of followed.values()) {
      if (isStopped()) return
      if (await one.follower.poll()) more = true
      const { cut, lost, lostWhy, behindBytes, error } = one.follower.health()
      Object.assign(one.channel.counts, { cut, dropped: lost, droppedWhy: lostWhy, behindBytes, error })
      if (one.lines > 0 && clock() - one.lines >= SILENT_MS) {
        one.lines = 0
        flushes.get(one.path)?.()
      }
    }
    if (isStopped()) return
    timer = setTimeout(go, more ? 0 : (deps.pollMs ?? POLL_MS))
  }
  const go = (): void => {
    running = round()
  }

  return {
    start: go,
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      await running
      for (const one of followed.values()) flushes.get(one.path)?.()
    },
    save: () => ({
      // of files that are not there at the moment too: they may come back
      ...Object.fromEntries(Object.entries(states).filter(([, { at }]) => clock() - at < KEEP_MS)),
      ...Object.fromEntries([...followed].map(([path, { follower }]) => [path, follower.save()])),
    }),
  }
}
