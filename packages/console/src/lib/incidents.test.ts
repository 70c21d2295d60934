import { INCIDENT_STATUSES } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeAlert } from '../test/fixtures.js'
import { makeIncident, makeTimeline } from '../test/people-fixtures.js'
import { byDay, dayName, entryHref, incidentName, incidentOf, incidentsPath, readIncidents, sinceStart } from './incidents.js'
import { LEVELS_DOWN } from './levels.js'

const NOW = Date.UTC(2026, 10, 21, 20)

describe('the search', () => {
  it('comes back from its URL as it was, and knows nothing else', () => {
    for (const status of [...INCIDENT_STATUSES, null])
      for (const severity of [...LEVELS_DOWN, null])
        expect(readIncidents(incidentsPath({ status, severity }).slice('/incidents'.length))).toEqual({ status, severity })
    expect(readIncidents('?status=toString&severity=worst')).toEqual({ status: null, severity: null })
  })
})

describe('the timeline', () => {
  it('says how long after the beginning something was, in the fewest words', () => {
    const at = (seconds: number): string => sinceStart(NOW + seconds * 1_000, NOW)
    expect([0, 45, 60, 719, 3_600, 11_100, 171_000, 200_000].map(at)).toEqual([
      '+0',
      '+45 s',
      '+1 min',
      '+11 min',
      '+1 h 00',
      '+3 h 05',
      '+47 h 30',
      '+2 d',
    ])
    // a clock that runs ahead makes no time before the beginning
    expect(at(-30)).toBe('+0')
  })

  it('is cut at midnight of the viewer, and loses and moves nothing', () => {
    const day = (at: number): string => dayName(at, 'Europe/Berlin')
    expect(day(Date.UTC(2026, 10, 21, 22, 59))).toBe('Saturday, 21 November 2026')
    expect(day(Date.UTC(2026, 10, 21, 23, 0))).toBe('Sunday, 22 November 2026')
    fc.assert(
      fc.property(fc.array(fc.nat(400), { maxLength: 60 }), (hours) => {
        const [line] = makeTimeline(makeIncident(0, NOW))
        const entries = hours
          .toSorted((a, b) => a - b)
          .map((hour, index) => Object.assign(structuredClone(line!), { id: String(index), at: NOW + hour * 3_600_000 }))
        const days = byDay(entries, day)
        expect(days.flatMap((each) => each.entries)).toEqual(entries)
        expect(new Set(days.map((each) => each.day)).size).toBe(days.length)
        expect(days.every((each) => each.entries.every((entry) => day(entry.at) === each.day))).toBe(true)
      }),
      { seed: 7, numRuns: 40 },
    )
  })

  it('leads to what a line is about, and an id cannot lead elsewhere', () => {
    expect(entryHref({ kind: 'alert', ref: 'a/../b' })).toBe('/alerts/a%2F..%2Fb')
    expect(entryHref({ kind: 'decision', ref: 'd' })).toBe('/decisions/d')
    expect(entryHref({ kind: 'notification', ref: 'n' })).toBe('/notifications')
    expect(entryHref({ kind: 'lockdown', ref: 'l' })).toBeNull()
    expect(entryHref({ kind: 'alert', ref: null })).toBeNull()
  })
})

describe('an incident of a group of alerts', () => {
  const group = {
    key: 'k',
    rule: { id: 'r', title: 'Password guessing', level: 'high' },
    scope: { kind: 'ip', value: '203.0.113.7' },
    level: 'high',
    why: '203.0.113.7 failed 86 sign-ins',
  } as unknown as Parameters<typeof incidentOf>[0]

  it('begins with its words, its level, its alerts and each address once', () => {
    const alerts = [makeAlert(0, NOW, { targets: ['203.0.113.7', '198.51.100.1'] }), makeAlert(1, NOW, { targets: ['198.51.100.1'] })]
    expect(incidentOf(group, alerts)).toEqual({
      title: '203.0.113.7 failed 86 sign-ins',
      severity: 'high',
      alertIds: ['alert-0000', 'alert-0001'],
      subjects: [],
      addresses: ['203.0.113.7', '198.51.100.1'],
    })
  })

  it('names the user it is about, and is bounded', () => {
    const targets = Array.from({ length: 5_000 }, (_, index) => `198.51.${index % 250}.${Math.floor(index / 250)}`)
    const made = incidentOf({ ...group, scope: { kind: 'user', value: 'm.okafor' } }, [makeAlert(0, NOW, { targets })])
    expect(made.subjects).toEqual(['m.okafor'])
    expect(made.addresses).toHaveLength(50)
  })

  it('has a name that people can say', () => {
    expect(incidentName({ number: 7 })).toBe('INC-7')
  })
})
