import type {
  DecisionConfirmation,
  EnforcerView,
  Lockdown,
  LockdownPreflight,
  PolicyPreview,
  PolicyRuleMode,
  PolicyView,
} from '@parapet/core'

import { HOSTILE } from './fixtures.js'

const MINUTE = 60_000
const HOUR = 3_600_000
const DAY = 86_400_000

/** One enforcer; `change` makes it another one. */
export const makeEnforcer = (now: number, change: Partial<EnforcerView> = {}): EnforcerView => ({
  kind: 'guard',
  instance: 'shop-7f9c (pid 4121)',
  version: '0.1.0',
  mode: 'enforce',
  now,
  revision: 5_012,
  wanted: 1_204,
  held: 1_204,
  checkedAt: now - 3_000,
  repairs: [],
  refused: [],
  cannot: [],
  latencyMs: { p50: 12, p99: 96 },
  trouble: null,
  source: { id: 's-shop', name: 'shop' },
  receivedAt: now - 4_000,
  state: 'in_step',
  behind: 0,
  ...change,
})

/** One of each kind, in every state. */
export const makeEnforcers = (now: number): readonly EnforcerView[] => [
  makeEnforcer(now),
  makeEnforcer(now, { instance: 'shop-81aa (pid 88)', state: 'behind', revision: 4_990, behind: 22, latencyMs: { p50: 40, p99: 12_400 } }),
  makeEnforcer(now, {
    kind: 'nftables',
    instance: 'web-1',
    source: { id: 's-web-1', name: 'web-1.fra1.internal' },
    state: 'drift',
    wanted: 9_800,
    held: 9_211,
    cannot: ['throttle', 'challenge', 'require_mfa', 'require_reset', 'suspend', 'end_sessions'],
    latencyMs: { p50: 210, p99: 640 },
    repairs: [
      { at: now - 8 * MINUTE, what: 'The table was gone: somebody flushed the ruleset. 9,800 elements put back in 412 ms.' },
      { at: now - 9 * HOUR, what: '3 elements were missing and were put back.' },
    ],
    refused: [{ id: 'decision-0', reason: 'Its scope is sign-in only: the kernel cannot tell a sign-in from a request.' }],
  }),
  makeEnforcer(now, {
    kind: 'nginx',
    instance: 'web-1',
    source: { id: 's-web-1', name: 'web-1.fra1.internal' },
    mode: 'observe',
    state: 'trouble',
    held: null,
    checkedAt: null,
    latencyMs: null,
    cannot: ['challenge', 'require_mfa', 'require_reset', 'suspend', 'end_sessions', 'lockdown'],
    trouble: 'nginx -t failed, the old list stays in force: unknown directive "geoo" in /etc/nginx/conf.d/site.conf:3',
  }),
  makeEnforcer(now, {
    kind: 'forward_auth',
    instance: HOSTILE.bidi,
    source: { id: 's-edge', name: HOSTILE.long.slice(0, 200) },
    version: HOSTILE.ansi,
    trouble: HOSTILE.markup,
    state: 'trouble',
  }),
  makeEnforcer(now, {
    kind: 'feed',
    instance: 'cloud-firewall',
    source: { id: 'server', name: 'this server' },
    state: 'silent',
    receivedAt: now - 3 * HOUR,
    held: null,
    checkedAt: null,
    wanted: 84,
    cannot: ['throttle', 'challenge'],
  }),
]

/** What each enforcer says about one decision. */
export const makeConfirmations = (now: number): readonly DecisionConfirmation[] => {
  const said = {
    in_force: 'It holds it since 2 s after it was made.',
    waiting: 'It is at revision 4,990; this is 5,003.',
    refused: 'Its scope is sign-in only: the kernel cannot tell a sign-in from a request.',
    observed: 'The owner of the host lets it only watch.',
    not_able: 'It cannot carry out a block at sign-in.',
    silent: 'Nothing was heard of it for 3 hours.',
  } as const
  const states = ['in_force', 'waiting', 'refused', 'observed', 'not_able', 'silent'] as const
  return makeEnforcers(now).map(({ kind, instance, source }, at) => {
    const state = states[at] ?? 'in_force'
    return { enforcer: { kind, instance, source }, state, detail: said[state] }
  })
}

const RULES = [
  ['ssh-brute-force-address', 'Password guessing over SSH from one address', 'high'],
  ['web-login-spray', 'One password tried on many accounts', 'critical'],
  ['web-path-traversal', 'Path traversal attempt', 'medium'],
  ['web-scanner-agent', 'Known scanner by its user agent', 'low'],
] as const

/** How one rule is answered; `index` makes it another one. */
export const makeMode = (index: number, now: number, change: Partial<PolicyRuleMode> = {}): PolicyRuleMode => {
  const [id, title, level] = RULES[index % RULES.length] ?? RULES[0]
  return {
    rule: { id: index < RULES.length ? id : `${id}-${index}`, title: index < RULES.length ? title : `${title} (${index})`, level },
    mode: index % 2 === 0 ? 'enforce' : 'observe',
    setBy: null,
    setAt: null,
    decisions7d: index % 2 === 0 ? 41 + index : 0,
    observed7d: index % 2 === 0 ? 0 : 118 + index,
    falsePositives: 0,
    quietSince: now - 16 * DAY,
    holds: [],
    ...change,
  }
}

const BUILTIN = `id: brute-force
title: Brute force is answered in steps
order: 100
match:
  tags: [attack.t1110]
  level: medium
respond:
  mode: enforce
  memory: 7d
  actions:
    - action: deny
      target: ip
      steps:
        - { scope: login, duration: 15m }
        - { scope: all, duration: 1h }
        - { scope: all, duration: 6h }
        - { scope: all, duration: 24h }
        - { scope: all, duration: 7d }
  # a rule may only ask for less: the steps are the promise that
  # five typos cost fifteen minutes of signing in
  rule-may-set: [mode]
`

/** Policies as a team has them: built in, its own in place of a built-in one, one that cannot be read. */
export const makePolicies = (now: number): readonly PolicyView[] => [
  {
    id: 'observe',
    title: 'Probes, scans and rates are observed',
    description: 'Web attack probes, tool user agents, scans and request rates. Each is recorded as what would have been denied.',
    order: 900,
    origin: 'builtin',
    mode: 'observe',
    inWords: ['Writes down that the address would have been blocked everywhere for 1 hour, then 6 hours, then 24 hours.'],
    source: 'id: observe\ntitle: Probes, scans and rates are observed\n',
    builtinSource: null,
    rules: [makeMode(2, now, { mode: 'observe', decisions7d: 0, observed7d: 77, holds: [] }), makeMode(3, now)],
    problem: null,
  },
  {
    id: 'brute-force',
    title: 'Brute force is answered in steps',
    description:
      'Login failures from one address, password spraying and stuffing from it. Repetition within a week escalates, longer each time.',
    order: 100,
    origin: '/etc/parapet/policies/brute-force.yml',
    mode: 'enforce',
    inWords: [
      'Blocks the address at sign-in for 15 minutes; on repetition within 7 days everywhere for 1 hour, then 6 hours, 24 hours and 7 days.',
      'Tells the security team.',
      'Asks the user for a second factor for 1 day.',
    ],
    source: BUILTIN.replace('duration: 15m', 'duration: 30m')
      .replace('        - { scope: all, duration: 7d }\n', '')
      .replace('  rule-may-set', '  notify: security\n  rule-may-set'),
    builtinSource: BUILTIN,
    rules: [
      makeMode(0, now),
      makeMode(1, now, {
        setBy: { id: 'op-2', name: 'grace' },
        setAt: now - 3 * DAY,
        falsePositives: 2,
        holds: ['2 false positives were marked in the last 14 days.', 'It has been quiet for 3 days; 7 are wanted.'],
      }),
      makeMode(3, now),
    ],
    problem: null,
  },
  {
    id: 'night',
    title: HOSTILE.markup,
    description: HOSTILE.bidi,
    order: 300,
    origin: '/etc/parapet/policies/night.yml',
    mode: 'observe',
    inWords: [],
    source: HOSTILE.ansi,
    builtinSource: null,
    rules: [],
    problem: 'line 7: `actoin` is not known here; did you mean action?',
  },
]

/** What a policy would have done. */
export const makePolicyPreview = (now: number, change: Partial<PolicyPreview> = {}): PolicyPreview => ({
  since: now - 7 * DAY,
  alerts: 212,
  decisions: 97,
  addresses: 41,
  users: 0,
  signedIn: 3,
  protected: 2,
  overBudget: 0,
  examples: (['enforced', 'protected', 'merged', 'over_budget', 'observed'] as const).map((outcome, index) => ({
    at: now - index * 3 * HOUR,
    target: { kind: 'ip', value: index === 2 ? HOSTILE.bidi : `203.0.113.${index}` },
    action: 'deny',
    rule: RULES[index % RULES.length]?.[1] ?? '',
    outcome,
    signedIn: index === 0,
    detail: outcome === 'protected' ? 'An operator worked from there 4 minutes before.' : '',
  })),
  whole: true,
  ...change,
})

/** A lockdown that holds for a quarter of an hour and waits for its first confirmation. */
export const makeLockdown = (now: number, change: Partial<Lockdown> = {}): Lockdown => ({
  id: 'lockdown-1',
  mode: 'known_users',
  reason: 'Customer data is being read in bulk',
  by: { id: 'op-1', name: 'ada' },
  incidentId: null,
  startedAt: now,
  endsAt: now + 2 * MINUTE,
  confirmations: 0,
  holdsMs: 15 * MINUTE,
  endedAt: null,
  endedWhy: null,
  decisionId: 'lockdown-decision-1',
  ...change,
})

/** Nothing stands against it. */
export const makePreflight = (change: Partial<LockdownPreflight> = {}): LockdownPreflight => ({
  ok: true,
  problems: [],
  warnings: ['The guard of checkout has not reported for 3 hours: it may not hear of it.'],
  allowed: [
    { range: '198.51.100.7/32', why: 'you, from this browser' },
    { range: '10.20.0.0/16', why: 'the allow-list: office' },
    { range: '2001:db8:20::/48', why: 'the allow-list: office' },
  ],
  lastHour: { requests: 12_044, refused: 11_310, users: 48, usersRefused: 3 },
  ...change,
})
