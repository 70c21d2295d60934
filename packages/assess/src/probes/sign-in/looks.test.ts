import { describe, expect, it } from 'vitest'
import { seen } from './fixtures/facts.js'
import { lookOfBody, lookOfHead, onlyIn } from './looks.js'

describe('what tells one answer from another', () => {
  const wrong = seen({ status: 401, headers: { 'content-type': 'text/html', 'x-frame-options': 'DENY' }, cookies: ['sid=1; Path=/'] })

  it('lists status, place, cookies and headers, and leaves out what differs anyway', () => {
    const look = lookOfHead(
      seen({
        status: 303,
        headers: {
          location: '/sign-in?for=anna%40example.org',
          date: 'today',
          ratelimit: '"a";r=1',
          'x-ratelimit-remaining': '3',
          'content-length': '9',
          'x-a': '1',
        },
        cookies: ['sid=abc; Path=/', 'flash=wrong', 'sid=def'],
      }),
      ['anna@example.org'],
    )
    expect(look.split('\n')).toEqual(['status 303', 'Location /sign-in?for=…', 'cookie flash', 'cookie sid', 'header x-a'])
  })

  it('is the same for another name, another time and another value of a cookie', () => {
    const other = { ...wrong, cookies: ['sid=2; Path=/'], headers: { ...wrong.headers, date: 'tomorrow', etag: 'W/"2"' } }
    expect(lookOfHead(other, [])).toBe(lookOfHead(wrong, []))
  })

  it('says the difference and not the rest', () => {
    const locked = { ...wrong, status: 423, headers: { ...wrong.headers, 'retry-after': '60' } }
    const [one, two] = [lookOfHead(locked, []), lookOfHead(wrong, [])]
    expect(onlyIn(one, two)).toBe('status 423, header retry-after')
    expect(onlyIn(two, one)).toBe('status 401')
    expect(onlyIn(lookOfHead({ ...wrong, cookies: [] }, []), two)).toBe('nothing more')
    const many = seen({ headers: Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`x-${'y'.repeat(100)}${i}`, '1'])) })
    expect(onlyIn(lookOfHead(many, []), two).length).toBeLessThanOrEqual(200)
  })

  it('reads a body without its nonces', () => {
    expect(lookOfBody(seen({ text: '<p nonce="aB3dE5fG7hJ9kL1m">Wrong</p>' }), [])).toBe('<p nonce="…">Wrong</p>')
  })
})
