import * as fc from 'fast-check'
import { type Author, createDecisionSet, type Decision, HOUR } from '@parapet/core'
import type { NewDecision } from '@parapet/respond'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { transaction } from '../../db/pools.js'
import { createTestDatabase, type TestDatabase } from '../../db/test-database.js'
import { createDecisionLog } from './decision-log.js'
import { createDecisionStore, type DecisionStore } from './index.js'
import { type DecisionRow, LOG_COLUMNS, openDecision } from './sealed-decision.js'
import { testVault } from '../../vault/fixtures/test-vault.js'

const ANN: Author = { kind: 'operator', id: 'ann', name: 'Ann' }
let now = 1_795_000_000_000
let count = 0
let database: TestDatabase
let store: DecisionStore

const decision = (fields: Partial<NewDecision> = {}): NewDecision => ({
  id: `d-${++count}`,
  target: { kind: 'ip', value: '203.0.113.1' },
  action: 'deny',
  scope: 'login',
  mode: 'enforce',
  reason: 'five failures',
  author: { kind: 'policy', id: 'brute-force' },
  batch: `b-${count}`,
  startsAt: now,
  expiresAt: now + HOUR,
  ...fields,
})

beforeAll(async () => {
  database = await createTestDatabase()
  store = createDecisionStore({ vault: testVault(), database, clock: () => now })
}, 60_000)
afterEach(async () => {
  // each test begins with nothing in force
  now += 10 * HOUR
  const { decisions } = await store.active(now)
  await store.lift(
    decisions.map((each) => each.id),
    ANN,
    'next test',
    now,
  )
})
afterAll(async () => {
  await store.close()
  await database.close()
})

describe('what is blocked', () => {
  it('counts targets once, only what is enforced now, and no target that still gets in', async () => {
    const ip = (value: string): Pick<Decision, 'target'> => ({ target: { kind: 'ip', value } })
    const user = (value: string): Pick<Decision, 'target'> => ({ target: { kind: 'user', value } })
    const [, , , , , lifted] = await store.create([
      decision(ip('198.51.100.1')),
      decision(ip('198.51.100.1')),
      decision({ target: { kind: 'cidr', value: '2001:db8::/64' } }),
      decision({ ...ip('198.51.100.2'), mode: 'observe' }),
      decision({ ...ip('198.51.100.3'), expiresAt: now }),
      decision(ip('198.51.100.4')),
      decision({ ...ip('198.51.100.5'), startsAt: now + 1 }),
      decision(user('ann')),
      decision(user('ann')),
      decision({ target: { kind: 'session', value: 'ann' } }),
      decision({ ...ip('198.51.100.6'), action: 'throttle' }),
      decision({ ...user('bob'), action: 'require_reset' }),
      decision({ ...user('eve'), action: 'suspend' }),
    ])
    await store.lift([lifted?.id ?? ''], ANN, 'undo', now)
    expect(await store.countInForce(now)).toEqual({ decisions: 9, blocked: { addresses: 2, others: 3 }, lockdown: false })
    await store.create([decision({ target: { kind: 'all', value: '*' }, action: 'lockdown' })])
    expect(await store.countInForce(now)).toEqual({ decisions: 10, blocked: { addresses: 2, others: 3 }, lockdown: true })
  })
})

describe('a long snapshot', () => {
  it('comes in parts that hold each decision in force once, with none that has ended', async () => {
    const made = await store.create(Array.from({ length: 25 }, (_, n) => decision(n % 5 === 0 ? { expiresAt: now } : {})))
    const parts: (readonly Decision[])[] = []
    for await (const part of store.activeInParts(now, 6)) parts.push(part)
    expect(parts.map((part) => part.length)).toEqual([6, 6, 6, 2])
    expect(parts.flat().map(({ id }) => id)).toEqual(made.filter(({ expiresAt }) => expiresAt > now).map(({ id }) => id))
    expect(await store.revision()).toBe(made.at(-1)?.revision)
  })

  it('passes nothing over that is extended while it is read, whatever the ends', async () => {
    const made = await store.create(Array.from({ length: 20 }, (_, n) => decision({ expiresAt: now + HOUR + (n % 3) * 1_000 })))
    const log = createDecisionLog(database, testVault())
    const seen = new Set<string>()
    for await (const part of store.activeInParts(now, 3)) {
      for (const { id } of part) seen.add(id)
      const one = made[seen.size % made.length]
      if (one !== undefined) await log.append({ kind: 'extend', decisions: [{ ...one, expiresAt: now + HOUR + seen.size * 500 }], at: now })
    }
    await log.close()
    expect(seen.size).toBe(20)
  })

  it('is the true state when what changed since its revision is applied after it, whenever that happened', async () => {
    const made = await store.create(Array.from({ length: 12 }, () => decision()))
    const revision = await store.revision()
    const parts: Decision[] = []
    let round = 0
    for await (const part of store.activeInParts(now, 4)) {
      parts.push(...part)
      // behind the reader, before it, and new
      if (round++ === 0) {
        await store.lift([made[1]?.id ?? '', made[10]?.id ?? ''], ANN, 'undo', now)
        await store.create([decision()])
      }
    }
    const set = createDecisionSet()
    set.reset(parts, revision)
    for (const change of await store.since(revision)) set.apply(change)
    const { decisions } = await store.active(now)
    expect(
      set
        .all()
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual(decisions.map(({ id }) => id).toSorted())
  })
})

describe('create and lift', () => {
  it('gives every change a higher revision and keeps the earlier rows', async () => {
    const [made] = await store.create([decision()])
    const [lifted] = await store.lift([made?.id ?? ''], ANN, 'a colleague', now + 5)
    expect(lifted).toEqual({ ...made, revision: (made?.revision ?? 0) + 1, lifted: { at: now + 5, by: ANN, reason: 'a colleague' } })
    const { rows } = await database.pool.query<DecisionRow>(
      `SELECT ${LOG_COLUMNS} FROM decision_log WHERE decision_id = $1 ORDER BY revision`,
      [made?.id],
    )
    expect(rows.map((row) => openDecision(testVault(), row))).toEqual([made, lifted])
    expect(await store.get(made?.id ?? '')).toEqual(lifted)
  })

  it('lifts once: who was first stays on record, and what ended by itself is left alone', async () => {
    const [one, over] = await store.create([decision(), decision({ startsAt: now - 2 * HOUR, expiresAt: now - HOUR })])
    await store.lift([one?.id ?? ''], ANN, 'first', now)
    expect(await store.lift([one?.id ?? '', over?.id ?? '', 'unknown'], { kind: 'cli', id: 'bob' }, 'second', now)).toEqual([])
    expect((await store.get(one?.id ?? ''))?.lifted?.reason).toBe('first')
    expect((await store.get(over?.id ?? ''))?.lifted).toBeUndefined()
  })

  it('refuses an id that is taken and changes nothing', async () => {
    const [made] = await store.create([decision()])
    await expect(store.create([decision(), decision({ id: made?.id ?? '' })])).rejects.toMatchObject({ code: 'PPT_CONFLICT' })
    expect((await store.active(now)).decisions.map((each) => each.id)).toEqual([made?.id])
  })

  it('takes nothing for nothing', async () => {
    const before = await store.active(now)
    expect(await store.create([])).toEqual([])
    expect(await store.lift([], ANN, 'x', now)).toEqual([])
    expect((await store.active(now)).revision).toBe(before.revision)
  })
})

describe('extend', () => {
  const log = () => createDecisionLog(database, testVault())

  it('moves the end of a decision in force to a later time, never to an earlier one', async () => {
    const made = decision()
    await store.create([made])
    const [longer] = await log().append({ kind: 'extend', decisions: [{ ...made, expiresAt: now + 3 * HOUR }], at: now })
    expect(longer).toMatchObject({ id: made.id, expiresAt: now + 3 * HOUR })
    expect(await log().append({ kind: 'extend', decisions: [{ ...made, expiresAt: now + HOUR }], at: now })).toEqual([])
  })

  it('never brings back what an operator has lifted', async () => {
    const made = decision()
    await store.create([made])
    await store.lift([made.id], ANN, 'a mistake', now)
    expect(await log().append({ kind: 'extend', decisions: [{ ...made, expiresAt: now + 3 * HOUR }], at: now })).toEqual([])
    expect((await store.active(now)).decisions).toEqual([])
  })
})

describe('the lists', () => {
  it('tell what binds from what ended and what was taken back', async () => {
    const [active, lifted] = await store.create([decision(), decision(), decision({ startsAt: now - 2 * HOUR, expiresAt: now - HOUR })])
    await store.lift([lifted?.id ?? ''], ANN, 'x', now)
    const ids = async (state: 'active' | 'expired' | 'lifted' | 'all'): Promise<string[]> =>
      (await store.list({ state }, null, 500)).items.map((each) => each.id)
    expect(await ids('active')).toEqual([active?.id])
    expect(await ids('lifted')).toContain(lifted?.id)
    expect(await ids('expired')).toContain(`d-${count}`)
    expect((await ids('all')).length).toBe((await ids('active')).length + (await ids('expired')).length + (await ids('lifted')).length)
    expect(await store.countActive(now)).toBe(1)
    expect(await store.countSince(now)).toBe(2)
  })

  it('page newest first without a gap, also while decisions change', async () => {
    const made = await store.create(Array.from({ length: 5 }, () => decision()))
    const first = await store.list({ state: 'all' }, null, 2)
    await store.lift([made[4]?.id ?? ''], ANN, 'moves to another revision, not to another place', now)
    const second = await store.list({ state: 'all' }, first.next, 3)
    expect([...first.items, ...second.items].map((each) => each.id)).toEqual(made.map((each) => each.id).toReversed())
    await expect(store.list({ state: 'all' }, 'x', 2)).rejects.toMatchObject({ code: 'PPT_INVALID' })
  })

  it('find what is enforced on an address by any range around it, and a user by name', async () => {
    const [range, host, six, user] = await store.create([
      decision({ target: { kind: 'cidr', value: '198.51.100.0/24' } }),
      decision({ target: { kind: 'ip', value: '198.51.100.7' } }),
      decision({ target: { kind: 'ip', value: '2001:db8:1:2::9' } }),
      decision({ target: { kind: 'user', value: `o'neil"; --` }, alertId: 'alert-1', batch: 'together' }),
    ])
    const found = async (value: string): Promise<string[]> => (await store.forTarget(value)).map((each) => each.id)
    expect(await found('198.51.100.7')).toEqual([host?.id, range?.id])
    expect(await found('198.51.100.8')).toEqual([range?.id])
    expect(await found('198.51.101.8')).toEqual([])
    // a single IPv6 address is enforced as its /64, so its neighbour is told about it
    expect(await found('2001:db8:1:2::ffff')).toEqual([six?.id])
    expect(await found(`o'neil"; --`)).toEqual([user?.id])
    expect((await store.forAlert('alert-1')).map((each) => each.id)).toEqual([user?.id])
    expect((await store.forBatch('together')).map((each) => each.id)).toEqual([user?.id])
    expect((await store.list({ state: 'active', target: '198.51.100.8' }, null, 5)).items.map((each) => each.id)).toEqual([range?.id])
  })
})

describe('what enforcers follow', () => {
  it('a snapshot with the changes after its revision is the same as a later snapshot', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('create' as const), value: fc.integer({ min: 1, max: 9 }) }),
      fc.record({ kind: fc.constant('lift' as const), value: fc.nat(20) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), fc.array(step, { minLength: 1, maxLength: 8 }), async (before, after) => {
        now += 10 * HOUR
        const made: string[] = []
        const apply = async (steps: typeof before): Promise<void> => {
          for (const { kind, value } of steps) {
            if (kind === 'create')
              made.push(...(await store.create([decision({ target: { kind: 'ip', value: `10.0.0.${value}` } })])).map((each) => each.id))
            else await store.lift(made.slice(value, value + 2), ANN, 'x', now)
          }
        }
        await apply(before)
        const snapshot = await store.active(now)
        await apply(after)
        const set = createDecisionSet()
        set.reset(snapshot.decisions)
        for (const change of await store.since(snapshot.revision)) set.apply(change)
        const later = await store.active(now)
        expect(
          set
            .all()
            .map((each) => each.id)
            .toSorted(),
        ).toEqual(later.decisions.map((each) => each.id).toSorted())
        expect((await store.since(later.revision)).length).toBe(0)
      }),
      { numRuns: 15, seed: 20_261_121 },
    )
  })

  it('hears of every change once, in order, from whichever process it comes', async () => {
    const sibling = await database.sibling()
    const other = createDecisionStore({ vault: testVault(), database: sibling, clock: () => now })
    const heard: Decision[] = []
    const stop = store.subscribe((each) => heard.push(each))
    await store.active(now)
    const made = (await Promise.all([store, other, store, other].map((each) => each.create([decision()])))).flat()
    await other.lift([made[0]?.id ?? ''], ANN, 'x', now)
    await vi.waitFor(() => expect(heard).toHaveLength(5))
    expect(heard.map((each) => each.revision)).toEqual(heard.map((each) => each.revision).toSorted((a, b) => a - b))
    expect(new Set(heard.map((each) => each.id))).toEqual(new Set(made.map((each) => each.id)))
    stop()
    await store.create([decision()])
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(heard).toHaveLength(5)
    await other.close()
    await sibling.close()
  })

  it('goes back as a whole with the transaction of the caller', async () => {
    const before = await store.active(now)
    const failing = transaction(database.pool, async (client) => {
      await createDecisionLog(database, testVault()).appendIn(client, [{ kind: 'create', decisions: [decision()], at: now }])
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await store.active(now)).toEqual(before)
  })
})

describe('what can be lifted', () => {
  it('is found behind hundreds of decisions on the same target that have ended', async () => {
    const target = { kind: 'ip' as const, value: '198.51.100.77' }
    const [binding] = await store.create([decision({ target })])
    await store.create(Array.from({ length: 600 }, () => decision({ target, startsAt: now - 2 * HOUR, expiresAt: now - HOUR })))
    expect((await store.forTarget(target.value)).some(({ id }) => id === binding?.id)).toBe(false)
    expect(await store.endingLater({ target: target.value }, now)).toEqual([binding?.id])
    expect(await store.endingLater({ batch: binding?.batch ?? '' }, now)).toEqual([binding?.id])
    expect(await store.endingLater({ target: `a\0'b` }, now)).toEqual([])
  })
})
