import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { systemClock, type SecurityEvent } from '@parapet/core'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { clusterDir } from '../../db/bundled/cluster.js'
import { processesIn } from '../../db/bundled/process.js'
import { socketDirFor } from '../../db/bundled/socket-dir.js'
import { startDatabase } from '../../db/start.js'
import { silentLog } from '../../db/test-database.js'
import type { Database } from '../../db/types.js'
import { createEventStore } from '../events/index.js'
import { detectionDeps, withIncidents } from './fixtures/deps.js'
import { createDetectionWorker } from './index.js'
import { openState, testVault } from '../../vault/fixtures/test-vault.js'

const CHILD = fileURLToPath(new URL('./fixtures/kill-child.ts', import.meta.url))
const KILLS = 10

const dataDir = realpathSync(mkdtempSync(join(tmpdir(), 'parapet-kill-')))
let database: Database | undefined
let child: ChildProcess | undefined

afterAll(async () => {
  child?.kill('SIGKILL')
  await database?.close()
  if (existsSync(clusterDir(dataDir)) && processesIn(clusterDir(dataDir)).length > 0)
    await (await startDatabase({ dataDir }, silentLog)).close()
  rmSync(socketDirFor(dataDir, process.getuid?.() ?? -1, process.env), { recursive: true, force: true })
  rmSync(dataDir, { recursive: true, force: true })
})

/** A small repeatable generator of numbers below 1. */
const seeded = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** Runs one server until it has acknowledged something and `afterMs` more have passed, then kills it; answers what it acknowledged. */
const runAndKill = async (first: number, afterMs: number): Promise<number[]> => {
  const running = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', CHILD, dataDir, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child = running
  let said = ''
  running.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  const ended = new Promise<void>((resolve) => running.once('close', () => resolve()))
  await vi.waitFor(() => expect(said.split('\n').length).toBeGreaterThan(3), { timeout: 60_000, interval: 5 })
  await sleep(afterMs)
  running.kill('SIGKILL')
  await ended
  // a line that the kill cut in two was never a complete acknowledgement
  return said
    .slice(0, said.lastIndexOf('\n'))
    .split('\n')
    .slice(1)
    .flatMap((line) => line.split(' ').map(Number))
}

describe('a server that is killed again and again while events come in', () => {
  it('keeps every event it acknowledged, detects each exactly once, and decides once', async () => {
    const random = seeded(20_261_121)
    const acknowledged: number[] = []
    for (let i = 0; i < KILLS; i++) acknowledged.push(...(await runAndKill(i * 100_000, Math.floor(random() * 250))))
    expect(acknowledged.length).toBeGreaterThan(KILLS * 8)
    expect(new Set(acknowledged).size).toBe(acknowledged.length)

    database = await startDatabase({ dataDir }, silentLog)
    const events = createEventStore({ vault: testVault(), database, clock: systemClock })
    const worker = createDetectionWorker(detectionDeps(database, withIncidents(database)))
    await worker.start()
    await vi.waitFor(
      async () => {
        const { rows } = await (database as Database).pool.query<{ position: number; head: number }>(
          `SELECT (SELECT min(position) FROM detection_shards) AS position, head FROM log_heads WHERE name = 'events'`,
        )
        expect(rows[0]?.position).toBe(rows[0]?.head)
      },
      { timeout: 60_000, interval: 50 },
    )
    await worker.stop()

    const { rows: stored } = await database.pool.query<{ id: string; sequence: number; address: string }>(
      'SELECT id, sequence, host(address) AS address FROM events ORDER BY sequence',
    )
    const ids = new Set(stored.map((row) => row.id))
    expect(acknowledged.filter((n) => !ids.has(`e-${n}`))).toEqual([])
    expect(ids.size).toBe(stored.length)
    expect(stored.map((row) => row.sequence)).toEqual(stored.map((_, i) => i + 1))

    // the engine counts what it is given: any event given twice, or not at all, is a wrong number here
    const perAddress = new Map<string, number>()
    for (const { address } of stored) perAddress.set(address, (perAddress.get(address) ?? 0) + 1)
    const { rows: state } = await database.pool.query<{ key: string; entry: string }>('SELECT key, entry FROM detection_state')
    const entries = state.map(openState)
    expect(new Map(entries.flatMap(({ k, s }) => (k === undefined ? [] : [[k, s.count]])))).toEqual(perAddress)
    const { rows: alerts } = await database.pool.query<{ scope_value: string; count: number; demo: boolean }>(
      `SELECT scope_value, (body ->> 'count')::int AS count, demo FROM alerts`,
    )
    const expected = [...perAddress].filter(([, count]) => count >= 5)
    expect(new Map(alerts.map((row) => [row.scope_value, row.count]))).toEqual(new Map(expected))

    // one decision an address, however often a server died between an alert and the next
    const { rows: decisions } = await database.pool.query<{ target_value: string }>('SELECT target_value FROM decisions ORDER BY 1')
    expect(decisions.map((row) => row.target_value)).toEqual(expected.map(([address]) => address).toSorted())

    // and each alert stands in one incident, once: it was opened in the transaction of the alert
    const { rows: joined } = await database.pool.query<{ term: string }>(`SELECT term FROM incident_links WHERE kind = 'alert' ORDER BY 1`)
    expect(joined.map(({ term }) => term)).toEqual(expected.map(([address]) => `count-${address}`).toSorted())
    const { rows: opened } = await database.pool.query(`SELECT 1 FROM incident_entries WHERE kind = 'opened'`)
    const { rows: incidents } = await database.pool.query('SELECT 1 FROM incidents')
    expect(opened).toHaveLength(incidents.length)

    // what was sent and never acknowledged may be sent again without harm
    const again: SecurityEvent[] = stored.slice(0, 50).map((row) => ({ '@timestamp': 1, 'event.id': row.id, 'source.ip': row.address }))
    expect(await events.append({ id: 'source', name: 'killed' }, again, Date.now())).toEqual({ accepted: 0, duplicates: 50 })
    await events.close()
  }, 180_000)
})
