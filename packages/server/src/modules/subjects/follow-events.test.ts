import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createPeopleWorld, guardEvents, type PeopleWorld, SHOP } from './fixtures/people-world.js'
import { followEvents, followStep } from './follow-events.js'

let world: PeopleWorld
beforeAll(async () => {
  world = await createPeopleWorld()
}, 60_000)
afterAll(() => world.close())

const positionOf = async (): Promise<number> =>
  (await world.database.pool.query<{ position: number }>(`SELECT position FROM cursors WHERE name = 'subjects'`)).rows[0]?.position ?? -1

describe('following the events', () => {
  it('is done by one server at a time, each event once, whoever does it', async () => {
    const failures = Array.from({ length: 400 }, () => ({ '@timestamp': world.now(), ...guardEvents.login('ann', 'failure') }))
    await world.subjects.take(SHOP, [{ id: 'ann' }])
    await world.events.append(SHOP, failures, world.now())
    const sibling = await world.database.sibling()
    const servers = [world.follow, { ...world.follow, database: sibling }, { ...world.follow, database: sibling }]
    for (let left = true; left;) {
      const went = await Promise.all(servers.map((deps) => followStep(deps, 37)))
      left = !went.includes('idle')
    }
    const { rows } = await world.database.pool.query<{ failures: number }>('SELECT failures FROM subjects')
    expect(rows[0]?.failures).toBe(400)
    await sibling.close()
  })

  it('goes on over a connection that is cut, and stops when told', async () => {
    await world.events.append(
      SHOP,
      Array.from({ length: 300 }, (_, n) => ({ '@timestamp': world.now(), ...guardEvents.started(`user-${n}`, `s-${n}`) })),
      world.now(),
    )
    const following = followEvents({ ...world.follow, span: 20 })
    await vi.waitFor(async () => expect(await positionOf()).toBeGreaterThan(450), { timeout: 20_000, interval: 5 })
    await world.database.cut('parapet')
    const head = await vi.waitFor(() => world.events.head(), { timeout: 10_000 })
    await vi.waitFor(async () => expect(await positionOf()).toBe(head), { timeout: 20_000, interval: 20 })
    await following.stop()
    const { rows } = await world.database.pool.query<{ count: number }>(`SELECT count(*) AS count FROM subject_sessions`)
    expect(rows[0]?.count).toBe(300)
  })

  it('passes over an event that cannot be written, and loses no other for it', async () => {
    const broken = 'user-bad'
    const enrich: typeof world.follow.enrich = (event) =>
      event['user.id'] === broken ? { ...event, get 'user.id'(): string { throw new Error('no') } } : event // prettier-ignore
    await world.events.append(
      SHOP,
      ['user-a', broken, 'user-b'].map((user) => Object.assign(guardEvents.started(user, 'x'), { '@timestamp': world.now() })),
      world.now(),
    )
    const warned: string[] = []
    const log = { ...world.follow.log, warn: (_: unknown, text: string) => warned.push(text) }
    const following = followEvents({ ...world.follow, enrich: (event) => enrich(event), log, span: 100 })
    const head = await world.events.head()
    await vi.waitFor(async () => expect(await positionOf()).toBe(head), { timeout: 20_000, interval: 20 })
    await following.stop()
    for (const user of ['user-a', 'user-b']) expect(await world.idOf(user)).toMatch(/./)
    expect((await world.subjects.list({ q: broken }, null, 5)).items).toEqual([])
    expect(warned).toEqual(['an event about a user could not be read and is passed over'])
  })
})
