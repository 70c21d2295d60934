import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AddressRange, formatAddress, formatRange, parseAddress, parseRange, prefixOf } from './address.js'
import { createDecisionSet } from './decision-set.js'
import { type Decision, isActive } from './decisions.js'

const NOW = 1_790_000_000_000

let serial = 0
const decision = (over: Partial<Decision> = {}): Decision => {
  serial++
  return {
    id: `d${serial}`,
    revision: serial,
    target: { kind: 'ip', value: '203.0.113.7' },
    action: 'deny',
    scope: 'all',
    mode: 'enforce',
    reason: 'because',
    author: { kind: 'policy', id: 'brute-force' },
    batch: 'b',
    startsAt: NOW - 1_000,
    expiresAt: NOW + 60_000,
    ...over,
  }
}

const ids = (list: readonly Decision[]): string[] => list.map(({ id }) => id)

describe('matching', () => {
  it('finds a ban by address, range, user, session, country, network and for all, narrowest first', () => {
    const set = createDecisionSet()
    const list: [string, Decision['target']][] = [
      ['everybody', { kind: 'all', value: 'whatever' }],
      ['country', { kind: 'country', value: 'XX' }],
      ['asn', { kind: 'asn', value: '64500' }],
      ['wide', { kind: 'cidr', value: '203.0.0.0/16' }],
      ['narrow', { kind: 'cidr', value: '203.0.113.0/24' }],
      ['address', { kind: 'ip', value: '203.0.113.7' }],
      ['user', { kind: 'user', value: 'u1' }],
      ['session', { kind: 'session', value: 's1' }],
    ]
    for (const [id, target] of list) set.apply(decision({ id, target }))
    const subject = { address: '::ffff:203.0.113.7', user: 'u1', session: 's1', country: 'XX', asn: '64500' }
    expect(ids(set.match(subject, NOW))).toEqual(['session', 'user', 'address', 'narrow', 'wide', 'asn', 'country', 'everybody'])
    expect(ids(set.match({ address: '198.51.100.1' }, NOW))).toEqual(['everybody'])
    expect(ids(set.match({}, NOW))).toEqual(['everybody'])
  })

  it('denies the whole /64 for one IPv6 address, and not the next one', () => {
    const set = createDecisionSet()
    set.apply(decision({ target: { kind: 'ip', value: '2001:db8:1:2::5' } }))
    expect(set.match({ address: '2001:db8:1:2:ffff::9' }, NOW)).toHaveLength(1)
    expect(set.match({ address: '2001:db8:1:3::5' }, NOW)).toHaveLength(0)
    set.reset([decision({ target: { kind: 'cidr', value: '2001:db8:1:2::5/128' } })])
    expect(set.match({ address: '2001:db8:1:2::5' }, NOW)).toHaveLength(1)
    expect(set.match({ address: '2001:db8:1:2::6' }, NOW)).toHaveLength(0)
  })

  it('never mistakes a user for an address, a country for a network, or a name for a part of an object', () => {
    const set = createDecisionSet()
    for (const value of ['__proto__', 'constructor', '203.0.113.7', 'user:x', 'all'])
      set.apply(decision({ target: { kind: 'user', value } }))
    expect(set.match({ address: '203.0.113.7' }, NOW)).toEqual([])
    expect(set.match({ session: 'x', country: '__proto__' }, NOW)).toEqual([])
    expect(set.match({ user: '__proto__' }, NOW)).toHaveLength(1)
  })

  it('holds a target that is no address without ever matching it', () => {
    const set = createDecisionSet()
    const odd = decision({ target: { kind: 'ip', value: 'not an address' } })
    set.apply(odd)
    expect(set.match({ address: '203.0.113.7' }, NOW)).toEqual([])
    expect(set.match({ address: 'not an address' }, NOW)).toEqual([])
    set.apply({ ...odd, revision: odd.revision + 1, lifted: { at: NOW, by: odd.author, reason: 'odd' } })
    expect(set.size).toBe(0)
  })

  it('binds from its start to just before its expiry', () => {
    const set = createDecisionSet()
    set.apply(decision({ startsAt: NOW, expiresAt: NOW + 10 }))
    const at = (now: number): number => set.match({ address: '203.0.113.7' }, now).length
    expect([at(NOW - 1), at(NOW), at(NOW + 9), at(NOW + 10)]).toEqual([0, 1, 1, 0])
  })
})

describe('changes', () => {
  it('forgets a lifted decision at once and keeps the other on the same target', () => {
    const set = createDecisionSet()
    const [a, b, c] = [decision(), decision(), decision()]
    for (const one of [a, b, c]) set.apply(one)
    set.apply({ ...b, revision: 1_000, lifted: { at: NOW, by: b.author, reason: 'mistake' } })
    expect(ids(set.match({ address: '203.0.113.7' }, NOW))).toEqual([a.id, c.id])
    set.apply({ ...a, revision: 1_001, lifted: { at: NOW, by: b.author, reason: 'mistake' } })
    expect(ids(set.match({ address: '203.0.113.7' }, NOW))).toEqual([c.id])
  })

  it('does not bring a lifted decision back when an older revision arrives late', () => {
    const set = createDecisionSet()
    const first = decision({ revision: 5 })
    set.apply({ ...first, revision: 9, lifted: { at: NOW, by: first.author, reason: 'mistake' } })
    set.apply(first)
    expect(set.match({ address: '203.0.113.7' }, NOW)).toEqual([])
    set.sweep(NOW)
    set.apply(first)
    expect(set.match({ address: '203.0.113.7' }, NOW)).toEqual([])
  })

  it('takes an extension and ignores what it replaced', () => {
    const set = createDecisionSet()
    const first = decision({ revision: 5 })
    set.apply(first)
    set.apply({ ...first, revision: 6, expiresAt: NOW + 999_999 })
    set.apply(first)
    expect(set.match({ address: '203.0.113.7' }, NOW + 100_000)).toHaveLength(1)
    expect(set.size).toBe(1)
  })

  it('moves a decision whose target was changed', () => {
    const set = createDecisionSet()
    const first = decision({ revision: 5 })
    set.apply(first)
    set.apply({ ...first, revision: 6, target: { kind: 'ip', value: '198.51.100.9' } })
    expect(set.match({ address: '203.0.113.7' }, NOW)).toEqual([])
    expect(set.match({ address: '198.51.100.9' }, NOW)).toHaveLength(1)
  })

  it("resumes from the highest revision, or from the snapshot's own, also when that went back", () => {
    const set = createDecisionSet()
    set.apply(decision({ revision: 40 }))
    set.apply(decision({ revision: 12 }))
    expect(set.revision).toBe(40)
    set.reset([decision({ revision: 3 })], 7)
    expect(set.revision).toBe(7)
    set.reset([decision({ revision: 3 })])
    expect(set.revision).toBe(3)
    set.reset([])
    expect([set.revision, set.size]).toEqual([0, 0])
  })

  it('holds only what its enforcer is to carry out, and moves on with the revisions of all', () => {
    const set = createDecisionSet({ enforcer: 'guard' })
    const [own, everybody, other] = [decision({ enforcers: ['nginx', 'guard'] }), decision(), decision({ enforcers: ['nftables'] })]
    for (const each of [own, everybody, other]) set.apply(each)
    expect(ids(set.match({ address: '203.0.113.7' }, NOW)).toSorted()).toEqual(ids([own, everybody]).toSorted())
    expect(set.revision).toBe(other.revision)
    set.reset([other, own])
    expect(ids(set.all())).toEqual([own.id])
  })

  it('sweeps what has expired and leaves no trace of it', () => {
    const set = createDecisionSet()
    set.apply(decision({ expiresAt: NOW + 10 }))
    set.apply(decision({ expiresAt: NOW + 20, target: { kind: 'user', value: 'u' } }))
    const lifted = decision({ expiresAt: NOW + 15 })
    set.apply({ ...lifted, lifted: { at: NOW, by: lifted.author, reason: 'x' } })
    expect(set.sweep(NOW)).toBe(0)
    expect(set.sweep(NOW + 15)).toBe(2)
    expect(ids(set.all())).toEqual(ids(set.match({ user: 'u' }, NOW)))
    expect(set.sweep(NOW + 20)).toBe(1)
    expect(set.size).toBe(0)
  })

  it('shares what many decisions have in common, and changes nothing of it', () => {
    const set = createDecisionSet()
    const rule = { id: 'r', title: 'Rule', level: 'high' as const, version: '1' }
    const first = decision({ rule: { ...rule } })
    const second = decision({ rule: { ...rule }, author: { kind: 'policy', id: 'brute-force', name: 'named' } })
    set.apply(first)
    set.apply(second)
    expect(set.all()).toEqual([first, second])
    const [a, b] = set.all()
    expect(a?.rule).toBe(b?.rule)
    expect(a?.author).not.toBe(b?.author)
  })
})

describe('against a list that is searched from end to end', () => {
  const words = fc.constantFrom(
    '203.0.113.7',
    '203.0.113.8',
    '203.0.114.1',
    '2001:db8:1:2::1',
    '2001:db8:1:2::2',
    '2001:db8:1:3::1',
    '2001:db9::1',
  )
  const target = fc.oneof(
    words.map((value): Decision['target'] => ({ kind: 'ip', value })),
    fc.tuple(words, fc.constantFrom(8, 16, 24, 32, 48, 64, 65, 128)).map(([value, prefix]): Decision['target'] => {
      const address = parseAddress(value)
      return { kind: 'cidr', value: address === undefined ? value : formatRange(prefixOf(address, prefix)) }
    }),
    fc.constantFrom('u1', 'u2').map((value): Decision['target'] => ({ kind: 'user', value })),
  )
  const step = fc.record({
    id: fc.integer({ min: 0, max: 8 }),
    revision: fc.integer({ min: 1, max: 60 }),
    target,
    lifted: fc.boolean(),
    startsAt: fc.integer({ min: NOW - 50, max: NOW + 10 }),
    life: fc.integer({ min: 1, max: 100 }),
  })

  const covers = (held: Decision, address: string): boolean => {
    const range = parseRange(held.target.value) as AddressRange
    const own = parseAddress(address)
    if (own === undefined || own.family !== range.address.family) return false
    const prefix = held.target.kind === 'ip' && range.address.family === 6 ? 64 : range.prefix
    return formatRange(prefixOf(own, prefix)) === formatRange(prefixOf(range.address, prefix))
  }

  it('gives the same answers after any sequence of changes', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        words,
        fc.integer({ min: NOW - 60, max: NOW + 120 }),
        fc.boolean(),
        (steps, address, now, sweep) => {
          const set = createDecisionSet()
          const reference = new Map<string, Decision>()
          for (const { id, revision, target, lifted, startsAt, life } of steps) {
            const { revision: _, ...base } = decision({ id: `p${id}`, target, startsAt, expiresAt: startsAt + life })
            const one: Decision = { ...base, revision, ...(lifted ? { lifted: { at: NOW, by: base.author, reason: 'x' } } : {}) }
            const held = reference.get(one.id)
            if (held === undefined || held.revision < revision) reference.set(one.id, one)
            set.apply(one)
          }
          if (sweep) set.sweep(now)
          const active = [...reference.values()].filter((one) => isActive(one, now))
          const wanted = active.filter((one) => (one.target.kind === 'user' ? one.target.value === 'u1' : covers(one, address)))
          expect(ids(set.match({ address, user: 'u1' }, now)).toSorted()).toEqual(ids(wanted).toSorted())
          const asked = parseAddress(address)
          expect(set.match({ address: asked, user: 'u1' }, now)).toEqual(set.match({ address: formatAddress(asked!), user: 'u1' }, now))
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('networks and countries', () => {
  it('are one target in each of their spellings', () => {
    const set = createDecisionSet()
    const about = (id: string, kind: 'asn' | 'country', value: string): Decision => ({
      id,
      revision: 1,
      target: { kind, value },
      action: 'deny',
      scope: 'all',
      mode: 'enforce',
      reason: '',
      author: { kind: 'operator', id: 'o' },
      batch: 'b',
      startsAt: 0,
      expiresAt: 9,
    })
    set.reset([about('a', 'asn', 'AS3320'), about('b', 'asn', '3320'), about('c', 'country', 'de'), about('d', 'asn', 'Asymmetric')])
    expect(set.match({ asn: '3320' }, 1).map(({ id }) => id)).toEqual(['a', 'b'])
    expect(set.match({ asn: 'as3320', country: 'De' }, 1).map(({ id }) => id)).toEqual(['a', 'b', 'c'])
    expect(set.match({ asn: 'ymmetric' }, 1)).toEqual([])
    set.apply({ ...about('a', 'asn', 'AS3320'), revision: 2, lifted: { at: 1, by: { kind: 'operator', id: 'o' }, reason: '' } })
    expect(set.match({ asn: '3320' }, 1).map(({ id }) => id)).toEqual(['b'])
  })
})
