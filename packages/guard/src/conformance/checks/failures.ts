import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { SECRETS } from '../routes.js'
import type { AdapterCheck } from '../types.js'
import { ORIGIN, over, withWorld } from '../world.js'

/** What a stack or the inside of an error looks like. */
const INSIDE = /\n\s+at |node_modules|\.[cm]?[jt]s:\d|Error:|cause|SyntaxError|URIError/

const closed = (target: string, extra = ''): string =>
  `${target} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\nConnection: close\r\n${extra}\r\n`

/** What fails: the application, the guard itself, clients. */
export const failureChecks: readonly AdapterCheck[] = [
  {
    name: 'tells the client nothing of an error but a code, a time and the reference under which the log has it',
    run: (subject) =>
      withWorld(subject, {}, async ({ ask, log }) => {
        for (const [path, method] of [
          ['/throw?plain', 'GET'],
          ['/throw?plain', 'POST'],
          ['/throw?string', 'GET'],
          ['/throw?null', 'GET'],
        ] as const) {
          const { status, headers, body } = await ask(path, { method, headers: { origin: ORIGIN } })
          deepEqual([path, status, headers['content-type'], headers['cache-control']], [path, 500, 'application/problem+json', 'no-store'])
          for (const secret of SECRETS) ok(!body.includes(secret), body)
          doesNotMatch(body, INSIDE)
          const problem = JSON.parse(body) as Record<string, string>
          deepEqual([problem['code'], problem['title']], ['PPT_INTERNAL', 'Something went wrong here'])
          match(problem['time'] ?? '', /^\d{4}-\d\d-\d\dT.*Z$/)
          equal(problem['instance'], `urn:uuid:${log.at(-1)?.id ?? ''}`)
        }
        equal(log.length, 4)
      }),
  },
  {
    name: 'gives the log the whole error with its causes and its request, without what must not show',
    run: (subject) =>
      withWorld(subject, {}, async ({ ask, log }) => {
        await ask('/throw?plain&password=hunter3&page=7', { headers: { cookie: 'sid=hunter4', 'user-agent': 'suite' } })
        const [entry] = log
        const text = JSON.stringify(entry)
        for (const secret of [SECRETS[0], SECRETS[1], SECRETS[2], 'hunter3', 'hunter4']) ok(!text.includes(secret), text)
        match(entry?.error.message ?? '', /^cannot read src\/secret-place/)
        ok((entry?.error.stack.length ?? 0) > 0)
        match(entry?.error.cause?.message ?? '', /^connect postgres/)
        deepEqual([entry?.request?.method, entry?.request?.path], ['GET', '/throw'])
        deepEqual([entry?.request?.query['password'], entry?.request?.query['page']], ['***', '7'])
        equal(entry?.request?.headers['user-agent'], 'suite')
      }),
  },
  {
    name: 'keeps the public words and the status of errors that have some',
    run: (subject) =>
      withWorld(subject, {}, async ({ ask }) => {
        const taken = await ask('/throw?public')
        equal(taken.status, 409)
        deepEqual((({ code, detail }) => [code, detail])(JSON.parse(taken.body) as Record<string, string>), [
          'NAME_TAKEN',
          'This name is taken',
        ])
        const invalid = await ask('/throw?parapet')
        equal(invalid.status, 422)
        deepEqual((({ code, detail }) => [code, detail])(JSON.parse(invalid.body) as Record<string, string>), [
          'PPT_INVALID',
          'name: at most 40 characters',
        ])
        for (const { body } of [taken, invalid]) ok(!body.includes(SECRETS[0]))
      }),
  },
  {
    name: 'gives a browser that navigates a page instead, whose style the policy allows',
    run: (subject) =>
      withWorld(subject, {}, async ({ ask }) => {
        const { status, headers, body } = await ask('/throw?plain', { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } })
        deepEqual([status, headers['content-type']], [500, 'text/html; charset=utf-8'])
        match(body, /^<!doctype html><html lang="en">/)
        const nonce = /<style nonce="([^"]+)">/.exec(body)?.[1] ?? 'none'
        ok(String(headers['content-security-policy']).includes(`'nonce-${nonce}'`))
        doesNotMatch(body, INSIDE)
        for (const secret of SECRETS) ok(!body.includes(secret))
      }),
  },
  {
    name: 'answers malformed requests with a 4xx, never with a stack nor with what came in',
    run: (subject) =>
      withWorld(subject, { limits: { anonymous: { limit: 10_000, windowMs: 60_000 } } }, async ({ raw, ask }) => {
        const bad: [string, string][] = [
          ['NUL in a header', closed('GET /hello', 'X-Bad: a\0b\r\n')],
          ['NUL in the path', closed('GET /hel\0lo')],
          ['headers too large', closed('GET /hello', `X-Big: ${'a'.repeat(40_000)}\r\n`)],
          ['no method', closed('/hello')],
          ['a method that there is not', closed('GETT /hello')],
          ['a space in the target', closed('GET /a b')],
          ['two lengths', closed('POST /change', 'Content-Length: 1\r\nContent-Length: 2\r\n')],
          ['a length and chunks', closed('POST /change', 'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n')],
          ['a length that is none', closed('POST /change', 'Content-Length: x\r\n')],
          ['no host', 'GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n'],
          ['a header without a name', closed('GET /hello', ': x\r\n')],
        ]
        // a router that takes anything for a text has nothing to refuse there
        if (subject.gaps?.includes('router-errors') !== true)
          bad.push(['broken percent-encoding', closed('GET /items/%zz-<i>')], ['cut percent-encoding', closed('GET /items/%E0%A4%A')])
        for (const [what, bytes] of bad) {
          const answer = await raw(bytes)
          match(answer, /^HTTP\/1\.1 4\d\d /, `${what}: ${answer.slice(0, 300)}`)
          doesNotMatch(answer, INSIDE, what)
          doesNotMatch(answer, /<i>|aaaa|GETT/, what)
        }
        // odd, and nothing is wrong with them
        for (const bytes of [closed('GET http://shop.example/hello'), closed('GET /hello', 'Cookie: a=1\r\nCookie: a=2; a=3\r\n')])
          match(await raw(bytes), /^HTTP\/1\.1 (?:200|308) /)
        equal((await ask('/hello')).status, 200)
      }),
  },
  {
    name: 'answers errors of the router by problems as well',
    needs: 'router-errors',
    run: (subject) =>
      withWorld(subject, {}, async ({ ask }) => {
        const { status, headers, body } = await ask('/items/%zz')
        deepEqual([status, headers['content-type']], [400, 'application/problem+json'])
        match(String(headers['content-security-policy']), /default-src/)
        ok(!body.includes('%zz'))
      }),
  },
  {
    name: 'tells once of a client that goes away before its answer, and goes on',
    needs: 'abort',
    run: (subject) =>
      withWorld(subject, {}, async ({ port, ask, told }) => {
        await new Promise<void>((resolve) => {
          const request = httpRequest({
            host: '127.0.0.1',
            port,
            path: '/never',
            agent: false,
            headers: { 'x-forwarded-for': '192.0.2.1' },
          })
          request.on('error', () => resolve())
          request.end()
          setTimeout(() => request.destroy(), 100)
        })
        const seen = await told(1)
        deepEqual(
          seen.map((event) => event['http.response.status_code']),
          [499],
        )
        equal((await ask('/hello')).status, 200)
      }),
  },
  {
    name: 'closes the connection of a refused upload instead of reading it as the next request',
    run: (subject) =>
      withWorld(subject, {}, async ({ raw, changes }) => {
        const inner = 'GET /socket HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\nConnection: close\r\n\r\n'
        const answer = await raw(
          `POST /change HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\nOrigin: https://evil.example\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
        )
        equal(answer.match(/HTTP\/1\.1 /g)?.length, 1)
        if (subject.gaps?.includes('connection') !== true) match(answer, /\r\nconnection: close\r\n/i)
        match(answer, /^HTTP\/1\.1 403 /)
        equal(changes(), 0)
      }),
  },
  {
    name: 'lets nothing through when the guard itself fails, and does not fall over',
    run: (subject) =>
      withWorld(
        subject,
        {
          around: (guard) => over(guard, { enter: () => Promise.reject(new Error(SECRETS[0])) }),
        },
        async ({ ask, changes }) => {
          for (const [path, method] of [
            ['/change', 'POST'],
            ['/hello', 'GET'],
            ['/change', 'DELETE'],
          ] as const) {
            const { status, body } = await ask(path, { method, headers: { origin: ORIGIN }, ...(method === 'POST' ? { body: 'x' } : {}) })
            ok(status >= 500, String(status))
            ok(!body.includes(SECRETS[0]))
            doesNotMatch(body, INSIDE)
          }
          equal(changes(), 0)
        },
      ),
  },
  {
    name: 'lets nothing through when the guard throws at once',
    run: (subject) =>
      withWorld(
        subject,
        {
          around: (guard) =>
            over(guard, {
              enter: () => {
                throw new Error(SECRETS[0])
              },
            }),
        },
        async ({ ask, changes }) => {
          const { status, body } = await ask('/change', { method: 'POST', headers: { origin: ORIGIN } })
          ok(status >= 500)
          ok(!body.includes(SECRETS[0]))
          equal(changes(), 0)
        },
      ),
  },
  {
    name: 'changes no answer when telling of it fails',
    run: (subject) =>
      withWorld(
        subject,
        {
          around: (guard) =>
            over(guard, {
              enter: async (request) => ({
                ...(await guard.enter(request)),
                done: () => {
                  throw new Error('the listener fails')
                },
              }),
            }),
        },
        async ({ ask }) => {
          for (let i = 0; i < 3; i++) equal((await ask('/hello')).body, 'hello')
          equal((await ask('/throw?plain')).status, 500)
        },
      ),
  },
]
