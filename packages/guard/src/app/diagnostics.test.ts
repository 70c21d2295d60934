import type { Decision, SecurityEvent } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { createLimiter } from '../limiter/limiter.js'
import { createDiagnostics, type Diagnostic } from './diagnostics.js'
import { blockedRefusal, csrfRefusal, errorRefusal, limitedRefusal } from './refusal.js'

const setup = (): {
  tell: ReturnType<typeof createDiagnostics>['tell']
  latest: () => readonly Diagnostic[]
  told: Diagnostic[]
  sent: SecurityEvent[]
  advance: (ms: number) => void
} => {
  let now = 1_000
  const told: Diagnostic[] = []
  const sent: SecurityEvent[] = []
  const { tell, latest } = createDiagnostics({ clock: () => now, listener: (one) => told.push(one), send: (event) => sent.push(event) })
  return {
    tell,
    latest,
    told,
    sent,
    advance: (ms) => {
      now += ms
    },
  }
}

describe('diagnostics', () => {
  it('are told at once, to the application and to the control plane', () => {
    const { tell, told, sent } = setup()
    tell('guard_error', 'something')
    expect(told).toEqual([{ code: 'guard_error', detail: 'something', count: 1, at: 1_000 }])
    expect(sent).toMatchObject([
      {
        'event.category': 'configuration',
        'event.action': 'guard-diagnostic',
        'event.reason': 'guard_error',
        'event.outcome': 'failure',
        message: 'something',
      },
    ])
  })

  it('then once a minute, with how often it has happened: trouble on every request is no flood', () => {
    const { tell, told, sent, advance } = setup()
    for (let i = 0; i < 10_000; i++) tell('client_address_unknown', 'no_peer')
    expect(told).toHaveLength(1)
    advance(60_000)
    tell('client_address_unknown', 'no_peer')
    expect(told[1]).toMatchObject({ count: 10_000 })
    expect(sent[1]?.message).toBe('no_peer (10000 times)')
  })

  it('of one kind do not hide another', () => {
    const { tell, told } = setup()
    tell('control_plane_away', 'a')
    tell('events_dropped', 'b')
    expect(told.map(({ code }) => code)).toEqual(['control_plane_away', 'events_dropped'])
  })

  it('stay to be seen', () => {
    const { tell, latest } = setup()
    tell('cleartext', 'http')
    expect(latest()).toMatchObject([{ code: 'cleartext' }])
  })
})

describe('refusals', () => {
  const id = '01999999-0000-7000-8000-000000000001'
  const decision = {
    id,
    revision: 1,
    reason: 'ssh brute force from the same network',
    rule: { id: 'r', title: 'Brute force', level: 'high', version: '1' },
  } as unknown as Decision

  it('of a decision give a reference and nothing of the rule', () => {
    const { status, problem, decisionId } = blockedRefusal(decision, 'request')
    expect([status, decisionId]).toEqual([403, id])
    expect(problem).toMatchObject({ code: 'PPT_BLOCKED', status: 403, instance: `urn:uuid:${id}` })
    expect(JSON.stringify(problem)).not.toMatch(/brute|ssh/i)
  })

  it('of a decision with an odd id refer to the request instead', () => {
    expect(blockedRefusal({ ...decision, id: 'x"\r\n' }, id).problem.instance).toBe(`urn:uuid:${id}`)
  })

  it('of a limit say when to come back', () => {
    const limiter = createLimiter({ policies: { p: { limit: 1, windowMs: 2_500 } }, clock: () => 0 })
    limiter.check('p', ['k'])
    const refusal = limitedRefusal([limiter.check('p', ['k'])])
    expect(refusal.status).toBe(429)
    expect(new Map(refusal.headers).get('Retry-After')).toBe('3')
    expect(refusal.problem).toMatchObject({ status: 429, 'violated-policies': ['p'] })
  })

  it('of another site are kept apart by caches', () => {
    expect(csrfRefusal('same_site', id)).toMatchObject({
      status: 403,
      headers: [['Vary', 'Sec-Fetch-Site, Origin']],
      problem: { detail: 'same_site' },
    })
  })

  it('of our own trouble say nothing about it', () => {
    const refusal = errorRefusal(id)
    expect([refusal.status, refusal.problem.status]).toEqual([503, 503])
    expect(Object.keys(refusal.problem).toSorted()).toEqual(['code', 'instance', 'status', 'title', 'type'])
  })
})
