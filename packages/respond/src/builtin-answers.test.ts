import { createDecisionSet } from '@parapet/core'
import { beforeAll, describe, expect, it } from 'vitest'
import { createBudget } from './budget.js'
import { choosePolicy, responseOf } from './choose-policy.js'
import { NOW, serialIds } from './fixtures/alerts.js'
import { builtinAlerts, type RuleAlert } from './fixtures/builtin-rules.js'
import { builtinPolicies, loadPolicies } from './load-policies.js'
import type { Policy } from './policy.js'
import { createProtectedTargets } from './protected-targets.js'
import { respond, type Verdict } from './respond.js'

let policies: readonly Policy[] = []
beforeAll(async () => {
  policies = loadPolicies(await builtinPolicies()).policies
})

const alerts = builtinAlerts()
const answer = (one: RuleAlert): Verdict =>
  respond({
    alert: one.alert,
    facts: one.facts,
    policies,
    protectedTargets: createProtectedTargets({}),
    held: createDecisionSet(),
    budget: createBudget(),
    history: [],
    now: NOW,
    newId: serialIds(),
    rulesRespond: { get: () => one.response },
  })

/** Which rules each policy answers, by name and origin. What is in no list is observed when it names an address, and only shown when not. */
const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  'data-breach': [
    'honey-account@guard.login', 'bulk-export@app', 'data-breach-attempt@guard.access', 'honey-token@guard.access', 'honey-token@app',
    'secret-file-served@nginx.access',
  ],
  'host-takeover': ['success-after-failures@sshd'],
  'taken-account': ['self-promotion@app', 'takeover-credential-changed@guard.credentials'],
  'known-password': [
    'mfa-fatigue@idp', 'mfa-guessing@guard.credentials', 'mfa-reset-burst@guard.credentials', 'passkey-cloned@guard.credentials',
    'recovery-code-guessing@guard.credentials',
  ],
  walking: [
    'access-denied-burst@guard.request', 'admin-refused-burst@guard.request', 'bulk-read@guard.access', 'mass-deletion@guard.access',
    'object-walking@guard.access',
  ],
  'new-rights': ['new-admin@app'],
  'suspicious-user': [
    'success-after-failures@guard.login', 'session-address-changed@guard.session', 'session-hijack@guard.session',
    'session-replayed@guard.session', 'flagged-enrolment@guard.credentials', 'guessed-then-new-device@guard.login',
    'impossible-travel@guard.login', 'new-device-abroad@guard.login',
  ],
  'brute-force-hosts': [
    'brute-force-address@sshd', 'distributed-guessing@sshd', 'slow-brute-force@sshd', 'database-guessing-address@postgresql',
    'database-guessing-address@redis', 'database-guessing-user@postgresql', 'console-login-failures@login',
  ],
  'brute-force': [
    'api-key-guessing@guard.login', 'brute-force-address@guard.login', 'password-reset-flood@nginx.access', 'password-reset-flood@app',
    'password-spraying@guard.login', 'basic-auth-brute-force@apache.error', 'basic-auth-users@apache.error',
    'web-login-brute-force@nginx.access', 'unauthorized-burst@nginx.access', 'xmlrpc-brute-force@nginx.access',
  ],
  'guessed-user': ['brute-force-user@guard.login', 'slow-guessing-user@guard.login'],
  distributed: [
    'distributed-stuffing@guard.login', 'lockout-burst@guard.login', 'login-campaign@guard.login', 'web-credential-stuffing@nginx.access',
  ],
  compromise: [
    'ld-preload@host.file', 'ld-preload@auditd', 'reverse-shell@auditd', 'reverse-shell@cron', 'second-root@accounts',
    'web-shell-answered@nginx.access',
  ],
  rates: [
    'rate-minute-user@guard.request', 'limit-exceeded@nginx.access', 'rapid-reset@nginx.access', 'rate-hour@nginx.access',
    'rate-minute@guard.request', 'slow-clients@nginx.access',
  ],
} // prettier-ignore

/** Wishes of rules that their policy answers with something else, and why: a user is challenged before he is asked for a factor, ... */
const OTHERWISE: readonly string[] = [
  'admin-refused-burst@guard.request: challenge user -> walking',
  'brute-force-user@guard.login: require_mfa user -> guessed-user',
  'detection-points@app: throttle ip -> observe',
  // a user of a host is no user of an application
  'distributed-guessing@sshd: require_mfa user -> brute-force-hosts',
  // seven hundred addresses are other people's tomorrow
  'distributed-stuffing@guard.login: challenge ip -> distributed',
  'lockout-burst@guard.login: challenge ip -> distributed',
  'password-reset-flood@app: throttle ip -> brute-force',
  'password-reset-flood@nginx.access: throttle ip -> brute-force',
  'rapid-reset@nginx.access: deny ip -> rates',
  'slow-clients@nginx.access: deny ip -> rates',
  'slow-guessing-user@guard.login: require_mfa user -> guessed-user',
  'success-after-failures@sshd: require_mfa user -> host-takeover',
  'tampered-signed-urls@guard.integrity: throttle ip -> observe',
]

const expectedOf = (one: RuleAlert): string => {
  const listed = Object.entries(ANSWERS).find(([, names]) => names.includes(`${one.name}@${one.dataset}`))?.[0]
  if (listed !== undefined) return listed
  return one.alert.scope.kind === 'ip' || one.alert.scope.kind === 'event' ? 'observe' : 'nobody'
}

describe('every built-in rule that alerts', () => {
  it('is looked at, and every line of the list is about one of them', () => {
    expect(alerts.length).toBeGreaterThan(180)
    const names = new Set(alerts.map(({ name, dataset }) => `${name}@${dataset}`))
    expect(
      Object.values(ANSWERS)
        .flat()
        .filter((name) => !names.has(name)),
    ).toEqual([])
    expect(Object.keys(ANSWERS).toSorted()).toEqual(
      policies
        .map(({ id }) => id)
        .filter((id) => !['observe', 'host-user'].includes(id))
        .toSorted(),
    )
  })

  it.each(alerts.map((one) => [`${one.name} of ${one.dataset || 'anywhere'}`, one] as const))(
    '%s is answered by the policy that it should be',
    (_, one) => {
      expect(choosePolicy(one.alert, policies, one.facts)?.id ?? 'nobody').toBe(expectedOf(one))
    },
  )

  it('is enforced on a fresh install only where the rule itself says that its precision allows it', () => {
    const enforced = alerts.filter((one) => answer(one).decisions.some(({ mode }) => mode === 'enforce'))
    expect(enforced.map(({ name, dataset }) => `${name}@${dataset}`).toSorted()).toEqual([
      'brute-force-address@guard.login',
      'brute-force-address@sshd',
      'password-spraying@guard.login',
      'web-login-brute-force@nginx.access',
    ])
    for (const { response } of enforced) expect(response?.mode).toBe('enforce')
  })

  it('denies no address when it stands for a user or an endpoint', () => {
    for (const one of alerts.filter(({ alert }) => alert.scope.kind === 'user' || alert.scope.kind === 'endpoint'))
      expect(answer(one).decisions.filter(({ target }) => target.kind === 'ip' || target.kind === 'cidr')).toEqual([])
  })

  it('acts on no user of an application for what happened on a host', () => {
    const hosts = alerts.filter(({ dataset }) =>
      ['sshd', 'sudo', 'su', 'login', 'postgresql', 'redis', 'auditd', 'accounts'].includes(dataset),
    )
    expect(hosts.length).toBeGreaterThan(20)
    for (const one of hosts) expect(answer(one).decisions.filter(({ target }) => target.kind === 'user')).toEqual([])
  })

  it('of a data breach tells every administrator, opens a critical incident and offers the lockdown, also while it is observed', () => {
    for (const one of alerts.filter((each) => expectedOf(each) === 'data-breach')) {
      expect(answer(one).intents).toMatchObject({
        notify: { audience: 'administrators', kind: 'breach' },
        incident: { severity: 'critical' },
        lockdown: 'offer',
      })
    }
  })

  it('of a suspicious user tells the security team and names whom it is about', () => {
    for (const one of alerts.filter((each) => ['suspicious-user', 'taken-account', 'walking'].includes(expectedOf(each)))) {
      const { intents, decisions } = answer(one)
      expect(intents?.notify?.audience).toBe('security')
      expect(intents?.incident).toBeUndefined()
      expect(decisions.some(({ target }) => target.kind === 'user')).toBe(one.facts.users.length > 0)
    }
  })

  it('asks of its policy for nothing that the policy does not do, or the policy says no to it on purpose', () => {
    // a rule's wish that no policy follows is a surprise for who wrote it: these are the ones that are answered otherwise, and by what
    const otherwise = alerts.flatMap((one) => {
      const policy = choosePolicy(one.alert, policies, one.facts)
      const { response } = one
      if (policy === undefined || response === undefined) return []
      const does = responseOf(policy, response, one.alert.rule.id).actions
      return does.some(({ action, target }) => action === response.action && target === response.target)
        ? []
        : [`${one.name}@${one.dataset}: ${response.action} ${response.target} -> ${policy.id}`]
    })
    expect(otherwise.toSorted()).toEqual(OTHERWISE)
  })
})
