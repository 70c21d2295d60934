import { type Clock, type DerivedKey, type Keyring, ParapetError, systemClock } from '@parapet/core'
import { choiceOption, knownOptions, optionError } from '../options/check.js'
import { decodeBase32, encodeBase32 } from './base32.js'
import { createSiv, SIV_OVERHEAD, type Siv } from './siv.js'
import type { PublicIdReport, PublicIds, PublicIdTypes, PublicIdValue, PublicIdVerdict } from './types.js'
import { CODECS } from './values.js'

/** What {@link createPublicIds} takes. */
export type PublicIdOptions<T extends PublicIdTypes = PublicIdTypes> = {
  readonly keyring: Pick<Keyring, 'derive'>
  /** such as `{ doc: 'integer', user: 'uuid' }`; names of 1 to 16 small letters and digits */
  readonly types: T
  /** told of ids with our prefix that we never gave out */
  readonly report?: (report: PublicIdReport) => void
  readonly clock?: Clock
}

const PURPOSE = 'guard.public-id'
const SHOWN = 256

/** One type with the keys that are in force. */
type Type = {
  readonly prefix: string
  readonly encode: (value: unknown) => string
  readonly decode: (text: string) => PublicIdVerdict
}

/**
 * Builds public ids: `doc_` and 32 characters for a number, 45 for a UUID, 71 for a text, encrypted and authenticated under a key of the
 * type. They are written in lower case and are read in no other way, so that one thing has one address for a given key. The newest key
 * writes, all of the keyring read. Throws `PPT_CONFIG_INVALID`. Sources: RFC 5297; CWE-639.
 */
export const createPublicIds = <const T extends PublicIdTypes>(options: PublicIdOptions<T>): PublicIds<T> => {
  knownOptions('id', options, ['keyring', 'types', 'report', 'clock'])
  const { keyring, types, report, clock = systemClock } = options
  if (typeof (keyring as Partial<Keyring> | undefined)?.derive !== 'function')
    throw optionError('id.keyring', typeof keyring, 'public ids need a keyring: createKeyring({ keys: [...] })')
  const fix = "give names and kinds, such as { doc: 'integer', user: 'uuid' }"
  if (typeof types !== 'object' || types === null || Array.isArray(types) || Object.keys(types).length === 0)
    throw optionError('id.types', types, fix)

  /** Keys change when a keyset is rotated under us. */
  let [keys, generation] = [undefined as readonly DerivedKey[] | undefined, 0]
  const current = (): number => {
    const now = keyring.derive(PURPOSE)
    if (now !== keys) {
      if (now.length === 0) throw new ParapetError('PPT_KEYS_MISSING', 'the keyring has no key for public ids')
      keys = now
      generation++
    }
    return generation
  }

  const createType = (name: string): Type => {
    if (!/^[a-z][a-z\d]{0,15}$/.test(name)) throw optionError('id.types', name, 'name types in 1 to 16 small letters and digits')
    const kind = choiceOption(`id.types.${name}`, types[name] ?? '', 'text', ['integer', 'bigint', 'uuid', 'text'])
    const codec = CODECS[kind]
    const prefix = `${name}_`
    const value = new Uint8Array(codec.bytes)
    const sealed = new Uint8Array(codec.bytes + SIV_OVERHEAD)
    let [sivs, builtAt] = [[] as readonly Siv[], 0]
    const inForce = (): readonly Siv[] => {
      const now = current()
      if (now !== builtAt) {
        sivs = (keys ?? []).map(({ key }) => createSiv(key, `${name}\n${kind}`, codec.bytes))
        builtAt = now
      }
      return sivs
    }
    return {
      prefix,
      encode: (id) => {
        const [newest] = inForce() as [Siv]
        if (!codec.write(id, value)) throw new ParapetError('PPT_INVALID', `an id of type ${name} is ${codec.takes}`)
        return prefix + encodeBase32(newest.seal(value))
      },
      decode: (text) => {
        if (!decodeBase32(text, prefix.length, sealed)) return { kind: 'unknown', reason: 'shape' }
        for (const siv of inForce()) {
          const opened = siv.open(sealed)
          if (opened !== undefined) return { kind: 'known', id: codec.read(opened) }
        }
        return { kind: 'unknown', reason: 'forged' }
      },
    }
  }
  const known = new Map(Object.keys(types).map((name) => [name, createType(name)]))
  current()

  const typeOf = (name: string): Type => {
    const type = known.get(name)
    if (type === undefined)
      throw new ParapetError('PPT_INVALID', `there is no type of that name; id.types has ${[...known.keys()].join(', ')}`)
    return type
  }
  return {
    encode: (name, id) => typeOf(name).encode(id),
    decode: <N extends keyof T & string>(name: N, text: unknown) => {
      const type = typeOf(name)
      if (typeof text !== 'string' || !text.startsWith(type.prefix)) return { kind: 'unknown', reason: 'shape' }
      const verdict = type.decode(text)
      if (verdict.kind === 'unknown') report?.({ kind: 'public_id_forged', at: clock(), type: name, text: text.slice(0, SHOWN) })
      return verdict as PublicIdVerdict<PublicIdValue<T[N]>>
    },
  }
}
