import type { SubjectFlag } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeAlert, makeDecision, makeEvents } from '../test/fixtures.js'
import { makeSubject, makeSubjectDetail } from '../test/people-fixtures.js'
import {
  ACTS,
  actsFor,
  byRisk,
  FLAG_WORD,
  FLAGS,
  historyOf,
  nameOf,
  QUERY_LIMIT,
  readSubjects,
  RISK_WORD,
  riskLevel,
  subjectsPath,
} from './subjects.js'

const NOW = Date.UTC(2026, 10, 21, 20)
const detail = makeSubjectDetail(makeSubject(0, NOW), NOW)
const bare = { ...detail, events: [], alerts: [], decisions: [], sessions: [] }

describe('the search', () => {
  it('comes back from its URL as it was', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: QUERY_LIMIT, unit: 'grapheme-ascii' }),
        fc.string({ maxLength: 64, unit: 'grapheme-ascii' }),
        fc.constantFrom(...FLAGS, null),
        (q, role, flag) => {
          const path = subjectsPath({ q, role, flag })
          expect(readSubjects(path.slice('/subjects'.length))).toEqual({ q, role, flag })
        },
      ),
      { seed: 7 },
    )
  })

  it('reads what it does not know as nothing, and never more than a line', () => {
    expect(readSubjects(`?flag=__proto__&q=${'x'.repeat(5_000)}`)).toEqual({ q: 'x'.repeat(QUERY_LIMIT), role: '', flag: null })
    expect(subjectsPath({})).toBe('/subjects')
    expect(subjectsPath({ q: 'm.okafor' })).toBe('/subjects?q=m.okafor')
  })
})

describe('a risk', () => {
  it('never looks milder when it is higher, and only none looks like none', () => {
    const order = ['informational', 'low', 'medium', 'high', 'critical']
    for (let risk = 1; risk <= 100; risk++)
      expect(order.indexOf(riskLevel(risk))).toBeGreaterThanOrEqual(order.indexOf(riskLevel(risk - 1)))
    expect(RISK_WORD[riskLevel(0)]).toBe('None')
    expect(RISK_WORD[riskLevel(1)]).toBe('Low')
    expect(RISK_WORD[riskLevel(100)]).toBe('Very high')
  })
})

describe('the list', () => {
  it('has the riskiest first, and of the same risk who was seen last', () => {
    const list = byRisk(Array.from({ length: 15 }, (_, index) => makeSubject(index, NOW)))
    expect(list.map(({ id }) => id).slice(0, 6)).toEqual(['subject-0', 'subject-5', 'subject-10', 'subject-1', 'subject-6', 'subject-11'])
    expect(list).toHaveLength(15)
  })
})

describe('acts', () => {
  it('offer to clear only what there is to clear', () => {
    expect(actsFor([])).not.toContain('clear')
    expect(actsFor(detail.subject.flags)).toContain('clear')
    expect(actsFor([])).toHaveLength(4)
  })

  it('each say what happens to the person, with the time when there is one', () => {
    for (const words of Object.values(ACTS)) {
      const said = words.happens('3 hours').join(' ')
      expect(said.length).toBeGreaterThan(60)
      expect(said.includes('3 hours')).toBe(words.duration !== null)
    }
  })

  it('name every flag, the gravest first', () => {
    const kinds: SubjectFlag['kind'][] = ['suspend', 'deny', 'require_reset', 'require_mfa']
    expect(FLAGS).toEqual(kinds)
    expect(new Set(Object.values(FLAG_WORD)).size).toBe(4)
  })
})

describe('a name', () => {
  it('is the name, else the mail address, else the id', () => {
    expect(nameOf({ id: 'i', name: 'n', email: 'e' })).toBe('n')
    expect(nameOf({ id: 'i', name: null, email: 'e' })).toBe('e')
    expect(nameOf({ id: 'i', name: null, email: null })).toBe('i')
  })
})

describe('the history', () => {
  it('is one list of what was done by and about somebody, newest first', () => {
    const lines = historyOf(detail, NOW)
    expect(lines.map(({ at }) => at)).toEqual(lines.map(({ at }) => at).toSorted((a, b) => b - a))
    expect(new Set(lines.map(({ key }) => key)).size).toBe(lines.length)
    expect(new Set(lines.map(({ kind }) => kind))).toEqual(new Set(['did', 'alert', 'done', 'session']))
  })

  it('tells of a decision when it was made, and again when it ended or was taken back', () => {
    const texts = (change: Parameters<typeof makeDecision>[2]): string[] =>
      historyOf({ ...bare, decisions: [makeDecision(0, NOW, { action: 'suspend', scope: 'all', reason: 'why', ...change })] }, NOW).map(
        ({ text, aside }) => `${text} | ${aside}`,
      )
    expect(texts({ startsAt: NOW - 60_000, expiresAt: NOW + 3_540_000 })).toEqual(['Suspended for 1 hour: why | policy login-brute-force'])
    expect(texts({ startsAt: NOW - 7_200_000, expiresAt: NOW - 3_600_000 })).toEqual([
      'Ended by itself: suspended | ',
      'Suspended for 1 hour: why | policy login-brute-force',
    ])
    const by = { kind: 'operator', id: 'o', name: 'grace' } as const
    expect(texts({ startsAt: NOW - 60_000, expiresAt: NOW + 3_540_000, lifted: { at: NOW, by, reason: 'audit' } })).toEqual([
      'Taken back, suspended: audit | grace',
      'Suspended for 1 hour: why | policy login-brute-force',
    ])
    // one that was only watched was never carried out, and says so
    expect(texts({ mode: 'observe' })[0]).toContain('Would be suspended')
  })

  it('makes one line of the same thing done again and again, and of nothing else', () => {
    const [event] = makeEvents(NOW, 2).slice(1)
    const same = Array.from({ length: 40 }, (_, index) => ({
      ...event!,
      id: `e-${index}`,
      event: { ...event!.event, '@timestamp': NOW - index * 1_000 },
    }))
    const other = { ...event!, id: 'other', event: { ...event!.event, '@timestamp': NOW - 19_500, 'source.ip': '192.0.2.9' } }
    expect(historyOf({ ...bare, events: same }, NOW).map(({ count, at }) => [count, at])).toEqual([[40, NOW]])
    expect(historyOf({ ...bare, events: [...same, other] }, NOW).map(({ count }) => count)).toEqual([20, 1, 20])
  })

  it('leads to the alert that something is about, with its id kept out of the path', () => {
    const lines = historyOf({ ...bare, alerts: [makeAlert(0, NOW, { id: '../../evil?x' })] }, NOW)
    expect(lines[0]).toMatchObject({ kind: 'alert', href: '/alerts/..%2F..%2Fevil%3Fx', level: 'high' })
  })

  it('tells of a session that has not ended once, and of one that has twice', () => {
    const texts = historyOf({ ...bare, sessions: detail.sessions }, NOW).map(({ text }) => text)
    expect(texts).toEqual(['Session began', 'Session ended: suspended', 'Session began', 'Session ended: signed out', 'Session began'])
  })
})
