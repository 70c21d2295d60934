import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CookieFact, cookieFact, type CookieFacts, looksSecret } from './cookie-facts.js'
import { cookieHttpOnly } from './cookie-httponly.js'
import { cookieSameSite } from './cookie-samesite.js'
import { cookieSecure } from './cookie-secure.js'
import type { Fault } from './fixtures/little-app.js'
import { factsOn, inShort, runOn } from './fixtures/run-probe.js'

fc.configureGlobal({ seed: 20_261_122 })

const HTTPS = { target: { publicOrigin: 'https://app.example' } }

describe('the flags of cookies, before a real server', () => {
  it.each<[typeof cookieSecure, readonly Fault[], object, string]>([
    [cookieSecure, ['samesite-none'], HTTPS, 'pass cookie sid'],
    [cookieSecure, [], HTTPS, 'fail high cookie sid'],
    [cookieSecure, [], {}, 'skipped cookie sid'],
    [cookieHttpOnly, [], {}, 'pass cookie sid'],
    [cookieHttpOnly, ['no-httponly'], {}, 'fail high cookie sid'],
    [cookieSameSite, [], {}, 'pass cookie sid'],
    [cookieSameSite, ['samesite-none'], {}, 'fail medium cookie sid'],
    [cookieSameSite, ['no-samesite'], {}, 'fail medium cookie sid'],
  ])('%#: $name', async (probe, faults, options, verdict) => {
    expect(inShort(probe, await runOn(probe, faults, options))).toEqual([verdict])
  })

  it('are read once a run, and their values are not kept', async () => {
    const { facts, seen } = await factsOn(cookieHttpOnly, [])
    expect(facts).toMatchObject({ session: 'sid', cookies: [{ name: 'sid', by: 'POST /sign-in', status: 303, httpOnly: true }] })
    expect(JSON.stringify(facts)).not.toMatch(/[\da-f]{32}/)
    expect(seen.filter((line) => line === 'POST /sign-in')).toHaveLength(1)
  })
})

const BY = { request: 'POST /sign-in', status: 303 }
const NOW = Date.UTC(2026, 10, 22)
const fact = (line: string): CookieFact | undefined => cookieFact(line, BY, NOW)

describe('a Set-Cookie line', () => {
  it.each<[string, Partial<CookieFact>]>([
    ['__Host-sid=abc; Path=/; Secure; HttpOnly; SameSite=Lax', { name: '__Host-sid', secure: true, httpOnly: true, sameSite: 'lax' }],
    ['sid=abc; secure; httponly; samesite=NONE', { secure: true, httpOnly: true, sameSite: 'none' }],
    ['sid=abc', { secure: false, httpOnly: false, sameSite: undefined }],
    ['sid=abc; Max-Age=600; Expires=Thu, 01 Jan 1970 00:00:00 GMT', { name: 'sid' }],
    ['sid=abc; Comment=Secure', { secure: false }],
    ['sid=abc; SameSite', { sameSite: '' }],
  ])('%s', (line, expected) => {
    expect(fact(line)).toMatchObject(expected)
  })

  it.each([
    'sid=; Path=/',
    'sid=gone; Max-Age=0',
    'sid=gone; Max-Age=-1; Secure',
    'sid=gone; Expires=Thu, 01 Jan 1970 00:00:00 GMT',
    '=x',
    'nothing',
  ])('that deletes or sets nothing is no fault: %s', (line) => {
    expect(fact(line)).toBeUndefined()
  })

  it('never throws, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (line) => {
        expect(fact(line)?.name).not.toBe('')
      }),
    )
  })
})

describe('what looks like a secret', () => {
  it.each<[string, string, boolean]>([
    ['remember', '9f8e7d6c5b4a39281706f5e4', true],
    ['jwt', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc', true],
    ['_ga', 'GA1.2.1234567890.9876543210', false],
    ['theme', 'dark-with-1-accent-and-more', false],
    ['seen', '1', false],
    ['message', 'your 2 notes were saved well', false],
    ['flag', 'aaaaaaaaaaaaaaaaaaaa1', false],
    ['words', 'this-is-only-a-slug', false],
  ])('%s=%s: %s', (name, value, expected) => {
    expect(looksSecret(name, value)).toBe(expected)
  })
})

const cookie = (more: Partial<CookieFact> = {}): CookieFact => ({
  name: 'sid',
  by: 'POST /sign-in',
  status: 303,
  secure: true,
  httpOnly: true,
  sameSite: 'lax',
  secret: true,
  ...more,
})
const facts = (...cookies: CookieFact[]): CookieFacts => ({ publicOrigin: 'https://app.example', session: 'sid', cookies })

describe('the judges of cookies', () => {
  it('take the worst of several lines for one cookie', () => {
    expect(inShort(cookieSecure, cookieSecure.judge(facts(cookie(), cookie({ by: 'GET /notes', secure: false }))))).toEqual([
      'fail high cookie sid',
    ])
    const [verdict] = cookieSecure.judge(facts(cookie(), cookie({ by: 'GET /notes', secure: false })))
    expect(verdict).toMatchObject({
      says: expect.stringContaining('GET /notes'),
      evidence: [{ url: '/notes', note: 'Set-Cookie: sid=...; HttpOnly; SameSite=lax' }],
    })
  })

  it('judge others that look like secrets, less gravely, and no others', () => {
    const other = cookie({ name: 'remember', httpOnly: false })
    expect(inShort(cookieHttpOnly, cookieHttpOnly.judge(facts(cookie(), other)))).toEqual(['pass cookie sid', 'fail low cookie remember'])
    expect(inShort(cookieHttpOnly, cookieHttpOnly.judge(facts(cookie(), { ...other, secret: false })))).toEqual(['pass cookie sid'])
  })

  it('let scripts read tokens against cross-site requests, which is what they are for, but only over TLS', () => {
    const token = cookie({ name: 'XSRF-TOKEN', httpOnly: false, sameSite: undefined, secure: false })
    expect(inShort(cookieHttpOnly, cookieHttpOnly.judge(facts(cookie(), token)))).toEqual(['pass cookie sid'])
    expect(inShort(cookieSameSite, cookieSameSite.judge(facts(cookie(), token)))).toEqual(['pass cookie sid'])
    expect(inShort(cookieSecure, cookieSecure.judge(facts(cookie(), token)))).toEqual(['pass cookie sid', 'fail low cookie XSRF-TOKEN'])
  })

  it('judge the session even where its value looks like nothing', () => {
    expect(inShort(cookieHttpOnly, cookieHttpOnly.judge(facts(cookie({ secret: false, httpOnly: false }))))).toEqual([
      'fail high cookie sid',
    ])
  })

  it('never pass a cookie that was not set', () => {
    expect(cookieSecure.judge(facts(cookie({ name: 'other' })))[0]).toMatchObject({
      verdict: 'inconclusive',
      reason: expect.stringContaining('only other'),
    })
    expect(cookieSameSite.judge(facts())[0]).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('no cookie') })
  })

  it.each<[string | undefined, string]>([
    ['lax', 'pass'],
    ['strict', 'pass'],
    ['none', 'fail'],
    ['', 'fail'],
    ['off', 'fail'],
    [undefined, 'fail'],
  ])('SameSite=%s: %s', (sameSite, verdict) => {
    expect(cookieSameSite.judge(facts(cookie({ sameSite })))[0]?.verdict).toBe(verdict)
  })
})
