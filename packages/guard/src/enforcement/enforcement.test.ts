import { createDecisionSet, type Decision, THROTTLE_DEFAULT } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../store/memory-store.js'
import { createAccountMarks, joinMarks } from './accounts.js'
import { createEnforcement, type Enforcement } from './enforcement.js'
import { createThrottle, limitOf } from './throttle.js'
import { type EnforcementFacts, weigh } from './weigh.js'

fc.configureGlobal({ seed: 20_261_122 })

let serial = 0
const decision = (over: Partial<Decision> = {}): Decision => ({
  id: `d${++serial}`,
  revision: serial,
  target: { kind: 'ip', value: '203.0.113.7' },
  action: 'deny',
  scope: 'all',
  mode: 'enforce',
  reason: 'test',
  author: { kind: 'operator', id: 'o' },
  batch: 'b',
  startsAt: 100,
  expiresAt: 1_000,
  ...over,
})
const facts = (over: Partial<EnforcementFacts> = {}): EnforcementFacts => ({
  login: false,
  loginPage: false,
  open: false,
  session: undefined,
  clearedAt: undefined,
  passwordAt: undefined,
  canChallenge: true,
  ...over,
})
const SIGNED_IN = { authenticatedAt: 50 }
const enforcing = (...decisions: Decision[]): { enforcement: Enforcement; at: (ms: number) => void } => {
  let now = 100
  const set = createDecisionSet()
  set.reset(decisions)
  return {
    enforcement: createEnforcement({ set, clock: () => now, has: { keyring: true, geo: true } }),
    at: (ms) => {
      now = ms
    },
  }
}

describe('the effects of decisions', () => {
  // the table of effects, guard column: what each action asks of whom
  it.each<[Decision['action'], string, Partial<EnforcementFacts>, string]>([
    ['deny', 'somebody unknown', {}, 'denied'],
    ['deny', 'a signed-in user', { session: SIGNED_IN }, 'denied'],
    ['deny', 'a cookie that nobody has read', { session: 'unread' }, 'denied'],
    ['deny', 'a page where something owed is given', { open: true }, 'denied'],
    ['throttle', 'somebody unknown', {}, 'throttled'],
    ['throttle', 'a signed-in user', { session: SIGNED_IN }, 'throttled'],
    ['throttle', 'a cookie that nobody has read', { session: 'unread' }, 'throttled'],
    ['challenge', 'somebody unknown', {}, 'challenged'],
    ['challenge', 'a cookie that nobody has read', { session: 'unread' }, 'allowed'],
    ['challenge', 'somebody unknown who has solved it', { clearedAt: 100 }, 'allowed'],
    ['challenge', 'somebody unknown who solved an earlier one', { clearedAt: 99 }, 'challenged'],
    ['challenge', 'somebody unknown where nothing can be signed', { canChallenge: false }, 'allowed'],
    ['challenge', 'a signed-in user', { session: SIGNED_IN }, 'step_up'],
    ['challenge', 'a signed-in user with the clearance of somebody unknown', { session: SIGNED_IN, clearedAt: 500 }, 'step_up'],
    ['challenge', 'a signed-in user who proved himself since', { session: { authenticatedAt: 101 } }, 'allowed'],
    ['challenge', 'a signed-in user who proved himself in that very moment', { session: { authenticatedAt: 100 } }, 'step_up'],
    ['challenge', 'a signed-in user on the page of step-up', { session: SIGNED_IN, open: true }, 'allowed'],
    ['require_mfa', 'somebody unknown', {}, 'allowed'],
    ['require_mfa', 'a signed-in user', { session: SIGNED_IN }, 'mfa_required'],
    ['require_mfa', 'a signed-in user with a factor from before', { session: { authenticatedAt: 500, factorAt: 99 } }, 'mfa_required'],
    ['require_mfa', 'a signed-in user who only typed his password again', { session: { authenticatedAt: 500 } }, 'mfa_required'],
    ['require_mfa', 'a signed-in user with a factor since', { session: { authenticatedAt: 50, factorAt: 101 } }, 'allowed'],
    ['require_mfa', 'a signed-in user on the page of factors', { session: SIGNED_IN, open: true }, 'allowed'],
    ['require_reset', 'somebody unknown', {}, 'allowed'],
    ['require_reset', 'a signed-in user', { session: SIGNED_IN }, 'reset_required'],
    ['require_reset', 'a signed-in user on an open page', { session: SIGNED_IN, open: true }, 'reset_required'],
    ['require_reset', 'a signed-in user with a new password', { session: SIGNED_IN, passwordAt: 101 }, 'allowed'],
    ['require_reset', 'a signed-in user with a password from before', { session: SIGNED_IN, passwordAt: 100 }, 'reset_required'],
    ['suspend', 'somebody unknown', {}, 'allowed'],
    ['suspend', 'a signed-in user', { session: SIGNED_IN }, 'suspended'],
    ['end_sessions', 'somebody unknown', {}, 'allowed'],
    ['end_sessions', 'a session from before', { session: { authenticatedAt: 500, startedAt: 99 } }, 'sessions_ended'],
    ['end_sessions', 'a session of that very moment', { session: { authenticatedAt: 500, startedAt: 100 } }, 'sessions_ended'],
    ['end_sessions', 'a session since', { session: { authenticatedAt: 50, startedAt: 101 } }, 'allowed'],
    ['end_sessions', 'a session of which nobody knows when it began', { session: SIGNED_IN }, 'allowed'],
    ['lockdown', 'a signed-in user: that is judged by itself', { session: SIGNED_IN }, 'allowed'],
    [
      'suspend',
      'a signed-in user who proved everything anew',
      { session: { authenticatedAt: 500, factorAt: 500 }, passwordAt: 500 },
      'suspended',
    ],
  ])('%s on %s', (action, _who, over, expected) => {
    expect(weigh([decision({ action })], facts(over)).kind).toBe(expected)
  })

  it.each(['deny', 'throttle', 'challenge', 'require_mfa', 'require_reset', 'suspend'] as const)(
    '%s of scope login leaves everything but sign-in, and holds there',
    (action) => {
      const one = [decision({ action, scope: 'login' })]
      expect(weigh(one, facts({ session: SIGNED_IN })).kind).toBe('allowed')
      expect(weigh(one, facts({ session: SIGNED_IN, login: true })).kind).not.toBe('allowed')
    },
  )

  it('challenge of scope login stands before the form, so that nobody loses what he typed', () => {
    expect(weigh([decision({ action: 'challenge', scope: 'login' })], facts({ loginPage: true })).kind).toBe('challenged')
    expect(weigh([decision({ scope: 'login' })], facts({ loginPage: true })).kind).toBe('allowed')
  })

  it('an action of a newer control plane is no denial', () => {
    expect(weigh([decision({ action: 'explode' as Decision['action'] })], facts({ session: SIGNED_IN })).kind).toBe('allowed')
  })

  it('the strongest one counts, and all throttles together', () => {
    const all = (['throttle', 'challenge', 'require_mfa', 'end_sessions', 'require_reset', 'suspend', 'deny'] as const).map((action) =>
      decision({ action }),
    )
    const order: string[] = []
    const session = { authenticatedAt: 50, startedAt: 50 }
    for (let left = all.length; left > 0; left--) order.push(weigh(all.slice(0, left), facts({ session })).kind)
    expect(order).toEqual(['denied', 'suspended', 'reset_required', 'sessions_ended', 'mfa_required', 'step_up', 'throttled'])
    const both = weigh([decision({ action: 'throttle' }), decision({ action: 'throttle' })], facts())
    expect(both.kind === 'throttled' && both.decisions.length).toBe(2)
  })

  it('one that was satisfied hides no weaker one', () => {
    const both = [decision({ action: 'challenge' }), decision({ action: 'throttle' })]
    expect(weigh(both, facts()).kind).toBe('challenged')
    expect(weigh(both, facts({ clearedAt: 200 })).kind).toBe('throttled')
  })

  it('one that only watches is told of and never applied, also beside one that enforces', () => {
    const watching = decision({ mode: 'observe', action: 'deny' })
    expect(weigh([watching], facts())).toEqual({ kind: 'allowed', observed: watching })
    const both = weigh([watching, decision({ action: 'challenge' })], facts())
    expect(both).toMatchObject({ kind: 'challenged', observed: watching })
    expect(weigh([decision({ mode: 'observe', scope: 'login' })], facts())).toEqual({ kind: 'allowed', observed: undefined })
  })

  const anyDecision = fc.record({
    action: fc.constantFrom<Decision['action']>('deny', 'throttle', 'challenge', 'require_mfa', 'require_reset', 'suspend', 'end_sessions'),
    scope: fc.constantFrom<Decision['scope']>('login', 'all'),
    mode: fc.constantFrom<Decision['mode']>('enforce', 'observe'),
    startsAt: fc.integer({ min: 0, max: 1_000 }),
  })
  const time = fc.option(fc.integer({ min: 0, max: 1_000 }), { nil: undefined })
  const anyFacts: fc.Arbitrary<EnforcementFacts> = fc.record({
    login: fc.boolean(),
    loginPage: fc.boolean(),
    open: fc.boolean(),
    session: fc.oneof(
      fc.constantFrom('unread' as const, undefined),
      fc.record({ authenticatedAt: fc.integer({ min: 0, max: 1_000 }), factorAt: time, startedAt: time }),
    ),
    clearedAt: time,
    passwordAt: time,
    canChallenge: fc.boolean(),
  })

  it('never depend on the order in which decisions came', () => {
    fc.assert(
      fc.property(fc.array(anyDecision, { maxLength: 6 }), anyFacts, (list, given) => {
        const decisions = list.map((over) => decision(over))
        const one = weigh(decisions, given)
        const other = weigh(decisions.toReversed(), given)
        expect(other.kind).toBe(one.kind)
        const limits = (verdict: typeof one): string[] =>
          verdict.kind === 'throttled' ? verdict.decisions.map(({ id }) => id).toSorted() : []
        expect(limits(other)).toEqual(limits(one))
      }),
    )
  })

  it('never let a denial pass, whatever else is satisfied, and never enforce what only watches', () => {
    fc.assert(
      fc.property(fc.array(anyDecision, { maxLength: 6 }), anyFacts, (list, given) => {
        const decisions = list.map((over) => decision(over))
        const denied = list.some(({ action, mode, scope }) => action === 'deny' && mode === 'enforce' && (scope === 'all' || given.login))
        const verdict = weigh(decisions, given)
        expect(verdict.kind === 'denied').toBe(denied)
        expect(weigh(decisions, given, () => true).kind).toBe('allowed')
        expect('decision' in verdict ? verdict.decision.mode : 'enforce').toBe('enforce')
      }),
    )
  })

  it('adding a decision never weakens what was in force', () => {
    const strength = ['allowed', 'throttled', 'challenged', 'step_up', 'mfa_required', 'reset_required', 'suspended', 'denied']
    fc.assert(
      fc.property(fc.array(anyDecision, { maxLength: 5 }), anyDecision, anyFacts, (list, more, given) => {
        const decisions = list.map((over) => decision(over))
        const before = strength.indexOf(weigh(decisions, given).kind)
        expect(strength.indexOf(weigh([...decisions, decision(more)], given).kind)).toBeGreaterThanOrEqual(before)
      }),
    )
  })
})

describe('the look-up', () => {
  it('finds decisions of every kind of target, until they expire', () => {
    const { enforcement, at } = enforcing(
      decision({ target: { kind: 'ip', value: '2001:db8::1' } }),
      decision({ target: { kind: 'cidr', value: '198.51.100.0/24' } }),
      decision({ target: { kind: 'user', value: 'anna' } }),
      decision({ target: { kind: 'session', value: 's1' } }),
      decision({ target: { kind: 'country', value: 'de' } }),
      decision({ target: { kind: 'asn', value: 'AS3320' } }),
    )
    const found = (subject: Parameters<Enforcement['match']>[0]): number => enforcement.match(subject).length
    expect(found({ address: '2001:db8::ffff' })).toBe(1)
    expect(found({ address: '2001:db8:0:1::1' })).toBe(0)
    expect(found({ address: '198.51.100.200' })).toBe(1)
    expect(found({ address: '192.0.2.1', user: 'anna' })).toBe(1)
    expect(found({ session: 's1' })).toBe(1)
    expect(found({ country: 'DE' })).toBe(1)
    expect(found({ asn: '3320' })).toBe(1)
    expect(found({ user: 'constructor' })).toBe(0)
    at(1_000)
    expect(found({ address: '198.51.100.200' })).toBe(0)
  })

  it('of all finds everybody', () => {
    const { enforcement } = enforcing(decision({ target: { kind: 'all', value: '*' } }))
    expect(enforcement.match({}).length).toBe(1)
  })

  it('costs nothing while there are no decisions', () => {
    const set = createDecisionSet()
    const enforcement = createEnforcement({
      set: {
        ...set,
        size: 0,
        match: () => {
          throw new Error('looked up')
        },
      },
      clock: () => 0,
      has: { keyring: false, geo: false },
    })
    expect(enforcement.match({ address: '203.0.113.7' })).toEqual([])
  })
})

describe('what a guard cannot do', () => {
  it('is said by name, with what it would need, once each', () => {
    const set = createDecisionSet()
    set.reset([
      decision({ action: 'challenge' }),
      decision({ action: 'challenge' }),
      decision({ target: { kind: 'country', value: 'DE' } }),
      decision({ target: { kind: 'asn', value: '1' } }),
      decision({ action: 'explode\u001b[2J' as Decision['action'] }),
      decision({ target: { kind: 'planet' as 'all', value: 'x' } }),
      decision(),
    ])
    const enforcement = createEnforcement({ set, clock: () => 200, has: { keyring: false, geo: false } })
    expect(enforcement.unsupported()).toEqual([
      'challenge: needs keyring or secret',
      'target country: needs geo',
      'target asn: needs geo',
      'explode\\x1b[2J: needs a newer guard',
      'target planet: needs a newer guard',
    ])
    expect(createEnforcement({ set, clock: () => 5_000, has: { keyring: false, geo: false } }).unsupported()).toEqual([])
    expect(createEnforcement({ set, clock: () => 200, has: { keyring: true, geo: true } }).unsupported()).toHaveLength(2)
  })
})

describe('the limit of a throttle', () => {
  it('is the one that the decision carries, for each client by itself', () => {
    const throttle = createThrottle({ clock: () => 0 })
    const slow = [decision({ action: 'throttle', limit: { limit: 2, windowMs: 60_000 } })]
    const left = (key: string): string[] => Array.from({ length: 3 }, () => (throttle.take(slow, key) === undefined ? 'on' : 'over'))
    expect(left('a')).toEqual(['on', 'on', 'over'])
    expect(left('b')).toEqual(['on', 'on', 'over'])
    const over = throttle.take(slow, 'a')
    expect(over?.decision).toBe(slow[0])
    expect(over?.verdict.retryAfter).toBe(30)
  })

  it('opens again with time', () => {
    let now = 0
    const throttle = createThrottle({ clock: () => now })
    const one = [decision({ action: 'throttle', limit: { limit: 1, windowMs: 10_000 } })]
    expect(throttle.take(one, 'a')).toBeUndefined()
    expect(throttle.take(one, 'a')).toBeDefined()
    now = 10_000
    expect(throttle.take(one, 'a')).toBeUndefined()
  })

  it('is ten a minute where the decision carries none, and within bounds whatever came down', () => {
    expect(limitOf({})).toEqual(THROTTLE_DEFAULT)
    const throttle = createThrottle({ clock: () => 0 })
    const plain = [decision({ action: 'throttle' })]
    let on = 0
    while (throttle.take(plain, 'a') === undefined) on++
    expect(on).toBe(10)
    for (const limit of [
      null,
      'x',
      {},
      { limit: -1, windowMs: Number.NaN },
      { limit: Infinity, windowMs: 1e99 },
      { limit: 1.5, windowMs: 0 },
    ]) {
      const read = limitOf({ limit } as unknown as Decision)
      expect(read.limit).toBeGreaterThanOrEqual(1)
      expect(read.limit).toBeLessThanOrEqual(100_000)
      expect(read.windowMs).toBeGreaterThanOrEqual(1_000)
      expect(Number.isInteger(read.limit) && Number.isInteger(read.windowMs)).toBe(true)
    }
  })

  it('of many sizes keeps memory bounded, and each goes on counting', () => {
    const throttle = createThrottle({ clock: () => 0 })
    for (let limit = 1; limit <= 200; limit++) throttle.take([decision({ action: 'throttle', limit: { limit, windowMs: 1_000 } })], 'a')
    const last = [decision({ action: 'throttle', limit: { limit: 1, windowMs: 1_000 } })]
    expect(throttle.take(last, 'a')).toBeUndefined()
    expect(throttle.take(last, 'a')).toBeDefined()
  })
})

describe('marks of accounts', () => {
  it('are kept apart by subject, whatever it is called, and only ever rise', async () => {
    const marks = createAccountMarks({ store: memoryStore({ clock: () => 0 }), clock: () => 0 })
    await marks.raise('anna', { passwordAt: 5 })
    await marks.raise('anna', { passwordAt: 3, flaggedUntil: 9 })
    expect(await marks.read('anna')).toEqual({ passwordAt: 5, flaggedUntil: 9 })
    expect(await marks.read('__proto__')).toEqual({})
    await marks.raise('__proto__', { passwordAt: 1 })
    expect(await marks.read('__proto__')).toEqual({ passwordAt: 1 })
    expect(await marks.read('toString')).toEqual({})
  })

  it('raised at the same time by many all hold', async () => {
    const marks = createAccountMarks({ store: memoryStore({ clock: () => 0 }), clock: () => 0 })
    await Promise.all([1, 2, 3, 4].map((at) => marks.raise('anna', at % 2 === 0 ? { passwordAt: at } : { flaggedUntil: at })))
    expect(await marks.read('anna')).toEqual({ passwordAt: 4, flaggedUntil: 3 })
  })

  it('that somebody else wrote are read as far as they make sense', async () => {
    const store = memoryStore({ clock: () => 0 })
    for (const value of ['null', '[]', '{"passwordAt":"9","__proto__":{"flaggedUntil":9}}', '{"passwordAt":1e999}']) {
      const broken = createAccountMarks({ store: { ...store, read: async () => ({ value, version: '1' }) }, clock: () => 0 })
      expect(await broken.read('anna')).toEqual({})
    }
  })

  it('join to the later of each', () => {
    fc.assert(
      fc.property(fc.option(fc.nat(), { nil: undefined }), fc.option(fc.nat(), { nil: undefined }), (a, b) => {
        const one = a === undefined ? {} : { passwordAt: a }
        const other = b === undefined ? {} : { passwordAt: b }
        expect(joinMarks(one, other)).toEqual(joinMarks(other, one))
        expect(joinMarks(one, other).passwordAt).toBe(a === undefined ? b : b === undefined ? a : Math.max(a, b))
      }),
    )
  })

  it('reject when the store does not answer: nobody must take that for no mark', async () => {
    const down = async (): Promise<never> => {
      throw new Error('down')
    }
    const store = { read: down, write: down, remove: down, list: down, removeGroup: down }
    const marks = createAccountMarks({ store, clock: () => 0 })
    await expect(marks.read('anna')).rejects.toThrow('down')
    await expect(marks.raise('anna', { passwordAt: 1 })).rejects.toThrow('down')
  })
})
