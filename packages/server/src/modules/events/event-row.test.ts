import * as fc from 'fast-check'
import { canonicalAddress, type SecurityEvent } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { createConceal } from '../../vault/index.js'
import { testVault } from '../../vault/fixtures/test-vault.js'
import { CLAIMED_TIME, dayOf, eventKey, hourOf, MAX_AHEAD, storedId, toEventRow, weekOf } from './event-row.js'

const NOW = 1_795_000_000_000
const row = (event: Partial<SecurityEvent>, receivedAt = NOW) =>
  toEventRow('s', { '@timestamp': NOW, ...event }, receivedAt, {
    clock: () => NOW,
    vault: testVault(),
    conceal: createConceal(testVault()),
  })
const timeOf = (event: Partial<SecurityEvent>, receivedAt = NOW): SecurityEvent => JSON.parse(row(event, receivedAt).body) as SecurityEvent
/** Text as attackers choose it: every code unit, halves of pairs too. */
const hostile = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((units) => String.fromCharCode(...units))

describe('the key under which a repetition is recognised', () => {
  it('is a UUID for any source and any id', () => {
    fc.assert(
      fc.property(hostile, hostile, (source, id) => {
        expect(eventKey(source, id)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/)
      }),
    )
  })

  it('is the same for the same two, and another for any other two, however they are put together', () => {
    fc.assert(
      fc.property(
        hostile,
        hostile,
        hostile.filter((text) => text !== ''),
        (a, b, c) => {
          expect(eventKey(a, b)).toBe(eventKey(a, b))
          // moving characters from one side to the other makes another key
          expect(eventKey(a + c, b)).not.toBe(eventKey(a, c + b))
        },
      ),
    )
  })

  it('begins with the time of an id that has one, and differs between sources all the same', () => {
    const id = '019AA7F0-1234-7abc-8def-0123456789ab'
    expect(eventKey('a', id).slice(0, 13)).toBe('019aa7f0-1234')
    expect(eventKey('a', id)).not.toBe(eventKey('b', id))
  })
})

describe('a row', () => {
  it('has no line break or NUL in any column that travels as lines, whatever is sent', () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (id, text, address) => {
        const {
          key,
          id: stored,
          address: inet,
          body,
          userId,
          userName,
        } = row({
          'event.id': id,
          'user.id': text,
          'user.name': text,
          'source.ip': address,
          message: text,
        })
        for (const line of [key, stored, inet ?? '', body]) expect(line).not.toMatch(/[\n\0]/)
        for (const column of [userId, userName]) expect(column ?? '').not.toContain('\0')
      }),
    )
  })

  it('gives back every field as it was sent', () => {
    fc.assert(
      fc.property(
        hostile.filter((text) => text !== ''),
        hostile,
        (id, text) => {
          const sent = { '@timestamp': NOW, 'event.id': id, 'event.dataset': 'x', message: text, 'a.b': [text, 1, true] }
          expect(JSON.parse(row(sent).body)).toEqual(sent)
        },
      ),
    )
  })

  it('keeps addresses only in one spelling, and what is none not at all', () => {
    expect(row({ 'source.ip': '::FFFF:203.0.113.7' }).address).toBe(canonicalAddress('::ffff:203.0.113.7'))
    for (const junk of ['', ' 203.0.113.7', '203.0.113.7/8', '203.0.113.07', '1', 'fe80::1%eth0\n'])
      expect([null, 'fe80::1']).toContain(row({ 'source.ip': junk }).address)
  })

  it('stores short plain ids as they are, and digests of all others that do not meet', () => {
    expect(storedId('a-1')).toBe('a-1')
    const odd = ['a b', 'a\nb', 'ä', '', 'x'.repeat(129), 'a\0']
    expect(new Set(odd.map(storedId)).size).toBe(odd.length)
    for (const id of odd) expect(storedId(id)).toMatch(/^sha256:[0-9a-f]{64}$/)
  })

  it('counts as generated only by the tag itself', () => {
    expect(row({ tags: ['parapet.demo'] }).demo).toBe(true)
    for (const tags of [['parapet.demo2'], [], 'parapet.demo' as unknown as string[]]) expect(row({ tags }).demo).toBe(false)
  })
})

describe('a time', () => {
  it('is never more than a day after the receipt, and otherwise the one that was sent', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), fc.integer({ min: 0, max: 8_000_000_000_000 }), (at, receivedAt) => {
        const event = timeOf({ '@timestamp': at }, receivedAt)
        const possible = at <= receivedAt + MAX_AHEAD
        expect(event['@timestamp']).toBe(possible ? at : receivedAt)
        expect(event[CLAIMED_TIME]).toBe(possible ? undefined : at)
      }),
    )
  })

  it('that a sender claims for itself in our field does not hide a correction', () => {
    expect(timeOf({ '@timestamp': NOW + MAX_AHEAD + 1, [CLAIMED_TIME]: 1 })[CLAIMED_TIME]).toBe(NOW + MAX_AHEAD + 1)
  })

  it('falls into the day, the week and the hour that hold it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 8_000_000_000_000 }), (at) => {
        expect(dayOf(at) * 86_400_000).toBeLessThanOrEqual(at)
        expect((dayOf(at) + 1) * 86_400_000).toBeGreaterThan(at)
        expect(weekOf(at)).toBe(Math.floor(dayOf(at) / 7))
        expect([hourOf(at) <= at, at - hourOf(at) < 3_600_000]).toEqual([true, true])
      }),
    )
  })
})
