import type { PublicIdKind, PublicIdValue } from './types.js'

/** How values of one kind are written as bytes of one length. */
export type ValueCodec<K extends PublicIdKind = PublicIdKind> = {
  readonly bytes: number
  /** what it takes, for messages */
  readonly takes: string
  /** false for a value that is not of the kind */
  readonly write: (value: unknown, into: Uint8Array) => boolean
  readonly read: (bytes: Uint8Array) => PublicIdValue<K>
}

/** Bytes of a text at most; one more says how many. */
const TEXT = 31
const HIGHEST = 2n ** 64n - 1n
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const integer: ValueCodec<'integer'> = {
  bytes: 8,
  takes: 'a whole number from 0 to 2^53 - 1',
  write: (value, into) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) return false
    const data = view(into)
    data.setUint32(0, Math.floor(value / 2 ** 32))
    data.setUint32(4, value % 2 ** 32)
    return true
  },
  read: (bytes) => view(bytes).getUint32(0) * 2 ** 32 + view(bytes).getUint32(4),
}

const bigint: ValueCodec<'bigint'> = {
  bytes: 8,
  takes: 'a bigint from 0 to 2^64 - 1',
  write: (value, into) => {
    if (typeof value !== 'bigint' || value < 0n || value > HIGHEST) return false
    view(into).setBigUint64(0, value)
    return true
  },
  read: (bytes) => view(bytes).getBigUint64(0),
}

const uuid: ValueCodec<'uuid'> = {
  bytes: 16,
  takes: 'a UUID in lower case',
  write: (value, into) => {
    if (typeof value !== 'string' || !UUID.test(value)) return false
    into.set(Buffer.from(value.replaceAll('-', ''), 'hex'))
    return true
  },
  read: (bytes) =>
    Buffer.from(bytes)
      .toString('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
}

const text: ValueCodec<'text'> = {
  // one length for all, so that the public id does not tell how long the text is
  bytes: TEXT + 1,
  takes: 'a text of 1 to 31 bytes in UTF-8',
  write: (value, into) => {
    if (typeof value !== 'string' || value === '' || value.length > TEXT) return false
    const bytes = Buffer.from(value)
    if (bytes.length > TEXT || bytes.toString() !== value) return false
    into.fill(0)
    into[0] = bytes.length
    into.set(bytes, 1)
    return true
  },
  read: (bytes) => Buffer.from(bytes.subarray(1, 1 + (bytes[0] ?? 0))).toString(),
}

/** The codec of each kind. */
export const CODECS: { readonly [K in PublicIdKind]: ValueCodec<K> } = { integer, bigint, uuid, text }
