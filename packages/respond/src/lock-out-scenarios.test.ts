import { type Alert, createDecisionSet, DAY, type Decision, HOUR, judgeLockdown, lockdownInForce, MINUTE } from '@parapet/core'
import { beforeAll, describe, expect, it } from 'vitest'
import { createBudget, DEFAULT_BUDGET } from './budget.js'
import { CDN_RANGES } from './cdn-ranges.js'
import type { AddressFacts } from './facts.js'
import { alertOf, decisionOf, NOW, serialIds } from './fixtures/alerts.js'
import { builtinPolicies, loadPolicies } from './load-policies.js'
import { lapseLockdown, lockdownDecision, type LockdownPlanFacts, planLockdown } from './lockdown.js'
import type { Policy } from './policy.js'
import { createProtectedTargets, type ProtectedOptions } from './protected-targets.js'
import { validateRequest } from './request.js'
import { respond, type RespondInput, type Verdict } from './respond.js'

let policies: readonly Policy[] = []
/** The built-in policies with everything promoted: the worst that an operator can switch on. */
let promoted: readonly Policy[] = []
beforeAll(async () => {
  policies = loadPolicies(await builtinPolicies()).policies
  promoted = policies.map((policy) => ({ ...policy, respond: { ...policy.respond, mode: 'enforce', ruleMaySet: [] } }))
})

/** One installation: its own network, its proxies, who works on it and from where. */
const HOUSE: ProtectedOptions = {
  allowList: ['198.51.100.0/24'],
  proxies: ['10.0.0.5', '2001:db8:cafe::/48'],
  ownAddresses: ['192.0.2.10', '2001:db8:1:1::10'],
  gateways: ['192.0.2.1'],
  dns: ['192.0.2.53'],
  operators: ['203.0.113.50', '2001:db8:2:7::5'],
}

const ask = (over: Partial<RespondInput> = {}, held: readonly Decision[] = []): Verdict => {
  const set = createDecisionSet()
  for (const decision of held) set.apply(decision)
  return respond({
    alert: alertOf(),
    policies: promoted,
    protectedTargets: createProtectedTargets(HOUSE),
    held: set,
    budget: createBudget(),
    history: held,
    now: NOW,
    newId: serialIds(),
    ...over,
  })
}
const from = (value: string, over: Partial<Alert> = {}): Partial<RespondInput> => ({
  alert: alertOf({ scope: { kind: 'ip', value }, targets: [value], ...over }),
})
const SSH = { group: { 'event.dataset': 'sshd' } }
const byHand = (value: string, kind: 'ip' | 'cidr' = 'cidr'): (() => unknown) => {
  const asked = { target: { kind, value }, action: 'deny', scope: 'all', duration: '30d', reason: 'attack' } as const
  return () => validateRequest(asked, createProtectedTargets(HOUSE), NOW)
}
const facts = (over: Partial<AddressFacts>): Required<Pick<RespondInput, 'traffic'>> => ({
  traffic: {
    requests: 1_000,
    signIns: 100,
    of: ({ kind }) => (kind === 'user' ? undefined : { requests: 0, signIns: 0, users: 0, mfaUsers: [], ...over }),
  },
})

const lockdownFacts = (over: Partial<LockdownPlanFacts> = {}): LockdownPlanFacts => ({
  mode: 'all',
  durationMs: 30 * MINUTE,
  operatorAddress: '203.0.113.50',
  allowList: ['198.51.100.0/24'],
  proxies: ['10.0.0.5'],
  ownAddresses: ['127.0.0.1', '192.0.2.10'],
  gateways: ['192.0.2.1'],
  dns: ['192.0.2.53'],
  operators: ['203.0.113.50', '2001:db8:2:7::5'],
  enforcers: ['192.0.2.77'],
  held: [],
  lastHour: [],
  now: NOW,
  ...over,
})

const nobody = (verdict: Verdict): void => {
  expect(verdict.decisions).toEqual([])
  expect(verdict.extended).toEqual([])
  expect(verdict.notes[0]?.kind).toBe('protected')
}

describe('the twenty ways to lock oneself out: nobody is', () => {
  it("1. the operator's SSH: his failed keys are brute force of sshd, and his console is open", () => {
    nobody(ask(from('203.0.113.50', SSH)))
  })

  it('2. the declared proxy: one log that names it instead of the client would ban everybody', () => {
    nobody(ask(from('10.0.0.5')))
  })

  it('3. the gateway, whose address a NAT puts before every packet', () => {
    nobody(ask(from('192.0.2.1', SSH)))
  })

  it('4. the DNS server', () => {
    nobody(ask(from('192.0.2.53')))
    expect(byHand('192.0.2.53', 'ip')).toThrow(expect.objectContaining({ code: 'PPT_PROTECTED_TARGET' }))
  })

  it('5. an interface of this machine, over IPv4 and IPv6', () => {
    nobody(ask(from('192.0.2.10')))
    nobody(ask(from('2001:db8:1:1::10')))
  })

  it('6. loopback, however it is written', () => {
    for (const value of ['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1']) nobody(ask(from(value)))
  })

  it('7. a CDN that was not declared: the first step stops signing in alone, and the decision says what is wrong', () => {
    for (const { name, ranges } of CDN_RANGES) {
      const address = (ranges[0] ?? '').replace(/\/\d+$/, '').replace(/0$/, '9')
      const { decisions, notes } = ask({ policies, ...from(address) })
      expect(decisions).toMatchObject([{ scope: 'login', enforcers: ['guard', 'forward_auth'], reason: expect.stringContaining(name) }])
      expect(notes.find(({ kind }) => kind === 'shared-address')?.detail).toMatch(/Declare it as a proxy/)
    }
  })

  it('8. the office behind one NAT: five typos, and a second factor was passed from there', () => {
    const office = facts({ requests: 40, signIns: 12, users: 9, mfaUsers: ['ann', 'bob'] })
    const verdict = ask({ ...from('203.0.113.99'), ...office })
    expect(verdict.decisions.map(({ action, target }) => [action, target.value])).toEqual([
      ['require_mfa', 'ann'],
      ['require_mfa', 'bob'],
    ])
  })

  it('9. a network with a tenth of all sign-ins is not taken off by a policy, and a human is told', () => {
    const verdict = ask({ ...from('203.0.113.99'), ...facts({ signIns: 30, users: 25 }) })
    expect(verdict.decisions).toMatchObject([{ mode: 'observe' }])
    expect(verdict.intents?.notify).toMatchObject({ audience: 'administrators', kind: 'budget' })
  })

  it('10. an address that half of the traffic comes from', () => {
    const verdict = ask({ ...from('203.0.113.99'), ...facts({ requests: 505 }) })
    expect(verdict.decisions).toMatchObject([{ mode: 'observe' }])
    expect(verdict.notes.map(({ detail }) => detail).join()).toMatch(/of the requests that went well/)
  })

  it('11. a /0, a /8 or a typo in the prefix', () => {
    for (const typo of ['0.0.0.0/0', '::/0', '10.0.0.0/8', '203.0.0.0/1', '2000::/3']) {
      expect(byHand(typo)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^PPT_(INVALID|PROTECTED_TARGET)$/) }))
      expect(ask(from(typo)).decisions.filter(({ target }) => target.value === typo)).toEqual([])
    }
  })

  it('12. a storm of a thousand attackers spends the budget and no more, and pages once', () => {
    const set = createDecisionSet()
    let budget = createBudget()
    let told = 0
    for (let i = 0; i < 1_000; i++) {
      const input = { ...from(`100.${64 + (i >> 8)}.${i & 255}.1`, { id: `a${i}` }), budget, held: set, history: [], now: NOW + i }
      const verdict = ask(input)
      ;({ budget } = verdict)
      for (const decision of verdict.decisions) set.apply({ ...decision, id: `d${i}`, revision: i + 1 })
      if (verdict.intents?.notify?.kind === 'budget') told++
    }
    expect(set.all().filter(({ mode }) => mode === 'enforce')).toHaveLength(DEFAULT_BUDGET.perMinute)
    expect(set.all().filter(({ mode }) => mode === 'observe')).toHaveLength(1_000 - DEFAULT_BUDGET.perMinute)
    expect(told).toBe(1)
  })

  it('13. a v4-mapped spelling of a protected address', () => {
    nobody(ask(from('::ffff:10.0.0.5')))
    nobody(ask(from('::ffff:a00:5')))
    expect(byHand('::ffff:192.0.2.10', 'ip')).toThrow(expect.objectContaining({ code: 'PPT_PROTECTED_TARGET' }))
    expect(byHand('::ffff:192.0.2.0/120')).toThrow(expect.objectContaining({ code: 'PPT_PROTECTED_TARGET' }))
  })

  it("14. the operator's console address, banned by his own hand", () => {
    expect(byHand('203.0.113.50', 'ip')).toThrow(expect.objectContaining({ code: 'PPT_PROTECTED_TARGET' }))
  })

  it('15. a range that holds the operator, the proxy or the control plane', () => {
    for (const range of ['203.0.113.0/24', '10.0.0.0/16', '192.0.2.0/27', '2001:db8::/32'])
      expect(byHand(range)).toThrow(expect.objectContaining({ code: 'PPT_PROTECTED_TARGET' }))
    expect(byHand('203.0.113.128/25')()).toMatchObject({ target: { value: '203.0.113.128/25' } })
  })

  it("16. the /64 of the operator's IPv6 address: another device of his network attacks", () => {
    nobody(ask(from('2001:db8:2:7::bad')))
    expect(ask(from('2001:db8:2:8::bad')).decisions).toHaveLength(1)
  })

  it('17. an IPv6 network that is widened until the operator lies in it', () => {
    const near = Array.from({ length: 80 }, (_, i) => `2001:db8:2:${(0x100 + i).toString(16)}::/64`).concat(
      Array.from({ length: 20 }, (_, i) => `2001:db8:2:${(0x10 + i).toString(16)}::/64`),
    )
    const held = near.map((value, i) =>
      decisionOf({ id: `h${i}`, revision: i + 1, target: { kind: 'cidr', value }, scope: 'all', expiresAt: NOW + HOUR }),
    )
    // 2001:db8:2::/48 and 2001:db8:2::/56 hold the operator's /64
    const inside = ask(from('2001:db8:2:99::1'), held)
    expect(inside.decisions.map(({ target }) => target.value)).toEqual(['2001:db8:2:99::/64'])
  })

  it('18. the allow-list that is written later: what it covers is protected from then on, and its range too', () => {
    const later = createProtectedTargets({ ...HOUSE, allowList: ['203.0.113.7'] })
    expect(later.reasonFor({ kind: 'ip', value: '203.0.113.7' })).toMatch(/allow-list/)
    expect(later.reasonFor({ kind: 'cidr', value: '203.0.113.0/28' })).toMatch(/holds 203\.0\.113\.7/)
    const verdict = ask({ ...from('203.0.113.7'), protectedTargets: later }, [decisionOf()])
    expect(verdict.extended).toEqual([])
  })

  it('19. a lockdown of everything: the operator, the control plane, agents, proxies and the allow-list get in', () => {
    const plan = planLockdown(lockdownFacts())
    expect(plan.preflight).toMatchObject({ ok: true, problems: [] })
    const decision = lockdownDecision({
      plan,
      mode: 'all',
      reason: 'breach',
      author: { kind: 'operator', id: 'o' },
      startsAt: NOW,
      endsAt: NOW + MINUTE,
      newId: serialIds(),
    })
    const held = lockdownInForce([{ ...decision, revision: 1 }], NOW)!
    for (const address of ['203.0.113.50', '2001:db8:2:7::9', '192.0.2.10', '127.0.0.1', '::1', '192.0.2.77', '10.0.0.5', '198.51.100.200'])
      expect(judgeLockdown(held, { address, method: 'POST' }).outcome, address).toBe('allow')
    expect(judgeLockdown(held, { address: '203.0.113.51', method: 'GET' }).outcome).toBe('refuse')
  })

  it('20. a lockdown by somebody whose address is not known, or is the proxy, is not begun', () => {
    for (const operatorAddress of [null, '10.0.0.5', 'unknown']) {
      const plan = planLockdown(lockdownFacts({ operatorAddress }))
      expect(plan.preflight.ok).toBe(false)
      expect(() =>
        lockdownDecision({
          plan,
          mode: 'all',
          reason: 'x',
          author: { kind: 'operator', id: 'o' },
          startsAt: NOW,
          endsAt: NOW + 1,
          newId: serialIds(),
        }),
      ).toThrow(expect.objectContaining({ code: 'PPT_CONFLICT' }))
    }
  })

  it('21. a lockdown that nobody confirms, also when the control plane is gone: it is over by its own time', () => {
    const plan = planLockdown(lockdownFacts())
    const decision = lockdownDecision({
      plan,
      mode: 'all',
      reason: 'x',
      author: { kind: 'operator', id: 'o' },
      startsAt: NOW,
      endsAt: NOW + 2 * MINUTE,
      newId: serialIds(),
    })
    expect(lockdownInForce([{ ...decision, revision: 1 }], NOW + 2 * MINUTE - 1)).toBeDefined()
    expect(lockdownInForce([{ ...decision, revision: 1 }], NOW + 2 * MINUTE)).toBeUndefined()
    const record = {
      id: 'l',
      mode: 'all',
      reason: 'x',
      by: { id: 'o', name: 'O' },
      incidentId: null,
      startedAt: NOW,
      endsAt: NOW + 2 * MINUTE,
      confirmations: 0,
      holdsMs: HOUR,
      endedAt: null,
      endedWhy: null,
      decisionId: decision.id,
    } as const
    expect(lapseLockdown(record, NOW + DAY)).toMatchObject({ endedAt: NOW + 2 * MINUTE, endedWhy: 'not_confirmed' })
  })

  it('22. everybody at once, a country by a slip: no decision reaches all, and nothing lasts longer than thirty days', () => {
    for (const action of ['deny', 'suspend', 'lockdown'] as const)
      expect(() =>
        validateRequest(
          { target: { kind: 'all', value: '*' }, action, scope: 'all', duration: '1h', reason: 'x' },
          createProtectedTargets({}),
          NOW,
        ),
      ).toThrow(expect.objectContaining({ code: 'PPT_INVALID' }))
    expect(() =>
      validateRequest(
        { target: { kind: 'country', value: 'DE' }, action: 'deny', scope: 'all', duration: '31d', reason: 'x' },
        createProtectedTargets({}),
        NOW,
      ),
    ).toThrow(expect.objectContaining({ code: 'PPT_INVALID' }))
  })
})
