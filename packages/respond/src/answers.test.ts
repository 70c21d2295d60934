import { type Alert, createDecisionSet, DAY, type Decision, HOUR, isActive, MINUTE } from '@parapet/core'
import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { createBudget } from './budget.js'
import { MANY_USERS } from './cdn-ranges.js'
import { mayAnswer } from './choose-policy.js'
import { type AddressFacts, type AlertFacts, NO_FACTS, type TrafficFacts } from './facts.js'
import { alertOf, decisionOf, NOW, serialIds } from './fixtures/alerts.js'
import { builtinPolicies, loadPolicies } from './load-policies.js'
import type { HeldDecision, Policy } from './policy.js'
import { createProtectedTargets } from './protected-targets.js'
import { respond, type RespondInput, type Verdict } from './respond.js'
import { rangeContains, rangeOfTarget, targetsOf, userTargets } from './targets.js'

let policies: readonly Policy[] = []
let promoted: readonly Policy[] = []
beforeAll(async () => {
  policies = loadPolicies(await builtinPolicies()).policies
  promoted = policies.map((policy) => withRespond(policy, { mode: 'enforce' }))
})

const withRespond = (policy: Policy, over: Partial<Policy['respond']>): Policy => ({ ...policy, respond: { ...policy.respond, ...over } })
const ask = (over: Partial<RespondInput> = {}, held: readonly Decision[] = []): Verdict => {
  const set = createDecisionSet()
  for (const decision of held) set.apply(decision)
  return respond({
    alert: alertOf(),
    policies: promoted,
    protectedTargets: createProtectedTargets({}),
    held: set,
    budget: createBudget(),
    history: held,
    now: NOW,
    newId: serialIds(),
    ...over,
  })
}
const tagged = (tags: readonly string[], over: Partial<Alert> = {}): Alert =>
  alertOf({ rule: { id: 'r', title: 'Title', level: 'critical', tags, version: '1' }, ...over })
const of = (verdict: Verdict): string[] => verdict.decisions.map(({ action, target }) => `${action} ${target.kind} ${target.value}`)
const facts = (over: Partial<AlertFacts>): AlertFacts => ({ ...NO_FACTS, ...over })
const traffic = (over: Partial<AddressFacts> = {}): TrafficFacts => ({
  requests: 10_000,
  signIns: 1_000,
  of: ({ kind }) => (kind === 'user' || kind === 'session' ? undefined : { requests: 0, signIns: 0, users: 0, mfaUsers: [], ...over }),
})

describe('several actions of one policy', () => {
  const breach = tagged(['parapet.emergency'])

  it('are one batch: the user is suspended and the address denied', () => {
    const verdict = ask({ alert: breach, facts: facts({ users: ['mallory'] }) })
    expect(of(verdict)).toEqual(['suspend user mallory', 'deny ip 203.0.113.7'])
    expect(new Set(verdict.decisions.map(({ batch }) => batch)).size).toBe(1)
    expect(new Set(verdict.decisions.map(({ id }) => id)).size).toBe(2)
  })

  it('each have a ladder of their own', () => {
    const earlier = decisionOf({
      target: { kind: 'user', value: 'mallory' },
      action: 'suspend',
      scope: 'all',
      startsAt: NOW - 3 * HOUR,
      expiresAt: NOW - 2 * HOUR,
    })
    const { decisions } = ask({ alert: breach, facts: facts({ users: ['mallory'] }), history: [earlier] })
    expect(decisions.map(({ expiresAt }) => expiresAt - NOW)).toEqual([6 * HOUR, HOUR])
  })

  it('ask for people, an incident and the lockdown in one go', () => {
    const { intents } = ask({ alert: { ...breach, targets: ['203.0.113.7', '203.0.113.8'] }, facts: facts({ users: ['mallory'] }) })
    expect(intents).toEqual({
      notify: {
        audience: 'administrators',
        kind: 'breach',
        title: 'Title',
        text: 'Five failed sign-ins in one minute. mallory is suspended for 1h. 203.0.113.7 is denied for 1h.',
      },
      incident: { title: 'Title: mallory', severity: 'critical', subjects: ['mallory'], addresses: ['203.0.113.7', '203.0.113.8'] },
      lockdown: 'offer',
    })
  })

  it('begin a lockdown by themselves only where the policy says so and is enforced', () => {
    const begins = promoted.map((policy) => withRespond(policy, { lockdown: { mode: 'known_users', duration: 10 * MINUTE } }))
    const lockdown = { mode: 'known_users', durationMs: 10 * MINUTE }
    expect(ask({ alert: breach, policies: begins }).intents?.lockdown).toEqual(lockdown)
    const watched = begins.map((policy) => withRespond(policy, { mode: 'observe' }))
    expect(ask({ alert: breach, policies: watched }).intents?.lockdown).toBe('offer')
  })

  it('tell of the same kind when the alert goes on and nothing new is decided', () => {
    const alert = tagged(['parapet.suspicious-user'], { scope: { kind: 'user', value: 'ann' } })
    const first = ask({ alert })
    const again = ask(
      { alert },
      first.decisions.map((decision) => Object.assign({ revision: 1 }, decision)),
    )
    expect(again.decisions).toEqual([])
    expect([first.intents?.notify?.kind, again.intents?.notify?.kind]).toEqual(['user_flagged', 'user_flagged'])
  })

  it('keep what an attacker wrote to bounded lines without control characters', () => {
    const nasty = `x\u001b[31m\r\n\u202e${'y'.repeat(9_000)}`
    const { intents } = ask({
      alert: { ...breach, why: nasty, targets: Array.from({ length: 500 }, (_, i) => `198.51.100.${i & 255}`) },
      facts: facts({ users: [`u${nasty.slice(0, 100)}`] }),
    })
    const text = [intents?.notify?.title, intents?.notify?.text, intents?.incident?.title].join('')
    expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    expect(text.length).toBeLessThan(2_500)
    expect(intents?.incident?.addresses.length).toBeLessThanOrEqual(32)
  })
})

describe('whom an alert is about', () => {
  const suspicious = (over: Partial<Alert>, about: Partial<AlertFacts> = {}): string[] =>
    of(ask({ alert: tagged(['parapet.suspicious-user'], over), facts: facts(about) }))

  it('is the user that it stands for, whoever else its events name', () => {
    expect(suspicious({ scope: { kind: 'user', value: 'ann' } }, { users: ['ann', 'bob'] })).toEqual(['require_mfa user ann'])
    expect(suspicious({ group: { 'source.ip': '203.0.113.7', 'user.name': 'ann' } }, { users: ['bob'] })).toEqual(['require_mfa user ann'])
  })

  it('is who signed in with success among those who were tried', () => {
    const users = ['root', 'admin', 'bob', 'eve', 'mallory', 'trent']
    expect(suspicious({}, { users, signedIn: ['bob'] })).toEqual(['require_mfa user bob'])
  })

  it('is nobody where too many are named: a list of guessed names is no list of suspects', () => {
    expect(suspicious({}, { users: ['a', 'b', 'c', 'd', 'e'] })).toEqual([])
    expect(suspicious({ scope: { kind: 'endpoint', value: '/login' } }, { users: ['a'] })).toEqual([])
    expect(suspicious({}, { users: ['', ' ', 'x'.repeat(257)] })).toEqual([])
    expect(ask({ alert: tagged(['parapet.suspicious-user']) }).notes).toEqual([
      { kind: 'no-policy', detail: 'The alert names nobody who could be acted on.' },
    ])
  })

  it('is a session where a policy says so', () => {
    const [any] = policies
    const sessions: Policy[] = [
      {
        ...withRespond(any!, {
          mode: 'enforce',
          actions: [{ action: 'end_sessions', target: 'session', steps: [{ scope: 'all', duration: HOUR }] }],
        }),
        match: { level: 'low' },
      },
    ]
    expect(of(ask({ policies: sessions, facts: facts({ sessions: ['s1', 's2'] }) }))).toEqual([
      'end_sessions session s1',
      'end_sessions session s2',
    ])
    expect(of(ask({ policies: sessions, alert: alertOf({ group: { 'session.id': 's9' } }), facts: facts({ sessions: ['s1'] }) }))).toEqual([
      'end_sessions session s9',
    ])
  })

  it('is told beforehand: what has to be known of earlier decisions and the traffic', () => {
    expect(targetsOf(alertOf(), facts({ users: ['ann'], sessions: ['s'] }))).toEqual([
      { kind: 'ip', value: '203.0.113.7' },
      { kind: 'user', value: 'ann' },
      { kind: 'session', value: 's' },
    ])
    expect(userTargets(alertOf(), NO_FACTS)).toEqual([])
  })
})

describe('an address from which a second factor was passed of late', () => {
  const known = traffic({ mfaUsers: ['ann'] })

  it('has its user asked again first', () => {
    const verdict = ask({ traffic: known })
    expect(of(verdict)).toEqual(['require_mfa user ann'])
    expect(verdict.decisions[0]).toMatchObject({ scope: 'all', expiresAt: NOW + HOUR, author: { id: 'brute-force' } })
    expect(verdict.notes[0]).toMatchObject({ kind: 'user-first' })
  })

  const tried = (over: Partial<Decision>): Decision =>
    decisionOf({ id: 'first', target: { kind: 'user', value: 'ann' }, action: 'require_mfa', scope: 'all', expiresAt: NOW + HOUR, ...over })

  it('is denied like any other when it goes on: the factor is no immunity', () => {
    expect(of(ask({ traffic: known }, [tried({ startsAt: NOW - 5 * MINUTE })]))).toEqual(['deny ip 203.0.113.7'])
    expect(of(ask({ traffic: known, alert: alertOf({ first: NOW - MINUTE }) }, [tried({ startsAt: NOW - 2 * MINUTE })]))).toEqual([
      'deny ip 203.0.113.7',
    ])
  })

  it('is waited for within the same attack, so that the user can act', () => {
    const verdict = ask({ traffic: known, alert: alertOf({ first: NOW - 3 * MINUTE }) }, [tried({ startsAt: NOW - 2 * MINUTE })])
    expect(of(verdict)).toEqual([])
    expect(verdict.notes.map(({ kind }) => kind)).toEqual(['user-first', 'merged'])
  })

  it('is not spared by what another policy, a person or a lifted decision asked of the user', () => {
    for (const over of [
      { author: { kind: 'policy', id: 'suspicious-user' } },
      { author: { kind: 'operator', id: 'o' } },
      { lifted: { at: NOW, by: { kind: 'operator', id: 'o' }, reason: 'x' } },
    ] as const)
      expect(of(ask({ traffic: known, history: [tried({ startsAt: NOW - HOUR, expiresAt: NOW - MINUTE, ...over })] }))).toEqual([
        'require_mfa user ann',
      ])
  })

  it('does not stand before a protected address', () => {
    const verdict = ask({ traffic: known, protectedTargets: createProtectedTargets({ allowList: ['203.0.113.7'] }) })
    expect(verdict.notes.map(({ kind }) => kind)).toEqual(['protected'])
  })
})

describe('an address of many', () => {
  it('is warned of and not exempted', () => {
    const many = ask({ traffic: traffic({ users: MANY_USERS }) })
    expect(many.decisions).toMatchObject([
      { mode: 'enforce', reason: expect.stringMatching(/20 users signed in from 203\.0\.113\.7 within a day/) },
    ])
    expect(many.notes.map(({ kind }) => kind)).toEqual(['shared-address'])
    expect(ask({ traffic: traffic({ users: MANY_USERS - 1 }) }).notes).toEqual([])
  })

  it('leaves room for the warning whatever the attacker wrote', () => {
    const reason = ask({ traffic: traffic({ users: 99 }), alert: alertOf({ why: 'x'.repeat(5_000) }) }).decisions[0]?.reason ?? ''
    expect(reason.length).toBeLessThanOrEqual(500)
    expect(reason).toMatch(/99 users signed in from 203\.0\.113\.7/)
  })
})

describe('the traffic', () => {
  it('does not count the attack itself: what the alert counted is no loss', () => {
    const busy = { ...traffic({ requests: 4_000 }), requests: 10_000 }
    expect(ask({ traffic: busy }).decisions).toMatchObject([{ mode: 'observe' }])
    expect(ask({ traffic: busy, alert: alertOf({ count: 3_900 }) }).decisions).toMatchObject([{ mode: 'enforce' }])
  })

  it('counts for users too: a policy that flags everybody is stopped', () => {
    const users: TrafficFacts = { requests: 0, signIns: 100, of: () => ({ requests: 0, signIns: 20, users: 5, mfaUsers: [] }) }
    const alert = tagged(['parapet.suspicious-user'], { scope: { kind: 'user', value: 'everybody' } })
    const { decisions, intents } = ask({ alert, traffic: users })
    expect(decisions).toMatchObject([{ mode: 'observe' }])
    // the page of the budget is not lost in what is told of the user
    expect(intents?.notify).toMatchObject({
      audience: 'administrators',
      kind: 'user_flagged',
      text: expect.stringContaining('have reached their limit'),
    })
  })
})

describe('a range that is held', () => {
  const range = (over: Partial<Decision> = {}): Decision =>
    decisionOf({ id: 'range', target: { kind: 'cidr', value: '203.0.113.0/24' }, scope: 'all', ...over })

  it('covers its addresses, and is not prolonged for one of them', () => {
    const verdict = ask({}, [range({ startsAt: NOW - 1, expiresAt: NOW + HOUR })])
    expect([of(verdict), verdict.extended, verdict.notes[0]?.kind]).toEqual([[], [], 'merged'])
  })

  it('that ends much sooner leaves the address a decision of its own', () => {
    const verdict = ask({}, [range({ expiresAt: NOW + MINUTE })])
    expect([of(verdict), verdict.extended]).toEqual([['deny ip 203.0.113.7'], []])
  })

  it('does not cover what other enforcers have to do', () => {
    expect(of(ask({}, [range({ startsAt: NOW - 1, expiresAt: NOW + HOUR, enforcers: ['nftables'] })]))).toEqual(['deny ip 203.0.113.7'])
    expect(of(ask({}, [range({ startsAt: NOW - 1, expiresAt: NOW + HOUR, enforcers: ['guard', 'forward_auth', 'nginx'] })]))).toEqual([])
  })
})

describe('a policy that may answer a rule', () => {
  it('is found by level, id and tags alone: what an alert will be about is not known yet', () => {
    const rule = { id: 'r', level: 'high', tags: ['attack.t1110.003'] } as const
    expect(policies.filter((policy) => mayAnswer(policy, rule)).map(({ id }) => id)).toEqual([
      'brute-force-hosts',
      'brute-force',
      'guessed-user',
      'distributed',
      'observe',
    ])
    expect(policies.filter((policy) => mayAnswer(policy, { ...rule, level: 'low' })).map(({ id }) => id)).toEqual(['observe'])
  })
})

describe('what operators set', () => {
  const probe = tagged(['attack.t1190'], {
    rule: { id: 'sqli', title: 'SQL injection', level: 'high', tags: ['attack.t1190'], version: '1' },
  })
  const modeOf = (alert: Alert, set: Readonly<Record<string, 'observe' | 'enforce'>>, rule?: 'observe' | 'enforce'): string | undefined =>
    ask({
      alert,
      policies,
      modes: { of: (policyId, ruleId) => set[`${policyId}/${ruleId}`] },
      ...(rule === undefined ? {} : { rulesRespond: { get: () => ({ mode: rule }) } }),
    }).decisions[0]?.mode

  it('for a rule goes before everything: one is promoted while its policy is observed', () => {
    expect(modeOf(probe, {})).toBe('observe')
    expect(modeOf(probe, { 'observe/sqli': 'enforce' })).toBe('enforce')
    expect(modeOf(probe, { 'observe/other': 'enforce' })).toBe('observe')
    expect(modeOf(alertOf(), { 'brute-force/brute-force-address': 'enforce' }, 'observe')).toBe('enforce')
  })

  it('for a policy goes before its file, and a rule may still ask for less', () => {
    expect(modeOf(alertOf(), { 'brute-force/': 'observe' })).toBe('observe')
    expect(modeOf(probe, { 'observe/': 'enforce' })).toBe('enforce')
    expect(modeOf(alertOf(), { 'brute-force/': 'enforce' }, 'observe')).toBe('observe')
    expect(modeOf(alertOf(), { 'brute-force/': 'observe' }, 'enforce')).toBe('observe')
    // one rule may be promoted all the same
    expect(modeOf(alertOf(), { 'brute-force/': 'observe', 'brute-force/brute-force-address': 'enforce' })).toBe('enforce')
  })

  it('promotes a policy that is observed as a whole, and no rule promotes itself', () => {
    const flagged = tagged(['parapet.suspicious-user'], { scope: { kind: 'user', value: 'ann' } })
    expect(modeOf(flagged, {}, 'enforce')).toBe('observe')
    expect(modeOf(flagged, { 'suspicious-user/': 'enforce' }, 'observe')).toBe('enforce')
  })
})

describe('every sequence of alerts, with everything promoted', () => {
  const address = fc.constantFrom(
    '203.0.113.1',
    '203.0.113.2',
    '198.51.100.9',
    '2001:db8:0:1::1',
    '2001:db8:0:2::1',
    '127.0.0.1',
    '10.0.0.1',
    'junk',
  )
  const name = fc.constantFrom('ann', 'bob', 'eve', '', 'x'.repeat(300))
  const step = fc.record({
    id: fc.integer({ min: 0, max: 12 }),
    kind: fc.constantFrom('ip', 'user', 'endpoint', 'event'),
    value: address,
    user: name,
    users: fc.array(name, { maxLength: 6 }),
    tags: fc.constantFrom(
      ['attack.t1110'],
      ['parapet.emergency'],
      ['parapet.suspicious-user'],
      ['parapet.mfa'],
      ['parapet.rate'],
      ['attack.t1190'],
      [],
    ),
    level: fc.constantFrom('low', 'medium', 'high', 'critical'),
    dataset: fc.constantFrom('', 'sshd', 'guard.login'),
    requests: fc.integer({ min: 0, max: 600 }),
    signIns: fc.integer({ min: 0, max: 60 }),
    mfa: fc.boolean(),
    wait: fc.integer({ min: 0, max: 4 * HOUR }),
    age: fc.integer({ min: 0, max: HOUR }),
  })
  const limits = { perMinute: 4, active: 12, held: 30, trafficShare: 0.3, signInShare: 0.1 }
  const allowed = createProtectedTargets({ allowList: ['10.0.0.0/8'] })

  it('reaches nobody protected, has an end, never shortens what is held, and stays within every budget', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const set = createDecisionSet()
        const history: HeldDecision[] = []
        const newId = serialIds()
        const spent: { at: number; requests: number; signIns: number }[] = []
        let budget = createBudget(limits)
        let revision = 0
        let now = NOW
        for (const one of steps) {
          now += one.wait
          const known: TrafficFacts = {
            requests: 1_000,
            signIns: 100,
            of: ({ kind }) =>
              kind === 'user' || kind === 'session'
                ? undefined
                : { requests: one.requests, signIns: one.signIns, users: 9, mfaUsers: one.mfa ? ['ann'] : [] },
          }
          const verdict = respond({
            alert: alertOf({
              id: `a${one.id}`,
              rule: { id: 'r', title: 'R', level: one.level, tags: one.tags, version: '1' },
              scope: { kind: one.kind, value: one.kind === 'user' ? one.user : one.value },
              targets: [one.value],
              group: one.dataset === '' ? {} : { 'event.dataset': one.dataset },
              first: now - one.age,
              last: now,
              count: 0,
            }),
            policies: promoted,
            protectedTargets: allowed,
            held: set,
            budget,
            history,
            now,
            newId,
            facts: facts({ users: one.users }),
            traffic: known,
          })
          ;({ budget } = verdict)
          for (const made of [...verdict.decisions, ...verdict.extended]) {
            expect(allowed.reasonFor(made.target)).toBeUndefined()
            expect(made.expiresAt).toBeGreaterThan(now)
            expect(made.expiresAt - now).toBeLessThanOrEqual(30 * DAY)
            expect(made.action).not.toBe('lockdown')
          }
          for (const longer of verdict.extended) {
            const before = set.all().find(({ id }) => id === longer.id)!
            expect(longer.expiresAt).toBeGreaterThan(before.expiresAt)
            expect({ ...longer, expiresAt: 0 }).toEqual({ ...before, revision: undefined, expiresAt: 0 })
          }
          for (const { target, mode } of verdict.decisions) {
            if (mode === 'enforce' && rangeOfTarget(target) !== undefined)
              spent.push({ at: now, requests: one.requests, signIns: one.signIns })
          }
          const hour = spent.filter(({ at }) => at > now - HOUR + MINUTE)
          expect(hour.reduce((sum, { requests }) => sum + requests, 0)).toBeLessThanOrEqual(limits.trafficShare * 1_000)
          expect(hour.reduce((sum, { signIns }) => sum + signIns, 0)).toBeLessThanOrEqual(limits.signInShare * 100)
          for (const made of [...verdict.decisions, ...verdict.extended]) set.apply({ ...made, revision: ++revision })
          history.push(...verdict.decisions)
          const enforced = set.all().filter((decision) => decision.mode === 'enforce' && isActive(decision, now))
          expect(enforced.length).toBeLessThanOrEqual(limits.active)
          expect(set.size).toBeLessThanOrEqual(limits.held + 1)
          set.sweep(now)
        }
      }),
      { numRuns: 150 },
    )
  })

  it('acts on no address but those that the alert itself names, or the network around them', () => {
    fc.assert(
      fc.property(step, (one) => {
        const alert = tagged(one.tags, { scope: { kind: one.kind, value: one.value }, targets: [one.value] })
        for (const { target } of ask({ alert, facts: facts({ users: one.users }) }).decisions) {
          const range = rangeOfTarget(target)
          expect(range === undefined || rangeContains(range, rangeOfTarget({ kind: 'ip', value: one.value })!)).toBe(true)
        }
      }),
    )
  })
})
