import { type Decision, EVENT_LIMITS, type SecurityEvent } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AccessEntry } from '../access-audit/types.js'
import type { CspReport } from '../csp-collector/types.js'
import type { GuardRequest } from '../request/guard-request.js'
import type { SessionReport } from '../session/types.js'
import { accessEvent, campaignEvent, credentialEvent, cspEvent, endedEvent, errorEvent, sessionEvent, tamperEvent } from './part-events.js'
import { requestEvent, visibleText } from './security-events.js'

fc.configureGlobal({ seed: 20_261_122 })

const AT = 1_800_000_000_000
const HERE = { kind: 'known', address: '203.0.113.7', key: '203.0.113.7' } as const
const request = (over: Partial<GuardRequest> = {}, agent = 'Firefox'): GuardRequest => ({
  method: 'GET',
  url: '/a?b=1',
  header: (name) => (name === 'user-agent' ? agent : undefined),
  peer: '203.0.113.7',
  secure: true,
  ...over,
})
const decision = (over: Partial<Decision> = {}): Decision => ({
  id: 'd1',
  revision: 1,
  target: { kind: 'user', value: 'anna' },
  action: 'suspend',
  scope: 'all',
  mode: 'enforce',
  reason: 'r',
  author: { kind: 'operator', id: 'o' },
  batch: 'b',
  startsAt: 0,
  expiresAt: 1,
  ...over,
})
const atRisk = (text = 'x'): SessionReport => ({
  kind: 'at_risk',
  at: AT,
  id: 's1',
  subject: text,
  risk: { kind: 'step_up', score: 45, signals: ['country_changed', 'asn_changed'] },
  place: text,
  placeBefore: text,
  device: text,
  deviceBefore: text,
})
const violation = (text = 'https://app.example/a'): CspReport => ({
  document: text,
  directive: text,
  blocked: text,
  disposition: 'enforce',
  source: text,
  sample: text,
  suggestion: undefined,
  count: 3,
  firstAt: AT - 5,
  lastAt: AT,
})
const entry = (text = 'documents'): AccessEntry => ({
  id: 'r1',
  at: AT,
  actor: { kind: 'subject', id: 'anna', session: 's1' },
  action: 'view',
  resource: { type: text, id: '42' },
  outcome: 'success',
  status: 200,
  method: 'GET',
  route: '/api/documents/:id',
  address: '203.0.113.7',
  userAgent: 'Firefox',
})

describe('the event of a session', () => {
  it('at risk says what was seen and what it came to', () => {
    expect(sessionEvent(atRisk('anna'), request(), HERE)).toEqual({
      '@timestamp': AT,
      'event.category': 'session',
      'event.dataset': 'guard.session',
      'event.action': 'session-at-risk',
      'event.outcome': 'failure',
      'event.reason': 'step_up',
      'session.id': 's1',
      'user.id': 'anna',
      'source.ip': '203.0.113.7',
      'user_agent.original': 'Firefox',
      'url.path': '/a',
      'parapet.score': 45,
      'parapet.signals': ['country_changed', 'asn_changed'],
      'parapet.place': 'anna',
      'parapet.device': 'anna',
    })
  })

  it('that was ended says why and which, also without a request', () => {
    const ended = sessionEvent({ kind: 'revoked', at: AT, subject: 'anna', ids: ['s1', 's2'], reason: 'too_many' }, undefined, undefined)
    expect(ended).toMatchObject({ 'event.action': 'session-revoked', 'event.reason': 'too_many', 'parapet.sessions': ['s1', 's2'] })
    expect('source.ip' in ended).toBe(false)
    const many = sessionEvent(
      { kind: 'revoked', at: AT, subject: 'anna', ids: Array.from({ length: 500 }, () => 's'), reason: 'revoked' },
      undefined,
      undefined,
    )
    expect(many['parapet.sessions']).toHaveLength(EVENT_LIMITS.items)
  })

  it('that a decision ended names the decision', () => {
    expect(endedEvent(AT, decision(), 'anna')).toMatchObject({
      'event.action': 'sessions-ended',
      'event.reason': 'suspend',
      'parapet.decision': 'd1',
      'user.id': 'anna',
    })
  })
})

describe('the event of an attack on many accounts', () => {
  it('says when it begins and ends, from where and on how many', () => {
    const spraying = { kind: 'spraying', at: AT, subjects: 20, attempts: 60, addresses: 7, windowMs: 1 } as const
    expect(campaignEvent({ ...spraying, state: 'began' })).toMatchObject({
      'event.action': 'login-spraying',
      'event.outcome': 'failure',
      'event.reason': 'began',
      message: '60 tries on 20 names from 7 addresses',
    })
    expect(campaignEvent({ ...spraying, state: 'ended' })['event.outcome']).toBe('success')
    expect(
      campaignEvent({
        kind: 'stuffing',
        state: 'began',
        at: AT,
        source: '203.0.113.0/24',
        subjects: 9,
        unknown: 8,
        attempts: 9,
        windowMs: 1,
      }),
    ).toMatchObject({ 'event.action': 'login-stuffing', message: '9 tries on 9 names, 8 of them unknown, from 203.0.113.0/24' })
  })
})

describe('the event of a credential [ASVS 16.3.1]', () => {
  it('says whose, what was done and with which factor', () => {
    expect(credentialEvent(AT, 'anna', 'factor-enrolled', 'success', { factor: 'totp' })).toEqual({
      '@timestamp': AT,
      'event.category': 'iam',
      'event.action': 'factor-enrolled',
      'event.outcome': 'success',
      'event.dataset': 'guard.credentials',
      'parapet.factor': 'totp',
      'user.id': 'anna',
    })
    expect(credentialEvent(AT, 'anna', 'factor-refused', 'failure', { reason: 'reused' })['event.reason']).toBe('reused')
  })
})

describe('the event of something that was changed on its way [ASVS 16.3.3]', () => {
  it('keeps the target of a redirect and of a URL, without what signs in', () => {
    expect(tamperEvent({ kind: 'redirect_refused', at: AT, reason: 'hidden_host', target: '//evil.example/?token=abc&x=1' })).toMatchObject(
      {
        'event.action': 'redirect-refused',
        'event.reason': 'hidden_host',
        'url.original': '//evil.example/?token=***&x=1',
      },
    )
    expect(tamperEvent({ kind: 'url_tampered', at: AT, url: '/f?sig=abc', request: request() }, HERE)).toMatchObject({
      'event.action': 'url-tampered',
      'source.ip': '203.0.113.7',
      'url.original': '/f?sig=***',
    })
    expect(tamperEvent({ kind: 'url_used', at: AT, url: '/f', request: undefined })).toMatchObject({
      'event.action': 'url-used',
      'url.original': '/f',
    })
  })

  it('keeps an id that was made up, as it came', () => {
    expect(tamperEvent({ kind: 'public_id_forged', at: AT, type: 'doc', text: 'doc_xyz' })).toMatchObject({
      'event.action': 'public-id-forged',
      'event.reason': 'doc',
      'parapet.public_id': 'doc_xyz',
    })
  })
})

describe('the event of a violation of the policy', () => {
  it('says what was stopped, where, and how often', () => {
    expect(cspEvent(violation())).toMatchObject({
      'event.action': 'csp-violation',
      'event.outcome': 'success',
      'parapet.blocked': 'https://app.example/a',
      'parapet.count': 3,
    })
    expect(cspEvent({ ...violation(), disposition: 'report' })['event.outcome']).toBe('unknown')
    expect('parapet.source' in cspEvent({ ...violation(), source: undefined })).toBe(false)
  })
})

describe('the event of an error', () => {
  it('says its code and where the log has the rest [ASVS 16.3.4]', () => {
    expect(errorEvent(AT, 'r1', 'PPT_INTERNAL', 500)).toMatchObject({
      'event.action': 'application-error',
      'event.reason': 'PPT_INTERNAL',
      'http.response.status_code': 500,
      'parapet.request': 'r1',
    })
  })
})

describe('the event of an access', () => {
  it('says who did what to which thing', () => {
    expect(accessEvent(entry())).toMatchObject({
      'event.action': 'resource-view',
      'event.outcome': 'success',
      'parapet.resource': 'documents',
      'parapet.resource_id': '42',
      'user.id': 'anna',
      'session.id': 's1',
      'url.path': '/api/documents/:id',
    })
    const refused = accessEvent({ ...entry(), actor: { kind: 'anonymous' }, outcome: 'refused', reason: 'decision' })
    expect(refused).toMatchObject({ 'event.outcome': 'failure', 'event.reason': 'decision' })
    expect('user.id' in refused).toBe(false)
  })
})

describe('trap: CR/LF and ANSI in logged values', () => {
  const hostile = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.string({ unit: 'binary', maxLength: 100 }),
    fc.constantFrom('\r\nforged: line', '\u001b[2J\u001b[31mred', '\u202egnp.exe', 'a'.repeat(20_000), '\u0000', '\ud800', '__proto__'),
  )
  const events = (text: string): SecurityEvent[] => [
    sessionEvent(atRisk(text), request({ url: `/${text}` }, text), HERE),
    sessionEvent({ kind: 'revoked', at: AT, subject: text, ids: ['s'], reason: 'revoked' }, request({}, text), HERE),
    campaignEvent({ kind: 'stuffing', state: 'began', at: AT, source: text, subjects: 1, unknown: 1, attempts: 1, windowMs: 1 }),
    endedEvent(AT, decision({ id: text }), text),
    credentialEvent(AT, text, text, 'failure', { reason: text, factor: text }),
    tamperEvent({ kind: 'redirect_refused', at: AT, reason: 'no_text', target: text }),
    tamperEvent({ kind: 'url_tampered', at: AT, url: `/${text}?${text}`, request: request({ url: text }, text) }, HERE),
    tamperEvent({ kind: 'public_id_forged', at: AT, type: text, text }),
    cspEvent(violation(text)),
    errorEvent(AT, text, text, 500),
    requestEvent({
      at: AT,
      request: request({ method: text, url: `/${text}?${text}` }, text),
      client: HERE,
      status: 200,
      session: { id: 's', subject: text },
      reason: undefined,
      decisionId: text,
    }),
  ]

  it('no field of any event drives a terminal, forges a line or grows beyond its bound [ASVS 16.4.1]', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        for (const event of events(text)) {
          for (const value of Object.values(event)) {
            if (typeof value !== 'string') continue
            // oxlint-disable-next-line no-control-regex -- these are what is looked for
            expect(value).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/)
            expect(value.length).toBeLessThanOrEqual(EVENT_LIMITS.text)
            // a lone surrogate would not survive UTF-8
            expect(Buffer.from(value, 'utf8').toString('utf8')).toBe(value)
          }
          expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(EVENT_LIMITS.bytes)
          expect(Object.keys(event).length).toBeLessThan(EVENT_LIMITS.fields)
        }
      }),
    )
  })

  it('what is plain stays as it is, and what is not stays readable', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', maxLength: 60 }), (text) => {
        expect(visibleText(text, 100)).toBe(text)
      }),
    )
    expect(visibleText('a\r\nb\u001b[1m é', 100)).toBe('a\\x0d\\x0ab\\x1b[1m é')
    expect(visibleText('abcdef', 3)).toBe('abc')
    expect(visibleText('\u0000\u0000', 3)).toBe('\\x0')
  })
})
