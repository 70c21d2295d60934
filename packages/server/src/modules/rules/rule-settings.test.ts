import type { RuleException } from '@parapet/core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../db/test-database.js'
import type { Database } from '../../db/types.js'
import type { RuleSettings } from './rule-book.js'
import { createRuleSettings, type RuleSettingsStore } from './rule-settings.js'

let database: TestDatabase
const stores: RuleSettingsStore[] = []
const ann = { id: 'op', name: 'Ann' }
beforeAll(async () => {
  database = await createTestDatabase()
}, 60_000)
afterAll(async () => {
  for (const store of stores) await store.stop()
  await database.close()
})

type Server = { readonly store: RuleSettingsStore; readonly applied: RuleSettings[]; readonly warned: string[]; reloads: number }
const serverOn = (over: Pick<Database, 'pool' | 'listen'>, list: () => Promise<readonly RuleException[]> = async () => []): Server => {
  const applied: RuleSettings[] = []
  const warned: string[] = []
  const server: Server = {
    applied,
    warned,
    reloads: 0,
    store: createRuleSettings({
      database: over,
      exceptions: { list },
      apply: (settings) => applied.push(settings),
      reload: async () => {
        server.reloads++
      },
      clock: () => 5,
      log: { warn: (_fields, message) => warned.push(message) },
    }),
  }
  stores.push(server.store)
  return server
}
const off = (server: Server): string[] => [...(server.applied.at(-1)?.off ?? ['nothing was applied'])].toSorted()

describe('what operators changed about rules', () => {
  it('is in force here when the switch answers, and on another server at once', async () => {
    const here = serverOn(database)
    const other = await database.sibling()
    const there = serverOn(other)
    await there.store.start()
    expect(off(there)).toEqual([])
    await here.store.switch('a', 'off', ann)
    expect(off(here)).toEqual(['a'])
    await vi.waitFor(() => expect(off(there)).toEqual(['a']))
    await Promise.all([here.store.switch('b', 'off', ann), here.store.switch('a', 'on', ann), here.store.switch('b', 'off', ann)])
    expect(off(here)).toEqual(['b'])
    await vi.waitFor(() => expect(off(there)).toEqual(['b']))
    expect(there.reloads).toBeGreaterThan(0)
    await there.store.stop()
    await here.store.switch('b', 'on', ann)
    await other.close()
    expect(off(there)).toEqual(['b'])
  })

  it('is read once more when it changes while it is read: nobody goes on from an older state', async () => {
    let release: (() => void) | undefined
    let reads = 0
    const server = serverOn(database, async () => {
      reads++
      if (reads === 1) await new Promise<void>((done) => (release = done))
      return []
    })
    const first = server.store.refresh()
    await vi.waitFor(() => expect(reads).toBe(1))
    const second = server.store.switch('late', 'off', ann)
    await vi.waitFor(async () => expect(await server.store.offIds()).toContain('late'))
    release?.()
    await Promise.all([first, second])
    expect(off(server)).toEqual(['late'])
    expect(reads).toBe(2)
    await server.store.switch('late', 'on', ann)
  })

  it('stays as it was while the database cannot be read, with a word of it, and follows again after', async () => {
    let broken = false
    const server = serverOn(database, async () => {
      if (broken) throw new Error('away')
      return []
    })
    await server.store.start()
    broken = true
    await expect(server.store.switch('x', 'off', ann)).rejects.toThrow('away')
    expect(off(server)).toEqual([])
    await vi.waitFor(() => expect(server.warned.length).toBeGreaterThan(0))
    broken = false
    await server.store.refresh()
    expect(off(server)).toEqual(['x'])
  })
})
