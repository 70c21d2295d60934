import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeDecision } from '../test/fixtures.js'
import {
  actionInWords,
  asDuration,
  authorInWords,
  bothTimes,
  clockTime,
  count,
  countdown,
  dateTime,
  plural,
  relative,
  spanInWords,
  zonedTime,
} from './format.js'

const NOW = Date.UTC(2026, 10, 21, 20, 4, 11)
const S = 1_000
const M = 60 * S
const H = 60 * M
const D = 24 * H

describe('relative', () => {
  it.each([
    [0, 'now'],
    [4 * S, 'now'],
    [5 * S, '5 s ago'],
    [59 * S, '59 s ago'],
    [60 * S, '1 min ago'],
    [59 * M, '59 min ago'],
    [H, '1 h ago'],
    [47 * H, '47 h ago'],
    [48 * H, '2 d ago'],
    [400 * D, '400 d ago'],
  ])('says how long ago %i ms is', (ago, words) => {
    expect(relative(NOW - ago, NOW)).toBe(words)
  })

  it('says that a time is still to come', () => {
    expect(relative(NOW + 5 * M, NOW)).toBe('in 5 min')
  })
})

describe('countdown', () => {
  it.each([
    [0, 'ended'],
    [-5, 'ended'],
    [1, '1 s'],
    [59 * S, '59 s'],
    [M, '1 m 00 s'],
    [59 * M + 12 * S, '59 m 12 s'],
    [2 * H + 5 * M, '2 h 05 m'],
    [6 * D + 4 * H, '6 d 4 h'],
  ])('shows what is left of %i ms', (left, words) => {
    expect(countdown(NOW + left, NOW)).toBe(words)
  })

  it('never says that something ended while it binds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 * D }), (left) => {
        expect(countdown(NOW + left, NOW)).not.toBe('ended')
      }),
    )
  })
})

describe('spanInWords', () => {
  it.each([
    [S, '1 second'],
    [45 * S, '45 seconds'],
    [M, '1 minute'],
    [15 * M, '15 minutes'],
    [90 * M, '90 minutes'],
    [H, '1 hour'],
    [4 * H, '4 hours'],
    [D, '1 day'],
    [30 * D, '30 days'],
  ])('says %i ms in words', (span, words) => {
    expect(spanInWords(span)).toBe(words)
  })
})

describe('asDuration', () => {
  it('is whole minutes that the API reads, and never none', () => {
    expect(asDuration(42 * M + 20 * S)).toBe('42m')
    expect(asDuration(3)).toBe('1m')
    fc.assert(
      fc.property(fc.integer({ min: -1_000, max: 30 * D }), (ms) => {
        expect(asDuration(ms)).toMatch(/^[1-9]\d*m$/)
      }),
    )
  })
})

describe('times', () => {
  it('are in the zone of the viewer, and both zones on hover', () => {
    expect(clockTime(NOW, 'Europe/Berlin')).toBe('21:04:11')
    expect(dateTime(NOW, 'America/New_York')).toBe('21 Nov 2026, 15:04:11')
    expect(bothTimes(NOW, 'Europe/Berlin')).toBe('21 Nov 2026, 21:04:11 Europe/Berlin\n2026-11-21 20:04:11.000 UTC')
  })

  it('name their zone where somebody else reads them', () => {
    const at = Date.UTC(2026, 10, 24, 14, 49, 17)
    expect(zonedTime(at, 'Europe/Berlin')).toBe('24 Nov 2026, 15:49:17 CET')
    expect(zonedTime(at, 'UTC')).toBe('24 Nov 2026, 14:49:17 UTC')
    expect(zonedTime(at, 'Asia/Tokyo')).toBe('24 Nov 2026, 23:49:17 UTC+9')
  })

  it('write midnight as 00, not 24', () => {
    expect(clockTime(Date.UTC(2026, 0, 1), 'UTC')).toBe('00:00:00')
  })
})

describe('numbers', () => {
  it('are grouped with narrow spaces that do not break', () => {
    expect(count(12_408_331)).toBe('12\u202f408\u202f331')
    expect(plural(1, 'event')).toBe('1 event')
    expect(plural(0, 'event')).toBe('0 events')
    expect(plural(2, 'entry', 'entries')).toBe('2 entries')
  })
})

describe('decisions in words', () => {
  it('say what is done and where', () => {
    expect(actionInWords(makeDecision(0, NOW))).toBe('Blocked at sign-in')
    expect(actionInWords(makeDecision(1, NOW))).toBe('Blocked everywhere')
    expect(actionInWords(makeDecision(1, NOW, { action: 'require_mfa' }))).toBe('Second factor required everywhere')
    expect(actionInWords(makeDecision(1, NOW, { action: 'suspend' }))).toBe('Suspended')
    expect(actionInWords(makeDecision(1, NOW, { action: 'lockdown', mode: 'observe' }))).toBe('Would be locked down')
  })

  it('never say that something is blocked when it is only watched', () => {
    expect(actionInWords(makeDecision(0, NOW, { mode: 'observe' }))).toBe('Would be blocked at sign-in')
  })

  it('tell a policy from a person', () => {
    expect(authorInWords({ kind: 'policy', id: 'login-brute-force' })).toBe('policy login-brute-force')
    expect(authorInWords({ kind: 'operator', id: 'op-1', name: 'ada' })).toBe('ada')
    expect(authorInWords({ kind: 'token', id: 't-1', name: 'deploy' })).toBe('token deploy')
  })
})
