import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Alert } from '../alerts.js'
import type { SecurityEvent } from '../events.js'
import { alertToOcsf, fromOcsf, toOcsf } from './index.js'

const AT = 1_790_000_000_000
const event = (fields: Partial<SecurityEvent>): SecurityEvent => ({ '@timestamp': AT, ...fields })
const back = (fields: Partial<SecurityEvent>): SecurityEvent => {
  const read = fromOcsf(JSON.parse(JSON.stringify(toOcsf(event(fields)))))
  if ('fault' in read) throw new Error(read.fault)
  return read.event
}

describe('an event as OCSF', () => {
  it.each<[string, Partial<SecurityEvent>, Record<string, unknown>]>([
    [
      'a failed sign-in is an Authentication, Logon, Failure',
      {
        'event.category': 'authentication',
        'event.action': 'login',
        'event.outcome': 'failure',
        'user.name': 'ann',
        'source.ip': '203.0.113.7',
        'source.port': 5022,
      },
      {
        category_uid: 3,
        class_uid: 3002,
        class_name: 'Authentication',
        activity_id: 1,
        type_uid: 300_201,
        status_id: 2,
        user: { name: 'ann' },
        src_endpoint: { ip: '203.0.113.7', port: 5022 },
      },
    ],
    [
      'signing out is a Logoff',
      { 'event.category': 'session', 'event.action': 'logout', 'event.outcome': 'success', 'session.id': 's1' },
      { class_uid: 3002, activity_id: 2, type_uid: 300_202, status_id: 1, session: { uid: 's1' } },
    ],
    [
      'a request is an HTTP Activity by its method',
      {
        'event.category': 'web',
        'event.action': 'http-request',
        'http.request.method': 'POST',
        'url.path': '/login',
        'url.query': 'a=1',
        'http.response.status_code': 401,
        'user_agent.original': 'curl/8',
        'user.name': 'ann',
      },
      {
        class_uid: 4002,
        activity_id: 6,
        http_request: { http_method: 'POST', user_agent: 'curl/8', url: { path: '/login', query_string: 'a=1' } },
        http_response: { code: 401 },
        actor: { user: { name: 'ann' } },
      },
    ],
    [
      'a method of its own is Other',
      { 'event.category': 'web', 'http.request.method': 'BREW' },
      { class_uid: 4002, activity_id: 99, type_uid: 400_299 },
    ],
    [
      'a line of an error log is no HTTP Activity',
      { 'event.category': 'web', 'event.action': 'http-error' },
      { class_uid: 0, type_uid: 99 },
    ],
    [
      'a new member of a group is an Account Change of who was added',
      {
        'event.category': 'iam',
        'event.action': 'group-member-added',
        'user.name': 'root',
        'user.target.name': 'eve',
        'group.name': 'sudo',
      },
      { class_uid: 3001, activity_id: 7, user: { name: 'eve' }, actor: { user: { name: 'root' } }, group: { name: 'sudo' } },
    ],
    [
      'a started program is a Process Activity, Launch',
      {
        'event.category': 'process',
        'event.action': 'process-started',
        'process.name': 'sh',
        'process.pid': 7,
        'process.command_line': 'sh -c id',
      },
      { class_uid: 1007, activity_id: 1, process: { name: 'sh', pid: 7, cmd_line: 'sh -c id' } },
    ],
    [
      'a changed configuration file is a File System Activity, Update',
      { 'event.category': 'configuration', 'event.action': 'changed', 'file.path': '/etc/passwd', 'file.owner': 'root' },
      { class_uid: 1001, activity_id: 3, file: { path: '/etc/passwd', owner: { name: 'root' } } },
    ],
    ['what has no action is Unknown', { 'event.category': 'network' }, { class_uid: 4001, activity_id: 0, type_uid: 400_100 }],
  ])('%s', (_, fields, expected) => {
    const out = toOcsf(event(fields))
    expect(out).toMatchObject({ ...expected, time: AT, metadata: { version: '1.4.0', product: { name: 'Parapet' } } })
    expect(back(fields)).toMatchObject(fields)
  })

  it('loses nothing on the way there and back, whatever an event holds', () => {
    const scalar = fc.oneof(fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean())
    const names = fc.constantFrom(
      'event.category',
      'event.action',
      'event.dataset',
      'user.name',
      'user.target.name',
      'source.ip',
      'source.port',
      'url.path',
      'http.request.method',
      'http.response.status_code',
      'process.pid',
      'file.path',
      'labels.x',
      'tags',
      'user',
      'src_endpoint.ip',
      'unmapped',
      'toString',
    )
    fc.assert(
      fc.property(
        fc.dictionary(names, fc.oneof(scalar, fc.constant(null), fc.array(scalar, { maxLength: 4 }))),
        fc.option(fc.constantFrom('success' as const, 'failure' as const, 'unknown' as const), { nil: undefined }),
        fc.constantFrom('authentication', 'iam', 'web', 'network', 'process', 'file', 'configuration', 'session', 'host'),
        (fields, outcome, category) => {
          const sent = JSON.parse(
            JSON.stringify({
              ...fields,
              'event.category': category,
              'event.dataset': 'x',
              ...(outcome === undefined ? {} : { 'event.outcome': outcome }),
            }),
          ) as Partial<SecurityEvent>
          const { 'event.action': action, ...read } = back(sent)
          const { 'event.action': given, ...rest } = sent
          expect(read).toEqual(event(rest))
          // an action that was never there may be told by the activity
          expect(given === undefined ? given : action).toEqual(given)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('of another product becomes one of ours, with what the class says of itself', () => {
    const read = fromOcsf({
      class_uid: 3002,
      activity_id: 1,
      time: AT,
      status_id: 2,
      user: { name: 'ann', type_id: 1, groups: [{ name: 'x' }] },
      src_endpoint: { ip: '203.0.113.7', location: { country: 'DE' } },
      metadata: { product: { name: 'Somebody' }, uid: 'e-1' },
      unmapped: { 'labels.team': 'red', deep: { er: 1 }, constructor: 'x', '@timestamp': 5, many: Array.from({ length: 100 }, () => 1) },
    })
    expect(read).toEqual({
      event: {
        '@timestamp': AT,
        'labels.team': 'red',
        'event.id': 'e-1',
        'user.name': 'ann',
        'source.ip': '203.0.113.7',
        'source.geo.country_iso_code': 'DE',
        'event.outcome': 'failure',
        'event.category': 'authentication',
        'event.action': 'login',
        'event.dataset': 'ocsf',
      },
    })
  })

  it.each([
    [null, /an object/],
    [[], /an object/],
    [{ class_uid: 3002 }, /^time/],
    [{ class_uid: 3002, time: '2026' }, /^time/],
    [{ class_uid: 3002, time: 1.5 }, /^time/],
    [{ time: 1 }, /^class_uid: is missing/],
    [{ time: 1, class_uid: 6003 }, /6003 is none of 3002 \(Authentication\)/],
  ])('is refused with a reason: %j', (value, reason) => {
    expect(fromOcsf(value)).toEqual({ fault: expect.stringMatching(reason) })
  })

  it('is read without an exception and without a prototype in it, whatever arrives', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.constantFrom(0, 3002, 4002, 1001), (text, uid) => {
        const raw = JSON.parse(text) as unknown
        const value = typeof raw === 'object' && raw !== null && !Array.isArray(raw) ? { ...raw, class_uid: uid, time: 5 } : raw
        const read = fromOcsf(value)
        const fields: unknown[] = 'event' in read ? Object.values(read.event) : []
        expect(fields.filter((field) => typeof field === 'object' && !Array.isArray(field) && field !== null)).toEqual([])
        expect('event' in read ? read.event['@timestamp'] : 5).toBe(5)
      }),
    )
    const polluted = fromOcsf(
      JSON.parse('{"class_uid":0,"time":1,"unmapped":{"__proto__":"x","a":1},"metadata":{"__proto__":{"uid":"y"}}}'),
    )
    expect(polluted).toEqual({ event: { '@timestamp': 1, a: 1, 'event.dataset': 'ocsf' } })
  })
})

describe('an alert as OCSF', () => {
  const alert: Alert = {
    id: 'a-1',
    rule: {
      id: 'r-1',
      title: 'Brute force',
      level: 'high',
      tags: ['attack.t1110.001', 'attack.credential-access', 'parapet.x'],
      version: '3',
    },
    group: { 'source.ip': '203.0.113.0/24' },
    scope: { kind: 'user', value: 'ann' },
    first: AT,
    last: AT + 60_000,
    count: 12,
    targets: ['203.0.113.7', '203.0.113.8'],
    events: ['e-1', 7],
    why: '12 failed sign-ins as ann',
  }

  it('is a Detection Finding with its rule, technique, observables and events', () => {
    expect(alertToOcsf(alert, true)).toMatchObject({
      class_uid: 2004,
      activity_id: 1,
      type_uid: 200_401,
      severity_id: 4,
      severity: 'High',
      count: 12,
      start_time: AT,
      end_time: AT + 60_000,
      metadata: { uid: 'a-1', version: '1.4.0' },
      finding_info: {
        uid: 'a-1',
        title: 'Brute force',
        analytic: { uid: 'r-1', type_id: 1, version: '3' },
        attacks: [{ technique: { uid: 'T1110.001' } }],
        related_events: [{ uid: 'e-1' }, { uid: '7' }],
      },
      observables: [
        { type_id: 2, value: '203.0.113.7' },
        { type_id: 2, value: '203.0.113.8' },
        { type_id: 4, value: 'ann' },
      ],
    })
    expect(alertToOcsf(alert, false)).toMatchObject({ activity_id: 2, type_uid: 200_402 })
  })

  it.each([
    ['informational', 1],
    ['low', 2],
    ['medium', 3],
    ['high', 4],
    ['critical', 5],
  ] as const)('of level %s has severity %i', (level, severity) => {
    expect(alertToOcsf({ ...alert, rule: { ...alert.rule, level } }, true)['severity_id']).toBe(severity)
  })
})
