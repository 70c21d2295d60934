import { createHash } from 'node:crypto'
import { DAY, type RandomSource } from '@parapet/core'
import { kekFromMaster } from './kek/local-kek.js'
import { addPending, disableKey, destroyKey, promoteKey, SETTLE_MS } from './keyset/keyset-steps.js'
import { makeKey } from './keyset/key-material.js'
import { createKeyset, openKeyset } from './open-keyset.js'
import { createMemoryKeysetStore } from './stores/memory-store.js'
import type { FieldContext, KekProvider, Keyset, KeysetStore, OpenKeyset } from './types.js'

/** A time at which tests begin, ms UTC. */
export const TEST_NOW = 1_795_200_000_000

/** Bytes that look random and are the same in every run. */
export const seededRandom = (seed: string): RandomSource => {
  let count = 0
  return (bytes) => {
    const parts: Buffer[] = []
    for (let size = 0; size < bytes; size += 32) parts.push(createHash('sha256').update(`${seed} ${count++}`).digest())
    return Buffer.concat(parts).subarray(0, bytes)
  }
}

/** A KEK of its own for every name. */
export const testKek = (name = 'test'): KekProvider => kekFromMaster(createHash('sha256').update(name).digest(), `file:/${name}`)

/** A cell in which tests seal. */
export const CELL: FieldContext = { tenant: 'acme', table: 'users', column: 'phone', row: ['42'], type: 'text' }

/** A keyset in a store, opened, with a clock to turn and the steps that operators take. */
export type TestKeyset = {
  readonly store: KeysetStore
  readonly kek: KekProvider
  readonly opened: OpenKeyset
  readonly now: () => number
  readonly wait: (ms: number) => void
  /** writes the next keyset; the opened one sees it after `refresh` */
  readonly step: (next: (keyset: Keyset, now: number) => Keyset | Promise<Keyset>) => Promise<Keyset>
  /** adds a key, waits, promotes it and refreshes; its id */
  readonly rotate: () => Promise<number>
  /** disables a key that is not primary, then destroys it, and refreshes */
  readonly destroy: (id: number) => Promise<void>
}

/** Makes and opens one in memory. */
export const createTestKeyset = async (seed = 'test'): Promise<TestKeyset> => {
  const store = createMemoryKeysetStore()
  const kek = testKek()
  const random = seededRandom(seed)
  let time = TEST_NOW
  const clock = (): number => time
  await createKeyset({ store, kek, clock, production: true, random })
  const opened = await openKeyset({ store, kek, clock, production: true, random })
  const step: TestKeyset['step'] = async (next) => {
    const found = await store.read()
    if (found === undefined) throw new Error('no keyset')
    const keyset = await next(found.keyset, time)
    if (!(await store.write(keyset, found.version))) throw new Error('somebody else was first')
    return keyset
  }
  const wait = (ms: number): void => {
    time += ms
  }
  const rotate = async (): Promise<number> => {
    const next = await step(async (keyset, now) =>
      addPending(keyset, await makeKey(keyset, { kek, random, taken: keyset.keys.map(({ id }) => id) }), now),
    )
    const id = next.keys.at(-1)?.id ?? 0
    wait(SETTLE_MS)
    await step((keyset, now) => promoteKey(keyset, id, { now }))
    await opened.refresh()
    return id
  }
  return {
    store,
    kek,
    opened,
    now: clock,
    wait,
    step,
    rotate,
    destroy: async (id) => {
      await step((keyset, now) => disableKey(keyset, id, now))
      wait(DAY)
      await step((keyset, now) => destroyKey(keyset, id, { proof: { keyId: id, uses: 0, scannedAt: now }, now }))
      await opened.refresh()
    },
  }
}
