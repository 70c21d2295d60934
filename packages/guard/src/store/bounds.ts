import { DAY, ParapetError } from '@parapet/core'

/** Characters of a key and of a group, and of a value: the bounds of the `Store` port. */
const LONGEST_KEY = 512
const LONGEST_VALUE = 65_536
/** Longer ones are no times to every store: Redis would write the value, and then refuse its end; ms. */
const LONGEST_TTL = 3_650 * DAY

/** Refuses a key or a group that the `Store` port does not take. Code `PPT_INVALID`. */
export const checkKey = (name: 'key' | 'group', key: string): void => {
  if (typeof key !== 'string' || key === '' || key.length > LONGEST_KEY)
    throw new ParapetError('PPT_INVALID', `store ${name}: 1 to ${LONGEST_KEY} characters`)
}

/** Refuses a write that the `Store` port does not take. Code `PPT_INVALID`. */
export const checkWrite = (key: string, value: string, settings: { readonly ttlMs: number; readonly group?: string }): void => {
  checkKey('key', key)
  if (settings.group !== undefined) checkKey('group', settings.group)
  if (typeof value !== 'string' || value.length > LONGEST_VALUE)
    throw new ParapetError('PPT_INVALID', `store value: at most ${LONGEST_VALUE} characters`)
  if (!Number.isFinite(settings.ttlMs) || settings.ttlMs <= 0 || settings.ttlMs > LONGEST_TTL)
    throw new ParapetError('PPT_INVALID', 'store ttlMs: more than 0, at most 10 years')
}
