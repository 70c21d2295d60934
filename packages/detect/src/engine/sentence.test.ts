import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { alertId } from './alert-id.js'
import { createKeyParts, keyText } from './group-key.js'
import { boundWords, durationWords, eventSample, fieldWords, groupWords, numberWord, plain, singleWhy } from './sentence.js'

describe('sentences', () => {
  it('write small numbers as words and durations in full', () => {
    expect([0, 1, 5, 12, 13].map(numberWord)).toEqual(['none', 'one', 'five', 'twelve', '13'])
    expect([1_000, 60_000, 900_000, 3_600_000, 172_800_000, 90_000, 1_500].map(durationWords)).toEqual([
      '1 second',
      '1 minute',
      '15 minutes',
      '1 hour',
      '2 days',
      '90 seconds',
      '2s',
    ])
  })

  it('name bounds, fields and groups', () => {
    expect(boundWords([{ op: 'gte', value: 5 }])).toBe('five')
    expect(
      boundWords([
        { op: 'gt', value: 5 },
        { op: 'lte', value: 20 },
      ]),
    ).toBe('more than five and at most 20')
    expect(boundWords([{ op: 'eq', value: 3 }])).toBe('exactly three')
    expect(fieldWords(['user.name'])).toBe('user names')
    expect(fieldWords(['a.b'])).toBe('values of a.b')
    expect(fieldWords(['constructor'])).toBe('values of constructor')
    expect(groupWords(['source.ip', 'event.dataset'], ['198.51.100.1', 'sshd'])).toBe(' from 198.51.100.1')
    expect(groupWords(['user.name', 'url.path', 'x'], ['root', '/login', 'y'])).toBe(' on user root at /login with x y')
  })

  it('show of an event its request, its act, or its message', () => {
    expect(eventSample({ '@timestamp': 1, 'http.request.method': 'GET', 'url.path': '/a', 'url.query': 'b=c' })).toBe('GET /a?b=c')
    expect(eventSample({ '@timestamp': 1, 'event.action': 'login', 'event.outcome': 'failure', 'user.name': 'root' })).toBe(
      'login (failure) as root',
    )
    expect(eventSample({ '@timestamp': 1, message: 'hello' })).toBe('hello')
    expect(eventSample({ '@timestamp': 1 })).toBe('')
  })

  it('tell how often and how long', () => {
    expect(singleWhy('Probe', ['source.ip', '198.51.100.1'], { total: 1, first: 0, last: 0, sample: 'GET /.env' })).toBe(
      'Probe from 198.51.100.1: GET /.env',
    )
    expect(singleWhy('Probe', ['', ''], { total: 3, first: 0, last: 12_000, sample: '' })).toBe('Probe (3 times within 12 s)')
  })

  it('never let hostile text hold control, direction or invisible characters, nor grow', () => {
    expect(plain('a\u001b[31mb\r\nc\u202ed\u200be\0f')).toBe('a\uFFFD[31mb\uFFFD\uFFFDc\uFFFDd\uFFFDe\uFFFDf')
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const safe = plain(text)
        expect(safe.length).toBeLessThanOrEqual(122)
        expect(/[\p{Cc}\p{Cf}\p{Cs}]/u.test(safe)).toBe(false)
      }),
    )
  })
})

describe('group keys', () => {
  it('fold addresses to what is counted as one', () => {
    const parts = createKeyParts()
    expect(parts.part('source.ip', '::ffff:198.51.100.1')).toBe('198.51.100.1')
    expect(parts.part('source.ip', '2001:db8::1')).toBe(parts.part('source.ip', '2001:DB8:0::ffff'))
    expect(parts.part('source.ip', '2001:db8::1')).toBe('2001:db8::/64')
    expect(parts.part('source.ip', 'unix:')).toBe('unix:')
    expect(parts.part('user.name', '')).toBeUndefined()
    expect(parts.part('user.name', null)).toBeUndefined()
    expect(parts.part('status', 404)).toBe('404')
    expect(parts.address('[2001:db8::1]:443')).toBe('2001:db8::1')
    expect(parts.address('nonsense')).toBeUndefined()
    // asked again, in turns, and for none
    expect(['::ffff:10.0.0.1', '::ffff:10.0.0.1', 'x', 'x', '', '10.0.0.1'].map(parts.address)).toEqual([
      '10.0.0.1', '10.0.0.1', undefined, undefined, undefined, '10.0.0.1',
    ]) // prettier-ignore
  })

  it('are bounded and fit for a database, and differ where the values do', () => {
    expect(keyText('a\0b\u001fc\ud800')).toBe('a\uFFFDb\uFFFDc\uFFFD')
    expect(keyText('x'.repeat(500)).length).toBeLessThan(160)
    expect(keyText(`${'x'.repeat(500)}a`)).not.toBe(keyText(`${'x'.repeat(500)}b`))
    expect(keyText('grüße 🙂')).toBe('grüße 🙂')
  })

  it('hold nothing that a database refuses, and are the same as before where nothing is to be replaced', () => {
    const unit = fc.constantFrom(
      'a',
      'ü',
      '\0',
      '\u001e',
      '\u001f',
      '\ud7ff',
      '\ud800',
      '\udbff',
      '\udc00',
      '\udfff',
      '\ue000',
      '\u{1f642}',
    )
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 12 }), (value) => {
        const text = keyText(value)
        expect(text).toBe(
          value
            .replaceAll('\0', '\uFFFD')
            .replaceAll('\u001f', '\uFFFD')
            .replaceAll(/\p{Surrogate}/gu, '\uFFFD'),
        )
        expect(Buffer.from(text).toString()).toBe(text)
      }),
      { numRuns: 5_000 },
    )
  })
})

describe('alert ids', () => {
  it('are UUIDs that differ with rule, group, time and event, and never by chance', () => {
    const id = alertId('rule', 'group', 1, 2)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(alertId('rule', 'group', 1, '2')).toBe(id)
    const others = [
      alertId('rul', 'egroup', 1, 2),
      alertId('rule', 'other', 1, 2),
      alertId('rule', 'group', 12, 2),
      alertId('rule', 'group', 1, 22),
    ]
    expect(new Set([id, ...others]).size).toBe(5)
  })
})
