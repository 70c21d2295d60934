import { ParapetError } from '@parapet/core'
import type { Keyset, KeysetKey, KeyStatus } from '../types.js'
import { MAX_KEYS } from './keyset-steps.js'

const STATUSES: readonly string[] = ['pending', 'primary', 'enabled', 'disabled', 'destroyed'] satisfies KeyStatus[]
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
/** Paths may hold spaces and any letter, but nothing that moves a cursor. */
const KEK_URI = /^[a-z][a-z0-9-]{0,31}:[^\p{Cc}\p{Cs}]{1,4096}$/u
const BASE64URL = /^[A-Za-z0-9_-]+$/
const LAST_TIME = 8_640_000_000_000_000
/** Characters of a keyset as JSON. */
const MAX_TEXT = 8 * 1024 * 1024

const refuse = (what: string): ParapetError => new ParapetError('PPT_KEYSET_INVALID', what)

type Fields = Readonly<Record<string, unknown>>

const asRecord = (value: unknown, what: string, known: readonly string[]): Fields => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse(`${what} is no object`)
  for (const name of Object.keys(value)) if (!known.includes(name)) throw refuse(`${what} has an unknown field`)
  return value as Fields
}

const isTime = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= LAST_TIME

const isBase64url = (value: unknown, least: number, most: number): value is string => {
  if (typeof value !== 'string' || value.length > most * 2 || !BASE64URL.test(value)) return false
  const bytes = Buffer.from(value, 'base64url')
  return bytes.length >= least && bytes.length <= most && bytes.toString('base64url') === value
}

const readKey = (value: unknown, index: number): KeysetKey => {
  const place = `keys[${index}]`
  const fields = asRecord(value, place, ['id', 'status', 'alg', 'created', 'since', 'wrapped', 'kcv'])
  const { id, status, alg, created, since, wrapped, kcv } = fields
  if (!Number.isInteger(id) || Number(id) < 1 || Number(id) > 0xffff_ffff) throw refuse(`${place}.id is no whole number of 32 bits`)
  const named = `key ${Number(id)}`
  if (typeof status !== 'string' || !STATUSES.includes(status)) throw refuse(`${named}: status is none of ${STATUSES.join(', ')}`)
  if (alg !== 'AES-256-GCM-HMAC-SHA512-COMMIT') throw refuse(`${named}: alg is not known`)
  if (!isTime(created)) throw refuse(`${named}: created is no time in ms`)
  if (!isTime(since) || since < created) throw refuse(`${named}: since is no time in ms after created`)
  if (!isBase64url(kcv, 16, 16)) throw refuse(`${named}: kcv is not 16 bytes of base64url`)
  if ((wrapped === undefined) !== (status === 'destroyed'))
    throw refuse(status === 'destroyed' ? `${named} is destroyed but still wrapped` : `${named}: wrapped is missing`)
  const base = { id: Number(id), status: status as KeyStatus, alg, created, since } as const
  if (wrapped === undefined) return { ...base, kcv }
  if (!isBase64url(wrapped, 16, 8192)) throw refuse(`${named}: wrapped is not base64url of 16 to 8192 bytes`)
  return { ...base, wrapped, kcv }
}

/** Reads a keyset from what a store gave back. Throws PPT_KEYSET_INVALID naming the field, never its value. */
export const readKeyset = (value: unknown): Keyset => {
  const { version, id, dev, kek, keys } = asRecord(value, 'the keyset', ['version', 'id', 'dev', 'kek', 'keys'])
  if (version !== 1) throw refuse('version is not 1: a newer Parapet may have written it')
  if (typeof id !== 'string' || !UUID.test(id)) throw refuse('id is no UUID')
  if (typeof dev !== 'boolean') throw refuse('dev is neither true nor false')
  if (typeof kek !== 'string' || !KEK_URI.test(kek)) throw refuse('kek is no URI')
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > MAX_KEYS) throw refuse(`keys is no list of 1 to ${MAX_KEYS} keys`)
  const read = keys.map(readKey)
  if (new Set(read.map((key) => key.id)).size !== read.length) throw refuse('two keys have the same id')
  if (read.every(({ status }) => status === 'destroyed')) throw refuse('every key is destroyed')
  const primaries = read.filter(({ status }) => status === 'primary').length
  if (primaries !== 1) throw refuse(`${primaries} keys are primary instead of one`)
  return { version, id, dev, kek, keys: read }
}

/** Reads a keyset from JSON. Throws PPT_KEYSET_INVALID naming the field, never its value. */
export const parseKeyset = (text: string): Keyset => {
  if (text.length > MAX_TEXT) throw refuse('it is too long')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // the parser's message repeats the text
    throw refuse('it is no JSON')
  }
  return readKeyset(value)
}

/** The keyset as JSON, for people to read too; `parseKeyset` reads it. */
export const formatKeyset = (keyset: Keyset): string => `${JSON.stringify(keyset, null, 2)}\n`
