import { DAY } from '@parapet/core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../db/test-database.js'
import { testVault } from '../../vault/fixtures/test-vault.js'
import { channelCell, createChannelStore } from './channel-store.js'
import { createDeliveries, type Deliveries } from './deliveries.js'
import { createOutbox, type Outbox } from './outbox.js'
import { planDue } from './planner.js'
import { replaceRoutes } from './route-store.js'
import { routeOf } from './fixtures/scene.js'

let database: TestDatabase
let outbox: Outbox
let deliveries: Deliveries
let now = 1_795_200_000_000
const clock = (): number => now
const secretOf = (byte: number): string => `whsec_${Buffer.alloc(32, byte).toString('base64')}`
beforeAll(async () => {
  database = await createTestDatabase()
}, 60_000)
afterAll(() => database.close())
const channels = () => createChannelStore({ pool: database.pool, vault: testVault(), clock, canMail: false })
const makeChannel = async (name: string): Promise<string> =>
  (
    await channels().create({
      kind: 'webhook',
      name,
      enabled: true,
      settings: { url: 'https://h.example/' },
      secrets: { secret: secretOf(1) },
    })
  ).id
/** a notification that is planned for these channels, and due */
const told = async (ids: readonly string[]): Promise<string> => {
  await replaceRoutes(database.pool, [routeOf(ids)])
  const id = await outbox.enqueue({ kind: 'alert', level: 'high', title: 't', text: 'x' })
  await planDue({ pool: database.pool, clock })
  return id
}
const only = async () => {
  const [leased] = await deliveries.lease([])
  if (leased === undefined) throw new Error('nothing was due')
  return leased
}
beforeEach(async () => {
  await database.owner().query('TRUNCATE notifications, notification_deliveries, notification_channels')
  outbox = createOutbox({ pool: database.pool, vault: testVault(), clock })
  deliveries = createDeliveries({ pool: database.pool, clock })
})

describe('a delivery', () => {
  it('is in one server’s hands at a time, and in another’s when its lease has run out', async () => {
    await told([await makeChannel('a')])
    const first = await only()
    expect(await createDeliveries({ pool: database.pool, clock }).lease([])).toEqual([])
    await database.pool.query('UPDATE notification_deliveries SET leased_until = 0')
    const second = await only()
    expect(second).toMatchObject({ id: first.id, attempts: 2, fence: first.fence + 1 })
  })

  it('whose lease was lost cannot be called failed or put off by who lost it', async () => {
    const id = await told([await makeChannel('a')])
    const lost = await only()
    await database.pool.query('UPDATE notification_deliveries SET leased_until = 0')
    await only()
    await deliveries.failed(lost, 'the late one says no')
    await deliveries.later(lost, now + DAY, 'the late one says later', false)
    expect((await outbox.get(id)).receipts).toMatchObject([{ state: 'waiting', detail: null }])
  })

  it('that was sent is sent, also when he who says so comes late: it is not sent a third time', async () => {
    const id = await told([await makeChannel('a')])
    const lost = await only()
    await database.pool.query('UPDATE notification_deliveries SET leased_until = 0')
    const second = await only()
    await deliveries.sent(lost, 'id of the other side')
    await deliveries.failed(second, 'too late')
    expect(await outbox.get(id)).toMatchObject({ state: 'sent', receipts: [{ state: 'sent', detail: 'id of the other side' }] })
    await database.pool.query('UPDATE notification_deliveries SET leased_until = 0')
    expect(await deliveries.lease([])).toEqual([])
  })

  it('is one at a time for each channel, the oldest first, and none for those that are busy', async () => {
    const [one, two] = [await makeChannel('a'), await makeChannel('b')]
    await told([one, two])
    now += 1
    await told([one, two])
    const first = await deliveries.lease([])
    expect(first.map(({ channelId }) => channelId).toSorted()).toEqual([one, two].toSorted())
    expect(new Set(first.map(({ notificationId }) => notificationId)).size).toBe(1)
    const rest = await deliveries.lease([one])
    expect(rest.map(({ channelId }) => channelId)).toEqual([two])
  })

  it('makes a notification sent as soon as one has it, and failed only when nobody has', async () => {
    const id = await told([await makeChannel('a'), await makeChannel('b')])
    const [first, second] = await deliveries.lease([])
    if (first === undefined || second === undefined) throw new Error('two were due')
    await deliveries.failed(first, 'no')
    expect((await outbox.get(id)).state).toBe('waiting')
    await deliveries.failed(second, 'no')
    expect((await outbox.get(id)).state).toBe('failed')
    const other = await told([await makeChannel('c')])
    const leased = await only()
    await outbox.acknowledge(other, 'Ann')
    await deliveries.sent(leased, 'ok')
    expect(await outbox.get(other)).toMatchObject({ state: 'acknowledged', receipts: [{ state: 'sent' }] })
  })

  it('says when the next one is due', async () => {
    expect(await deliveries.nextDue()).toBeNull()
    await told([await makeChannel('a')])
    expect(await deliveries.nextDue()).toBe(now)
    await deliveries.later(await only(), now + 5_000, 'busy', true)
    expect(await deliveries.nextDue()).toBe(now + 5_000)
  })
})

describe('the secret of a webhook that changes', () => {
  it('signs along for a day, and not a moment longer', async () => {
    const id = await makeChannel('a')
    await channels().change(id, { secrets: { secret: secretOf(2) } })
    expect(await channels().open(id)).toMatchObject({ secrets: { secret: secretOf(2) }, previous: secretOf(1) })
    await channels().change(id, { name: 'another name' })
    now += DAY - 1
    expect(await channels().open(id)).toMatchObject({ previous: secretOf(1) })
    now += 1
    expect(await channels().open(id)).not.toHaveProperty('previous')
  })

  it('opens in no other row: a sealed cell that is moved is refused', async () => {
    const [one, two] = [await makeChannel('a'), await makeChannel('b')]
    await database.pool.query(
      'UPDATE notification_channels SET sealed = (SELECT sealed FROM notification_channels WHERE id = $1) WHERE id = $2',
      [one, two],
    )
    await expect(channels().open(two)).rejects.toMatchObject({ code: expect.stringMatching(/^PPT_SEALED/) })
    expect(channelCell(one)).not.toEqual(channelCell(two))
  })
})
