import { createHmac } from 'node:crypto'
import { isWellFormed, ParapetError } from '@parapet/core'
import type { KeySecret } from '../field/key-secret.js'
import { LABELS } from '../field/key-secret.js'
import type { KeyRing, UsableKey } from '../field/key-table.js'
import { lengthPrefixed } from '../field/length-prefixed.js'
import type { BlindIndex, OpenKeyset } from '../types.js'
import { checkNormalizers, normalizeValue } from './normalize.js'

/** What an index value begins with. */
export const INDEX_PREFIX = 'ppi1.'

/** Characters of a value that are indexed at most: longer ones are refused, not cut. */
const MAX_VALUE = 1024 * 1024

/** The id of the key of an index value; `undefined` when it is none of ours. */
export const indexKeyIdOf = (value: string): number | undefined => {
  if (!value.startsWith(INDEX_PREFIX) || value.length > 40) return undefined
  const encoded = value.slice(INDEX_PREFIX.length)
  const bytes = Buffer.from(encoded, 'base64url')
  return bytes.length >= 6 && bytes.length <= 20 && bytes.toString('base64url') === encoded ? bytes.readUInt32BE() : undefined
}

/**
 * A blind index over one column: HMAC-SHA256 under a key of the column's own, cut to `bits`. What is equal after
 * normalising has an equal index; nothing else can be asked. Fewer bits tell less about how often a value occurs and give
 * more false hits, which the caller sorts out after opening. Values of disabled keys are not found. Throws PPT_INVALID for
 * options that are not allowed and for text that UTF-8 cannot carry.
 */
export const createBlindIndex = (ring: KeyRing, options: Parameters<OpenKeyset['blindIndex']>[0]): BlindIndex => {
  const { tenant, table, column, normalize, bits } = options
  const name = `${table}.${column}`
  if (!Number.isInteger(bits) || bits < 16 || bits > 128) throw new ParapetError('PPT_INVALID', `the index of ${name} takes 16 to 128 bits`)
  if (table === '' || column === '' || ![tenant, table, column].every(isWellFormed))
    throw new ParapetError('PPT_INVALID', 'a blind index names its table and column in well-formed text')
  checkNormalizers(normalize)
  const input = Buffer.concat([LABELS.index, lengthPrefixed([tenant, table, column])])
  const columnKeys = new WeakMap<KeySecret, Buffer>()

  const columnKey = (secret: KeySecret): Buffer => {
    let key = columnKeys.get(secret)
    if (key === undefined) {
      key = secret.prf(input).subarray(0, 32)
      columnKeys.set(secret, key)
    }
    return key
  }
  const under = (id: number, secret: KeySecret, value: string): string => {
    const bytes = Buffer.alloc(4 + Math.ceil(bits / 8))
    bytes.writeUInt32BE(id)
    createHmac('sha256', columnKey(secret)).update(value, 'utf8').digest().copy(bytes, 4)
    if (bits % 8 !== 0) bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) & (0xff << (8 - (bits % 8)))
    return INDEX_PREFIX + bytes.toString('base64url')
  }
  const prepare = (value: string): string => {
    const text = normalizeValue(value, normalize)
    if (text.length > MAX_VALUE) throw new ParapetError('PPT_INVALID', `the index of ${name} takes at most ${MAX_VALUE} characters`)
    return text
  }
  return {
    of: (value) => {
      const { primary } = ring.forSealing()
      return under(primary.id, primary.secret, prepare(value))
    },
    allOf: (value) => {
      const text = prepare(value)
      // a keyset grows at its end
      return [...ring.forOpening().byId.values()]
        .toReversed()
        .filter((key): key is UsableKey & { readonly secret: KeySecret } => key.secret !== undefined)
        .map(({ id, secret }) => under(id, secret, text))
    },
  }
}
