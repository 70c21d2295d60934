import { describe, expect, it } from 'vitest'
import { fromWeb, refusalResponse, withHeaders } from './protect.js'

const LIST = [
  ['X-Frame-Options', 'DENY'],
  ['Vary', 'Origin'],
  ['Set-Cookie', 'a=1'],
  ['Set-Cookie', 'b=2'],
] as const
const REFUSAL = {
  status: 429,
  headers: [],
  problem: { type: 'about:blank', title: 'x', status: 429, code: 'PPT_RATE_LIMITED' },
  reason: 'limited',
} as const

describe('fromWeb', () => {
  it.each([
    ['https://shop.example/a/b?c=1#d', '/a/b?c=1'],
    ['https://shop.example', '/'],
    ['http://[::1]:3000/x', '/x'],
    ['https://shop.example/?next=https://other.example/y', '/?next=https://other.example/y'],
  ])('reads %s as the target %s, as a request line has it', (url, target) => {
    expect(fromWeb(new Request(url), undefined, false).url).toBe(target)
  })

  it('takes peer and TLS from the runtime alone, whatever the headers claim', () => {
    const headers = { 'x-forwarded-for': '1.2.3.4', forwarded: 'for=1.2.3.4', 'x-forwarded-proto': 'https' }
    expect(fromWeb(new Request('http://x/', { headers }), undefined, false)).toMatchObject({ peer: undefined, secure: false })
    expect(fromWeb(new Request('http://x/'), '192.0.2.1', true)).toMatchObject({ peer: '192.0.2.1', secure: true })
  })

  it('finds no header on the prototype', () => {
    const read = fromWeb(new Request('http://x/', { headers: { 'user-agent': 'a' } }), undefined, false)
    expect(read.header('user-agent')).toBe('a')
    for (const name of ['constructor', '__proto__', 'absent']) expect(read.header(name)).toBeUndefined()
  })

  it('reads a body within bounds, and leaves it to the application', async () => {
    const request = new Request('http://x/', { method: 'POST', body: 'hello' })
    const read = fromWeb(request, undefined, false)
    expect(Buffer.from((await read.body?.(5)) ?? []).toString()).toBe('hello')
    expect(await read.body?.(4)).toBeUndefined()
    expect(await request.text()).toBe('hello')
    expect(await read.body?.(5)).toBeUndefined()
    expect(await fromWeb(new Request('http://x/'), undefined, false).body?.(5)).toHaveLength(0)
  })

  it('gives up on a body that breaks', async () => {
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) })
    const request = new Request('http://x/', { method: 'POST', body, duplex: 'half' } as RequestInit)
    expect(await fromWeb(request, undefined, false).body?.(100)).toBeUndefined()
  })
})

describe('withHeaders', () => {
  it('adds what is missing, keeps what the application has set, and appends cookies and Vary', () => {
    const own = new Response('x', {
      headers: { 'x-frame-options': 'SAMEORIGIN', vary: 'Accept', 'set-cookie': 'own=1', 'x-powered-by': 'us' },
    })
    const { headers } = withHeaders(own, LIST)
    expect(headers.get('x-frame-options')).toBe('SAMEORIGIN')
    expect(headers.get('vary')).toBe('Accept, Origin')
    expect(headers.getSetCookie()).toEqual(['own=1', 'a=1', 'b=2'])
    expect(headers.get('x-powered-by')).toBeNull()
  })

  it('copies an answer whose headers cannot be changed', () => {
    const moved = withHeaders(Response.redirect('https://shop.example/x', 303), LIST)
    expect([moved.status, moved.headers.get('location'), moved.headers.get('x-frame-options')]).toEqual([
      303,
      'https://shop.example/x',
      'DENY',
    ])
  })
})

describe('refusalResponse', () => {
  it('is a problem that nobody keeps, without a body for HEAD', async () => {
    const answer = refusalResponse(REFUSAL, LIST, 'POST')
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('cache-control')]).toEqual([
      429,
      'application/problem+json',
      'no-store',
    ])
    expect(await answer.json()).toMatchObject({ code: 'PPT_RATE_LIMITED' })
    expect(await refusalResponse(REFUSAL, LIST, 'HEAD').text()).toBe('')
  })

  it('is the page of the refusal, or status and headers alone', async () => {
    const page = refusalResponse({ ...REFUSAL, html: '<p>work</p>' }, LIST, 'GET')
    expect([page.headers.get('content-type'), await page.text()]).toEqual(['text/html; charset=utf-8', '<p>work</p>'])
    const bare = refusalResponse({ ...REFUSAL, status: 204, bare: true }, LIST, 'GET')
    expect([bare.status, bare.headers.get('content-type'), await bare.text()]).toEqual([204, null, ''])
  })
})
