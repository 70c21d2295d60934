import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { type SecurityEvent, systemClock } from '@parapet/core'
import { parserFor } from '@parapet/detect'
import { generateLog, seededRandom } from '@parapet/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../db/test-database.js'
import { testVault } from '../../vault/fixtures/test-vault.js'
import { createEventStore } from '../events/index.js'
import { readPosition } from './leases.js'

const CHILD = fileURLToPath(new URL('./fixtures/worker-child.ts', import.meta.url))
const SOAK = process.env['PARAPET_SOAK'] !== undefined
const EVENTS = SOAK ? 500_000 : 16_000
const TIMEOUT = SOAK ? 3_600_000 : 240_000
const SEED = Number(process.env['PARAPET_SEED'] ?? 7)

let database: TestDatabase
let running: ChildProcess[] = []
/** places as the log goes on; a bound for who waits for it */
let head = 0

/** A host's and a shop's log as one stream, in the order of time. */
const readEvents = (): SecurityEvent[] => {
  const end = Date.UTC(2026, 10, 20)
  const of = (kind: 'ssh' | 'nginx', format: string): SecurityEvent[] =>
    [...generateLog({ kind, lines: EVENTS / 2, attack: 0.2, hours: 24, end }).lines].flatMap((line) => {
      const event = parserFor(format).parse(line, { now: end })
      return event === undefined ? [] : [event]
    })
  return [...of('ssh', 'sshd'), ...of('nginx', 'nginx.access')]
    .toSorted((a, b) => a['@timestamp'] - b['@timestamp'])
    .map((event, n): SecurityEvent => Object.assign(event, { 'event.id': `e-${n}` }))
}

beforeAll(async () => {
  database = await createTestDatabase()
  const same = (text: string): string => text
  const vault = { ...testVault(), masker: { text: same, content: same, value: (value: unknown) => value } }
  const store = createEventStore({ vault, database, clock: systemClock })
  const events = readEvents()
  for (let n = 0; n < events.length; n += 4_000) await store.append({ id: 'host', name: 'host' }, events.slice(n, n + 4_000), Date.now())
  head = events.length
  await store.close()
}, TIMEOUT)

const stopAll = async (): Promise<(number | null)[]> => {
  const children = running
  running = []
  return Promise.all(
    children.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      child.kill('SIGTERM')
      const [code] = (await once(child, 'exit')) as [number | null]
      return code
    }),
  )
}
afterEach(async () => {
  await stopAll()
  const owner = database.owner()
  await owner.query('TRUNCATE alerts, alert_events, detection_state')
  await owner.query('UPDATE detection_shards SET position = 0, holder = NULL')
})
afterAll(() => database.close())

const startWorkers = async (count: number): Promise<void> => {
  running = Array.from({ length: count }, () =>
    spawn(process.execPath, ['--conditions=source', '--import', 'tsx', CHILD, database.socketDir, database.name], {
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  )
  await Promise.all(running.map((child) => once(child.stdout as NodeJS.EventEmitter, 'data')))
}
const caughtUp = async (): Promise<void> => {
  while ((await readPosition(database)) < head) await new Promise((resolve) => setTimeout(resolve, 100))
}
/** What detection says about the events: each alert with the number of events that it counts. */
const alertsNow = async (): Promise<ReadonlyMap<string, string>> => {
  const { rows } = await database.pool.query<{ id: string; rule: string; count: number }>(
    `SELECT id, rule_id AS rule, (body ->> 'count')::int AS count FROM alerts ORDER BY id`,
  )
  return new Map(rows.map(({ id, rule, count }) => [id, `${rule} ${count}`]))
}

describe(`${EVENTS} events in the hands of`, () => {
  let alone: ReadonlyMap<string, string> = new Map()

  it(
    'one worker',
    async () => {
      await startWorkers(1)
      await caughtUp()
      expect(await stopAll()).toEqual([0])
      alone = await alertsNow()
      expect(alone.size).toBeGreaterThan(SOAK ? 1_000 : 50)
    },
    TIMEOUT,
  )

  it(
    'four workers make the same alerts, each counted alike',
    async () => {
      await startWorkers(4)
      await caughtUp()
      const { rows } = await database.pool.query<{ n: number }>('SELECT count(DISTINCT holder)::int AS n FROM detection_shards')
      expect(rows[0]?.n).toBe(4)
      expect(await stopAll()).toEqual([0, 0, 0, 0])
      expect(await alertsNow()).toEqual(alone)
    },
    TIMEOUT,
  )

  it(
    'four workers, one of which is killed at any moment, make the same alerts, each counted alike',
    async () => {
      const random = seededRandom(`kill-${SEED}`)
      await startWorkers(4)
      const at = random.integer(1, Math.floor(head * 0.8))
      while ((await readPosition(database)) < at) await new Promise((resolve) => setTimeout(resolve, 5))
      const victim = running[random.integer(0, 3)]
      victim?.kill('SIGKILL')
      const left = head - (await readPosition(database))
      await caughtUp()
      expect(left).toBeGreaterThan(0)
      const { rows } = await database.pool.query<{ n: number }>('SELECT count(DISTINCT holder)::int AS n FROM detection_shards')
      expect(rows[0]?.n).toBe(3)
      expect((await stopAll()).filter((code) => code === 0)).toHaveLength(3)
      expect(await alertsNow()).toEqual(alone)
    },
    TIMEOUT,
  )
})
