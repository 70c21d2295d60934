import type { Alert, StoredEvent } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { createTrials, type TrialDeps } from './trials.js'

const stored = (sequence: number, ip: string): StoredEvent => ({
  id: `e-${sequence}`,
  sequence,
  receivedAt: sequence,
  source: { id: 's', name: 's' },
  event: { '@timestamp': sequence, 'source.ip': ip },
})
const alertOf = (id: string, ip: string, first: number, last: number): Alert => ({
  id,
  rule: { id: 'r', title: 'r', level: 'low', tags: [], version: '1' },
  group: {},
  scope: { kind: 'ip', value: ip },
  first,
  last,
  count: 1,
  targets: [],
  events: [],
  why: '',
})

/** Alerts at the second event of an address; the id is that of the first one that counted, as in the engine. */
const createTrial: TrialDeps['createTrial'] = (ruleId, exceptions) => {
  if (ruleId !== 'r') return undefined
  const seen = new Map<string, number>()
  let excepted = 0
  return {
    stats: () => ({ excepted }),
    process: (event) => {
      const ip = String(event['source.ip'])
      const at = event['@timestamp']
      if (exceptions.some(({ match }) => (match['source.ip'] ?? ip) === ip && (match['@timestamp'] ?? at) === at)) {
        excepted++
        return []
      }
      const first = seen.get(ip)
      if (first === undefined) seen.set(ip, at)
      return first === undefined ? [] : [{ kind: 'fired', alert: alertOf(`${ip}-${first}`, ip, first, at) }]
    },
  }
}
const trials = (count: number, over: Partial<TrialDeps> = {}) => {
  const all = Array.from({ length: count }, (_, i) => stored(i + 1, `192.0.2.${i % 3}`))
  return createTrials({
    clock: () => 1_000,
    createTrial,
    exceptions: async () => [],
    events: {
      after: async (sequence, limit) => all.filter((each) => each.sequence > sequence).slice(0, limit),
      before: async (at) => all.filter((each) => each.receivedAt < at).length,
      head: async () => count,
    },
    ...over,
  })
}

describe('a trial', () => {
  it('shows each alert as its last event left it, newest first, and how much it looked at', async () => {
    const { alerts, events, whole } = await trials(12).test('r', 0)
    expect([events, whole]).toEqual([12, true])
    expect(alerts.map(({ id, last }) => [id, last])).toEqual([
      ['192.0.2.2-3', 12],
      ['192.0.2.1-2', 11],
      ['192.0.2.0-1', 10],
    ])
  })

  it('looks at the newest events when there are more than its bound, and says so', async () => {
    const bounded = trials(100, { limits: { events: 30, page: 7 } })
    expect(await bounded.test('r', 0)).toMatchObject({ events: 30, whole: false })
    expect(await bounded.test('r', 95)).toMatchObject({ events: 6, whole: true })
  })

  it('stops when its time is up, and says so', async () => {
    const slow = trials(50, { limits: { ms: -1, page: 10 } })
    expect(await slow.test('r', 0)).toMatchObject({ events: 10, whole: false })
  })

  it('of an exception tells which alerts would not have been, but not one that only begins later', async () => {
    const of = (match: Record<string, string | number>) => trials(12).preview({ ruleId: 'r', match }, 0)
    expect(await of({ 'source.ip': '192.0.2.1' })).toMatchObject({
      alerts: 3,
      silenced: 1,
      events: 12,
      eventsLeftOut: 4,
      whole: true,
      examples: [{ id: '192.0.2.1-2' }],
    })
    expect(await of({ '@timestamp': 1 })).toMatchObject({ alerts: 3, silenced: 0, eventsLeftOut: 1, examples: [] })
    expect(await of({ '@timestamp': 99 })).toMatchObject({ silenced: 0, eventsLeftOut: 0 })
  })

  it('counts what is excepted already as left out already', async () => {
    const held = {
      id: 'x',
      ruleId: 'r',
      match: { 'source.ip': '192.0.2.0' },
      until: 9e15,
      reason: '',
      by: { id: '', name: '' },
      createdAt: 0,
    }
    const both = trials(12, { exceptions: async () => [held] })
    expect(await both.preview({ ruleId: 'r', match: { 'source.ip': '192.0.2.1' } }, 0)).toMatchObject({
      alerts: 2,
      silenced: 1,
      eventsLeftOut: 4,
    })
  })

  it('sees events with what is known of them beside, and is for rules that there are', async () => {
    const enriched = trials(12, { enrich: (event) => ({ ...event, 'source.ip': 'one' }) })
    expect((await enriched.test('r', 0)).alerts).toHaveLength(1)
    await expect(trials(1).test('x', 0)).rejects.toMatchObject({ code: 'PPT_NOT_FOUND' })
    // one that failed does not keep the next from its turn
    const again = trials(1)
    await again.test('x', 0).catch(() => undefined)
    expect((await again.test('r', 0)).events).toBe(1)
  })

  it('runs one at a time', async () => {
    const one = trials(12)
    const [first, second] = await Promise.allSettled([one.test('r', 0), one.preview({ ruleId: 'r', match: { a: 1 } }, 0)])
    expect(first.status).toBe('fulfilled')
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'PPT_BACKPRESSURE', retryAfterSeconds: 5 } })
  })
})
