import { DAY, HOUR, MINUTE } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { choosePolicy } from './choose-policy.js'
import { NO_FACTS } from './facts.js'
import { alertOf } from './fixtures/alerts.js'
import { builtinPolicies, loadPolicies } from './load-policies.js'
import { policyInWords } from './words.js'

const GOOD = `id: mine
title: Mine
description: What it is for.
order: 10
match:
  rules: [my-rule]
  level: low
respond:
  mode: enforce
  memory: 2d
  actions:
    - action: deny
      target: ip
      steps:
        - { scope: login, enforcers: [guard], duration: 15m }
        - { scope: all, duration: 1h }
    - { action: require_mfa, target: user, steps: [{ scope: all, duration: 1d }] }
  notify: security
  incident: critical
  lockdown: offer
  rule-may-set: [mode]
`

const load = (text: string, file = 'mine.yml') => loadPolicies([{ file, text }])

/** The good policy with one line exchanged. */
const exchange = (from: string | RegExp, to: string): string => {
  const changed = GOOD.replace(from, to)
  expect(changed).not.toBe(GOOD)
  return changed
}

describe('the policies that come with Parapet', () => {
  it('have no fault, one file each by the name of its id, and an order of their own', async () => {
    const sources = await builtinPolicies()
    const { policies, problems } = loadPolicies(sources)
    expect(problems).toEqual([])
    expect(policies.map(({ id }) => `policies/${id}.yml`).toSorted()).toEqual(sources.map(({ file }) => file))
    expect(new Set(policies.map(({ order }) => order)).size).toBe(policies.length)
  })

  it('enforce nothing but brute force: everything else is only observed', async () => {
    const { policies } = loadPolicies(await builtinPolicies())
    expect(policies.filter(({ respond }) => respond.mode === 'enforce').map(({ id }) => id)).toEqual([
      'brute-force-hosts',
      'brute-force',
      'guessed-user',
    ])
  })

  it('start no lockdown by themselves, and let a rule only ask for less where they enforce', async () => {
    for (const { respond } of loadPolicies(await builtinPolicies()).policies) {
      expect([undefined, 'offer']).toContain(respond.lockdown)
      expect(respond.mode === 'observe' || respond.ruleMaySet.join(',') === 'mode').toBe(true)
    }
  })

  it('deny an address at sign-in first, and at the firewall only from the third time on', async () => {
    const { policies } = loadPolicies(await builtinPolicies())
    const [action] = policies.find(({ id }) => id === 'brute-force')?.respond.actions ?? []
    expect(action?.steps).toEqual([
      { scope: 'login', duration: 15 * MINUTE, enforcers: ['guard', 'forward_auth'] },
      { scope: 'all', duration: HOUR, enforcers: ['guard', 'forward_auth', 'nginx'] },
      { scope: 'all', duration: 6 * HOUR },
      { scope: 'all', duration: DAY },
      { scope: 'all', duration: 7 * DAY },
    ])
  })

  it('can be told in words, and what is observed is told as such', async () => {
    const { policies } = loadPolicies(await builtinPolicies())
    const words = (id: string): string => policyInWords(policies.find((policy) => policy.id === id)!).join('\n')
    expect(words('brute-force')).toBe(
      'The address (over IPv6 its /64) is denied for 15m for signing in at guards and forward-auth; on repetition for 1h on all routes at guards, forward-auth and nginx, then 6h on all routes, then 1d on all routes, then 7d on all routes.\nWho stays quiet for 7d begins at the first step again.',
    )
    expect(words('data-breach')).toContain('The user would be suspended for 1h on all routes')
    expect(words('data-breach')).toContain(
      'Every administrator is told.\nAn incident of severity critical opens, or the open one grows.\nA lockdown is offered',
    )
    for (const { id } of policies) expect(words(id)).toMatch(/^[A-Z][^\n]+\.(?:\n[A-Z][^\n]+\.)*$/)
  })
})

describe('a policy', () => {
  it('is read whole', () => {
    const { policies, problems } = load(GOOD)
    expect(problems).toEqual([])
    expect(policies).toEqual([
      {
        id: 'mine',
        title: 'Mine',
        description: 'What it is for.',
        order: 10,
        file: 'mine.yml',
        match: { rules: ['my-rule'], level: 'low' },
        respond: {
          mode: 'enforce',
          memory: 2 * DAY,
          actions: [
            {
              action: 'deny',
              target: 'ip',
              steps: [
                { scope: 'login', duration: 15 * MINUTE, enforcers: ['guard'] },
                { scope: 'all', duration: HOUR },
              ],
            },
            { action: 'require_mfa', target: 'user', steps: [{ scope: 'all', duration: DAY }] },
          ],
          notify: 'security',
          incident: 'critical',
          lockdown: 'offer',
          ruleMaySet: ['mode'],
        },
      },
    ])
  })

  it('may begin a short lockdown by itself, and slow down', () => {
    const { policies, problems } = load(
      exchange('lockdown: offer', 'lockdown: { mode: known_users, for: 15m }').replace(
        '- { action: require_mfa, target: user, steps',
        '- { action: throttle, target: user, limit: { limit: 30, window: 10s }, steps',
      ),
    )
    expect(problems).toEqual([])
    expect(policies[0]?.respond).toMatchObject({ lockdown: { mode: 'known_users', duration: 15 * MINUTE } })
    expect(policies[0]?.respond.actions[1]).toMatchObject({ action: 'throttle', limit: { limit: 30, windowMs: 10_000 } })
  })

  it.each<[string, string | RegExp, string, number, RegExp]>([
    ['a word that is not known', '  memory: 2d', '  memory: 2d\n  memry: 1d', 11, /respond\.memry is not known; known are mode, memory/],
    ['the form of the first version', '  memory: 2d', '  memory: 2d\n  action: deny', 11, /respond\.action is not known/],
    ['no mode', '  mode: enforce\n', '', 9, /respond\.mode is missing/],
    ['a mode that there is not', 'mode: enforce', 'mode: block', 9, /respond\.mode is "block"; it takes observe, enforce/],
    ['an action that there is not', 'action: deny', 'action: drop', 12, /respond\.actions\.action is "drop"; it takes deny, throttle/],
    ['a lockdown as an action', 'action: deny', 'action: lockdown', 12, /respond\.actions\.action is "lockdown"/],
    ['everybody as a target', 'target: ip', 'target: all', 13, /respond\.actions\.target is "all"; it takes ip, user, session/],
    [
      'an address that is asked for a factor',
      'target: user',
      'target: ip',
      17,
      /require_mfa acts on a user or a session, not on an address/,
    ],
    ['an action twice', 'action: require_mfa, target: user', 'action: deny, target: ip', 17, /deny on ip is given already/],
    ['no steps', /steps:\n(?: +- \{ scope.*\n){2}/, 'steps: []\n', 14, /takes a list of 1 to 16 steps/],
    ['a step without an end', 'duration: 1h', 'duration: forever', 16, /steps\.duration is "forever"; it takes a duration from 1m to 30d/],
    ['a step of half a year', 'duration: 1h', 'duration: 180d', 16, /it takes a duration from 1m to 30d/],
    [
      'a step that is shorter than the one before',
      'duration: 1h',
      'duration: 10m',
      16,
      /milder than the one before it, and this one is shorter/,
    ],
    [
      'an enforcer that there is not',
      'enforcers: [guard]',
      'enforcers: [iptables]',
      15,
      /enforcers names "iptables"; it takes guard, forward_auth, nginx/,
    ],
    ['the firewall for signing in', 'enforcers: [guard]', 'enforcers: [nftables]', 15, /nftables only takes deny with scope all/],
    ['a limit that is not of a throttle', 'target: ip', 'target: ip\n      limit: { limit: 1, window: 1m }', 14, /limit is of a throttle/],
    [
      'somebody who is not told',
      'notify: security',
      'notify: everybody',
      18,
      /respond\.notify is "everybody"; it takes security, administrators/,
    ],
    [
      'a long lockdown',
      'lockdown: offer',
      'lockdown: { mode: all, for: 16m }',
      20,
      /a duration from 1m to 15m: what begins by itself is short/,
    ],
    ['a lockdown that there is not', 'lockdown: offer', 'lockdown: { mode: half, for: 5m }', 20, /respond\.lockdown\.mode is "half"/],
    ['a lockdown of nothing', '  incident: critical\n', '', 19, /needs an incident that it belongs to/],
    ['a level that there is not', 'level: low', 'level: bad', 7, /match\.level is "bad"/],
    [
      'something it is not about',
      'level: low',
      'level: low\n  about: [address]',
      8,
      /match\.about names "address"; it takes ip, user, endpoint, event/,
    ],
    [
      'a rule that may set everything',
      'rule-may-set: [mode]',
      'rule-may-set: [action]',
      21,
      /names "action"; it takes mode, scope, duration/,
    ],
    ['an order beyond bounds', 'order: 10', 'order: 1001', 4, /order takes a whole number from 0 to 1000/],
    ['an id with spaces', 'id: mine', 'id: My Policy', 1, /it takes kebab-case/],
  ])('with %s is refused by name and line', (_, from, to, line, reason) => {
    const { policies, problems } = load(exchange(from, to))
    expect(policies).toEqual([])
    expect(problems.map((problem) => [problem.file, problem.line])).toContainEqual(['mine.yml', line])
    expect(problems.map((problem) => problem.reason).join('\n')).toMatch(reason)
  })

  it('may not act on less in a later step', () => {
    const narrower = exchange('scope: all, duration: 1h', 'scope: login, duration: 1h').replace(
      'scope: login, enforcers',
      'scope: all, enforcers',
    )
    expect(load(narrower).problems).toMatchObject([{ line: 16, reason: expect.stringContaining('of a narrower scope') }])
  })

  it('may not take an enforcer away in a later step', () => {
    const fewer = exchange('{ scope: all, duration: 1h }', '{ scope: all, enforcers: [nginx, nftables], duration: 1h }')
    expect(load(fewer).problems).toMatchObject([{ line: 16, reason: expect.stringMatching(/no longer carried out by guard/) }])
    const narrowed = exchange('scope: login, enforcers: [guard],', 'scope: login,').replace(
      '{ scope: all, duration: 1h }',
      '{ scope: all, enforcers: [guard], duration: 1h }',
    )
    expect(load(narrowed).problems).toMatchObject([{ line: 16, reason: expect.stringMatching(/fewer enforcers/) }])
  })

  it('that does nothing is refused, and one that only tells is not', () => {
    const base = 'id: a\ntitle: A\ndescription: B\nmatch:\n  level: low\nrespond:\n  mode: observe\n  memory: 1d\n'
    expect(load(base).problems).toMatchObject([{ line: 7, reason: 'respond does nothing: it takes actions, notify or incident' }])
    expect(load(`${base}  notify: security\n`)).toMatchObject({
      problems: [],
      policies: [{ order: 500, respond: { actions: [], ruleMaySet: [] } }],
    })
  })

  it('that is no YAML, no mapping, or too long is refused by line', () => {
    expect(load('id: [').problems[0]).toMatchObject({ file: 'mine.yml', line: 1 })
    expect(load('- a').problems).toMatchObject([{ line: 1, reason: expect.stringContaining('a policy is a mapping') }])
    expect(load(`${GOOD}#${'x'.repeat(70_000)}`).problems).toMatchObject([{ reason: expect.stringContaining('at most 65536') }])
    expect(load(GOOD.replace('order: 10', 'id: again')).problems[0]?.line).toBe(4)
  })

  it('never throws, whatever the text is', () => {
    const lines = GOOD.split('\n')
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...lines), fc.string()), { maxLength: 20 }), (parts) => {
        const { policies, problems } = load(parts.join('\n'))
        expect(policies.length === 1).toBe(problems.length === 0)
        for (const { line, reason } of problems) expect(line >= 1 && reason !== '').toBe(true)
      }),
    )
  })
})

describe('several policies', () => {
  it('are asked in their order, and an id is taken once', () => {
    const second = GOOD.replace('id: mine', 'id: other').replace('order: 10', 'order: 5')
    const { policies, problems } = loadPolicies([
      { file: 'a.yml', text: GOOD },
      { file: 'b.yml', text: second },
      { file: 'c.yml', text: GOOD },
    ])
    expect(policies.map(({ id }) => id)).toEqual(['other', 'mine'])
    expect(problems).toEqual([{ file: 'c.yml', line: 1, policyId: 'mine', reason: 'id mine is taken by a.yml' }])
  })
})

describe('the first policy that answers', () => {
  const policy = (match: string): string =>
    `id: p\ntitle: P\ndescription: P\nmatch: ${match}\nrespond: { mode: observe, memory: 1d, notify: security }\n`
  const answers = (match: string, alert = alertOf(), facts = NO_FACTS): boolean => {
    const { policies, problems } = load(policy(match))
    expect(problems).toEqual([])
    return choosePolicy(alert, policies, facts) !== undefined
  }

  it('is chosen by level, rule, tag with its sub-techniques, and what the alert stands for', () => {
    expect(answers('{ level: high }')).toBe(true)
    expect(answers('{ level: critical }')).toBe(false)
    expect(answers('{ level: low, rules: [x, brute-force-address] }')).toBe(true)
    expect(answers('{ level: low, rules: [x] }')).toBe(false)
    expect(answers('{ level: low, tags: [attack.t1110] }')).toBe(true)
    expect(answers('{ level: low, tags: [attack.t111] }')).toBe(false)
    expect(answers('{ level: low, about: [ip, user] }')).toBe(true)
    expect(answers('{ level: low, about: [user] }')).toBe(false)
  })

  it('is chosen by where it comes from only when all of it is known to come from there', () => {
    const match = '{ level: low, datasets: [sshd, postgresql] }'
    const of = (...datasets: string[]): boolean => answers(match, alertOf(), { ...NO_FACTS, datasets })
    expect(of('sshd')).toBe(true)
    expect(of('sshd', 'postgresql')).toBe(true)
    expect(of('sshd', 'guard.login')).toBe(false)
    expect(of()).toBe(false)
    // the alert's own group says more than the events behind it
    const grouped = alertOf({ group: { 'source.ip': '203.0.113.7', 'event.dataset': 'sshd' } })
    expect(answers(match, grouped, { ...NO_FACTS, datasets: ['guard.login'] })).toBe(true)
  })
})
