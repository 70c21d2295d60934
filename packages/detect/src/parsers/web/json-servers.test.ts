import { describe, expect, it } from 'vitest'
import { context, expectSturdy, readBy, TIME } from '../fixtures/hostile-text.js'
import { SAMPLES } from '../fixtures/format-samples.js'
import { nginxAccess } from '../nginx-access.js'
import { bunyan, json, logfmt, pino } from './json-loggers.js'
import { apacheJson, caddy, nginxJson, traefikJson } from './json-servers.js'

const WHOLE = {
  'event.category': 'web',
  'event.action': 'http-request',
  'event.outcome': 'failure',
  'source.ip': '198.18.0.1',
  'http.request.method': 'GET',
  'url.path': '/a',
  'url.query': 'b=1',
  'url.original': '/a?b=1',
  'http.response.status_code': 404,
  'user_agent.original': 'curl/8',
}

describe('a request in JSON', () => {
  it.each([
    [
      'nginx.json',
      nginxJson,
      {
        '@timestamp': TIME,
        'event.dataset': 'nginx.access',
        'url.domain': 'shop.example',
        'http.response.body.bytes': 12,
        'event.duration': 250_000_000,
      },
    ],
    ['apache.json', apacheJson, { '@timestamp': TIME, 'event.dataset': 'apache.access', 'url.domain': 'shop.example' }],
    [
      'caddy',
      caddy,
      {
        'event.dataset': 'caddy',
        'source.port': 4711,
        'url.domain': 'shop.example',
        'event.duration': 1_000_000,
        'http.request.referrer': 'https://x.example/',
        'http.response.body.bytes': 12,
      },
    ],
    ['traefik.json', traefikJson, { '@timestamp': TIME + 500, 'event.dataset': 'traefik', 'source.port': 4711, 'event.duration': 36_000 }],
    [
      'pino',
      pino,
      {
        'event.dataset': 'pino',
        'source.port': 4711,
        'event.duration': 2_500_000,
        'host.name': 'web01',
        'process.pid': 7,
        'log.level': 'info',
        message: 'request completed',
      },
    ],
    ['bunyan', bunyan, { '@timestamp': TIME + 500, 'event.dataset': 'bunyan', 'service.name': 'shop', 'log.level': 'info' }],
  ] as const)('of %s has the fields of an access log', (name, parser, more) => {
    const event = readBy(parser, SAMPLES[name]?.[0] ?? '')
    expect(event).toMatchObject({ ...WHOLE, ...more })
    const fields = Object.keys(nginxAccess.parse(SAMPLES['nginx.access']?.[0] ?? '', context) ?? {})
    expect(Object.keys(event)).toEqual(expect.arrayContaining(fields))
  })

  it('takes what Caddy settled on for the client, and what a proxy said for a label', () => {
    const line = (SAMPLES['caddy']?.[0] ?? '').replace('"Referer"', '"X-Forwarded-For":["203.0.113.9"],"Referer"')
    expect(readBy(caddy, line)).toMatchObject({ 'source.ip': '198.18.0.1', 'labels.http_x_forwarded_for': '203.0.113.9' })
  })

  it('is what a server of the name writes, not what any program does', () => {
    const [line = ''] = SAMPLES['json'] ?? []
    for (const parser of [nginxJson, apacheJson, caddy, traefikJson, pino, bunyan]) expect(parser.parse(line, context)).toBeUndefined()
    expect(caddy.parse('{"ts":1,"level":"info","logger":"shop","msg":"x"}', context)).toBeUndefined()
  })

  it('keeps what stood before the limit of a line that padding made too long', () => {
    const line = (SAMPLES['nginx.json']?.[0] ?? '').replace('GET /a?b=1', `GET /../../etc/passwd?${'a'.repeat(9_000)}`)
    expect(readBy(nginxJson, line.replace('"status":"404",', '').replace('"request"', '"status":"404","request"'))).toMatchObject({
      'event.reason': 'truncated_line',
      'source.ip': '198.18.0.1',
      'url.path': '/../../etc/passwd',
    })
  })
})

describe('any structured log', () => {
  it('is a message unless its names say more', () => {
    expect(readBy(json, '{"time":"2026-11-20 03:04:05","severity":"WARN","text":"x","message":"hello","hostname":"web01"}')).toEqual({
      '@timestamp': TIME,
      'event.category': 'application',
      'event.action': 'message',
      'event.outcome': 'unknown',
      'event.dataset': 'json',
      'log.level': 'warn',
      message: 'hello',
      'host.name': 'web01',
    })
  })

  it.each<[string, Record<string, unknown>]>([
    [
      '{"ts":1795143845,"event":"login_failed","username":"a","client_ip":"198.18.0.1:4711"}',
      {
        '@timestamp': TIME,
        'event.category': 'authentication',
        'event.action': 'login',
        'event.outcome': 'failure',
        'user.name': 'a',
        'source.ip': '198.18.0.1',
      },
    ],
    [
      '{"timestamp":1795143845000,"type":"user.logged.in","user":{"id":7,"name":"a"},"ip":"::ffff:198.18.0.1"}',
      { 'event.action': 'login', 'event.outcome': 'success', 'user.id': '7', 'user.name': 'a', 'source.ip': '198.18.0.1' },
    ],
    [
      '{"t":1795143845000000,"type":"login","success":false,"outcome":"denied","user":"a"}',
      { 'event.action': 'login', 'event.outcome': 'failure' },
    ],
    [
      '{"@timestamp":"2026-11-20T03:04:05Z","event":{"category":"iam","action":"user-created","outcome":"success"},"source":{"ip":"198.18.0.1"}}',
      { 'event.category': 'iam', 'event.action': 'user-created', 'event.outcome': 'success', 'source.ip': '198.18.0.1' },
    ],
    [
      '{"@timestamp":"2026-11-20T03:04:05Z","source.ip":"198.18.0.1","url.path":"/a","http.request.method":"GET"}',
      { 'source.ip': '198.18.0.1', 'event.action': 'http-request', 'event.outcome': 'unknown' },
    ],
    [
      '{"ts":"2026-11-20T03:04:05Z","userAgent":"curl/8","statusCode":"500","method":"GET","url":"https://x.example/a?b=1"}',
      { 'user_agent.original': 'curl/8', 'http.response.status_code': 500, 'url.path': '/a', 'url.query': 'b=1' },
    ],
    [
      '{"ts":"2026-11-20T03:04:05Z","event":"a job was done","code":7}',
      { message: 'a job was done', 'http.response.status_code': undefined },
    ],
  ])('%s', (line, expected) => {
    const event = readBy(json, line)
    for (const [field, value] of Object.entries(expected)) expect([field, event[field]]).toEqual([field, value])
  })

  it.each([
    '',
    '{}',
    '[]',
    'null',
    '"x"',
    '{"a":1}',
    '{"ts":1795143845}',
    '{"ts":"yesterday","msg":"x"}',
    '{"ts":-1,"msg":"x"}',
    '{"ts":1e300,"msg":"x"}',
    '{"ts":1795143845,"msg":"x"',
    '{"msg":"x"}',
  ])('%j is none', (line) => {
    expect(json.parse(line, context)).toBeUndefined()
  })

  it('is not misled by names that objects have anyway', () => {
    expect(
      readBy(json, '{"ts":1795143845,"__proto__":{"ip":"10.0.0.1"},"constructor":"x","toString":1,"ip":"198.18.0.1"}')['source.ip'],
    ).toBe('198.18.0.1')
    expect({}).not.toHaveProperty('ip')
  })

  it('is read in logfmt, where a key that a client added is worth nothing', () => {
    expect(readBy(logfmt, SAMPLES['logfmt']?.[0] ?? '')).toMatchObject({
      ...WHOLE,
      'event.outcome': 'failure',
      'user_agent.original': 'curl/8 "x"',
      '@timestamp': TIME + 500,
    })
    const tricked = readBy(logfmt, 'ts=2026-11-20T03:04:05Z ip=198.18.0.1 msg=login failed for x ip=10.0.0.1')
    expect(tricked['source.ip']).toBeUndefined()
    expect(tricked['event.reason']).toBe('ambiguous_line')
  })

  it.each([
    ['nginx.json', nginxJson],
    ['apache.json', apacheJson],
    ['caddy', caddy],
    ['traefik.json', traefikJson],
    ['pino', pino],
    ['bunyan', bunyan],
    ['json', json],
    ['logfmt', logfmt],
  ] as const)('%s is bounded and quick, whatever it holds', (name, parser) => {
    expectSturdy(parser, SAMPLES[name] ?? [])
  })
})
