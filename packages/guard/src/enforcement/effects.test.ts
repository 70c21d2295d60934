import { createDecisionSet, type Decision, type DecisionAction, LOCKDOWN_MODES, type LockdownMode } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../store/memory-store.js'
import { createAccountMarks } from './accounts.js'
import { createAliases } from './aliases.js'
import { createEnforcement } from './enforcement.js'
import { asksSession, createLockdowns } from './lockdown.js'
import { createThrottle, limitOf } from './throttle.js'
import { type EnforcementFacts, weigh } from './weigh.js'

fc.configureGlobal({ seed: 20_261_122 })

const AT = 1_000
let serial = 0
const decision = (over: Partial<Decision> = {}): Decision => {
  const id = ++serial
  return {
    id: `d${id}`,
    revision: id,
    target: { kind: 'ip', value: '203.0.113.7' },
    action: 'deny',
    scope: 'all',
    mode: 'enforce',
    reason: '',
    author: { kind: 'operator', id: 'o' },
    batch: 'b',
    startsAt: AT,
    expiresAt: 2 * AT,
    ...over,
  }
}

/** The strongest first, as the table of effects has it. */
const ORDER = ['deny', 'suspend', 'require_reset', 'end_sessions', 'require_mfa', 'challenge', 'throttle'] as const
const KIND: Readonly<Record<(typeof ORDER)[number], string>> = {
  deny: 'denied',
  suspend: 'suspended',
  require_reset: 'reset_required',
  end_sessions: 'sessions_ended',
  require_mfa: 'mfa_required',
  challenge: 'step_up',
  throttle: 'throttled',
}
const time = fc.constantFrom(undefined, 0, AT - 1, AT, AT + 1, 9e15)
const anyFacts: fc.Arbitrary<EnforcementFacts> = fc.record({
  login: fc.boolean(),
  loginPage: fc.boolean(),
  open: fc.boolean(),
  session: fc.oneof(
    fc.constantFrom('unread' as const, undefined),
    fc.record({ authenticatedAt: fc.constantFrom(0, AT - 1, AT, AT + 1), factorAt: time, startedAt: time }),
  ),
  clearedAt: time,
  passwordAt: time,
  canChallenge: fc.boolean(),
})
const anyOne = fc
  .record({
    action: fc.constantFrom<DecisionAction>(...ORDER, 'lockdown'),
    scope: fc.constantFrom<Decision['scope']>('all', 'login'),
    mode: fc.constantFrom<Decision['mode']>('enforce', 'observe'),
  }) // prettier-ignore
  .map((over) => decision(over))

describe('several decisions on one request', () => {
  const SIGNED_IN: EnforcementFacts = {
    login: false,
    loginPage: false,
    open: false,
    session: { authenticatedAt: 0, startedAt: 0 },
    clearedAt: undefined,
    passwordAt: undefined,
    canChallenge: true,
  }

  it('take effect in one order, for each pair of actions', () => {
    for (const [i, stronger] of ORDER.entries())
      for (const weaker of ORDER.slice(i + 1))
        for (const both of [
          [stronger, weaker],
          [weaker, stronger],
        ] as const)
          // prettier-ignore
          expect(weigh(both.map((action) => decision({ action })), SIGNED_IN).kind).toBe(KIND[stronger])
  })

  it('give what the strongest of them gives by itself', () => {
    fc.assert(
      fc.property(fc.array(anyOne, { maxLength: 8 }), anyFacts, (decisions, facts) => {
        const alone = decisions.filter(({ mode }) => mode === 'enforce').filter((one) => weigh([one], facts).kind !== 'allowed')
        const rank = (one: Decision): number => ORDER.indexOf(one.action as (typeof ORDER)[number])
        const [strongest] = alone.toSorted((a, b) => rank(a) - rank(b))
        const verdict = weigh(decisions, facts)
        expect(verdict.kind).toBe(strongest === undefined ? 'allowed' : weigh([strongest], facts).kind)
        // and it is that decision which is named, or all throttles that hold
        const named = verdict.kind === 'throttled' ? verdict.decisions : 'decision' in verdict ? [verdict.decision] : []
        expect(named).toEqual(verdict.kind === 'throttled' ? alone : strongest === undefined ? [] : [strongest])
      }),
      { numRuns: 500 },
    )
  })

  it('that are only watched change nothing, and one that would have held is told of', () => {
    fc.assert(
      fc.property(fc.array(anyOne, { maxLength: 6 }), anyFacts, (decisions, facts) => {
        const watched = decisions.map((one): Decision => ({ ...one, mode: 'observe' }))
        const verdict = weigh(watched, facts)
        const first = watched.find((one) => weigh([{ ...one, mode: 'enforce' }], facts).kind !== 'allowed')
        expect(verdict).toEqual({ kind: 'allowed', observed: first })
      }),
      { numRuns: 300 },
    )
  })

  it('ask nothing of a session that nobody has read yet but what needs none', () => {
    fc.assert(
      fc.property(fc.array(anyOne, { maxLength: 6 }), anyFacts, (decisions, facts) => {
        expect(['allowed', 'denied', 'throttled']).toContain(weigh(decisions, { ...facts, session: 'unread' }).kind)
      }),
    )
  })

  it('of scope login touch no other request, except a challenge before the form', () => {
    fc.assert(
      fc.property(fc.array(anyOne, { maxLength: 6 }), anyFacts, (decisions, facts) => {
        const onLogin = decisions.map((one): Decision => ({ ...one, scope: 'login' }))
        const elsewhere = weigh(onLogin, { ...facts, login: false, loginPage: false })
        expect(elsewhere).toEqual({ kind: 'allowed', observed: undefined })
        expect(['allowed', 'challenged', 'step_up']).toContain(weigh(onLogin, { ...facts, login: false, loginPage: true }).kind)
      }),
    )
  })
})

describe('decisions in time', () => {
  it('begin and end to the millisecond, and a clock that was set back brings one back', () => {
    let now = 0
    const set = createDecisionSet()
    set.reset([decision()])
    const enforcement = createEnforcement({ set, clock: () => now, has: { keyring: true, geo: true } })
    const found = (at: number): number => {
      now = at
      return enforcement.match({ address: '203.0.113.7' }).length
    }
    expect([AT - 1, AT, 2 * AT - 1, 2 * AT, 2 * AT + 1, AT, 0].map((at) => found(at))).toEqual([0, 1, 1, 0, 0, 1, 0])
  })

  it('that never begin, or end before they begin, are never in force', () => {
    const set = createDecisionSet()
    set.reset([decision({ startsAt: Infinity }), decision({ startsAt: Number.NaN }), decision({ startsAt: AT, expiresAt: AT }), decision({ expiresAt: 0 })]) // prettier-ignore
    const enforcement = createEnforcement({ set, clock: () => AT, has: { keyring: true, geo: true } })
    expect(enforcement.match({ address: '203.0.113.7' })).toEqual([])
  })
})

describe('what a guard cannot do', () => {
  const has = { keyring: false, geo: false }
  const of = (over: Partial<Decision>): string | undefined =>
    createEnforcement({ set: createDecisionSet(), clock: () => AT, has }).misses(decision(over))

  it.each<[Partial<Decision>, string | undefined]>([
    [{}, undefined],
    [{ action: 'lockdown', target: { kind: 'all', value: '*' } }, undefined],
    [{ action: 'lockdown' }, 'lockdown: needs the target all'],
    [{ action: 'challenge' }, 'challenge: needs keyring or secret'],
    [{ target: { kind: 'country', value: 'DE' } }, 'target country: needs geo'],
    [{ target: { kind: 'asn', value: '3320' } }, 'target asn: needs geo'],
    // by the action first: without it nothing else matters
    [{ action: 'melt' as DecisionAction, target: { kind: 'country', value: 'DE' } }, 'melt: needs a newer guard'],
    [{ action: '__proto__' as DecisionAction }, '__proto__: needs a newer guard'],
    [{ action: 'DENY' as DecisionAction }, 'DENY: needs a newer guard'],
    [{ action: 'a\r\nb\u001b[31m' as DecisionAction }, 'a\\x0d\\x0ab\\x1b[31m: needs a newer guard'],
  ])('%j: %j [ASVS 16.4.1]', (over, expected) => {
    expect(of(over)).toBe(expected)
  })

  it('is said in a bounded line, whatever came down', () => {
    expect(of({ action: 'x'.repeat(1_000_000) as DecisionAction })).toBe(`${'x'.repeat(40)}: needs a newer guard`)
    expect(of({ target: { kind: 'y'.repeat(1_000_000) as 'ip', value: '' } })).toHaveLength('target : needs a newer guard'.length + 40)
  })
})

describe('lockdowns among decisions', () => {
  const lockdown = (mode: string, over: Partial<Decision> = {}): Decision =>
    decision({ action: 'lockdown', target: { kind: 'all', value: '*' }, lockdown: { mode: mode as LockdownMode, allow: [] }, ...over })

  it('are found only if there are any', () => {
    const lockdowns = createLockdowns(() => false)
    expect(lockdowns.among([])).toBeUndefined()
    expect(lockdowns.among(ORDER.map((action) => decision({ action })))).toBeUndefined()
    expect(lockdowns.among([lockdown('all', { target: { kind: 'ip', value: '203.0.113.7' } })])).toBeUndefined()
  })

  it('bind by the strictest, in whatever order, the watched ones apart from those', () => {
    const modes = fc.array(fc.record({ mode: fc.constantFrom(...LOCKDOWN_MODES), observe: fc.boolean() }), { maxLength: 6 })
    fc.assert(
      fc.property(modes, (all) => {
        const strictest = (observe: boolean): LockdownMode | undefined =>
          LOCKDOWN_MODES.findLast((mode) => all.some((one) => one.mode === mode && one.observe === observe))
        const decisions = all.map(({ mode, observe }) => lockdown(mode, { mode: observe ? 'observe' : 'enforce' }))
        const found = createLockdowns(({ mode }) => mode === 'observe').among([decision(), ...decisions, decision({ action: 'suspend' })])
        expect([found?.held?.mode, found?.watched?.mode]).toEqual([strictest(false), strictest(true)])
      }),
    )
  })

  it('of a mode that this guard does not know are the strictest there is', () => {
    const found = createLockdowns(() => false).among([lockdown('read_only'), lockdown('quantum')])
    expect(found?.held?.mode).toBe('all')
  })

  it('are read once: the same decision gives the same ranges at every request', () => {
    const lockdowns = createLockdowns(() => false)
    const one = lockdown('allow_list', { lockdown: { mode: 'allow_list', allow: ['198.51.100.0/24'] } })
    const first = lockdowns.among([one])?.held
    expect(lockdowns.among([one])?.held).toBe(first)
    expect(first && lockdowns.judge(first, { address: '198.51.100.9', method: 'POST' }).outcome).toBe('allow')
    expect(first && lockdowns.judge(first, { address: '198.51.101.9', method: 'GET' }).outcome).toBe('refuse')
  })

  it('ask for the session only where it decides', () => {
    expect(LOCKDOWN_MODES.filter((mode) => asksSession({ mode }))).toEqual(['known_users'])
  })
})

describe('other spellings of a name', () => {
  const user = (value: string): Decision => decision({ target: { kind: 'user', value } })

  it('are found under the one that they fold to, and nowhere else', () => {
    const aliases = createAliases((name) => name.trim().toLowerCase())
    for (const value of ['Anna', ' anna', 'ANNA', 'anna', 'Anna']) aliases.note(user(value))
    aliases.note(decision({ target: { kind: 'ip', value: 'ANNA' } }))
    expect(aliases.of('anna')).toEqual(['anna', 'Anna', ' anna', 'ANNA'])
    for (const other of ['bert', 'Anna', '__proto__', 'constructor', '']) expect(aliases.of(other)).toEqual([other])
  })

  it('may be folded by somebody who takes his time, fails or throws: the name holds as it stands', async () => {
    const aliases = createAliases(async (name) => {
      if (name === 'bad') throw new Error('directory is down')
      await new Promise((resolve) => setImmediate(resolve))
      return name.toLowerCase()
    })
    aliases.note(user('Anna'))
    aliases.note(user('bad'))
    expect(aliases.of('anna')).toEqual(['anna'])
    expect(aliases.named()).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(aliases.of('anna')).toEqual(['anna', 'Anna'])
    expect(aliases.of('bad')).toEqual(['bad'])
    const throwing = createAliases(() => {
      throw new Error('no')
    })
    expect(() => throwing.note(user('Anna'))).not.toThrow()
    expect(throwing.of('Anna')).toEqual(['Anna'])
  })

  it('are bounded in number, and forgotten with the snapshot that they came from', () => {
    const aliases = createAliases(() => 'one')
    for (let i = 0; i < 12_000; i++) aliases.note(user(`name ${i}`))
    expect(aliases.of('one')).toHaveLength(10_001)
    aliases.clear()
    expect([aliases.of('one'), aliases.named()]).toEqual([['one'], false])
    aliases.note(user('Again'))
    expect(aliases.of('one')).toEqual(['one', 'Again'])
  })
})

describe('the limit that a decision carries', () => {
  it('is read within its bounds, from the first to the last number, and no number is taken from a text', () => {
    const read = (limit: unknown, windowMs: unknown) => Object.values(limitOf({ limit: { limit, windowMs } } as Pick<Decision, 'limit'>))
    expect(read(1, 1_000)).toEqual([1, 1_000])
    expect(read(0, 999)).toEqual([1, 1_000])
    expect(read(100_000, 86_400_000)).toEqual([100_000, 86_400_000])
    expect(read(100_001, 86_400_001)).toEqual([100_000, 86_400_000])
    expect(read(-1, -1)).toEqual([1, 1_000])
    expect(read(7.9, 1_000.9)).toEqual([7, 1_000])
    for (const odd of ['5', null, [5], {}, true, 5n, Number.NaN]) expect(read(odd, odd)).toEqual(Object.values(limitOf({})))
  })

  it('lets through as many as it says in any order of clients, and no more', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'b', '__proto__', ''), { maxLength: 40 }),
        fc.integer({ min: 1, max: 8 }),
        (keys, limit) => {
          const throttle = createThrottle({ clock: () => 0 })
          const one = [decision({ action: 'throttle', limit: { limit, windowMs: 60_000 } })]
          const passed = new Map<string, number>()
          for (const key of keys) if (throttle.take(one, key) === undefined) passed.set(key, (passed.get(key) ?? 0) + 1)
          for (const key of new Set(keys)) expect(passed.get(key)).toBe(Math.min(limit, keys.filter((other) => other === key).length))
        },
      ),
    )
  })

  it('of two decisions is counted for each: one used up stops what the other would let pass', () => {
    const throttle = createThrottle({ clock: () => 0 })
    const [tight, wide] = [decision({ action: 'throttle', limit: { limit: 1, windowMs: 60_000 } }), decision({ action: 'throttle', limit: { limit: 9, windowMs: 60_000 } })] // prettier-ignore
    expect(throttle.take([wide, tight], 'a')).toBeUndefined()
    expect(throttle.take([wide, tight], 'a')?.decision).toBe(tight)
    expect(throttle.take([wide], 'a')).toBeUndefined()
  })
})

describe('what was done with a decision', () => {
  it('is marked once for all processes, whatever its id is, and outlasts a restart', async () => {
    const store = memoryStore({ clock: () => 0 })
    const [one, other] = [createAccountMarks({ store, clock: () => 0 }), createAccountMarks({ store, clock: () => 0 })]
    for (const id of ['d1', '__proto__', 'x'.repeat(10_000), 'a\u0000b', '\ud800']) {
      expect(await other.isDone(id)).toBe(false)
      await Promise.all([one.markDone(id), other.markDone(id), one.markDone(id)])
      expect(await other.isDone(id)).toBe(true)
    }
    expect(await one.isDone('d2')).toBe(false)
  })

  it('is no mark of the account of that name', async () => {
    const marks = createAccountMarks({ store: memoryStore({ clock: () => 0 }), clock: () => 0 })
    await marks.markDone('anna')
    expect(await marks.read('anna')).toEqual({})
    await marks.raise('anna', { passwordAt: 1 })
    expect([await marks.isDone('anna'), await marks.isDone('bert')]).toEqual([true, false])
  })

  it('that changes under every hand that reaches for it ends as trouble, not in a loop', async () => {
    const store = memoryStore({ clock: () => 0 })
    let writes = 0
    const marks = createAccountMarks({ store: { ...store, write: async () => (writes++, false) }, clock: () => 0 })
    await expect(marks.raise('anna', { passwordAt: 1 })).rejects.toThrow('changes too often')
    expect(writes).toBe(8)
  })

  it('is not written again where it stands already: a raise to what is held costs a read', async () => {
    const store = memoryStore({ clock: () => 0 })
    let writes = 0
    const marks = createAccountMarks({ store: { ...store, write: (...given) => (writes++, store.write(...given)) }, clock: () => 0 })
    await marks.raise('anna', { passwordAt: 5 })
    for (const passwordAt of [5, 4, 0, -1]) await marks.raise('anna', { passwordAt })
    await marks.raise('anna', {})
    expect([writes, await marks.read('anna')]).toEqual([1, { passwordAt: 5 }])
  })
})
