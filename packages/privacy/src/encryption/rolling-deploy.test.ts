import * as fc from 'fast-check'
import { isParapetError } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { addPending, destroyKey, disableKey, promoteKey, SETTLE_MS } from './keyset/keyset-steps.js'
import { makeKey } from './keyset/key-material.js'
import { createKeyset, openKeyset } from './open-keyset.js'
import { createMemoryKeysetStore } from './stores/memory-store.js'
import { CELL, seededRandom, TEST_NOW, testKek } from './fixtures/test-keyset.js'
import type { Keyset, OpenKeyset } from './types.js'

fc.configureGlobal({ seed: 20_261_121 })

type Act =
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'seal' | 'refresh'; readonly process: number }
  | { readonly kind: 'add' | 'promote' | 'disable' | 'destroy' | 'reseal' }

const PROCESSES = 3
const OPERATOR = new Set<Act['kind']>(['add', 'promote', 'disable', 'destroy'])
const REFUSALS = new Set<string>(['PPT_KEYSET_INVALID', 'PPT_KEY_IN_USE'])
const process = fc.nat(PROCESSES - 1)
const wait = fc.constantFrom(0, 1, SETTLE_MS / 3, SETTLE_MS - 1, SETTLE_MS).map((ms): Act => ({ kind: 'wait', ms }))
const operator = (kind: 'add' | 'promote' | 'disable' | 'destroy' | 'reseal'): Act => ({ kind })
/** Single acts, and the rows of them that make a rotation and a destruction, with pauses of any length. */
const acts: fc.Arbitrary<readonly Act[]> = fc
  .array(
    fc.oneof(
      wait.map((one) => [one]),
      process.map((index): Act[] => [{ kind: 'seal', process: index }]),
      process.map((index): Act[] => [{ kind: 'refresh', process: index }]),
      fc
        .constantFrom<Act>(operator('add'), operator('promote'), operator('disable'), operator('destroy'), operator('reseal'))
        .map((one) => [one]),
      wait.map((pause) => [operator('add'), pause, operator('promote')]),
      fc.tuple(wait, wait).map(([one, other]) => [one, operator('reseal'), operator('disable'), other, operator('destroy')]),
    ),
    { minLength: 10, maxLength: 30, size: 'max' },
  )
  .map((rows) => rows.flat())

describe('several processes with copies of a keyset of any age up to the pending time', () => {
  it('never meet an unknown key, and never lose a value, whatever the operator does in any order', async () => {
    const counts: Record<string, number> = {}
    await fc.assert(
      fc.asyncProperty(acts, async (row) => {
        const [store, kek, random] = [createMemoryKeysetStore(), testKek(), seededRandom('rolling')]
        let now = TEST_NOW
        const clock = (): number => now
        await createKeyset({ store, kek, clock, production: true, random })
        const open = (): Promise<OpenKeyset> => openKeyset({ store, kek, clock, production: true, random, maxAgeMs: SETTLE_MS })
        const processes = await Promise.all(Array.from({ length: PROCESSES }, open))
        const readAt = processes.map(() => now)
        const refresh = async (i: number): Promise<void> => {
          await processes[i]?.refresh()
          readAt[i] = now
        }
        let values: string[] = []
        const step = async (next: (keyset: Keyset) => Keyset | Promise<Keyset>): Promise<void> => {
          const { keyset, version } = (await store.read())!
          await store.write(await next(keyset), version)
        }
        const last = (keyset: Keyset, ...statuses: string[]): number =>
          keyset.keys.findLast(({ status }) => statuses.includes(status))?.id ?? 0

        const doOne = async (one: Act): Promise<void> => {
          switch (one.kind) {
            case 'wait': {
              // no copy gets older than the pending time: a process reads again at the last moment
              const until = now + one.ms
              for (const [i, at] of readAt.entries()) {
                if (at + SETTLE_MS > until) continue
                now = at + SETTLE_MS
                await refresh(i)
              }
              now = until
              return
            }
            case 'seal':
              values.push(processes[one.process]!.cipher.seal('value', CELL))
              return
            case 'refresh':
              return refresh(one.process)
            case 'add':
              return step(async (keyset) =>
                addPending(keyset, await makeKey(keyset, { kek, random, taken: keyset.keys.map(({ id }) => id) }), now),
              )
            case 'promote':
              return step((keyset) => promoteKey(keyset, last(keyset, 'pending', 'enabled'), { now }))
            case 'disable':
              return step((keyset) => disableKey(keyset, last(keyset, 'enabled'), now))
            case 'destroy':
              return step((keyset) => {
                const id = last(keyset, 'disabled')
                const uses = values.filter((value) => processes[0]!.cipher.keyIdOf(value) === id).length
                return destroyKey(keyset, id, { proof: { keyId: id, uses, scannedAt: now }, now })
              })
            case 'reseal': {
              const { cipher } = await open()
              const { keyset } = (await store.read())!
              const disabled = new Set(keyset.keys.filter(({ status }) => status === 'disabled').map(({ id }) => id))
              values = values.map((value) =>
                disabled.has(cipher.keyIdOf(value) ?? 0) ? value : cipher.seal(cipher.open(value, CELL), CELL),
              )
            }
          }
        }

        for (const one of row) {
          const refused = await doOne(one).then(
            () => undefined,
            (error: unknown) => error,
          )
          if (refused === undefined) counts[one.kind] = (counts[one.kind] ?? 0) + 1
          // an operator may be refused; a process that seals, reads or seals anew never is
          else if (!OPERATOR.has(one.kind) || !isParapetError(refused) || !REFUSALS.has(refused.code)) throw refused
          const { keyset } = (await store.read())!
          const disabled = new Set(keyset.keys.filter(({ status }) => status === 'disabled').map(({ id }) => id))
          for (const { cipher } of processes) {
            // an operator who disables a key in use is told so; every other value opens in every process
            const usable = values.filter((value) => !disabled.has(cipher.keyIdOf(value) ?? 0))
            expect(usable.every((value) => cipher.open(value, CELL) === 'value')).toBe(true)
          }
        }
      }),
      { numRuns: 100 },
    )
    for (const kind of ['seal', 'add', 'promote', 'disable', 'destroy', 'reseal']) expect(counts[kind]).toBeGreaterThan(10)
  }, 120_000)
})
