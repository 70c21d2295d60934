import type { AlertDetail, AlertView, Decision, Level, Overview, StoredEvent } from '@parapet/core'

const MINUTE = 60_000
const HOUR = 3_600_000

/** Text as attackers write it: markup, terminal escapes, direction overrides, a tower of marks. */
export const HOSTILE = {
  markup: '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>',
  bidi: 'invoice\u202Efdp.exe',
  ansi: 'admin\u001b[2J\u001b[31mroot\r\nNov 21 sshd: Accepted password for root',
  zalgo: `z${'\u0301\u0323\u0334'.repeat(40)}a`,
  zeroWidth: 'ad\u200Bmi\u2060n\uFEFF',
  long: `/${'A'.repeat(4_000)}`,
} as const

const RULES: readonly {
  readonly id: string
  readonly title: string
  readonly level: Level
  readonly why: (who: string, n: number) => string
  readonly kind: AlertView['scope']['kind']
}[] = [
  {
    id: 'ssh-brute-force-address',
    title: 'Password guessing over SSH from one address',
    level: 'high',
    kind: 'ip',
    why: (who, n) => `${who} failed ${n} SSH sign-ins within 10 minutes, for 14 different users.`,
  },
  {
    id: 'web-login-spray',
    title: 'One password tried on many accounts',
    level: 'critical',
    kind: 'ip',
    why: (who, n) => `${who} tried to sign in to ${n} accounts, at most twice each: a spray, not a forgotten password.`,
  },
  {
    id: 'success-after-failures',
    title: 'Sign-in succeeded after many failures',
    level: 'critical',
    kind: 'user',
    why: (who, n) => `${who} signed in from 198.51.100.23 after ${n} failures from the same network.`,
  },
  {
    id: 'web-path-traversal',
    title: 'Path traversal attempt',
    level: 'medium',
    kind: 'ip',
    why: (who, n) => `${who} asked ${n} times for files outside of the web root, such as /etc/passwd.`,
  },
  {
    id: 'web-scanner-agent',
    title: 'Known scanner by its user agent',
    level: 'low',
    kind: 'ip',
    why: (who, n) => `${who} sent ${n} requests as sqlmap/1.7.`,
  },
  {
    id: 'web-404-scan',
    title: 'Many paths that do not exist',
    level: 'informational',
    kind: 'ip',
    why: (who, n) => `${who} asked for ${n} paths that answer 404 within 5 minutes.`,
  },
]

/** One alert; `index` makes it another one, older by seven minutes a step. */
export const makeAlert = (index: number, now: number, change: Partial<AlertView> = {}): AlertView => {
  const rule = RULES[index % RULES.length] ?? RULES[0]
  if (rule === undefined) throw new Error('no rules')
  const address = index % 5 === 4 ? `2001:db8:${(index + 16).toString(16)}::/64` : `203.0.113.${(index * 7) % 250}`
  const who = rule.kind === 'user' ? 'm.okafor' : address
  const hits = 12 + ((index * 37) % 400)
  const last = now - index * 7 * MINUTE - 20_000
  return {
    id: `alert-${String(index).padStart(4, '0')}`,
    rule: { id: rule.id, title: rule.title, level: rule.level, tags: ['attack.credential_access', 'attack.t1110'], version: '1.2.0' },
    group: { 'source.ip': address },
    scope: { kind: rule.kind, value: who },
    first: last - 9 * MINUTE,
    last,
    count: hits,
    targets: [address.replace('::/64', '::17'), `198.51.100.${index % 250}`],
    events: ['e-1', 'e-2'],
    why: rule.why(who, hits),
    detectedAt: last + 200,
    updatedAt: last + 200,
    sources: [{ id: 's-shop', name: index % 2 === 0 ? 'shop' : 'bastion' }],
    decisionIds: index % 3 === 0 ? [`decision-${index}`] : [],
    demo: index % 11 === 10,
    ...change,
  }
}

/** One decision; `index` makes it another one. */
export const makeDecision = (index: number, now: number, change: Partial<Decision> = {}): Decision => ({
  id: `decision-${index}`,
  revision: 100 + index,
  target:
    index % 5 === 4
      ? { kind: 'cidr', value: `2001:db8:${(index + 16).toString(16)}::/64` }
      : { kind: 'ip', value: `203.0.113.${(index * 7) % 250}` },
  action: 'deny',
  scope: index % 2 === 0 ? 'login' : 'all',
  mode: 'enforce',
  reason: RULES[index % RULES.length]?.why(`203.0.113.${(index * 7) % 250}`, 40 + index) ?? 'manual',
  author:
    index % 4 === 3
      ? { kind: 'operator', id: 'op-1', name: 'ada' }
      : { kind: 'policy', id: 'login-brute-force', name: 'login-brute-force' },
  rule: {
    id: RULES[index % RULES.length]?.id ?? '',
    title: RULES[index % RULES.length]?.title ?? '',
    level: RULES[index % RULES.length]?.level ?? 'low',
    version: '1.2.0',
  },
  alertId: `alert-${String(index).padStart(4, '0')}`,
  batch: `batch-${index}`,
  startsAt: now - (index + 1) * 4 * MINUTE,
  expiresAt: now + 42 * MINUTE + index * 13 * MINUTE,
  ...change,
})

/** Events behind an alert: sign-ins, web requests, and what attackers put into the fields. */
export const makeEvents = (now: number, count = 30): readonly StoredEvent[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `event-${index}`,
    sequence: 9_000 - index,
    receivedAt: now - index * 1_500,
    source: { id: 's-shop', name: 'shop' },
    event:
      index % 3 === 2
        ? {
            '@timestamp': now - index * 1_500 - 40,
            'event.category': 'web',
            'event.action': 'http-request',
            'event.dataset': 'nginx.access',
            'http.request.method': 'GET',
            'url.path': index === 2 ? HOSTILE.long : '/../../etc/passwd',
            'url.query': `q=${HOSTILE.markup}`,
            'http.response.status_code': 404,
            'source.ip': '203.0.113.7',
            'user_agent.original': HOSTILE.ansi,
          }
        : {
            '@timestamp': now - index * 1_500 - 40,
            'event.category': 'authentication',
            'event.action': 'login',
            'event.dataset': 'guard.login',
            'event.outcome': index === 0 ? 'success' : 'failure',
            ...(index === 0 ? {} : { 'event.reason': 'bad_password' }),
            'source.ip': '203.0.113.7',
            'user.name': [HOSTILE.bidi, 'm.okafor', HOSTILE.zeroWidth, HOSTILE.zalgo][index % 4] ?? 'root',
            'user_agent.original': 'Mozilla/5.0 (X11; Linux x86_64)',
            'url.path': '/login',
          },
  }))

/** `GET /v1/alerts/{id}` for an alert. */
export const makeDetail = (alert: AlertView, decisions: readonly Decision[], now: number): AlertDetail => ({
  alert,
  rule: {
    id: alert.rule.id,
    description:
      'Repeated failures from one network are how passwords are guessed; the count is per /24 or /64, so that changing the last digits does not help.',
    inWords:
      'Fires when one address network (IPv4 /24, IPv6 /64) fails at least 12 sign-ins within 10 minutes; every further failure is added to the same alert.',
    falsePositives: [
      'A company behind one address changed its password policy this morning.',
      'A monitoring probe still uses an old password.',
    ],
    references: ['https://attack.mitre.org/techniques/T1110/', 'javascript:alert(1)'],
    source:
      'title: Password guessing from one address\nlogsource:\n  category: authentication\ndetection:\n  selection:\n    event.action: login\n    event.outcome: failure\n  condition: selection\nlevel: high\n',
  },
  events: makeEvents(now),
  decisions,
})

const noAlerts: Record<Level, number> = { critical: 0, high: 0, medium: 0, low: 0, informational: 0 }

const byLevel = (alerts: readonly AlertView[]): Overview['last24h']['alerts'] => {
  const sums = { ...noAlerts }
  for (const alert of alerts) sums[alert.rule.level]++
  return sums
}

/** `GET /v1/overview` with a day of data, or of a fresh install. */
export const makeOverview = (
  now: number,
  alerts: readonly AlertView[],
  decisions: readonly Decision[],
  options: { readonly empty?: boolean } = {},
): Overview => {
  const hour = Math.floor(now / HOUR) * HOUR
  const hours = Array.from({ length: 24 }, (_, index) => ({
    at: hour - (23 - index) * HOUR,
    events:
      options.empty === true ? 0 : Math.round(800 + 600 * Math.sin((index / 24) * 6.28) + (index === 20 ? 9_000 : 0) + ((index * 61) % 90)),
    alerts: options.empty === true ? 0 : index === 20 ? 14 : index % 5 === 0 ? 2 : 0,
  }))
  const active = decisions.filter((decision) => decision.lifted === undefined && decision.expiresAt > now)
  return {
    now,
    status:
      options.empty === true
        ? { level: 'quiet', sentence: 'Quiet. Nothing has come in yet.' }
        : { level: 'attack', sentence: `Under attack: passwords are being guessed at shop. ${active.length} addresses are blocked.` },
    needsYou:
      options.empty === true
        ? [
            {
              kind: 'setup',
              id: 'first-source',
              title: 'Connect a first source',
              detail: 'No application or host sends events yet.',
              href: '/alerts',
            },
          ]
        : [
            {
              kind: 'alert',
              id: 'alert-0002',
              title: 'm.okafor signed in after 86 failures',
              detail: 'From 198.51.100.23, never seen for this user. Nothing was blocked: decide.',
              href: '/alerts/alert-0002',
            },
            {
              kind: 'source',
              id: 's-mail',
              title: 'mail has been silent for 3 hours',
              detail: 'It used to send about 40 events a minute.',
              href: '/',
            },
            {
              kind: 'budget',
              id: 'budget',
              title: 'Half of the ban budget is spent',
              detail: '52 of 100 in this hour. Beyond it decisions are only observed.',
              href: '//evil.example/decisions',
            },
          ],
    last24h: {
      events: hours.reduce((sum, item) => sum + item.events, 0),
      alerts: options.empty === true ? noAlerts : byLevel(alerts),
      decisions: decisions.length,
      hours,
    },
    activeDecisions: active.length,
    sources:
      options.empty === true
        ? []
        : [
            { id: 's-shop', name: 'shop', lastEventAt: now - 2_000, state: 'live' },
            { id: 's-bastion', name: 'bastion.fra1.internal', lastEventAt: now - 41_000, state: 'live' },
            { id: 's-mail', name: 'mail', lastEventAt: now - 3 * HOUR, state: 'silent' },
            { id: 's-new', name: 'checkout (staging)', lastEventAt: null, state: 'new' },
          ],
    latest: alerts.slice(0, 8),
  }
}
