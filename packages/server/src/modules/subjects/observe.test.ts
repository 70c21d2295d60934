import type { FieldValue, SecurityEvent, StoredEvent } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BLOG, guardEvents, SHOP } from './fixtures/people-world.js'
import { observe, readRoles } from './observe.js'

const NOW = 1_795_000_000_000
const stored = (event: Partial<SecurityEvent>, source = SHOP, receivedAt = NOW): StoredEvent => ({
  id: 'e',
  sequence: 1,
  receivedAt,
  source,
  event: { '@timestamp': receivedAt, ...event },
})
const { started, request, login, passwordChanged, ended } = guardEvents

describe('what events tell of users', () => {
  it('is summed up for each id of each source, whatever else is between', () => {
    const told = observe([
      stored(started('u1', 's1')),
      stored(request('u2', 's2')),
      stored(request('u1', 's1', { '@timestamp': NOW - 5 })),
      stored(request('u1', 's1'), BLOG),
      stored({ 'event.category': 'web', 'source.ip': '203.0.113.7' }),
    ])
    expect(told.map(({ source, userId, sessions }) => [source.name, userId, [...sessions.keys()]])).toEqual([
      ['shop', 'u1', ['s1']],
      ['shop', 'u2', ['s2']],
      ['blog', 'u1', ['s1']],
    ])
    expect(told[0]).toMatchObject({ firstSeen: NOW - 5, lastSeen: NOW, lastSignIn: NOW })
    expect(told[0]?.sessions.get('s1')).toMatchObject({
      startedAt: NOW - 5,
      seenAt: NOW,
      device: 'Firefox on Windows',
      address: '203.0.113.7',
    })
  })

  it('takes nothing to be of tomorrow because a clock is ahead', () => {
    expect(observe([stored(passwordChanged('u1'), SHOP), stored({ ...request('u1', 's'), '@timestamp': NOW + 9e9 })])[0]).toMatchObject({
      lastSeen: NOW,
      passwordAt: NOW,
    })
  })

  it('makes nobody known by a failure, by a name that nobody has, or by the guard’s own sign-ins, which tell the id themselves', () => {
    const told = observe([
      stored(login('ann', 'failure')),
      stored(login('ann', 'success')),
      stored(login('dan', 'success', { 'event.dataset': 'django' })),
      stored(login('typo', 'failure', { 'event.reason': 'unknown_user' })),
    ])
    expect(told.map(({ person, known, failures, lastSignIn }) => [person.name, known, failures, lastSignIn])).toEqual([
      ['ann', false, 1, NOW],
      ['dan', true, 0, NOW],
    ])
  })

  it('tells which sessions ended, one by one and all at once', () => {
    const [news] = observe([
      stored(started('u1', 's1')),
      stored({ ...ended('u1', 'x'), 'event.action': 'session-revoked', 'event.reason': 'risk', 'parapet.sessions': ['s1', 's2'] }),
      stored({ ...ended('u1', 'signed_out'), 'event.action': 'session-ended', 'session.id': 's3' }),
      stored(ended('u1', 'suspend')),
    ])
    expect([...(news?.sessions ?? [])].map(([id, { ended: end }]) => [id, end?.why])).toEqual([
      ['s1', 'risk'],
      ['s2', 'risk'],
      ['s3', 'signed_out'],
    ])
    expect(news?.endedAll).toEqual({ at: NOW, why: 'suspend' })
  })

  it('is bounded, and text that PostgreSQL takes, whatever was sent', () => {
    const value: fc.Arbitrary<FieldValue> = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 600 }),
      fc.constantFrom('\u0000', '\ud800', 'x'.repeat(9_000)),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.string({ unit: 'binary' }), { maxLength: 80 }),
    )
    const fields = ['user.id', 'user.name', 'user.email', 'user.roles', 'session.id', 'parapet.sessions', 'parapet.device', 'event.reason', 'source.ip', 'source.geo.country_iso_code', 'user_agent.original'] // prettier-ignore
    const actions = ['session-started', 'session-revoked', 'sessions-ended', 'session-ended', 'login', 'password-changed']
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.dictionary(fc.constantFrom(...fields), value),
            fc.constantFrom(...actions),
            fc.constantFrom('success' as const, 'failure' as const),
          ),
          { maxLength: 30 },
        ),
        (list) => {
          const told = observe(
            list.map(([event, action, outcome]) => stored({ ...event, 'event.action': action, 'event.outcome': outcome })),
          )
          const text = JSON.stringify(told, (_, each: unknown) => (each instanceof Map ? [...each] : each))
          expect(text).not.toMatch(/\\u0000|\\ud[89a-f]/)
          for (const { userId, person, roles, sessions } of told) {
            for (const name of [userId, person.name, person.email]) expect((name ?? '').length).toBeLessThanOrEqual(256)
            expect((roles ?? []).length).toBeLessThanOrEqual(32)
            expect(sessions.size).toBeLessThanOrEqual(200)
          }
        },
      ),
      { numRuns: 200, seed: 20_261_122 },
    )
  })

  it('keeps roles once each and in order, so that the same list is the same', () => {
    expect(readRoles(['b', 'a', 'b', '', 7])).toEqual(['a', 'b'])
    expect(readRoles('admin')).toEqual(['admin'])
    expect(readRoles(7)).toBeUndefined()
  })
})
