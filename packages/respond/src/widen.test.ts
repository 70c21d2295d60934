import { HOUR } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decisionOf, NOW } from './fixtures/alerts.js'
import { rangeContains, rangeOfTarget } from './targets.js'
import { WIDENING, widenedTarget } from './widen.js'

const held = (values: readonly string[], over: Parameters<typeof decisionOf>[0] = {}) =>
  values.map((value, i) => decisionOf({ id: `h${i}`, target: { kind: 'cidr', value }, expiresAt: NOW + HOUR, ...over }))
/** `count` different /64s of one /56, or beyond 256 of one /48. */
const networks = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => `2001:db8:1:${(from + i).toString(16)}::/64`)
const widen = (values: readonly string[], target = '2001:db8:1:ff::/64', over: Parameters<typeof decisionOf>[0] = {}): string | undefined =>
  widenedTarget({ kind: 'cidr', value: target }, 'deny', () => held(values, over), NOW)?.value

describe('a network is acted on instead of one more of its parts', () => {
  it('from sixteen /64s of a /56 on', () => {
    expect(widen(networks(14))).toBeUndefined()
    expect(widen(networks(15))).toBe('2001:db8:1::/56')
  })

  it('from sixty-four /64s of a /48 on, in which a denied /56 stands for sixteen', () => {
    const spread = Array.from({ length: 63 }, (_, i) => `2001:db8:1:${(i * 256).toString(16)}::/64`)
    expect(widen(spread.slice(1), '2001:db8:1:ff01::/64')).toBeUndefined()
    expect(widen(spread, '2001:db8:1:ff01::/64')).toBe('2001:db8:1::/48')
    const wide = ['2001:db8:1:100::/56', '2001:db8:1:200::/56', '2001:db8:1:300::/56']
    expect(widen([...wide, ...spread.slice(40, 54)], '2001:db8:1:ff01::/64')).toBeUndefined()
    expect(widen([...wide, ...spread.slice(40, 55)], '2001:db8:1:ff01::/64')).toBe('2001:db8:1::/48')
    // what lies in a denied /56 is not counted beside it
    expect(widen([...wide, ...networks(15, 0x100), ...networks(15, 0x200)], '2001:db8:1:ff01::/64')).toBeUndefined()
  })

  it('never for IPv4, and not for what is too wide already', () => {
    expect(widenedTarget({ kind: 'ip', value: '203.0.113.7' }, 'deny', () => held(networks(99)), NOW)).toBeUndefined()
    expect(widen(networks(99), '2001:db8:1::/56')).toBeUndefined()
    expect(widenedTarget({ kind: 'user', value: 'ann' }, 'deny', () => held(networks(99)), NOW)).toBeUndefined()
  })

  it.each([
    ['is over', { expiresAt: NOW }],
    ['was only observed', { mode: 'observe' as const }],
    ['is another action', { action: 'throttle' as const }],
    ['a person made', { author: { kind: 'operator' as const, id: 'o' } }],
  ])('not because of what %s', (_, over) => {
    expect(widen(networks(99), '2001:db8:1:ff::/64', over)).toBeUndefined()
  })

  it('counts a network once, however often it is held', () => {
    expect(widen([...networks(10), ...networks(10)])).toBeUndefined()
    expect(widen(['2001:db8:1:ff::/64', ...networks(14)])).toBeUndefined()
  })

  it('always holds the target, and is never wider than a /48', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 600 }), { maxLength: 120 }), fc.integer({ min: 0, max: 600 }), (parts, part) => {
        const target = { kind: 'cidr', value: `2001:db8:1:${part.toString(16)}::/64` } as const
        const wide = widenedTarget(target, 'deny', () => held(parts.map((at) => `2001:db8:1:${at.toString(16)}::/64`)), NOW)
        if (wide === undefined) return
        const range = rangeOfTarget(wide)!
        expect(WIDENING.map(({ prefix }) => prefix)).toContain(range.prefix)
        expect(rangeContains(range, rangeOfTarget(target)!)).toBe(true)
        expect(new Set(parts).size + 1).toBeGreaterThanOrEqual(WIDENING.find(({ prefix }) => prefix === range.prefix)!.networks)
      }),
    )
  })
})
