import { createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createKeyring } from '../keyring/keyring.js'
import { createCsrf } from './csrf.js'

type Answer = { readonly status: number; readonly cookies: readonly string[]; readonly vary: string | undefined; readonly body: string }

/** A browser that sends cookies with everything and says nothing of where a request comes from. */
const createOldBrowser = (
  port: number,
): { go: (method: string, path: string, body?: string, headers?: Record<string, string>) => Promise<Answer>; jar: Map<string, string> } => {
  const jar = new Map<string, string>()
  return {
    jar,
    go: (method, path, body = '', headers = {}) =>
      new Promise((resolve, reject) => {
        const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
        const type = { 'content-type': 'application/x-www-form-urlencoded' }
        const request = httpRequest(
          { port, host: '127.0.0.1', method, path, agent: false, headers: { ...type, ...headers, ...(cookie === '' ? {} : { cookie }) } },
          (response) => {
            let text = ''
            response.on('data', (chunk: Buffer) => (text += chunk.toString()))
            response.on('end', () => {
              const cookies = response.headers['set-cookie'] ?? []
              for (const one of cookies) {
                const [pair = ''] = one.split(';', 1)
                jar.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1))
              }
              resolve({ status: response.statusCode ?? 0, cookies, vary: response.headers.vary, body: text })
            })
          },
        )
        request.on('error', reject)
        request.end(body)
      }),
  }
}

describe('a site with forms, before a browser of long ago', () => {
  let server: Server
  let port: number
  const done: string[] = []
  let sessions = 0

  beforeAll(async () => {
    const csrf = createCsrf({
      origins: ['http://app.example'],
      sessionCookies: ['sid'],
      keyring: createKeyring({ keys: [Buffer.alloc(32, 1)] }),
      secure: false,
      // its form is judged with the field, once the body is read
      exempt: ['/login', '/transfer'],
    })
    server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        response.setHeader('vary', csrf.vary)
        if (request.method === 'GET') {
          const { token, setCookie } = csrf.token(request)
          if (setCookie !== undefined) response.setHeader('set-cookie', setCookie)
          response.end(token)
          return
        }
        const field = new URLSearchParams(body).get('csrf') ?? undefined
        const verdict = request.url === '/api' ? csrf(request) : csrf.verify(request, field)
        if (verdict.kind === 'refused') {
          response.writeHead(403).end(verdict.reason)
          return
        }
        done.push(`${request.url} ${body.replace(/&?csrf=[^&]*/, '')}`)
        if (request.url === '/login') response.setHeader('set-cookie', `sid=s${sessions++}; Path=/; HttpOnly`)
        response.end('done')
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    ;({ port } = server.address() as AddressInfo)
  })
  afterAll(() => new Promise((resolve) => server.close(resolve)))

  it('signs in, sends a form and calls from a script, each with the token of its page', async () => {
    const { go } = createOldBrowser(port)
    const before = await go('GET', '/login')
    expect(before.vary).toBe('Sec-Fetch-Site, Origin')
    expect((await go('POST', '/login', `name=anna&csrf=${before.body}`)).status).toBe(200)
    const page = await go('GET', '/transfer')
    expect(page.cookies).toHaveLength(1)
    expect((await go('POST', '/transfer', `to=bert&csrf=${page.body}`)).status).toBe(200)
    expect((await go('POST', '/api', '', { 'x-csrf-token': page.body })).status).toBe(200)
    const again = await go('GET', '/transfer')
    expect(again.cookies).toEqual([])
    expect(again.body).not.toBe(page.body)
    expect((await go('POST', '/transfer', `to=carl&csrf=${again.body}`)).status).toBe(200)
    // an older tab still works, as long as the session is the same
    expect((await go('POST', '/transfer', `to=dora&csrf=${page.body}`)).status).toBe(200)
    expect(done.splice(0)).toEqual(['/login name=anna', '/transfer to=bert', '/api ', '/transfer to=carl', '/transfer to=dora'])
  })

  it('changes nothing for the page of an attacker, who has a token of his own and no cookie of the victim', async () => {
    const [victim, attacker] = [createOldBrowser(port), createOldBrowser(port)]
    for (const { go } of [victim, attacker]) await go('POST', '/login', `name=x&csrf=${(await go('GET', '/login')).body}`)
    await victim.go('GET', '/transfer')
    const his = await attacker.go('GET', '/transfer')
    done.splice(0)
    // what a page of his can make the browser of the victim send
    for (const body of ['to=mallory', 'to=mallory&csrf=', `to=mallory&csrf=${his.body}`])
      expect((await victim.go('POST', '/transfer', body)).status).toBe(403)
    expect((await victim.go('POST', '/api')).body).toBe('no_origin')
    expect((await victim.go('POST', `/transfer?csrf=${his.body}`, 'to=mallory')).body).toBe('no_origin')
    expect(done).toEqual([])
  })

  it('signs nobody in to the account of an attacker', async () => {
    const [victim, attacker] = [createOldBrowser(port), createOldBrowser(port)]
    const his = await attacker.go('GET', '/login')
    expect((await victim.go('POST', '/login', 'name=mallory')).body).toBe('no_origin')
    expect((await victim.go('POST', '/login', `name=mallory&csrf=${his.body}`)).body).toBe('token_invalid')
    await victim.go('GET', '/login')
    expect((await victim.go('POST', '/login', `name=mallory&csrf=${his.body}`)).body).toBe('token_invalid')
    expect(victim.jar.has('sid')).toBe(false)
  })

  it('needs a new page after a sign-in: the token of before is bound to nobody', async () => {
    const { go } = createOldBrowser(port)
    const before = await go('GET', '/login')
    await go('POST', '/login', `name=anna&csrf=${before.body}`)
    expect((await go('POST', '/transfer', `to=bert&csrf=${before.body}`)).body).toBe('token_invalid')
  })
})
