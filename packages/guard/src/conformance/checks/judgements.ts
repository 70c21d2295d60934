import { deepEqual, equal, match, ok } from 'node:assert/strict'
import type { AdapterCheck } from '../types.js'
import { cookieOf, ORIGIN, withWorld } from '../world.js'
import type { Who } from './answers.js'

/** Every content type that a form or a script can send, and none at all. */
const TYPES = [
  undefined,
  '',
  'text/plain',
  'application/json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'APPLICATION/JSON;x',
  'application/octet-stream',
  ';;;',
  'text/plain; application/json',
] as const

/** Limits, cross-site requests and addresses. */
export const judgementChecks: readonly AdapterCheck[] = [
  {
    name: 'limits with the RateLimit headers, then answers 429 with when to come again',
    run: (subject) =>
      withWorld(subject, { limits: { anonymous: { limit: 3, windowMs: 60_000 } } }, async ({ ask }) => {
        const answers = [await ask('/hello'), await ask('/hello'), await ask('/hello'), await ask('/hello')]
        deepEqual(
          answers.map(({ status }) => status),
          [200, 200, 200, 429],
        )
        match(String(answers[0]?.headers['ratelimit-policy']), /"anonymous";q=3;w=60/)
        match(String(answers[0]?.headers['ratelimit']), /"anonymous";r=2;t=\d+/)
        match(String(answers[3]?.headers['retry-after']), /^[1-9]\d*$/)
        const problem = JSON.parse(answers[3]?.body ?? '') as Record<string, unknown>
        deepEqual([problem['status'], problem['violated-policies']], [429, ['anonymous']])
        equal((await ask('/hello', { client: '192.0.2.99' })).status, 200)
      }),
  },
  {
    name: 'refuses every unsafe request of another site, whatever its content type claims, also without one',
    run: (subject) =>
      withWorld(subject, { limits: { anonymous: { limit: 10_000, windowMs: 60_000 } } }, async ({ ask, changes }) => {
        for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
          for (const type of TYPES) {
            const headers = { origin: 'https://evil.example', ...(type === undefined ? {} : { 'content-type': type }) }
            const refused = await ask('/change', { method, body: '{"to":"mallory"}', headers })
            deepEqual([method, type, refused.status], [method, type, 403])
            equal((JSON.parse(refused.body) as { code: string }).code, 'PPT_CSRF')
            match(String(refused.headers['vary']), /Origin/)
          }
        }
        for (const headers of [
          { origin: 'null' },
          { 'sec-fetch-site': 'same-site', origin: 'https://blog.shop.example' },
          { 'sec-fetch-site': 'cross-site' },
          { cookie: '__Host-session=x' },
        ])
          equal((await ask('/change', { method: 'POST', headers })).status, 403)
        equal(changes(), 0)
        equal((await ask('/change', { method: 'POST', headers: { origin: ORIGIN } })).status, 200)
        equal((await ask('/change', { method: 'DELETE', headers: { 'sec-fetch-site': 'same-origin', origin: ORIGIN } })).status, 200)
        equal(changes(), 2)
      }),
  },
  {
    name: 'refuses the WebSocket handshake of another site',
    run: (subject) =>
      withWorld(subject, {}, async ({ raw, changes }) => {
        const answer = await raw(
          'GET /socket HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\nOrigin: https://evil.example\r\nConnection: Upgrade\r\n' +
            'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n' +
            'GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
        )
        match(answer, /^HTTP\/1\.1 4\d\d /)
        equal(changes(), 0)
      }),
  },
  {
    name: 'believes the nearest proxy and not what a client wrote before it',
    run: (subject) =>
      withWorld(subject, {}, async ({ ask }) => {
        const who = async (forwarded: string): Promise<Who> => JSON.parse((await ask('/whoami', { client: forwarded })).body) as Who
        equal((await who('203.0.113.99, 192.0.2.5')).client, '192.0.2.5')
        equal((await who('127.0.0.1, 10.0.0.1, 192.0.2.6')).client, '192.0.2.6')
      }),
  },
  {
    name: 'without a declared proxy believes no header at all',
    needs: 'direct',
    run: (subject) =>
      withWorld(subject, { clientAddress: 'direct' }, async ({ ask }) => {
        for (const client of ['1.2.3.4', '1.2.3.4, 5.6.7.8', '127.0.0.2']) {
          const headers = { forwarded: 'for=9.9.9.9', 'x-real-ip': '1.1.1.1', 'cf-connecting-ip': '1.1.1.1', 'true-client-ip': '1.1.1.1' }
          equal((JSON.parse((await ask('/whoami', { client, headers })).body) as Who).client, '127.0.0.1')
        }
      }),
  },
  {
    name: 'takes an address and its mapped form for one client, and a whole /64 for one',
    run: (subject) =>
      withWorld(subject, { limits: { anonymous: { limit: 2, windowMs: 60_000 } } }, async ({ ask }) => {
        const mapped = JSON.parse((await ask('/whoami', { client: '::ffff:192.0.2.44' })).body) as Who
        deepEqual([mapped.client, mapped.key], ['192.0.2.44', '192.0.2.44'])
        equal((await ask('/hello', { client: '192.0.2.44' })).status, 200)
        equal((await ask('/hello', { client: '::ffff:c000:22c' })).status, 429)
        equal((await ask('/hello', { client: '::ffff:192.0.2.45' })).status, 200)
        for (const client of ['2001:db8::1', '2001:db8::ffff:1']) equal((await ask('/hello', { client })).status, 200)
        equal((await ask('/hello', { client: '2001:db8:0:0:9999::1' })).status, 429)
      }),
  },
  {
    name: 'keeps a session through sign-in, rotation and sign-out, and tells nobody else of it',
    run: (subject) =>
      withWorld(subject, {}, async ({ ask, login }) => {
        const who = async (cookie: string): Promise<Who> => JSON.parse((await ask('/whoami', { headers: { cookie } })).body) as Who
        const post = { method: 'POST', headers: { origin: ORIGIN } }
        const welcome = await login('anna', 'right')
        equal(welcome.status, 200)
        const set = (welcome.headers['set-cookie'] ?? []).find((cookie) => cookie.startsWith('__Host-session='))
        match(String(set), /; Path=\/; HttpOnly; Secure; SameSite=Lax/)
        const first = cookieOf(welcome, '__Host-session')
        deepEqual([(await who(first)).subject, (await who(first)).data], ['anna', { theme: 'dark' }])
        equal((await who('__Host-session=x')).subject, 'none')

        const rotated = await ask('/rotate', { ...post, headers: { ...post.headers, cookie: first } })
        const second = cookieOf(rotated, '__Host-session')
        equal(rotated.body, 'started')
        ok(second !== '' && second !== first)
        deepEqual([(await who(second)).subject, (await who(second)).data], ['anna', { theme: 'dark' }])

        const left = await ask('/logout', { ...post, headers: { ...post.headers, cookie: second } })
        match(String(left.headers['clear-site-data']), /storage/)
        equal((await who(second)).subject, 'none')
      }),
  },
  {
    name: 'locks an account after five failures with one answer for all, and lets its owner in from his own device',
    run: (subject) =>
      withWorld(subject, {}, async ({ login }) => {
        const welcome = await login('anna', 'right')
        const device = (welcome.headers['set-cookie'] ?? [])
          .map((cookie) => cookie.split(';')[0])
          .find((cookie) => cookie?.includes('device'))
        ok(device !== undefined)
        const answers = new Set<string>()
        for (const name of ['anna', 'nobody'])
          for (let i = 0; i < 7; i++) {
            const { status, body } = await login(name, 'wrong', { client: `203.0.113.${i + 1}` })
            answers.add(`${status} ${body}`)
          }
        equal(answers.size, 1)
        equal((await login('anna', 'right', { client: '203.0.113.50' })).status, 401)
        equal((await login('anna', 'right', { client: '203.0.113.51', headers: { cookie: device } })).status, 200)
      }),
  },
]
