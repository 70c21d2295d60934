import { DAY, MINUTE, type ResetRequest, SECOND } from '@parapet/core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { silentLog } from '../../db/test-database.js'
import { createDecisionLog } from '../decisions/decision-log.js'
import { ANN, createPeopleWorld, guardEvents, type PeopleWorld, SHOP } from '../subjects/fixtures/people-world.js'
import { claimMail, finish, IN_DOUBT_MS, keepAlive, makeDecisions, noteMail, type StepDeps } from './campaign-steps.js'
import { createResetCampaigns } from './campaigns.js'
import { runCampaigns } from './run-campaigns.js'
import type { OutgoingMail } from './types.js'

let world: PeopleWorld
let steps: StepDeps
let campaigns: ReturnType<typeof createResetCampaigns>
let mailable = true

beforeAll(async () => {
  world = await createPeopleWorld()
  const { database, vault, now: clock } = world
  steps = { database, vault, clock, log: createDecisionLog(database, vault) }
  campaigns = createResetCampaigns({ database, vault, clock, canMail: () => mailable, wake: () => undefined })
  await database.pool.query(
    `INSERT INTO sources (id, name, name_key, kind, demo, created_at, reset_url) VALUES ($1, $2, $2, 'application', false, 0, 'https://shop.example/reset')`,
    [SHOP.id, SHOP.name],
  )
}, 60_000)
beforeEach(async () => {
  world.advance(DAY)
  await world.database.pool.query('DELETE FROM subjects')
  await world.subjects.take(SHOP, [
    ...Array.from({ length: 6 }, (_, n) => ({ id: `u${n}`, name: `user ${n}`, email: `u${n}@example.org`, roles: n < 2 ? ['admin'] : [] })),
    { id: 'silent' },
  ])
  world.advance(MINUTE)
})
afterEach(async () => {
  mailable = true
  // a cancelled or finished one takes back what is left of it too
  for (const { id } of await campaigns.list()) await campaigns.cancel(id, ANN)
})
afterAll(async () => {
  await campaigns.close()
  await world.close()
})

const ALL: ResetRequest = { scope: { kind: 'all' }, reason: 'passwords may have leaked', mail: true, perMinute: 60 }
const back = async (...ids: readonly string[]): Promise<void> => {
  world.advance(SECOND)
  await world.tell(SHOP, ...ids.map(guardEvents.passwordChanged))
}
/** Sends what is due at each second of some time, by hand. */
const sendFor = async (id: string, ms: number): Promise<{ at: number; mail: OutgoingMail }[]> => {
  const sent: { at: number; mail: OutgoingMail }[] = []
  for (let passed = 0; passed < ms; passed += SECOND) {
    for (let claimed = await claimMail(steps, id); claimed !== undefined; claimed = await claimMail(steps, id)) {
      sent.push({ at: world.now(), mail: claimed.mail })
      await noteMail(steps, claimed, { ok: true })
    }
    world.advance(SECOND)
  }
  return sent
}

describe('a campaign for everybody', () => {
  it('is one decision, whoever they are, in force until the last has come back', async () => {
    const campaign = await campaigns.start(ALL, ANN)
    expect(campaign).toMatchObject({
      scope: { kind: 'all' },
      reason: 'passwords may have leaked',
      by: { id: 'op-ann', name: 'Ann' },
      subjects: 7,
      done: 0,
      mails: { queued: 6, sent: 0, failed: 0, noAddress: 1 },
      state: 'running',
    })
    const { decisions } = await world.decisions.active(world.now())
    expect(decisions).toHaveLength(1)
    expect(decisions[0]).toMatchObject({ target: { kind: 'all', value: '*' }, action: 'require_reset', author: ANN, reason: ALL.reason })
    expect(await makeDecisions(steps, campaign.id)).toBe(0)
    await back('u0', 'u1', 'u2', 'u3', 'u4', 'u5')
    expect(await finish(steps, campaign.id)).toBe(false)
    expect(await campaigns.get(campaign.id)).toMatchObject({ done: 6, state: 'running' })
    await back('silent')
    expect(await finish(steps, campaign.id)).toBe(true)
    expect(await campaigns.get(campaign.id)).toMatchObject({ done: 7, state: 'done', endedAt: world.now() })
  })

  it('outlives the thirty days that a decision may live, and no longer than it lasts itself', async () => {
    const campaign = await campaigns.start({ ...ALL, mail: false }, ANN)
    const endOf = async () => (await world.decisions.active(world.now())).decisions[0]?.expiresAt
    for (let day = 0; day < 100; day += 10) {
      world.advance(10 * DAY)
      await keepAlive(steps, campaign.id)
      expect((await endOf()) ?? 0).toBeGreaterThan(world.now() + 10 * DAY)
    }
    await campaigns.cancel(campaign.id, ANN)
    expect(await endOf()).toBeUndefined()
    expect(await keepAlive(steps, campaign.id)).toBe(0)
  })

  it('is there once at a time, and over when somebody takes its decision back by hand', async () => {
    const { id } = await campaigns.start(ALL, ANN)
    await expect(campaigns.start(ALL, ANN)).rejects.toMatchObject({ code: 'PPT_CONFLICT' })
    const { decisions } = await world.decisions.active(world.now())
    await world.decisions.lift(
      decisions.map((each) => each.id),
      ANN,
      'a mistake',
      world.now(),
    )
    await keepAlive(steps, id)
    expect(await campaigns.get(id)).toMatchObject({ state: 'cancelled' })
    expect((await campaigns.start({ ...ALL, mail: false }, ANN)).state).toBe('running')
  })

  it('counts sessions that ended since, of who is not back, and none that began after it', async () => {
    await world.tell(SHOP, guardEvents.started('u0', 'a'), guardEvents.started('u0', 'b'), guardEvents.started('u1', 'c'))
    world.advance(SECOND)
    const { id } = await campaigns.start({ ...ALL, mail: false }, ANN)
    await world.tell(SHOP, guardEvents.ended('u0', 'require_reset'), guardEvents.ended('u0', 'require_reset'))
    expect(await campaigns.get(id)).toMatchObject({ sessionsEnded: 2 })
    await back('u1')
    await world.tell(SHOP, guardEvents.started('u1', 'new'), guardEvents.ended('u1', 'signed_out'))
    expect(await campaigns.get(id)).toMatchObject({ sessionsEnded: 2, done: 1 })
  })

  it('only counts when it is a dry run', async () => {
    await world.tell(SHOP, guardEvents.started('u0', 'a'))
    const before = await campaigns.list()
    expect(await campaigns.start({ ...ALL, dryRun: true }, ANN)).toMatchObject({
      id: '',
      subjects: 7,
      mails: { queued: 6, noAddress: 1 },
      sessionsEnded: 1,
    })
    expect(await campaigns.list()).toEqual(before)
    expect((await world.decisions.active(world.now())).decisions).toEqual([])
  })
})

describe('a campaign for some', () => {
  it('is a decision on each, made in batches, of which a kill between two loses and doubles none', async () => {
    const people = Array.from({ length: 1_203 }, (_, n) => ({ id: `many-${n}`, roles: ['many'] }))
    await world.subjects.take(SHOP, people)
    const { id, subjects } = await campaigns.start({ ...ALL, scope: { kind: 'role', role: 'many' }, mail: false }, ANN)
    expect(subjects).toBe(1_203)
    expect(await makeDecisions(steps, id)).toBe(500)
    const breaking: StepDeps = { ...steps, log: { appendIn: () => Promise.reject(new Error('killed')) } }
    await expect(makeDecisions(breaking, id)).rejects.toThrow('killed')
    // as two servers would
    await Promise.all([makeDecisions(steps, id), makeDecisions(steps, id)])
    while ((await makeDecisions(steps, id)) > 0);
    const { decisions } = await world.decisions.active(world.now())
    expect(decisions.map(({ target }) => target.value).toSorted()).toEqual(people.map((person) => person.id).toSorted())
    expect(new Set(decisions.map(({ batch }) => batch))).toEqual(new Set([id]))
    await campaigns.cancel(id, ANN)
    expect((await world.decisions.active(world.now())).decisions).toEqual([])
  })

  it('lets go of whom somebody released by hand, and ends with the others', async () => {
    const ids = (await world.subjects.list({ role: 'admin' }, null, 10)).items.map((each) => each.id)
    const { id } = await campaigns.start({ ...ALL, scope: { kind: 'users', ids }, mail: false }, ANN)
    await makeDecisions(steps, id)
    await world.subjects.act(ids[0] ?? '', { act: 'clear', reason: 'is on the phone' }, ANN)
    await keepAlive(steps, id)
    expect(await campaigns.get(id)).toMatchObject({ subjects: 2, done: 1, state: 'running' })
    await back('u0', 'u1')
    expect(await finish(steps, id)).toBe(true)
  })

  it('is refused where nobody is meant, where too many are, and where its mails could not go', async () => {
    for (const scope of [
      { kind: 'role', role: 'nobody' },
      { kind: 'users', ids: ['\u0000', 'x'] },
    ] as const)
      await expect(campaigns.start({ ...ALL, scope }, ANN)).rejects.toMatchObject({ code: 'PPT_NOT_FOUND' })
    await expect(campaigns.start({ ...ALL, scope: { kind: 'users', ids: [] } }, ANN)).rejects.toMatchObject({ code: 'PPT_INVALID' })
    await expect(campaigns.start({ ...ALL, perMinute: 0 }, ANN)).rejects.toMatchObject({ code: 'PPT_INVALID' })
    mailable = false
    await expect(campaigns.start(ALL, ANN)).rejects.toMatchObject({ code: 'PPT_INVALID' })
    await expect(campaigns.cancel('nothing', ANN)).rejects.toMatchObject({ code: 'PPT_NOT_FOUND' })
    expect((await campaigns.list()).filter(({ state }) => state === 'running')).toEqual([])
  })
})

describe('its mails', () => {
  it('go to each once, at their pace, with the application’s own page and no token', async () => {
    const { id } = await campaigns.start({ ...ALL, perMinute: 30 }, ANN)
    const sent = await sendFor(id, 20 * SECOND)
    expect(sent.map(({ mail }) => mail.to).toSorted()).toEqual(Array.from({ length: 6 }, (_, n) => `u${n}@example.org`))
    const gaps = sent.slice(1).map(({ at }, index) => at - (sent[index]?.at ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1_000)
    expect((sent.at(-1)?.at ?? 0) - (sent[0]?.at ?? 0)).toBeGreaterThanOrEqual(9_000)
    const { mail } = sent[0] ?? {}
    expect(mail?.links).toEqual([{ label: 'Set a new password', url: 'https://shop.example/reset' }])
    expect(mail?.id).toMatch(/^[A-Za-z0-9-]+$/)
    expect(`${mail?.subject} ${mail?.text}`).not.toMatch(/token|https?:/)
    expect(await campaigns.get(id)).toMatchObject({ mails: { queued: 0, sent: 6, failed: 0, noAddress: 1 } })
    expect(await sendFor(id, 300 * SECOND)).toEqual([])
  })

  it('are sent by several servers as by one', async () => {
    const { id } = await campaigns.start({ ...ALL, perMinute: 6_000 }, ANN)
    world.advance(10 * SECOND)
    const claims = (await Promise.all(Array.from({ length: 12 }, () => claimMail(steps, id)))).filter((claim) => claim !== undefined)
    expect(new Set(claims.map(({ mail }) => mail.to)).size).toBe(claims.length)
    expect(claims.length).toBeGreaterThan(0)
  })

  it('of which a kill left one in doubt go out again under the same id, and only that one', async () => {
    const { id } = await campaigns.start(ALL, ANN)
    const lost = await claimMail(steps, id)
    world.advance(SECOND)
    const others = await sendFor(id, IN_DOUBT_MS - 2 * SECOND)
    expect(others).toHaveLength(5)
    const again = await sendFor(id, 10 * SECOND)
    expect(again.map(({ mail }) => mail)).toEqual([lost?.mail])
    expect(await sendFor(id, IN_DOUBT_MS * 2)).toEqual([])
    // who was killed comes back late: what he notes changes nothing
    await noteMail(steps, lost ?? { campaign: '', subject: '', attempt: 0 }, { ok: false, retry: false })
    expect((await campaigns.get(id)).mails).toEqual({ queued: 0, sent: 6, failed: 0, noAddress: 1 })
  })

  it('are tried again later where that may help, and given up where it does not', async () => {
    const { id } = await campaigns.start({ ...ALL, scope: { kind: 'role', role: 'admin' } }, ANN)
    const tries = new Map<string, number[]>()
    for (let passed = 0; passed < 40 * MINUTE; passed += 30 * SECOND) {
      for (let claimed = await claimMail(steps, id); claimed !== undefined; claimed = await claimMail(steps, id)) {
        tries.set(claimed.mail.to, [...(tries.get(claimed.mail.to) ?? []), passed / MINUTE])
        await noteMail(steps, claimed, { ok: false, retry: claimed.mail.to.startsWith('u0') })
      }
      world.advance(30 * SECOND)
    }
    expect(tries.get('u1@example.org')).toHaveLength(1)
    expect(tries.get('u0@example.org')?.map(Math.floor)).toEqual([0, 1, 3, 7, 15])
    expect((await campaigns.get(id)).mails).toMatchObject({ queued: 0, sent: 0, failed: 2 })
  })

  it('do not go to who has come back already, nor after the campaign was cancelled', async () => {
    const { id } = await campaigns.start(ALL, ANN)
    await back('u0', 'u1')
    const first = await claimMail(steps, id)
    expect(first?.mail.to).not.toMatch(/u[01]@/)
    await campaigns.cancel(id, ANN)
    expect(await sendFor(id, MINUTE)).toEqual([])
    expect((await campaigns.get(id)).mails.queued).toBe(1)
  })
})

describe('the worker', () => {
  it('carries a campaign from its decisions to its end, over a mailer that throws, and stops when told', async () => {
    const sent: string[] = []
    let failures = 1
    const { database, vault } = world
    // real time passes in it: a pace that is not to be waited for
    const worker = runCampaigns({
      ...steps,
      warn: silentLog.warn,
      send: async (mail) => {
        if (failures-- > 0) throw new Error('the mail server went away')
        sent.push(mail.to)
        return { ok: true }
      },
    })
    const own = createResetCampaigns({ database, vault, clock: world.now, canMail: () => true, wake: worker.wake })
    const { id } = await own.start({ ...ALL, scope: { kind: 'role', role: 'admin' } }, ANN)
    const state = () => own.get(id)
    await vi.waitFor(
      async () => {
        world.advance(MINUTE)
        worker.wake()
        expect((await state()).mails.sent).toBe(2)
      },
      { timeout: 10_000, interval: 20 },
    )
    expect(sent.toSorted()).toEqual(['u0@example.org', 'u1@example.org'])
    expect((await world.decisions.active(world.now())).decisions).toHaveLength(2)
    await back('u0', 'u1')
    worker.wake()
    await vi.waitFor(async () => expect(await state()).toMatchObject({ state: 'done', done: 2 }), { timeout: 10_000 })
    worker.wake()
    await vi.waitFor(async () => expect((await world.decisions.active(world.now())).decisions).toEqual([]), { timeout: 10_000 })
    await worker.stop()
    await own.close()
  })
})
