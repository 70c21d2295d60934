import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expectSturdy, readBy, TIME } from '../fixtures/hostile-text.js'
import { SAMPLES } from '../fixtures/format-samples.js'
import { nginxError } from './nginx-error.js'

const HEAD = '2026/11/20 03:04:05 [error] 123#124: *45 '
const TAIL = ', client: 198.18.0.1, server: shop.example, request: "GET /x?y=1 HTTP/1.1", host: "www.shop.example"'

describe('a line about a request', () => {
  it('tells who asked for what, and what went wrong', () => {
    expect(
      readBy(nginxError, `${HEAD}open() "/var/www/x" failed (2: No such file or directory)${TAIL}, referrer: "https://x.example/?a, b"`),
    ).toEqual({
      '@timestamp': TIME,
      'event.category': 'web',
      'event.action': 'http-error',
      'event.outcome': 'failure',
      'event.dataset': 'nginx.error',
      'log.level': 'error',
      message: 'open() "/var/www/x" failed (2: No such file or directory)',
      'error.type': 'file_not_found',
      'process.pid': 123,
      'source.ip': '198.18.0.1',
      'http.request.method': 'GET',
      'url.path': '/x',
      'url.query': 'y=1',
      'url.original': '/x?y=1',
      'http.version': '1.1',
      'http.request.referrer': 'https://x.example/?a, b',
      'url.domain': 'www.shop.example',
    })
  })

  it.each([
    ['directory index of "/var/www/a/" is forbidden', 'directory_index'],
    ['access forbidden by rule', 'forbidden'],
    ['limiting requests, excess: 20.500 by zone "one"', 'rate_limited'],
    ['client intended to send too large body: 10485761 bytes', 'body_too_large'],
    ['client sent invalid host header while reading client request headers', 'invalid_host'],
    ['client sent both "Content-Length" and "Transfer-Encoding" headers while reading client request headers', 'smuggling'],
    ['connect() failed (111: Connection refused) while connecting to upstream', 'upstream_failed'],
    ['upstream timed out (110: Connection timed out) while reading response header from upstream', 'upstream_timeout'],
    ['FastCGI sent in stderr: "PHP message: PHP Fatal error: x" while reading response header from upstream', 'stderr'],
    ['something new', undefined],
  ])('%s', (message, type) => {
    expect(readBy(nginxError, HEAD + message + TAIL)).toMatchObject({ message, 'source.ip': '198.18.0.1' })
    expect(readBy(nginxError, HEAD + message + TAIL)['error.type']).toBe(type)
  })

  it.each([
    ['user "alice": password mismatch', 'alice', 'bad_password'],
    ['user "a" was not found in "x": password mismatch', 'a" was not found in "x', 'bad_password'],
    ['user "bob" was not found in "/etc/nginx/htpasswd"', 'bob', 'unknown_user'],
  ])('%s', (message, user, reason) => {
    expect(readBy(nginxError, HEAD + message + TAIL)).toMatchObject({
      'error.type': 'auth_failed',
      'user.name': user,
      'event.reason': reason,
    })
  })

  it('reads IPv6, sockets and servers without a name', () => {
    expect(readBy(nginxError, `${HEAD}x, client: 2001:DB8::7, server: _, request: "GET / HTTP/2.0"`)).toMatchObject({
      'source.ip': '2001:db8::7',
    })
    expect(readBy(nginxError, `${HEAD}x, client: unix:, server: a.example`)['source.ip']).toBeUndefined()
    expect(readBy(nginxError, `${HEAD}x, client: 198.18.0.1, server: _`)['url.domain']).toBeUndefined()
  })

  it('takes the stamp as of the zone that is told', () => {
    expect(readBy(nginxError, HEAD + TAIL, 60)['@timestamp']).toBe(TIME - 3_600_000)
  })
})

describe('other lines', () => {
  it('report what the server itself does, and are no failure below a warning', () => {
    expect(readBy(nginxError, '2026/11/20 03:04:05 [notice] 1#1: signal process started')).toMatchObject({
      'event.outcome': 'unknown',
      'log.level': 'notice',
      'process.pid': 1,
      message: 'signal process started',
    })
  })

  it.each([
    '',
    '2026/11/20 03:04:05',
    '2026/11/20 03:04:05 [loud] 1#1: x',
    '2026/11/20 03:04:05 [error] x#1: x',
    '2026/11/20 03:04:05 [error] 1: x',
    '2026/02/30 03:04:05 [error] 1#1: x',
    '2026/11/20 25:04:05 [error] 1#1: x',
    '2026-11-20 03:04:05 [error] 1#1: x',
  ])('%j is none of nginx', (line) => {
    expect(nginxError.parse(line, { now: TIME })).toBeUndefined()
    expect(nginxError.sniff(line)).toBe(false)
  })
})

describe('text of an attacker', () => {
  const FAKE = ', client: 10.0.0.1, server: shop.example, request: "GET / HTTP/1.1", host: "shop.example"'

  it('in a path, which stands decoded before the client, accuses nobody else', () => {
    const event = readBy(
      nginxError,
      `${HEAD}open() "/var/www/a" failed (2: No such file or directory)${FAKE}, referrer: "" failed (2: No such file or directory)${TAIL}`,
    )
    expect(event).toMatchObject({ 'event.reason': 'ambiguous_line' })
    expect(event['source.ip']).toBeUndefined()
  })

  it('in a referrer, which stands behind the client, accuses nobody else', () => {
    expect(readBy(nginxError, `${HEAD}open() "/a" failed (2: x)${TAIL}, referrer: "${FAKE}"`)['source.ip']).toBeUndefined()
  })

  it('that names its own address changes nothing', () => {
    expect(readBy(nginxError, `${HEAD}x${TAIL}, referrer: "${TAIL}"`)['source.ip']).toBe('198.18.0.1')
  })

  it('never makes another address than the real one the source', () => {
    const text = fc.array(fc.constantFrom(FAKE, ', client: ', '10.0.0.1', '"', ' failed (2: x)', ', server: ', ', request: "', 'a', ' '), {
      maxLength: 8,
    })
    fc.assert(
      fc.property(text, text, (before, behind) => {
        const event = readBy(nginxError, `${HEAD}open() "/${before.join('')}" failed (2: x)${TAIL}, referrer: "${behind.join('')}"`)
        expect(['198.18.0.1', undefined]).toContain(event['source.ip'])
      }),
      { seed: 20_261_122 },
    )
  })

  it('with line breaks, which nginx writes as they are, makes no line that accuses anybody', () => {
    const forged = `2026/11/20 03:04:05 [error] 1#1: *1 user "root": password mismatch${FAKE}`
    const lines = [`${HEAD}open() "/var/www/a`, forged, forged, `b" failed (2: No such file or directory)${TAIL}`]
    const stream = nginxError.open?.() ?? nginxError
    const told = lines.map((line) => stream.parse(line, { now: TIME })?.['source.ip'])
    expect(told).toEqual([undefined, undefined, undefined, undefined])
    // a message is at most 2,048 bytes long: what comes later is nginx's own again
    for (let i = 0; i < 12; i++) stream.parse(`${HEAD}limiting requests${TAIL}`, { now: TIME })
    expect(stream.parse(`${HEAD}limiting requests${TAIL}`, { now: TIME })?.['source.ip']).toBe('198.18.0.1')
    expect((nginxError.open?.() ?? nginxError).parse(`${HEAD}x${TAIL}`, { now: TIME })?.['source.ip']).toBe('198.18.0.1')
  })

  it('is bounded and quick, whatever it is', () => {
    expectSturdy(nginxError, SAMPLES['nginx.error'] ?? [])
  })
})
