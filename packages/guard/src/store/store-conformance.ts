import { deepEqual, equal, notEqual, ok } from 'node:assert/strict'
import type { Store } from '@parapet/core'

/**
 * A fresh store under test, and how its time is moved on (by waiting, where it has a clock of its own). `others` are the same store as
 * other connections or processes see it; let one of them have a wrong clock.
 */
export type StoreUnderTest = { readonly store: Store; readonly others?: readonly Store[]; readonly advance: (ms: number) => Promise<void> }

/** One thing that every store must do; `run` rejects with an assertion when it does not. */
export type StoreCheck = { readonly name: string; readonly run: (subject: StoreUnderTest) => Promise<void> }

const LONG = 60_000
const SHORT = 300

/** Each key is used by one check only, so that a store that cannot be emptied may run them all. */
let serial = 0
const fresh = (name: string): string => `conformance:${name}:${Date.now().toString(36)}:${++serial}`

/** What the `Store` port of core promises, as checks that any store can be run through, in any test runner. */
export const storeConformance: readonly StoreCheck[] = [
  {
    name: 'reads what was written, and nothing for a key that never was',
    run: async ({ store }) => {
      const key = fresh('read')
      equal(await store.read(key), undefined)
      equal(await store.write(key, 'one', { ttlMs: LONG }), true)
      equal((await store.read(key))?.value, 'one')
    },
  },
  {
    name: 'keeps any text as it is',
    run: async ({ store }) => {
      for (const value of [
        '',
        '\u{1f512} ü \\ " \' \n\r\t',
        'null',
        '{"a":1}',
        'x'.repeat(65_536),
        'a\0b',
        '\u0001',
        '\u0001YQ',
        'half \ud800',
      ]) {
        const key = fresh('text')
        await store.write(key, value, { ttlMs: LONG })
        equal((await store.read(key))?.value, value)
      }
    },
  },
  {
    name: 'takes any key: quotes, wildcards, names of the prototype, 512 characters',
    run: async ({ store }) => {
      const keys = ['__proto__', 'constructor', "a'b", 'a%b', 'a_b', 'aXb', 'ä', 'x', '\0', '\u0001', '\ud800', '\ud801', '\ufffd'].map(
        (part) => `${fresh('key')}:${part}`,
      )
      keys.push(fresh('long').padEnd(512, 'k'))
      for (const key of keys) await store.write(key, key, { ttlMs: LONG })
      for (const key of keys) equal((await store.read(key))?.value, key)
    },
  },
  {
    name: 'forgets a value when its time is over, not before',
    run: async ({ store, advance }) => {
      const [brief, lasting] = [fresh('brief'), fresh('lasting')]
      await store.write(brief, 'x', { ttlMs: SHORT })
      await store.write(lasting, 'x', { ttlMs: LONG })
      ok(await store.read(brief))
      await advance(SHORT + 50)
      equal(await store.read(brief), undefined)
      ok(await store.read(lasting))
    },
  },
  {
    name: 'gives a value a new time with every write',
    run: async ({ store, advance }) => {
      const key = fresh('renewed')
      await store.write(key, 'x', { ttlMs: SHORT })
      await store.write(key, 'y', { ttlMs: LONG })
      await advance(SHORT + 50)
      equal((await store.read(key))?.value, 'y')
    },
  },
  {
    name: 'writes only when absent if told so',
    run: async ({ store }) => {
      const key = fresh('absent')
      equal(await store.write(key, 'first', { ttlMs: LONG, ifVersion: null }), true)
      equal(await store.write(key, 'second', { ttlMs: LONG, ifVersion: null }), false)
      equal((await store.read(key))?.value, 'first')
    },
  },
  {
    name: 'takes an expired value for an absent one',
    run: async ({ store, advance }) => {
      const key = fresh('expired')
      await store.write(key, 'old', { ttlMs: SHORT })
      const version = (await store.read(key))?.version ?? 'none'
      await advance(SHORT + 50)
      equal(await store.write(key, 'stale', { ttlMs: LONG, ifVersion: version }), false)
      equal(await store.write(key, 'new', { ttlMs: LONG, ifVersion: null }), true)
      equal((await store.read(key))?.value, 'new')
    },
  },
  {
    name: 'writes only over the version that was read, and gives every write another',
    run: async ({ store }) => {
      const key = fresh('version')
      await store.write(key, 'one', { ttlMs: LONG })
      const before = await store.read(key)
      ok(before)
      equal(await store.write(key, 'two', { ttlMs: LONG, ifVersion: before.version }), true)
      equal(await store.write(key, 'three', { ttlMs: LONG, ifVersion: before.version }), false)
      const after = await store.read(key)
      equal(after?.value, 'two')
      notEqual(after?.version, before.version)
      // the same value again is another version all the same: A, B, A must not look unchanged
      await store.write(key, 'one', { ttlMs: LONG })
      notEqual((await store.read(key))?.version, before.version)
    },
  },
  {
    name: 'does not bring a removed value back under an old version',
    run: async ({ store }) => {
      const key = fresh('removed')
      await store.write(key, 'one', { ttlMs: LONG })
      const version = (await store.read(key))?.version ?? 'none'
      await store.remove(key)
      equal(await store.read(key), undefined)
      equal(await store.write(key, 'two', { ttlMs: LONG, ifVersion: version }), false)
      await store.write(key, 'one', { ttlMs: LONG })
      equal(await store.write(key, 'two', { ttlMs: LONG, ifVersion: version }), false)
    },
  },
  {
    name: 'lets exactly one of many parallel writers win, and loses no count of a loop over versions',
    run: async ({ store }) => {
      const once = fresh('once')
      const won = await Promise.all(Array.from({ length: 20 }, (_, i) => store.write(once, String(i), { ttlMs: LONG, ifVersion: null })))
      equal(won.filter(Boolean).length, 1)
      const counter = fresh('counter')
      const add = async (): Promise<void> => {
        for (;;) {
          const held = await store.read(counter)
          const next = String(Number(held?.value ?? '0') + 1)
          if (await store.write(counter, next, { ttlMs: LONG, ifVersion: held?.version ?? null })) return
        }
      }
      await Promise.all(Array.from({ length: 20 }, add))
      equal((await store.read(counter))?.value, '20')
    },
  },
  {
    name: 'removes what is not there without complaint',
    run: async ({ store }) => {
      await store.remove(fresh('nothing'))
      equal(await store.removeGroup(fresh('nobody')), 0)
      deepEqual(await store.list(fresh('nobody')), [])
    },
  },
  {
    name: 'lists the live values of a group and of no other',
    run: async ({ store, advance }) => {
      const [group, other] = [fresh('group'), fresh('group')]
      const [a, b, c, d] = [fresh('a'), fresh('b'), fresh('c'), fresh('d')]
      await store.write(a, '1', { ttlMs: LONG, group })
      await store.write(b, '2', { ttlMs: LONG, group })
      await store.write(c, '3', { ttlMs: SHORT, group })
      await store.write(d, '4', { ttlMs: LONG, group: other })
      await advance(SHORT + 50)
      const listed = (await store.list(group)).map(({ key, value }) => `${key}=${value}`)
      deepEqual(listed.toSorted(), [`${a}=1`, `${b}=2`].toSorted())
    },
  },
  {
    name: 'moves a value to the group of its last write, and out of any when that names none',
    run: async ({ store }) => {
      const [first, second] = [fresh('group'), fresh('group')]
      const key = fresh('moved')
      await store.write(key, '1', { ttlMs: LONG, group: first })
      await store.write(key, '2', { ttlMs: LONG, group: second })
      deepEqual(await store.list(first), [])
      deepEqual(await store.list(second), [{ key, value: '2' }])
      await store.write(key, '3', { ttlMs: LONG })
      deepEqual(await store.list(second), [])
      equal((await store.read(key))?.value, '3')
    },
  },
  {
    name: 'removes a group and says how many values went',
    run: async ({ store }) => {
      const [group, other] = [fresh('group'), fresh('group')]
      const [a, b, c] = [fresh('a'), fresh('b'), fresh('c')]
      for (const key of [a, b]) await store.write(key, 'x', { ttlMs: LONG, group })
      await store.write(c, 'x', { ttlMs: LONG, group: other })
      equal(await store.removeGroup(group), 2)
      equal(await store.read(a), undefined)
      ok(await store.read(c))
      equal(await store.removeGroup(group), 0)
    },
  },
  {
    name: 'never gives a version twice: not after a removal, an end or a write by another process',
    run: async ({ store, others = [], advance }) => {
      const key = fresh('versions')
      const seen = new Set<string>()
      const all = [store, ...others]
      let writes = 0
      for (let i = 0; i < 24; i++) {
        const writer = all[i % all.length] ?? store
        equal(await writer.write(key, 'same', { ttlMs: i % 8 === 7 ? SHORT : LONG }), true)
        seen.add((await store.read(key))?.version ?? 'none')
        writes++
        if (i % 5 === 4) await writer.remove(key)
        if (i % 8 === 7) await advance(SHORT + 50)
      }
      equal(seen.size, writes)
      ok(!seen.has('none'))
    },
  },
  {
    name: 'shows every process what another wrote, removed or grouped, whatever its clock says',
    run: async ({ store, others = [], advance }) => {
      for (const other of others) {
        const [key, brief, group] = [fresh('shared'), fresh('brief'), fresh('group')]
        await store.write(key, 'one', { ttlMs: LONG, group })
        const seen = await other.read(key)
        equal(seen?.value, 'one')
        equal(await other.write(key, 'two', { ttlMs: LONG, group, ifVersion: seen?.version ?? 'none' }), true)
        equal(await store.write(key, 'three', { ttlMs: LONG, ifVersion: seen?.version ?? 'none' }), false)
        deepEqual(await store.list(group), [{ key, value: 'two' }])
        await other.write(brief, 'x', { ttlMs: SHORT, group })
        ok(await store.read(brief))
        await advance(SHORT + 50)
        equal(await store.read(brief), undefined)
        equal(await other.read(brief), undefined)
        equal(await other.removeGroup(group), 1)
        equal(await store.read(key), undefined)
      }
    },
  },
  {
    name: 'lets exactly one of many writers win over several processes, and loses no count',
    run: async ({ store, others = [] }) => {
      const all = [store, ...others]
      const [once, counter] = [fresh('once'), fresh('counter')]
      const of = (i: number): Store => all[i % all.length] ?? store
      const won = await Promise.all(Array.from({ length: 24 }, (_, i) => of(i).write(once, String(i), { ttlMs: LONG, ifVersion: null })))
      equal(won.filter(Boolean).length, 1)
      const add = async (i: number): Promise<void> => {
        for (;;) {
          const held = await of(i).read(counter)
          const next = String(Number(held?.value ?? '0') + 1)
          if (await of(i).write(counter, next, { ttlMs: LONG, ifVersion: held?.version ?? null })) return
        }
      }
      await Promise.all(Array.from({ length: 24 }, (_, i) => add(i)))
      equal((await store.read(counter))?.value, '24')
    },
  },
]
