import type { AlertView, Decision, Level } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { isInForce } from './decisions.js'
import { type OverviewDeps, overviewOf } from './overview.js'

const HOUR = 3_600_000
const NOW = 500_000 * HOUR + 1_800_000

const decision = (change: Partial<Decision> = {}): Decision => ({
  id: 'd',
  revision: 1,
  target: { kind: 'ip', value: '203.0.113.7' },
  action: 'deny',
  scope: 'all',
  mode: 'enforce',
  reason: 'r',
  author: { kind: 'policy', id: 'p' },
  batch: 'b',
  startsAt: NOW - 1_000,
  expiresAt: NOW + 1_000,
  ...change,
})
const alert = (id: string, level: Level, change: Partial<AlertView> = {}): AlertView => ({
  id,
  rule: { id: 'r', title: `Rule ${id}`, level, tags: [], version: '1' },
  group: {},
  scope: { kind: 'ip', value: '203.0.113.7' },
  first: NOW,
  last: NOW,
  count: 1,
  targets: [],
  events: [],
  why: 'because',
  detectedAt: NOW - 3 * HOUR,
  updatedAt: NOW - 3 * HOUR,
  sources: [],
  decisionIds: [],
  demo: false,
  ...change,
})

/** Answers of the stores as they would be; what is tested is what is made of them. */
const deps = (state: {
  alerts?: AlertView[]
  decisions?: Decision[]
  events?: { at: number; events: number }[]
  sources?: { id: string; lastEventAt?: number; demo?: boolean }[]
  tripped?: number
}): OverviewDeps => ({
  clock: () => NOW,
  events: {
    countsByHour: async () => state.events ?? [],
    lastEventPerSource: async () =>
      (state.sources ?? []).flatMap(({ id, lastEventAt }) => (lastEventAt === undefined ? [] : [{ id, name: id, lastEventAt, events: 1 }])),
  },
  alerts: {
    list: async () => ({ items: state.alerts ?? [], next: null }),
    countsByHour: async () => [],
    countsByLevel: async () => ({ informational: 0, low: 0, medium: 0, high: 0, critical: 0 }),
  },
  decisions: {
    countInForce: async () => ({
      decisions: state.decisions?.length ?? 0,
      blocked: { addresses: state.decisions?.length ?? 0, others: 0 },
      lockdown: false,
    }),
    countSince: async () => state.decisions?.length ?? 0,
  },
  sources: {
    list: async () =>
      (state.sources ?? [{ id: 'shop', lastEventAt: NOW }]).map(({ id, demo }) => ({
        id,
        name: id,
        kind: 'application',
        demo: demo ?? false,
        createdAt: 0,
        silentAfterMs: HOUR,
      })),
  },
  budgetTrippedAt: () => state.tripped ?? null,
})
const needs = async (state: Parameters<typeof deps>[0]) => (await overviewOf(deps(state))).needsYou.map(({ kind, id }) => `${kind}:${id}`)

describe('what needs somebody', () => {
  it('is a bad alert about which nothing was done', async () => {
    const live = { sources: [{ id: 'shop', lastEventAt: NOW }] }
    expect(
      await needs({ ...live, alerts: [alert('a', 'high'), alert('b', 'critical', { decisionIds: ['d'] }), alert('c', 'medium')] }),
    ).toEqual(['alert:a'])
  })

  it('is a source that went silent, but not one of the demo and not one that never spoke', async () => {
    expect(
      await needs({
        sources: [
          { id: 'live', lastEventAt: NOW },
          { id: 'silent', lastEventAt: NOW - HOUR - 1 },
          { id: 'demo', lastEventAt: 1, demo: true },
          { id: 'new' },
        ],
      }),
    ).toEqual(['source:silent'])
  })

  it('is the first source, when there is none', async () => {
    expect(await needs({ sources: [] })).toEqual(['setup:first-source'])
  })

  it('is a budget that was spent within the day', async () => {
    const live = { sources: [{ id: 'shop', lastEventAt: NOW }] }
    expect(await needs({ ...live, tripped: NOW - HOUR })).toEqual(['budget:budget'])
    expect(await needs({ ...live, tripped: NOW - 25 * HOUR })).toEqual([])
  })
})

describe('the last day', () => {
  it('is 24 hours in order, those without anything too, ending with the one that runs', async () => {
    const current = Math.floor(NOW / HOUR) * HOUR
    const { last24h } = await overviewOf(
      deps({
        events: [
          { at: current, events: 5 },
          { at: current - 23 * HOUR, events: 7 },
        ],
      }),
    )
    expect(last24h.hours).toHaveLength(24)
    expect(last24h.hours[0]).toEqual({ at: current - 23 * HOUR, events: 7, alerts: 0 })
    expect(last24h.hours.at(-1)).toEqual({ at: current, events: 5, alerts: 0 })
    expect(last24h.events).toBe(12)
  })
})

describe('what is blocked', () => {
  it('is not what was lifted, has ended or has not begun, or is only observed', () => {
    const lifted = decision({ lifted: { at: NOW, by: { kind: 'cli', id: 'x' }, reason: 'r' } })
    const over = decision({ expiresAt: NOW })
    const states = [decision(), lifted, decision({ startsAt: NOW + 1 }), over, decision({ mode: 'observe' })]
    expect(states.map((each) => isInForce(each, NOW))).toEqual([true, false, false, false, false])
  })

  it('stands in the sentence and in the count', async () => {
    const overview = await overviewOf(deps({ decisions: [decision()], alerts: [alert('a', 'high', { updatedAt: NOW })] }))
    expect(overview.activeDecisions).toBe(1)
    expect(overview.status.sentence).toContain('1 address blocked')
  })
})
