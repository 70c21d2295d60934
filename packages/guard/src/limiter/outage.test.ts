import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { needs, startRedis, startSystemPostgres } from '@parapet/testkit'
import { createKeyring } from '../keyring/keyring.js'
import { postgresStore } from '../stores/postgres/postgres-store.js'
import { redisStore } from '../stores/redis/redis-store.js'
import { createSharedLimiter } from './shared-limiter.js'
import type { LimitOutageReport, LimitOutcome, LimitStore, SharedLimiter } from './types.js'

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const keyring = createKeyring({ keys: [Buffer.alloc(32, 7)] })
const TIMEOUT = 150
const RETRY = 200
/** What a machine that does much else at the same time adds to a wait. */
const LAG = 250

const POLICIES = {
  login: { limit: 5, windowMs: 600_000, login: true },
  paid: { limit: 5, windowMs: 600_000, onOutage: 'closed' },
  free: { limit: 5, windowMs: 600_000, onOutage: 'open' },
  slots: { kind: 'concurrency', limit: 2, leaseMs: 60_000 },
} as const

/** A real server that can be taken away, and a store of limits on it. */
type Backend = {
  readonly limits: () => LimitStore
  readonly pause: () => void
  readonly resume: () => void
  readonly kill: () => Promise<void>
  readonly restart: () => Promise<void>
  readonly stop: () => Promise<void>
}

const startRedisBackend = async (): Promise<Backend> => {
  const redis = await startRedis()
  const client = new Redis(redis.url, { enableOfflineQueue: false, lazyConnect: true, retryStrategy: () => 50, maxRetriesPerRequest: 1 })
  client.on('error', () => undefined)
  await client.connect()
  return {
    limits: () => redisStore(client, { timeoutMs: 2_000 }).limits,
    pause: redis.pause,
    resume: redis.resume,
    kill: redis.kill,
    restart: redis.restart,
    stop: async () => {
      client.disconnect()
      await redis.stop()
    },
  }
}

const startPostgresBackend = async (): Promise<Backend> => {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-outage-'))
  const server = await startSystemPostgres(join(folder, 'cluster'))
  const pool = new Pool({ connectionString: server.url, max: 4, connectionTimeoutMillis: 1_000 })
  pool.on('error', () => undefined)
  const store = postgresStore(pool, { timeoutMs: 2_000 })
  await store.ensureTables()
  // the first call of a connection plans the functions
  await store.limits.forget([{ key: 'warm', rule: { kind: 'fixed_window', limit: 1, windowMs: 1 } }])
  return {
    limits: () => store.limits,
    pause: server.pause,
    resume: server.resume,
    kill: server.crash,
    restart: server.restart,
    stop: async () => {
      server.resume()
      await pool.end()
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const backends = [
  ['Redis', needs('redis-server'), startRedisBackend],
  ['PostgreSQL', needs('postgres', 'root'), startPostgresBackend],
] as const

describe.each(backends)('the limiter while %s goes away under traffic', (_name, { ok }, start) => {
  let backend: Backend
  beforeAll(async () => {
    if (ok) backend = await start()
  })
  afterAll(async () => backend?.stop())

  const open = (): { limiter: SharedLimiter; reports: LimitOutageReport[] } => {
    const reports: LimitOutageReport[] = []
    const limiter = createSharedLimiter({
      policies: POLICIES,
      store: backend.limits(),
      keyring,
      timeoutMs: TIMEOUT,
      failures: 2,
      retryMs: RETRY,
      onOutage: (report) => reports.push(report),
    })
    return { limiter, reports }
  }
  const kindOf = (outcome: LimitOutcome): string =>
    outcome.kind === 'degraded' ? `degraded ${outcome.pass ? 'pass' : 'refuse'}` : `${outcome.kind} by ${outcome.by}`
  let serial = 0
  const fresh = (): string => `192.0.2.${++serial}`
  /** Comes until the store answers again. */
  const backAgain = async (limiter: SharedLimiter): Promise<void> => {
    for (let i = 0; i < 300; i++) {
      const outcome = await limiter.take([{ policy: 'login', key: [fresh()] }])
      if (limiter.stats().store === 'up' && outcome.kind === 'allowed' && outcome.by === 'store') return
      await pause(50)
    }
    throw new Error('the store never came back')
  }

  it.runIf(ok)(
    'hangs: each policy does what it declares, nobody waits longer than the time limit, and the attacker does not start afresh [ASVS 16.5.2]',
    async () => {
      const { limiter, reports } = open()
      const attacker = fresh()
      for (let i = 0; i < 4; i++) expect(kindOf(await limiter.take([{ policy: 'login', key: [attacker] }]))).toBe('allowed by store')
      const exhausted = fresh()
      for (let i = 0; i < 5; i++) await limiter.take([{ policy: 'login', key: [exhausted] }])

      backend.pause()
      let longest = 0
      const ask = async (policy: keyof typeof POLICIES, key: string): Promise<string> => {
        const since = performance.now()
        const outcome = await limiter.take([{ policy, key: [key] }])
        longest = Math.max(longest, performance.now() - since)
        return kindOf(outcome)
      }
      try {
        // several at once, as under traffic: all of them wait for the same hanging server
        const during = await Promise.all(Array.from({ length: 20 }, () => ask('login', attacker)))
        expect(during.filter((kind) => kind === 'allowed by local')).toHaveLength(1)
        expect(during.filter((kind) => kind === 'limited by local')).toHaveLength(19)
        expect(limiter.stats().store).toBe('away')
        expect(await ask('login', exhausted)).toBe('limited by local')
        expect(await ask('login', fresh())).toBe('allowed by local')
        expect(await ask('paid', fresh())).toBe('degraded refuse')
        expect(await ask('free', fresh())).toBe('degraded pass')
        expect(longest).toBeLessThan(TIMEOUT + LAG)

        // taken to be away: nobody waits any more, not even the one that looks whether it is back
        longest = 0
        for (let i = 0; i < 12; i++) {
          await ask('login', fresh())
          await pause(50)
        }
        expect(longest).toBeLessThan(TIMEOUT / 2 + 50)
      } finally {
        backend.resume()
      }
      await backAgain(limiter)
      expect(reports.map(({ kind }) => kind)).toEqual(['limit_store_away', 'limit_store_back'])
      expect(reports[0]).toMatchObject({ policies: { closed: ['paid'], local: ['login', 'slots'], open: ['free'] } })
      expect(reports[1]).toMatchObject({ answered: { closed: expect.any(Number), open: expect.any(Number) } })
      // what he took meanwhile is not forgiven
      expect((await limiter.take([{ policy: 'login', key: [attacker] }])).kind).toBe('limited')
    },
  )

  it.runIf(ok)(
    'is killed under traffic and comes back: nothing is thrown, and trouble never looks like a limit [ASVS 16.5.2, 16.5.3]',
    async () => {
      const { limiter, reports } = open()
      const kinds = new Set<string>()
      const traffic = { running: true }
      const clients = Promise.all(
        Array.from({ length: 4 }, async () => {
          while (traffic.running) {
            for (const policy of ['login', 'paid', 'free'] as const) {
              const outcome = await limiter.take([{ policy, key: [fresh()] }])
              kinds.add(`${policy}: ${kindOf(outcome)}`)
            }
            await pause(5)
          }
        }),
      )
      await pause(100)
      await backend.kill()
      await pause(3 * RETRY)
      expect(limiter.stats().store).toBe('away')
      await backend.restart()
      await backAgain(limiter)
      await pause(50)
      traffic.running = false
      await clients
      // every one of these is a fresh address: whoever is "limited" here was refused for our own trouble
      expect([...kinds].toSorted()).toEqual([
        'free: allowed by store',
        'free: degraded pass',
        'login: allowed by local',
        'login: allowed by store',
        'paid: allowed by store',
        'paid: degraded refuse',
      ])
      expect(reports[0]?.kind).toBe('limit_store_away')
      expect(reports.at(-1)?.kind).toBe('limit_store_back')
      const { asked, failed } = limiter.stats()
      expect(asked).toBeGreaterThan(0)
      expect(failed).toBeGreaterThanOrEqual(2)
    },
  )

  it.runIf(ok)('holds its slots through an outage: a lease of before counts, and is released after', async () => {
    const { limiter } = open()
    const key = [fresh()]
    const held = await limiter.take([{ policy: 'slots', key }])
    if (held.kind !== 'allowed') throw new Error(held.kind)
    backend.pause()
    try {
      const second = await limiter.take([{ policy: 'slots', key }])
      expect(kindOf(second)).toBe('allowed by local')
      expect(kindOf(await limiter.take([{ policy: 'slots', key }]))).toBe('limited by local')
      if (second.kind !== 'allowed') throw new Error(second.kind)
      expect(await limiter.release(second.receipt)).toEqual({ kind: 'done' })
      expect((await limiter.release(held.receipt)).kind).toBe('degraded')
      expect(kindOf(await limiter.take([{ policy: 'slots', key }]))).toBe('allowed by local')
    } finally {
      backend.resume()
    }
    await backAgain(limiter)
  })
})
