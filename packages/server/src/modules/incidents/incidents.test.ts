import { type AlertView, DAY, HOUR, type IncidentDetail, LEVELS, MINUTE } from '@parapet/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { dumpTables } from '../../db/fixtures/dump.js'
import { transaction } from '../../db/pools.js'
import { createTestDatabase, type TestDatabase } from '../../db/test-database.js'
import { testVault } from '../../vault/fixtures/test-vault.js'
import type { NewNotification } from '../notifications/index.js'
import { createIncidents, type IncidentOpening, type Incidents } from './index.js'
import { MOST_LINKS } from './links.js'

let now = Date.UTC(2026, 10, 22, 9)
let database: TestDatabase
let incidents: Incidents
let told: NewNotification[] = []
const vault = testVault()
const ANN = { id: 'op-1', name: 'Ann' }

const opening = (over: Partial<IncidentOpening> = {}): IncidentOpening => ({
  title: 'Attempt at a data breach: mallory@example.org',
  severity: 'critical',
  subjects: ['mallory@example.org'],
  addresses: ['203.0.113.7'],
  alertIds: ['a1'],
  decisionIds: ['d1'],
  by: null,
  at: now,
  ...over,
})
const open = (over: Partial<IncidentOpening> = {}): Promise<string> =>
  transaction(database.pool, (client) => incidents.openIn(client, opening(over)))
const lines = ({ timeline }: IncidentDetail): string[] => timeline.map(({ kind, text, by }) => `${by?.name ?? '-'} ${kind}: ${text}`)
const list = async (filter: Partial<Parameters<Incidents['list']>[0]> = {}) => (await incidents.list({ limit: 50, ...filter })).items

beforeEach(async () => {
  now = Date.UTC(2026, 10, 22, 9)
  told = []
  database = await createTestDatabase()
  await database
    .owner()
    .query(
      `INSERT INTO operators (id, name, name_key, role, password_hash, created_at, form) VALUES ('op-1', 'Ann', 'ann', 'admin', 'x', 0, 1)`,
    )
  incidents = createIncidents({
    pool: database.pool,
    clock: () => now,
    vault,
    alerts: {
      byIds: async (ids) => ids.filter((id) => id.startsWith('a')).map((id) => ({ id, rule: { title: `Rule of ${id}` } }) as AlertView),
    },
    notifications: {
      enqueueIn: async (_, notification) => {
        told.push(notification)
        return String(told.length)
      },
    },
  })
})
afterEach(() => database.close())

describe('an incident that an answer to an alert opens', () => {
  it('holds who and what it is about, and begins its timeline', async () => {
    const id = await open({ lockdownOffered: true })
    const detail = await incidents.get(id)
    expect(detail.incident).toEqual({
      id,
      number: 1,
      title: 'Attempt at a data breach: mallory@example.org',
      severity: 'critical',
      status: 'open',
      openedAt: now,
      openedBy: { id: 'parapet', name: 'Parapet' },
      updatedAt: now,
      closedAt: null,
      assignee: null,
      subjects: ['mallory@example.org'],
      addresses: ['203.0.113.7'],
      alerts: 1,
      decisions: 1,
    })
    expect(detail.lockdownOffered).toBe(true)
    expect(detail.timeline.map(({ kind, ref }) => [kind, ref])).toEqual([
      ['opened', null],
      ['alert', 'a1'],
      ['decision', 'd1'],
    ])
    expect(detail.alerts.map((alert) => alert.id)).toEqual(['a1'])
  })

  it('is the same one when the alert comes again, and nothing of it is doubled', async () => {
    const id = await open()
    const before = await incidents.get(id)
    now += MINUTE
    expect(await open()).toBe(id)
    expect(await incidents.get(id)).toEqual(before)
    await incidents.act(id, { act: 'status', status: 'closed' }, ANN)
    // a late update of an alert must not open what somebody has closed a second time
    expect(await open()).toBe(id)
  })

  it('takes up a new alert on the same user or the same address while it is open', async () => {
    const id = await open()
    now += HOUR
    expect(await open({ alertIds: ['a2'], decisionIds: ['d2'], addresses: ['198.51.100.1'], severity: 'high' })).toBe(id)
    expect(await open({ alertIds: ['a3'], decisionIds: [], subjects: [], addresses: ['198.51.100.1'] })).toBe(id)
    const { incident, timeline } = await incidents.get(id)
    expect(incident).toMatchObject({
      alerts: 3,
      decisions: 2,
      severity: 'critical',
      updatedAt: now,
      addresses: ['203.0.113.7', '198.51.100.1'],
    })
    expect(timeline).toHaveLength(6)
  })

  it.each<[string, Partial<IncidentOpening>, () => Promise<unknown>]>([
    ['is about somebody else', { subjects: ['bob'], addresses: ['198.51.100.1'] }, async () => undefined],
    ['comes more than a day later', {}, async () => void (now += DAY + 1)],
    ['comes after it was resolved', {}, () => incidents.act('1', { act: 'status', status: 'resolved' }, ANN)],
  ])('is a new one when the alert %s', async (_, over, before) => {
    const first = await open()
    await before()
    const second = await open({ alertIds: ['a2'], at: now, ...over })
    expect(second).not.toBe(first)
    expect((await list()).map(({ number }) => number)).toEqual([2, 1])
  })

  it('finds the same address however it is written, and the same user in other case', async () => {
    const id = await open({ addresses: ['2001:DB8::1'] })
    expect(await open({ alertIds: ['a2'], subjects: [], addresses: ['2001:db8:0::1'] })).toBe(id)
    expect(await open({ alertIds: ['a3'], subjects: ['MALLORY@example.org'], addresses: [] })).toBe(id)
    expect((await incidents.get(id)).incident.subjects).toEqual(['mallory@example.org'])
  })

  it('is one when two alerts on one user come at the same moment', async () => {
    const ids = await Promise.all(['a1', 'a2', 'a3', 'a4'].map((id) => open({ alertIds: [id], decisionIds: [] })))
    expect(new Set(ids).size).toBe(1)
    expect((await incidents.get(ids[0] ?? '')).incident.alerts).toBe(4)
  })

  it('leaves nothing behind when the transaction of its alert fails', async () => {
    await expect(
      transaction(database.pool, async (client) => {
        await incidents.openIn(client, opening())
        throw new Error('killed')
      }),
    ).rejects.toThrow('killed')
    expect(await list()).toEqual([])
  })

  it('does not bury people: after ten within an hour what comes joins the newest', async () => {
    const ids: string[] = []
    for (let i = 0; i < 14; i++) {
      now += MINUTE
      ids.push(await open({ alertIds: [`a${i}`], decisionIds: [], subjects: [`user-${i}`], addresses: [`198.51.100.${i}`] }))
    }
    expect(new Set(ids).size).toBe(10)
    expect(ids.slice(9)).toEqual(Array.from({ length: 5 }, () => ids[9]))
    now += 2 * HOUR
    expect(ids).not.toContain(await open({ alertIds: ['a99'], subjects: ['user-99'], addresses: [] }))
  })

  it('stays a page that opens when thousands of alerts join', async () => {
    const id = await open()
    const many = Array.from({ length: MOST_LINKS + 200 }, (_, i) => `a-${i}`)
    await open({ alertIds: many, decisionIds: many })
    const detail = await incidents.get(id)
    expect(detail.incident).toMatchObject({ alerts: MOST_LINKS, decisions: MOST_LINKS })
    expect(detail.alerts).toHaveLength(100)
    expect(detail.timeline).toHaveLength(500)
  })
})

describe('what people do', () => {
  it('opens one by hand, and tells', async () => {
    const { incident, timeline } = await incidents.open(
      { title: 'Somebody exports customers', severity: 'high', alertIds: ['a1'], subjects: ['ann'], addresses: ['203.0.113.9'] },
      ANN,
    )
    expect(incident).toMatchObject({ number: 1, openedBy: ANN, subjects: ['ann'], addresses: ['203.0.113.9'], alerts: 1 })
    expect(timeline.map(({ kind }) => kind)).toEqual(['opened', 'alert', 'linked', 'linked'])
    expect(told).toMatchObject([
      { kind: 'incident', level: 'high', title: 'INC-1: Somebody exports customers', href: `/incidents/${incident.id}` },
    ])
    await expect(incidents.open({ title: 'x', severity: 'low', alertIds: ['nothing'] }, ANN)).rejects.toMatchObject({
      code: 'PPT_NOT_FOUND',
    })
    expect(await list()).toHaveLength(1)
  })

  it('stands in the timeline in order: notes, status, severity, assignee', async () => {
    const id = await open()
    for (const act of [
      { act: 'assign', operatorId: ANN.id },
      { act: 'note', text: 'It was not him.\nHe is on a plane.' },
      { act: 'severity', severity: 'medium' },
      { act: 'status', status: 'contained', text: 'Suspended.' },
      { act: 'status', status: 'closed' },
    ] as const) {
      now += MINUTE
      await incidents.act(id, act, ANN)
    }
    const detail = await incidents.get(id)
    expect(lines(detail).slice(3)).toEqual([
      'Ann assigned: Assigned to Ann.',
      'Ann note: It was not him.\nHe is on a plane.',
      'Ann severity: From critical to medium.',
      'Ann status: From open to contained. Suspended.',
      'Ann status: From contained to closed.',
    ])
    expect(detail.incident).toMatchObject({ status: 'closed', closedAt: now, updatedAt: now, assignee: ANN, severity: 'medium' })
    expect(told.map(({ text }) => text)).toHaveLength(3)
    const { incident } = await incidents.act(id, { act: 'status', status: 'open' }, ANN)
    expect(incident).toMatchObject({ status: 'open', closedAt: null })
  })

  it('offers the lockdown only while it is open', async () => {
    const id = await open({ lockdownOffered: true })
    expect((await incidents.act(id, { act: 'status', status: 'contained' }, ANN)).lockdownOffered).toBe(true)
    expect((await incidents.act(id, { act: 'status', status: 'resolved' }, ANN)).lockdownOffered).toBe(false)
  })

  it('links what belongs to it, each thing once', async () => {
    const id = await open()
    await incidents.act(id, { act: 'link', subject: 'bob', address: '198.51.100.7', alertId: 'a9' }, ANN)
    const { incident, timeline } = await incidents.act(id, { act: 'link', subject: 'bob' }, ANN)
    expect(incident).toMatchObject({ subjects: ['mallory@example.org', 'bob'], addresses: ['203.0.113.7', '198.51.100.7'], alerts: 2 })
    expect(timeline.flatMap(({ by, text }) => (by === null ? [] : [text]))).toEqual([
      'The alert "Rule of a9" was added.',
      'The subject bob was added.',
      'The address 198.51.100.7 was added.',
    ])
  })

  it.each<[string, string, Parameters<Incidents['act']>[1]]>([
    ['PPT_NOT_FOUND', 'nothing', { act: 'note', text: 'x' }],
    ['PPT_NOT_FOUND', '99', { act: 'note', text: 'x' }],
    ['PPT_INVALID', '1', { act: 'assign', operatorId: 'nobody' }],
    ['PPT_INVALID', '1', { act: 'link' }],
    ['PPT_NOT_FOUND', '1', { act: 'link', alertId: 'nothing' }],
  ])('is refused with %s: %s %j', async (code, id, act) => {
    const before = await incidents.get(await open())
    await expect(incidents.act(id, act, ANN)).rejects.toMatchObject({ code })
    expect(await incidents.get('1')).toEqual(before)
  })
})

describe('the timeline', () => {
  it('takes up what others tell, notifications and decisions once', async () => {
    const id = await open()
    const entry = { by: null, at: now, text: 'Told.', ref: 'n1' } as const
    await transaction(database.pool, async (client) => {
      await incidents.appendIn(client, id, { ...entry, kind: 'notification' })
      await incidents.appendIn(client, id, { ...entry, kind: 'notification' })
      await incidents.appendIn(client, id, { ...entry, kind: 'lockdown', text: 'Began.' })
      await incidents.appendIn(client, id, { ...entry, kind: 'lockdown', text: 'Ended.' })
      await incidents.appendIn(client, 'nothing', { ...entry, kind: 'note' })
      await incidents.appendIn(client, id, { ...entry, kind: 'decision', text: 'Lifted.', ref: 'd1', once: 'd1:lifted' })
      await incidents.appendIn(client, id, { ...entry, kind: 'decision', text: 'Lifted.', ref: 'd1', once: 'd1:lifted' })
    })
    expect(lines(await incidents.get(id)).slice(3)).toEqual([
      '- notification: Told.',
      '- lockdown: Began.',
      '- lockdown: Ended.',
      '- decision: Lifted.',
    ])
  })

  it('cannot be changed or deleted by the server', async () => {
    await open()
    for (const text of [
      'DELETE FROM incident_entries',
      `UPDATE incident_entries SET kind = 'note'`,
      'DELETE FROM incidents',
      'DELETE FROM incident_links',
    ])
      await expect(database.pool.query(text)).rejects.toThrow(/permission denied/)
  })
})

describe('lists', () => {
  it('filter by status, by severity or worse, and by assignee, page by page', async () => {
    for (const [i, severity] of LEVELS.entries()) await incidents.open({ title: `t${i}`, severity }, ANN)
    await incidents.act('2', { act: 'status', status: 'closed' }, ANN)
    await incidents.act('3', { act: 'assign', operatorId: ANN.id }, ANN)
    expect((await list()).map(({ title }) => title)).toEqual(['t4', 't3', 't2', 't1', 't0'])
    expect((await list({ statuses: ['closed', 'resolved'] })).map(({ title }) => title)).toEqual(['t1'])
    expect((await list({ severity: 'high' })).map(({ title }) => title)).toEqual(['t4', 't3'])
    expect((await list({ assignee: ANN.id })).map(({ title }) => title)).toEqual(['t2'])
    const first = await incidents.list({ limit: 2 })
    expect(first.next).toBe('4')
    expect((await list({ limit: 2, cursor: first.next ?? '' })).map(({ title }) => title)).toEqual(['t2', 't1'])
    await expect(list({ cursor: 'x' })).rejects.toMatchObject({ code: 'PPT_INVALID' })
  })

  it('find what an alert, a decision, a user or an address is part of', async () => {
    const id = await open()
    const found = [{ id, title: 'Attempt at a data breach: mallory@example.org' }]
    expect(await incidents.linkedTo({ alertIds: ['a1'] })).toEqual(found)
    expect(await incidents.linkedTo({ decisionIds: ['d0', 'd1'] })).toEqual(found)
    expect(await incidents.linkedTo({ subject: 'Mallory@example.org' })).toEqual(found)
    expect(await incidents.linkedTo({ address: '::ffff:203.0.113.7' })).toEqual(found)
    expect(await incidents.linkedTo({ subject: 'a1' })).toEqual([])
    expect(await incidents.linkedTo({})).toEqual([])
  })
})

describe('what is stored', () => {
  it('names nobody in clear: titles, users and words are sealed', async () => {
    const id = await open()
    await incidents.act(id, { act: 'note', text: 'mallory@example.org called' }, ANN)
    const dump = await dumpTables(database)
    expect(dump).toContain('203.0.113.7')
    expect(dump).not.toMatch(/mallory|called|breach/i)
  })
})
