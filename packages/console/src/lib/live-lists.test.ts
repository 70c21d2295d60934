import type { AlertView } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeAlert, makeDecision, makeOverview } from '../test/fixtures.js'
import type { Pages } from './live-lists.js'
import {
  belongsToTab,
  linkDecisions,
  linkPages,
  LIVE_ROWS,
  outcomeOf,
  patchActive,
  patchAlerts,
  patchDecisions,
  patchOverview,
} from './live-lists.js'

const NOW = Date.UTC(2026, 10, 21, 20)
const all = { level: undefined, text: '', range: 'all' } as const
const listOf = <T>(...pages: readonly (readonly T[])[]) => ({
  pages: pages.map((items, index) => ({ items, next: index === pages.length - 1 ? null : 'n' })),
  pageParams: [null],
})
const ids = (list: { readonly pages: readonly { readonly items: readonly { readonly id: string }[] }[] }): string[] =>
  list.pages.flatMap((page) => page.items.map((item) => item.id))

describe('patchAlerts', () => {
  const list = listOf([makeAlert(1, NOW), makeAlert(2, NOW)], [makeAlert(3, NOW)])

  it('puts new alerts on top, the newest first', () => {
    expect(ids(patchAlerts(list, [makeAlert(8, NOW), makeAlert(9, NOW)], all, NOW))).toEqual([
      'alert-0009',
      'alert-0008',
      'alert-0001',
      'alert-0002',
      'alert-0003',
    ])
  })

  it('updates an alert where it stands, so that rows do not jump under the reader', () => {
    const patched = patchAlerts(list, [makeAlert(3, NOW, { count: 999 })], all, NOW)
    expect(ids(patched)).toEqual(ids(list))
    expect(patched.pages[1]?.items[0]?.count).toBe(999)
  })

  it('keeps out what does not match, and drops what no longer does', () => {
    expect(ids(patchAlerts(list, [makeAlert(5, NOW)], { ...all, level: 'high' }, NOW))).not.toContain('alert-0005')
    expect(ids(patchAlerts(list, [makeAlert(2, NOW, { detectedAt: 0 })], { ...all, range: '1h' }, NOW))).not.toContain('alert-0002')
  })

  it('stays bounded in a flood', () => {
    const flood = Array.from({ length: 3_000 }, (_, index) => makeAlert(index + 100, NOW))
    expect(patchAlerts(list, flood, all, NOW).pages[0]?.items).toHaveLength(LIVE_ROWS)
  })

  it('never shows an alert twice', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 30 }), (numbers) => {
        let current: Pages<AlertView> = list
        for (const number of numbers) current = patchAlerts(current, [makeAlert(number, NOW)], all, NOW)
        expect(new Set(ids(current)).size).toBe(ids(current).length)
      }),
    )
  })

  it('does nothing to a list that has not loaded', () => {
    expect(patchAlerts({ pages: [], pageParams: [] }, [makeAlert(0, NOW)], all, NOW).pages).toEqual([])
  })
})

describe('the tabs of decisions', () => {
  const lifted = makeDecision(1, NOW, { lifted: { at: NOW, by: { kind: 'operator', id: 'o' }, reason: 'mistake' } })
  const expired = makeDecision(2, NOW, { expiresAt: NOW })
  const observed = makeDecision(3, NOW, { mode: 'observe' })
  const active = makeDecision(4, NOW)

  it('hold each decision exactly once', () => {
    const tabs = ['active', 'expired', 'lifted', 'observe'] as const
    expect([active, expired, lifted, observed].map((decision) => tabs.filter((tab) => belongsToTab(decision, tab, NOW)))).toEqual([
      ['active'],
      ['expired'],
      ['lifted'],
      ['observe'],
    ])
  })

  it('move a lifted decision from active to lifted at once', () => {
    const undone = makeDecision(4, NOW, { lifted: { at: NOW, by: { kind: 'operator', id: 'o' }, reason: 'mistake' } })
    expect(ids(patchDecisions(listOf([active]), [undone], 'active', NOW))).toEqual([])
    expect(ids(patchDecisions(listOf([lifted]), [undone], 'lifted', NOW))).toEqual(['decision-4', 'decision-1'])
  })

  it('never show as enforced what is only observed', () => {
    expect(ids(patchDecisions(listOf([active]), [observed], 'active', NOW))).toEqual(['decision-4'])
  })
})

describe('patchActive', () => {
  it('adds, replaces and removes', () => {
    const one = patchActive(new Map(), [makeDecision(1, NOW), makeDecision(2, NOW)], NOW)
    expect([...one.keys()]).toEqual(['decision-1', 'decision-2'])
    const two = patchActive(
      one,
      [makeDecision(1, NOW, { revision: 500, lifted: { at: NOW, by: { kind: 'cli', id: 'x' }, reason: '' } })],
      NOW,
    )
    expect([...two.keys()]).toEqual(['decision-2'])
    expect([...one.keys()]).toHaveLength(2)
  })

  it('is not turned back by a message that comes late', () => {
    const held = patchActive(new Map(), [makeDecision(1, NOW, { revision: 9, scope: 'all' })], NOW)
    expect(patchActive(held, [makeDecision(1, NOW, { revision: 3, scope: 'login' })], NOW).get('decision-1')?.scope).toBe('all')
  })

  it('is bounded', () => {
    const many = Array.from({ length: 50 }, (_, index) => makeDecision(index, NOW))
    expect(patchActive(new Map(), many, NOW, 10).size).toBe(10)
  })
})

describe('what became of an alert', () => {
  const alert = makeAlert(0, NOW)

  it('is blocked until the last of its decisions ends', () => {
    const active = patchActive(new Map(), [makeDecision(0, NOW), makeDecision(7, NOW, { scope: 'all', expiresAt: NOW + 9_999_999 })], NOW)
    expect(outcomeOf({ ...alert, decisionIds: ['decision-0', 'decision-7'] }, active, NOW)).toEqual({
      kind: 'enforced',
      until: NOW + 9_999_999,
      scope: 'all',
    })
  })

  it('is only watched when every decision is in observe', () => {
    expect(outcomeOf(alert, patchActive(new Map(), [makeDecision(0, NOW, { mode: 'observe' })], NOW), NOW)).toEqual({ kind: 'observed' })
  })

  it('has ended when its decisions bind no more, at that second', () => {
    const active = patchActive(new Map(), [makeDecision(0, NOW)], NOW)
    expect(outcomeOf(alert, active, NOW + 43 * 60_000)).toEqual({ kind: 'ended' })
    expect(outcomeOf(alert, new Map(), NOW)).toEqual({ kind: 'ended' })
  })

  it('is nothing when nothing was decided', () => {
    expect(outcomeOf(makeAlert(1, NOW), new Map(), NOW)).toEqual({ kind: 'none' })
  })

  it('hears of decisions made after the alert was read', () => {
    const late = makeAlert(1, NOW)
    const decision = makeDecision(1, NOW)
    expect(linkDecisions(late, [decision]).decisionIds).toEqual(['decision-1'])
    expect(linkDecisions(linkDecisions(late, [decision]), [decision]).decisionIds).toEqual(['decision-1'])
    expect(linkDecisions(late, [makeDecision(2, NOW)])).toBe(late)
    expect(linkPages(listOf([late]), [decision]).pages[0]?.items[0]?.decisionIds).toEqual(['decision-1'])
  })
})

describe('patchOverview', () => {
  it('puts new alerts on top, updates known ones in place, and stays at twelve', () => {
    const overview = makeOverview(
      NOW,
      Array.from({ length: 8 }, (_, index) => makeAlert(index, NOW)),
      [],
    )
    const patched = patchOverview(overview, [
      makeAlert(2, NOW, { count: 777 }),
      ...Array.from({ length: 9 }, (_, index) => makeAlert(index + 20, NOW)),
    ])
    expect(patched.latest).toHaveLength(12)
    expect(patched.latest[0]?.id).toBe('alert-0028')
    expect(patched.latest[11]?.count).toBe(777)
  })
})
