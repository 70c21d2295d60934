import type { IncidentDetail, IncidentEntry, IncidentView, ResetCampaign, SubjectDetail, SubjectView } from '@parapet/core'

import { HOSTILE, makeAlert, makeDecision, makeEvents } from './fixtures.js'

const MINUTE = 60_000
const HOUR = 3_600_000
const DAY = 86_400_000

const NAMES = ['m.okafor', 'j.lindqvist', 'Ana Beltrán', 'r.tanaka', 'priya', 'o.haddad', 'd.novak', 'lena'] as const
const SOURCE = { id: 's-shop', name: 'shop' } as const
const ADA = { id: 'op-1', name: 'ada' } as const

/** One user; `index` makes it another one, the first is the riskiest and has everything in force. */
export const makeSubject = (index: number, now: number, change: Partial<SubjectView> = {}): SubjectView => {
  const risk = [92, 71, 44, 18, 0][index % 5] ?? 0
  return {
    id: `subject-${index}`,
    name: index % 7 === 6 ? null : `${NAMES[index % NAMES.length] ?? 'x'}${index < NAMES.length ? '' : index}`,
    email: index % 3 === 2 ? null : `${(NAMES[index % NAMES.length] ?? 'x').replaceAll(/[^a-z.]/g, '')}${index}@example.com`,
    roles: index % 4 === 0 ? ['admin', 'billing'] : index % 4 === 1 ? ['editor'] : [],
    source: SOURCE,
    firstSeen: now - 90 * DAY,
    lastSeen: now - index * 7 * MINUTE,
    lastSignIn: index % 6 === 5 ? null : now - index * 9 * MINUTE - HOUR,
    risk,
    riskWhy:
      risk === 0
        ? []
        : [
            'Signed in from a country never seen for this user, two hours after a sign-in 6,200 km away.',
            'A critical alert 14 minutes ago: Sign-in succeeded after many failures.',
            'Exported 4,100 records within 10 minutes, 40 times the usual.',
          ].slice(0, risk > 60 ? 3 : 1),
    flags:
      index === 0
        ? [
            { kind: 'suspend', until: now + 23 * HOUR, decisionId: 'flag-suspend' },
            { kind: 'require_reset', until: now + 29 * DAY, decisionId: 'flag-reset' },
          ]
        : index % 5 === 1
          ? [{ kind: 'require_mfa', until: now + 6 * HOUR, decisionId: `flag-mfa-${index}` }]
          : [],
    alerts7d: risk === 0 ? 0 : 5 - (index % 5),
    ...change,
  }
}

/** Everything about one user. */
export const makeSubjectDetail = (subject: SubjectView, now: number): SubjectDetail => ({
  subject,
  sessions: [
    {
      id: 'ss-1',
      device: 'Firefox on Linux',
      address: '198.51.100.23',
      country: 'Portugal',
      startedAt: now - 2 * HOUR,
      seenAt: now - MINUTE,
      endedAt: null,
      endedWhy: null,
    },
    {
      id: 'ss-2',
      device: 'Safari on iPhone',
      address: '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff',
      country: 'Norway',
      startedAt: now - 9 * HOUR,
      seenAt: now - 3 * HOUR,
      endedAt: now - 3 * HOUR,
      endedWhy: 'suspended',
    },
    {
      id: 'ss-3',
      device: null,
      address: null,
      country: null,
      startedAt: now - 3 * DAY,
      seenAt: now - 2 * DAY,
      endedAt: now - 2 * DAY,
      endedWhy: 'signed_out',
    },
  ],
  decisions: [
    ...subject.flags.map((flag, index) =>
      makeDecision(index, now, {
        id: flag.decisionId,
        target: { kind: 'user', value: subject.name ?? subject.id },
        action: flag.kind,
        scope: 'all',
        batch: `b-${flag.decisionId}`,
        reason: 'Signed in from 198.51.100.23 after 86 failures, then exported 4,100 records.',
        author: { kind: 'policy', id: 'breach', name: 'breach' },
        startsAt: now - 14 * MINUTE,
        expiresAt: flag.until,
      }),
    ),
    makeDecision(7, now, {
      id: 'old-mfa',
      target: { kind: 'user', value: subject.name ?? subject.id },
      action: 'require_mfa',
      scope: 'all',
      reason: 'New device and new country.',
      startsAt: now - 4 * DAY,
      expiresAt: now - 3 * DAY,
    }),
    makeDecision(3, now, {
      id: 'lifted-suspend',
      target: { kind: 'user', value: subject.name ?? subject.id },
      action: 'suspend',
      scope: 'all',
      reason: 'Bulk export',
      startsAt: now - 6 * DAY,
      expiresAt: now - 5 * DAY,
      lifted: { at: now - 6 * DAY + HOUR, by: { kind: 'operator', id: 'o3', name: 'grace' }, reason: 'it was the yearly audit' },
    }),
  ],
  alerts: subject.alerts7d === 0 ? [] : [14, 8, 2].map((index) => makeAlert(index, now)),
  events: makeEvents(now, 40),
  addresses: [
    { address: '198.51.100.23', country: 'Portugal', events: 412, last: now - MINUTE },
    { address: '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', country: 'Norway', events: 1_204, last: now - 3 * HOUR },
    { address: '203.0.113.7', country: null, events: 1, last: now - 3 * DAY },
  ],
  incidents: subject.risk > 80 ? [{ id: 'incident-0', title: 'Records of customers were exported by a stolen account' }] : [],
})

/** Campaigns of resets in each state. */
export const makeResets = (now: number): readonly ResetCampaign[] => [
  {
    id: 'reset-1',
    scope: { kind: 'all' },
    reason: 'Passwords of shop were found for sale',
    by: ADA,
    startedAt: now - 42 * MINUTE,
    endedAt: null,
    subjects: 10_000,
    done: 1_204,
    mails: { queued: 7_430, sent: 2_480, failed: 12, noAddress: 78 },
    sessionsEnded: 3_411,
    state: 'running',
  },
  {
    id: 'reset-2',
    scope: { kind: 'role', role: 'billing' },
    reason: 'Phished',
    by: { id: 'o3', name: 'grace' },
    startedAt: now - 12 * DAY,
    endedAt: now - 9 * DAY,
    subjects: 14,
    done: 14,
    mails: { queued: 0, sent: 14, failed: 0, noAddress: 0 },
    sessionsEnded: 9,
    state: 'done',
  },
  {
    id: 'reset-3',
    scope: { kind: 'users', ids: ['a', 'b', 'c'] },
    reason: 'By mistake',
    by: ADA,
    startedAt: now - 20 * DAY,
    endedAt: now - 20 * DAY + MINUTE,
    subjects: 3,
    done: 0,
    mails: { queued: 0, sent: 0, failed: 0, noAddress: 0 },
    sessionsEnded: 2,
    state: 'cancelled',
  },
]

/** One incident; the first is open, critical and nobody's. */
export const makeIncident = (index: number, now: number, change: Partial<IncidentView> = {}): IncidentView => ({
  id: `incident-${index}`,
  number: 7 - index,
  title:
    [
      'Records of customers were exported by a stolen account',
      'Password spraying against shop from a hosting range',
      'A web shell was uploaded to the staging host',
      'Monitoring account guessed too often',
    ][index % 4] ?? '',
  severity: (['critical', 'high', 'high', 'low'] as const)[index % 4] ?? 'low',
  status: (['open', 'contained', 'resolved', 'closed'] as const)[index % 4] ?? 'open',
  openedAt: now - (index * 3 + 0.25) * DAY,
  openedBy: index % 2 === 0 ? { id: 'breach', name: 'policy breach' } : ADA,
  updatedAt: now - index * DAY - 4 * MINUTE,
  closedAt: index % 4 === 3 ? now - index * DAY : null,
  assignee: index === 0 ? null : index % 2 === 0 ? { id: 'o3', name: 'grace' } : ADA,
  subjects: index === 0 ? ['m.okafor', HOSTILE.bidi] : [],
  addresses: index === 0 ? ['198.51.100.23', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'] : ['203.0.113.0/24'],
  alerts: 3,
  decisions: index === 0 ? 4 : 1,
  ...change,
})

/** What happened in an incident, over midnight, with a line of each kind. */
export const makeTimeline = (incident: IncidentView): readonly IncidentEntry[] => {
  const at = (minutes: number): number => incident.openedAt + minutes * MINUTE
  const policy = { id: 'breach', name: 'policy breach' }
  const grace = { id: 'o3', name: 'grace' }
  const lines: readonly Omit<IncidentEntry, 'id'>[] = [
    { at: at(0), by: policy, kind: 'opened', text: 'Bulk export by one user: 4,100 records within 10 minutes', ref: null },
    {
      at: at(0),
      by: null,
      kind: 'alert',
      text: 'm.okafor signed in from 198.51.100.23 after 86 failures from the same network.',
      ref: 'alert-0002',
    },
    { at: at(0), by: policy, kind: 'decision', text: 'Suspended m.okafor everywhere for 1 day', ref: 'flag-suspend' },
    { at: at(0), by: policy, kind: 'decision', text: 'Signed out m.okafor everywhere', ref: 'flag-end' },
    { at: at(0.02), by: null, kind: 'notification', text: 'Told On call and Security team', ref: 'n-0' },
    { at: at(11), by: grace, kind: 'assigned', text: 'grace took it', ref: null },
    {
      at: at(14),
      by: grace,
      kind: 'note',
      text: 'Called m.okafor: on holiday, phone in hand, did not sign in.\nThe address is a VPN exit. Asked the shop team which records the export held.',
      ref: null,
    },
    {
      at: at(19),
      by: grace,
      kind: 'lockdown',
      text: 'Lockdown, known users only, for 15 minutes: second account with the same pattern',
      ref: 'lock-1',
    },
    { at: at(34), by: null, kind: 'lockdown', text: 'Lockdown ended: not confirmed', ref: 'lock-1' },
    { at: at(55), by: grace, kind: 'linked', text: 'Linked 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', ref: null },
    { at: at(90), by: grace, kind: 'severity', text: 'From high to critical', ref: null },
    { at: at(350), by: grace, kind: 'note', text: `Found in the log: ${HOSTILE.markup} ${HOSTILE.bidi}`, ref: null },
  ]
  return lines.map((line, index) => Object.assign({ id: `entry-${index}` }, line))
}

/** Everything about one incident. */
export const makeIncidentDetail = (incident: IncidentView, timeline: readonly IncidentEntry[], now: number): IncidentDetail => ({
  incident,
  timeline,
  alerts: [14, 8, 2].map((index) => makeAlert(index, now)),
  decisions:
    incident.status === 'closed'
      ? []
      : [
          makeDecision(0, now, {
            id: 'flag-suspend',
            target: { kind: 'user', value: 'm.okafor' },
            action: 'suspend',
            scope: 'all',
            batch: 'inc',
            expiresAt: now + 23 * HOUR,
          }),
          makeDecision(1, now, { id: 'inc-deny', batch: 'inc' }),
        ],
  lockdownOffered: incident.status === 'open' && incident.severity === 'critical',
})
