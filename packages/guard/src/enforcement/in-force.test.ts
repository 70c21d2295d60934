import { createDecisionSet, type Decision, type DecisionAction, type TargetKind } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAliases } from './aliases.js'
import { createEnforcement, type Enforcement } from './enforcement.js'
import type { EnforcementFacts } from './weigh.js'

fc.configureGlobal({ seed: 20_261_122 })

const NOW = 500
const ME = { address: '203.0.113.7', user: 'anna', session: 's1', country: 'DE', asn: '3320' }
const VALUES: Readonly<Record<TargetKind, readonly string[]>> = {
  ip: ['203.0.113.7', '203.0.113.8', '2001:db8::1'],
  cidr: ['203.0.113.0/24', '203.0.113.7/32', '198.51.100.0/24'],
  user: ['anna', 'bert', '__proto__'],
  session: ['s1', 's2'],
  country: ['DE', 'de', 'FR'],
  asn: ['3320', 'AS3320', 'as64500'],
  all: ['*'],
}
/** What is about {@link ME}: written down, not computed. */
const MINE: ReadonlySet<string> = new Set([
  'ip 203.0.113.7', 'cidr 203.0.113.0/24', 'cidr 203.0.113.7/32', 'user anna', 'session s1', 'country DE', 'country de', 'asn 3320',
  'asn AS3320', 'all *',
]) // prettier-ignore

let serial = 0
const anyDecision: fc.Arbitrary<Decision> = fc
  .record({
    kind: fc.constantFrom<TargetKind>('ip', 'cidr', 'user', 'session', 'country', 'asn', 'all'),
    which: fc.nat(2),
    action: fc.constantFrom<DecisionAction>('deny', 'throttle', 'challenge', 'require_mfa', 'require_reset', 'suspend'),
    scope: fc.constantFrom<Decision['scope']>('login', 'all'),
    mode: fc.constantFrom<Decision['mode']>('enforce', 'observe'),
    startsAt: fc.integer({ min: 0, max: 1_000 }),
    lasts: fc.integer({ min: 1, max: 1_000 }),
  })
  .map(({ kind, which, action, scope, mode, startsAt, lasts }) => {
    const values = VALUES[kind]
    const id = ++serial
    return {
      id: `d${id}`,
      revision: id,
      target: { kind, value: values[which % values.length] ?? '' },
      action,
      scope,
      mode,
      reason: '',
      author: { kind: 'operator', id: 'o' },
      batch: 'b',
      startsAt,
      expiresAt: startsAt + lasts,
    }
  })
const isMine = ({ target }: Decision): boolean => MINE.has(`${target.kind} ${target.value}`)
const inForce = (decision: Decision): boolean => decision.startsAt <= NOW && NOW < decision.expiresAt

const over = (decisions: readonly Decision[], watches?: (decision: Decision) => boolean): Enforcement => {
  const set = createDecisionSet()
  set.reset(decisions)
  return createEnforcement({ set, clock: () => NOW, has: { keyring: true, geo: true }, ...(watches === undefined ? {} : { watches }) })
}
const ANONYMOUS: EnforcementFacts = {
  login: false,
  loginPage: false,
  open: false,
  session: undefined,
  clearedAt: undefined,
  passwordAt: undefined,
  canChallenge: true,
}

describe('the decisions in force on a request', () => {
  it('are those on any of its targets, now, and no others', () => {
    fc.assert(
      fc.property(fc.array(anyDecision, { maxLength: 20 }), (decisions) => {
        const found = over(decisions)
          .match(ME)
          .map(({ id }) => id)
        const expected = decisions.filter((one) => isMine(one) && inForce(one)).map(({ id }) => id)
        expect(found.toSorted()).toEqual(expected.toSorted())
      }),
      { numRuns: 300 },
    )
  })

  it('come once each, also where a name has several spellings and targets overlap', () => {
    fc.assert(
      fc.property(fc.array(anyDecision, { maxLength: 20 }), (decisions) => {
        const set = createDecisionSet()
        set.reset(decisions)
        const aliases = createAliases((name) => name.toLowerCase())
        const enforcement = createEnforcement({ set, clock: () => NOW, has: { keyring: true, geo: true }, aliases })
        const found = enforcement.matchUser({ ...ME, user: undefined }, 'anna', 'bert', 'anna')
        expect(new Set(found).size).toBe(found.length)
        const wanted = decisions.filter(
          (one) => inForce(one) && (isMine(one) || (one.target.kind === 'user' && one.target.value === 'bert')),
        )
        expect(found.map(({ id }) => id).toSorted()).toEqual(wanted.map(({ id }) => id).toSorted())
      }),
      { numRuns: 300 },
    )
  })

  it('refuse somebody unknown exactly when one of them denies, and none that only watches', () => {
    fc.assert(
      fc.property(fc.array(anyDecision, { maxLength: 12 }), fc.boolean(), (decisions, login) => {
        const enforcement = over(decisions)
        const verdict = enforcement.weigh(enforcement.match({ address: ME.address }), { ...ANONYMOUS, login })
        const holds = (one: Decision): boolean =>
          inForce(one) && isMine(one) && ['ip', 'cidr', 'all'].includes(one.target.kind) && (one.scope === 'all' || login)
        expect(verdict.kind === 'denied').toBe(decisions.some((one) => holds(one) && one.mode === 'enforce' && one.action === 'deny'))
        const quiet = decisions.every((one) => !holds(one) || one.mode === 'observe')
        expect(quiet && !['allowed'].includes(verdict.kind)).toBe(false)
      }),
      { numRuns: 300 },
    )
  })

  it('of an action that is only watched enforce nothing, whatever their own mode', () => {
    fc.assert(
      fc.property(fc.array(anyDecision, { maxLength: 12 }), (decisions) => {
        const enforcement = over(decisions, () => true)
        expect(enforcement.weigh(enforcement.match(ME), { ...ANONYMOUS, login: true }).kind).toBe('allowed')
        for (const one of decisions) expect(enforcement.watched(one)).toBe(true)
      }),
    )
  })
})

describe('decisions on names', () => {
  it('are looked up only once there are any, and found from then on, those on everybody left out', () => {
    const set = createDecisionSet()
    const aliases = createAliases((name) => name)
    const enforcement = createEnforcement({ set, clock: () => NOW, has: { keyring: true, geo: true }, aliases })
    const put = (kind: TargetKind, value: string): void => {
      const id = ++serial
      const decision: Decision = {
        id: `n${id}`, revision: id, target: { kind, value }, action: 'suspend', scope: 'all', mode: 'enforce', reason: '',
        author: { kind: 'operator', id: 'o' }, batch: 'b', startsAt: 0, expiresAt: 9e15,
      } // prettier-ignore
      set.apply(decision)
      aliases.note(decision)
    }
    put('all', '*')
    put('ip', '203.0.113.7')
    expect([aliases.named(), enforcement.matchNamed('anna', 's1').length]).toEqual([false, 0])
    put('session', 's1')
    expect(enforcement.matchNamed('anna', 's1').map(({ target }) => target.kind)).toEqual(['session'])
    put('user', 'anna')
    expect(enforcement.matchNamed('anna', 's1').map(({ target }) => target.kind)).toEqual(['session', 'user'])
    expect(enforcement.matchNamed('bert', 's2')).toEqual([])
    aliases.clear()
    expect(aliases.named()).toBe(false)
  })
})

describe('a decision that was taken back', () => {
  it('is not in force, also when an older word of it arrives late', () => {
    fc.assert(
      fc.property(anyDecision, (decision) => {
        const set = createDecisionSet()
        const enforcement = createEnforcement({ set, clock: () => NOW, has: { keyring: true, geo: true } })
        set.apply({ ...decision, startsAt: 0, expiresAt: 9_999, revision: 5 })
        set.apply({ ...decision, startsAt: 0, expiresAt: 9_999, revision: 6, lifted: { at: 1, by: decision.author, reason: 'x' } })
        set.apply({ ...decision, startsAt: 0, expiresAt: 9_999, revision: 5 })
        expect(enforcement.match({ ...ME, [decision.target.kind]: decision.target.value })).toEqual([])
      }),
    )
  })
})

describe('what is said of decisions that cannot be done', () => {
  it('is bounded: not every one of a hundred thousand is looked at', () => {
    const set = createDecisionSet()
    const many: Decision[] = Array.from({ length: 30_000 }, (_, i) => ({
      id: `m${i}`,
      revision: i + 1,
      target: { kind: 'country', value: `C${i}` },
      action: 'deny',
      scope: 'all',
      mode: 'enforce',
      reason: '',
      author: { kind: 'operator', id: 'o' },
      batch: 'b',
      startsAt: 0,
      expiresAt: 9e15,
    }))
    set.reset(many)
    const enforcement = createEnforcement({ set, clock: () => NOW, has: { keyring: true, geo: false } })
    expect(enforcement.unsupported()).toEqual(['target country: needs geo'])
    expect(enforcement.misses({ ...many[0], target: { kind: 'ip', value: '203.0.113.7' } } as Decision)).toBeUndefined()
  })
})
