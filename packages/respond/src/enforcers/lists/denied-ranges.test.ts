import { type Decision, type EnforcerKind, formatRange, parseAddress, parseRange } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rangeContains, rangeOfTarget } from '../../targets.js'
import { type DeniedOptions, type DeniedRanges, deniedRanges, fewest, rangeLines } from './denied-ranges.js'

const NOW = 1_795_000_000_000
let count = 0
const decision = (fields: Partial<Decision> = {}): Decision => ({
  id: `d-${++count}`,
  revision: count,
  target: { kind: 'ip', value: '203.0.113.1' },
  action: 'deny',
  scope: 'all',
  mode: 'enforce',
  reason: 'x',
  author: { kind: 'policy', id: 'p' },
  batch: 'b',
  startsAt: NOW - 1_000,
  expiresAt: NOW + 60_000,
  ...fields,
})
const cidr = (value: string, more: Partial<Decision> = {}): Decision => decision({ target: { kind: 'cidr', value }, ...more })
const read = (decisions: readonly Decision[], options: Partial<DeniedOptions> = {}): DeniedRanges =>
  deniedRanges(decisions, { kind: 'nginx', now: NOW, most: 1_000, signIn: true, lockdown: true, reasonFor: () => undefined, ...options })
const all = (decisions: readonly Decision[], options?: Partial<DeniedOptions>): string[] => rangeLines(read(decisions, options).all)
const reasons = (decisions: readonly Decision[], options?: Partial<DeniedOptions>): string[] =>
  read(decisions, options).refused.map(({ reason }) => reason)

describe('denied ranges', () => {
  it('are what is enforced now for this enforcer, IPv6 by its /64', () => {
    const list = [
      decision(),
      decision({ target: { kind: 'ip', value: '2001:db8::5' } }),
      decision({ target: { kind: 'ip', value: '203.0.113.2' }, mode: 'observe' }),
      decision({ target: { kind: 'ip', value: '203.0.113.3' }, expiresAt: NOW }),
      decision({ target: { kind: 'ip', value: '203.0.113.4' }, startsAt: NOW + 1 }),
      decision({ target: { kind: 'ip', value: '203.0.113.5' }, enforcers: ['guard', 'nftables'] }),
      decision({ target: { kind: 'ip', value: '203.0.113.6' }, lifted: { at: NOW - 5, by: { kind: 'cli', id: 'x' }, reason: 'x' } }),
    ]
    expect(all(list)).toEqual(['203.0.113.1', '2001:db8::/64'])
    expect(all(list, { kind: 'nftables' })).toEqual(['203.0.113.1', '203.0.113.5', '2001:db8::/64'])
    expect(read(list).refused).toEqual([])
  })

  it('tell when they change next: at an end or a beginning', () => {
    expect(read([]).changesAt).toBeNull()
    expect(read([decision({ expiresAt: NOW + 9 }), decision({ expiresAt: NOW + 5 })]).changesAt).toBe(NOW + 5)
    expect(read([decision({ startsAt: NOW + 3 })]).changesAt).toBe(NOW + 3)
    expect(read([decision({ startsAt: NOW + 3, mode: 'observe' })]).changesAt).toBeNull()
  })

  it('refuse by name what addresses alone cannot carry out', () => {
    expect(reasons([decision({ action: 'throttle' })])).toEqual(['throttle needs more than an address'])
    expect(reasons([decision({ target: { kind: 'user', value: 'ann' } })])).toEqual(['the target is no address'])
    expect(reasons([cidr('10.0.0.0/8')])).toEqual(['a /8 is too wide to deny; the widest IPv4 range is /16'])
    expect(reasons([decision({ scope: 'login' })], { signIn: false })).toEqual(['sign-in cannot be told from the rest here'])
    expect(reasons([decision()], { reasonFor: (range) => `${formatRange(range)} is ours` })).toEqual(['203.0.113.1 is ours'])
  })

  it('keep what is denied at sign-in apart', () => {
    const { all: everywhere, signIn } = read([decision(), cidr('203.0.113.8/30', { scope: 'login' })])
    expect([rangeLines(everywhere), rangeLines(signIn)]).toEqual([['203.0.113.1'], ['203.0.113.8/30']])
  })

  it('carry the strictest lockdown that addresses can tell, and say what they cannot', () => {
    const lockdown = (mode: 'read_only' | 'known_users' | 'allow_list' | 'all', allow: readonly string[]): Decision =>
      decision({ target: { kind: 'all', value: '*' }, action: 'lockdown', lockdown: { mode, allow } })
    const one = read([lockdown('allow_list', ['198.51.100.0/24']), lockdown('all', ['192.0.2.0/25', '192.0.2.128/25', 'nonsense; }'])])
    expect(rangeLines(one.onlyAllowed?.ranges ?? [])).toEqual(['192.0.2.0/24'])
    expect(one.onlyAllowed?.until).toBe(NOW + 60_000)
    expect(one.carried).toHaveLength(2)
    for (const mode of ['read_only', 'known_users'] as const) {
      expect(read([lockdown(mode, [])]).onlyAllowed).toBeUndefined()
      expect(reasons([lockdown(mode, [])])[0]).toMatch(/do not tell who is known/)
    }
    expect(reasons([lockdown('all', [])], { lockdown: false })[0]).toMatch(/cannot say who alone gets in/)
  })

  it('keep to their bound: the newest decisions win, in whatever order they come', () => {
    const list = Array.from({ length: 30 }, (_, i) =>
      decision({ target: { kind: 'ip', value: `203.0.113.${2 * i + 1}` }, startsAt: NOW - i }),
    )
    const held = all(list, { most: 3 })
    expect(held).toEqual(['203.0.113.1', '203.0.113.3', '203.0.113.5'])
    expect(all(list.toReversed(), { most: 3 })).toEqual(held)
    expect(reasons(list, { most: 3 })).toHaveLength(27)
  })
})

describe('properties', () => {
  const target = fc.oneof(
    fc
      .tuple(fc.integer({ min: 0, max: 63 }), fc.integer({ min: 24, max: 32 }))
      .map(([low, prefix]) => ({ kind: 'cidr' as const, value: `203.0.113.${low}/${prefix}` })),
    fc
      .tuple(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 60, max: 128 }))
      .map(([low, prefix]) => ({ kind: 'cidr' as const, value: `2001:db8:0:${low}::/${prefix}` })),
    fc.string({ maxLength: 40 }).map((value) => ({ kind: 'ip' as const, value })),
    fc.string({ maxLength: 40 }).map((value) => ({ kind: 'cidr' as const, value })),
  )
  const some = fc.array(target, { maxLength: 30 })
  const run = { seed: 7, numRuns: 300 }

  it('hold exactly the addresses that were denied, no more and no fewer', () => {
    fc.assert(
      fc.property(some, fc.integer({ min: 0, max: 255 }), (targets, low) => {
        const { all: ranges, carried } = read(targets.map((one) => decision({ target: one })))
        const wanted = targets
          .flatMap((one) => rangeOfTarget(one) ?? [])
          .filter(({ prefix, address }) => prefix >= (address.family === 4 ? 16 : 32))
        expect(carried).toHaveLength(wanted.length)
        for (const text of [`203.0.113.${low}`, `2001:db8:0:${(low % 16).toString(16)}::${low}`]) {
          const address = parseAddress(text)
          if (address === undefined) throw new Error(text)
          const host = { address, prefix: address.family === 4 ? 32 : 128 }
          expect(ranges.some((range) => rangeContains(range, host))).toBe(wanted.some((range) => rangeContains(range, host)))
        }
      }),
      run,
    )
  })

  it('are canonical: none holds another, all read back as they are, and the order of decisions does not matter', () => {
    fc.assert(
      fc.property(some, (targets) => {
        const decisions = targets.map((one) => decision({ target: one }))
        const ranges = read(decisions).all
        const lines = rangeLines(ranges)
        for (const [i, line] of lines.entries()) {
          const back = parseRange(line)
          expect(back === undefined ? '' : formatRange(back)).toBe(line)
          expect(line).toMatch(/^[\da-f.:]+(?:\/\d+)?$/)
          expect(ranges.some((other, j) => i !== j && back !== undefined && rangeContains(other, back))).toBe(false)
        }
        expect(rangeLines(read(decisions.toReversed()).all)).toEqual(lines)
        expect(rangeLines(fewest(ranges))).toEqual(lines)
      }),
      run,
    )
  })

  it('each decision that is meant is either carried or refused, never both and never neither', () => {
    const kinds = fc.constantFrom<EnforcerKind | undefined>('nginx', 'feed', 'guard', undefined)
    fc.assert(
      fc.property(
        fc.array(fc.tuple(target, kinds, fc.constantFrom('deny', 'throttle', 'suspend' as const), fc.constantFrom('login', 'all')), {
          maxLength: 20,
        }),
        (list) => {
          const decisions = list.map(([one, kind, action, scope]) =>
            decision({
              target: one,
              action: action as 'deny',
              scope: scope as 'all',
              ...(kind === undefined ? {} : { enforcers: [kind] }),
            }),
          )
          const { carried, refused } = read(decisions, { most: 5 })
          const meant = decisions.filter(({ enforcers }) => enforcers === undefined || enforcers.includes('nginx')).map(({ id }) => id)
          expect([...carried, ...refused.map(({ id }) => id)].toSorted()).toEqual(meant.toSorted())
        },
      ),
      run,
    )
  })
})
