import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict'
import type { AdapterCheck } from '../types.js'
import { ORIGIN, withWorld } from '../world.js'

const ASSESSMENT_TOKEN = 'assessment-token-of-the-conformance-suite-1'

const SECURITY: readonly (readonly [string, RegExp])[] = [
  // Express answers what is missing itself, and stricter
  ['content-security-policy', /default-src '(?:self|none)'/],
  ['x-content-type-options', /^nosniff$/],
  ['x-frame-options', /^DENY$/],
  ['referrer-policy', /^strict-origin-when-cross-origin$/],
  ['strict-transport-security', /^max-age=31536000/],
  ['cross-origin-opener-policy', /^same-origin$/],
]

/** Headers, nonces, and that answers are what the application meant. */
export const answerChecks: readonly AdapterCheck[] = [
  {
    name: 'puts the security headers on every answer: pages, refusals, redirects, what is missing and what fails',
    run: (subject) =>
      withWorld(subject, {}, async ({ ask }) => {
        const answers = [
          await ask('/hello'),
          await ask('/missing'),
          await ask('/throw?plain'),
          await ask('/away'),
          await ask('/stream'),
          await ask('/change', { method: 'POST', headers: { origin: 'https://evil.example' } }),
        ]
        deepEqual(
          answers.map(({ status }) => status),
          [200, 404, 500, 302, 200, 403],
        )
        for (const { headers } of answers) {
          for (const [name, value] of SECURITY) match(String(headers[name]), value, name)
          equal(headers['x-powered-by'], undefined)
          equal(headers['server'], undefined)
        }
      }),
  },
  {
    name: 'shows that it agrees to an assessment, as plain text and with the security headers, and nothing of the token',
    run: (subject) =>
      withWorld(subject, { assessment: { token: ASSESSMENT_TOKEN } }, async ({ ask }) => {
        const answer = await ask('/.well-known/parapet-assessment')
        equal(answer.status, 200)
        match(String(answer.headers['content-type']), /^text\/plain/)
        match(String(answer.headers['cache-control']), /no-store/)
        match(answer.body, /^parapet-assessment: v1 sha256:[0-9a-f]{64} until:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$/)
        ok(!answer.body.includes(ASSESSMENT_TOKEN))
        for (const [name, value] of SECURITY) match(String(answer.headers[name]), value, name)
        notEqual((await ask('/.well-known/parapet-assessment', { method: 'POST', headers: { origin: ORIGIN } })).status, 200)
      }),
  },
  {
    name: 'makes a fresh nonce for each answer, and the policy names the one that the page got',
    run: (subject) =>
      withWorld(subject, {}, async ({ ask }) => {
        const seen = new Set<string>()
        for (let i = 0; i < 20; i++) {
          const { body, headers } = await ask('/nonce')
          const [nonce = '', known] = body.split(' ')
          equal(nonce, known)
          match(nonce, /^[\w-]{22}$/)
          ok(String(headers['content-security-policy']).includes(`'nonce-${nonce}'`))
          seen.add(nonce)
        }
        equal(seen.size, 20)
      }),
  },
  {
    name: 'never answers that a page with a nonce is unchanged: its nonce would be one that the policy no longer names',
    run: (subject) =>
      withWorld(subject, {}, async ({ ask }) => {
        const first = await ask('/nonce')
        const again = await ask('/nonce', {
          headers: { 'if-none-match': first.headers['etag'] ?? '"x"', 'if-modified-since': new Date().toUTCString() },
        })
        equal(again.status, 200)
        notEqual(again.body, first.body)
        ok(String(again.headers['content-security-policy']).includes(`'nonce-${again.body.split(' ')[0] ?? ''}'`))
      }),
  },
  {
    name: 'keeps an answer with a nonce from every cache, and leaves others to the application',
    needs: 'lazy-nonce',
    run: (subject) =>
      withWorld(subject, {}, async ({ ask }) => {
        equal((await ask('/nonce')).headers['cache-control'], 'no-store')
        const { headers } = await ask('/hello')
        notEqual(headers['cache-control'], 'no-store')
        ok(!String(headers['content-security-policy']).includes('nonce'))
      }),
  },
  {
    name: 'answers HEAD with the headers and no body, refusals too',
    run: (subject) =>
      withWorld(subject, { limits: { anonymous: { limit: 1, windowMs: 60_000 } } }, async ({ ask }) => {
        const head = await ask('/hello', { method: 'HEAD' })
        deepEqual([head.status, head.body, head.headers['x-frame-options']], [200, '', 'DENY'])
        const refused = await ask('/hello', { method: 'HEAD' })
        deepEqual([refused.status, refused.body, refused.headers['content-type']], [429, '', 'application/problem+json'])
      }),
  },
  {
    name: 'keeps the cookies and the Vary of the application beside its own',
    run: (subject) =>
      withWorld(subject, {}, async ({ ask }) => {
        const { headers } = await ask('/cookies')
        deepEqual(
          (headers['set-cookie'] ?? []).map((cookie) => cookie.split(';')[0]),
          ['theme=dark', 'lang=en'],
        )
        match(String(headers['vary']), /Accept-Language/)
      }),
  },
  {
    name: 'lets an answer stream: its beginning arrives before its end is written',
    run: (subject) =>
      withWorld(subject, {}, async ({ raw, told }) => {
        const before = Date.now()
        const text = await raw('GET /stream HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\nConnection: close\r\n\r\n')
        ok(Date.now() - before >= 100)
        match(text, /first [\s\S]*second/)
        // two chunks, not one that waited for all
        ok(text.indexOf('second') - text.indexOf('first ') > 'first '.length)
        deepEqual(
          (await told(1)).map((event) => event['http.response.status_code']),
          [200],
        )
      }),
  },
  {
    name: 'does not stand in the way of a CORS preflight that the application answers',
    run: (subject) =>
      withWorld(subject, {}, async ({ ask }) => {
        const { status, headers } = await ask('/change', {
          method: 'OPTIONS',
          headers: { origin: 'https://partner.example', 'access-control-request-method': 'POST', 'sec-fetch-site': 'cross-site' },
        })
        equal(status, 204)
        equal(headers['access-control-allow-origin'], 'https://partner.example')
      }),
  },
  {
    name: 'keeps the context of 200 parallel requests apart',
    run: (subject) =>
      withWorld(subject, { limits: { anonymous: { limit: 10_000, windowMs: 60_000 } } }, async ({ ask }) => {
        const clients = Array.from({ length: 200 }, (_, i) => `198.51.100.${i + 1}`)
        const answers = await Promise.all(clients.map(async (client) => JSON.parse((await ask('/whoami', { client })).body) as Who))
        deepEqual(
          answers.map(({ client }) => client),
          clients,
        )
        equal(new Set(answers.map(({ id }) => id)).size, 200)
      }),
  },
  {
    name: 'tells of every request once, with the status that was sent',
    run: (subject) =>
      withWorld(subject, {}, async ({ ask, told }) => {
        await ask('/hello')
        await ask('/throw?public')
        await ask('/change', { method: 'POST', headers: { origin: 'https://evil.example' } })
        await ask('/change', { method: 'POST', headers: { origin: ORIGIN } })
        const seen = (await told(4)).map((event) => `${event['url.path'] ?? ''} ${event['http.response.status_code'] ?? ''}`)
        deepEqual(seen.toSorted(), ['/change 200', '/change 403', '/hello 200', '/throw 409'])
      }),
  },
]

/** What `/whoami` says. */
export type Who = {
  readonly id: string
  readonly client: string
  readonly key: string
  readonly subject: string
  readonly data: Readonly<Record<string, unknown>> | null
}
