import { createHash } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
import { ParapetError } from '@parapet/core'
import type { Engine, EngineEntry } from './engine.js'

const FORMAT = 'parapet-engine'
const VERSION = 1
/** A snapshot larger than this is none of ours: all parts together hold less. */
const LARGEST = 1_073_741_824
/** Lines written at a time. */
const BATCH = 4_096

type Header = { readonly format: string; readonly version: number; readonly rules: string; readonly more: unknown }

/** What came of {@link loadSnapshot}. `more` is what was given to be kept beside the state, such as positions in files. */
export type SnapshotLoaded =
  | {
      readonly state: 'continued'
      readonly entries: number
      readonly more: unknown
      /** rules are others than then: those that changed start afresh */ readonly rulesChanged: boolean
    }
  | { readonly state: 'none' }
  /** the file is cut short, damaged or of another program or version; counts start afresh, and `reason` says why */
  | { readonly state: 'refused'; readonly reason: string }

const unreadable = (path: string, cause: unknown): ParapetError => {
  const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
  return new ParapetError('PPT_FILE_UNREADABLE', `${path}${reason}`, { cause })
}

/**
 * Writes the whole state of an engine to a file that only its owner may read (it holds names and addresses), with `more` beside it. The file is
 * replaced at once or not at all. The state is taken before the first wait, so events may go on meanwhile. Errors: `PPT_FILE_UNREADABLE`.
 */
export const saveSnapshot = async (path: string, engine: Pick<Engine, 'entries' | 'signature'>, more: unknown = null): Promise<void> => {
  const header: Header = { format: FORMAT, version: VERSION, rules: engine.signature, more }
  const lines = [JSON.stringify(header)]
  for (const entry of engine.entries()) lines.push(JSON.stringify(entry))
  const beside = `${path}.new`
  const digest = createHash('sha256')
  try {
    const file = await open(beside, 'w', 0o600)
    try {
      for (let from = 0; from < lines.length; from += BATCH) {
        const text = `${lines.slice(from, from + BATCH).join('\n')}\n`
        digest.update(text)
        await file.writeFile(text)
      }
      await file.writeFile(`${JSON.stringify({ end: digest.digest('hex') })}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {})
    throw unreadable(path, error)
  }
}

/**
 * Continues an engine, before its first event, from what {@link saveSnapshot} wrote. A file that is cut short or foreign is refused as a whole: a count
 * that starts afresh is better than half of one. Errors: `PPT_FILE_UNREADABLE` for a file that is there and cannot be read.
 */
export const loadSnapshot = async (path: string, engine: Pick<Engine, 'restore' | 'signature'>): Promise<SnapshotLoaded> => {
  let bytes: Buffer
  try {
    bytes = await readSmall(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { state: 'none' }
    throw unreadable(path, error)
  }
  const read = readSnapshot(bytes)
  if (typeof read === 'string') return { state: 'refused', reason: read }
  engine.restore(read.entries)
  return { state: 'continued', entries: read.entries.length, more: read.header.more, rulesChanged: read.header.rules !== engine.signature }
}

const readSmall = async (path: string): Promise<Buffer> => {
  const file = await open(path, 'r')
  try {
    if ((await file.stat()).size > LARGEST) return Buffer.alloc(0)
    return await readFile(file)
  } finally {
    await file.close()
  }
}

const readSnapshot = (bytes: Buffer): { header: Header; entries: EngineEntry[] } | string => {
  // the line before the last newline tells the digest of all before it
  const end = bytes.length - 1
  if (bytes[end] !== 10) return 'it is cut short'
  const last = bytes.lastIndexOf(10, end - 1) + 1
  const trailer = parseLine(bytes.toString('utf8', last, end))
  const digest = createHash('sha256').update(bytes.subarray(0, last)).digest('hex')
  if (trailer?.['end'] === undefined) return 'it is cut short or no snapshot'
  if (trailer['end'] !== digest) return 'it is damaged'
  const entries: EngineEntry[] = []
  let header: Header | undefined
  for (let from = 0; from < last;) {
    const to = bytes.indexOf(10, from)
    const line = parseLine(bytes.toString('utf8', from, to))
    if (header === undefined) {
      if (line?.['format'] !== FORMAT) return 'it is no snapshot of an engine'
      if (line['version'] !== VERSION) return `it is of version ${JSON.stringify(line['version'])}, and ${VERSION} is read here`
      header = line as Header
    } else if (isEntry(line)) entries.push(line)
    from = to + 1
  }
  return header === undefined ? 'it is empty' : { header, entries }
}

const parseLine = (text: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

const isEntry = (line: unknown): line is EngineEntry =>
  typeof line === 'object' && line !== null && 'shard' in line && 'key' in line && 'state' in line && typeof line.key === 'string'
