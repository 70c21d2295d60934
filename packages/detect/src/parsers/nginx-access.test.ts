import type { SecurityEvent } from '@parapet/core'
import { generateLog, hostileNginxLog } from '@parapet/testkit'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nginxAccess, parserFor } from './index.js'

fc.configureGlobal({ seed: 20_261_121 })

const context = { now: Date.UTC(2026, 10, 21) }
const STAMP = '[20/Nov/2026:03:04:05 +0000]'

const parse = (line: string): SecurityEvent => {
  const event = nginxAccess.parse(line, context)
  if (event === undefined) throw new Error(`not parsed: ${line}`)
  return event
}

const withRequest = (request: string, rest = '200 10 "-" "curl/8"'): SecurityEvent => parse(`198.18.0.1 - - ${STAMP} "${request}" ${rest}`)

/** No event, or one with a time and with values no longer than a line may be. */
const isSound = (event: SecurityEvent | undefined): boolean =>
  event === undefined ||
  (Number.isSafeInteger(event['@timestamp']) && Object.values(event).every((value) => typeof value !== 'string' || value.length <= 8192))

describe('the whole event', () => {
  it('has the fields of ECS that rules read', () => {
    expect(
      parse(
        `198.18.0.1 - - ${STAMP} "POST /search?q=a+b&z=1 HTTP/1.1" 404 1234 "https://shop.example/?x=1" "Mozilla/5.0 (X11; Linux x86_64)"`,
      ),
    ).toEqual({
      '@timestamp': Date.UTC(2026, 10, 20, 3, 4, 5),
      'event.category': 'web',
      'event.action': 'http-request',
      'event.outcome': 'failure',
      'event.dataset': 'nginx.access',
      'source.ip': '198.18.0.1',
      'http.request.method': 'POST',
      'url.path': '/search',
      'url.query': 'q=a+b&z=1',
      'url.original': '/search?q=a+b&z=1',
      'http.version': '1.1',
      'http.response.status_code': 404,
      'http.response.body.bytes': 1234,
      'http.request.referrer': 'https://shop.example/?x=1',
      'user_agent.original': 'Mozilla/5.0 (X11; Linux x86_64)',
    })
  })

  it('has the same fields in the same order for every line, so that reading events stays fast', () => {
    const shapes = ['GET / HTTP/1.1', '\\x16\\x03\\x01', '', 'GET /?q HTTP/2.0'].map((request) => Object.keys(withRequest(request)).join())
    expect(new Set(shapes).size).toBe(1)
  })

  it('takes the zone into account', () => {
    expect(parse('198.18.0.1 - - [20/Nov/2026:03:04:05 +0530] "GET / HTTP/1.1" 200 1 "-" "-"')['@timestamp']).toBe(
      Date.UTC(2026, 10, 19, 21, 34, 5),
    )
  })

  it.each([
    [200, 'success'],
    [304, 'success'],
    [399, 'success'],
    [400, 'failure'],
    [401, 'failure'],
    [499, 'failure'],
    [500, 'failure'],
  ])('calls status %i a %s', (status, outcome) => {
    expect(withRequest('GET / HTTP/1.1', `${status} 1 "-" "-"`)['event.outcome']).toBe(outcome)
  })
})

describe('who asked', () => {
  it.each([
    ['198.18.0.1', '198.18.0.1'],
    ['2001:db8:bad:1::7', '2001:db8:bad:1::7'],
    ['2001:DB8:0::7', '2001:db8::7'],
    ['::ffff:198.18.0.1', '198.18.0.1'],
    ['unix:', undefined],
    ['localhost', undefined],
    ['1.2.3', undefined],
    ['999.1.1.1', undefined],
  ])('%s', (peer, ip) => {
    expect(parse(`${peer} - - ${STAMP} "GET / HTTP/1.1" 200 1 "-" "-"`)['source.ip']).toBe(ip)
  })

  it('takes a user name as it stands, and `-` as none', () => {
    const user = (name: string): unknown => parse(`198.18.0.1 - ${name} ${STAMP} "GET / HTTP/1.1" 401 1 "-" "-"`)['user.name']
    expect(user('-')).toBeUndefined()
    expect(user('alice')).toBe('alice')
    expect(user('john doe')).toBe('john doe')
  })

  it('is not fooled by a name that looks like the rest of a line', () => {
    const event = parse(
      `198.18.0.1 - x [19/Nov/2026:00:00:00 +0000] \\x22GET /innocent HTTP/1.1\\x22 200 1 ${STAMP} "GET /real HTTP/1.1" 401 1 "-" "-"`,
    )
    expect(event).toMatchObject({ '@timestamp': Date.UTC(2026, 10, 20, 3, 4, 5), 'url.path': '/real', 'source.ip': '198.18.0.1' })
  })

  it("is not fooled by Apache's way of writing such a name", () => {
    const event = parse(`198.18.0.1 - x\\" ${STAMP} \\"GET /innocent ${STAMP} "GET /real HTTP/1.1" 401 1 "-" "-"`)
    expect(event['url.path']).toBe('/real')
  })

  it('gives equal addresses, whatever came between them', () => {
    const ips = Array.from({ length: 70_000 }, (_, i) => `10.${i >>> 16}.${(i >>> 8) & 255}.${i & 255}`)
    for (const ip of [...ips, ...ips.slice(0, 100)])
      expect(parse(`${ip} - - ${STAMP} "GET / HTTP/1.1" 200 1 "-" "-"`)['source.ip']).toBe(ip)
  })
})

describe('what was asked for', () => {
  it.each<[string, Record<string, unknown>]>([
    ['GET / HTTP/1.1', { 'url.path': '/', 'url.original': '/', 'http.version': '1.1' }],
    ['GET /a HTTP/2.0', { 'url.path': '/a', 'http.version': '2.0' }],
    ['GET /a HTTP/3.0', { 'url.path': '/a', 'http.version': '3.0' }],
    ['GET /a HTTP/1.0', { 'url.path': '/a', 'http.version': '1.0' }],
    ['GET /a', { 'url.path': '/a', 'http.version': undefined }],
    ['HEAD /a HTTP/1.1', { 'http.request.method': 'HEAD' }],
    ['PROPFIND /dav/ HTTP/1.1', { 'http.request.method': 'PROPFIND' }],
    ['M-SEARCH * HTTP/1.1', { 'http.request.method': 'M-SEARCH', 'url.path': '*' }],
    ['GET /a?b?c HTTP/1.1', { 'url.path': '/a', 'url.query': 'b?c' }],
    ['GET /a? HTTP/1.1', { 'url.path': '/a', 'url.query': '' }],
    ['GET /?x=1 HTTP/1.1', { 'url.path': '/', 'url.query': 'x=1' }],
    ['GET /a%3Fb HTTP/1.1', { 'url.path': '/a%3Fb', 'url.query': undefined }],
    ['GET //a/../b HTTP/1.1', { 'url.path': '//a/../b' }],
    ['GET http://evil.example/p?q=1 HTTP/1.1', { 'url.path': '/p', 'url.query': 'q=1', 'url.original': 'http://evil.example/p?q=1' }],
    ['GET http://evil.example?q=1 HTTP/1.1', { 'url.original': 'http://evil.example?q=1' }],
    ['CONNECT evil.example:443 HTTP/1.1', { 'http.request.method': 'CONNECT', 'url.path': 'evil.example:443' }],
    ['GET /a b HTTP/1.1', { 'url.path': '/a b', 'http.version': '1.1' }],
    ['GET /a HTTP/1.1 HTTP/1.1', { 'url.path': '/a HTTP/1.1', 'http.version': '1.1' }],
    ['GET /q=\\x22x\\x22&r=\\xC3\\xA9 HTTP/1.1', { 'url.path': '/q=\\x22x\\x22&r=\\xC3\\xA9' }],
    ['GET /q=\\"x\\" HTTP/1.1', { 'url.path': '/q=\\"x\\"' }],
    ['GET /a\\\\ HTTP/1.1', { 'url.path': '/a\\\\' }],
  ])('%s', (request, expected) => {
    const event = withRequest(request)
    expect(event['event.reason']).toBeUndefined()
    expect(event['user_agent.original']).toBe('curl/8')
    for (const [field, value] of Object.entries(expected)) expect(event[field]).toBe(value)
  })

  it.each([
    ['\\x16\\x03\\x01\\x00\\xEE\\x01\\x00', 'malformed_request'],
    ['SSH-2.0-Go', 'malformed_request'],
    ['\\x03\\x00\\x00/*\\xE0\\x00\\x00\\x00\\x00\\x00Cookie: mstshash=Administr', 'malformed_request'],
    ['get / HTTP/1.1', 'malformed_request'],
    [' / HTTP/1.1', 'malformed_request'],
    [`${'G'.repeat(30)} / HTTP/1.1`, 'malformed_request'],
  ])('keeps what is no request as it stands: %s', (request, reason) => {
    const event = withRequest(request, '400 157 "-" "-"')
    expect(event).toMatchObject({
      'event.reason': reason,
      'url.original': request,
      'http.response.status_code': 400,
      'source.ip': '198.18.0.1',
    })
    expect(event['http.request.method']).toBeUndefined()
    expect(event['url.path']).toBeUndefined()
  })

  it.each(['', '-'])('calls %j an empty request', (request) => {
    expect(withRequest(request, '400 0 "-" "-"')).toMatchObject({ 'event.reason': 'empty_request', 'http.response.status_code': 400 })
  })
})

describe('what stands behind the request', () => {
  it.each<[string, string | undefined, string | undefined, number | undefined]>([
    ['200 5 "-" "-"', undefined, undefined, 5],
    ['200 5 "" ""', undefined, undefined, 5],
    ['200 - "-" "x"', undefined, 'x', undefined],
    ['200 5', undefined, undefined, 5],
    ['200 5 "r"', 'r', undefined, 5],
    ['200 5 "r" "u" "203.0.113.9" rt=0.003', 'r', 'u', 5],
    ['200 5 "a \\x22 b" "c \\x22 d"', 'a \\x22 b', 'c \\x22 d', 5],
    ['200 5 "a \\" b" "c \\\\"', 'a \\" b', 'c \\\\', 5],
    ['200 5 "r" "cut off', 'r', 'cut off', 5],
    ['200 5 "cut off', 'cut off', undefined, 5],
  ])('%s', (rest, referrer, agent, bytes) => {
    const event = withRequest('GET / HTTP/1.1', rest)
    expect([event['http.request.referrer'], event['user_agent.original'], event['http.response.body.bytes']]).toEqual([
      referrer,
      agent,
      bytes,
    ])
  })

  it('keeps who, when and where to of a line cut inside the request', () => {
    const event = parse(`198.18.0.1 - - ${STAMP} "GET /../../etc/passwd?${'a'.repeat(9000)}`)
    expect(event).toMatchObject({
      'event.reason': 'truncated_line',
      'event.outcome': 'unknown',
      'source.ip': '198.18.0.1',
      'http.request.method': 'GET',
      'url.path': '/../../etc/passwd',
    })
    expect(event['http.response.status_code']).toBeUndefined()
  })
})

describe('what is no access log', () => {
  it.each([
    '',
    '-',
    '"',
    '""',
    `198.18.0.1 - - ${STAMP} GET / HTTP/1.1 200 1`,
    '198.18.0.1 - - 20/Nov/2026:03:04:05 +0000 "GET / HTTP/1.1" 200 1 "-" "-"',
    '198.18.0.1 - - [20/Nov/2026:03:04:05] "GET / HTTP/1.1" 200 1 "-" "-"',
    '198.18.0.1 - - [31/Feb/2026:03:04:05 +0000] "GET / HTTP/1.1" 200 1 "-" "-"',
    `198.18.0.1 ${STAMP} "GET / HTTP/1.1" 200 1 "-" "-"`,
    `198.18.0.1 - ${STAMP} "GET / HTTP/1.1" 200 1 "-" "-"`,
    `${STAMP} "GET / HTTP/1.1" 200 1`,
    `198.18.0.1 - - ${STAMP} "GET / HTTP/1.1" OK 1 "-" "-"`,
    `198.18.0.1 - - ${STAMP} "GET / HTTP/1.1" 2000 1 "-" "-"`,
    `198.18.0.1 - - ${STAMP} "GET / HTTP/1.1"200 1 "-" "-"`,
    'Nov 20 03:04:05 web01 sshd[7]: Failed password for root from 198.18.0.1 port 1 ssh2',
    '{"ts":"2026-11-20T03:04:05Z","msg":"GET /"}',
  ])('%j', (line) => {
    expect(nginxAccess.parse(line, context)).toBeUndefined()
    expect(nginxAccess.sniff(line)).toBe(false)
    expect(nginxAccess.isForeign(line)).toBe(false)
  })
})

describe('a generated log', () => {
  it('is read whole, each field as it was written', () => {
    for (const line of generateLog({ kind: 'nginx', lines: 5000, attack: 0.4, seed: 5 }).lines) {
      const event = parse(line)
      const query = event['url.query'] === undefined ? '' : `?${event['url.query']}`
      const request = `${event['http.request.method']} ${event['url.path']}${query} HTTP/${String(event['http.version'])}`
      const rest = `${event['http.response.status_code']} ${event['http.response.body.bytes']} "${event['http.request.referrer'] ?? '-'}" "${event['user_agent.original']}"`
      const stamp = line.slice(line.indexOf('['), line.indexOf(']') + 1)
      expect(`${event['source.ip']} - - ${stamp} "${request}" ${rest}`).toBe(line)
    }
  })

  it('is read whole when it is hostile, and each line has its path and agent', () => {
    for (const line of hostileNginxLog({ lines: 200 })) {
      const event = parse(line)
      expect(event['url.path']).toMatch(/^\//)
      expect(event['user_agent.original']).toMatch(/^Mozilla/)
      expect(event['http.response.status_code']).toBe(404)
    }
  })
})

describe('hostile lines', () => {
  const pieces = fc.constantFrom(
    '198.18.0.1',
    ' - ',
    STAMP,
    ' "',
    '"',
    '\\"',
    '\\',
    'GET ',
    '/',
    '?',
    ' HTTP/1.1',
    '200',
    ' ',
    '-',
    '\r\n',
    '\u001b[31m',
    '\0',
    '\u2028',
    '[',
    ']',
    '://',
  )

  it('never throw, and give nothing longer than a line', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string({ unit: 'binary', maxLength: 12 })), { maxLength: 24 }), (parts) => {
        for (const line of [
          parts.join(''),
          `198.18.0.1 - - ${STAMP} "${parts.join('')}`,
          `198.18.0.1 - - ${STAMP} "GET /${parts.join('')}" 200 1 "-" "-"`,
        ]) {
          const event = nginxAccess.parse(line, context)
          expect(isSound(event)).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('split a request so that its parts make it up again, whatever stands in it', () => {
    const target = fc.string({ unit: fc.constantFrom('a', '/', '?', '%', '=', ' ', '.', ':', 'é', '&'), maxLength: 30 })
    fc.assert(
      fc.property(target, (text) => {
        const event = withRequest(`GET /${text} HTTP/1.1`)
        expect(event['url.original']).toBe(`/${text}`)
        expect(event['url.path'] + (event['url.query'] === undefined ? '' : `?${event['url.query']}`)).toBe(`/${text}`)
      }),
    )
  })

  it('never throw for bytes of any kind', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        nginxAccess.parse(Buffer.from(bytes).toString('latin1'), context)
        nginxAccess.sniff(Buffer.from(bytes).toString('utf8'))
      }),
    )
  })

  it('of a megabyte are bounded and quick', () => {
    const start = process.cpuUsage()
    for (const filling of ['a', ' ', '"', '\\', '\\"', '?', '://', ' HTTP/', '[', '\u001b[2J', '\0', '/../']) {
      const text = filling.repeat(Math.ceil(1_000_000 / filling.length))
      for (const lead of [
        '',
        `198.18.0.1 - - ${STAMP} "`,
        `198.18.0.1 - - ${STAMP} "GET /`,
        `198.18.0.1 - - ${STAMP} "GET / HTTP/1.1" 200 1 "`,
        '198.18.0.1 - ',
      ]) {
        const event = nginxAccess.parse(`${lead}${text}" 200 1 "-" "-"`, context)
        expect(isSound(event)).toBe(true)
      }
    }
    expect(process.cpuUsage(start).user / 1000).toBeLessThan(1500)
  })
})

it('is found by its name', () => {
  expect(parserFor('nginx.access')).toBe(nginxAccess)
})
