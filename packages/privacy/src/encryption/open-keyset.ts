import { type Clock, MINUTE, ParapetError, type RandomSource, systemRandom, uuidv7 } from '@parapet/core'
import { createBlindIndex } from './blind-index/blind-index.js'
import { createFieldCipher } from './field/field-cipher.js'
import { LABELS } from './field/key-secret.js'
import { buildTable, createLiveRing } from './key-ring.js'
import { createKeysetKeyring } from './keyset-keyring.js'
import { checkSuccessor, firstKeyset } from './keyset/keyset-steps.js'
import { makeKey } from './keyset/key-material.js'
import type { KekProvider, Keyset, KeysetStore, OpenKeyset } from './types.js'

/** How often a watched keyset is read again, ms: a fraction of the time for which keys are pending. */
const REFRESH_MS = MINUTE

/** What opening a keyset takes. */
export type OpenKeysetOptions = {
  readonly store: KeysetStore
  readonly kek: KekProvider
  readonly clock: Clock
  /** true refuses keysets made for development */
  readonly production: boolean
  readonly random?: RandomSource
  /**
   * how old the last reading of the store may be for sealing, ms; without a bound where it is left out. A process that
   * watches its keyset gives `SETTLE_MS`, so that it never seals with a key that was destroyed behind its back
   */
  readonly maxAgeMs?: number
}

const readStore = async (store: KeysetStore): Promise<{ keyset: Keyset; version: string }> => {
  const found = await store.read()
  if (found === undefined) throw new ParapetError('PPT_KEYS_MISSING', `there is no keyset in ${store.where}`)
  return found
}

const checkDev = (keyset: Keyset, options: OpenKeysetOptions): void => {
  if (keyset.dev && options.production) throw new ParapetError('PPT_KEY_DEV', `keyset ${keyset.id} in ${options.store.where}`)
}

/**
 * Opens the keyset of a store. Throws PPT_KEYS_MISSING (there is none: it is never made here), PPT_KEYSET_INVALID (damaged),
 * PPT_KEY_DEV (made for development, opened in production), PPT_KEK (the wrong KEK, or one that does not answer).
 */
export const openKeyset = async (options: OpenKeysetOptions): Promise<OpenKeyset> => {
  const { store, kek, clock, random = systemRandom, maxAgeMs = Infinity } = options
  const readAt = clock()
  let { keyset, version } = await readStore(store)
  checkDev(keyset, options)
  const ring = createLiveRing(await buildTable(keyset, kek), { clock, readAt, maxAgeMs })
  const timers = new Set<NodeJS.Timeout>()

  const load = async (): Promise<boolean> => {
    const at = clock()
    const found = await readStore(store)
    if (found.version === version) {
      ring.replace(ring.table(), at)
      return false
    }
    checkSuccessor(keyset, found.keyset)
    checkDev(found.keyset, options)
    ring.replace(await buildTable(found.keyset, kek, ring.table()), at)
    ;({ keyset, version } = found)
    return true
  }
  let running: Promise<boolean> | undefined
  const refresh = (): Promise<boolean> =>
    (running ??= load().finally(() => {
      running = undefined
    }))

  return {
    get keyset() {
      return keyset
    },
    cipher: createFieldCipher(ring, random),
    keyring: createKeysetKeyring(ring, random),
    blindIndex: (column) => createBlindIndex(ring, column),
    tokenDigest: (input) => ring.forSealing().primary.secret.prf(Buffer.concat([LABELS.token, input])),
    refresh,
    watch: ({ everyMs = REFRESH_MS, onError }) => {
      const timer = setInterval(() => void refresh().catch(onError), everyMs)
      timer.unref()
      timers.add(timer)
      return () => {
        clearInterval(timer)
        timers.delete(timer)
      }
    },
    close: () => {
      for (const timer of timers) clearInterval(timer)
      ring.close()
    },
  }
}

/**
 * Makes the first keyset of an empty store and returns it. Throws PPT_CONFLICT when the store has one, PPT_KEY_DEV for a
 * development keyset in production, PPT_KEK, and what the store throws for a damaged one, which is left as it is.
 */
export const createKeyset = async (options: {
  readonly store: KeysetStore
  readonly kek: KekProvider
  readonly clock: Clock
  readonly production: boolean
  /** for development only: the keyset is refused where NODE_ENV is production */
  readonly dev?: boolean
  readonly random?: RandomSource
}): Promise<Keyset> => {
  const { store, kek, clock, production, dev = false, random = systemRandom } = options
  const taken = (): ParapetError => new ParapetError('PPT_CONFLICT', `${store.where} holds a keyset already`)
  if (dev && production) throw new ParapetError('PPT_KEY_DEV', `${store.where} would get a development keyset`)
  if ((await store.read()) !== undefined) throw taken()
  const now = clock()
  const owner = { id: uuidv7(now, random), dev, kek: kek.uri }
  const keyset = firstKeyset(owner, await makeKey(owner, { kek, random }), now)
  // proven before it is written: a KEK that wraps but does not unwrap would lock everything in
  const table = await buildTable(keyset, kek)
  for (const { secret } of table.byId.values()) secret?.destroy()
  if (!(await store.write(keyset, null))) throw taken()
  return keyset
}
