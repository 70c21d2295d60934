import { isWellFormed, ParapetError } from '@parapet/core'
import type { FieldContext } from '../types.js'

/** Version of the encoding below, its first byte. */
const SCHEMA_VERSION = 1

/** Bytes that an encoded context may have: more than any index row of PostgreSQL can hold. */
export const MAX_CONTEXT_BYTES: number = 8192

const TYPE_CODES: ReadonlyMap<string, number> = new Map([
  ['text', 1],
  ['json', 2],
  ['bytes', 3],
])
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

const refuse = (context: FieldContext, why: string): ParapetError =>
  // table and column are names of the schema; row and tenant may be personal and are not repeated
  new ParapetError('PPT_SEALED_CONTEXT', `${context.table}.${context.column}: ${why}`)

/**
 * A part of the primary key as text. Drivers return int8 as text and small integers as numbers, so 42, 42n and '42' are one
 * part; the column's SQL type keeps them from standing side by side. PostgreSQL writes UUIDs in lower case.
 */
const rowText = (part: string | number | bigint, context: FieldContext): string => {
  if (typeof part === 'string') return part.length === 36 && UUID.test(part) ? part.toLowerCase() : part
  if (typeof part === 'bigint') return part.toString()
  if (typeof part === 'number' && Number.isSafeInteger(part)) return part === 0 ? '0' : String(part)
  throw refuse(context, 'a part of the row is neither text nor a whole number')
}

const writeShort = (target: Buffer, at: number, text: string): number => {
  // short names are written here: a native call costs more than the loop
  let end = at + 4
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return -1
    target[end++] = code
  }
  return end
}

const writePart = (target: Buffer, at: number, text: string, context: FieldContext): number => {
  if (typeof text !== 'string') throw refuse(context, 'a part of it is not text')
  if (text.length > MAX_CONTEXT_BYTES) throw refuse(context, 'it is too long')
  let end = text.length <= 40 ? writeShort(target, at, text) : -1
  if (end === -1) {
    if (!isWellFormed(text)) throw refuse(context, 'a part of it is not well-formed text')
    end = at + 4 + Buffer.byteLength(text)
    if (end <= target.length) target.write(text, at + 4, 'utf8')
  }
  if (end > target.length) throw refuse(context, 'it is too long')
  target.writeUInt32BE(end - at - 4, at)
  return end
}

/** Writes what all rows of a column share; returns where it ends. */
const writeColumn = (target: Buffer, start: number, context: FieldContext): number => {
  if (context.table === '' || context.column === '') throw refuse(context, 'the table and the column must be named')
  const type = TYPE_CODES.get(context.type)
  if (type === undefined) throw refuse(context, 'its type is not text, json or bytes')
  target[start] = SCHEMA_VERSION
  target[start + 1] = type
  let at = writePart(target, start + 2, context.tenant, context)
  at = writePart(target, at, context.table, context)
  return writePart(target, at, context.column, context)
}

/** Writes contexts one after another into the same place; returns where each ends. */
export type ContextWriter = (context: FieldContext) => number

/**
 * Encodes contexts into `target` from `start` on: version, type, then tenant, table, column, the number of row parts and
 * each part, every text with its length in front (u32, big-endian). No two contexts encode alike, but for the spellings of
 * one key that {@link FieldContext} names. What stands there from the column before is not written again. Throws
 * PPT_SEALED_CONTEXT.
 */
export const createContextWriter = (target: Buffer, start: number): ContextWriter => {
  let [tenant, table, column, type, columnEnd]: [string, string, string, string, number] = ['', '', '', '', 0]
  return (context) => {
    let at = columnEnd
    if (columnEnd === 0 || context.column !== column || context.table !== table || context.tenant !== tenant || context.type !== type) {
      columnEnd = 0
      at = writeColumn(target, start, context)
      ;({ tenant, table, column, type } = context)
      columnEnd = at
    }
    const { row } = context
    if (!Array.isArray(row) || row.length === 0 || row.length > 255) throw refuse(context, 'the row is not named')
    if (at >= target.length) throw refuse(context, 'it is too long')
    target[at++] = row.length
    for (let i = 0; i < row.length; i++) at = writePart(target, at, rowText(row[i] as string | number | bigint, context), context)
    return at
  }
}

/** The encoded context on its own. Throws PPT_SEALED_CONTEXT. */
export const encodeContext = (context: FieldContext): Buffer => {
  const target = Buffer.alloc(MAX_CONTEXT_BYTES)
  return Buffer.from(target.subarray(0, createContextWriter(target, 0)(context)))
}
