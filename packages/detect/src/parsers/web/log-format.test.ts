import { LINE_BYTES, type LineParser } from '../line-parser.js'
import { generateLog } from '@parapet/testkit'
import { isParapetError, type SecurityEvent } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nginxAccess } from '../nginx-access.js'
import { compileLogFormat } from './log-format.js'

fc.configureGlobal({ seed: 20_261_122 })

const context = { now: Date.UTC(2026, 10, 21) }
const TIME = Date.UTC(2026, 10, 20, 3, 4, 5)
const LOCAL = '20/Nov/2026:03:04:05 +0000'
const ISO = '2026-11-20T03:04:05+00:00'

const read = (parser: LineParser, line: string): SecurityEvent => {
  const event = parser.parse(line, context)
  if (event === undefined) throw new Error(`not parsed: ${line}`)
  return event
}

const COMBINED = `log_format combined '$remote_addr - $remote_user [$time_local] '
                    '"$request" $status $body_bytes_sent '
                    '"$http_referer" "$http_user_agent"';`

describe('a format of nginx', () => {
  it('reads `combined` as the parser that is made for it', () => {
    const parser = compileLogFormat(COMBINED)
    for (const line of generateLog({ kind: 'nginx', lines: 3000, attack: 0.4, seed: 6 }).lines)
      expect(read(parser, line)).toEqual(nginxAccess.parse(line, context))
  })

  it('keeps what proxies say of the client as a label, never as its address', () => {
    const parser = compileLogFormat(
      `log_format main '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for" $request_time $upstream_response_time $upstream_addr';`,
    )
    const event = read(
      parser,
      `10.0.0.9 - - [${LOCAL}] "GET /a?b=1 HTTP/1.1" 502 12 "-" "curl/8" "203.0.113.9, 198.18.0.1" 0.250 0.010, 0.230 : 0.001 10.1.0.1:80, 10.1.0.2:80 : unix:/run/a.sock`,
    )
    expect(event).toMatchObject({
      '@timestamp': TIME,
      'event.dataset': 'nginx.access',
      'source.ip': '10.0.0.9',
      'url.path': '/a',
      'url.query': 'b=1',
      'http.response.status_code': 502,
      'event.duration': 250_000_000,
      'labels.http_x_forwarded_for': '203.0.113.9, 198.18.0.1',
      'labels.upstream_response_time': '0.010, 0.230 : 0.001',
      'labels.upstream_addr': '10.1.0.1:80, 10.1.0.2:80 : unix:/run/a.sock',
    })
  })

  it('reads escape=json as the scanner that it is, each field as it stands', () => {
    const parser = compileLogFormat(
      String.raw`log_format j escape=json '{"t":"$time_iso8601","ip":"$remote_addr","r":"$request","s":$status,"b":$body_bytes_sent,"ua":"$http_user_agent","rt":$request_time}';`,
    )
    const event = read(
      parser,
      String.raw`{"t":"${ISO}","ip":"198.18.0.1","r":"GET /?q=\",\"ip\":\"1.1.1.1 HTTP/1.1","s":404,"b":3,"ua":"x\",\"s\":200,\\","rt":0.001}`,
    )
    expect(event).toMatchObject({
      '@timestamp': TIME,
      'source.ip': '198.18.0.1',
      'http.response.status_code': 404,
      'user_agent.original': String.raw`x\",\"s\":200,\\`,
      'event.duration': 1_000_000,
    })
    expect(event['url.query']).toBe(String.raw`q=\",\"ip\":\"1.1.1.1`)
  })

  it.each<[string, string, Record<string, unknown>]>([
    [
      '$time_iso8601 $remote_addr $request_method $request_uri $status',
      `${ISO} 198.18.0.1 GET /a?b HTTP 404`,
      { 'url.original': '/a?b HTTP', 'http.response.status_code': 404 },
    ],
    [
      '$msec\t$remote_addr\t$request_uri\t$http_user_agent\t$status',
      '1795143845.123\t198.18.0.1\t/a b\tx y\t200',
      { 'url.path': '/a b', 'user_agent.original': 'x y', '@timestamp': TIME + 123 },
    ],
    [
      '$remote_addr [$time_local] "$scheme://$host$request_uri" $status',
      `198.18.0.1 [${LOCAL}] "https://shop.example/a?b=1" 200`,
      { 'url.domain': 'shop.example', 'url.path': '/a', 'url.query': 'b=1', 'labels.scheme': 'https' },
    ],
    [
      '$remote_addr [$time_local] $host "$uri$is_args$args" $status ${body_bytes_sent}',
      `198.18.0.1 [${LOCAL}] shop.example "/a b?c=1" 200 77`,
      { 'url.path': '/a b', 'url.query': 'c=1', 'url.domain': 'shop.example', 'http.response.body.bytes': 77 },
    ],
    [
      '$remote_addr [$time_local] "$uri" "$args" "$request" $status',
      `198.18.0.1 [${LOCAL}] "/clean" "q=2" "GET /x/../clean?q=1 HTTP/2.0" 200`,
      { 'url.original': '/x/../clean?q=1', 'labels.uri': '/clean', 'http.version': '2.0' },
    ],
    [
      '$remote_addr [$time_local] "$uri" "$args" $status',
      `198.18.0.1 [${LOCAL}] "/a" "q=<script>" 200`,
      { 'url.original': '/a?q=<script>', 'url.query': 'q=<script>' },
    ],
    ['[$time_local] $status "$http_user_agent"', `[${LOCAL}] 200 "-"`, { 'source.ip': undefined, 'user_agent.original': undefined }],
    [
      '$remote_addr:$remote_port [$time_local] $status',
      `198.18.0.1:4711 [${LOCAL}] 200`,
      { 'source.ip': '198.18.0.1', 'source.port': 4711 },
    ],
  ])('%j', (format, line, expected) => {
    const event = read(compileLogFormat(format), line)
    for (const [field, value] of Object.entries(expected)) expect([field, event[field]]).toEqual([field, value])
  })

  it.each<[string, string, string, Record<string, unknown>]>([
    [
      'the controller for Kubernetes',
      '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id',
      `198.18.0.1 - - [${LOCAL}] "GET /a HTTP/2.0" 502 150 "-" "curl/8" 35 0.003 [shop-web-80] [] 10.0.0.1:80, 10.0.0.2:80 0, 0 0.001, 0.002 502, 502 0af7651916cd43dd`,
      {
        'labels.proxy_upstream_name': 'shop-web-80',
        'labels.upstream_addr': '10.0.0.1:80, 10.0.0.2:80',
        'labels.upstream_status': '502, 502',
        'labels.req_id': '0af7651916cd43dd',
        'event.duration': 3_000_000,
      },
    ],
    [
      'a log of times, each with its name',
      '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" rt=$request_time uct="$upstream_connect_time" urt="$upstream_response_time" cs=$upstream_cache_status',
      `198.18.0.1 - - [${LOCAL}] "GET /a HTTP/1.1" 200 150 "-" "curl/8" rt=0.100 uct="0.001, -" urt="0.050, 0.040" cs=MISS`,
      { 'labels.upstream_connect_time': '0.001, -', 'labels.upstream_cache_status': 'MISS', 'event.duration': 100_000_000 },
    ],
    [
      'a proxy for many hosts',
      '$host $remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$upstream_addr"',
      `shop.example 198.18.0.1 - - [${LOCAL}] "GET /a HTTP/1.1" 200 150 "-" "curl/8" "-"`,
      { 'url.domain': 'shop.example', 'labels.upstream_addr': undefined },
    ],
    [
      'a log that is cut at tabs',
      '$time_iso8601\\t$remote_addr\\t$host\\t$request_method\\t$uri\\t$args\\t$status\\t$http_user_agent\\t$http_x_forwarded_for'.replaceAll(
        '\\t',
        '\t',
      ),
      `${ISO}\t198.18.0.1\tshop.example\tGET\t/a\t-\t200\tcurl/8\t1.2.3.4, 5.6.7.8`,
      { 'labels.http_x_forwarded_for': '1.2.3.4, 5.6.7.8', 'url.query': undefined },
    ],
  ])('reads that of %s', (_, template, line, expected) => {
    const event = read(compileLogFormat(template), line)
    expect(event).toMatchObject({
      '@timestamp': TIME,
      'source.ip': '198.18.0.1',
      'http.request.method': 'GET',
      'url.path': '/a',
      'user_agent.original': 'curl/8',
    })
    for (const [field, value] of Object.entries(expected)) expect([field, event[field]]).toEqual([field, value])
  })

  it('reads comments, escapes and several pieces as nginx reads its configuration', () => {
    const parser = compileLogFormat(`log_format a # who\n '$remote_addr\\t' "[$time_local] \\"$request\\"" ; # rest`)
    expect(read(parser, `198.18.0.1\t[${LOCAL}] "GET / HTTP/1.1"`)['url.path']).toBe('/')
  })
})

describe('a format of Apache', () => {
  const COMMON = String.raw`LogFormat "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"" combined`

  it('is read as it stands in the configuration', () => {
    expect(
      read(compileLogFormat(COMMON), `198.18.0.1 - alice [${LOCAL}] "GET /a?b HTTP/1.1" 200 12 "https://x.example/" "Mozilla/5.0"`),
    ).toMatchObject({
      'event.dataset': 'apache.access',
      'source.ip': '198.18.0.1',
      'user.name': 'alice',
      'url.path': '/a',
      'http.response.body.bytes': 12,
      'http.request.referrer': 'https://x.example/',
    })
  })

  it.each<[string, string, Record<string, unknown>]>([
    [
      '%v:%p %a %u %t "%r" %s %O %D "%{X-Forwarded-For}i"',
      `shop.example:443 198.18.0.1 - [${LOCAL}] "GET / HTTP/1.1" 200 5 1500 "1.2.3.4"`,
      { 'url.domain': 'shop.example', 'source.ip': '198.18.0.1', 'event.duration': 1_500_000, 'labels.http_x_forwarded_for': '1.2.3.4' },
    ],
    ['%{usec}t %h %m "%U%q" %H %>s', '1795143845000123 198.18.0.1 GET "/a?b=1" HTTP/1.1 200', { '@timestamp': TIME, 'url.query': 'b=1' }],
    ['%{%Y-%m-%dT%H:%M:%S%z}t %a "%r" %s', '2026-11-20T03:04:05+0000 198.18.0.1 "GET / HTTP/1.1" 200', { '@timestamp': TIME }],
    ['%h [%{%d/%b/%Y:%H:%M:%S %z}t] "%r" %b', `198.18.0.1 [${LOCAL}] "GET / HTTP/1.1" -`, { 'http.response.body.bytes': undefined }],
    [
      '%h %t "%r" %s %{ms}T %P %k %X',
      `198.18.0.1 [${LOCAL}] "GET / HTTP/1.1" 200 7 99 1 +`,
      { 'event.duration': 7_000_000, 'labels.pid': '99' },
    ],
    ['%h %t "%r" %!200,304s 100%%', `198.18.0.1 [${LOCAL}] "GET / HTTP/1.1" - 100%`, { 'http.response.status_code': undefined }],
  ])('%j', (format, line, expected) => {
    const event = read(compileLogFormat(format), line)
    for (const [field, value] of Object.entries(expected)) expect([field, event[field]]).toEqual([field, value])
  })
})

describe('a format that cannot be read safely', () => {
  it.each([
    ['$remote_addr$remote_user [$time_local]', /touch each other/],
    ['$status$body_bytes_sent [$time_local]', /\$status and \$body_bytes_sent touch/],
    ['[$time_local] $http_user_agent $http_referer $remote_addr', /\$http_user_agent and \$http_referer.*quotes/],
    ['$remote_addr|$time_iso8601|$request_uri|$http_user_agent', /both written by clients/],
    ['log_format a escape=none \'"$request" [$time_local] "$http_user_agent"\';', /escape=none/],
    ['$remote_addr "$request" $status', /tells no time; add \$time_iso8601/],
    ['%h "%r" %s', /add %t/],
    ['%h %{%H:%M}t "%r"', /%\{%H:%M\}t is a time in a form/],
    ['%h %t %Z', /%Z is no directive/],
    ['%h %{Referer', /never closed/],
    ['$ $time_local', /without a name at character 1/],
    ['$time_local $', /without a name/],
    ['${time_local', /without a name/],
    ['hello world', /names no variable/],
    ['', /names no variable/],
    ["log_format a '$time_local", /never closed/],
    ["log_format a escape=xml '$time_local';", /default, json or none/],
    ['LogFormat %h', /in quotes/],
    ['LogFormat "%h', /never closed/],
    ['$time_local '.repeat(200), /at most 128 variables/],
    [`$time_local ${'x'.repeat(20_000)}`, /at most 16384/],
  ])('%j is refused with the reason', (format, reason) => {
    expect(() => compileLogFormat(format)).toThrow(
      expect.objectContaining({ code: 'PPT_LOG_FORMAT_INVALID', detail: expect.stringMatching(reason) as string }),
    )
  })
})

describe('text of clients', () => {
  const parser = compileLogFormat(
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_user_agent" $request_time',
  )
  const line = (user: string, request: string, agent: string): string =>
    `198.18.0.1 - ${user} [${LOCAL}] "${request}" 404 1 "${agent}" 0.001`

  it('is a user that looks like the rest of the line, and stays one', () => {
    const user = `x [19/Nov/2026:00:00:00 +0000] \\x22GET /innocent HTTP/1.1\\x22 200 1`
    expect(read(parser, line(user, 'GET /real HTTP/1.1', '-'))).toMatchObject({
      'user.name': user,
      '@timestamp': TIME,
      'url.path': '/real',
      'http.response.status_code': 404,
    })
  })

  it('cannot move a field, whatever a client sends', () => {
    const written = fc
      .string({ unit: fc.constantFrom('a', ' ', '[', ']', '\\x22', '\\x5C', '\\x0A', '-', '200', LOCAL, '198.18.9.9', '|', '{', 'é') })
      .filter((text) => text.trim() === text && text !== '' && text !== '-')
    fc.assert(
      fc.property(written, written, written, (user, path, agent) => {
        const event = read(parser, line(user, `GET /${path} HTTP/1.1`, agent))
        expect(event).toMatchObject({
          '@timestamp': TIME,
          'source.ip': '198.18.0.1',
          'user.name': user,
          'url.original': `/${path}`,
          'http.response.status_code': 404,
          'user_agent.original': agent,
        })
      }),
      { numRuns: 300 },
    )
  })

  it('that fills the line to its limit hides nothing that stands before the cut', () => {
    const event = read(parser, line('-', `GET /../../etc/passwd?${'a'.repeat(LINE_BYTES)} HTTP/1.1`, 'sqlmap'))
    expect(event).toMatchObject({
      'event.reason': 'truncated_line',
      'source.ip': '198.18.0.1',
      'url.path': '/../../etc/passwd',
      '@timestamp': TIME,
    })
    expect(event['http.response.status_code']).toBeUndefined()
    const late = compileLogFormat('$remote_addr "$request" $time_iso8601')
    expect(read(late, `198.18.0.1 "GET /${'a'.repeat(LINE_BYTES)}`)).toMatchObject({ '@timestamp': context.now, 'source.ip': '198.18.0.1' })
  })

  it.each([
    '',
    'garbage',
    `198.18.0.1 - - [${LOCAL}] "GET / HTTP/1.1" 404 1 "-" 0.001 more`,
    `198.18.0.1 - - [${LOCAL}] "GET / HTTP/1.1" abc 1 "-" 0.001`,
    `198.18.0.1 - - [${LOCAL}] "GET / HTTP/1.1" 4040 1 "-" 0.001`,
    `198.18.0.1 - - [99/Nov/2026:03:04:05 +0000] "GET / HTTP/1.1" 404 1 "-" 0.001`,
    `198.18.0.1 - - [${LOCAL}] "GET / HTTP/1.1" 404 1 2 "-" 0.001`,
  ])('%j is no line of the format', (text) => {
    expect(parser.parse(text, context)).toBeUndefined()
    expect(parser.sniff(text)).toBe(false)
  })

  it('gives every event the same fields in the same order', () => {
    const shapes = [line('-', '', '-'), line('a', 'GET /?q HTTP/1.1', 'x'), line('-', '\\x16\\x03', '-')]
    expect(new Set(shapes.map((text) => Object.keys(read(parser, text)).join())).size).toBe(1)
  })

  it('never makes it throw or slow, for formats and lines of any kind', () => {
    const formats = [
      COMBINED,
      '%h %l %u %t "%r" %>s %b',
      '$time_iso8601 $remote_addr $upstream_addr $upstream_response_time $status',
      '$msec\t$remote_addr\t$request_uri\t$http_user_agent\t$status',
    ].map(compileLogFormat)
    const piece = fc.constantFrom(
      '198.18.0.1',
      ' - ',
      `[${LOCAL}]`,
      ISO,
      '"',
      '\\"',
      '\t',
      ', ',
      ' : ',
      '200',
      'GET / HTTP/1.1',
      '\0',
      '1795143845.1',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ unit: 'binary', maxLength: 8 })), { maxLength: 20 }), (parts) => {
        for (const one of formats) {
          const event = one.parse(parts.join(''), context)
          expect(event === undefined || Number.isSafeInteger(event['@timestamp'])).toBe(true)
        }
      }),
    )
    const before = process.cpuUsage()
    for (const filling of [' ', '"', '\\"', ', ', ' : ', '\t', '[', 'a'])
      for (const one of formats)
        for (const lead of ['', `198.18.0.1 - - [${LOCAL}] "`, `${ISO} 198.18.0.1 `]) one.parse(lead + filling.repeat(500_000), context)
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(2000)
  })
})

it('takes any text for a format without another error than its own', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(fc.constantFrom('$a', '${', '$time_local', '%t', '%{', '}i', '"', "'", ' ', 'log_format ', ';')).map((x) => x.join('')),
      ),
      (text) => {
        try {
          compileLogFormat(text).parse(text, context)
        } catch (error) {
          if (!isParapetError(error) || error.code !== 'PPT_LOG_FORMAT_INVALID') throw error
        }
      },
    ),
  )
})
