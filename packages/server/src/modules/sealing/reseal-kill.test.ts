import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type SecurityEvent, systemClock } from '@parapet/core'
import { seededRandom } from '@parapet/testkit'
import type { OpenKeyset } from '@parapet/privacy/encryption'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../db/test-database.js'
import type { Vault } from '../../vault/index.js'
import { createAlertStore } from '../alerts/index.js'
import { createDecisionStore } from '../decisions/index.js'
import { detectionDeps } from '../detection/fixtures/deps.js'
import { createDetectionWorker, type DetectionWorker } from '../detection/index.js'
import { storedState } from '../detection/fixtures/stored-state.js'
import { createEventStore, type EventStore } from '../events/index.js'
import { createPostgresStore } from '../sessions/index.js'
import { createRotatingKeys, type RotatingKeys } from './fixtures/rotating-keys.js'
import { readResealing } from './reseal-progress.js'

const CHILD = fileURLToPath(new URL('./fixtures/reseal-child.ts', import.meta.url))
const KILLS = 6
const BEFORE = 4_000
const PEOPLE = 61
/** until then a server with the old copy of the keyset goes on */
const LATE_MS = 20_000
const SETTLE_MS = 25_000

let database: TestDatabase
let keys: RotatingKeys
let keyset: OpenKeyset
let vault: Vault
let worker: DetectionWorker | undefined
let child: ChildProcess | undefined
const random = seededRandom(20_261_121)
const logs: EventStore[] = []

beforeAll(async () => {
  database = await createTestDatabase({ poolSize: 16 })
  keys = createRotatingKeys(database)
  keyset = await keys.open()
  vault = keys.vaultOf(keyset)
}, 60_000)
afterAll(async () => {
  child?.kill('SIGKILL')
  await worker?.stop()
  for (const log of logs) await log.close()
  await database?.close()
}, 60_000)

const eventOf = (n: number): SecurityEvent => ({
  '@timestamp': 1_790_000_000_000 + n,
  'event.id': `e-${n}`,
  'source.ip': `198.51.100.${n % 23}`,
  'user.name': `person ${n % PEOPLE}`,
  'user.email': `person${n}@example.org`,
  'user.id': n % 2 === 0 ? `u-${n}` : `id${n}@example.org`,
})
const logOf = (over: Vault): EventStore => {
  const log = createEventStore({ vault: over, database, clock: systemClock })
  logs.push(log)
  return log
}
const SOURCE = { id: 'source', name: 'shop' }

/** Runs the work as a server would, to its end or until it is killed: so long after it has got on, however busy the machine is. */
const runJob = (size: number, afterMs?: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const args = [database.socketDir, database.name, keys.master.toString('hex'), String(SETTLE_MS), String(size)]
    const running = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', CHILD, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    child = running
    running.once('error', reject)
    running.once('close', () => resolve())
    if (afterMs === undefined) return
    void (async () => {
      const { resealed } = await readResealing(database.pool)
      await vi.waitFor(async () => expect((await readResealing(database.pool)).resealed).toBeGreaterThan(resealed), {
        timeout: 120_000,
        interval: 10,
      })
      await sleep(afterMs)
    })()
      .catch(reject)
      .finally(() => running.kill('SIGKILL'))
  })

describe(`bringing ${BEFORE} events under a new key while it is killed ${KILLS} times, and events come in and are detected`, () => {
  it('loses and doubles nothing, is found by name all the time, and leaves no use of the old key', async () => {
    const first = keyset.cipher.primaryKeyId
    const log = logOf(vault)
    for (let n = 0; n < BEFORE; n += 500)
      await log.append(
        SOURCE,
        Array.from({ length: 500 }, (_, i) => eventOf(n + i)),
        Date.now(),
      )
    const acknowledged = new Set(Array.from({ length: BEFORE }, (_, n) => n))
    worker = createDetectionWorker({ ...detectionDeps(database, { batchSize: 60 }), vault })
    await worker.start()

    const second = await keys.add()
    const late = keys.vaultOf(await keys.open())
    await keys.promote(second)
    await keyset.refresh()
    const rotatedAt = Date.now()

    let next = BEFORE
    const end = new AbortController()
    let found = 0
    const write = async (log: EventStore, until: () => boolean): Promise<void> => {
      while (!until()) {
        const numbers = Array.from({ length: 4 }, () => next++)
        await log.append(SOURCE, numbers.map(eventOf), Date.now())
        for (const n of numbers) acknowledged.add(n)
        await sleep(20)
      }
    }
    const state = createPostgresStore({ vault, pool: database.pool, clock: systemClock })
    const readers = async (): Promise<void> => {
      while (!end.signal.aborted) {
        const n = random.integer(0, BEFORE - 1)
        for (const reader of [vault, late]) {
          const { items } = await createEventStore({ vault: reader, database, clock: systemClock }).search({
            user: `person${n}@example.org`,
            limit: 5,
          })
          expect(items.map(({ event }) => event)).toMatchObject([eventOf(n)])
          found++
        }
        await state.write(`session:${n % 7}`, `of person ${n}`, { ttlMs: 3_600_000, group: 'all' })
        expect((await state.read(`session:${n % 7}`))?.value).toBe(`of person ${n}`)
        await sleep(15)
      }
    }
    const isLate = (): boolean => Date.now() - rotatedAt > LATE_MS
    const work = Promise.all([write(log, () => end.signal.aborted), write(logOf(late), () => end.signal.aborted || isLate()), readers()])
    work.catch(() => undefined)

    const places: number[] = []
    for (let kill = 0; kill < KILLS; kill++) {
      await runJob(10, random.integer(0, 400))
      const { tablesLeft, resealed } = await readResealing(database.pool)
      expect(tablesLeft, `kill ${kill} came before the end`).toBeGreaterThan(0)
      places.push(resealed)
    }
    // killed at work, again and again, and each went on from there
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(new Set(places).size).toBe(KILLS)

    // larger steps than events come in with, on the busiest machine
    const last = runJob(200)
    await vi.waitFor(async () => expect((await readResealing(database.pool)).tablesLeft).toBe(0), { timeout: 120_000, interval: 100 })
    child?.kill('SIGKILL')
    await last
    end.abort()
    await work
    expect(found).toBeGreaterThan(100)
    await vi.waitFor(async () => {
      const { rows } = await database.pool.query<{ left: number }>(
        `SELECT head - (SELECT min(position) FROM detection_shards) AS left FROM log_heads WHERE name = 'events'`,
      )
      expect(rows[0]?.left).toBe(0)
    }, 60_000)
    await worker.stop()

    const scan = await keys.scan()
    expect([scan.unread, Object.keys(scan.uses)]).toEqual([[], [String(second)]])
    await keys.disable(first)
    await keys.destroy(first, await keys.scan())

    const reopened = keys.vaultOf(await keys.open())
    const events = createEventStore({ vault: reopened, database, clock: systemClock })
    const all = await events.after(0, 100_000)
    expect(all.map(({ sequence }) => sequence)).toEqual(all.map((_, i) => i + 1))
    expect(new Set(all.map(({ id }) => id)).size).toBe(acknowledged.size)
    const wrong = all.filter(({ id, event }) => {
      const expected = eventOf(Number(id.slice(2)))
      return ['user.name', 'user.email', 'user.id', 'source.ip', '@timestamp'].some((name) => event[name] !== expected[name])
    })
    expect(wrong).toEqual([])
    // each is found by each of its names, once
    const { rows: counts } = await database.pool.query<{ user_name: string; n: number }>(
      'SELECT user_name, count(*)::int AS n FROM events GROUP BY 1',
    )
    expect(counts).toHaveLength(PEOPLE)
    for (const { event } of all.filter((_, i) => i % 97 === 0)) {
      for (const user of [event['user.email'], event['user.id']])
        expect((await events.search({ user: String(user), limit: 5 })).items.map((each) => each.event)).toMatchObject([event])
    }

    // the engine counts what it is given: an event given twice, or not at all, is a wrong number here
    const perAddress = new Map<string, number>()
    for (const { event } of all) perAddress.set(String(event['source.ip']), (perAddress.get(String(event['source.ip'])) ?? 0) + 1)
    const states = await storedState(database, { ...detectionDeps(database), vault: reopened })
    expect(new Map(states.map(({ key, state }) => [key, (state as { count: number }).count]))).toEqual(perAddress)
    const alerts = (await createAlertStore({ vault: reopened, database }).list({}, null, 100)).items
    expect(new Map(alerts.map(({ scope, count }) => [scope.value, count]))).toEqual(perAddress)
    const decisions = await createDecisionStore({ vault: reopened, database }).since(0)
    expect(decisions.map(({ target }) => target.value).toSorted()).toEqual([...perAddress.keys()].toSorted())
    expect(await createPostgresStore({ vault: reopened, pool: database.pool, clock: systemClock }).list('all')).toHaveLength(7)
  }, 300_000)
})
