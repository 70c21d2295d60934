import { createHash, timingSafeEqual } from 'node:crypto'
import { ParapetError, type RandomSource } from '@parapet/core'
import { createKeySecret, KEY_BYTES, type KeySecret, LABELS } from '../field/key-secret.js'
import type { KekProvider, Keyset, KeysetKey } from '../types.js'

/** What a key belongs to; no wrapping of one key serves for another. */
export type KeyOwner = Pick<Keyset, 'id' | 'dev'>

/** What the KEK binds a wrapping to. A development keyset stays one: its keys do not open without the word. */
const wrapContext = (owner: KeyOwner, id: number): string => `parapet keyset v1 ${owner.id} ${owner.dev ? 'dev' : 'live'} key ${id}`

/** Eight bytes that need no key: they tell a damaged wrapping from a wrong KEK. */
const digestOf = (owner: KeyOwner, id: number, wrapped: string): Buffer =>
  createHash('sha256')
    .update(`${wrapContext(owner, id)}\n${wrapped}`)
    .digest()
    .subarray(0, 8)

/** Eight bytes that only the key itself gives: whatever a KEK answers, no other key passes for this one. */
const proofOf = (owner: KeyOwner, id: number, secret: KeySecret): Buffer =>
  secret.prf(Buffer.concat([LABELS.check, Buffer.from(wrapContext(owner, id))])).subarray(0, 8)

/** A key as it is stored. */
export type WrappedKey = { readonly id: number; readonly wrapped: string; readonly kcv: string }

/** Makes a key and wraps it. The id is random and none of `taken`. Throws PPT_KEK. */
export const makeKey = async (
  owner: KeyOwner,
  options: { readonly kek: Pick<KekProvider, 'wrap'>; readonly random: RandomSource; readonly taken?: readonly number[] },
): Promise<WrappedKey> => {
  const taken = new Set(options.taken)
  let id = 0
  // 0 is no id: it is what a wiped header reads as
  while (id === 0 || taken.has(id)) id = Buffer.from(options.random(4)).readUInt32BE()
  return wrapKey(owner, { id, key: Buffer.from(options.random(KEY_BYTES)), kek: options.kek })
}

/** Wraps key bytes, which are overwritten. Throws PPT_KEK. */
const wrapKey = async (
  owner: KeyOwner,
  options: { readonly id: number; readonly key: Buffer; readonly kek: Pick<KekProvider, 'wrap'> },
): Promise<WrappedKey> => {
  const { id, key } = options
  try {
    const wrapped = (await options.kek.wrap(key, wrapContext(owner, id))).toString('base64url')
    const secret = createKeySecret(key)
    const kcv = Buffer.concat([digestOf(owner, id, wrapped), proofOf(owner, id, secret)]).toString('base64url')
    secret.destroy()
    return { id, wrapped, kcv }
  } finally {
    key.fill(0)
  }
}

/** Throws PPT_KEYSET_INVALID when a wrapped key is not as it was written. Needs no KEK. */
export const checkUndamaged = (owner: KeyOwner, key: KeysetKey): void => {
  if (key.wrapped === undefined) return
  const expected = Buffer.from(key.kcv, 'base64url').subarray(0, 8)
  if (expected.length === 8 && timingSafeEqual(expected, digestOf(owner, key.id, key.wrapped))) return
  throw new ParapetError('PPT_KEYSET_INVALID', `key ${key.id} of keyset ${owner.id} is damaged; restore the keyset from a backup`)
}

const unwrapBytes = async (owner: KeyOwner, key: KeysetKey, kek: KekProvider): Promise<Buffer> => {
  checkUndamaged(owner, key)
  if (key.wrapped === undefined) throw new ParapetError('PPT_KEY_DESTROYED', `key ${key.id} of keyset ${owner.id}`)
  const bytes = await kek.unwrap(Buffer.from(key.wrapped, 'base64url'), wrapContext(owner, key.id))
  if (bytes.length === KEY_BYTES) return bytes
  bytes.fill(0)
  throw wrongKek(owner, key, kek)
}

const wrongKek = (owner: KeyOwner, key: KeysetKey, kek: KekProvider): ParapetError =>
  new ParapetError('PPT_KEK', `${kek.uri} is not what wrapped key ${key.id} of keyset ${owner.id}`)

/** Unwraps a key and proves that it is the right one. Throws PPT_KEYSET_INVALID (damaged), PPT_KEK (wrong or unreachable KEK). */
export const unwrapKey = async (owner: KeyOwner, key: KeysetKey, kek: KekProvider): Promise<KeySecret> => {
  const secret = createKeySecret(await unwrapBytes(owner, key, kek))
  if (timingSafeEqual(Buffer.from(key.kcv, 'base64url').subarray(8), proofOf(owner, key.id, secret))) return secret
  secret.destroy()
  throw wrongKek(owner, key, kek)
}

/** Wraps a key under another KEK; the key stays as it is. Throws as {@link unwrapKey} does. */
export const rewrapKey = async (
  owner: KeyOwner,
  key: KeysetKey,
  keks: { readonly from: KekProvider; readonly to: KekProvider },
): Promise<WrappedKey> => {
  const secret = await unwrapKey(owner, key, keks.from)
  secret.destroy()
  return wrapKey(owner, { id: key.id, key: await unwrapBytes(owner, key, keks.from), kek: keks.to })
}
