import { DAY, HOUR, MINUTE, uuidv7 } from '@parapet/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ANN, BLOG, createPeopleWorld, guardEvents, type PeopleWorld, SHOP } from './fixtures/people-world.js'

let world: PeopleWorld
beforeAll(async () => {
  world = await createPeopleWorld()
}, 60_000)
afterAll(() => world.close())

const { started, request, ended, passwordChanged, login } = guardEvents

describe('who a subject is', () => {
  it('is known by the id that an application’s events name, with sessions, devices and when it was seen', async () => {
    await world.tell(SHOP, started('u1', 's1'), request('u1', 's1'))
    world.advance(5 * MINUTE)
    await world.tell(SHOP, request('u1', 's1', { 'source.ip': '203.0.113.9' }))
    const { subject, sessions, addresses, events, incidents } = await world.subjects.detail(await world.idOf('u1'))
    expect(subject).toMatchObject({ name: 'u1', source: SHOP, lastSeen: world.now(), lastSignIn: world.now() - 5 * MINUTE, alerts7d: 0 })
    expect(sessions).toEqual([
      {
        id: 's1',
        device: 'Firefox on Windows',
        address: '203.0.113.9',
        country: null,
        startedAt: world.now() - 5 * MINUTE,
        seenAt: world.now(),
        endedAt: null,
        endedWhy: null,
      },
    ])
    expect(addresses.map(({ address, events: count }) => [address, count])).toEqual([
      ['203.0.113.9', 1],
      ['203.0.113.7', 2],
    ])
    expect(events).toHaveLength(3)
    expect(incidents).toEqual([{ id: 'i1', title: 'INC-1' }])
  })

  it('is another one at another application, though both use the same id', async () => {
    await world.tell(BLOG, started('u1', 'b1'))
    const { items } = await world.subjects.list({ q: 'u1' }, null, 10)
    expect(items.map(({ source }) => source.name).toSorted()).toEqual(['blog', 'shop'])
    expect(new Set(items.map(({ id }) => id)).size).toBe(2)
  })

  it('gets name, mail address and roles from an import, which the same again does not change', async () => {
    const list = [{ id: 'u2', name: 'Ann', email: 'ann@example.org', roles: ['editor', 'admin'] }]
    expect(await world.subjects.take(SHOP, list)).toEqual({ taken: 1 })
    const before = await world.subjects.get(await world.idOf('ANN@example.org'))
    expect(before).toMatchObject({ name: 'Ann', email: 'ann@example.org', roles: ['admin', 'editor'], lastSeen: null })
    const rowOf = async () => (await world.database.pool.query(`SELECT xmin, * FROM subjects WHERE id = $1`, [before.id])).rows
    const row = await rowOf()
    await world.subjects.take(SHOP, list)
    expect(await rowOf()).toEqual(row)
    await world.subjects.take(SHOP, [{ id: 'u2', roles: [] }])
    expect(await world.subjects.get(before.id)).toMatchObject({ name: 'Ann', email: 'ann@example.org', roles: [] })
  })

  it('stands in no table in clear', async () => {
    const { rows } = await world.database.pool.query<{ text: string }>(`SELECT s::text AS text FROM subjects s`)
    expect(rows.length).toBeGreaterThan(0)
    for (const { text } of rows) expect(text.toLowerCase()).not.toContain('ann')
  })

  it('takes failures and sign-ins that only give a name as those of whom it names, and makes nobody of them', async () => {
    const id = await world.idOf('u2')
    const before = (await world.subjects.list({}, null, 200)).items.length
    await world.tell(SHOP, login(' Ann', 'failure'), login('ann@example.org', 'failure'), login('nobody', 'failure'))
    expect((await world.subjects.get(id)).riskWhy).toEqual(['2 failed sign-ins of late.'])
    await world.tell(SHOP, login('ann', 'success'), login('stranger', 'success'))
    expect((await world.subjects.get(id)).lastSignIn).toBe(world.now())
    expect((await world.subjects.list({}, null, 200)).items.length).toBe(before)
  })

  it('is who signed in by a name where the application gives no ids', async () => {
    await world.tell(BLOG, login('carol', 'success', { 'event.dataset': 'django' }))
    expect(await world.subjects.get(await world.idOf('carol'))).toMatchObject({ name: 'carol', source: BLOG, lastSignIn: world.now() })
  })

  it('is nobody of a host: its users are no users of an application', async () => {
    await world.database.pool.query(
      `INSERT INTO sources (id, name, name_key, kind, demo, created_at) VALUES ('host-1', 'web1', 'web1', 'host', false, 0)`,
    )
    await world.tell({ id: 'host-1', name: 'web1' }, login('root', 'success', { 'event.dataset': 'sshd' }))
    expect((await world.subjects.list({ q: 'root' }, null, 10)).items).toEqual([])
  })
})

describe('what a subject did', () => {
  it('shows sessions that ended, and why, all at once or by name', async () => {
    await world.tell(SHOP, started('u3', 'a'), started('u3', 'b'), started('u3', 'c'))
    await world.tell(SHOP, {
      'event.category': 'session',
      'event.action': 'session-revoked',
      'event.reason': 'risk',
      'user.id': 'u3',
      'parapet.sessions': ['a'],
    })
    world.advance(MINUTE)
    await world.tell(SHOP, ended('u3', 'suspend'))
    const { sessions } = await world.subjects.detail(await world.idOf('u3'))
    expect(Object.fromEntries(sessions.map(({ id, endedWhy }) => [id, endedWhy]))).toEqual({ a: 'risk', b: 'suspend', c: 'suspend' })
  })

  it('calls a device or country new only for who was seen with others before', async () => {
    const id = async () => world.subjects.get(await world.idOf('u4'))
    await world.tell(SHOP, started('u4', 'a', { 'source.geo.country_iso_code': 'DE' }))
    expect((await id()).riskWhy).toEqual([])
    world.advance(HOUR)
    await world.tell(SHOP, started('u4', 'b', { 'source.geo.country_iso_code': 'JP', 'parapet.device': 'curl' }))
    expect((await id()).riskWhy).toEqual(['Signed in from a new country, 1m ago.', 'Signed in with a new device, 1m ago.'])
    expect((await id()).risk).toBe(36)
    world.advance(10 * DAY)
    expect((await id()).risk).toBe(0)
  })

  it('survives events that no text column takes', async () => {
    await world.tell(
      SHOP,
      started('u\u0000\ud800', 's\u0000', { 'user.roles': ['r\u0000', '\udfff'], 'event.reason': '\u0000' }),
      started('u5', 'after'),
    )
    expect((await world.subjects.get(await world.idOf('u5'))).name).toBe('u5')
  })

  it('is told once, however often a step breaks off before its end', async () => {
    await world.events.append(SHOP, [{ '@timestamp': world.now(), ...login('ann', 'failure') }], world.now())
    const id = await world.idOf('u2')
    const { rows: before } = await world.database.pool.query('SELECT failures FROM subjects WHERE id = $1', [id])
    const { followStep } = await import('./follow-events.js')
    const breaking = { ...world.follow, clock: () => { throw new Error('killed before the cursor moved') } } // prettier-ignore
    await expect(followStep(breaking, 100)).rejects.toThrow('killed')
    await world.catchUp()
    await world.catchUp()
    const { rows } = await world.database.pool.query('SELECT failures, failures_at FROM subjects WHERE id = $1', [id])
    expect(rows[0]?.failures).toBeLessThanOrEqual(before[0]?.failures + 1)
    expect(rows[0]).toMatchObject({ failures_at: world.now() })
  })
})

describe('the list', () => {
  it('goes through everybody once, seen last first, and by role', async () => {
    const many = Array.from({ length: 25 }, (_, index) => ({ id: `m${index}`, roles: ['many'] }))
    await world.subjects.take(BLOG, many)
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const page: Awaited<ReturnType<PeopleWorld['subjects']['list']>> = await world.subjects.list({ role: 'many' }, cursor, 10)
      seen.push(...page.items.map(({ name }) => name ?? ''))
      cursor = page.next
    } while (cursor !== null)
    expect(seen.toSorted()).toEqual(many.map(({ id }) => id).toSorted())
    await expect(world.subjects.list({}, 'x', 10)).rejects.toMatchObject({ code: 'PPT_INVALID' })
  })
})

describe('acts', () => {
  it('are decisions on the user’s id, in force as flags, found by flag, and taken back by clear', async () => {
    const id = await world.idOf('m1')
    const { subject, decisionIds } = await world.subjects.act(id, { act: 'suspend', duration: '1d', reason: 'stolen laptop' }, ANN)
    expect(subject.flags).toEqual([{ kind: 'suspend', until: world.now() + DAY, decisionId: decisionIds[0] }])
    expect(await world.decisions.get(decisionIds[0] ?? '')).toMatchObject({
      target: { kind: 'user', value: 'm1' },
      action: 'suspend',
      scope: 'all',
      mode: 'enforce',
      author: ANN,
    })
    expect((await world.subjects.list({ flag: 'suspend' }, null, 10)).items.map((each) => each.id)).toEqual([id])
    await world.subjects.act(id, { act: 'require_mfa', reason: 'odd' }, ANN)
    const cleared = await world.subjects.act(id, { act: 'clear', reason: 'was him' }, ANN)
    expect(cleared.subject.flags).toEqual([])
    expect(cleared.decisionIds).toHaveLength(2)
    expect((await world.subjects.list({ flag: 'suspend' }, null, 10)).items).toEqual([])
  })

  it('reach the same id at the other application, as the decision does', async () => {
    const [one, other] = (await world.subjects.list({ q: 'u1' }, null, 10)).items
    await world.subjects.act(one?.id ?? '', { act: 'require_mfa', reason: 'odd' }, ANN)
    expect((await world.subjects.get(other?.id ?? '')).flags.map(({ kind }) => kind)).toEqual(['require_mfa'])
  })

  it('show what policies decided about a name of his, however it is spelt, and no decision on everybody that denies', async () => {
    const decision = (value: string, action: 'deny' | 'require_mfa', kind: 'user' | 'all' = 'user') => ({
      id: uuidv7(world.now()),
      target: { kind, value },
      action,
      scope: 'all' as const,
      mode: 'enforce' as const,
      reason: 'five failures',
      author: { kind: 'policy' as const, id: 'brute-force' },
      batch: 'b',
      startsAt: world.now(),
      expiresAt: world.now() + HOUR,
    })
    await world.decisions.create([decision('ann', 'deny'), decision('someone else', 'require_mfa'), decision('*', 'deny', 'all')])
    expect((await world.subjects.get(await world.idOf('u2'))).flags.map(({ kind }) => kind)).toEqual(['deny'])
  })

  it('ask for a reset that a verified one ends, though the decision still stands', async () => {
    const id = await world.idOf('m2')
    await world.subjects.act(id, { act: 'require_reset', reason: 'leaked' }, ANN)
    expect((await world.subjects.list({ flag: 'require_reset' }, null, 10)).items.map((each) => each.id)).toEqual([id])
    world.advance(MINUTE)
    await world.tell(BLOG, passwordChanged('m2'))
    expect((await world.subjects.get(id)).flags).toEqual([])
    expect((await world.subjects.list({ flag: 'require_reset' }, null, 10)).items).toEqual([])
  })

  it('refuse what lasts too long, or cannot last, and whom nobody knows', async () => {
    const id = await world.idOf('m3')
    for (const act of [
      { act: 'suspend', duration: '31d' },
      { act: 'suspend', duration: 'for ever' },
      { act: 'end_sessions', duration: '1h' },
      { act: 'clear', duration: '1h' },
    ] as const)
      await expect(world.subjects.act(id, { ...act, reason: 'x' }, ANN)).rejects.toMatchObject({ code: 'PPT_INVALID' })
    await expect(world.subjects.act('nobody', { act: 'clear', reason: 'x' }, ANN)).rejects.toMatchObject({ code: 'PPT_NOT_FOUND' })
    await expect(world.subjects.detail('\u0000')).rejects.toMatchObject({ code: 'PPT_NOT_FOUND' })
  })
})
