import { createRequire } from 'node:module'
import { ParapetError } from '@parapet/core'
import type * as Mmdb from 'mmdb-lib'
import { readPlace } from './place.js'
import type { Place } from './types.js'

/** One database in memory. */
export type Database = {
  readonly type: string
  /** when its maker built it, ms UTC */
  readonly builtAt: number
  /** throws for a file that is damaged where it was looked at */
  readonly find: (address: string) => Place | undefined
}

const MARKER = Buffer.from('\u00ab\u00cd\u00efMaxMind.com', 'latin1')
/** Bytes between tree and data, all zero, and bytes of metadata at most. Source: MaxMind DB file format, version 2.0. */
const SEPARATOR = 16
const MOST_METADATA = 131_072
/** Looked up when a file is opened, so that a damaged one is refused then: one in every eighth of both families. */
const SAMPLES = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((i) => [`${i * 32 + 8}.1.2.3`, `${(i * 0x2000 + 0x400).toString(16)}:db8::1`])

/** The library, loaded when a file is opened: it is an optional peer. Throws `PPT_CONFIG_INVALID` without it. */
const library = (): typeof Mmdb => {
  try {
    return createRequire(import.meta.url)('mmdb-lib') as typeof Mmdb
  } catch (cause) {
    throw new ParapetError('PPT_CONFIG_INVALID', 'geo needs the package mmdb-lib: npm install mmdb-lib', { cause })
  }
}

/** Checks what the reader takes on trust; gives why a file is no database, or `undefined` for a good one. */
const flawOf = (bytes: Buffer, reader: Mmdb.Reader<Mmdb.Response>): string | undefined => {
  const { binaryFormatMajorVersion, ipVersion, nodeCount, recordSize, searchTreeSize } = reader.metadata
  if (binaryFormatMajorVersion !== 2) return 'its format is not version 2'
  if (![24, 28, 32].includes(recordSize) || (ipVersion !== 4 && ipVersion !== 6)) return 'its metadata make no sense'
  if (!Number.isInteger(nodeCount) || nodeCount < 1) return 'it holds nothing'
  if (searchTreeSize + SEPARATOR > bytes.length - MARKER.length) return 'it is shorter than it says'
  for (let i = 0; i < SEPARATOR; i++) if (bytes[searchTreeSize + i] !== 0) return 'its tree does not end where it says'
  return undefined
}

/** Reads a database from its bytes. Throws an error that says what is wrong with them. */
export const readDatabase = (bytes: Buffer): Database => {
  if (bytes.length === 0) throw new Error('it is empty')
  if (bytes.lastIndexOf(MARKER) < Math.max(0, bytes.length - MOST_METADATA - MARKER.length))
    throw new Error('it is no .mmdb file, or was cut')
  const { Reader } = library()
  const reader = new Reader<Mmdb.Response>(bytes)
  const flaw = flawOf(bytes, reader)
  if (flaw !== undefined) throw new Error(flaw)
  const { ipVersion, databaseType, buildEpoch } = reader.metadata
  const find = (address: string): Place | undefined => {
    // a tree of IPv4 alone would read the first bits of an IPv6 address as one of its own
    if (ipVersion === 4 && address.includes(':')) return undefined
    const record: unknown = reader.get(address)
    return record === null || record === undefined ? undefined : readPlace(record)
  }
  for (const sample of SAMPLES) find(sample)
  return { type: databaseType.slice(0, 80), builtAt: buildEpoch.getTime(), find }
}
