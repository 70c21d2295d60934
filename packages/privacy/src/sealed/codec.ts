import { canonicalJson, ParapetError } from '@parapet/core'
import type { FieldContext, OpenKeyset } from '../encryption/types.js'

/** One sealed column, as a codec needs it. */
export type SealedCodecOptions = {
  readonly table: string
  readonly column: string
  /** `text` takes a string, `json` what JSON can carry, `bytes` a Uint8Array */
  readonly type: FieldContext['type']
  /** how the value lies in the column; `text` when left out, `bytea` for bytes */
  readonly storage?: 'text' | 'bytea'
}

/** A plain value: a string, bytes, or what `JSON.parse` gives, by the column's type. */
export type PlainValue = unknown

/** The parts of a row's primary key, in the order of the key. */
export type RowKey = FieldContext['row']

/** Seals and opens the values of one column with any driver. NULL stays NULL both ways. */
export type SealedCodec = {
  /**
   * What is written into the column. Throws PPT_INVALID for a value that the type does not carry and PPT_SEALED_CONTEXT for
   * a row that is not named.
   */
  readonly seal: (value: PlainValue, row: RowKey, tenant?: string) => string | Buffer | null
  /** The plain value of what was read from the column. Throws PPT_SEALED_INVALID for anything that is no sealed value of this cell. */
  readonly open: (stored: unknown, row: RowKey, tenant?: string) => PlainValue
  readonly storage: 'text' | 'bytea'
}

const toPlain = (value: PlainValue, name: string, type: FieldContext['type']): string | Uint8Array => {
  if (type === 'text') {
    if (typeof value === 'string') return value
    throw new ParapetError('PPT_INVALID', `${name} takes a string`)
  }
  if (type === 'bytes') {
    if (value instanceof Uint8Array) return value
    throw new ParapetError('PPT_INVALID', `${name} takes bytes`)
  }
  try {
    return canonicalJson(value)
  } catch (cause) {
    throw new ParapetError('PPT_INVALID', `${name} takes what JSON can carry`, { cause })
  }
}

/**
 * The codec of one column for applications that write their own SQL: the context of each value is made from the table, the
 * column, the primary key and the tenant, so that a value moved to another cell does not open.
 */
export const createSealedCodec = (keyset: Pick<OpenKeyset, 'cipher'>, options: SealedCodecOptions): SealedCodec => {
  const { table, column, type } = options
  const storage = options.storage ?? (type === 'bytes' ? 'bytea' : 'text')
  const name = `${table}.${column}`
  const contextOf = (row: RowKey, tenant: string | undefined): FieldContext => ({ tenant: tenant ?? '', table, column, row, type })
  return {
    storage,
    seal: (value, row, tenant) => {
      if (value === null) return null
      const plain = toPlain(value, name, type)
      const context = contextOf(row, tenant)
      return storage === 'bytea' ? keyset.cipher.sealBytes(plain, context) : keyset.cipher.seal(plain, context)
    },
    open: (stored, row, tenant) => {
      if (stored === null) return null
      if (typeof stored !== 'string' && !(stored instanceof Uint8Array))
        throw new ParapetError('PPT_SEALED_INVALID', `${name} holds neither text nor bytes`)
      const plain = keyset.cipher.openBytes(stored, contextOf(row, tenant))
      if (type === 'bytes') return plain
      const text = plain.toString('utf8')
      return type === 'json' ? (JSON.parse(text) as unknown) : text
    },
  }
}
