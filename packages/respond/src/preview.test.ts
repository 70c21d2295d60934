import { type Alert, DAY, HOUR, MINUTE } from '@parapet/core'
import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { NO_FACTS } from './facts.js'
import { alertOf, NOW } from './fixtures/alerts.js'
import { builtinPolicies, loadPolicies } from './load-policies.js'
import type { Policy } from './policy.js'
import { holdsAgainst, previewPolicy, type PreviewInput, type RuleRecord } from './preview.js'
import { createProtectedTargets } from './protected-targets.js'

let policies: readonly Policy[] = []
beforeAll(async () => {
  policies = loadPolicies(await builtinPolicies()).policies
})
const policy = (id: string): Policy => policies.find((one) => one.id === id)!

const SINCE = NOW - 7 * DAY
const at = (day: number, address: string, over: Partial<Alert> = {}): PreviewInput['alerts'][number] => {
  const when = SINCE + day * DAY
  const id = `${address}-${day}`
  return {
    at: when,
    alert: alertOf({ id, scope: { kind: 'ip', value: address }, targets: [address], first: when - MINUTE, last: when, ...over }),
  }
}
const preview = (over: Partial<PreviewInput> = {}) =>
  previewPolicy({
    policy: policy('brute-force'),
    policies,
    alerts: [at(1, '203.0.113.1'), at(2, '203.0.113.2'), at(3, '198.51.100.1'), at(4, '203.0.113.1')],
    protectedTargets: createProtectedTargets({ allowList: ['198.51.100.0/24'] }),
    signedIn: ({ value }) => value === '203.0.113.2',
    since: SINCE,
    now: NOW,
    whole: true,
    ...over,
  })

describe('what a policy would have done', () => {
  it('counts decisions, addresses, people who would have been hit, and what is protected', () => {
    expect(preview()).toMatchObject({
      since: SINCE,
      alerts: 4,
      decisions: 3,
      addresses: 2,
      users: 0,
      signedIn: 1,
      protected: 1,
      overBudget: 0,
      whole: true,
    })
  })

  it('shows examples, the newest first, in words', () => {
    const [first, , , last] = preview().examples
    expect(first).toEqual({
      at: SINCE + 4 * DAY,
      target: { kind: 'ip', value: '203.0.113.1' },
      action: 'deny',
      rule: 'Brute force from one address',
      outcome: 'enforced',
      signedIn: false,
      detail: 'Brute force from one address: Five failed sign-ins in one minute.',
    })
    expect(last?.at).toBe(SINCE + DAY)
    expect(preview().examples.find(({ outcome }) => outcome === 'protected')).toMatchObject({
      target: { kind: 'ip', value: '198.51.100.1' },
      action: 'deny',
      detail: '198.51.100.1 is not denied: 198.51.100.1 is on the allow-list.',
    })
    const many = Array.from({ length: 300 }, (_, i) => at(1 + i / 100, `203.0.${i}.9`))
    expect(preview({ alerts: many }).examples).toHaveLength(50)
  })

  it('climbs the ladder as the policy would have', () => {
    const again = [1, 1.1, 1.3, 3].map((day) => at(day, '203.0.113.1'))
    const held = preview({ alerts: again })
    expect(held).toMatchObject({ decisions: 4, addresses: 1 })
    // within the hour of the second step the third alert is under what is held
    expect(preview({ alerts: [1, 1.1, 1.101].map((day) => at(day, '203.0.113.1', { first: SINCE })) }).decisions).toBe(2)
  })

  it('of a mode that is not its own tells what promoting it would do', () => {
    const probe = { rule: { id: 'sqli', title: 'SQL injection', level: 'high', tags: ['attack.t1190'], version: '1' } } as const
    const alerts = [at(1, '203.0.113.1', probe)]
    expect(preview({ policy: policy('observe'), alerts }).examples).toMatchObject([{ outcome: 'observed' }])
    expect(preview({ policy: policy('observe'), alerts, mode: 'enforce' }).examples).toMatchObject([{ outcome: 'enforced' }])
    // also for a rule that itself asks to be observed
    const rulesRespond = { get: () => ({ mode: 'observe' as const }) }
    expect(preview({ rulesRespond, mode: 'enforce' }).examples[0]?.outcome).toBe('enforced')
    expect(preview({ rulesRespond }).examples[0]?.outcome).toBe('observed')
  })

  it('leaves to other policies what they answer first', () => {
    const edited = { ...policy('observe'), match: { level: 'low' as const } }
    expect(preview({ policy: edited }).alerts).toBe(0)
    expect(preview({ policy: { ...edited, order: 1 } }).alerts).toBe(4)
  })

  it('is of an edited text, not of the one that runs', () => {
    const edited = { ...policy('brute-force'), match: { ...policy('brute-force').match, rules: ['another'] } }
    expect(preview({ policy: edited }).decisions).toBe(0)
  })

  it('counts users, and what the budget would not have let through', () => {
    const facts = { ...NO_FACTS, users: ['ann'] }
    const user = at(1, '203.0.113.1', {
      rule: { id: 'travel', title: 'Impossible travel', level: 'medium', tags: ['parapet.suspicious-user'], version: '1' },
      scope: { kind: 'user', value: 'ann' },
    })
    const flagged = preview({ policy: policy('suspicious-user'), alerts: [{ ...user, facts }], signedIn: ({ kind }) => kind === 'user' })
    expect(flagged).toMatchObject({ users: 1, addresses: 0, signedIn: 1 })
    const storm = Array.from({ length: 10 }, (_, i) => at(1, `203.0.${i}.9`))
    const result = preview({ alerts: storm, budget: { perMinute: 4 } })
    expect(result).toMatchObject({ decisions: 10, overBudget: 6 })
    expect(result.examples.filter(({ outcome }) => outcome === 'over_budget')).toHaveLength(6)
  })

  it('looks at nothing before its time', () => {
    expect(preview({ alerts: [at(-1, '203.0.113.1'), at(1, '203.0.113.1')] }).alerts).toBe(1)
  })

  it('says that there was more than it looked at', () => {
    expect(preview({ whole: false }).whole).toBe(false)
  })

  it('adds up, whatever the alerts are, and changes nothing', () => {
    const alert = fc.record({
      day: fc.integer({ min: 0, max: 6_900 }),
      host: fc.integer({ min: 0, max: 20 }),
      net: fc.constantFrom('203.0.113', '198.51.100'),
    })
    fc.assert(
      fc.property(fc.array(alert, { maxLength: 40 }), (list) => {
        const alerts = list.toSorted((a, b) => a.day - b.day).map(({ day, host, net }) => at(day / 1_000, `${net}.${host}`))
        const result = preview({ alerts })
        expect(result).toEqual(preview({ alerts }))
        expect(result.addresses).toBeLessThanOrEqual(result.decisions)
        expect(result.signedIn).toBeLessThanOrEqual(result.addresses + result.users)
        expect(result.decisions + result.protected).toBeLessThanOrEqual(result.alerts)
        expect(
          result.examples.filter(({ target, outcome }) => target.value.startsWith('198.51.100.') !== (outcome === 'protected')),
        ).toEqual([])
      }),
      { numRuns: 50 },
    )
  })

  it('of twenty thousand alerts takes seconds, not minutes', () => {
    const alerts = Array.from({ length: 20_000 }, (_, i) => at((i / 20_000) * 7, `100.${64 + (i >> 12)}.${(i >> 4) & 255}.${i & 15}`))
    const began = process.cpuUsage()
    expect(preview({ alerts }).alerts).toBe(20_000)
    expect(process.cpuUsage(began).user / 1e6).toBeLessThan(8)
  }, 60_000)
})

describe('what holds against enforcing a rule', () => {
  const quiet: RuleRecord = { firstAt: NOW - 8 * DAY, alerts: 40, falsePositives: 0, protectedHits: 0, observed: 100, observedSignedIn: 2 }
  it('is nothing for one that was watched for a week and hit nobody', () => {
    expect(holdsAgainst(quiet, NOW)).toEqual([])
  })

  it.each<[string, Partial<RuleRecord>, RegExp]>([
    ['never alerted', { firstAt: null }, /^It has not alerted yet/],
    ['is new', { firstAt: NOW - 3 * HOUR }, /^It has been watched for 3h only; 7d show/],
    ['was wrong', { falsePositives: 1 }, /^1 alert was marked as a false positive/],
    ['was wrong twice', { falsePositives: 2 }, /^2 alerts were marked/],
    ['points at what is our own', { protectedHits: 3 }, /^3 answers were stopped by the allow-list/],
    ['would have hit people', { observedSignedIn: 3 }, /^3 targets of 100 signed in/],
  ])('is a sentence for one that %s', (_, over, words) => {
    expect(holdsAgainst({ ...quiet, ...over }, NOW)).toEqual([expect.stringMatching(words)])
  })

  it('is everything at once where all of it holds', () => {
    expect(
      holdsAgainst({ firstAt: null, alerts: 0, falsePositives: 1, protectedHits: 1, observed: 1, observedSignedIn: 1 }, NOW),
    ).toHaveLength(4)
  })
})
