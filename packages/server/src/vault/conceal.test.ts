import * as fc from 'fast-check'
import type { SecurityEvent } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { createConceal } from './conceal.js'
import { findPlanted, PLANTED, PLANTED_LINE } from '@parapet/testkit'
import { testVault } from './fixtures/test-vault.js'

fc.configureGlobal({ seed: 20_261_121 })

const vault = testVault()
const conceal = createConceal(vault)
const AT = 1_795_000_000_000
const event = (fields: Partial<SecurityEvent>): SecurityEvent => ({ '@timestamp': AT, ...fields })

describe('an event taken apart', () => {
  it('leaves nothing of a person or a secret in the open part, whatever field it stands in', () => {
    const names = [
      'event.category', 'event.action', 'event.reason', 'event.dataset', 'event.original', 'message', 'host.name', 'service.name', 'process.name',
      'source.ip', 'user.name', 'user.email', 'user.id', 'user.target.name', 'session.id', 'device.id', 'url.path', 'url.query', 'url.original',
      'http.request.method', 'http.request.referrer', 'user_agent.original', 'tags', 'labels.note', 'app.comment', 'related.user', 'customer_email',
      'event.id', 'source.port', 'http.response.status_code', '@other',
    ] // prettier-ignore
    fc.assert(
      fc.property(fc.subarray(names, { minLength: 1 }), fc.boolean(), (fields, asList) => {
        const sent = event({
          ...Object.fromEntries(fields.map((name) => [name, asList ? [PLANTED_LINE, 'x'] : PLANTED_LINE])),
          'user.name': PLANTED.name,
        })
        expect(findPlanted(JSON.stringify(conceal(sent).open))).toEqual([])
      }),
      { numRuns: 40 },
    )
  })

  it('keeps an ordinary event as it is but for whom it names, and gives it back whole', () => {
    const sent = event({
      'event.id': '019aa7f0-1234-7abc-8def-0123456789ab',
      'event.category': 'web',
      'event.action': 'http-request',
      'event.outcome': 'success',
      'event.dataset': 'guard.request',
      'http.request.method': 'GET',
      'url.path': '/shop/items/4711',
      'url.query': 'page=2&sort=price',
      'http.response.status_code': 200,
      'http.response.body.bytes': 1_234_567,
      'source.ip': '203.0.113.7',
      'source.port': 52_114,
      'user_agent.original': 'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0',
      'user.id': '019aa7f0-0000-7abc-8def-0123456789ab',
      'user.name': 'ann',
      'user.email': 'ann@example.org',
      tags: ['parapet.demo'],
      took_ms: 12.5,
    })
    const { open, personal, userId, userName, userEmail } = conceal(sent)
    const { 'user.name': name, 'user.email': email, ...rest } = sent
    expect(open).toEqual(rest)
    expect(personal).toEqual({ 'user.name': name, 'user.email': email })
    expect({ userId, userName, userEmail }).toEqual({ userId: sent['user.id'], userName: 'ann', userEmail: 'ann@example.org' })
  })

  it('seals an id that is a mail address, and leaves one that is opaque', () => {
    expect(conceal(event({ 'user.id': 'ann@example.org' }))).toMatchObject({ personal: { 'user.id': 'ann@example.org' } })
    expect(conceal(event({ 'user.id': 'u-1001' }))).toMatchObject({ open: { 'user.id': 'u-1001' }, personal: undefined })
  })

  it('takes the names that an event gives out of its raw lines, as words only', () => {
    const { open } = conceal(event({ 'user.name': 'ann', message: 'Failed password for ann from 203.0.113.7; annex, joann', note: 'ann!' }))
    expect(open).toMatchObject({ message: 'Failed password for [name] from 203.0.113.7; annex, joann', note: '[name]!' })
  })

  it('never touches a URL for a name: nobody hides a probe by signing in as a part of it', () => {
    const { open } = conceal(event({ 'user.name': 'passwd', 'url.path': '/../../etc/passwd', 'url.query': "id=1' or passwd" }))
    expect(open).toMatchObject({ 'url.path': '/../../etc/passwd', 'url.query': "id=1' or passwd" })
  })

  it('sees what a form has written into a query: escaped, and with + for spaces', () => {
    const query = new URLSearchParams({
      q: 'lamp 3 + 4',
      card: PLANTED.card,
      mail: PLANTED.email,
      tel: PLANTED.phone,
      note: PLANTED_LINE,
    }).toString()
    const fields = { 'url.query': query, 'url.original': `/pay?${query}`, 'http.request.referrer': `https://shop.example/pay?${query}` }
    expect(findPlanted(JSON.stringify(conceal(event(fields)).open))).toEqual([])
    expect(conceal(event({ 'url.query': 'q=1+2+3&sort=a+b' })).open['url.query']).toBe('q=1+2+3&sort=a+b')
  })

  it('stays linear for an event that names itself thousands of times', () => {
    const began = performance.now()
    conceal(
      event({ 'related.user': Array.from({ length: 64 }, (_, i) => `n${i}`), message: 'n1 '.repeat(2_700), note: 'n2 '.repeat(2_700) }),
    )
    expect(performance.now() - began).toBeLessThan(500)
  })
})

describe('the name of an unknown subject', () => {
  const unknown = (name: string): SecurityEvent =>
    conceal(event({ 'event.reason': 'unknown_user', 'user.name': name, message: `Invalid user ${name} from 203.0.113.7` })).open

  it('is kept as a hash with a hint, the same for the same name, and nowhere else', () => {
    const one = unknown(PLANTED.mistyped)
    expect(one['user.name']).toMatch(/^m\*{3}~[\w-]{12}$/)
    expect(unknown(`  ${PLANTED.mistyped.toUpperCase()} `)['user.name']).toBe(one['user.name'])
    expect(unknown(`${PLANTED.mistyped}x`)['user.name']).not.toBe(one['user.name'])
    expect(findPlanted(JSON.stringify(one))).toEqual([])
  })

  it('is not sealed: what nobody can open cannot leak', () => {
    expect(conceal(event({ 'event.reason': 'invalid user', 'user.name': PLANTED.mistyped })).personal).toBeUndefined()
    expect(conceal(event({ 'event.reason': 'bad_password', 'user.name': 'ann' })).personal).toEqual({ 'user.name': 'ann' })
  })

  it('shows no character of a short one', () => {
    expect(unknown('abc')['user.name']).toMatch(/^\*{3}~/)
  })
})
