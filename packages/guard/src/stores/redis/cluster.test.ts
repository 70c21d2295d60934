import { Cluster, Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort, needs, startRedis, type TestRedis } from '@parapet/testkit'
import type { LimitRule } from '../../limiter/types.js'
import { redisStore } from './redis-store.js'

const { ok, note } = needs('redis-server')
const HOUR = 3_600_000
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A real node in cluster mode refuses every script whose keys lie in different slots. */
describe.runIf(ok)(`redisStore on a cluster${note}`, () => {
  let node: TestRedis
  let cluster: Cluster
  beforeAll(async () => {
    node = await startRedis(['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1', '--cluster-port', String(await freePort())])
    const admin = new Redis(node.url)
    await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
    for (let tries = 0; !String(await admin.call('CLUSTER', 'INFO')).includes('cluster_state:ok'); tries++) {
      if (tries > 100) throw new Error('the cluster does not form')
      await pause(50)
    }
    admin.disconnect()
    cluster = new Cluster([node.url], { enableOfflineQueue: false, lazyConnect: true })
    await cluster.connect()
  })
  afterAll(async () => {
    cluster.disconnect()
    await node.stop()
  })

  it('refuses keys in several slots: what the next tests show is not for free', async () => {
    await expect(cluster.eval("return redis.call('MGET', unpack(KEYS))", 2, 'a', 'b')).rejects.toThrow(/slot/i)
  })

  it('judges and counts by policies of every kind in one step, gives back and forgets', async () => {
    const { limits } = redisStore(cluster, { timeoutMs: 5_000 })
    const rules: readonly LimitRule[] = [
      { kind: 'gcra', limit: 3, windowMs: HOUR, rate: 3 },
      { kind: 'sliding_window', limit: 4, windowMs: HOUR },
      { kind: 'fixed_window', limit: 5, windowMs: HOUR },
      { kind: 'concurrency', limit: 6, windowMs: HOUR },
    ]
    const takes = rules.map((rule, i) => ({ key: `policy${i}:${'x'.repeat(i)}`, rule, cost: 1 }))
    const left = async (): Promise<readonly (number | undefined)[]> =>
      (await limits.take(takes.map(({ key, rule }) => ({ key, rule, cost: 0 })), 'look')).answers.map(({ remaining }) => remaining) // prettier-ignore
    await limits.take(takes, 'a')
    expect(await left()).toEqual([2, 3, 4, 5])
    await limits.give(takes, 'a')
    expect(await left()).toEqual([3, 4, 5, 6])
    for (let i = 0; i < 4; i++) await limits.take(takes, `l${i}`)
    // the fourth was refused by the first policy, and counted by none
    expect(await left()).toEqual([0, 1, 2, 3])
    await limits.forget(takes)
    expect(await left()).toEqual([3, 4, 5, 6])
  })

  it('takes several gcra policies by their short script', async () => {
    const { limits } = redisStore(cluster, { timeoutMs: 5_000 })
    const takes = [2, 3].map((limit) => ({
      key: `short${limit}`,
      rule: { kind: 'gcra', limit, windowMs: HOUR, rate: limit } as const,
      cost: 1,
    }))
    const passed: boolean[] = []
    for (let i = 0; i < 4; i++) passed.push((await limits.take(takes, 'l')).answers.every(({ limited }) => !limited))
    expect(passed).toEqual([true, true, false, false])
  })

  it('keeps values and their groups in step', async () => {
    const store = redisStore(cluster, { timeoutMs: 5_000 })
    for (const key of ['a', 'b', 'c']) expect(await store.write(key, key, { ttlMs: HOUR, group: 'of u1', ifVersion: null })).toBe(true)
    await store.write('b', 'moved', { ttlMs: HOUR, group: 'of u2' })
    expect((await store.list('of u1')).map(({ key }) => key).toSorted()).toEqual(['a', 'c'])
    await store.remove('a')
    expect(await store.removeGroup('of u1')).toBe(1)
    expect((await store.read('b'))?.value).toBe('moved')
  })

  it('refuses a client that queues, and a prefix that would spread the keys of one step', () => {
    const queueing = new Cluster([node.url], { lazyConnect: true })
    expect(() => redisStore(queueing)).toThrow('enableOfflineQueue: false')
    queueing.disconnect()
    expect(() => redisStore(cluster, { prefix: 'shop:' })).toThrow('on a cluster give one with braces')
  })
})
