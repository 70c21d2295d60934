import { describe, expect, it } from 'vitest'
import { context, expectSturdy, readBy, TIME } from '../fixtures/hostile-text.js'
import { SAMPLES } from '../fixtures/format-samples.js'
import { gunicornError } from './gunicorn-error.js'

const HEAD = '[2026-11-20 03:04:05 +0000] [9] '

describe("Gunicorn's error log", () => {
  it('tells which request failed', () => {
    expect(readBy(gunicornError, `${HEAD}[ERROR] Error handling request /orders/1?a=b`)).toEqual({
      '@timestamp': TIME,
      'event.category': 'web',
      'event.action': 'http-error',
      'event.outcome': 'failure',
      'event.dataset': 'gunicorn.error',
      'log.level': 'error',
      message: 'Error handling request /orders/1?a=b',
      'error.type': 'exception',
      'process.pid': 9,
      'url.path': '/orders/1',
      'url.query': 'a=b',
      'url.original': '/orders/1?a=b',
    })
  })

  it.each<[string, Record<string, unknown>]>([
    [
      '[WARNING] Invalid request from ip=198.18.0.1: Invalid HTTP Version',
      { 'error.type': 'invalid_request', 'source.ip': '198.18.0.1', 'log.level': 'warn' },
    ],
    ['[CRITICAL] WORKER TIMEOUT (pid:12)', { 'error.type': 'worker_timeout', 'log.level': 'critical' }],
    ['[INFO] Booting worker with pid: 12', { 'error.type': 'worker', 'event.outcome': 'unknown' }],
    ['[ERROR] text of a client: Error handling request /x', { 'url.path': undefined }],
  ])('%s', (rest, expected) => {
    const event = readBy(gunicornError, HEAD + rest)
    for (const [field, value] of Object.entries(expected)) expect([field, event[field]]).toEqual([field, value])
  })

  it('reads the zone of the stamp', () => {
    expect(readBy(gunicornError, '[2026-11-20 05:34:05 +0230] [9] [INFO] x')['@timestamp']).toBe(TIME)
  })

  it.each([
    '',
    '[2026-11-20 03:04:05 +0000] [x] [INFO] x',
    '[2026-11-20 03:04:05 +0000] [9] [LOUD] x',
    '[2026-11-20 03:04:05 +0000] x',
    '[2026-13-20 03:04:05 +0000] [9] [INFO] x',
  ])('%j is none', (line) => {
    expect(gunicornError.parse(line, context)).toBeUndefined()
    expect(gunicornError.sniff(line)).toBe(false)
  })

  it.each([
    ['Traceback (most recent call last):', true],
    ['  File "/app/x.py", line 3, in view', true],
    ['django.core.exceptions.ImproperlyConfiguredError: no', true],
    ['hello', false],
  ])('passes over the lines of a traceback: %j', (line, foreign) => {
    expect(gunicornError.isForeign(line)).toBe(foreign)
  })

  it('is bounded and quick, whatever it holds', () => {
    expectSturdy(gunicornError, SAMPLES['gunicorn.error'] ?? [])
  })
})
