import { createHmacSha512 } from './hmac-sha512.js'

/** Bytes of a data key. */
export const KEY_BYTES = 32

/** What a data key is used for. One pseudo-random function serves all: no label is the beginning of another. */
export const LABELS: Readonly<Record<'field' | 'index' | 'token' | 'check' | 'keyring', Buffer>> = {
  field: Buffer.from('ppt field v1\0'),
  index: Buffer.from('ppt index v1\0'),
  token: Buffer.from('ppt token v1\0'),
  check: Buffer.from('ppt check v1\0'),
  keyring: Buffer.from('ppt keyring v1\0'),
}

/** A data key behind the only thing it does. */
export type KeySecret = {
  /** HMAC-SHA512 of an input that begins with one of {@link LABELS} */
  readonly prf: (input: Uint8Array) => Buffer
  /** overwrites the key */
  readonly destroy: () => void
}

/** Takes a data key over: the given bytes are overwritten. Throws RangeError for another length. */
export const createKeySecret = (key: Buffer): KeySecret => {
  if (key.length !== KEY_BYTES) throw new RangeError(`a data key has ${KEY_BYTES} bytes`)
  const { digest, destroy } = createHmacSha512(key)
  key.fill(0)
  return { prf: digest, destroy }
}
