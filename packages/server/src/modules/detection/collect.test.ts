import type { Alert, SecurityEvent, StoredEvent } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { collectAlerts, reasonOf } from './collect.js'

const stored = (sequence: number, fields: Partial<SecurityEvent> = {}, source = 's1'): StoredEvent => ({
  id: `e-${sequence}`,
  sequence,
  receivedAt: 86_400_000 * 3,
  source: { id: source, name: source.toUpperCase() },
  event: { '@timestamp': sequence, ...fields },
})
const alert = (id: string, count: number): Alert => ({
  id,
  rule: { id: 'r', title: 'R', level: 'low', tags: [], version: '1' },
  group: {},
  scope: { kind: 'event', value: 'x' },
  first: 0,
  last: 0,
  count,
  targets: [],
  events: [],
  why: '',
})

describe('collectAlerts', () => {
  it('makes one change of an alert that changes often, as the last event left it', () => {
    let count = 0
    const engine = { process: () => [{ kind: count++ === 0 ? ('fired' as const) : ('updated' as const), alert: alert('a', count) }] }
    const { alerts } = collectAlerts(engine, [stored(1), stored(2, {}, 's2'), stored(3)], new Set())
    expect(alerts).toHaveLength(1)
    expect(alerts[0]).toMatchObject({ fired: true, alert: { count: 3 } })
    expect(alerts[0]?.events).toEqual([1, 2, 3].map((sequence) => ({ sequence, day: 3, id: `e-${sequence}` })))
    expect([...(alerts[0]?.sources ?? [])]).toEqual([
      ['s1', 'S1'],
      ['s2', 'S2'],
    ])
  })

  it('takes an alert for generated only when every event of it is', () => {
    const engine = { process: () => [{ kind: 'fired' as const, alert: alert('a', 1) }] }
    const demo = { tags: ['parapet.demo'] }
    expect(collectAlerts(engine, [stored(1, demo), stored(2, demo)], new Set()).alerts[0]?.demo).toBe(true)
    expect(collectAlerts(engine, [stored(1, demo), stored(2)], new Set()).alerts[0]?.demo).toBe(false)
    expect(collectAlerts(engine, [stored(1), stored(2, demo)], new Set()).alerts[0]?.demo).toBe(false)
  })

  it('goes on after an event that throws, and does not show skipped ones to the engine', () => {
    const seen: (string | number)[] = []
    const engine = {
      process: (_: SecurityEvent, ref: string | number) => {
        seen.push(ref)
        if (ref === 'e-2') throw new Error('secret')
        return []
      },
    }
    const { failures } = collectAlerts(engine, [stored(1), stored(2), stored(3), stored(4)], new Set([3]))
    expect(seen).toEqual(['e-1', 'e-2', 'e-4'])
    expect(failures).toEqual([
      { sequence: 2, eventId: 'e-2', stage: 'process', reason: expect.stringContaining('Error at collect.test.ts') },
    ])
  })

  it('says where something failed without repeating what it said', () => {
    expect(reasonOf(new RangeError('password hunter2'))).toMatch(/^RangeError at collect\.test\.ts:\d+$/)
    expect(reasonOf('hunter2')).toBe('an error without a name')
  })
})
