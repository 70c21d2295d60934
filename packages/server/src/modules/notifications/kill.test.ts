import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { seededRandom } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../db/test-database.js'
import { type Receiver, startReceiver } from '../../http/outbound/fixtures/receiver.js'
import { allOf, createScene, routeOf, type Scene, writeAlerts } from './fixtures/scene.js'

const CHILD = fileURLToPath(new URL('./fixtures/worker-child.ts', import.meta.url))
const KILLS = 5
const PER_KILL = 6
const LEASE_MS = 1_000
const CHANNELS = 2

let database: TestDatabase
let scene: Scene
let child: ChildProcess | undefined
const receivers: Receiver[] = []
const random = seededRandom(20_261_122)
beforeAll(async () => {
  database = await createTestDatabase({ poolSize: 8 })
  scene = await createScene(database)
  for (let n = 0; n < CHANNELS; n++) receivers.push(await startReceiver())
}, 60_000)
afterAll(async () => {
  child?.kill('SIGKILL')
  for (const receiver of receivers) await receiver.close()
  await database.close()
}, 60_000)

const startChild = (): Promise<void> =>
  new Promise((resolve, reject) => {
    const args = [database.socketDir, database.name, String(LEASE_MS)]
    child = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', CHILD, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    child.stdout?.once('data', () => resolve())
    child.once('error', reject)
  })

/** Kills the child while the request of this number is open: before its answer, or right after it, when the receipt is being written. */
const killAt = (count: number, answered: boolean): Promise<void> =>
  new Promise((resolve) => {
    const kill = (): void => {
      child?.once('close', () => resolve())
      child?.kill('SIGKILL')
    }
    let seen = 0
    for (const receiver of receivers)
      receiver.answer((_request, response) => {
        const now = ++seen === count
        if (now && !answered) kill()
        else
          response.end('{}', () => {
            if (now) kill()
          })
      })
  })

describe(`a server that is killed ${KILLS} times between sending a message and writing its receipt`, () => {
  it('loses none, sends at most one a channel and kill again, and under the id of the first time', async () => {
    const channels: string[] = []
    for (const [n, receiver] of receivers.entries()) {
      const secrets = { secret: `whsec_${Buffer.alloc(32, n).toString('base64')}` }
      const { id } = await scene.notifications.channels.create({
        kind: 'webhook',
        name: `hook ${n}`,
        enabled: true,
        settings: { url: receiver.url },
        secrets,
      })
      channels.push(id)
    }
    await scene.notifications.routes.replace([routeOf(channels)])
    let told = 0
    const tell = async (): Promise<void> => {
      for (let n = 0; n < PER_KILL; n++)
        await scene.notifications.enqueue({ kind: 'incident', level: 'high', title: `n${told++}`, text: 'x' })
      await writeAlerts(database, [{ id: `alert-${told}` }])
      told++
    }

    for (let kill = 0; kill < KILLS; kill++) {
      await tell()
      const killed = killAt(random.integer(1, PER_KILL), kill % 2 === 0)
      await startChild()
      await killed
    }
    for (const receiver of receivers) receiver.answer({})
    await startChild()
    await vi.waitFor(
      async () => {
        const all = await allOf(scene)
        expect(all).toHaveLength(told)
        expect(all.filter(({ receipts }) => receipts.every(({ state }) => state === 'sent'))).toHaveLength(told)
      },
      { timeout: 60_000, interval: 100 },
    )

    for (const receiver of receivers) {
      const byId = new Map<string, string[]>()
      for (const { headers, body } of receiver.received)
        byId.set(String(headers['webhook-id']), [...(byId.get(String(headers['webhook-id'])) ?? []), body])
      // a receiver that knows an id already has every message exactly once
      expect(byId.size).toBe(told)
      expect(receiver.received.length - byId.size).toBeLessThanOrEqual(KILLS)
      for (const bodies of byId.values()) expect(new Set(bodies).size).toBe(1)
    }
    // the kills really fell between the two
    expect(receivers.reduce((sum, { received }) => sum + received.length, 0)).toBeGreaterThan(told * CHANNELS)
  }, 180_000)
})
