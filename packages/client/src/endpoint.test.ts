import { describe, expect, it } from 'vitest'
import { readEndpoint } from './endpoint.js'

const TOKEN = 'ppt_0123456789abcdef'

describe('the address of the control plane', () => {
  it('may have a path, with or without a slash at its end', () => {
    expect(readEndpoint('https://ops.example/parapet/', TOKEN).at('/v1/events')).toBe('https://ops.example/parapet/v1/events')
    expect(readEndpoint('https://ops.example/parapet', TOKEN).at('/v1/events')).toBe('https://ops.example/parapet/v1/events')
    expect(readEndpoint('http://localhost:8700', TOKEN).at('/v1/events')).toBe('http://localhost:8700/v1/events')
    expect(readEndpoint('http://[::1]:8700/', TOKEN).at('/healthz')).toBe('http://[::1]:8700/healthz')
  })

  it('is clear text only over http to another machine', () => {
    for (const [url, cleartext] of [
      ['http://localhost:8700', false],
      ['http://127.0.0.1', false],
      ['http://[::1]:8700', false],
      ['https://ops.example', false],
      ['http://ops.example', true],
      ['http://10.0.0.5:8700', true],
      ['http://localhost.evil.example', true],
      ['http://127.0.0.1.evil.example', true],
    ] as const) {
      expect([url, readEndpoint(url, TOKEN).cleartext]).toEqual([url, cleartext])
    }
  })

  it.each([undefined, null, 7, '', 'localhost', '//ops.example', 'http://', 'http:// x'])('%j is refused', (url) => {
    expect(() => readEndpoint(url, TOKEN)).toThrow('controlPlane.url')
  })

  it.each(['javascript:alert(1)', 'file:///etc/passwd', 'ws://ops.example', 'data:text/plain,x'])('%s is refused by its scheme', (url) => {
    expect(() => readEndpoint(url, TOKEN)).toThrow('neither http nor https')
  })

  it('holds no secret of its own: not a name, not a query', () => {
    for (const url of [
      'https://u@ops.example',
      'https://u:p@ops.example',
      'https://:p@ops.example',
      'https://ops.example/?token=x',
      'https://ops.example/#x',
    ]) {
      expect(() => readEndpoint(url, TOKEN)).toThrow('controlPlane.url')
    }
  })
})

describe('the token', () => {
  it('goes into one header', () => {
    expect(readEndpoint('https://ops.example', TOKEN).headers).toEqual({ authorization: `Bearer ${TOKEN}` })
  })

  it.each([
    undefined,
    null,
    7,
    '',
    'short',
    'with space inside',
    'tab\tinside-it',
    'line\ninside-it',
    'ünicode-token',
    `x${'y'.repeat(512)}`,
  ])('%j is refused and not shown', (token) => {
    const create = (): unknown => readEndpoint('https://ops.example', token)
    expect(create).toThrow('controlPlane.token is no token')
    expect(create).toThrow(
      expect.objectContaining({
        code: 'PPT_CONFIG_INVALID',
        detail: 'controlPlane.token is no token; create one in the console or with parapet',
      }),
    )
  })
})
