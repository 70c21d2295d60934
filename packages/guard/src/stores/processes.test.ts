import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { needs, startRedis, startSystemPostgres, type SystemPostgres, type TestRedis } from '@parapet/testkit'
import { createKeyring } from '../keyring/keyring.js'
import { createSharedLimiter } from '../limiter/shared-limiter.js'
import type { LimitRule, LimitStore } from '../limiter/types.js'
import { createLogin } from '../login/login.js'
import { createSessions } from '../session/sessions.js'
import type { GuardRequest } from '../request/guard-request.js'
import { postgresStore, type PostgresStore } from './postgres/index.js'
import { redisStore, type RedisStore } from './redis/index.js'

const run = promisify(execFile)
const PROGRAM = fileURLToPath(new URL('fixtures/take-many.ts', import.meta.url))
const HOUR = 3_600_000
const redisHere = needs('redis-server')
const postgresHere = needs('postgres', 'root')

/** Starts processes that all take from the same keys, and says how many requests passed in all of them. */
const race = async (kind: 'redis' | 'postgres', url: string, key: string, skews: readonly number[]): Promise<number> => {
  const ended = await Promise.all(
    skews.map((skew) => run(process.execPath, ['--conditions=source', '--import', 'tsx', PROGRAM, kind, url, key, '40', String(skew)])),
  )
  return ended.reduce((sum, { stdout }) => sum + (JSON.parse(stdout) as { passed: number }).passed, 0)
}

const request = (peer: string, cookie = ''): GuardRequest => ({
  method: 'POST',
  url: '/login',
  header: (name) => (name === 'cookie' ? cookie : undefined),
  peer,
  secure: true,
})

/** What an application does with one store and two processes; the same for every store. */
const sharedByTwo = async (open: () => Promise<RedisStore | PostgresStore>): Promise<void> => {
  const [one, other] = [await open(), await open()]
  const [here, there] = [createSessions({ store: one }), createSessions({ store: other })]
  const started = await here.start('u1', { theme: 'dark' }, request('192.0.2.1'))
  if (started.kind !== 'started') throw new Error(started.kind)
  const cookie = started.cookie.split(';')[0] ?? ''
  expect(await there.read(request('192.0.2.1', cookie))).toMatchObject({
    kind: 'active',
    session: { subject: 'u1', data: { theme: 'dark' } },
  })
  expect(await there.list('u1')).toHaveLength(1)
  expect(await there.endAll('u1')).toBe(1)
  expect((await here.read(request('192.0.2.1', cookie))).kind).not.toBe('active')

  const shields = [one, other].map((store) => createLogin({ store }))
  // five failures at either of the two lock, wherever the sixth comes in
  for (let i = 0; i < 5; i++)
    await shields[i % 2]?.attempt({ subject: 'victim', method: 'password', request: request('198.51.100.9') }, async () => false)
  let asked = 0
  const sixth = await shields[1]?.attempt({ subject: 'victim', method: 'password', request: request('198.51.100.9') }, async () => {
    asked++
    return true
  })
  expect(sixth?.kind).toBe('locked')
  expect(asked).toBe(0)

  const keyring = createKeyring({ keys: [Buffer.alloc(32, 7)] })
  const limiters = [one, other].map(({ limits }) =>
    createSharedLimiter({ policies: { p: { limit: 5, windowMs: HOUR } }, store: limits, keyring, timeoutMs: 5_000 }),
  )
  const key = [`${Date.now()}`]
  const kinds: string[] = []
  for (let i = 0; i < 8; i++) kinds.push((await limiters[i % 2]?.take([{ policy: 'p', key }]))?.kind ?? 'none')
  expect(kinds).toEqual([...Array.from({ length: 5 }, () => 'allowed'), ...Array.from({ length: 3 }, () => 'limited')])
}

describe.runIf(redisHere.ok)(`several processes on one Redis${redisHere.note}`, () => {
  let redis: TestRedis
  let client: Redis
  beforeAll(async () => {
    redis = await startRedis()
    client = new Redis(redis.url, { enableOfflineQueue: false, lazyConnect: true })
    await client.connect()
  })
  afterAll(async () => {
    client.disconnect()
    await redis.stop()
  })
  const take = async (store: LimitStore, rule: LimitRule, cost = 1) => (await store.take([{ key: 'k', rule, cost }], 'l')).answers[0]

  it('let exactly as many pass as the tightest of three policies allows, though one clock is a day wrong [ASVS 15.4.2]', async () => {
    expect(await race('redis', redis.url, 'race', [0, 86_400_000, -86_400_000])).toBe(37)
  })

  it('share sessions, locks and limits', async () => {
    await sharedByTwo(async () => redisStore(client, { timeoutMs: 5_000 }))
  })

  it.each([
    ['gcra', { kind: 'gcra', limit: 2, windowMs: 1_000, rate: 2 }, (at: number) => `${at}`, 'g'],
    ['gcra with a rest', { kind: 'gcra', limit: 2, windowMs: 1_000, rate: 3 }, (at: number) => `${at} 2`, 'g'],
    ['fixed_window', { kind: 'fixed_window', limit: 2, windowMs: 1_000 }, (at: number) => `${at} 2`, 'f'],
    ['sliding_window', { kind: 'sliding_window', limit: 2, windowMs: 1_000 }, (at: number) => `${at - (at % 1_000)} 2 2`, 's'],
  ] as const)(
    'hold nobody for longer than the window after the clock of the server was set back: %s',
    async (name, rule, valueAt, letter) => {
      const { limits } = redisStore(client, { prefix: `{back ${name.length}}:`.replaceAll(' ', '-') })
      const key = `{back-${name.length}}:l:${letter}:k`
      for (const way of ['short', 'general'] as const) {
        // as the clock of a year later left it
        await client.set(key, valueAt(Date.now() + 365 * 86_400_000))
        const first = way === 'short' ? await take(limits, rule) : await take(limits, rule, 2)
        expect(first, way).toMatchObject({ limited: true })
        expect(first?.retryAfterMs, way).toBeLessThanOrEqual(2_000)
        expect(await client.pttl(key), way).toBeLessThanOrEqual(2_000)
        expect(await client.pttl(key), way).toBeGreaterThan(0)
      }
    },
  )

  it('take what somebody else wrote under a key for trouble, not for a permission', async () => {
    const { limits } = redisStore(client, { prefix: '{odd}:' })
    const keyring = createKeyring({ keys: [Buffer.alloc(32, 7)] })
    const fixed: LimitRule = { kind: 'fixed_window', limit: 1, windowMs: HOUR }
    await client.set('{odd}:l:f:k', 'not a count')
    await expect(take(limits, fixed)).rejects.toThrow('arithmetic on local')
    await client.set('{odd}:l:g:k', 'not a time')
    await expect(take(limits, { kind: 'gcra', limit: 1, windowMs: HOUR, rate: 1 })).rejects.toThrow('arithmetic on local')
    const limiter = createSharedLimiter({
      policies: { p: { kind: 'fixed_window', limit: 1, windowMs: HOUR, onOutage: 'closed' } },
      store: { ...limits, take: (takes, lease) => limits.take(takes.map(({ rule, cost }) => ({ key: 'k', rule, cost })), lease) },
      keyring,
    }) // prettier-ignore
    expect(await limiter.take([{ policy: 'p', key: ['k'] }])).toMatchObject({ kind: 'degraded', pass: false })
  })

  it('get an error, and no permission, from a server that is out of memory', async () => {
    const full = await startRedis(['--maxmemory', '1500kb', '--maxmemory-policy', 'noeviction'])
    const own = new Redis(full.url, { enableOfflineQueue: false, lazyConnect: true })
    await own.connect()
    const store = redisStore(own, { failures: 100 })
    const trouble: unknown[] = []
    for (let i = 0; i < 2_000 && trouble.length === 0; i++)
      await store.write(`k${i}`, 'x'.repeat(20_000), { ttlMs: HOUR }).catch((error: unknown) => trouble.push(error))
    const [refused] = trouble
    expect(refused).toMatchObject({ code: 'PPT_STORE_UNAVAILABLE' })
    // what was refused has given its room back: no write at all fits any more below this
    await own.config('SET', 'maxmemory', '500kb')
    await expect(take(store.limits, { kind: 'fixed_window', limit: 1, windowMs: HOUR })).rejects.toThrow('OOM')
    own.disconnect()
    await full.stop()
  })
})

describe.runIf(postgresHere.ok)(`several processes on one PostgreSQL${postgresHere.note}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-processes-'))
  let server: SystemPostgres
  let pool: Pool
  beforeAll(async () => {
    server = await startSystemPostgres(join(folder, 'cluster'))
    pool = new Pool({ connectionString: server.url, max: 6 })
    // the server may close a connection that is on its way out
    pool.on('error', () => undefined)
    await postgresStore(pool).ensureTables()
  })
  afterAll(async () => {
    await pool.end()
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('let exactly as many pass as the tightest of three policies allows, though one clock is a day wrong, and never wait for each other in a circle [ASVS 15.4.2, 15.4.3]', async () => {
    expect(await race('postgres', server.url, 'race', [0, 86_400_000, -86_400_000])).toBe(37)
    expect(server.query("select deadlocks from pg_stat_database where datname = 'parapet'").trim()).toBe('0')
  })

  it('share sessions, locks and limits', async () => {
    await sharedByTwo(async () => postgresStore(pool, { timeoutMs: 5_000 }))
  })

  it('hold nobody for longer than the window after the clock of the server was set back', async () => {
    const { limits } = postgresStore(pool)
    const year = 365 * 86_400_000
    for (const rule of [
      { kind: 'gcra', limit: 2, windowMs: 1_000, rate: 2 },
      { kind: 'fixed_window', limit: 2, windowMs: 1_000 },
      { kind: 'sliding_window', limit: 2, windowMs: 1_000 },
    ] as const) {
      const ask = async () => (await limits.take([{ key: 'back', rule, cost: 1 }], 'l')).answers[0]
      for (let i = 0; i < 2; i++) await ask()
      await pool.query('update parapet_guard_limits set a = a + $1 - ($1 % 1000), expires_at = expires_at + $1 where key = $2', [
        year,
        `${rule.kind}:back`,
      ])
      const refused = await ask()
      expect(refused, rule.kind).toMatchObject({ limited: true })
      expect(refused?.retryAfterMs, rule.kind).toBeLessThanOrEqual(2_000)
      // set right at once, not only when he is let in
      const { rows } = await pool.query<{ a: string }>('select a from parapet_guard_limits where key = $1', [`${rule.kind}:back`])
      expect(Number(rows[0]?.a), rule.kind).toBeLessThan(Date.now() + 10_000)
    }
  })

  it('need no right but to read, write and call: the application may be another role than the owner', async () => {
    server.query("create role app login password 'app'")
    server.query(
      'grant select, insert, update, delete on parapet_guard_values, parapet_guard_limits to app; grant usage on sequence parapet_guard_version to app',
    )
    const own = new Pool({ connectionString: server.url.replace('parapet:parapet@', 'app:app@'), max: 1 })
    own.on('error', () => undefined)
    const store = postgresStore(own)
    expect(await store.write('as app', 'v', { ttlMs: HOUR, group: 'g' })).toBe(true)
    expect((await store.read('as app'))?.value).toBe('v')
    const rule: LimitRule = { kind: 'concurrency', limit: 1, windowMs: HOUR }
    expect((await store.limits.take([{ key: 'app', rule, cost: 1 }], 'a')).answers[0]?.limited).toBe(false)
    expect((await store.limits.take([{ key: 'app', rule, cost: 1 }], 'b')).answers[0]?.limited).toBe(true)
    await store.limits.give([{ key: 'app', rule, cost: 1 }], 'a')
    await store.limits.forget([{ key: 'app', rule }])
    expect(await store.removeGroup('g')).toBe(1)
    await own.end()
  })
})
