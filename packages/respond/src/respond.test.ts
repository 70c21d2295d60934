import {
  type Alert,
  createDecisionSet,
  DAY,
  type Decision,
  formatRange,
  HOUR,
  MINUTE,
  parseAddress,
  parseRange,
  prefixOf,
} from '@parapet/core'
import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { createBudget } from './budget.js'
import { alertOf, decisionOf, NOW, serialIds } from './fixtures/alerts.js'
import { builtinPolicies, loadPolicies } from './load-policies.js'
import type { HeldDecision, Policy } from './policy.js'
import { createProtectedTargets } from './protected-targets.js'
import { respond, type RespondInput, type Verdict } from './respond.js'
import { rangeOfTarget, rangesOverlap } from './targets.js'

let policies: readonly Policy[] = []
beforeAll(async () => {
  policies = loadPolicies(await builtinPolicies()).policies
})

const nobody = createProtectedTargets({})

const ask = (over: Partial<RespondInput> = {}, held: readonly Decision[] = []): Verdict => {
  const set = createDecisionSet()
  for (const decision of held) set.apply(decision)
  return respond({
    alert: alertOf(),
    policies,
    protectedTargets: nobody,
    held: set,
    budget: createBudget(),
    history: held,
    now: NOW,
    newId: serialIds(),
    ...over,
  })
}

const kinds = (verdict: Verdict): string[] => verdict.notes.map(({ kind }) => kind)

describe('an alert that is of an assessment as a whole', () => {
  it('leads to no decision, and says so', () => {
    expect(ask().decisions).toHaveLength(1)
    const { decisions, extended, notes } = ask({ assessment: 'run-7' })
    expect([decisions, extended]).toEqual([[], []])
    expect(notes).toEqual([{ kind: 'assessment', detail: expect.stringContaining('assessment run-7') }])
  })

  it('costs nothing of the budget, and prolongs nothing that is held', () => {
    const [held] = ask().decisions
    const late = { now: NOW + 10 * MINUTE, assessment: 'run-7' }
    const budget = createBudget()
    const verdict = ask({ ...late, budget }, [{ ...held!, revision: 1 }])
    expect(verdict.budget).toBe(budget)
    expect(verdict.extended).toEqual([])
  })

  it('shows a run on one line, whatever it is called', () => {
    expect(ask({ assessment: `a\nb${'c'.repeat(500)}` }).notes[0]?.detail).toMatch(/^[^\n]{1,200}$/)
  })
})

describe('the built-in answer to brute force', () => {
  it('denies signing in for a quarter of an hour, with reason, author, rule and alert', () => {
    const { decisions, notes } = ask()
    expect(notes).toEqual([])
    expect(decisions).toEqual([
      {
        id: 'id-2',
        batch: 'id-1',
        target: { kind: 'ip', value: '203.0.113.7' },
        action: 'deny',
        scope: 'login',
        mode: 'enforce',
        reason: 'Brute force from one address: Five failed sign-ins in one minute.',
        enforcers: ['guard', 'forward_auth'],
        author: { kind: 'policy', id: 'brute-force', name: 'Brute force of applications is answered in steps' },
        rule: { id: 'brute-force-address', title: 'Brute force from one address', level: 'high', version: '1' },
        alertId: 'alert-1',
        startsAt: NOW,
        expiresAt: NOW + 15 * MINUTE,
      },
    ])
  })

  it('acts on the /64 of an IPv6 address', () => {
    for (const value of ['2001:db8:1:2::5', '2001:db8:1:2::/64', '2001:db8:1:2::5/127']) {
      const { decisions } = ask({ alert: alertOf({ scope: { kind: 'ip', value }, targets: ['2001:db8:1:2::5'] }) })
      expect(decisions.map(({ target }) => target)).toEqual([{ kind: 'cidr', value: '2001:db8:1:2::/64' }])
    }
  })

  it('climbs one step for each earlier offence, and stays on the last', () => {
    const lengths: [string, number][] = []
    const history: HeldDecision[] = []
    let now = NOW
    for (let offence = 0; offence < 7; offence++) {
      const { decisions } = ask({ alert: alertOf({ id: `a${offence}`, first: now - MINUTE, last: now }), now, history: [...history] })
      const [made] = decisions
      lengths.push([made?.scope ?? '', (made?.expiresAt ?? 0) - now])
      history.push(...decisions)
      now = (made?.expiresAt ?? now) + MINUTE
    }
    expect(lengths).toEqual([
      ['login', 15 * MINUTE],
      ['all', HOUR],
      ['all', 6 * HOUR],
      ['all', DAY],
      ['all', 7 * DAY],
      ['all', 7 * DAY],
      ['all', 7 * DAY],
    ])
  })

  it('stays on the last step for who comes back after it, and forgets a chain that was quiet for a week', () => {
    const first = decisionOf({ id: 'a', startsAt: NOW - 20 * DAY, expiresAt: NOW - 20 * DAY + HOUR })
    const second = decisionOf({ id: 'b', startsAt: NOW - 15 * DAY, expiresAt: NOW - 8 * DAY })
    const third = decisionOf({ id: 'c', startsAt: NOW - 4 * DAY, expiresAt: NOW - 3 * DAY })
    expect(ask({ history: [first, second, third] }).decisions[0]?.expiresAt).toBe(NOW + DAY)
    expect(ask({ history: [first, third] }).decisions[0]?.expiresAt).toBe(NOW + HOUR)
  })

  it('forgets an offence after a week, and one that somebody took back at once', () => {
    const over = decisionOf({ startsAt: NOW - 9 * DAY, expiresAt: NOW - 8 * DAY })
    const mistake = decisionOf({
      expiresAt: NOW - HOUR,
      lifted: { at: NOW - 2 * HOUR, by: { kind: 'operator', id: 'o' }, reason: 'our office' },
    })
    for (const history of [[over], [mistake], [over, mistake]]) expect(ask({ history }).decisions[0]?.expiresAt).toBe(NOW + 15 * MINUTE)
  })

  it('counts neither what was only observed, nor what a person did, nor what happened to another address', () => {
    const before = { startsAt: NOW - 2 * HOUR, expiresAt: NOW - HOUR } as const
    const history = [
      decisionOf({ ...before, mode: 'observe' }),
      decisionOf({ ...before, author: { kind: 'operator', id: 'o' } }),
      decisionOf({ ...before, target: { kind: 'ip', value: '203.0.113.8' } }),
      decisionOf({ ...before, target: { kind: 'cidr', value: '203.0.113.0/24' } }),
    ]
    expect(ask({ history }).decisions[0]?.scope).toBe('login')
    expect(ask({ history: [decisionOf({ ...before, target: { kind: 'cidr', value: '203.0.113.7/32' } })] }).decisions[0]?.scope).toBe('all')
  })
})

describe('what is in force already', () => {
  it('is not doubled: two rules that see one attack are one offence', () => {
    const held = [decisionOf({ startsAt: NOW - 1_000, expiresAt: NOW + 14 * MINUTE })]
    const verdict = ask({ alert: alertOf({ id: 'another', first: NOW - MINUTE }) }, held)
    expect(verdict.decisions).toEqual([])
    expect(verdict.extended).toEqual([])
    expect(kinds(verdict)).toEqual(['merged'])
  })

  it('is extended under its own id once its second half has begun', () => {
    const held = [decisionOf({ expiresAt: NOW + 5 * MINUTE, alertId: 'alert-1' })]
    const verdict = ask({}, held)
    expect(verdict.decisions).toEqual([])
    expect(verdict.extended.map(({ id, expiresAt }) => [id, expiresAt])).toEqual([['held-1', NOW + 15 * MINUTE]])
    expect(verdict.extended[0]).not.toHaveProperty('revision')
    expect(verdict.budget.recent).toEqual([])
  })

  it('is left as a person made it', () => {
    const held = [decisionOf({ expiresAt: NOW + MINUTE, author: { kind: 'operator', id: 'o' } })]
    expect(ask({}, held)).toMatchObject({ decisions: [], extended: [], notes: [{ kind: 'merged' }] })
  })

  it.each<[string, Partial<Decision>]>([
    ['a wider range', { target: { kind: 'cidr', value: '203.0.113.0/24' } }],
    ['all routes', { scope: 'all' }],
    ['the same range written otherwise', { target: { kind: 'cidr', value: '::ffff:203.0.113.7/128' } }],
  ])('covers the address by %s', (_, over) => {
    expect(ask({}, [decisionOf({ startsAt: NOW - 1, expiresAt: NOW + HOUR, ...over })]).decisions).toEqual([])
  })

  it.each<[string, Partial<Decision>]>([
    ['was only observed', { mode: 'observe' }],
    ['has expired', { startsAt: NOW - 30 * DAY, expiresAt: NOW - 29 * DAY }],
    ['has not begun', { startsAt: NOW + 1, expiresAt: NOW + HOUR, author: { kind: 'operator', id: 'o' } }],
    ['is on another address', { target: { kind: 'ip', value: '203.0.113.8' } }],
    ['asks for less', { action: 'challenge', scope: 'all' }],
  ])('does not stand in the way when it %s', (_, over) => {
    expect(ask({}, [decisionOf(over)]).decisions).toHaveLength(1)
  })

  it('is no shelter: an attack that began after it is answered with the next step', () => {
    const held = [decisionOf({ startsAt: NOW - 10 * MINUTE, expiresAt: NOW + 5 * MINUTE })]
    const { decisions } = ask({ alert: alertOf({ id: 'later', first: NOW - MINUTE }) }, held)
    expect(decisions.map(({ scope, expiresAt }) => [scope, expiresAt])).toEqual([['all', NOW + HOUR]])
  })
})

describe('who is not denied', () => {
  it('spares every address of an attack that aims at one user or endpoint from many', () => {
    const targets = Array.from({ length: 700 }, (_, i) => `198.51.${i >> 8}.${i & 255}`)
    const user = ask({ alert: alertOf({ scope: { kind: 'user', value: 'alice' }, targets }) })
    expect(user.decisions).toMatchObject([
      { action: 'challenge', target: { kind: 'user', value: 'alice' }, scope: 'login', mode: 'enforce' },
    ])
    const endpoint = ask({ alert: alertOf({ scope: { kind: 'endpoint', value: '/login\u001b[31m' }, targets }) })
    expect(endpoint.decisions).toEqual([])
    expect(kinds(endpoint)).toEqual(['no-policy'])
    expect(endpoint.notes[0]?.detail).toContain('700 addresses')
    expect(endpoint.notes[0]?.detail).not.toContain('\u001b')
    expect(endpoint.intents?.notify).toMatchObject({ audience: 'security', kind: 'alert' })
  })

  it('refuses a protected address, and says which', () => {
    const protectedTargets = createProtectedTargets({ proxies: ['203.0.113.7'] })
    const verdict = ask({ protectedTargets })
    expect(verdict.decisions).toEqual([])
    expect(verdict.notes).toEqual([
      {
        kind: 'protected',
        detail: '203.0.113.7 is not denied: 203.0.113.7 is a declared proxy.',
        target: { kind: 'ip', value: '203.0.113.7' },
      },
    ])
  })

  it('does nothing about an alert that no policy answers, or that names no address', () => {
    expect(kinds(ask({ policies: [] }))).toEqual(['no-policy'])
    expect(kinds(ask({ alert: alertOf({ rule: { ...alertOf().rule, tags: [], level: 'informational' } }) }))).toEqual(['no-policy'])
    expect(kinds(ask({ alert: alertOf({ scope: { kind: 'ip', value: 'unknown' }, targets: ['unknown', ''] }) }))).toEqual(['no-policy'])
  })

  it('acts on the addresses of a wide prefix one by one, and on a bounded number of them', () => {
    const targets = Array.from({ length: 300 }, (_, i) => `2001:db8:7:${i.toString(16)}::1`)
    const verdict = ask({ alert: alertOf({ scope: { kind: 'ip', value: '2001:db8:7::/48' }, targets: [...targets, '2001:db8:8::1'] }) })
    // fifteen /64s, and from the sixteenth on the /56 around them
    expect(verdict.decisions).toHaveLength(16)
    expect(new Set(verdict.decisions.map(({ batch }) => batch)).size).toBe(1)
    expect(verdict.decisions.slice(0, 15).every(({ target }) => /^2001:db8:7(?::[0-9a-f]+)?::\/64$/.test(target.value))).toBe(true)
    expect(verdict.decisions[15]?.target).toEqual({ kind: 'cidr', value: '2001:db8:7::/56' })
    expect(verdict.notes.filter(({ kind }) => kind === 'merged')).toHaveLength(16)
  })
})

describe('probes, rates and scans', () => {
  const probe = alertOf({
    rule: { id: 'sql-injection', title: 'SQL injection probe', level: 'high', tags: ['attack.t1190'], version: '1' },
  })

  it('are written down and shown, and nobody is refused', () => {
    const verdict = ask({ alert: probe })
    expect(verdict.decisions).toMatchObject([{ mode: 'observe', scope: 'all', expiresAt: NOW + HOUR, author: { id: 'observe' } }])
    expect(kinds(verdict)).toEqual(['observe'])
    expect(verdict.budget).toEqual(createBudget())
  })

  it('stay observed when the rule asks to enforce, because the policy does not let it', () => {
    const rulesRespond = new Map([['sql-injection', { mode: 'enforce', duration: '6h' } as const]])
    expect(ask({ alert: probe, rulesRespond }).decisions).toMatchObject([{ mode: 'observe', expiresAt: NOW + 6 * HOUR }])
  })
})

describe('what a rule may ask for', () => {
  it('is less than the policy enforces, never more', () => {
    const rule = (response: object): Verdict => ask({ rulesRespond: new Map([['brute-force-address', response]]) })
    expect(rule({ mode: 'observe' }).decisions[0]?.mode).toBe('observe')
    expect(rule({ duration: '30d', scope: 'all' }).decisions[0]).toMatchObject({ scope: 'login', expiresAt: NOW + 15 * MINUTE })
    // whom a policy acts on is the policy's own to say
    expect(rule({ target: 'user', mode: 'enforce' }).decisions[0]?.target.kind).toBe('ip')
  })

  it('is taken where the policy says so, within the bounds of a decision, and later steps are never milder', () => {
    const open = policies.map((policy) => ({
      ...policy,
      respond: { ...policy.respond, ruleMaySet: ['mode', 'scope', 'duration'] as const },
    }))
    const make = (duration: string | number, history: HeldDecision[] = []): Partial<Decision> | undefined =>
      ask({ policies: open, history, rulesRespond: new Map([['brute-force-address', { duration, scope: 'all' as const }]]) }).decisions[0]
    expect(make('2h')).toMatchObject({ scope: 'all', expiresAt: NOW + 2 * HOUR })
    expect(make('900d')).toMatchObject({ expiresAt: NOW + 30 * DAY })
    expect(make(5)).toMatchObject({ expiresAt: NOW + MINUTE })
    expect(make('soon')).toMatchObject({ expiresAt: NOW + 15 * MINUTE })
    expect(make(Number.NaN)).toMatchObject({ expiresAt: NOW + 15 * MINUTE })
    const earlier = decisionOf({ startsAt: NOW - 2 * HOUR, expiresAt: NOW - HOUR })
    expect(make('2h', [earlier])).toMatchObject({ scope: 'all', expiresAt: NOW + 2 * HOUR })
  })
})

describe('the reason', () => {
  it('is one bounded line, whatever the attacker called himself', () => {
    const why = `by \u001b[2J\u202eadmin\r\nroot: fake\u2028line ${'x'.repeat(5_000)}`
    const reason = ask({ alert: alertOf({ why }) }).decisions[0]?.reason ?? ''
    expect(reason.length).toBeLessThanOrEqual(500)
    expect(reason).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u)
    expect(reason).toContain('by [2J admin root: fake line')
  })
})

describe('every sequence of alerts', () => {
  const attacker = fc.oneof(
    fc
      .tuple(fc.constantFrom('203.0.113', '203.0.114', '198.51.100'), fc.integer({ min: 0, max: 40 }))
      .map(([net, host]) => `${net}.${host}`),
    fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 9 })).map(([net, host]) => `2001:db8:0:${net}::${host + 1}`),
    fc.constantFrom('127.0.0.1', '::1', '0.0.0.0', '10.0.0.1', 'junk', '::ffff:10.0.0.1', '203.0.113.0/24', '0.0.0.0/0', '2001:db8::/32'),
  )
  const alert = fc
    .record({
      id: fc.integer({ min: 0, max: 30 }),
      value: attacker,
      kind: fc.constantFrom('ip', 'ip', 'event', 'user'),
      targets: fc.array(attacker, { maxLength: 6 }),
      level: fc.constantFrom('low', 'medium', 'high', 'critical'),
      tags: fc.constantFrom(['attack.t1110.003'], ['attack.t1190'], []),
      age: fc.integer({ min: 0, max: 2 * HOUR }),
      wait: fc.integer({ min: 0, max: 20 * MINUTE }),
    })
    .map(({ id, value, kind, targets, level, tags, age, wait }) => ({
      wait,
      make: (now: number): Alert =>
        alertOf({
          id: `alert-${id}`,
          scope: { kind, value },
          targets,
          first: now - age,
          last: now,
          rule: { id: 'r', title: 'R', level, tags, version: '1' },
        }),
    }))
  const allowed = ['10.0.0.0/8', '203.0.114.0/28', '2001:db8:0:2::5']
  const limits = { perMinute: 3, active: 8, networkShare: 0.0001, held: 20 }

  const play = (
    alerts: readonly { wait: number; make: (now: number) => Alert }[],
    check: (verdict: Verdict, now: number, held: readonly Decision[]) => void,
  ): string => {
    const set = createDecisionSet()
    const protectedTargets = createProtectedTargets({ allowList: allowed })
    const history: HeldDecision[] = []
    const newId = serialIds()
    let budget = createBudget(limits)
    let now = NOW
    let revision = 0
    const made: unknown[] = []
    for (const { wait, make } of alerts) {
      now += wait
      const verdict = respond({ alert: make(now), policies, protectedTargets, held: set, budget, history, now, newId })
      ;({ budget } = verdict)
      for (const decision of [...verdict.decisions, ...verdict.extended]) set.apply({ ...decision, revision: ++revision })
      history.push(...verdict.decisions)
      set.sweep(now)
      check(verdict, now, set.all())
      made.push(verdict)
    }
    return JSON.stringify(made)
  }

  it('makes only decisions that begin now and expire within thirty days', () => {
    fc.assert(
      fc.property(fc.array(alert, { maxLength: 25 }), (alerts) => {
        play(alerts, ({ decisions, extended }, now) => {
          for (const { startsAt, expiresAt } of decisions) {
            expect(startsAt).toBe(now)
            expect(expiresAt - now).toBeGreaterThanOrEqual(MINUTE)
          }
          for (const { expiresAt } of [...decisions, ...extended]) expect(expiresAt - now).toBeLessThanOrEqual(30 * DAY)
        })
      }),
    )
  })

  it('never reaches a protected address, not even within a range', () => {
    const guarded = [...allowed, '127.0.0.0/8', '::1', '0.0.0.0/8', '::'].map((text) => parseRange(text)!)
    fc.assert(
      fc.property(fc.array(alert, { maxLength: 25 }), (alerts) => {
        play(alerts, ({ decisions, extended }) => {
          for (const { target } of [...decisions, ...extended]) {
            const range = rangeOfTarget(target)
            expect(range === undefined && target.kind !== 'user').toBe(false)
            expect(guarded.filter((other) => range !== undefined && rangesOverlap(range, other))).toEqual([])
          }
        })
      }),
    )
  })

  it('never exceeds the budget: not in any minute, not in all, not in one network', () => {
    fc.assert(
      fc.property(fc.array(alert, { minLength: 5, maxLength: 40 }), (alerts) => {
        const times: number[] = []
        play(
          alerts.map(({ wait, make }) => ({ wait: wait % 20_000, make })),
          ({ decisions }, now, held) => {
            for (const { mode } of decisions) if (mode === 'enforce') times.push(now)
            expect(times.filter((at) => at > now - MINUTE).length).toBeLessThanOrEqual(limits.perMinute)
            const enforced = held.filter(({ mode, expiresAt }) => mode === 'enforce' && expiresAt > now)
            expect(enforced.length).toBeLessThanOrEqual(limits.active)
            expect(held.length).toBeLessThanOrEqual(limits.held)
            const share = new Map<string, number>()
            for (const { target } of enforced) {
              const address = parseAddress(target.value.split('/')[0] ?? '')
              if (address === undefined) continue
              const network = formatRange(prefixOf(address, address.family === 4 ? 16 : 48))
              share.set(network, (share.get(network) ?? 0) + 1)
            }
            for (const count of share.values()) expect(count).toBeLessThanOrEqual(limits.networkShare * 65_536)
          },
        )
      }),
      { numRuns: 200 },
    )
  })

  it('gives the same verdicts every time', () => {
    fc.assert(fc.property(fc.array(alert, { maxLength: 15 }), (alerts) => play(alerts, () => undefined) === play(alerts, () => undefined)))
  })
})
