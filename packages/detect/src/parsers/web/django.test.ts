import { describe, expect, it } from 'vitest'
import { context, expectSturdy, readBy, TIME } from '../fixtures/hostile-text.js'
import { SAMPLES } from '../fixtures/format-samples.js'
import { django } from './django.js'

const HOST = "Invalid HTTP_HOST header: 'evil.example'. You may need to add 'evil.example' to ALLOWED_HOSTS."

describe('requests of runserver', () => {
  it('have a status and a size, and no client', () => {
    expect(readBy(django, '[20/Nov/2026 03:04:05] "GET /a?b=1 HTTP/1.1" 404 1234')).toEqual({
      '@timestamp': TIME,
      'event.category': 'web',
      'event.action': 'http-request',
      'event.outcome': 'failure',
      'event.dataset': 'django',
      'http.request.method': 'GET',
      'url.path': '/a',
      'url.query': 'b=1',
      'url.original': '/a?b=1',
      'http.version': '1.1',
      'http.response.status_code': 404,
      'http.response.body.bytes': 1234,
    })
  })

  it('are read from the right, since quotes of a client stand there as they are', () => {
    expect(readBy(django, '[20/Nov/2026 03:04:05] "GET /x" 200 5 HTTP/1.1" 404 12')).toMatchObject({
      'http.response.status_code': 404,
      'url.original': '/x" 200 5',
    })
  })
})

describe('what Django says of requests', () => {
  it.each<[string, Record<string, unknown>]>([
    [
      'WARNING 2026-11-20 03:04:05,123 django.request Not Found: /wp-login.php',
      {
        '@timestamp': TIME + 123,
        'log.level': 'warn',
        'error.type': 'not_found',
        'url.path': '/wp-login.php',
        'event.action': 'http-error',
        'http.response.status_code': 404,
      },
    ],
    [
      '[2026-11-20 03:04:05,123] ERROR [django.request] Internal Server Error: /orders/1',
      { 'error.type': 'exception', 'url.path': '/orders/1', 'log.level': 'error' },
    ],
    [
      '2026-11-20 03:04:05,123 django.request WARNING Method Not Allowed (TRACE): /a',
      { 'http.request.method': 'TRACE', 'url.path': '/a', 'error.type': 'method_not_allowed' },
    ],
    ['2026-11-20 03:04:05,123 WARNING django.request: Bad Request: /a', { 'error.type': 'bad_request', 'url.path': '/a' }],
    [
      'WARNING 2026-11-20 03:04:05,123 django.request Forbidden (CSRF token missing.): /account/',
      { 'event.action': 'csrf-refused', 'url.path': '/account/', 'event.reason': 'csrf' },
    ],
    [
      'WARNING 2026-11-20 03:04:05,123 django.security.csrf Forbidden (Origin checking failed - https://evil.example): /a does not match.): /pay',
      { 'event.action': 'csrf-refused', 'url.path': '/pay' },
    ],
    [
      `ERROR 2026-11-20 03:04:05,123 django.security.DisallowedHost ${HOST}`,
      {
        'event.action': 'suspicious-operation',
        'error.type': 'DisallowedHost',
        'url.domain': 'evil.example',
        'event.reason': 'DisallowedHost',
      },
    ],
    [
      'WARNING 2026-11-20 03:04:05,123 django.security.SuspiciousSession Session data corrupted',
      { 'event.action': 'suspicious-operation', 'error.type': 'SuspiciousSession' },
    ],
    ['WARNING 2026-11-20 03:04:05,123 django.request something new', { 'event.action': 'http-error', 'error.type': undefined }],
  ])('%s', (line, expected) => {
    const event = readBy(django, line)
    for (const [field, value] of Object.entries(expected)) expect([field, event[field]]).toEqual([field, value])
  })

  it.each([
    '',
    'WARNING django.request Not Found: /a',
    'WARNING 2026-11-20 03:04:05,123 shop.views Not Found: /a',
    '2026-11-20 03:04:05,123 INFO hello',
    '[20/Nov/2026 03:04:05] GET / 200',
    '[20/Nov/2026 03:04:05] "GET / HTTP/1.1" abc 1',
    '[31/Feb/2026 03:04:05] "GET / HTTP/1.1" 200 1',
  ])('%j is none of it', (line) => {
    expect(django.parse(line, context)).toBeUndefined()
    expect(django.sniff(line)).toBe(false)
  })

  it('is told by the logger that stands before the message, not by one in it', () => {
    expect(django.parse('WARNING 2026-11-20 03:04:05,123 shop.views django.security.DisallowedHost x', context)).toBeUndefined()
    expect(
      readBy(django, `WARNING 2026-11-20 03:04:05,123 django.request Not Found: /django.security.DisallowedHost ${HOST}`),
    ).toMatchObject({ 'event.action': 'http-error' })
  })

  it('passes over the lines of a traceback', () => {
    expect(['Traceback (most recent call last):', '  File "x.py"', 'x'].map((line) => django.isForeign(line))).toEqual([true, true, false])
  })

  it('is bounded and quick, whatever it holds', () => {
    expectSturdy(django, (SAMPLES['django'] ?? []).slice(1))
    expectSturdy(django, (SAMPLES['django'] ?? []).slice(0, 1))
  })
})
