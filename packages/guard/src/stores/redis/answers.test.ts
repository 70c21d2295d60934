import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LimitRule } from '../../limiter/types.js'
import { type RedisClient, redisStore, type RedisStoreOptions } from './redis-store.js'

fc.configureGlobal({ seed: 20_261_122 })

const UNAVAILABLE = { code: 'PPT_STORE_UNAVAILABLE' }
const GCRA: LimitRule = { kind: 'gcra', limit: 3, windowMs: 1_000, rate: 3 }
const FIXED: LimitRule = { kind: 'fixed_window', limit: 3, windowMs: 1_000 }
const rules = [
  GCRA,
  FIXED,
  { kind: 'sliding_window', limit: 3, windowMs: 1_000 },
  { kind: 'concurrency', limit: 3, windowMs: 1_000 },
] as const

type Call = { readonly sha: string; readonly keys: readonly string[]; readonly rest: readonly string[] }
/** A client that writes down what it is asked, and answers so. */
const client = (reply: unknown = 1): { readonly client: RedisClient; readonly calls: Call[] } => {
  const calls: Call[] = []
  const run = async (sha: string, keys: number, ...rest: string[]): Promise<unknown> => {
    calls.push({ sha, keys: rest.slice(0, keys), rest: rest.slice(keys) })
    return reply
  }
  return { client: { evalsha: run, eval: run }, calls }
}
const failing = (error: () => unknown): RedisClient => {
  const run = async (): Promise<never> => {
    throw error()
  }
  return { evalsha: run, eval: run }
}

describe('the keys of a store', () => {
  const keysOf = async (key: string): Promise<readonly string[]> => {
    const { client: own, calls } = client([])
    const store = redisStore(own)
    await store.read(key)
    await store.list(key)
    await store.limits.forget(rules.map((rule) => ({ key, rule, cost: 1 })))
    return calls.flatMap(({ keys }) => keys)
  }

  it('of values, groups and each kind of limit are different, whatever two of them are called', async () => {
    const name = fc.string({ unit: fc.constantFrom('v', 'g', 'l', ':', 'a', '{', '}', 'f', 's'), minLength: 1, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(name, name, async (a, b) => {
        const [first, second] = [await keysOf(a), await keysOf(b)]
        expect(new Set(first).size).toBe(2 + rules.length)
        expect(second.filter((key) => first.includes(key))).toEqual(a === b ? [...first] : [])
      }),
    )
  })

  it('stay in one slot of a cluster, whatever braces are in a name', async () => {
    for (const key of ['{x}', '}{', '{}', 'a{b}c']) for (const made of await keysOf(key)) expect(made).toMatch(/^\{parapet\}:/)
  })

  it('travel as keys and values as arguments: nothing that came in stands in a script [ASVS 1.2.4]', async () => {
    const { client: own, calls } = client(1)
    const store = redisStore(own)
    const hostile = `"); redis.call("FLUSHALL") --`
    await store.write(hostile, hostile, { ttlMs: 1, group: hostile })
    await store.remove(hostile)
    await store.removeGroup(hostile)
    for (const { sha, keys } of calls) {
      expect(sha).toMatch(/^[\da-f]{40}$/)
      expect(keys.every((key) => key.endsWith(hostile))).toBe(true)
    }
    expect(calls[0]?.rest).toContain(hostile)
  })
})

describe('an answer of Redis', () => {
  it('of another shape is trouble for every method that reads one, and never a permission [ASVS 16.5.3]', async () => {
    const odd = [null, 'OK', {}, true, Number.NaN.toString(), [null]]
    for (const reply of odd) {
      const store = redisStore(client(reply).client, { failures: 100 })
      await expect(store.write('k', 'v', { ttlMs: 1 })).rejects.toMatchObject(UNAVAILABLE)
      await expect(store.removeGroup('g')).rejects.toMatchObject(UNAVAILABLE)
      for (const rule of rules) await expect(store.limits.take([{ key: 'k', rule, cost: 1 }], 'l')).rejects.toMatchObject(UNAVAILABLE)
    }
    for (const reply of odd.slice(0, -1)) {
      const store = redisStore(client(reply).client, { failures: 100 })
      await expect(store.read('k')).rejects.toMatchObject(UNAVAILABLE)
      await expect(store.list('g')).rejects.toMatchObject(UNAVAILABLE)
    }
  })

  it('that breaks off after some takes is trouble for all of them', async () => {
    const whole = [1_000, 0, 2, 700, 0, 0, 2, 700, 0]
    const takes = [
      { key: 'a', rule: FIXED, cost: 1 },
      { key: 'b', rule: FIXED, cost: 1 },
    ]
    expect((await redisStore(client(whole).client).limits.take(takes, 'l')).answers).toHaveLength(2)
    for (let length = 0; length < whole.length; length++)
      await expect(redisStore(client(whole.slice(0, length)).client).limits.take(takes, 'l')).rejects.toMatchObject(UNAVAILABLE)
  })

  it('with half a value is none: nobody gets a session without its version', async () => {
    for (const reply of [[], ['v'], ['v', null], [null, '1'], [7, '1'], ['v', 1]])
      expect(await redisStore(client(reply).client).read('k')).toBeUndefined()
    expect(await redisStore(client(['v', '1']).client).read('k')).toEqual({ value: 'v', version: '1' })
  })

  it('other than 1 was no write', async () => {
    for (const reply of [0, 2, -1]) expect(await redisStore(client(reply).client).write('k', 'v', { ttlMs: 1 })).toBe(false)
  })
})

describe('a write', () => {
  it('carries its condition apart from any version: no version can be read as another condition', async () => {
    const { client: own, calls } = client()
    const store = redisStore(own)
    for (const ifVersion of [undefined, null, 'a', 'n', '', 'v1'])
      await store.write('k', 'v', { ttlMs: 1, ...(ifVersion === undefined ? {} : { ifVersion }) })
    expect(calls.map(({ rest }) => rest[5])).toEqual(['a', 'n', 'va', 'vn', 'v', 'vv1'])
  })

  it('rounds its time up to whole milliseconds, so that nothing is written that has ended already', async () => {
    const { client: own, calls } = client()
    const store = redisStore(own)
    for (const ttlMs of [0.1, 1, 1.5, 86_400_000]) await store.write('k', 'v', { ttlMs })
    expect(calls.map(({ rest }) => rest[4])).toEqual(['1', '1', '2', '86400000'])
    for (const ttlMs of [0, -1, Number.NaN, Infinity])
      await expect(store.write('k', 'v', { ttlMs })).rejects.toMatchObject({ code: 'PPT_INVALID' })
  })

  it('has a version of its own each time, in every process', async () => {
    const { client: own, calls } = client()
    const stores = [redisStore(own), redisStore(own), redisStore(own)]
    for (let i = 0; i < 90; i++) await stores[i % 3]?.write('k', 'v', { ttlMs: 1 })
    expect(new Set(calls.map(({ rest }) => rest[3])).size).toBe(90)
  })
})

describe('a server', () => {
  it('that lost its scripts is told them again, once for each call, and another error is not taken for that', async () => {
    let [shas, texts] = [0, 0]
    const forgetful: RedisClient = {
      evalsha: async () => {
        shas++
        throw new Error('NOSCRIPT No matching script. Please use EVAL.')
      },
      eval: async () => (texts++, 1),
    }
    expect(await redisStore(forgetful).write('k', 'v', { ttlMs: 1 })).toBe(true)
    expect([shas, texts]).toEqual([1, 1])
    const full = failing(() => new Error('OOM command not allowed when used memory > maxmemory'))
    await expect(redisStore({ ...full, eval: async () => (texts++, 1) }).write('k', 'v', { ttlMs: 1 })).rejects.toMatchObject(UNAVAILABLE)
    expect(texts).toBe(1)
  })

  it.each<[string, () => unknown]>([
    ['an error', () => new Error('ECONNREFUSED 10.0.0.5:6379')],
    ['a text', () => 'NOSCRIPT'],
    ['nothing', () => undefined],
    ['null', () => null],
  ])('that rejects with %s is one kind of trouble, and its words stay with the cause', async (_what, error) => {
    const store = redisStore(failing(error), { failures: 100 })
    for (const call of [store.read('k'), store.write('k', 'v', { ttlMs: 1 }), store.remove('k'), store.list('g'), store.removeGroup('g')]) {
      const thrown = await call.catch((reason: unknown) => reason)
      expect(thrown).toMatchObject(UNAVAILABLE)
      expect(String(thrown)).not.toContain('10.0.0.5')
    }
  })

  it('that never answers holds nobody for longer than was said', async () => {
    const silent: RedisClient = { evalsha: () => new Promise(() => undefined), eval: () => new Promise(() => undefined) }
    const began = performance.now()
    await expect(redisStore(silent, { timeoutMs: 20 }).read('k')).rejects.toMatchObject(UNAVAILABLE)
    expect(performance.now() - began).toBeLessThan(1_000)
  })
})

describe('the bounds of the port', () => {
  it('are the same to the last character: 512 of a key, 65,536 of a value', async () => {
    const store = redisStore(client(1).client)
    expect(await store.write('k'.repeat(512), 'v'.repeat(65_536), { ttlMs: 1, group: 'g'.repeat(512) })).toBe(true)
    const odd: readonly [string, string, object, string][] = [
      ['k'.repeat(513), 'v', {}, 'store key'],
      ['', 'v', {}, 'store key'],
      ['k', 'v'.repeat(65_537), {}, 'store value'],
      ['k', 7 as unknown as string, {}, 'store value'],
      [null as unknown as string, 'v', {}, 'store key'],
      ['k', 'v', { group: '' }, 'store group'],
      ['k', 'v', { group: 'g'.repeat(513) }, 'store group'],
    ]
    for (const [key, value, more, message] of odd)
      await expect(store.write(key, value, { ttlMs: 1, ...more })).rejects.toMatchObject({ code: 'PPT_INVALID', detail: expect.stringContaining(message) as string }) // prettier-ignore
  })

  it.each<[RedisStoreOptions, boolean]>([
    [{ prefix: '' }, true],
    [{ prefix: 'x'.repeat(64) }, true],
    [{ prefix: '{shop}:' }, true],
    [{ prefix: 'a\n' }, false],
    [{ prefix: 'ä' }, false],
    [{ prefix: 'a*' }, false],
    [{ timeoutMs: 5 }, true],
    [{ timeoutMs: 4 }, false],
    [{ timeoutMs: 60_000 }, true],
    [{ timeoutMs: 60_001 }, false],
    [{ failures: 0 }, false],
    [{ failures: 100 }, true],
    [{ failures: 101 }, false],
    [{ retryMs: 9 }, false],
    [{ retryMs: 10 }, true],
  ])('%j as an option is taken: %j', (options, taken) => {
    const build = (): string => {
      try {
        redisStore(client().client, options)
        return 'taken'
      } catch (error) {
        return (error as { code: string }).code
      }
    }
    expect(build()).toBe(taken ? 'taken' : 'PPT_CONFIG_INVALID')
  })

  it('of a cluster ask for braces with something between them', () => {
    const cluster: RedisClient = { ...client().client, isCluster: true }
    for (const prefix of ['{a}', 'x{a}y:', '{a}{b}']) expect(() => redisStore(cluster, { prefix })).not.toThrow()
    for (const prefix of ['', '{}', 'a:', '{a', 'a}', '}{'])
      expect(() => redisStore(cluster, { prefix })).toThrow('on a cluster give one with braces')
  })
})
