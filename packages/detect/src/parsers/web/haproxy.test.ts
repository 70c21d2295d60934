import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { context, expectSturdy, readBy, TIME } from '../fixtures/hostile-text.js'
import { SAMPLES } from '../fixtures/format-samples.js'
import { haproxy } from './haproxy.js'

const HEAD = '10.0.1.2:33317 [20/Nov/2026:03:04:05.655] http-in~ static/srv1 '
const SYSLOG = 'Nov 20 03:04:05 lb haproxy[14389]: '

describe('a line of the HTTP log', () => {
  it('tells the request, the times, the captures and how the session ended', () => {
    expect(
      readBy(haproxy, `${SYSLOG}${HEAD}10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {shop.example|curl/8} {nginx} "GET /a?b=1 HTTP/1.1"`),
    ).toEqual({
      '@timestamp': TIME + 655,
      'event.category': 'web',
      'event.action': 'http-request',
      'event.outcome': 'success',
      'event.dataset': 'haproxy',
      'source.ip': '10.0.1.2',
      'source.port': 33317,
      'http.request.method': 'GET',
      'url.path': '/a',
      'url.query': 'b=1',
      'url.original': '/a?b=1',
      'http.version': '1.1',
      'http.response.status_code': 200,
      'http.response.body.bytes': 2750,
      'event.duration': 109_000_000,
      'labels.frontend': 'http-in~',
      'labels.backend': 'static/srv1',
      'labels.termination_state': '----',
      'labels.captured_request': 'shop.example|curl/8',
      'labels.captured_response': 'nginx',
    })
  })

  it.each<[string, Record<string, unknown>]>([
    [
      '0/-1/-1/-1/109 403 212 - - PR-- 1/1/1/1/0 0/0 "GET /admin HTTP/1.1"',
      { 'labels.termination_state': 'PR--', 'event.outcome': 'failure' },
    ],
    [
      '-1/-1/-1/-1/5000 408 212 - - cR-- 1/1/1/1/0 0/0 "<BADREQ>"',
      { 'event.reason': 'malformed_request', 'http.response.status_code': 408, 'url.path': undefined },
    ],
    ['-1/-1/-1/-1/0 -1 0 - - CR-- 1/1/1/1/0 0/0 "GET / HTTP/1.1"', { 'http.response.status_code': undefined, 'event.outcome': 'unknown' }],
    [
      '10/0/30/69/+109 200 +2750 - - ---- 1/1/1/1/0 0/0 "GET / HTTP/1.1"',
      { 'event.duration': 109_000_000, 'http.response.body.bytes': 2750 },
    ],
    [
      '10/0/30/69/109 200 2750 a=b c=d --VN 1/1/1/1/0 0/0 {x} "GET / HTTP/2.0"',
      { 'labels.captured_request': 'x', 'labels.captured_response': undefined },
    ],
    ['10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "GET /cut', { 'event.reason': 'truncated_line', 'url.path': '/cut' }],
  ])('%s', (rest, expected) => {
    const event = readBy(haproxy, HEAD + rest)
    for (const [field, value] of Object.entries(expected)) expect([field, event[field]]).toEqual([field, value])
  })

  it('takes the stamp as of the zone that is told, and IPv6 as it is', () => {
    const rest = '10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "GET / HTTP/1.1"'
    expect(readBy(haproxy, HEAD + rest, 60)['@timestamp']).toBe(TIME + 655 - 3_600_000)
    expect(readBy(haproxy, HEAD.replace('10.0.1.2', '2001:db8::7') + rest)).toMatchObject({ 'source.ip': '2001:db8::7' })
  })

  it('reads the default log, which names a connection', () => {
    expect(readBy(haproxy, `${SYSLOG}Connect from 198.18.0.1:33312 to 10.0.3.31:8012 (www/HTTP)`)).toMatchObject({
      'event.category': 'network',
      'event.action': 'connection',
      '@timestamp': TIME,
      'source.ip': '198.18.0.1',
      'labels.frontend': 'www',
    })
  })

  it.each([
    '',
    'Connect from 198.18.0.1:33312 to 10.0.3.31:8012 (www/HTTP)',
    'Nov 20 03:04:05 lb sshd[1]: 10.0.1.2:33317 [20/Nov/2026:03:04:05.655] x y 1/1/1/1/1 200 1 - - ---- 1/1/1/1/0 0/0 "GET / HTTP/1.1"',
    `${HEAD}10/0/30 2750 -- 1/1/1/1/0 0/0`,
    `${HEAD}10/0/30/69/109 abc 2750 - - ---- 1/1/1/1/0 0/0 "GET / HTTP/1.1"`,
    `${HEAD}10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 GET / HTTP/1.1`,
    `${HEAD}10/0/30/69/109 200 2750`,
    HEAD.replace('Nov', 'Foo') + '10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "GET / HTTP/1.1"',
  ])('%j is none', (line) => {
    expect(haproxy.parse(line, context)).toBeUndefined()
    expect(haproxy.sniff(line)).toBe(false)
  })
})

describe('text of an attacker', () => {
  it('in a request or a captured header moves no field: quotes and braces of his are written as #22 and #7D', () => {
    const text = fc.string({ unit: fc.constantFrom('a', ' ', '#22', '#7D', ' 200 ', '---- ', '[', ']', 'HTTP/1.1') })
    fc.assert(
      fc.property(text, text, (path, header) => {
        expect(readBy(haproxy, `${HEAD}10/0/30/69/109 404 1 - - ---- 1/1/1/1/0 0/0 {${header}} "GET /${path} HTTP/1.1"`)).toMatchObject({
          'source.ip': '10.0.1.2',
          'http.response.status_code': 404,
          'url.original': `/${path}`,
          'labels.captured_request': header,
        })
      }),
      { seed: 20_261_122 },
    )
  })

  it('is bounded and quick, whatever it is', () => {
    expectSturdy(haproxy, SAMPLES['haproxy'] ?? [])
  })
})
