import { createDecisionSet, type Decision, parseAddress, parseRange } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAllowList } from '../allow-list.js'
import { denial } from './fixtures/decisions.js'
import { createKernel, type Kernel } from './fixtures/kernel.js'
import { heldOf, type NftHeld, NOTHING_HELD } from './held.js'
import { countHeld, nftablesModel, type NftSettings } from './model.js'
import { readOperations } from './read-operations.js'
import { renderTransaction } from './render.js'
import { MAX_RANGES, MAX_TIMEOUT_MS } from './table.js'

const range = (text: string) => parseRange(text)!
const settings = (more: Partial<NftSettings> = {}, allow: readonly string[] = []): NftSettings => ({
  allowed: createAllowList([{ reason: 'allowed here', ranges: allow.map(range) }]),
  most: 1_000,
  lockdown: false,
  open: [],
  mayEnter: false,
  ...more,
})

/** One tick as the agent does it: what is wanted, the plan, and its text through the kernel. */
const tick = (kernel: Kernel, held: NftHeld, decisions: Iterable<Decision>, now: number, given = settings()) => {
  const wanted = nftablesModel.wanted(decisions, now, given)
  const { operations, after } = nftablesModel.plan(held, wanted, now)
  const text = renderTransaction(readOperations(JSON.parse(JSON.stringify(operations)), now), given.most)
  kernel.run(text, now)
  return { held: after, wanted, operations, text }
}
const dropped = (kernel: Kernel, address: string, now: number): boolean => kernel.drops(parseAddress(address)!, now)

describe('what the firewall drops', () => {
  const few = [
    '198.51.100.1',
    '198.51.100.2',
    '198.51.100.130',
    '203.0.113.9',
    '2001:db8:1:2::3',
    '2001:db8:1:2::4',
    '2001:db8:1:3::1',
    '2001:db8:2::1',
  ]
  const target = fc.constantFrom(
    ...few,
    '198.51.100.0/25',
    '198.51.100.128/25',
    '198.51.100.0/24',
    '203.0.113.8/31',
    '2001:db8:1::/48',
    '2001:db8:1:2::/64',
    '2001:db8:1:2::3/128',
  )
  const act = fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('deny' as const), target, hours: fc.integer({ min: 1, max: 2_000 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('lift' as const), nth: fc.nat(20) }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('extend' as const), nth: fc.nat(20), hours: fc.integer({ min: 1, max: 2_000 }) }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass' as const), hours: fc.integer({ min: 1, max: 400 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('other' as const), target }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('allow' as const), target }) },
  )

  it('equals what the decisions say, but for the allow list, after any acts, ticks and restarts', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
        const kernel = createKernel()
        const set = createDecisionSet()
        const made: Decision[] = []
        let held = NOTHING_HELD
        let now = 0
        let revision = 0
        let allow: string[] = []
        const change = (decision: Decision): void => {
          set.apply({ ...decision, revision: ++revision })
        }
        for (const one of acts) {
          const known = made[('nth' in one ? one.nth : 0) % Math.max(1, made.length)]
          if (one.kind === 'deny') {
            const decision = denial(one.target, { startsAt: now, expiresAt: now + one.hours * 3_600_000 })
            made.push(decision)
            change(decision)
          } else if (one.kind === 'other') change(denial(one.target, { mode: 'observe', expiresAt: now + 3_600_000 }))
          else if (one.kind === 'lift' && known !== undefined)
            change({ ...known, lifted: { at: now, by: { kind: 'operator', id: 'o' }, reason: '' } })
          else if (one.kind === 'extend' && known !== undefined) change({ ...known, expiresAt: now + one.hours * 3_600_000 })
          else if (one.kind === 'pass') now += one.hours * 3_600_000
          else if (one.kind === 'restart') held = NOTHING_HELD
          else if (one.kind === 'allow') allow = [...allow.slice(-2), one.target]
          const given = settings({}, allow)
          const ticked = tick(kernel, held, set.all(), now, given)
          held = ticked.held
          expect(countHeld(ticked.wanted, held)).toBe(ticked.wanted.decisions.length)
          for (const text of few) {
            const isDenied = set.match({ address: text }, now).some(({ mode }) => mode === 'enforce')
            const isAllowed = allow.some(
              (one) => createAllowList([{ reason: '', ranges: [range(one)] }]).reasonFor(range(text)) !== undefined,
            )
            expect([now, text, dropped(kernel, text, now)]).toEqual([now, text, isDenied && !isAllowed])
          }
          // a second look finds nothing to do
          expect(nftablesModel.plan(held, ticked.wanted, now).operations).toEqual([])
        }
      }),
      { seed: 7, numRuns: 150 },
    )
  })

  it('puts right whatever a foreign hand changed, from what is read back', () => {
    const kernel = createKernel()
    const decisions = [denial('198.51.100.1'), denial('198.51.100.2'), denial('2001:db8::5'), denial('203.0.113.0/24')]
    const first = tick(kernel, NOTHING_HELD, decisions, 0)
    kernel.lose('ban4', '198.51.100.1')
    kernel.run('add element inet parapet ban4 { 192.0.2.77 timeout 9000000ms }', 0)
    const sets = {
      ban4: [
        ['198.51.100.2', 3_599_000],
        ['192.0.2.77', 9_000_000],
      ],
      ban6: [['2001:db8::', 3_599_000]],
      ranges: [['203.0.113.0/24', 50_000]],
      allow: [],
      open: [],
      lockdownMs: null,
    } as const
    const read = heldOf(sets, first.held, { from: 0, to: 0 })
    expect(countHeld(first.wanted, read)).toBe(3)
    const repaired = tick(kernel, read, decisions, 0)
    expect(repaired.operations.map(({ op }) => op)).toEqual(['remove', 'add', 'ranges'])
    expect(dropped(kernel, '192.0.2.77', 1)).toBe(false)
    expect(dropped(kernel, '198.51.100.1', 1)).toBe(true)
    expect(countHeld(repaired.wanted, repaired.held)).toBe(4)
  })

  it('lets nobody be dropped twice as long: a ban that became shorter ends when it should', () => {
    const kernel = createKernel()
    const long = denial('198.51.100.1', { expiresAt: 7_200_000 })
    const { held } = tick(kernel, NOTHING_HELD, [long], 0)
    tick(kernel, held, [{ ...long, expiresAt: 60_000 }], 1_000)
    expect(dropped(kernel, '198.51.100.1', 59_999)).toBe(true)
    // nobody ticks any more: the agent is dead
    expect(dropped(kernel, '198.51.100.1', 60_000)).toBe(false)
  })

  it('asserts what outlasts the longest timeout again before it lapses, each at a time of its own', () => {
    const kernel = createKernel()
    const decisions = Array.from({ length: 100 }, (_, i) => denial(`198.51.100.${i}`, { expiresAt: MAX_TIMEOUT_MS * 4 }))
    let { held } = tick(kernel, NOTHING_HELD, decisions, 0)
    let ticks = 0
    let most = 0
    for (let now = 0; now < MAX_TIMEOUT_MS * 4; now += 6 * 3_600_000) {
      const ticked = tick(kernel, held, decisions, now)
      held = ticked.held
      const renewed = ticked.operations.flatMap((one) => (one.op === 'renew' ? one.elements : [])).length
      if (renewed > 0) ticks++
      most = Math.max(most, renewed)
      expect(kernel.elements('ban4', now)).toHaveLength(101)
    }
    expect(ticks).toBeGreaterThan(25)
    expect(most).toBeLessThan(30)
  })

  it('takes only decisions that a firewall can carry out: deny, every request, addresses, enforced, and not meant for others', () => {
    const decisions = [
      denial('198.51.100.1', { scope: 'login' }),
      denial('198.51.100.2', { action: 'throttle' }),
      denial('198.51.100.3', { mode: 'observe' }),
      denial('198.51.100.4', { enforcers: ['guard', 'nginx'] }),
      denial('198.51.100.5', { startsAt: 10 }),
      denial('mallory', { target: { kind: 'user', value: 'mallory' } }),
      denial('198.51.100.6', { enforcers: ['nftables'] }),
    ]
    expect([...nftablesModel.wanted(decisions, 5, settings()).ban4.keys()]).toEqual(['198.51.100.6'])
  })
})

describe('what is refused', () => {
  const refusedOf = (value: string, given = settings(), more: Partial<Decision> = {}): string | undefined =>
    nftablesModel.wanted([denial(value, more)], 1, given).refused[0]?.reason

  it('is said with a reason: protected, no address, nobody, everybody', () => {
    const given = settings({}, ['192.0.2.0/24', '2001:db8:7::/48'])
    expect(refusedOf('192.0.2.7', given)).toBe('192.0.2.7 is allowed here')
    expect(refusedOf('192.0.2.128/25', given)).toBe('192.0.2.128/25 is allowed here')
    expect(refusedOf('2001:db8:7::1', given)).toBe('2001:db8:7::/64 is allowed here')
    expect(refusedOf('0.0.0.0/0')).toContain('too wide')
    expect(refusedOf('::/0')).toContain('too wide')
    expect(refusedOf('10.0.0.0/8')).toContain('too wide')
    expect(refusedOf('127.0.0.1')).toBe('no client has such an address')
    expect(refusedOf('::1')).toBe('no client has such an address')
    expect(refusedOf('255.255.255.255')).toBe('no client has such an address')
    expect(refusedOf('fe80::1')).toBe('no client has such an address')
    expect(refusedOf('1.2.3.4; flush ruleset')).toBe('its target is not an address')
    expect(refusedOf('198.51.100.9', given)).toBeUndefined()
  })

  it('leaves a hole for an allowed address within a denied range, and denies the rest', () => {
    const kernel = createKernel()
    const given = settings({}, ['198.51.100.7', '2001:db8:1::9'])
    tick(kernel, NOTHING_HELD, [denial('198.51.100.0/24'), denial('2001:db8:1::5')], 0, given)
    expect(['198.51.100.7', '198.51.100.8', '2001:db8:1::9', '2001:db8:1::8'].map((text) => dropped(kernel, text, 1))).toEqual([
      false,
      true,
      false,
      true,
    ])
  })

  it('lifts a ban at once when its address comes onto the allow list', () => {
    const kernel = createKernel()
    const decisions = [denial('198.51.100.1')]
    const { held } = tick(kernel, NOTHING_HELD, decisions, 0)
    const { operations } = tick(kernel, held, decisions, 1, settings({}, ['198.51.100.1']))
    expect(operations.map(({ op }) => op)).toEqual(['allow', 'remove'])
    expect(kernel.elements('ban4', 2)).toEqual(['255.255.255.255'])
  })

  it('is everything over the budget, the newest first', () => {
    const decisions = [5, 1, 3, 2, 4].map((n) => denial(`198.51.100.${n}`, { startsAt: n }))
    const { ban4, refused } = nftablesModel.wanted(decisions, 10, settings({ most: 3 }))
    expect([...ban4.keys()].toSorted()).toEqual(['198.51.100.1', '198.51.100.2', '198.51.100.3'])
    expect(refused.map(({ reason }) => reason)).toEqual(Array(2).fill('this host holds at most 3 (enforce.nftables.most)'))
    const ranges = Array.from({ length: MAX_RANGES + 5 }, (_, i) => denial(`10.${i >> 8}.${i & 255}.0/25`))
    const many = nftablesModel.wanted(ranges, 1, settings({ most: 10_000 }))
    expect(many.ranges.length).toBe(MAX_RANGES)
    expect(many.refused).toHaveLength(5)
  })
})

describe('ticks', () => {
  it('cost one transaction, however many bans there are, and none when nothing changed', () => {
    const kernel = createKernel()
    const decisions = Array.from({ length: 5_000 }, (_, i) => denial(`10.0.${i >> 8}.${i & 255}`))
    const given = settings({ most: 10_000 })
    const first = tick(kernel, NOTHING_HELD, decisions, 0, given)
    expect(first.operations.map(({ op }) => op)).toEqual(['build', 'add'])
    expect(tick(kernel, first.held, decisions, 250, given).text).toBe('')
    const gone = tick(kernel, first.held, decisions.slice(0, 3), 500, given)
    expect(gone.operations.map(({ op }) => op)).toEqual(['empty', 'add'])
    expect(kernel.elements('ban4', 500)).toHaveLength(4)
  })

  it('need nothing for what the kernel let go of by itself', () => {
    const kernel = createKernel()
    const decisions = [denial('198.51.100.1', { expiresAt: 1_000 }), denial('203.0.113.0/24', { expiresAt: 1_000 })]
    const { held } = tick(kernel, NOTHING_HELD, decisions, 0)
    const { text, held: after } = tick(kernel, held, decisions, 1_000)
    expect(text).toBe('')
    expect(after.ban4.size).toBe(0)
  })
})

describe('lockdown', () => {
  const lockdown = (more: Partial<Decision> = {}, mode: 'allow_list' | 'all' | 'read_only' = 'allow_list'): Decision =>
    denial('*', {
      target: { kind: 'all', value: '*' },
      action: 'lockdown',
      lockdown: { mode, allow: ['203.0.113.0/24', 'nonsense'] },
      expiresAt: 60_000,
      ...more,
    })
  const lets = (kernel: Kernel, text: string, now: number): boolean => kernel.lets(parseAddress(text)!, now)

  it('is the host owner’s to allow', () => {
    const { lockdown: held, refused } = nftablesModel.wanted([lockdown()], 1, settings())
    expect(held).toBeNull()
    expect(refused.map(({ reason }) => reason)).toEqual(['enforce.nftables.lockdown is off on this host'])
  })

  it('lets in the allowed and nobody else, and ends by itself when everybody who could end it is dead', () => {
    const kernel = createKernel()
    const given = settings({ lockdown: true, open: [range('172.17.0.0/16')] }, ['192.0.2.1'])
    const { held } = tick(kernel, NOTHING_HELD, [lockdown()], 0, given)
    const who = ['203.0.113.5', '172.17.0.2', '192.0.2.1', '198.51.100.1', '2001:db8::1']
    expect(who.map((text) => lets(kernel, text, 1))).toEqual([true, true, true, false, false])
    expect(who.map((text) => lets(kernel, text, 60_000))).toEqual([true, true, true, true, true])
    // confirmed: the same decision, later
    const confirmed = tick(kernel, held, [lockdown({ expiresAt: 120_000 })], 30_000, given)
    expect(lets(kernel, '198.51.100.1', 119_000)).toBe(false)
    const ended = tick(kernel, confirmed.held, [], 40_000, given)
    expect(ended.operations.map(({ op }) => op)).toEqual(['open'])
    expect(lets(kernel, '198.51.100.1', 40_001)).toBe(true)
  })

  it('of the kinds that only applications can carry out is left to them', () => {
    const { lockdown: held, refused } = nftablesModel.wanted([lockdown({}, 'read_only')], 1, settings({ lockdown: true }))
    expect([held, refused]).toEqual([null, []])
  })

  it('is refused where nobody could get in any more', () => {
    const none = lockdown({ lockdown: { mode: 'all', allow: [] } })
    const { lockdown: held, refused } = nftablesModel.wanted([none], 1, settings({ lockdown: true }))
    expect(held).toBeNull()
    expect(refused[0]?.reason).toContain('nobody could get in')
  })
})
