import type {
  AlertView,
  EnrolmentView,
  RuleDetail,
  RuleException,
  RuleView,
  SavedView,
  SourceHealth,
  StoredEvent,
  TopValues,
} from '@parapet/core'

import { HOSTILE, makeEvents } from './fixtures.js'

const MINUTE = 60_000
const HOUR = 3_600_000
const DAY = 86_400_000

/** One rule; `index` makes it another one. Some are broken, off, learning or never judged; the first three have the ids of alerts. */
export const makeRule = (index: number, now: number, change: Partial<RuleView> = {}): RuleView => {
  const ids = ['ssh-brute-force-address', 'web-login-spray', 'success-after-failures']
  const id = ids[index] ?? `rule-${String(index).padStart(3, '0')}`
  const judged = index % 3 !== 2
  return {
    id,
    name: `parapet.${id}`,
    title: ['Password guessing over SSH from one address', 'One password tried on many accounts'][index] ?? `Rule number ${index}`,
    level: (['high', 'critical', 'medium', 'low', 'informational'] as const)[index % 5] ?? 'low',
    tags: ['attack.credential_access', 'attack.t1110'],
    version: '1.2.0',
    kind: ['event_count', 'value_count', 'single', 'temporal_ordered'][index % 4] ?? 'single',
    origin: index % 7 === 6 ? '/etc/parapet/rules/own/shop.yml' : 'builtin',
    state: index === 4 ? 'broken' : index === 5 ? 'off' : 'on',
    problem: index === 4 ? 'line 14: `near` is not a correlation of Sigma 2.1; use temporal' : null,
    alerts7d: index === 4 ? 0 : (index * 37) % 90,
    lastAlertAt: index % 4 === 3 ? null : now - index * 11 * MINUTE,
    verdicts: judged ? { truePositive: 12, falsePositive: index % 5, benign: 1 } : { truePositive: 0, falsePositive: 0, benign: 0 },
    precision: judged ? 12 / (13 + (index % 5)) : null,
    exceptions: index === 0 ? 2 : 0,
    learning: index === 7,
    respond: index % 2 === 0 ? { action: 'deny', mode: index % 4 === 0 ? 'enforce' : 'observe' } : null,
    ...change,
  }
}

/** One exception of a rule. */
export const makeException = (index: number, now: number, change: Partial<RuleException> = {}): RuleException => ({
  id: `exception-${index}`,
  ruleId: 'ssh-brute-force-address',
  match:
    index % 2 === 0 ? { 'source.ip': '192.0.2.0/24' } : { 'user.name': HOSTILE.bidi, 'user_agent.original': HOSTILE.long.slice(0, 300) },
  until: now + (20 + index) * DAY,
  reason: index % 2 === 0 ? 'Our own monitoring' : HOSTILE.markup,
  by: { id: 'op-2', name: 'grace' },
  createdAt: now - 2 * HOUR,
  ...change,
})

/** `GET /v1/rules/{id}` */
export const makeRuleDetail = (rule: RuleView, exceptions: readonly RuleException[], latest: readonly AlertView[]): RuleDetail => ({
  rule,
  description: 'Repeated failures from one network are how passwords are guessed.',
  inWords: 'Fires when one address network (IPv4 /24, IPv6 /64) fails at least 12 sign-ins within 10 minutes.',
  falsePositives: ['A company behind one address changed its password policy this morning.'],
  references: ['https://attack.mitre.org/techniques/T1110/', 'javascript:alert(1)'],
  source: `title: ${rule.title}\nlogsource:\n  category: authentication\ndetection:\n  selection:\n    event.action: login\n  condition: selection\nlevel: ${rule.level}\n# ${HOSTILE.ansi}\n`,
  exceptions,
  latest,
})

/** Sources in every state: an agent that lost lines, one that is behind, a silent host, an application, one that never sent. */
export const makeSources = (now: number): readonly SourceHealth[] => {
  const agent = (name: string): NonNullable<SourceHealth['agent']> => ({
    version: '0.1.0',
    host: `${name}.fra1.internal`,
    startedAt: now - 3 * DAY,
    now,
    receivedAt: now - 4_000,
    state: 'live',
    inputs: [
      {
        name: 'file:/var/log/auth.log',
        format: 'sshd',
        lines: 120_344,
        events: 90_112,
        unknown: 12,
        cut: 0,
        dropped: 0,
        droppedWhy: null,
        lastEventAt: now - 3_000,
        behindBytes: 0,
        error: null,
      },
      {
        name: 'journald',
        format: null,
        lines: 5_100,
        events: 5_088,
        unknown: 0,
        cut: 1,
        dropped: 0,
        droppedWhy: null,
        lastEventAt: now - 9_000,
        behindBytes: null,
        error: null,
      },
    ],
    spool: { events: 0, bytes: 0, oldestAt: null, dropped: 0 },
    rules: { running: 108, problems: 0 },
    alerts: 3,
  })
  const base = { demo: false, createdAt: now - 90 * DAY, lastEventAt: now - 3_000, state: 'live', events24h: 41_022, lagMs: 640 } as const
  const behind = agent('db')
  const losing = agent('bastion')
  return [
    { ...base, id: 's-shop', name: 'shop', kind: 'application', agent: null },
    { ...base, id: 's-mail', name: 'mail', kind: 'host', state: 'silent', lastEventAt: now - 3 * HOUR, lagMs: 140_000, agent: null },
    {
      ...base,
      id: 's-new',
      name: HOSTILE.long.slice(0, 80),
      kind: 'host',
      state: 'new',
      lastEventAt: null,
      events24h: 0,
      lagMs: null,
      agent: null,
    },
    {
      ...base,
      id: 's-db',
      name: 'db',
      kind: 'host',
      agent: {
        ...behind,
        state: 'silent',
        receivedAt: now - 400_000,
        inputs: behind.inputs.map((input, at) =>
          at === 0
            ? Object.assign(structuredClone(input), { behindBytes: 84_000_000, error: `EACCES: permission denied ${HOSTILE.bidi}` })
            : input,
        ),
        spool: { events: 8_120, bytes: 4_100_000, oldestAt: now - HOUR, dropped: 0 },
      },
    },
    {
      ...base,
      id: 's-bastion',
      name: 'bastion',
      kind: 'host',
      agent: {
        ...losing,
        inputs: losing.inputs.map((input, at) =>
          at === 1
            ? Object.assign(structuredClone(input), { dropped: 1_204, droppedWhy: `journal rotated before it was read ${HOSTILE.ansi}` })
            : input,
        ),
      },
    },
  ]
}

/** Tokens that wait. */
export const makeEnrolments = (now: number): readonly EnrolmentView[] => [
  { id: 'enrol-1', name: 'web-1', createdAt: now - 4 * MINUTE, expiresAt: now + 26 * MINUTE, by: { id: 'op-1', name: 'ada' } },
]

/** Searches under a name. */
export const makeViews = (now: number): readonly SavedView[] => [
  {
    id: 'view-1',
    name: 'Failed sign-ins',
    query: 'f=event.outcome%3Afailure&range=7d',
    shared: true,
    by: { id: 'op-2', name: 'grace' },
    createdAt: now,
  },
  {
    id: 'view-2',
    name: HOSTILE.bidi,
    query: '//evil.example/?f=user.name%3Aroot',
    shared: false,
    by: { id: 'op-1', name: 'ada' },
    createdAt: now,
  },
]

/** Stored events over a day, newest first: sign-ins, requests, and what attackers put into them. */
export const makeActivity = (now: number, count: number): readonly StoredEvent[] =>
  makeEvents(now, count).map((stored, index) =>
    Object.assign(structuredClone(stored), {
      receivedAt: now - index * 4 * MINUTE,
      event: {
        ...stored.event,
        '@timestamp': now - index * 4 * MINUTE - 40,
        'host.name': index % 2 === 0 ? 'web-1' : 'bastion',
        'source.ip': `203.0.113.${index % 9}`,
      },
    }),
  )

/** The most frequent values of a field in some events. */
export const topOf = (field: string, events: readonly StoredEvent[]): TopValues => {
  const counts = new Map<string, number>()
  for (const { event } of events) {
    const value = event[field]
    if (value !== undefined && value !== null) counts.set(String(value), (counts.get(String(value)) ?? 0) + 1)
  }
  const values = [...counts].map(([value, count]) => ({ value, count })).toSorted((a, b) => b.count - a.count)
  return { field, values: values.slice(0, 10), of: events.length, distinct: values.length }
}
