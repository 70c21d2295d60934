import { describe, expect, it } from 'vitest'
import { expectSturdy, readBy, TIME } from '../fixtures/hostile-text.js'
import { SAMPLES } from '../fixtures/format-samples.js'
import { apacheError } from './apache-error.js'

const HEAD = '[Fri Nov 20 03:04:05.123456 2026] [core:error] [pid 1234:tid 140] '
const CLIENT = '[client 198.18.0.1:54321] '

describe("a line of Apache's error log", () => {
  it('tells who, what and by which number', () => {
    expect(readBy(apacheError, `${HEAD}${CLIENT}AH00128: File does not exist: /var/www/x, referer: http://x.example/`)).toEqual({
      '@timestamp': TIME + 123,
      'event.category': 'web',
      'event.action': 'http-error',
      'event.outcome': 'failure',
      'event.dataset': 'apache.error',
      'log.level': 'error',
      message: 'AH00128: File does not exist: /var/www/x',
      'error.type': 'file_not_found',
      'error.code': 'AH00128',
      'process.pid': 1234,
      'source.ip': '198.18.0.1',
      'source.port': 54321,
      'http.request.referrer': 'http://x.example/',
    })
  })

  it.each([
    [
      'AH01617: user alice: authentication failure for "/private": Password Mismatch',
      { 'user.name': 'alice', 'event.reason': 'bad_password', 'error.type': 'auth_failed' },
    ],
    ['AH01618: user bob not found: /private/', { 'user.name': 'bob', 'event.reason': 'unknown_user', 'url.path': '/private/' }],
    ['AH01618: user x: authentication failure for "/a" not found: /private', { 'event.reason': 'unknown_user' }],
    ['AH10244: invalid URI path (/cgi-bin/.%2e/.%2e/etc/passwd)', { 'error.type': 'invalid_path' }],
    ['AH01276: Cannot serve directory /var/www/: No matching DirectoryIndex', { 'error.type': 'directory_index' }],
    ['PHP Fatal error:  Uncaught Error in /var/www/a.php', { 'error.type': 'stderr', 'error.code': undefined }],
    ['something new', { 'error.type': 'core' }],
  ])('%s', (message, expected) => {
    const event = readBy(apacheError, `${HEAD}${CLIENT}${message}`)
    for (const [field, value] of Object.entries(expected)) expect([field, event[field]]).toEqual([field, value])
  })

  it('reads a system error before the client, IPv6, and no client at all', () => {
    expect(readBy(apacheError, `${HEAD}(13)Permission denied: [client 2001:db8::7:443] AH00132: file permissions deny`)).toMatchObject({
      'error.type': 'permission_denied',
    })
    expect(readBy(apacheError, `${HEAD}[client [2001:db8::7]:443] AH00128: x`)['source.ip']).toBe('2001:db8::7')
    expect(readBy(apacheError, '[Fri Nov  6 03:04:05 2026] [mpm_event:notice] [pid 1:tid 1] AH00489: resuming')).toMatchObject({
      'event.outcome': 'unknown',
      'log.level': 'notice',
    })
  })

  it.each([
    '',
    '[Fri Nov 20 03:04:05 2026]',
    '[Fri Nov 31 03:04:05 2026] [core:error] x',
    '[Fri Nov 20 03:04:05 2026] [core:loud] x',
    '[Fri Nov 20 03:04:05 2026] [error] x',
    '[Fri Foo 20 03:04:05 2026] [core:error] x',
  ])('%j is none', (line) => {
    expect(apacheError.parse(line, { now: TIME })).toBeUndefined()
    expect(apacheError.sniff(line)).toBe(false)
  })
})

describe('text of an attacker', () => {
  it('that looks like a client comes behind the real one', () => {
    expect(
      readBy(apacheError, `${HEAD}${CLIENT}AH00128: File does not exist: /var/www/[client 10.0.0.1:1] AH01618: user root not found: /`),
    ).toMatchObject({
      'source.ip': '198.18.0.1',
      'error.code': 'AH00128',
      'error.type': 'file_not_found',
    })
  })

  it('without a client names none', () => {
    expect(readBy(apacheError, `${HEAD}script says: [client 10.0.0.1:1] hello`)['source.ip']).toBeUndefined()
  })

  it('is bounded and quick, whatever it is', () => {
    expectSturdy(apacheError, SAMPLES['apache.error'] ?? [])
  })
})
