import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { needs, startRedis, type TestRedis } from '@parapet/testkit'
import { expectBack, pause } from '../fixtures/outage.js'
import { limitStoreConformance } from '../../limiter/limit-store-conformance.js'
import type { LimitRule } from '../../limiter/types.js'
import { storeConformance } from '../../store/store-conformance.js'
import { redisStore, type RedisClient, type RedisStore } from './redis-store.js'

const { ok, note } = needs('redis-server')

describe.runIf(ok)(`redisStore${note}`, () => {
  let redis: TestRedis
  const clients: Redis[] = []
  const open = (): Redis => {
    const client = new Redis(redis.url, { enableOfflineQueue: false, lazyConnect: true, retryStrategy: () => 50 })
    client.on('error', () => undefined)
    clients.push(client)
    return client
  }
  const stores: RedisStore[] = []

  beforeAll(async () => {
    redis = await startRedis()
    for (let i = 0; i < 4; i++) {
      const client = open()
      await client.connect()
      stores.push(redisStore(client, i === 3 ? { clock: () => Date.now() - 86_400_000 } : {}))
    }
  })
  afterAll(async () => {
    for (const client of clients) client.disconnect()
    await redis.stop()
  })
  const store = (i = 0): RedisStore => stores[i] as RedisStore

  describe('keeps every promise of the Store port', () => {
    it.each(storeConformance)('$name', (check) => check.run({ store: store(), others: stores.slice(1), advance: pause }))
  })
  describe('keeps every promise of a store of limits', () => {
    it.each(limitStoreConformance)('$name', (check) =>
      check.run({ stores: stores.slice(0, 3).map(({ limits }) => limits), skewed: store(3).limits, advance: pause }),
    )
  })

  /** Every key of the server, with what is left of its life. */
  const lives = async (pattern: string): Promise<readonly (readonly [string, number])[]> => {
    const client = clients[0] as Redis
    const keys = await client.keys(pattern)
    return Promise.all(keys.map(async (key) => [key, await client.pttl(key)] as const))
  }
  const calls = async (): Promise<ReadonlyMap<string, number>> =>
    new Map(
      [...(await (clients[0] as Redis).info('commandstats')).matchAll(/cmdstat_(\S+?):calls=(\d+)/g)].map(
        ([, name = '', count]) => [name, Number(count)] as const,
      ),
    )
  const gcra: LimitRule = { kind: 'gcra', limit: 3, windowMs: 60_000, rate: 3 }

  it('trap: read-then-increment races: over four connections exactly as many pass as every one of three policies allows [ASVS 2.4.1, 15.4.2]', async () => {
    const takes = [3, 5, 7].map((limit) => ({ key: `racing${limit}`, rule: { ...gcra, limit, rate: limit }, cost: 1 }))
    const replies = await Promise.all(Array.from({ length: 80 }, (_, i) => store(i % 4).limits.take(takes, `l${i}`)))
    const passed = replies.filter(({ answers }) => answers.every(({ limited }) => !limited))
    expect(passed).toHaveLength(3)
    const after = await store().limits.take(takes.map(({ key, rule }) => ({ key, rule, cost: 0 })), 'look') // prettier-ignore
    expect(after.answers.map(({ remaining }) => remaining)).toEqual([0, 2, 4])
  })

  it('leaves nothing behind that lives for ever: values, groups and counts all end by themselves', async () => {
    const own = redisStore(clients[0] as Redis, { prefix: '{ttl}:' })
    await own.write('a', 'x', { ttlMs: 60_000, group: 'g' })
    await own.write('b', 'x', { ttlMs: 1_000, group: 'g' })
    const rules: LimitRule[] = [
      gcra,
      { kind: 'sliding_window', limit: 3, windowMs: 60_000 },
      { kind: 'fixed_window', limit: 3, windowMs: 60_000 },
      { kind: 'concurrency', limit: 3, windowMs: 60_000 },
    ]
    const takes = rules.map((rule, i) => ({ key: `k${i}`, rule, cost: 1 }))
    for (const lease of ['l', 'l2']) await own.limits.take(takes, lease)
    await own.limits.take([{ key: 'alone', rule: gcra, cost: 1 }], 'l')
    for (const take of takes) await own.limits.give([take], 'l2')
    const found = await lives('{ttl}:*')
    // two values, their group, four counts and one more
    expect(found).toHaveLength(8)
    for (const [key, left] of found) {
      expect(left, key).toBeGreaterThan(0)
      expect(left, key).toBeLessThanOrEqual(120_000)
    }
    // the group lives as long as the longest of its values, not as long as the last one
    expect(new Map(found).get('{ttl}:g:g')).toBeGreaterThan(30_000)
  })

  it('cleans a group of what has ended when something new comes', async () => {
    const own = redisStore(clients[0] as Redis, { prefix: '{clean}:' })
    for (let i = 0; i < 20; i++) await own.write(`k${i}`, 'x', { ttlMs: 30, group: 'g' })
    await pause(60)
    await own.write('last', 'x', { ttlMs: 60_000, group: 'g' })
    expect(await (clients[0] as Redis).zcard('{clean}:g:g')).toBe(1)
    for (let i = 0; i < 5; i++) await own.remove('last')
    expect(await (clients[0] as Redis).exists('{clean}:g:g')).toBe(0)
  })

  it('asks once for each operation, however many policies and keys, and never searches the server', async () => {
    const client = clients[1] as Redis
    const own = redisStore(client, { prefix: '{once}:' })
    const takes = Array.from({ length: 6 }, (_, i) => ({
      key: `k${i}`,
      rule: i < 3 ? gcra : { kind: 'fixed_window' as const, limit: 3, windowMs: 60_000 },
      cost: 1,
    }))
    const work = [
      () => own.limits.take(takes, 'l'),
      () => own.limits.take(takes.slice(0, 3), 'l'),
      () => own.limits.give(takes, 'l'),
      () => own.limits.forget(takes),
      () => own.write('k', 'v', { ttlMs: 60_000, group: 'g' }),
      () => own.read('k'),
      () => own.list('g'),
      () => own.removeGroup('g'),
      () => own.remove('k'),
    ]
    // the first time the server learns the scripts
    for (const one of work) await one()
    await client.call('CONFIG', 'RESETSTAT')
    for (const one of work) await one()
    const asked = await calls()
    expect(asked.get('evalsha')).toBe(work.length)
    for (const name of ['eval', 'keys', 'scan', 'flushall']) expect(asked.get(name)).toBeUndefined()
  })

  it('goes on when the server has forgotten its scripts', async () => {
    await (clients[0] as Redis).script('FLUSH')
    expect((await store().limits.take([{ key: 'noscript', rule: gcra, cost: 1 }], 'l')).answers[0]).toMatchObject({
      limited: false,
      remaining: 2,
    })
    await store().write('noscript', 'v', { ttlMs: 1_000 })
    expect((await store().read('noscript'))?.value).toBe('v')
  })

  it('keeps all keys of one prefix in one slot of a cluster', async () => {
    const client = clients[0] as Redis
    const own = redisStore(client, { prefix: 'app{shop}:' })
    await own.write('a', 'x', { ttlMs: 60_000, group: 'g' })
    await own.limits.take([{ key: 'k', rule: gcra, cost: 1 }, { key: 'l', rule: { ...gcra, kind: 'concurrency' }, cost: 1 }], 'l') // prettier-ignore
    const keys = (await lives('app{shop}:*')).map(([key]) => key)
    expect(keys).toHaveLength(4)
    expect(new Set(await Promise.all(keys.map((key) => client.call('CLUSTER', 'KEYSLOT', key).catch(() => key.slice(0, 9))))).size).toBe(1)
  })

  it('comes to one verdict by the short script of gcra and by the general one', async () => {
    const [fast, general] = [
      redisStore(clients[0] as Redis, { prefix: '{fast}:' }),
      redisStore(clients[0] as Redis, { prefix: '{general}:' }),
    ]
    const rules: LimitRule[] = [
      gcra,
      { kind: 'gcra', limit: 7, windowMs: 61, rate: 11 },
      { kind: 'gcra', limit: 2, windowMs: 1, rate: 100_000 },
    ]
    for (let i = 0; i < 60; i++) {
      const takes = rules.slice(0, 1 + (i % 3)).map((rule, at) => ({ key: `k${at}`, rule, cost: 1 }))
      const [a, b] = await Promise.all([
        fast.limits.take(takes, 'l'),
        // a look at something else takes the general way
        general.limits.take([...takes, { key: 'look', rule: { ...gcra, kind: 'fixed_window' }, cost: 0 }], 'l'),
      ])
      expect(a.answers.map(({ limited }) => limited)).toEqual(b.answers.slice(0, -1).map(({ limited }) => limited))
    }
  })

  it('refuses more scripts than a server should keep: rules made up at run time go the general way', async () => {
    const client = clients[0] as Redis
    const before = Number(/number_of_cached_scripts:(\d+)/.exec(await client.info('memory'))?.[1])
    const own = redisStore(client, { prefix: '{many}:' })
    for (let i = 1; i <= 300; i++) {
      const rule: LimitRule = { kind: 'gcra', limit: i, windowMs: 60_000, rate: i }
      expect((await own.limits.take([{ key: `k${i}`, rule, cost: 1 }], 'l')).answers[0]).toMatchObject({ limited: false, remaining: i - 1 })
    }
    expect(Number(/number_of_cached_scripts:(\d+)/.exec(await client.info('memory'))?.[1]) - before).toBeLessThanOrEqual(65)
  })

  describe('the server goes away', () => {
    const down = async (take: () => void | Promise<void>, back: () => void | Promise<void>): Promise<void> => {
      const client = open()
      await client.connect()
      const own = redisStore(client, { timeoutMs: 100, failures: 2, retryMs: 200 })
      await own.write('kept', 'v', { ttlMs: 600_000 })
      await take()
      try {
        for (let i = 0; i < 6; i++) {
          const since = performance.now()
          const outcomes = await Promise.allSettled([
            own.read('kept'),
            own.write('new', 'x', { ttlMs: 1_000 }),
            own.list('g'),
            own.removeGroup('g'),
            own.remove('x'),
          ])
          for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'PPT_STORE_UNAVAILABLE' } })
          // after the first calls nobody waits any more
          expect(performance.now() - since).toBeLessThan(i === 0 ? 600 : 350)
        }
      } finally {
        await back()
      }
      await expectBack(own)
    }

    it('by hanging: every call rejects in time, and works again afterwards', async () => {
      await down(
        () => redis.pause(),
        () => redis.resume(),
      )
    })

    it('by being killed: every call rejects in time, and works again afterwards', async () => {
      await down(
        () => redis.kill(),
        () => redis.restart(),
      )
    })
  })
})

describe('options of redisStore', () => {
  const client: RedisClient = { evalsha: async () => [], eval: async () => [] }

  it('refuses a client that would queue calls through an outage, and says what to write instead', () => {
    const queueing = new Redis({ lazyConnect: true })
    expect(() => redisStore(queueing)).toThrow('create it with enableOfflineQueue: false')
    queueing.disconnect()
  })

  it.each([
    [{ prefix: 'a b' }, 'redisStore.prefix is "a b"'],
    [{ prefix: 'x'.repeat(65) }, 'redisStore.prefix'],
    [{ timeoutMs: 0 }, 'redisStore.timeoutMs is 0'],
    [{ ttl: 1 }, 'redisStore has no option "ttl"'],
  ])('refuses %j, by name', (options, message) => {
    expect(() => redisStore(client, options as object)).toThrow(message)
  })

  it('refuses what is no client, and on a cluster a prefix that spreads keys over it', () => {
    expect(() => redisStore({} as RedisClient)).toThrow('redisStore client')
    expect(() => redisStore({ ...client, isCluster: true }, { prefix: 'shop:' })).toThrow('on a cluster give one with braces')
    expect(() => redisStore({ ...client, isCluster: true }, { prefix: '{shop}:' })).not.toThrow()
  })

  it.each([null, 'OK', [1, 'x'], []])('takes an answer of another shape (%j) for trouble, not for a permission', async (reply) => {
    const odd = redisStore({ evalsha: async () => reply, eval: async () => reply })
    await expect(odd.limits.take([{ key: 'k', rule: { kind: 'fixed_window', limit: 1, windowMs: 1 }, cost: 1 }], 'l')).rejects.toThrow(
      'another shape',
    )
    await expect(odd.limits.take([{ key: 'k', rule: { kind: 'gcra', limit: 1, windowMs: 1, rate: 1 }, cost: 1 }], 'l')).rejects.toThrow(
      'another shape',
    )
  })

  it('refuses keys, groups and values out of the bounds of the port', async () => {
    const own = redisStore(client)
    await expect(own.read('')).rejects.toThrow('store key')
    await expect(own.list('g'.repeat(513))).rejects.toThrow('store group')
    await expect(own.write('k', 'x'.repeat(65_537), { ttlMs: 1 })).rejects.toThrow('store value')
  })
})
