import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asGuardRequest, fromNode, type GuardRequest, splitUrl } from './guard-request.js'

const node = (over: Partial<Parameters<typeof fromNode>[0]> = {}): Parameters<typeof fromNode>[0] => ({
  method: 'GET',
  url: '/a?b=1',
  headers: {},
  socket: { remoteAddress: '127.0.0.1' },
  ...over,
})

describe('fromNode', () => {
  it('reads method, target, headers and peer', () => {
    const read = fromNode(node({ headers: { 'user-agent': 'x', via: ['a', 'b'] } }))
    expect(read).toMatchObject({ method: 'GET', url: '/a?b=1', peer: '127.0.0.1', secure: false })
    expect(read.header('user-agent')).toBe('x')
    expect(read.header('via')).toBe('a, b')
    expect(read.header('absent')).toBeUndefined()
  })

  it('prefers the whole path that Express keeps over the one that a router has cut', () => {
    expect(fromNode(node({ originalUrl: '/admin/login', url: '/login' })).url).toBe('/admin/login')
  })

  it('finds no header on the prototype [ASVS 15.3.6]', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) expect(fromNode(node()).header(name)).toBeUndefined()
  })

  it('calls only an encrypted socket secure, whatever the headers claim', () => {
    expect(fromNode(node({ headers: { 'x-forwarded-proto': 'https' } })).secure).toBe(false)
    expect(fromNode(node({ socket: { remoteAddress: '::1', encrypted: true } })).secure).toBe(true)
  })

  it('leaves the peer of a Unix socket undefined', () => {
    expect(fromNode(node({ socket: {} })).peer).toBeUndefined()
  })

  it('reads a request of a real server', async () => {
    const seen = new Promise<GuardRequest>((resolve) => {
      const server = createServer((request, response) => {
        resolve(asGuardRequest(request))
        response.end(() => server.close())
      })
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address() as AddressInfo
        httpRequest({
          port,
          host: '127.0.0.1',
          path: '/p?q=1',
          method: 'POST',
          headers: { 'x-forwarded-for': ['1.2.3.4', '5.6.7.8'] },
          agent: false,
        }).end()
      })
    })
    const request = await seen
    expect(request).toMatchObject({ method: 'POST', url: '/p?q=1', peer: '127.0.0.1' })
    expect(request.header('x-forwarded-for')).toBe('1.2.3.4, 5.6.7.8')
  })
})

describe('asGuardRequest', () => {
  it('leaves a request of ours as it is', () => {
    const mine: GuardRequest = { method: 'GET', url: '/', header: () => undefined, peer: undefined, secure: false }
    expect(asGuardRequest(mine)).toBe(mine)
  })
})

describe('splitUrl', () => {
  it('cuts at the first question mark only', () => {
    expect(splitUrl('/a?b=?c')).toEqual({ path: '/a', query: 'b=?c' })
    expect(splitUrl('/a')).toEqual({ path: '/a', query: undefined })
    expect(splitUrl('/a?')).toEqual({ path: '/a', query: '' })
  })

  it('finds the path that a router finds, in targets that no browser sends', () => {
    expect(splitUrl('/login#x?y')).toEqual({ path: '/login', query: undefined })
    expect(splitUrl('/login?a=1#b')).toEqual({ path: '/login', query: 'a=1' })
    expect(splitUrl('http://shop.example/login?a=1')).toEqual({ path: '/login', query: 'a=1' })
    expect(splitUrl('HTTPS://anna:secret@[2001:db8::1]:8443/login#x')).toEqual({ path: '/login', query: undefined })
    expect(splitUrl('http://shop.example')).toEqual({ path: '/', query: undefined })
    expect(splitUrl('http://shop.example?a=1')).toEqual({ path: '/', query: 'a=1' })
    expect(splitUrl('http://shop.example\\login').path).toBe('/\\login')
    expect(splitUrl('*')).toEqual({ path: '*', query: undefined })
    expect(splitUrl('/go?to=http://other.example/x').query).toBe('to=http://other.example/x')
    expect(splitUrl('//other.example/x').path).toBe('//other.example/x')
  })

  it('never throws, and never leaves a query or a fragment in the path', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 60 }), fc.webUrl({ withFragments: true, withQueryParameters: true })), (target) => {
        expect(splitUrl(target).path).not.toMatch(/[?#]/)
      }),
    )
  })
})
