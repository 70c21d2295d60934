import * as fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { HOSTILE, makeEvents } from '../test/fixtures.js'
import { createSend } from './api.js'
import { createBatcher } from './batch.js'
import { axis } from './axis.js'
import { bars, chartInWords } from './chart.js'
import { summarize } from './event-summary.js'
import { isLevel, LEVEL_WORD, LEVELS_DOWN } from './levels.js'
import { judgeLength, PASSWORD_MIN } from './password.js'
import { detailAtField, fieldOf } from './field-problem.js'
import { ApiError, asApiError, mayRetry, problemOf, unreachable } from './problem.js'
import { safePath, safeReference } from './safe-path.js'
import { nextChoice, readChoice, themeOf } from './theme.js'

describe('safePath', () => {
  it('keeps paths of this site', () => {
    for (const path of ['/', '/alerts?q=a%20b#x', '/alerts/alert-1']) expect(safePath(path, '/no')).toBe(path)
  })

  it.each([
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    'javascript:alert(1)',
    '/\t/evil.example',
    '/\n/evil',
    '',
    'alerts',
    '\\/evil',
    null,
    undefined,
  ])('does not send the operator to %j', (path) => {
    expect(safePath(path, '/')).toBe('/')
  })

  it('never leaves the site, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.webUrl(),
          fc.string().map((text) => `/${text}`),
        ),
        (text) => {
          expect(new URL(safePath(text, '/'), 'https://console.example').origin).toBe('https://console.example')
        },
      ),
    )
  })
})

describe('safeReference', () => {
  it('links http and https only', () => {
    expect(safeReference('https://attack.mitre.org/techniques/T1110/')).toBe('https://attack.mitre.org/techniques/T1110/')
    for (const text of ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'not a url', ''])
      expect(safeReference(text)).toBeUndefined()
  })
})

describe('problems', () => {
  it('carry code, detail, reference and what to do next', () => {
    const error = problemOf(
      503,
      { code: 'PPT_DATABASE_UNAVAILABLE', title: 'The database does not answer', detail: 'timeout', instance: 'urn:uuid:1' },
      '7',
    )
    expect(error).toMatchObject({
      status: 503,
      code: 'PPT_DATABASE_UNAVAILABLE',
      message: 'The database does not answer',
      detail: 'timeout',
      retryAfter: 7,
    })
    expect(error.fix).toContain('Nothing acknowledged is lost')
  })

  it('say that an answer without a code came from something in between', () => {
    expect(problemOf(502, '<html>bad gateway</html>', null)).toMatchObject({ code: 'HTTP_502', status: 502 })
    expect(problemOf(404, undefined, 'Wed, 21 Oct')).toMatchObject({ code: 'HTTP_404', retryAfter: undefined })
    expect(problemOf(400, { code: 'constructor' }, null).code).toBe('HTTP_400')
  })

  it('make one of whatever was thrown', () => {
    const known = unreachable()
    expect(asApiError(known)).toBe(known)
    expect(asApiError(new TypeError('x is undefined'))).toMatchObject({ code: 'CONSOLE', detail: 'x is undefined' })
    expect(asApiError('text')).toBeInstanceOf(ApiError)
  })

  it('find the field they are about', () => {
    const invalid = (detail: string): ApiError => problemOf(422, { code: 'PPT_INVALID', detail }, null)
    expect(fieldOf(problemOf(422, { code: 'PPT_ADDRESS_INVALID' }, null))).toBe('target')
    expect(fieldOf(problemOf(422, { code: 'PPT_PROTECTED_TARGET', detail: 'loopback' }, null))).toBe('target')
    expect(fieldOf(invalid('duration: takes 1m to 30d'))).toBe('duration')
    expect(fieldOf(invalid('body.target.value: too long'))).toBe('target')
    expect(fieldOf(invalid('name: may not hold the word reason'))).toBeUndefined()
    expect(fieldOf(problemOf(403, { code: 'PPT_FORBIDDEN', detail: 'reason: no' }, null))).toBeUndefined()
  })

  it('say beside a field nothing of what the field is called on the wire', () => {
    expect(detailAtField('duration: takes 1m to 30d')).toBe('takes 1m to 30d')
    expect(detailAtField('body.target.value: too long')).toBe('too long')
    expect([detailAtField('target.value'), detailAtField(undefined)]).toEqual([undefined, undefined])
    for (const detail of ['it is one of ours: 10.0.0.1', 'loopback']) expect(detailAtField(detail)).toBe(detail)
  })

  it('are not asked again what can only be refused again', () => {
    const after = (status: number): boolean => mayRetry(problemOf(status, {}, null))
    expect([400, 413, 422].map(after)).toEqual([false, false, false])
    expect([401, 404, 409, 429, 500, 503].map(after)).toEqual([true, true, true, true, true, true])
    expect(mayRetry(unreachable())).toBe(true)
  })
})

describe('createSend', () => {
  const answer =
    (status: number, body: unknown, headers: Record<string, string> = {}): typeof fetch =>
    () =>
      Promise.resolve(new Response(body === undefined ? null : JSON.stringify(body), { status, headers }))

  it('sends JSON with the session cookie and reads JSON', async () => {
    const seen: RequestInit[] = []
    const send = createSend({
      fetch: (_, init) => {
        seen.push(init ?? {})
        return Promise.resolve(Response.json({ id: 1 }))
      },
      onUnauthenticated: () => undefined,
    })
    expect(await send('POST', '/v1/x', { a: 1 })).toEqual({ id: 1 })
    expect(seen[0]).toMatchObject({ method: 'POST', credentials: 'same-origin', body: '{"a":1}' })
  })

  it('tells the page when the session is over, but not when somebody mistypes a password', async () => {
    const over = vi.fn<() => void>()
    const send = createSend({ fetch: answer(401, { code: 'PPT_UNAUTHENTICATED' }), onUnauthenticated: over })
    await expect(send('GET', '/v1/overview')).rejects.toMatchObject({ status: 401 })
    await expect(send('POST', '/v1/session', {})).rejects.toMatchObject({ status: 401 })
    expect(over).toHaveBeenCalledTimes(1)
  })

  it('takes an empty answer, and says when there was none', async () => {
    expect(await createSend({ fetch: answer(204, undefined), onUnauthenticated: () => undefined })('DELETE', '/v1/session')).toBeUndefined()
    const dead = createSend({ fetch: () => Promise.reject(new TypeError('Failed to fetch')), onUnauthenticated: () => undefined })
    await expect(dead('GET', '/v1/overview')).rejects.toMatchObject({ code: 'UNREACHABLE', status: 0 })
  })

  it('leaves a request that the page called off as it is', async () => {
    const abort = new AbortController()
    abort.abort()
    const send = createSend({ fetch: () => Promise.reject(new DOMException('gone', 'AbortError')), onUnauthenticated: () => undefined })
    await expect(send('GET', '/v1/overview', undefined, abort.signal)).rejects.toMatchObject({ name: 'AbortError' })
  })
})

describe('createBatcher', () => {
  afterEach(() => vi.useRealTimers())
  const make = (limit = 3) => {
    const delivered: string[][] = []
    let run: (() => void) | undefined
    const cancel = vi.fn<() => void>()
    const batcher = createBatcher<string>(
      { limit },
      {
        schedule: (later) => {
          run = later
          return cancel
        },
        deliver: (values) => delivered.push([...values]),
      },
    )
    return { batcher, delivered, cancel, run: () => run?.() }
  }

  it('hands a burst over at once, the latest of each key', () => {
    const { batcher, delivered, run } = make()
    batcher.add('a', 'a1')
    batcher.add('b', 'b1')
    batcher.add('a', 'a2')
    expect(delivered).toEqual([])
    run()
    expect(delivered).toEqual([['b1', 'a2']])
  })

  it('stays bounded in a flood: the oldest go', () => {
    const { batcher, delivered, run } = make(2)
    for (let i = 0; i < 1_000; i++) batcher.add(String(i), String(i))
    run()
    expect(delivered).toEqual([['998', '999']])
  })

  it('delivers nothing after it was stopped, and nothing twice', () => {
    const { batcher, delivered, cancel, run } = make()
    batcher.add('a', 'a')
    batcher.flush()
    batcher.flush()
    run()
    batcher.add('b', 'b')
    batcher.stop()
    run()
    expect(delivered).toEqual([['a']])
    expect(cancel).toHaveBeenCalled()
  })
})

describe('the chart', () => {
  const hours = (list: readonly [number, number][]) => list.map(([events, alerts], index) => ({ at: index * 3_600_000, events, alerts }))

  it('keeps every share within the plot, whatever the numbers', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 24 }), (list) => {
        for (const bar of bars(hours(list))) {
          for (const share of [bar.eventShare, bar.alertShare]) {
            expect(share).toBeGreaterThanOrEqual(0)
            expect(share).toBeLessThanOrEqual(1)
          }
        }
      }),
    )
  })

  it('shows a single alert and a single event beside a flood', () => {
    const [flood, quiet, empty] = bars(
      hours([
        [1_000_000, 4_000],
        [1, 1],
        [0, 0],
      ]),
    )
    expect(flood).toMatchObject({ eventShare: 1, alertShare: 1 })
    expect(quiet?.alertShare).toBeGreaterThan(0.1)
    expect(quiet?.eventShare).toBeGreaterThan(0.01)
    expect(empty).toMatchObject({ eventShare: 0, alertShare: 0 })
  })

  it('names under it the times at which its bars stand', () => {
    const buckets = Array.from({ length: 60 }, (_, index) => ({ at: index * 1_000 }))
    expect(axis(buckets, 5)).toEqual([
      { at: 0, share: 0 },
      { at: 12_000, share: 0.2 },
      { at: 24_000, share: 0.4 },
      { at: 36_000, share: 0.6 },
      { at: 48_000, share: 0.8 },
    ])
    expect(axis(buckets.slice(0, 3), 5).map(({ share }) => share)).toEqual([0, 1 / 3, 2 / 3])
    expect(axis([], 5)).toEqual([])
  })

  it('counts one as one', () => {
    expect(chartInWords([{ at: 0, events: 1, alerts: 1 }], () => '00:00')).toBe(
      '1 event and 1 alert in 24 hours; most alerts (1) in the hour from 00:00.',
    )
  })

  it('is one sentence for those who do not see it', () => {
    const clock = (at: number): string => `${at / 3_600_000}:00`
    expect(
      chartInWords(
        hours([
          [5, 0],
          [7, 3],
        ]),
        clock,
      ),
    ).toBe('12 events and 3 alerts in 24 hours; most alerts (3) in the hour from 1:00.')
    expect(chartInWords(hours([[0, 0]]), clock)).toBe('Nothing came in during the last 24 hours.')
    expect(chartInWords([], clock)).toBe('Nothing came in during the last 24 hours.')
  })
})

describe('summarize', () => {
  it('says a sign-in and a request as an operator would', () => {
    expect(
      summarize({
        '@timestamp': 0,
        'event.category': 'authentication',
        'event.action': 'login',
        'event.outcome': 'failure',
        'event.reason': 'bad_password',
        'url.path': '/login',
      }),
    ).toEqual({ what: 'login failed (bad password)', outcome: 'failure' })
    expect(
      summarize({
        '@timestamp': 0,
        'event.category': 'web',
        'http.request.method': 'GET',
        'url.path': '/a',
        'url.query': 'b=c',
        'http.response.status_code': 200,
      }),
    ).toEqual({ what: 'GET /a?b=c → 200', outcome: 'success' })
    expect(summarize({ '@timestamp': 0 })).toEqual({ what: 'event', outcome: 'unknown' })
  })

  it('calls a refused request a failure', () => {
    expect(summarize({ '@timestamp': 0, 'url.path': '/x', 'http.response.status_code': 403 }).outcome).toBe('failure')
  })

  it('passes hostile text on for the page to escape, and does not fail on it', () => {
    const texts = makeEvents(0).map((event) => summarize(event.event).what)
    expect(texts.some((text) => text.includes(HOSTILE.markup))).toBe(true)
  })
})

describe('judgeLength', () => {
  it('judges length alone, in characters', () => {
    expect(judgeLength('').step).toBe(0)
    expect(judgeLength('a'.repeat(PASSWORD_MIN - 1))).toMatchObject({ step: 1, words: '1 more to go.' })
    expect(judgeLength('a'.repeat(PASSWORD_MIN)).step).toBe(2)
    expect(judgeLength('correct horse battery').step).toBe(3)
    expect(judgeLength('🦉🦉🦉🦉').length).toBe(4)
  })
})

describe('theme and levels', () => {
  it('follows the machine unless somebody chose', () => {
    expect([readChoice('dark'), readChoice('light'), readChoice('purple'), readChoice(null)]).toEqual(['dark', 'light', 'system', 'system'])
    expect([themeOf('system', true), themeOf('system', false), themeOf('light', true), themeOf('dark', false)]).toEqual([
      'dark',
      'light',
      'light',
      'dark',
    ])
    expect(nextChoice(nextChoice(nextChoice('system')))).toBe('system')
  })

  it('has a word for every level', () => {
    expect(LEVELS_DOWN.every((level) => LEVEL_WORD[level].length > 0)).toBe(true)
    expect([isLevel('high'), isLevel('toString'), isLevel(null)]).toEqual([true, false, false])
  })
})
