import type { TriageAct, TriageGroup } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { actsBack, belongsToTriageTab, bundleActs, keepPlaces, readTriage, snoozeChoices, triagePath, triageQuery } from './triage.js'

const NOW = Date.UTC(2026, 10, 21, 20)
const DAY = 86_400_000
const group = (key: string, change: Partial<TriageGroup> = {}): TriageGroup => ({
  key,
  rule: { id: 'r', title: 'R', level: 'high', tags: [], version: '1' },
  scope: { kind: 'ip', value: '203.0.113.7' },
  why: 'why',
  level: 'high',
  alerts: 1,
  events: 12,
  first: NOW - 1,
  last: NOW,
  targets: [],
  sources: [],
  status: 'open',
  verdict: null,
  assignee: null,
  snoozedUntil: null,
  decisions: 0,
  demo: false,
  ...change,
})

/** What the control plane does with an act, as far as a way back needs it. */
const after = (before: TriageGroup, act: TriageAct): TriageGroup => {
  switch (act.act) {
    case 'acknowledge':
      return { ...before, status: 'acknowledged', verdict: null, snoozedUntil: null }
    case 'reopen':
      return { ...before, status: 'open', verdict: null, snoozedUntil: null }
    case 'snooze':
      return { ...before, status: 'snoozed', verdict: null, snoozedUntil: act.until }
    case 'close':
      return { ...before, status: 'closed', verdict: act.verdict, snoozedUntil: null }
    case 'assign':
      return { ...before, assignee: act.operatorId === null ? null : { id: act.operatorId, name: act.operatorId } }
    case 'note':
    default:
      return before
  }
}

const standing: fc.Arbitrary<TriageGroup> = fc
  .record({
    status: fc.constantFrom('open', 'acknowledged', 'snoozed', 'closed'),
    verdict: fc.constantFrom('true_positive', 'false_positive', 'benign'),
    assignee: fc.constantFrom(null, 'ada', 'grace'),
    until: fc.integer({ min: 1, max: 30 }),
  })
  .map(({ status, verdict, assignee, until }) =>
    group('k', {
      status,
      verdict: status === 'closed' ? verdict : null,
      snoozedUntil: status === 'snoozed' ? NOW + until * DAY : null,
      assignee: assignee === null ? null : { id: assignee, name: assignee },
    }),
  )
const act: fc.Arbitrary<TriageAct> = fc.oneof(
  fc.constantFrom<TriageAct>({ act: 'acknowledge' }, { act: 'reopen' }, { act: 'note', text: 'x' }),
  fc.constantFrom('true_positive', 'false_positive', 'benign').map((verdict): TriageAct => ({ act: 'close', verdict })),
  fc.integer({ min: 1, max: 30 }).map((days): TriageAct => ({ act: 'snooze', until: NOW + days * DAY })),
  fc.constantFrom(null, 'ada', 'grace').map((operatorId): TriageAct => ({ act: 'assign', operatorId })),
)

describe('the filters of Triage', () => {
  it('live in the URL in their shortest form', () => {
    expect(triagePath(readTriage(''))).toBe('/triage')
    expect(triagePath(readTriage('status=closed&level=high&rule=a%2Fb&mine=1'))).toBe('/triage?status=closed&level=high&rule=a%2Fb&mine=1')
    expect(readTriage(triagePath({ tab: 'all', level: 'low', rule: 'x y', mine: true }).split('?')[1] ?? '')).toEqual({
      tab: 'all',
      level: 'low',
      rule: 'x y',
      mine: true,
    })
  })

  it('are as if not there when they are not known', () => {
    expect(readTriage('status=constructor&level=__proto__&mine=yes')).toEqual({
      tab: 'waiting',
      level: undefined,
      rule: undefined,
      mine: false,
    })
  })

  it('ask the server for what waits as two states, for all as none', () => {
    expect(triageQuery(readTriage(''), null, 50)).toBe('limit=50&status=open&status=acknowledged')
    expect(triageQuery(readTriage('status=all&mine=1'), 'c', 50)).toBe('limit=50&assignee=me&cursor=c')
    expect(triageQuery(readTriage('status=snoozed&level=high&rule=r'), null, 9)).toBe('limit=9&status=snoozed&level=high&rule=r')
  })

  it('hold a group under the tabs where it belongs', () => {
    const tabs = ['waiting', 'open', 'acknowledged', 'snoozed', 'closed', 'all'] as const
    const under = (status: TriageGroup['status']): string[] => tabs.filter((tab) => belongsToTriageTab(group('k', { status }), tab))
    expect(under('open')).toEqual(['waiting', 'open', 'all'])
    expect(under('acknowledged')).toEqual(['waiting', 'acknowledged', 'all'])
    expect(under('snoozed')).toEqual(['snoozed', 'all'])
    expect(under('closed')).toEqual(['closed', 'all'])
  })
})

describe('keepPlaces', () => {
  it('puts what is new on top and moves nothing under the hand of who works', () => {
    const before = [group('a'), group('b'), group('c')]
    const fresh = [group('c', { alerts: 9 }), group('new'), group('a'), group('b')]
    expect(keepPlaces(before, fresh).map(({ key }) => key)).toEqual(['new', 'a', 'b', 'c'])
    expect(keepPlaces(before, fresh)[3]?.alerts).toBe(9)
  })

  it('leaves older ones, read on request, at the end', () => {
    const fresh = [group('new'), group('b'), group('a'), group('old'), group('oldest')]
    expect(keepPlaces([group('a'), group('b')], fresh).map(({ key }) => key)).toEqual(['new', 'a', 'b', 'old', 'oldest'])
    expect(keepPlaces([], fresh)).toEqual(fresh)
  })

  it('neither loses nor doubles a group', () => {
    const keys = fc.uniqueArray(fc.integer({ min: 0, max: 30 }).map(String), { maxLength: 20 })
    fc.assert(
      fc.property(keys, keys, (before, now) => {
        const kept = keepPlaces(
          before.map((key) => group(key)),
          now.map((key) => group(key)),
        ).map(({ key }) => key)
        expect(kept.toSorted()).toEqual(now.toSorted())
        // those known before stand among themselves as they stood
        expect(kept.filter((key) => before.includes(key))).toEqual(before.filter((key) => now.includes(key)))
      }),
    )
  })
})

describe('the way back', () => {
  it('leads from any state after any act to the state before', () => {
    fc.assert(
      fc.property(standing, act, (before, asked) => {
        const changed = after(before, asked)
        const back = actsBack(before, changed, NOW)
        expect(back.reduce(after, changed)).toEqual(before)
      }),
    )
  })

  it('is empty when nothing changed, as after a note', () => {
    const acknowledged = group('k', { status: 'acknowledged' })
    expect(actsBack(acknowledged, after(acknowledged, { act: 'note', text: 'x' }), NOW)).toEqual([])
  })

  it('opens what was snoozed until a time that has passed meanwhile', () => {
    const before = group('k', { status: 'snoozed', snoozedUntil: NOW - 1 })
    expect(actsBack(before, after(before, { act: 'close', verdict: 'benign' }), NOW)).toEqual([{ act: 'reopen' }])
  })

  it('is sent in as few requests as there are kinds of acts, in an order that holds', () => {
    const list = [
      { key: 'a', acts: [{ act: 'reopen' }, { act: 'acknowledge' }] },
      { key: 'b', acts: [{ act: 'reopen' }] },
      { key: 'c', acts: [{ act: 'close', verdict: 'benign' }] },
      { key: 'd', acts: [] },
    ] as const
    expect(bundleActs(list)).toEqual([
      { keys: ['a', 'b'], act: { act: 'reopen' } },
      { keys: ['c'], act: { act: 'close', verdict: 'benign' } },
      { keys: ['a'], act: { act: 'acknowledge' } },
    ])
  })
})

describe('snoozeChoices', () => {
  it('ends ahead of now, within the thirty days that the server takes', () => {
    fc.assert(
      fc.property(fc.integer({ min: NOW, max: NOW + 400 * DAY }), (now) => {
        for (const { until } of snoozeChoices(now)) {
          expect(until).toBeGreaterThan(now)
          expect(until).toBeLessThan(now + 30 * DAY)
        }
      }),
    )
  })

  it('knows the next morning', () => {
    const morning = new Date(snoozeChoices(NOW).find(({ name }) => name.startsWith('Tomorrow'))?.until ?? 0)
    expect([morning.getHours(), morning.getMinutes()]).toEqual([9, 0])
  })
})
