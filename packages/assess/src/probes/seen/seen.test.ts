import { describe, expect, it } from 'vitest'
import type { ProbeClient } from '../../client/types.js'
import { assetsOf, foldersOf } from './assets.js'
import { seen } from './fixtures/run-probe.js'
import { createCrowd, exchangeOf, firstUnusable, isHtml, isLimited, madeUp, seenOf, sideBySide, unusable } from './seen.js'

describe('what is kept of an answer', () => {
  it('is bounded and plain JSON, also of hostile headers', () => {
    const kept = seenOf(
      'somebody',
      { method: 'GET', path: `/${'a'.repeat(5_000)}` },
      {
        kind: 'answer',
        status: 200,
        headers: new Map([
          ['__proto__', 'x'],
          ['a', 'b'.repeat(50_000)],
          ...Array.from({ length: 500 }, (_, i): [string, string] => [`h${i}`, 'v']),
        ]),
        setCookies: Array.from({ length: 500 }, () => 'c'.repeat(50_000)),
        body: Buffer.from('hello'),
        text: 'hello',
        cut: false,
        waitMs: 1.6,
      },
      3,
    )
    expect(kept).toMatchObject({ as: 'somebody', status: 200, text: 'hel', bytes: 5, waitMs: 2 })
    expect(Object.keys(kept.headers).length).toBe(80)
    expect(Object.hasOwn(kept.headers, '__proto__')).toBe(true)
    expect(JSON.stringify(kept).length).toBeLessThan(700_000)
    expect(JSON.parse(JSON.stringify(kept))).toEqual(kept)
  })

  it('tells silence from an answer, and one body from another', () => {
    expect(seenOf('x', { path: '/' }, { kind: 'none', why: 'timeout', detail: 'late', waitMs: 9 })).toMatchObject({
      status: 0,
      why: 'timeout: late',
      method: 'GET',
    })
    const of = (text: string): string =>
      seenOf(
        'x',
        { path: '/' },
        { kind: 'answer', status: 200, headers: new Map(), setCookies: [], body: Buffer.from(text), text, cut: false, waitMs: 0 },
      ).digest
    expect(of('a')).not.toBe(of('b'))
    expect(of('')).toBe('')
  })

  it('shows at most 300 characters, and only the headers that were asked for', () => {
    const shown = exchangeOf(seen(200, 'x'.repeat(900), { headers: { a: '1', b: '2' } }), { headers: ['a', 'c'], around: 500 })
    expect(shown.headers).toEqual({ a: '1' })
    expect(shown.excerpt?.length).toBe(300)
    expect(exchangeOf(seen(0, '', { why: 'reset: gone' }))).toMatchObject({ status: 0, note: 'reset: gone' })
  })
})

describe('an answer that allows no statement', () => {
  it.each([
    [seen(0, '', { why: 'timeout: x' }), 'error'],
    [seen(429), 'inconclusive'],
    [seen(503, '', { headers: { 'retry-after': '9' } }), 'inconclusive'],
    [seen(503), undefined],
    [seen(500), undefined],
    [seen(200), undefined],
  ])('is silence or a limit', (one, verdict) => {
    expect(unusable('/', one)?.verdict).toBe(verdict)
    expect(isLimited(one)).toBe(verdict === 'inconclusive')
  })

  it('among many is a timeout and not a cut connection, unless most were cut', () => {
    const [cut, late, fine] = [seen(0, '', { why: 'reset: x' }), seen(0, '', { why: 'timeout: x' }), seen(404)]
    expect(firstUnusable('/', [fine, cut, fine])).toBeUndefined()
    expect(firstUnusable('/', [fine, late, fine])?.verdict).toBe('error')
    expect(firstUnusable('/', [cut, cut, fine])?.verdict).toBe('error')
    expect(firstUnusable('/', [])).toBeUndefined()
  })
})

describe('HTML for a browser', () => {
  it.each([
    ['text/html; charset=utf-8', '{}', true],
    ['application/xhtml+xml', '', true],
    ['application/json', '<b>', false],
    ['', '<!doctype html>', true],
    ['', '{"a":1}', false],
  ])('%s with %s: %s', (type, text, expected) => {
    expect(isHtml(seen(200, text, { headers: type === '' ? {} : { 'content-type': type } }))).toBe(expected)
  })

  it('is not guessed at where the target forbids it', () => {
    expect(isHtml(seen(200, '<html>', { headers: { 'x-content-type-options': 'nosniff' } }))).toBe(false)
  })
})

describe('a visitor from many addresses', () => {
  it('comes anew every so many requests', async () => {
    const came: number[] = []
    let made = 0
    const client = (): ProbeClient => {
      const me = ++made
      return {
        name: 'x',
        address: undefined,
        send: async () => {
          came.push(me)
          return { kind: 'none', why: 'timeout', detail: '', waitMs: 0 }
        },
        sendRaw: async () => ({ kind: 'none', why: 'timeout', detail: '', waitMs: 0 }),
        cookies: { get: () => undefined, set: () => undefined, names: () => [], clear: () => undefined },
      }
    }
    const crowd = createCrowd({ client }, 'x', 3)
    for (let i = 0; i < 7; i++) await crowd.send({ path: '/' })
    expect(came).toEqual([1, 1, 2, 2, 2, 3, 3])
  })
})

describe('tasks side by side', () => {
  it('run a few at once, and give their results in the order they were given', async () => {
    let [now, most] = [0, 0]
    const task = (n: number) => async (): Promise<number> => {
      most = Math.max(most, ++now)
      await new Promise((resolve) => setTimeout(resolve, (7 - n) * 2))
      now--
      return n
    }
    expect(await sideBySide([0, 1, 2, 3, 4, 5, 6].map((n) => task(n)))).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(most).toBe(3)
    expect(await sideBySide([])).toEqual([])
  })

  it('fail when one fails', async () => {
    await expect(sideBySide([async () => 1, () => Promise.reject(new Error('no'))])).rejects.toThrow('no')
  })
})

describe('the files of a page', () => {
  it('are those of its own origins, each once, and no pages', () => {
    const html = `<script src="/a.js?v=1"></script><script src="https://cdn.example/x.js"></script><link rel=stylesheet href="https://site.example/b.css">
      <link rel=canonical href="/page"><img src="pic.png"><script src="/a.js"></script><script src="http://[bad"></script>`
    expect(assetsOf(html, ['https://site.example'])).toEqual(['/a.js', '/b.css', '/pic.png'])
  })

  it('lie in folders, nearest first', () => {
    expect(foldersOf('/a/b/c.js')).toEqual(['/a/b/', '/a/'])
  })

  it('are told apart by words that occur nowhere else', () => {
    expect(madeUp((size) => new Uint8Array(size).fill(255))).toBe('pptffffffffffffffff')
  })
})
