import { createDecisionSet, type Decision, type DecisionAction } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAliases } from '../enforcement/aliases.js'
import { createEnforcement } from '../enforcement/enforcement.js'
import type { LoginHold } from '../login/types.js'
import { decide, geo, HERE } from './fixtures/world.js'
import { createLoginHold, holdOf } from './login-hold.js'

fc.configureGlobal({ seed: 20_261_122 })

const KNOWN = { kind: 'known', address: HERE, key: HERE } as const
const NOW = 1_000

const holding = (
  decisions: readonly Decision[],
  over: { readonly passwordAt?: number; readonly watches?: boolean; readonly geo?: typeof geo | undefined } = {},
): {
  hold: (subject: string, typed?: string, client?: Parameters<ReturnType<typeof createLoginHold>>[2]) => Promise<LoginHold | undefined>
  asked: string[]
} => {
  const set = createDecisionSet()
  const aliases = createAliases((name) => name.trim().toLowerCase())
  set.reset(decisions)
  for (const decision of decisions) aliases.note(decision)
  const asked: string[] = []
  const hold = createLoginHold({
    enforcement: createEnforcement({
      set,
      clock: () => NOW,
      has: { keyring: true, geo: true },
      aliases,
      watches: () => over.watches ?? false,
    }),
    set,
    geo: 'geo' in over ? over.geo : geo,
    passwordAt: async (subject) => {
      asked.push(subject)
      return over.passwordAt
    },
  })
  return { hold: async (subject, typed = subject, client = KNOWN) => hold(subject, typed, client), asked }
}

describe('what keeps somebody from signing in', () => {
  it.each<[DecisionAction, LoginHold['kind'] | undefined]>([
    ['deny', 'block'],
    ['suspend', 'suspend'],
    ['require_reset', 'reset'],
    ['require_mfa', undefined],
    ['challenge', undefined],
    ['throttle', undefined],
  ])('%s is %s', async (action, kind) => {
    const one = decide(0, { action, target: { kind: 'user', value: 'anna' } })
    expect(await holding([one]).hold('anna')).toEqual(kind === undefined ? undefined : { kind, until: one.expiresAt })
  })

  it.each(['user', 'ip', 'cidr', 'country', 'asn', 'all'] as const)('is found by %s', async (kind) => {
    const value = { user: 'anna', ip: HERE, cidr: '203.0.113.0/24', country: 'DE', asn: '3320', all: '*' }[kind]
    const { hold } = holding([decide(0, { action: 'suspend', target: { kind, value } })])
    expect((await hold('anna'))?.kind).toBe('suspend')
    const elsewhere = { kind: 'known', address: '192.0.2.1', key: '192.0.2.1' } as const
    expect((await hold('bert', 'bert', elsewhere))?.kind).toBe(kind === 'all' ? 'suspend' : undefined)
  })

  it('is found by the name that was typed, by the account, and by any spelling that a decision uses', async () => {
    const { hold } = holding([decide(0, { target: { kind: 'user', value: 'Anna@Example.org ' } })])
    expect((await hold('anna@example.org', 'ANNA@example.org'))?.kind).toBe('block')
    expect((await hold('u1', 'Anna@Example.org '))?.kind).toBe('block')
    expect(await hold('u1', 'bert')).toBeUndefined()
  })

  it('of several is the strongest, and of equal ones that which lasts longest', () => {
    const until = (action: DecisionAction, expiresAt: number): Decision => decide(0, { action, expiresAt })
    expect(holdOf([until('require_reset', 9), until('suspend', 5), until('suspend', 7)], undefined)).toEqual({ kind: 'suspend', until: 7 })
    expect(holdOf([until('suspend', 9), until('deny', 2)], undefined)).toEqual({ kind: 'block', until: 2 })
    expect(holdOf([], undefined)).toBeUndefined()
  })

  it('is no reset any more once a password was set after the decision, and still one by a later decision', () => {
    const [first, second] = [decide(10, { action: 'require_reset' }), decide(20, { action: 'require_reset' })]
    expect(holdOf([first], 10)?.kind).toBe('reset')
    expect(holdOf([first], 11)).toBeUndefined()
    expect(holdOf([first, second], 15)).toEqual({ kind: 'reset', until: second.expiresAt })
    // a new password does not lift what is not about passwords
    expect(holdOf([decide(10, { action: 'suspend' })], 11)?.kind).toBe('suspend')
  })

  it('asks the store only where a reset is required', async () => {
    const suspended = holding([decide(0, { action: 'suspend' }), decide(0, { action: 'require_reset' })])
    await suspended.hold('anna')
    expect(suspended.asked).toEqual([])
    const reset = holding([decide(0, { action: 'require_reset' })], { passwordAt: 5 })
    expect(await reset.hold('anna')).toBeUndefined()
    expect(reset.asked).toEqual(['anna'])
  })

  it('is nothing that is only watched, and nothing where there are no decisions', async () => {
    expect(await holding([decide(0)], { watches: true }).hold('anna')).toBeUndefined()
    expect(await holding([decide(0, { mode: 'observe' })]).hold('anna')).toBeUndefined()
    expect(await holding([]).hold('anna')).toBeUndefined()
  })

  it('by network holds nobody whose address or place is not known', async () => {
    const unknown = { kind: 'unknown', reason: 'no_peer' } as const
    const { hold } = holding([decide(0), decide(0, { target: { kind: 'country', value: 'DE' } })])
    expect(await hold('anna', 'anna', unknown)).toBeUndefined()
    expect(await holding([decide(0, { target: { kind: 'country', value: 'DE' } })], { geo: undefined }).hold('anna')).toBeUndefined()
  })

  it('never gets weaker by one more decision', () => {
    const rank = (hold: LoginHold | undefined): number => ['none', 'reset', 'suspend', 'block'].indexOf(hold?.kind ?? 'none')
    const any = fc.record({
      action: fc.constantFrom<DecisionAction>('deny', 'suspend', 'require_reset', 'challenge', 'throttle', 'require_mfa'),
      startsAt: fc.nat(100),
      expiresAt: fc.integer({ min: 101, max: 200 }),
    })
    fc.assert(
      fc.property(fc.array(any, { maxLength: 6 }), any, fc.option(fc.nat(120), { nil: undefined }), (list, more, passwordAt) => {
        const decisions = list.map((over) => decide(0, over))
        const before = holdOf(decisions, passwordAt)
        const after = holdOf([...decisions, decide(0, more)], passwordAt)
        expect(rank(after)).toBeGreaterThanOrEqual(rank(before))
        expect(rank(holdOf(decisions.toReversed(), passwordAt))).toBe(rank(before))
      }),
    )
  })
})
