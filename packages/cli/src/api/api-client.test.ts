import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createApiClient } from './api-client.js'

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void

const open: (() => void)[] = []
afterEach(() => {
  for (const close of open.splice(0)) close()
})

/** A server of HTTP for one test. */
const serve = async (handler: Handler): Promise<URL> => {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      handler(request, response, body)
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  open.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

const answer = (status: number, body: string, type = 'application/json'): Handler => {
  return (_, response) => {
    response.writeHead(status, { 'content-type': type }).end(body)
  }
}

describe('the client of the control plane', () => {
  it('sends the token, the query and the body, and reads the answer', async () => {
    const seen: unknown[] = []
    const url = await serve((request, response, body) => {
      seen.push([request.method, request.url, request.headers.authorization, body])
      response.end('{"ok":true}')
    })
    const api = createApiClient({ url, token: 'ppt_x' })
    expect(await api.get('v1/why', { target: '2001:db8::/64', cursor: undefined })).toEqual({ ok: true })
    expect(await api.post('v1/decisions', { a: 1 })).toEqual({ ok: true })
    expect(seen).toEqual([
      ['GET', '/v1/why?target=2001%3Adb8%3A%3A%2F64', 'Bearer ppt_x', ''],
      ['POST', '/v1/decisions', 'Bearer ppt_x', '{"a":1}'],
    ])
  })

  it('keeps the path below which the control plane is reached', async () => {
    let path: string | undefined
    const url = await serve((request, response) => {
      path = request.url
      response.end('{}')
    })
    await createApiClient({ url: new URL('/parapet', url), token: 't' }).get('v1/why')
    expect(path).toBe('/parapet/v1/why')
  })

  it('throws the code of the problem, with its detail', async () => {
    const url = await serve(answer(422, '{"code":"PPT_PROTECTED_TARGET","detail":"127.0.0.1 is loopback"}', 'application/problem+json'))
    await expect(createApiClient({ url, token: 't' }).get('x')).rejects.toMatchObject({
      code: 'PPT_PROTECTED_TARGET',
      detail: '127.0.0.1 is loopback',
    })
  })

  it.each<[string, Handler]>([
    ['a page of a proxy', answer(502, '<html>bad gateway</html>', 'text/html')],
    ['a page that says all is well', answer(200, '<html>', 'text/html')],
    ['a code that is not of the registry', answer(400, '{"code":"__proto__"}')],
    ['a problem that is none', answer(500, '[1,2')],
    ['half an answer', (_, response) => response.writeHead(200, { 'content-length': '100' }).end('{', () => response.destroy())],
  ])('says that it is no control plane for %s', async (_, handler) => {
    const url = await serve(handler)
    await expect(createApiClient({ url, token: 't' }).get('x')).rejects.toMatchObject({ code: 'PPT_CONTROL_PLANE' })
  })

  it('follows no redirect with the token in its hand', async () => {
    let stolen = false
    const thief = await serve((request, response) => {
      stolen = request.headers.authorization !== undefined
      response.end('{}')
    })
    const url = await serve((_, response) => response.writeHead(302, { location: thief.href }).end())
    await expect(createApiClient({ url, token: 't' }).get('x')).rejects.toMatchObject({ code: 'PPT_CONTROL_PLANE' })
    expect(stolen).toBe(false)
  })

  it('names the address where nobody answers', async () => {
    const url = await serve(() => undefined)
    open.splice(0)[0]?.()
    await expect(createApiClient({ url, token: 't' }).get('x')).rejects.toMatchObject({
      code: 'PPT_CONTROL_PLANE',
      detail: `nothing answers at ${url.origin}`,
    })
  })
})
