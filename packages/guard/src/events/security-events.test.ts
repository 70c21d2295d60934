import { EVENT_LIMITS } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LoginReport } from '../login/report.js'
import type { GuardRequest } from '../request/guard-request.js'
import { loginEvent, replayEvent, requestEvent, visibleText } from './security-events.js'

const request = (over: Partial<GuardRequest> = {}, headers: Record<string, string> = { 'user-agent': 'Firefox' }): GuardRequest => ({
  method: 'POST',
  url: '/login?next=%2F',
  header: (name) => headers[name],
  peer: '203.0.113.7',
  secure: true,
  ...over,
})
const client = { kind: 'known', address: '203.0.113.7', key: '203.0.113.7' } as const
const report = (over: Partial<LoginReport> = {}): LoginReport => ({
  at: 5,
  outcome: 'failed',
  reason: 'bad_password',
  method: 'password',
  subject: 'anna',
  device: 'unknown',
  client,
  request: request(),
  lock: undefined,
  ...over,
})

describe('the event of a sign-in', () => {
  it('has the fields that rules look for [ASVS 16.2.1, 16.2.4, 16.3.1]', () => {
    expect(loginEvent(report())).toEqual({
      '@timestamp': 5,
      'event.category': 'authentication',
      'event.action': 'login',
      'event.outcome': 'failure',
      'event.reason': 'bad_password',
      'event.dataset': 'guard.login',
      'user.name': 'anna',
      'parapet.method': 'password',
      'parapet.known_device': false,
      'source.ip': '203.0.113.7',
      'user_agent.original': 'Firefox',
      'url.path': '/login',
    })
  })

  it('tells success, failure and an outage of ours apart', () => {
    expect(loginEvent(report({ outcome: 'ok', reason: undefined }))).toMatchObject({ 'event.outcome': 'success' })
    expect(loginEvent(report({ outcome: 'ok', reason: undefined }))).not.toHaveProperty('event.reason')
    expect(loginEvent(report({ outcome: 'locked', reason: 'locked' }))).toMatchObject({
      'event.outcome': 'failure',
      'event.reason': 'locked',
    })
    expect(loginEvent(report({ outcome: 'degraded', reason: 'store' }))).toMatchObject({ 'event.outcome': 'unknown' })
  })

  it('makes up no address and no user agent', () => {
    const event = loginEvent(report({ client: { kind: 'unknown', reason: 'no_peer' }, request: request({}, {}) }))
    expect(event).not.toHaveProperty('source.ip')
    expect(event).not.toHaveProperty('user_agent.original')
  })

  it('holds a hostile name in bounds, on one line and without terminal codes [ASVS 16.4.1]', () => {
    const name = loginEvent(report({ subject: `root\r\nAccepted password\u001b[2J\u202e${'x'.repeat(100_000)}` }))['user.name'] ?? ''
    expect(name.startsWith('root\\x0d\\x0aAccepted password\\x1b[2J\\u202e')).toBe(true)
    expect(name.length).toBeLessThan(400)
  })
})

describe('the event of a request', () => {
  const answered = {
    at: 7,
    request: request({ method: 'GET', url: '/a?b=1' }),
    client,
    status: 200,
    session: undefined,
    reason: undefined,
    decisionId: undefined,
  }

  it('has the fields of an access log', () => {
    expect(requestEvent(answered)).toEqual({
      '@timestamp': 7,
      'event.category': 'web',
      'event.action': 'http-request',
      'event.outcome': 'success',
      'event.dataset': 'guard.request',
      'http.request.method': 'GET',
      'url.path': '/a',
      'url.query': 'b=1',
      'http.response.status_code': 200,
      'source.ip': '203.0.113.7',
      'user_agent.original': 'Firefox',
    })
  })

  it('says who was signed in and why the guard refused', () => {
    expect(
      requestEvent({ ...answered, status: 403, session: { id: 's', subject: 'u-1' }, reason: 'decision', decisionId: 'd-1' }),
    ).toMatchObject({
      'event.outcome': 'failure',
      'event.reason': 'decision',
      'user.id': 'u-1',
      'session.id': 's',
      'parapet.decision': 'd-1',
    })
  })

  it('shows a probe behind 4 KB of padding, and no token of a link [ASVS 16.2.5, 16.3.3]', () => {
    const url = `/reset?token=4f2a9c&pad=${'p'.repeat(4_000)}&id=1%27%20OR%201=1`
    const query = requestEvent({ ...answered, request: request({ url }) })['url.query'] ?? ''
    expect(query).toContain('%27%20OR%201=1')
    expect(query).not.toContain('4f2a9c')
  })

  it('holds no name and no password of a target in absolute form', () => {
    const event = requestEvent({ ...answered, request: request({ url: 'http://anna:hunter2@shop.example/a?b=1#c' }) })
    expect(event).toMatchObject({ 'url.path': '/a', 'url.query': 'b=1' })
    expect(JSON.stringify(event)).not.toContain('hunter2')
  })

  it('stays within what the control plane takes, however much of it has to be written out', () => {
    const event = requestEvent({ ...answered, request: request({ url: `/${'\u0001'.repeat(9_000)}?${'\u202e'.repeat(9_000)}` }) })
    expect(event['url.path']?.length).toBe(EVENT_LIMITS.text)
    expect(event['url.query']?.length).toBe(EVENT_LIMITS.text)
    expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(EVENT_LIMITS.bytes)
  })

  it('leaves an empty query out and bounds a long one', () => {
    expect(requestEvent({ ...answered, request: request({ url: '/a?' }) })).not.toHaveProperty('url.query')
    const event = requestEvent({ ...answered, request: request({ url: `/${'p'.repeat(9_000)}?${'q'.repeat(9_000)}` }) })
    expect(event['url.path']?.length).toBe(8_192)
    expect(event['url.query']?.length).toBe(8_192)
  })
})

describe('the event of a replayed session', () => {
  it('names the session by its public id', () => {
    expect(replayEvent(1, { id: 's', subject: 'anna' }, request(), client)).toMatchObject({
      'event.action': 'session-replayed',
      'session.id': 's',
      'user.id': 'anna',
    })
  })
})

describe('visibleText', () => {
  it('leaves no control character, survives UTF-8, and is bounded, whatever came in [ASVS 16.4.1]', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ maxLength: 5 }), (text, more) => {
        const shown = visibleText(`${text}\u001b\r\n\ud800${more}`, 100)
        // oxlint-disable-next-line no-control-regex
        expect(shown).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/)
        expect(Buffer.from(shown).toString()).toBe(shown)
        expect(shown.length).toBeLessThanOrEqual(600)
      }),
    )
  })

  it('keeps what people write', () => {
    for (const text of ['Ünïcødé', '日本語', '😀', '/a%0d%0a', '']) expect(visibleText(text, 100)).toBe(text)
  })
})
