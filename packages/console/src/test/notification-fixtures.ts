import type { ChannelView, NotificationRoute, NotificationView } from '@parapet/core'

import { HOSTILE } from './fixtures.js'

const MINUTE = 60_000
const HOUR = 3_600_000
const DAY = 86_400_000

/** One channel of each of several kinds: one that works, one that failed, one that is off. */
export const makeChannels = (now: number): readonly ChannelView[] => [
  {
    id: 'ch-mail',
    kind: 'email',
    name: 'Security team',
    target: 'security@example.com, ada@example.com',
    settings: { to: ['security@example.com', 'ada@example.com'] },
    enabled: true,
    lastSentAt: now - 14 * MINUTE,
    lastError: null,
  },
  {
    id: 'ch-ntfy',
    kind: 'ntfy',
    name: 'On call',
    target: 'ntfy.example.com',
    settings: { server: 'https://ntfy.example.com', topic: 'a9f3-oncall' },
    enabled: true,
    lastSentAt: now - 14 * MINUTE,
    lastError: null,
  },
  {
    id: 'ch-slack',
    kind: 'slack',
    name: '#incidents',
    target: 'hooks.slack.com',
    settings: { url: true },
    enabled: true,
    lastSentAt: now - 3 * DAY,
    lastError: '404 no_service: the webhook was removed in Slack. Make a new one and put its URL in.',
  },
  {
    id: 'ch-hook',
    kind: 'webhook',
    name: 'Ticket system',
    target: 'https://tickets.example.com/in',
    settings: { url: 'https://tickets.example.com/in' },
    enabled: false,
    lastSentAt: null,
    lastError: null,
  },
]

/** Two routes: who is woken, and who reads it in the morning. */
export const makeRoutes = (): readonly NotificationRoute[] => [
  {
    id: 'r-night',
    name: 'Wake somebody',
    minLevel: 'critical',
    kinds: [],
    channels: ['ch-ntfy', 'ch-mail'],
    quiet: null,
    groupMinutes: 0,
    escalate: [{ afterMinutes: 15, channels: ['ch-slack'] }],
    continue: false,
  },
  {
    id: 'r-day',
    name: 'The team, by day',
    minLevel: 'medium',
    kinds: ['alert', 'user_flagged', 'source_silent'],
    channels: ['ch-mail'],
    quiet: { from: 1_320, to: 420, zone: 'Europe/Berlin', weekdays: [1, 2, 3, 4, 5] },
    groupMinutes: 10,
    escalate: [],
    continue: false,
  },
]

/** One notification in each state. */
export const makeNotifications = (now: number): readonly NotificationView[] => [
  {
    id: 'n-0',
    kind: 'breach',
    level: 'critical',
    title: 'Data breach attempt: m.okafor exported 4,100 records',
    text: 'm.okafor was suspended and signed out. An incident is open, and a lockdown is offered.',
    href: '/incidents/incident-0',
    at: now - 14 * MINUTE,
    count: 1,
    state: 'sent',
    acknowledged: null,
    escalations: 1,
    receipts: [
      { channel: { id: 'ch-ntfy', name: 'On call' }, state: 'sent', attempts: 1, at: now - 14 * MINUTE + 400, detail: 'hQ3xYz01' },
      {
        channel: { id: 'ch-mail', name: 'Security team' },
        state: 'sent',
        attempts: 2,
        at: now - 14 * MINUTE + 31_000,
        detail: '<0199a7c2@parapet.example.com>',
      },
      {
        channel: { id: 'ch-slack', name: '#incidents' },
        state: 'failed',
        attempts: 5,
        at: now - 3 * MINUTE,
        detail: '404 no_service: the webhook was removed in Slack.',
      },
    ],
  },
  {
    id: 'n-1',
    kind: 'alert',
    level: 'high',
    title: 'Password guessing over SSH from one address',
    text: '203.0.113.7 failed 86 SSH sign-ins within 10 minutes, for 14 different users.',
    href: '/alerts/alert-0000',
    at: now - 2 * HOUR,
    count: 12,
    state: 'acknowledged',
    acknowledged: { at: now - HOUR, by: 'grace' },
    escalations: 0,
    receipts: [{ channel: { id: 'ch-mail', name: 'Security team' }, state: 'sent', attempts: 1, at: now - 2 * HOUR + 900, detail: null }],
  },
  {
    id: 'n-2',
    kind: 'source_silent',
    level: 'medium',
    title: 'mail has been silent for 3 hours',
    text: '',
    href: '//evil.example/steal',
    at: now - 3 * HOUR,
    count: 1,
    state: 'quiet',
    acknowledged: null,
    escalations: 0,
    receipts: [
      { channel: { id: 'ch-mail', name: 'Security team' }, state: 'waiting', attempts: 0, at: null, detail: 'until 07:00, Europe/Berlin' },
    ],
  },
  {
    id: 'n-3',
    kind: 'budget',
    level: 'high',
    title: 'Half of the ban budget is spent',
    text: '52 of 100 in this hour.',
    href: null,
    at: now - 5 * HOUR,
    count: 1,
    state: 'no_route',
    acknowledged: null,
    escalations: 0,
    receipts: [],
  },
  {
    id: 'n-4',
    kind: 'decision',
    level: 'low',
    title: HOSTILE.markup,
    text: `${HOSTILE.bidi} ${HOSTILE.ansi}`,
    href: null,
    at: now - DAY,
    count: 1,
    state: 'failed',
    acknowledged: null,
    escalations: 0,
    receipts: [{ channel: { id: 'ch-x', name: HOSTILE.zeroWidth }, state: 'failed', attempts: 8, at: now - DAY, detail: HOSTILE.long }],
  },
]
