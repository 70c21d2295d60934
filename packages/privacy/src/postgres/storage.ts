import { ParapetError } from '@parapet/core'
import type { SealingKeys } from './types.js'
import { LAYOUT, TEXT_PREFIX } from '../encryption/field/sealed-format.js'
import type { FieldContext } from '../encryption/types.js'

/** How a sealed value lies in a column of some type, as SQL around quoted names. */
export type Storage = {
  /** the sealed value as the driver should get it */
  readonly read: (column: string) => string
  /** what is stored, from a text or bytea expression */
  readonly write: (value: string) => string
  /** the type of the parameters that carry sealed values */
  readonly parameter: 'text' | 'bytea'
  /** the first bytes, which tell the key; compared with {@link headerOf} */
  readonly header: (column: string) => string
}

const HEADER_TEXT = TEXT_PREFIX.length + 8

const AS_TEXT: Storage = {
  read: (column) => column,
  write: (value) => value,
  parameter: 'text',
  header: (column) => `left(${column}, ${HEADER_TEXT})`,
}
const AS_BYTES: Storage = {
  read: (column) => column,
  write: (value) => value,
  parameter: 'bytea',
  header: (column) => `substring(${column} from 1 for ${LAYOUT.salt})`,
}
const asJson = (write: string): Storage => ({
  read: (column) => `(${column} #>> '{}')`,
  write: (value) => `${write}(${value})`,
  parameter: 'text',
  header: (column) => `left(${column} #>> '{}', ${HEADER_TEXT})`,
})

const STORAGES: Readonly<Record<string, Storage>> = {
  text: AS_TEXT,
  varchar: AS_TEXT,
  bytea: AS_BYTES,
  json: asJson('to_json'),
  jsonb: asJson('to_jsonb'),
}

/** The storage of a column of this base type. Throws PPT_SEALED_QUERY for types that cannot hold a sealed value. */
export const storageOf = (type: string, name: string): Storage => {
  const storage = Object.hasOwn(STORAGES, type) ? STORAGES[type] : undefined
  if (storage === undefined)
    throw new ParapetError('PPT_SEALED_QUERY', `${name} is ${type}; sealed values lie in text, varchar, bytea, json or jsonb`)
  return storage
}

/** The header that every value sealed with this key begins with: version, algorithm and key id, as text or bytes. */
export const headerOf = (keyId: number, as: Storage['parameter']): string | Buffer => {
  const bytes = Buffer.alloc(LAYOUT.salt)
  bytes[0] = LAYOUT.version
  bytes[1] = LAYOUT.algorithm
  bytes.writeUInt32BE(keyId, LAYOUT.keyId)
  // six bytes are eight characters exactly, so the key id never shares a character with the salt
  return as === 'bytea' ? bytes : TEXT_PREFIX + bytes.toString('base64url')
}

/** Seals plain bytes in the form of a storage. */
export const sealAs = (keys: SealingKeys, storage: Storage, plain: string | Uint8Array, context: FieldContext): string | Buffer =>
  storage.parameter === 'bytea' ? keys.cipher.sealBytes(plain, context) : keys.cipher.seal(plain, context)
