import { crc32 } from 'node:zlib'
import type { SpoolItem } from '@parapet/client'

/** One record: u32 length and u32 CRC-32 of the payload, little-endian, then the payload: the id, a line end, the event's JSON. */
const HEAD = 8
/** Longest payload, bytes: an event is at most 64 KiB. A length beyond it is damage. */
const MOST = 131_072

/** The record of an item. */
export const encodeRecord = (item: Pick<SpoolItem, 'id' | 'json'>): Buffer => {
  const length = Buffer.byteLength(item.id) + 1 + Buffer.byteLength(item.json)
  const record = Buffer.allocUnsafe(HEAD + length)
  record.write(`${item.id}\n${item.json}`, HEAD)
  record.writeUInt32LE(length, 0)
  record.writeUInt32LE(crc32(record.subarray(HEAD)), 4)
  return record
}

/**
 * Reads the record at `at`: the place after it, and its payload. `undefined` when it is not whole or not what was written: nothing after it
 * in the same buffer can be told apart from chance.
 */
export const readRecord = (bytes: Buffer, at: number): { readonly payload: Buffer; readonly next: number } | undefined => {
  if (at + HEAD > bytes.length) return undefined
  const length = bytes.readUInt32LE(at)
  const next = at + HEAD + length
  if (length < 2 || length > MOST || next > bytes.length) return undefined
  const payload = bytes.subarray(at + HEAD, next)
  return crc32(payload) === bytes.readUInt32LE(at + 4) ? { payload, next } : undefined
}

/** The item of a payload. */
export const decodePayload = (payload: Buffer, urgent: boolean): SpoolItem => {
  const end = payload.indexOf(10)
  return { id: payload.toString('utf8', 0, end), json: payload.toString('utf8', end + 1), urgent }
}
