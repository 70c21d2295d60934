import { HOUR, MINUTE } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import type { Agent } from '../agents/index.js'
import { type SourceState, stateOf } from './health.js'
import { silentAlert } from './silence.js'

const NOW = 1_795_200_000_000
const LONG_AGO = NOW - 30 * HOUR
const source = (change: Partial<SourceState> = {}): SourceState => ({
  id: 's',
  name: 'shop',
  kind: 'application',
  demo: false,
  createdAt: 0,
  silentAfterMs: HOUR,
  lastEventAt: NOW - 2 * HOUR,
  state: 'silent',
  events24h: 5,
  lagMs: null,
  agent: null,
  ...change,
})
const agent = (receivedAt: number | null): Agent => ({
  sourceId: 's',
  publicKey: '',
  version: '1',
  enrolledAt: 0,
  receivedAt,
  heartbeat: null,
})

describe('a source', () => {
  it('is new until it speaks, silent after its time, and an agent speaks by its heartbeat', () => {
    expect(stateOf(source(), null, undefined, NOW)).toBe('new')
    expect(stateOf(source(), NOW - HOUR, undefined, NOW)).toBe('live')
    expect(stateOf(source(), NOW - HOUR - 1, undefined, NOW)).toBe('silent')
    expect(stateOf(source({ silentAfterMs: null }), 1, undefined, NOW)).toBe('live')
    expect(stateOf(source(), NOW, agent(null), NOW)).toBe('new')
    expect(stateOf(source(), 1, agent(NOW - MINUTE), NOW)).toBe('live')
    expect(stateOf(source(), NOW, agent(NOW - MINUTE - 1), NOW)).toBe('silent')
  })

  it('that is silent is one alert for each silence, whoever looks and when', () => {
    const first = silentAlert(source(), NOW, LONG_AGO)
    const later = silentAlert(source(), NOW + HOUR, LONG_AGO + 5)
    expect(first?.id).toBe(later?.id)
    expect(first).toMatchObject({
      rule: { id: 'silent-source' },
      scope: { kind: 'endpoint', value: 'shop' },
      why: 'shop has sent no event for 2h, 1h is allowed.',
    })
    expect(silentAlert(source({ lastEventAt: NOW - 2 * HOUR + 1 }), NOW, LONG_AGO)?.id).not.toBe(first?.id)
  })

  it('is not silent for what the server itself has missed while it was down', () => {
    expect(silentAlert(source(), NOW, NOW - HOUR)).toBeUndefined()
    expect(silentAlert(source(), NOW, NOW - HOUR - 1)).toBeDefined()
  })

  it('of the demo, one that is live and one that never spoke are no alert', () => {
    for (const change of [{ demo: true }, { state: 'live' }, { state: 'new', lastEventAt: null }, { silentAfterMs: null }] as const)
      expect(silentAlert(source(change), NOW, LONG_AGO)).toBeUndefined()
  })
})
