import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import type { Clock } from '@parapet/core'
import { readBytes } from '@parapet/detect'
import { type CutCounts, cutLines, type FileLine } from './cut-lines.js'
import { descriptorPath, type Head, headOf, isHead, readGzipHead, readHead } from './file-head.js'
import {
  type Generation,
  generationId,
  inodeOf,
  openGeneration,
  readGeneration,
  saveGeneration,
  type SavedGeneration,
} from './generation.js'
import { type Sibling, siblingsOf } from './siblings.js'

/** Where one file stands: what was being read, and the heads of what is done with. */
export type FileState = { readonly generations: readonly SavedGeneration[]; readonly known: readonly Head[]; readonly at: number }

/** Where a line came from, for its id. */
export type LineOrigin = { readonly id: string; readonly born: number }

/** What {@link followFile} takes. Times in ms. */
export type FollowOptions = {
  readonly path: string
  /** where an earlier run left it */
  readonly state?: FileState | undefined
  /** without a state: where to begin */
  readonly from: 'start' | 'end'
  /** without a state: rotated files last written before this are not read, ms UTC */
  readonly knownBefore: number
  readonly clock: Clock
  /** waits while there is no room for more lines */
  readonly room: () => Promise<void>
  /** must not throw; runs in the same step in which the position moves */
  readonly onLines: (lines: readonly FileLine[], origin: LineOrigin) => void
  /** called before the first line of a content that was not followed before is given: ids of its lines must be found again after a crash */
  readonly onNew?: () => void
  /** how long a line may stay without its end */
  readonly flushAfter?: number
  /** how long a rotated file is watched after its last growth */
  readonly quietAfter?: number
}

/** What a followed file tells about itself. Lines of what was lost are an estimate by the length of the others. */
export type FileHealth = CutCounts & {
  readonly lost: number
  readonly lostWhy: string | null
  readonly behindBytes: number
  readonly rotations: number
  readonly error: string | null
}

/** One file by its name, through all its rotations. */
export type FileFollower = {
  /** reads what is there; true when there was more than one step takes */
  poll: () => Promise<boolean>
  save: () => FileState
  health: () => FileHealth
  /** true when there is nothing under the name and nothing left to read */
  readonly idle: boolean
  close: () => void
}

type Missing = { readonly saved: SavedGeneration; readonly size: number | undefined; until: number; looks: number }

const CHUNKS_AT_ONCE = 8
const KNOWN = 400
/** how long the rest of a file is looked for under other names */
const SEARCH_MS = 3_000
const SEARCH_LOOKS = 5
/** a rotation renames one file after the other: who looks in between sees some of them nowhere */
const LOOK_AGAIN_MS = [1_000, 5_000, 20_000] as const
/** how long a compressed file may be incomplete because it is still being written */
const PACKING_MS = 600_000
/** clocks of file systems and of the machine may differ by this much */
const SKEW = 60_000

/** Follows one file. */
export const followFile = (options: FollowOptions): FileFollower => {
  const { path, clock, room, onLines } = options
  const flushAfter = options.flushAfter ?? 5_000
  const quietAfter = options.quietAfter ?? 30_000
  const counts: CutCounts = { lines: 0, cut: 0, invalidUtf8: 0 }
  let known: Head[] = [...(options.state?.known ?? [])]
  let missing: Missing[] = (options.state?.generations ?? [])
    // of one without a head nothing was ever given, and another file may have its inode by now
    .filter(({ head }) => head.length > 0)
    .map((saved) => ({ saved, size: undefined, until: options.clock() + SEARCH_MS, looks: 0 }))
  let open: Generation[] = []
  let current: Generation | undefined
  let unpacking: SavedGeneration | undefined
  let begun = options.state !== undefined
  /** rotated files last written before this were dealt with */
  let lookedAt = options.state?.at ?? options.knownBefore
  let readBytesInAll = 0
  let lostBytes = 0
  let lostLines = 0
  let lostWhy: string | null = null
  let rotations = 0
  let error: string | null = null
  let births = 0
  let looksAt: readonly number[] = []
  // what happened while nobody looked
  let doubt = true

  const done = (head: Head): void => {
    if (head.length > 0) known = [...known.slice(1 - KNOWN), head]
  }
  const lose = (bytes: number, why: string): void => {
    if (bytes <= 0) return
    lostBytes += bytes
    lostLines += Math.max(1, Math.round(bytes / (counts.lines === 0 ? 100 : readBytesInAll / counts.lines)))
    lostWhy = why
  }
  const drop = (generation: Generation): void => {
    closeSync(generation.fd)
    open = open.filter((one) => one !== generation)
    if (current === generation) current = undefined
  }

  /** Opens what the name stands for now, at its start, or where it was left. */
  const openCurrent = (): void => {
    const now = clock()
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat === undefined || !stat.isFile()) return
    const inode = inodeOf(stat)
    const opened = openGeneration(path, path, now + births++ * 1e-3)
    const left = missing.find(({ saved }) => saved.inode === inode && opened.inode === inode && isSame(saved, opened))
    if (left !== undefined) {
      missing = missing.filter((one) => one !== left)
      const { saved } = left
      current = { ...opened, id: saved.id, born: saved.born, offset: saved.offset, skipping: saved.skipping, kept: true }
    } else {
      current = opened
      if (!begun && options.from === 'end' && opened.size > 0) {
        opened.offset = opened.size
        const last = Buffer.alloc(1)
        readSync(opened.fd, last, 0, 1, opened.size - 1)
        opened.skipping = last[0] !== 10
      }
    }
    open.push(current)
  }
  const isSame = (saved: SavedGeneration, fresh: Generation): boolean =>
    fresh.size >= saved.offset && isHead(saved.head, readHead(fresh.fd))

  const locate = (): boolean => {
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat === undefined) {
      const gone = current !== undefined
      current = undefined
      return gone
    }
    if (current?.inode === inodeOf(stat)) return false
    const had = current !== undefined
    current = undefined
    openCurrent()
    if (had) rotations++
    return had || missing.length > 0
  }

  /** Reads a gzip file from byte `offset` of what it holds to its end. */
  const unpack = async (sibling: Sibling, fd: number, saved: SavedGeneration, isNew: boolean): Promise<void> => {
    let state = saved
    let passed = 0
    let rest: Buffer = Buffer.alloc(0)
    const cut = (last: boolean): void => {
      const { lines, consumed, skipping } = cutLines(rest, state.offset, state.skipping, counts, last)
      state = { ...state, offset: state.offset + consumed, skipping }
      unpacking = state
      rest = Buffer.from(rest.subarray(consumed))
      readBytesInAll += consumed
      if (lines.length > 0) onLines(lines, saved)
    }
    unpacking = saved
    if (isNew) options.onNew?.()
    try {
      for await (const chunk of readBytes(descriptorPath(fd))) {
        await room()
        const from = Math.min(chunk.length, Math.max(0, saved.offset - passed))
        passed += chunk.length
        rest = Buffer.concat([rest, chunk.subarray(from)])
        cut(false)
      }
      cut(true)
    } catch (failure) {
      if (clock() - sibling.mtime < PACKING_MS) {
        // it is still being written: the rest comes, from the line on that is not whole
        unpacking = undefined
        missing.push({ saved: state, size: undefined, until: clock() + PACKING_MS, looks: 0 })
        return
      }
      cut(true)
      error = `${sibling.path}: ${failure instanceof Error ? failure.message : 'cannot be read'}`
    }
    unpacking = undefined
    done(saved.head)
  }

  /** Takes up one rotated file: the rest of what was being read, something that was never seen, or nothing. */
  const adopt = async (sibling: Sibling): Promise<void> => {
    if (open.some(({ inode }) => inode === sibling.inode)) return
    const fd = openSync(sibling.path, 'r')
    try {
      if (inodeOf(fstatSync(fd)) !== sibling.inode) throw new Error('another file has taken its name')
      await adoptOpen(sibling, fd)
    } finally {
      closeSync(fd)
    }
  }
  const adoptOpen = async (sibling: Sibling, fd: number): Promise<void> => {
    const bytes = sibling.gzip ? await readGzipHead(fd) : readHead(fd)
    const found = missing.find(({ saved }) => isHead(saved.head, bytes))
    const now = clock()
    if (found === undefined) {
      if (bytes.length === 0 || known.some((head) => isHead(head, bytes)) || open.some(({ head }) => isHead(head, bytes))) return
      if (sibling.mtime < lookedAt - (begun ? SKEW : 0)) {
        // left out on purpose at the first look, and not to be taken for new at the next
        if (!begun) done(headOf(bytes))
        return
      }
    }
    const born = now + births++ * 1e-3
    const saved = found?.saved ?? {
      id: generationId(path, sibling.inode, born),
      born,
      inode: sibling.inode,
      head: headOf(bytes),
      offset: 0,
      skipping: false,
    }
    if (found !== undefined) missing = missing.filter((one) => one !== found)
    if (sibling.gzip) {
      await unpack(sibling, fd, saved, found === undefined)
      return
    }
    if (found?.size !== undefined && found.size > sibling.size)
      lose(found.size - Math.max(sibling.size, saved.offset), 'written between the copy and the truncation of a copytruncate')
    if (sibling.size <= saved.offset && saved.inode !== sibling.inode) {
      done(saved.head)
      return
    }
    const place = current === undefined ? open.length : open.indexOf(current)
    const opened = openGeneration(sibling.path, path, now, saved, sibling.inode)
    open.splice(place, 0, found === undefined ? { ...opened, kept: false } : opened)
  }

  const lookAround = async (): Promise<void> => {
    doubt = false
    const began = clock()
    for (const sibling of siblingsOf(path)) {
      if (missing.length === 0 && sibling.mtime < (begun ? lookedAt : Math.min(lookedAt, began - SKEW)) - SKEW) continue
      try {
        await adopt(sibling)
      } catch {
        // it was renamed or removed meanwhile: under its next name, at the next look
      }
    }
    lookedAt = began
    for (const one of missing) one.looks++
    const isGivenUp = ({ until, looks }: Missing): boolean => until < clock() && looks >= SEARCH_LOOKS
    const given = missing.filter(isGivenUp)
    missing = missing.filter((one) => !isGivenUp(one))
    for (const { saved, size } of given) {
      // of an earlier run nobody knows how much more there was
      if (size !== undefined) lose(size - saved.offset, 'truncated before it was read')
      else if (saved.head.length > 0) lose(1, 'rotated away while the agent was not running')
      done(saved.head)
    }
  }

  const onTruncated = (generation: Generation): void => {
    const wasCurrent = generation === current
    missing.push({ saved: saveGeneration(generation), size: generation.size, until: clock() + SEARCH_MS, looks: 0 })
    drop(generation)
    rotations++
    if (wasCurrent) openCurrent()
  }

  /** Has the identity of what is read kept, as soon as it has one and before its first line: after a crash its lines get the same ids. */
  const keep = (generation: Generation): void => {
    if (generation.head.length === 0) {
      generation.head = headOf(readHead(generation.fd))
      if (generation.head.length === 0) return
      // it was empty until now: another content may have come and gone before this one
      doubt = true
    }
    generation.kept = true
    options.onNew?.()
  }

  /** Reads one generation; true when it was read to its end. */
  const readOne = async (generation: Generation): Promise<boolean> => {
    for (let i = 0; i < CHUNKS_AT_ONCE; i++) {
      await room()
      const now = clock()
      const before = generation.offset
      const isOver = generation !== current && now - generation.grewAt >= quietAfter
      if (!generation.kept) keep(generation)
      const { outcome, lines, suspicious } = readGeneration(generation, counts, now, { flushAfter, last: isOver })
      readBytesInAll += generation.offset - before
      if (lines.length > 0) onLines(lines, generation)
      if (suspicious) doubt = true
      if (outcome === 'truncated') {
        onTruncated(generation)
        return true
      }
      if (outcome === 'end') {
        if (isOver) {
          done(generation.head)
          drop(generation)
        }
        return true
      }
    }
    return false
  }

  return {
    poll: async () => {
      error = null
      try {
        const changed = locate()
        if (changed || doubt) looksAt = LOOK_AGAIN_MS.map((ms) => clock() + ms)
        const isDue = (looksAt[0] ?? Number.POSITIVE_INFINITY) <= clock()
        if (isDue) looksAt = looksAt.slice(1)
        if (changed || missing.length > 0 || !begun || doubt || isDue) await lookAround()
        begun = true
        for (const generation of open) if (!(await readOne(generation))) return true
      } catch (failure) {
        error = failure instanceof Error ? failure.message.slice(0, 200) : 'cannot be read'
      }
      return false
    },
    save: () => ({
      generations: [...missing.map(({ saved }) => saved), ...(unpacking === undefined ? [] : [unpacking]), ...open.map(saveGeneration)],
      known,
      at: lookedAt,
    }),
    health: () => ({
      ...counts,
      lost: lostLines,
      lostWhy: lostWhy === null ? null : `${lostWhy} (${lostBytes} bytes)`,
      behindBytes: open.reduce((sum, { fd, offset }) => sum + Math.max(0, fstatSync(fd).size - offset), 0),
      rotations,
      error,
    }),
    get idle() {
      return current === undefined && open.length === 0 && missing.length === 0
    },
    close: () => {
      for (const { fd } of open) closeSync(fd)
      open = []
      current = undefined
    },
  }
}
