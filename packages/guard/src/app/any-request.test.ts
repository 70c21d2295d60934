import { type Decision, EVENT_LIMITS, type SecurityEvent } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GuardRequest } from '../request/guard-request.js'
import { createGuard, type Guard } from './guard.js'
import type { GuardOptions } from './options.js'

const guardOf = (events: SecurityEvent[], over: Partial<GuardOptions> = {}): Guard =>
  createGuard({
    clientAddress: { trusted: ['10.0.0.0/8'] },
    publicOrigins: ['https://app.example'],
    secret: 'k3y-for-tests-0123456789abcdefghij',
    sensitiveRoutes: ['/sign-up'],
    onEvent: (event) => events.push(event),
    onDiagnostic: () => undefined,
    ...over,
  })

const NAMES = ['cookie', 'origin', 'sec-fetch-site', 'x-forwarded-for', 'forwarded', 'user-agent', 'upgrade', 'content-type', 'host']
const text = fc.oneof(
  fc.string({ maxLength: 200 }),
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.constantFrom('null', 'https://app.example', 'same-origin', '__Host-session=x', 'for="', '"\\', '::ffff:1.2.3.4', ',,,,', '__proto__'),
  fc.constantFrom('%', '\u0000', '\r\nSet-Cookie: a=b', '9'.repeat(9_000), ','.repeat(9_000), '"'.repeat(9_000), '/..'.repeat(3_000)),
)
const anyRequest = fc
  .record({
    method: fc.oneof(fc.constantFrom('GET', 'POST', 'DELETE', 'HEAD', 'post', 'PROPFIND', ''), fc.string({ maxLength: 10 })),
    url: fc.oneof(text, fc.webUrl({ withQueryParameters: true, withFragments: true }), fc.constantFrom('/', '/login', '/sign-up', '*')),
    peer: fc.option(fc.constantFrom('203.0.113.7', '10.0.0.1', 'fe80::1%eth0', '::1', 'junk', ''), { nil: undefined }),
    headers: fc.dictionary(fc.constantFrom(...NAMES), text, { maxKeys: 6 }),
  })
  .map(({ method, url, peer, headers }): GuardRequest => {
    const header = (name: string): string | undefined => (Object.hasOwn(headers, name) ? headers[name] : undefined)
    return { method, url, peer, header, secure: false }
  })

describe('any request at all', () => {
  it('is answered, with headers that can be sent and an event that the control plane takes', async () => {
    const events: SecurityEvent[] = []
    const guard = guardOf(events)
    await fc.assert(
      fc.asyncProperty(anyRequest, fc.integer({ min: 100, max: 599 }), async (request, status) => {
        events.length = 0
        const passage = await guard.enter(request)
        passage.done(passage.refusal?.status ?? status)
        for (const [name, value] of passage.headers) {
          expect(name).toMatch(/^[A-Za-z-]+$/)
          expect(value).toMatch(/^[\x20-\x7e]*$/)
        }
        expect([undefined, 400, 403, 429]).toContain(passage.refusal?.status)
        const event = events.find((one) => one['event.dataset'] === 'guard.request')
        expect(event).toBeDefined()
        const json = JSON.stringify(event)
        expect(Buffer.byteLength(json)).toBeLessThan(EVENT_LIMITS.bytes)
        expect(JSON.parse(json)).toEqual(event)
        for (const value of Object.values(event ?? {})) expect(String(value).length).toBeLessThanOrEqual(EVENT_LIMITS.text)
      }),
      { numRuns: 400 },
    )
    await guard.close()
  })

  it('from a denied address is refused, whatever it says of itself', async () => {
    const guard = guardOf([])
    const deny: Decision = {
      id: 'd', revision: 1, target: { kind: 'cidr', value: '203.0.113.0/24' }, action: 'deny', scope: 'all', mode: 'enforce', reason: '',
      author: { kind: 'operator', id: 'o' }, batch: 'b', startsAt: 0, expiresAt: 9e15,
    } // prettier-ignore
    guard.decisions.apply(deny)
    await fc.assert(
      fc.asyncProperty(anyRequest, fc.constantFrom('203.0.113.7', '::ffff:203.0.113.7', '::ffff:cb00:7107'), async (request, peer) => {
        expect((await guard.enter({ ...request, peer })).refusal?.status).toBe(403)
      }),
      { numRuns: 200 },
    )
    // through a proxy, with anything put before what the proxy wrote
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 100 }), async (forged) => {
        const header = (name: string): string | undefined => (name === 'x-forwarded-for' ? `${forged}, 203.0.113.7` : undefined)
        const { refusal } = await guard.enter({ method: 'GET', url: '/', header, peer: '10.0.0.1', secure: false })
        expect(refusal?.status).toBe(403)
      }),
      { numRuns: 200 },
    )
    await guard.close()
  })

  it('that changes something never gets past the cross-site check with an Origin that is not ours', async () => {
    const guard = guardOf([], { limits: { anonymous: { limit: 100_000, windowMs: 1_000 } } })
    await fc.assert(
      fc.asyncProperty(anyRequest, fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE', 'post', 'LINK'), async (request, method) => {
        const header = (name: string): string | undefined => (name === 'origin' ? 'https://evil.example' : request.header(name))
        const { refusal } = await guard.enter({ ...request, method, header })
        expect([400, 403, 429]).toContain(refusal?.status)
      }),
      { numRuns: 200 },
    )
    await guard.close()
  })
})
