import { timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DEMO_TAG } from '@parapet/core'
import { createGuard } from '@parapet/guard'
import { node } from '@parapet/guard/node'
import { DEMO_USERS } from './traffic.js'

/** The application of the demo, behind a guard. `url` is on loopback. */
export type DemoShop = { readonly url: string; close: () => Promise<void> }

const PAGES = /^\/(?:products(?:\/\d+)?|about|basket|search|account)?$/
const FORM_LIMIT = 4_096

const same = (a: string, b: string): boolean => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))

const readForm = async (request: IncomingMessage): Promise<URLSearchParams> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > FORM_LIMIT) break
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8').slice(0, FORM_LIMIT))
}

const answer = (response: ServerResponse, status: number, text: string): void => {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
  response.end(`${text}\n`)
}

/**
 * Starts a shop of a few pages and a sign-in on a free loopback port. Its guard trusts loopback as a proxy, so that the
 * demo's requests can come from addresses of documentation ranges; its events are tagged and sent to the control plane.
 */
export const startShop = async (controlPlane: { readonly url: string; readonly token: string }): Promise<DemoShop> => {
  const guard = createGuard({
    controlPlane,
    service: 'demo shop',
    tags: [DEMO_TAG],
    clientAddress: { trusted: ['127.0.0.1'] },
    publicOrigins: ['http://localhost'],
    loginRoutes: ['/login'],
    secret: 'the demo signs nothing that matters outside of it',
    onDiagnostic: () => undefined,
  })

  const signIn = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const form = await readForm(request)
    const username = form.get('username') ?? ''
    const password = form.get('password') ?? ''
    const verdict = await guard.login.attempt({ subject: username, method: 'password', request, credential: password }, () => {
      const expected = Object.hasOwn(DEMO_USERS, username) ? DEMO_USERS[username] : undefined
      return Promise.resolve(expected !== undefined && same(expected, password) ? { id: username } : undefined)
    })
    if (verdict.kind !== 'ok') {
      answer(response, 401, 'The name or the password is wrong')
      return
    }
    const started = await guard.sessions.start(verdict.value.id, {}, request)
    if (started.kind === 'degraded') {
      answer(response, 503, 'Please try again')
      return
    }
    response.setHeader('set-cookie', [started.cookie, ...verdict.cookies])
    answer(response, 200, `Welcome, ${verdict.value.id}`)
  }

  const server = createServer(
    node(guard)((request, response) => {
      const path = (request.url ?? '/').split('?')[0] ?? '/'
      if (request.method === 'POST' && path === '/login') {
        signIn(request, response).catch(() => answer(response, 500, 'Something went wrong'))
        return
      }
      if (PAGES.test(path)) answer(response, 200, 'The demo shop')
      else answer(response, 404, 'There is nothing here')
    }),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await guard.close()
    },
  }
}
