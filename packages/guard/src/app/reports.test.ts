import type { SecurityEvent } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import type { LoginReport } from '../login/report.js'
import type { NoticeInput } from '../notices/types.js'
import type { SessionReport } from '../session/types.js'
import { geo, HERE, request, settled } from './fixtures/world.js'
import { createReports, type Reports } from './reports.js'

const AT = 1_800_000_000_000
const CLIENT = { kind: 'known', address: HERE, key: HERE } as const
const login = (over: Partial<LoginReport> = {}): LoginReport => ({
  at: AT,
  outcome: 'ok',
  reason: undefined,
  method: 'password',
  subject: 'Anna',
  device: 'unknown',
  client: CLIENT,
  request: request({ method: 'POST', url: '/login' }, { 'user-agent': 'Firefox' }),
  lock: undefined,
  ...over,
})
const setup = (
  over: { readonly cookies?: boolean; readonly isNew?: boolean | 'away'; readonly canonical?: (name: string) => Promise<string> } = {},
): { reports: Reports; events: SecurityEvent[]; notices: NoticeInput[]; kinds: () => string[] } => {
  const events: SecurityEvent[] = []
  const notices: NoticeInput[] = []
  const reports = createReports({
    emit: (event) => events.push(event),
    notices: {
      tell: (input) => {
        notices.push(input)
        return { kind: 'sent', notices: 1 }
      },
      stats: () => ({ sent: 0, held: 0, failed: 0 }),
    },
    clientAddress: () => CLIENT,
    canonical: over.canonical ?? ((name) => name.toLowerCase()),
    deviceCookies: () => over.cookies ?? true,
    geo,
    places: {
      isNew: async () => {
        if (over.isNew === 'away') throw new Error('down')
        return over.isNew ?? false
      },
    },
  })
  return { reports, events, notices, kinds: () => notices.map(({ kind, subject }) => `${kind} ${subject}`) }
}

describe('a sign-in', () => {
  it.each<[string, Partial<LoginReport>, Parameters<typeof setup>[0], string[]]>([
    ['from a new device', {}, {}, ['new_device anna']],
    ['from a known device', { device: 'known' }, {}, []],
    ['where no device can be known', {}, { cookies: false }, []],
    ['from a new country, which says more than the device', {}, { isNew: true }, ['new_country anna']],
    ['from a new country with a known device', { device: 'known' }, { isNew: true }, ['new_country anna']],
    ['with a recovery code', { method: 'recovery_code', device: 'known' }, {}, ['recovery_code_used anna']],
    ['while nobody can ask about countries', {}, { isNew: 'away' }, []],
    ['that failed', { outcome: 'failed', reason: 'bad_password' }, {}, []],
    ['that was limited', { outcome: 'limited', reason: 'busy' }, {}, []],
    ['that nobody could judge', { outcome: 'degraded', reason: 'store' }, {}, []],
    ['that set the lock', { outcome: 'failed', reason: 'bad_password', lock: 'subject' }, {}, ['locked_out anna']],
    ['that set the lock of a name that nobody has', { outcome: 'failed', reason: 'unknown_user', lock: 'subject' }, {}, []],
    ['that met the lock: the owner was told of it before', { outcome: 'locked', reason: 'locked', lock: 'subject' }, {}, []],
    ['that locked an address', { outcome: 'failed', reason: 'bad_password', lock: 'address' }, {}, []],
    ['that locked a known device', { outcome: 'failed', reason: 'bad_password', lock: 'device' }, {}, []],
  ])('%s', async (_which, over, world, expected) => {
    const { reports, kinds, events } = setup(world)
    reports.login(login(over))
    await settled()
    expect(kinds()).toEqual(expected)
    expect(events).toHaveLength(1)
    expect(events[0]?.['event.action']).toBe('login')
  })

  it('tells from where, with what and when', async () => {
    const { reports, notices } = setup()
    reports.login(login())
    await settled()
    expect(notices).toEqual([{ kind: 'new_device', subject: 'anna', at: AT, address: HERE, userAgent: 'Firefox', country: 'DE' }])
  })

  it('goes to the account, not to the name that was typed', async () => {
    const { reports, kinds } = setup({ canonical: async (name) => (name === 'Anna' ? 'u1' : name) })
    reports.login(login())
    await settled()
    expect(kinds()).toEqual(['new_device u1'])
  })

  it('is told of to nobody rather than to the wrong one, when the account cannot be found out', async () => {
    const { reports, kinds } = setup({ canonical: async () => Promise.reject(new Error('database')) })
    reports.login(login())
    reports.login(login({ outcome: 'failed', reason: 'bad_password', lock: 'subject' }))
    await settled()
    expect(kinds()).toEqual([])
  })
})

describe('a session', () => {
  const risk = (kind: 'observe' | 'step_up' | 'rotate' | 'revoke'): SessionReport => ({
    kind: 'at_risk',
    at: AT,
    id: 's1',
    subject: 'anna',
    risk: { kind, score: 50, signals: ['country_changed'] },
    place: undefined,
    placeBefore: undefined,
    device: undefined,
    deviceBefore: undefined,
  })
  const revoked = (reason: Extract<SessionReport, { kind: 'revoked' }>['reason']): SessionReport => ({
    kind: 'revoked',
    at: AT,
    subject: 'anna',
    ids: ['s1'],
    reason,
  })

  it.each<[string, SessionReport, string[]]>([
    ['that is only watched', risk('observe'), []],
    ['that has to prove itself', risk('step_up'), ['session_hijack anna']],
    ['that got a new id', risk('rotate'), ['session_hijack anna']],
    ['that was ended as stolen', revoked('risk'), ['session_hijack anna']],
    ['whose address changed', revoked('address_changed'), ['session_hijack anna']],
    ['whose old id was used', revoked('replayed'), ['session_hijack anna']],
    ['that was ended by hand', revoked('revoked'), ['session_revoked anna']],
    ['that was one too many', revoked('too_many'), []],
    ['that ended with a password', revoked('credential_changed'), []],
  ])('%s', (_which, report, expected) => {
    const { reports, kinds, events } = setup()
    reports.session(report, request())
    expect(kinds()).toEqual(expected)
    expect(events).toHaveLength(1)
    expect(events[0]).toMatchObject({ 'event.category': 'session', 'user.id': 'anna', 'source.ip': HERE })
  })

  it('that ended without a request says nothing of where', () => {
    const { reports, events, notices } = setup()
    reports.session(revoked('revoked'), undefined)
    expect('source.ip' in (events[0] ?? {})).toBe(false)
    expect(notices[0]?.address).toBeUndefined()
  })
})

describe('an attack on many accounts', () => {
  it('is an event, and no mail to anybody', () => {
    const { reports, events, kinds } = setup()
    reports.campaign({ kind: 'spraying', state: 'began', at: AT, subjects: 9, attempts: 9, addresses: 2, windowMs: 1 })
    expect(events[0]?.['event.action']).toBe('login-spraying')
    expect(kinds()).toEqual([])
  })
})

describe('what parts outside tell', () => {
  it.each<[Record<string, unknown>, string, 'success' | 'failure', string[]]>([
    [{ kind: 'enrolled', factor: { kind: 'totp', name: 'phone' } }, 'factor-enrolled', 'success', ['factor_added anna']],
    [{ kind: 'registered', factor: 'passkey' }, 'factor-registered', 'success', ['factor_added anna']],
    [{ kind: 'removed', factor: { kind: 'totp' } }, 'factor-removed', 'success', ['factor_removed anna']],
    [{ kind: 'reset' }, 'factor-reset', 'success', ['factor_removed anna']],
    [{ kind: 'verified', factor: { kind: 'recovery_code' } }, 'factor-verified', 'success', ['recovery_code_used anna']],
    [{ kind: 'verified', factor: { kind: 'totp' } }, 'factor-verified', 'success', []],
    [{ kind: 'refused', factor: 'totp', reason: 'reused' }, 'factor-refused', 'failure', []],
    [{ kind: 'enrolment_refused', reason: 'flagged' }, 'factor-enrolment-refused', 'failure', []],
    [{ kind: 'recovery_issued', count: 10 }, 'factor-recovery-issued', 'success', []],
  ])('%j', (report, action, outcome, expected) => {
    const { reports, events, kinds } = setup()
    reports.part({ at: AT, subject: 'anna', ...report } as never)
    expect(events).toMatchObject([{ 'event.action': action, 'event.outcome': outcome, 'event.category': 'iam', 'user.id': 'anna' }])
    expect(kinds()).toEqual(expected)
  })

  it('is read by its own properties only, whatever it is made of', () => {
    const { reports, events } = setup()
    const odd = { kind: 'enrolled', at: AT, subject: 'anna', factor: JSON.parse('{"__proto__":{"kind":"x"}}') as object }
    reports.part(odd)
    reports.part({ kind: 'verified', at: AT, subject: 'anna', factor: Object.create({ kind: 'recovery_code' }) as object } as never)
    expect(events.map((event) => event['parapet.factor'])).toEqual([undefined, undefined])
  })
})
