import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import type { Decision, SecurityEvent, Store, EnforcerReport, SubjectImport } from '@parapet/core'
import { afterEach, describe, expect, it } from 'vitest'
import type { GuardRequest } from '../request/guard-request.js'
import { memoryStore } from '../store/memory-store.js'
import type { Diagnostic } from './diagnostics.js'
import { createGuard, type Guard, type Passage } from './guard.js'
import type { GuardOptions } from './options.js'

const ORIGIN = 'https://app.example'
const SECRET = 'k3y-for-tests-0123456789abcdefghij'
const closing: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

type Setup = {
  guard: Guard
  events: SecurityEvent[]
  diagnostics: Diagnostic[]
  advance: (ms: number) => void
  go: (over?: Partial<GuardRequest>, headers?: Record<string, string>) => Promise<Passage>
}
const setup = (options: Partial<GuardOptions> = {}): Setup => {
  let now = 1_800_000_000_000
  const events: SecurityEvent[] = []
  const diagnostics: Diagnostic[] = []
  const guard = createGuard({
    clientAddress: 'direct',
    publicOrigins: [ORIGIN],
    secret: SECRET,
    clock: () => now,
    onEvent: (event) => events.push(event),
    onDiagnostic: (diagnostic) => diagnostics.push(diagnostic),
    ...options,
  })
  closing.push(() => guard.close())
  return {
    guard,
    events,
    diagnostics,
    advance: (ms) => {
      now += ms
    },
    go: async (over = {}, headers = {}) =>
      guard.enter({ method: 'GET', url: '/', header: (name) => headers[name], peer: '203.0.113.7', secure: false, ...over }),
  }
}
let serial = 0
const decision = (over: Partial<Decision> = {}): Decision => ({
  id: `00000000-0000-7000-8000-${String(++serial).padStart(12, '0')}`,
  revision: serial,
  target: { kind: 'ip', value: '203.0.113.7' },
  action: 'deny',
  scope: 'all',
  mode: 'enforce',
  reason: 'brute force',
  author: { kind: 'policy', id: 'p' },
  batch: 'b',
  startsAt: 0,
  expiresAt: 9e15,
  ...over,
})
const status = (passage: Passage): number => passage.refusal?.status ?? 200
const header = (passage: Passage, name: string): string | undefined => passage.headers.find(([key]) => key === name)?.[1]
const signIn = async ({ guard }: Setup, subject = 'anna'): Promise<{ cookie: string }> => {
  const started = await guard.sessions.start(
    subject,
    {},
    { method: 'POST', url: '/login', header: () => undefined, peer: '203.0.113.7', secure: false },
  )
  if (started.kind !== 'started') throw new Error(started.kind)
  return { cookie: started.cookie.split(';')[0] ?? '' }
}

describe('a request', () => {
  it('passes with security headers, a fresh nonce and an event', async () => {
    const s = setup()
    const [first, second] = [await s.go({ url: '/a?b=1' }), await s.go()]
    expect(status(first)).toBe(200)
    expect(header(first, 'Content-Security-Policy')).toContain(`'nonce-${first.context.nonce}'`)
    expect(first.context.nonce).not.toBe(second.context.nonce)
    expect(header(first, 'Strict-Transport-Security')).toContain('max-age=')
    expect(s.events).toEqual([])
    first.done(204)
    expect(s.events).toMatchObject([
      { 'event.action': 'http-request', 'url.path': '/a', 'http.response.status_code': 204, 'source.ip': '203.0.113.7' },
    ])
  })

  it('of a signed-in user knows who it is', async () => {
    const s = setup()
    const passage = await s.go({}, await signIn(s))
    expect(passage.context.session).toMatchObject({ kind: 'active', session: { subject: 'anna' } })
    passage.done(200)
    expect(s.events[0]).toMatchObject({ 'user.id': 'anna' })
  })

  it('gets no HSTS and a plain cookie name where the application is reached over http', async () => {
    const s = setup({ publicOrigins: ['http://localhost:3000'] })
    expect(header(await s.go(), 'Strict-Transport-Security')).toBeUndefined()
    expect(s.guard.sessions.cookieName).toBe('session')
    expect(setup().guard.sessions.cookieName).toBe('__Host-session')
  })
})

describe('decisions', () => {
  it('come before everything and tell the person only a reference', async () => {
    const s = setup()
    const deny = decision()
    s.guard.decisions.apply(deny)
    const passage = await s.go({ method: 'POST' }, { origin: 'https://evil.example' })
    expect(passage.refusal).toMatchObject({ status: 403, problem: { code: 'PPT_BLOCKED', instance: `urn:uuid:${deny.id}` } })
    expect(JSON.stringify(passage.refusal?.problem)).not.toContain('brute force')
    passage.done(403)
    expect(s.events[0]).toMatchObject({ 'event.reason': 'decision', 'parapet.decision': deny.id })
    expect(s.guard.limiter.stats().keys).toBe(0)
  })

  it('of scope login stop sign-in, in any spelling of its path, and leave the page', async () => {
    const s = setup()
    s.guard.decisions.apply(decision({ scope: 'login' }))
    expect(status(await s.go({ method: 'POST', url: '/login' }))).toBe(403)
    for (const url of [
      '/LOGIN/?x',
      '//login',
      '/%6cogin',
      '/login#x',
      '/login?#',
      'http://app.example/login',
      'http://a:b@x/Login/#?',
      '/login;x',
    ])
      expect([url, status(await s.go({ method: 'POST', url }))]).toEqual([url, 403])
    expect(status(await s.go({ method: 'GET', url: '/login' }))).toBe(200)
    expect(status(await s.go({ url: '/' }))).toBe(200)
    expect(status(await s.go({ method: 'POST', url: '/login', peer: '203.0.113.8' }))).toBe(200)
  })

  it('about a user hold after his session is known', async () => {
    const s = setup()
    s.guard.decisions.apply(decision({ target: { kind: 'user', value: 'anna' } }))
    expect(status(await s.go({}, await signIn(s)))).toBe(403)
    expect(status(await s.go({}, await signIn(s, 'bert')))).toBe(200)
  })

  it('about a name hold at the shield, on whatever route credentials are checked', async () => {
    const s = setup()
    s.guard.decisions.apply(decision({ target: { kind: 'user', value: 'anna' }, scope: 'login', expiresAt: 1_800_000_060_000 }))
    const request: GuardRequest = { method: 'POST', url: '/other', header: () => undefined, peer: '203.0.113.9', secure: false }
    let verified = 0
    const attempt = (subject: string): Promise<unknown> => s.guard.login.attempt({ subject, method: 'password', request }, () => ++verified)
    expect(await attempt(' ANNA ')).toEqual({ kind: 'locked', scope: 'decision', retryAfter: 60 })
    expect(await attempt('bert')).toMatchObject({ kind: 'ok' })
    expect(verified).toBe(1)
    expect(s.events[0]).toMatchObject({ 'event.action': 'login', 'event.outcome': 'failure', 'event.reason': 'decision' })
  })

  it('that only observe are reported and not enforced', async () => {
    const s = setup()
    s.guard.decisions.apply(decision({ mode: 'observe' }))
    const passage = await s.go()
    expect(status(passage)).toBe(200)
    passage.done(200)
    expect(s.events[0]).toMatchObject({ 'event.reason': 'decision_observed' })
  })

  it('are lifted at once', async () => {
    const s = setup()
    const deny = decision()
    s.guard.decisions.apply(deny)
    expect(status(await s.go())).toBe(403)
    s.guard.decisions.apply({ ...deny, revision: ++serial, lifted: { at: 1, by: { kind: 'operator', id: 'o' }, reason: 'mistake' } })
    expect(status(await s.go())).toBe(200)
  })
})

describe('limits', () => {
  it('are 120 a minute for somebody who is not signed in, with the fields of draft 10', async () => {
    const s = setup()
    for (let i = 0; i < 120; i++) expect(status(await s.go())).toBe(200)
    const passage = await s.go()
    expect(passage.refusal).toMatchObject({ status: 429, problem: { 'violated-policies': ['anonymous'] } })
    expect(header(passage, 'Retry-After')).toBe('1')
    expect(header(passage, 'RateLimit')).toBe('"anonymous";r=0;t=1')
    expect(status(await s.go({ peer: '203.0.113.8' }))).toBe(200)
  })

  it('count a /64 as one client', async () => {
    const s = setup({ limits: { anonymous: { limit: 2, windowMs: 60_000 } } })
    for (const [peer, expected] of [
      ['2001:db8::1', 200],
      ['2001:db8::2', 200],
      ['2001:db8::3', 429],
      ['2001:db8:0:1::1', 200],
    ] as const) {
      expect(status(await s.go({ peer }))).toBe(expected)
    }
  })

  it('are 1000 an hour for a user, whatever his neighbours behind the same address do', async () => {
    const s = setup({ limits: { anonymous: { limit: 1, windowMs: 60_000 }, user: { limit: 3, windowMs: 3_600_000 } } })
    await s.go()
    expect(status(await s.go())).toBe(429)
    const cookie = await signIn(s)
    expect([
      status(await s.go({}, cookie)),
      status(await s.go({}, cookie)),
      status(await s.go({}, cookie)),
      status(await s.go({}, cookie)),
    ]).toEqual([200, 200, 200, 429])
  })

  it('count a made-up session cookie as nobody', async () => {
    const s = setup({ limits: { anonymous: { limit: 1, windowMs: 60_000 } } })
    const cookie = { cookie: `__Host-session=${'a'.repeat(43)}` }
    expect([status(await s.go({}, cookie)), status(await s.go({}, cookie))]).toEqual([200, 429])
  })

  it('are five in any hour on routes declared sensitive', async () => {
    const s = setup({ sensitiveRoutes: ['/sign-up'] })
    let through = 0
    for (let minute = 0; minute < 60; minute++) {
      if (status(await s.go({ method: 'POST', url: '/sign-up' })) === 200) through++
      s.advance(60_000)
    }
    expect(through).toBe(5)
    expect(status(await s.go({ method: 'GET', url: '/sign-up' }))).toBe(200)
  })

  it('on sensitive routes hold for every target that a router takes for the same', async () => {
    const s = setup({ sensitiveRoutes: ['/sign-up'], limits: { sensitive: { limit: 1, windowMs: 3_600_000 } } })
    expect(status(await s.go({ method: 'POST', url: '/sign-up' }))).toBe(200)
    for (const url of ['/sign-up#x', 'http://app.example/sign-up', '/SIGN-UP/', '/sign-up;x', '/%73ign-up?x'])
      expect([url, status(await s.go({ method: 'POST', url }))]).toEqual([url, 429])
  })

  it('say nothing on sign-in routes, which the shield governs', async () => {
    const s = setup({ limits: { anonymous: { limit: 1, windowMs: 60_000 } } })
    for (let i = 0; i < 5; i++) {
      const passage = await s.go({ method: 'POST', url: '/login' })
      expect(status(passage)).toBe(200)
      expect(header(passage, 'RateLimit')).toBeUndefined()
    }
  })

  it('on requests at a time are held, and given back when the answer is out, in this process too', async () => {
    const s = setup({ limits: { anonymous: { kind: 'concurrency', limit: 2, leaseMs: 60_000 } } })
    const [first, second, third] = [await s.go(), await s.go(), await s.go()]
    expect([status(first), status(second), status(third)]).toEqual([200, 200, 429])
    third.done(429)
    expect(status(await s.go())).toBe(429)
    first.done(200)
    expect([status(await s.go()), status(await s.go())]).toEqual([200, 429])
    expect(s.diagnostics).toEqual([])
  })

  it('count what only some router takes for a sign-in like anything else', async () => {
    const s = setup({ limits: { anonymous: { limit: 1, windowMs: 60_000 } } })
    // Express, Fastify and Hono run the handler of /transfer/:amount/:memo
    const evil = { method: 'POST', url: '/transfer/100/..%2f..%2f..%2flogin' }
    expect([status(await s.go(evil)), status(await s.go(evil)), status(await s.go({ method: 'POST', url: '/login' }))]).toEqual([
      200, 429, 200,
    ])
  })

  it('cannot be got around by a target that each router reads in its own way', async () => {
    const s = setup({ sensitiveRoutes: ['/sign-up'] })
    for (const url of [`${'a'.repeat(40)}://h/sign-up`, 'http://x?/sign-up', '/sign-up\u00a0', '//a@b/sign-up#x', 'sign-up']) {
      const passage = await s.go({ method: 'POST', url })
      expect([url, status(passage)]).toEqual([url, 400])
      expect(passage.refusal).toMatchObject({ reason: 'target', problem: { code: 'PPT_INVALID' } })
    }
    const watching = setup({ observe: ['target'] })
    expect(status(await watching.go({ method: 'GET', url: '/x#y' }))).toBe(200)
  })

  it('do not put everybody into one bucket when the address cannot be known, and say so once a minute', async () => {
    const s = setup({ clientAddress: { trusted: ['203.0.113.7'] }, limits: { anonymous: { limit: 1, windowMs: 60_000 } } })
    for (let i = 0; i < 5; i++) expect(status(await s.go())).toBe(200)
    expect(s.diagnostics).toMatchObject([{ code: 'client_address_unknown', count: 1 }])
    s.advance(60_000)
    await s.go()
    expect(s.diagnostics[1]).toMatchObject({ count: 5 })
    expect(s.events.filter((event) => event['event.dataset'] === 'guard.diagnostic')).toHaveLength(2)
  })
})

describe('clients that cannot be known', () => {
  it('have a limit of their own for each TCP peer where the application asks for it', async () => {
    const s = setup({
      clientAddress: { hops: 1 },
      limits: { unknown: { limit: 2, windowMs: 60_000 }, anonymous: { limit: 5, windowMs: 60_000 } },
    })
    const three = async (peer: string | undefined): Promise<number[]> => [
      status(await s.go({ peer })),
      status(await s.go({ peer })),
      status(await s.go({ peer })),
    ]
    expect(await three('203.0.113.1')).toEqual([200, 200, 429])
    expect(await three('203.0.113.2')).toEqual([200, 200, 429])
    expect(await three(undefined)).toEqual([200, 200, 429])
    // who came through the proxy is known and counted as ever
    expect(status(await s.go({ peer: '203.0.113.1' }, { 'x-forwarded-for': '198.51.100.1' }))).toBe(200)
    // and so is who is signed in
    expect(status(await s.go({ peer: '203.0.113.1' }, await signIn(s)))).toBe(200)
  })
})

describe('a proxy that nobody has named', () => {
  const told = (s: Setup): string[] => s.diagnostics.filter(({ code }) => code === 'one_address').map(({ detail }) => detail)
  const many = async (s: Setup, count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      await s.go({ peer: '10.0.0.5' }, { 'x-forwarded-for': `203.0.113.${i % 250}` })
      s.advance(600)
    }
  }

  it('is told when everybody comes from its address, to the control plane too', async () => {
    const s = setup()
    await many(s, 1_100)
    expect(told(s)).toHaveLength(1)
    expect(told(s)[0]).toContain('from 10.0.0.5: if it is a proxy, clientAddress must name it')
    expect(s.events.find((event) => event['event.reason'] === 'one_address')).toMatchObject({ 'event.dataset': 'guard.diagnostic' })
  })

  it('is not suspected once it is named', async () => {
    const s = setup({ clientAddress: { trusted: ['10.0.0.0/8'] } })
    await many(s, 1_100)
    expect(told(s)).toEqual([])
  })

  it('is not suspected in a flood that the limit turns away', async () => {
    const s = setup()
    for (let i = 0; i < 3_000; i++) await s.go({ peer: '198.51.100.66' })
    expect(told(s)).toEqual([])
  })
})

describe('requests of other sites', () => {
  it('are refused before the application, also without a session', async () => {
    const s = setup()
    const passage = await s.go({ method: 'POST', url: '/transfer' }, { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' })
    expect(passage.refusal).toMatchObject({ status: 403, problem: { code: 'PPT_CSRF', detail: 'cross_site' } })
    expect(header(passage, 'Vary')).toBe('Sec-Fetch-Site, Origin')
  })

  it('are refused at sign-in too', async () => {
    expect(status(await setup().go({ method: 'POST', url: '/login' }, { origin: 'https://evil.example' }))).toBe(403)
  })

  it('without either header pass only without a session', async () => {
    const s = setup()
    expect(status(await s.go({ method: 'POST', url: '/transfer' }))).toBe(200)
    expect(status(await s.go({ method: 'POST', url: '/transfer' }, await signIn(s)))).toBe(403)
    expect(status(await s.go({ method: 'POST', url: '/transfer' }, { ...(await signIn(s)), origin: ORIGIN }))).toBe(200)
  })
})

describe('observe mode', () => {
  it('reports what would be refused, and lets it pass', async () => {
    const s = setup({ mode: 'observe', limits: { anonymous: { limit: 1, windowMs: 60_000 } } })
    s.guard.decisions.apply(decision())
    const blocked = await s.go()
    const cross = await s.go({ method: 'POST', peer: '203.0.113.8' }, { origin: 'https://evil.example' })
    await s.go({ peer: '203.0.113.9' })
    const limited = await s.go({ peer: '203.0.113.9' })
    for (const passage of [blocked, cross, limited]) {
      expect(status(passage)).toBe(200)
      passage.done(200)
    }
    expect(s.events.map((event) => event['event.reason'])).toEqual(['decision_observed', 'csrf_observed', 'limited_observed'])
    expect(s.guard.status().mode).toBe('observe')
  })

  it('does not open the login shield', async () => {
    const s = setup({ mode: 'observe' })
    const request: GuardRequest = { method: 'POST', url: '/login', header: () => undefined, peer: '203.0.113.7', secure: false }
    for (let i = 0; i < 5; i++) await s.guard.login.attempt({ subject: 'anna', method: 'password', request }, () => false)
    expect(await s.guard.login.attempt({ subject: 'anna', method: 'password', request }, () => true)).toMatchObject({ kind: 'locked' })
  })
})

describe('a stolen session', () => {
  it('is told, ended, and its cookie cleared', async () => {
    const s = setup()
    const old = await signIn(s)
    const request = {
      method: 'GET',
      url: '/',
      header: (name: string) => (name === 'cookie' ? old.cookie : undefined),
      peer: '203.0.113.7',
      secure: false,
    }
    await s.guard.sessions.rotate(request)
    s.advance(11_000)
    const passage = await s.go({}, old)
    expect(passage.context.session.kind).toBe('replayed')
    expect(header(passage, 'Set-Cookie')).toContain('Max-Age=0')
    expect(s.events).toContainEqual(expect.objectContaining({ 'event.action': 'session-replayed', 'user.id': 'anna' }))
  })
})

describe('trouble of our own', () => {
  const down = (): never => {
    throw new Error('down')
  }
  const broken: Store = {
    read: async () => down(),
    write: async () => down(),
    remove: async () => down(),
    list: async () => down(),
    removeGroup: async () => down(),
  }

  it('with the store makes nobody signed in and nobody signed out, and is said', async () => {
    const s = setup({ store: broken })
    const passage = await s.go({}, { cookie: `__Host-session=${'a'.repeat(43)}` })
    expect(status(passage)).toBe(200)
    expect(passage.context.session.kind).toBe('degraded')
    expect(s.diagnostics).toMatchObject([{ code: 'session_store_away' }])
  })

  it('never lets a change or a sign-in through unjudged; a page may still be read', async () => {
    const s = setup()
    const bad = (name: string): never => down() ?? name
    expect(status(await s.go({ header: bad }))).toBe(200)
    expect(status(await s.go({ header: bad, method: 'POST' }))).toBe(503)
    expect(status(await s.go({ header: bad, method: 'POST', url: '/login' }))).toBe(503)
    expect(s.diagnostics[0]).toMatchObject({ code: 'guard_error' })
  })

  it('in a listener breaks nothing', async () => {
    const s = setup({ onEvent: down, onDiagnostic: down, clientAddress: { hops: 1 } })
    const passage = await s.go()
    expect(status(passage)).toBe(200)
    expect(() => passage.done(200)).not.toThrow()
  })
})

describe('with a control plane', () => {
  type Plane = {
    url: string
    got: SecurityEvent[]
    reports: EnforcerReport[]
    users: string[]
    push: (text: string) => void
    stop: () => void
  }
  const plane = async (first = ''): Promise<Plane> => {
    const got: SecurityEvent[] = []
    const reports: EnforcerReport[] = []
    const users: string[] = []
    let stream: ServerResponse | undefined
    const server = createServer((request: IncomingMessage, response: ServerResponse) => {
      if (request.url === '/v1/decisions/stream') {
        stream = response
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write(`event: snapshot\nid: 1\ndata: {"revision":1,"decisions":[${first}]}\n\n`)
        return
      }
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const body = Buffer.concat(chunks)
        if (request.url === '/v1/enforcers/reports') reports.push(...(JSON.parse(body.toString()) as { reports: EnforcerReport[] }).reports)
        if (request.url === '/v1/subjects/import')
          users.push(...(JSON.parse(body.toString()) as SubjectImport).subjects.map(({ id }) => id))
        if (request.url !== '/v1/events') {
          response.writeHead(200).end('{}')
          return
        }
        const lines = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString().split('\n')
        got.push(...lines.map((line) => JSON.parse(line) as SecurityEvent))
        response.writeHead(202).end(JSON.stringify({ accepted: lines.length, duplicates: 0, rejected: [] }))
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const stop = (): void => {
      server.closeAllConnections()
      server.close()
    }
    closing.push(stop)
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      got,
      reports,
      users,
      push: (text) => stream?.write(text),
      stop,
    }
  }
  const until = async (what: () => boolean): Promise<void> => {
    for (let i = 0; i < 500 && !what(); i++) await new Promise((resolve) => setTimeout(resolve, 10))
    expect(what()).toBe(true)
  }

  it('says what it holds as soon as it knows, and who the users of the application are when it is told', async () => {
    const control = await plane(JSON.stringify(decision({ id: 'd1', revision: 1 })))
    const s = setup({ controlPlane: { url: control.url, token: 'ppt_test-token' } })
    await until(() => control.reports.some(({ held }) => held === 1))
    expect(control.reports.at(-1)).toMatchObject({ kind: 'guard', revision: 1, wanted: 1, held: 1, mode: 'enforce' })
    expect(await s.guard.subjects.import([{ id: 'anna' }, { id: 'bert', roles: ['admin'] }])).toEqual({ taken: 2 })
    expect(control.users).toEqual(['anna', 'bert'])
    expect(await setup().guard.subjects.import([{ id: 'anna' }])).toEqual({ taken: 0 })
    await s.guard.close()
  })

  it('sends events up and obeys decisions within a second', async () => {
    const control = await plane()
    const s = setup({ controlPlane: { url: control.url, token: 'ppt_test-token' } })
    await until(() => s.guard.status().controlPlane === 'live')
    ;(await s.go({ url: '/x' })).done(200)
    await until(() => control.got.length === 1)
    expect(control.got[0]).toMatchObject({ 'event.dataset': 'guard.request', 'url.path': '/x' })
    const deny = decision()
    const began = Date.now()
    control.push(`event: decision\nid: ${deny.revision}\ndata: ${JSON.stringify(deny)}\n\n`)
    await until(() => s.guard.status().decisions === 1)
    expect(Date.now() - began).toBeLessThan(1_000)
    expect(status(await s.go())).toBe(403)
    expect(s.guard.status()).toMatchObject({ controlPlane: 'live', deviceCookies: 'on', events: { dropped: 0 } })
  })

  it('goes on with the decisions it has when the control plane is away, and says so', async () => {
    const control = await plane(JSON.stringify(decision()))
    const s = setup({ controlPlane: { url: control.url, token: 'ppt_test-token' } })
    await until(() => s.guard.status().decisions === 1)
    control.stop()
    await until(() => s.guard.status().controlPlane === 'away')
    expect(status(await s.go())).toBe(403)
    expect(status(await s.go({ peer: '203.0.113.8' }))).toBe(200)
    expect(s.diagnostics.map(({ code }) => code)).toContain('control_plane_away')
  })

  it('says which decisions it cannot do', async () => {
    const control = await plane(JSON.stringify(decision({ action: 'challenge' })))
    const s = setup({ secret: undefined, controlPlane: { url: control.url, token: 'ppt_test-token' } })
    await until(() => s.diagnostics.some(({ code }) => code === 'decision_unsupported'))
    expect(s.guard.status().unsupported).toEqual(['challenge: needs keyring or secret'])
    expect(status(await s.go())).toBe(200)
  })
})

describe('at start', () => {
  it('says what is weak about the configuration', () => {
    const s = setup({ secret: undefined, publicOrigins: ['http://10.0.0.5'], headers: { csp: { 'base-uri': null } } })
    expect(s.diagnostics.map(({ code }) => code)).toEqual(['device_cookies_off', 'cleartext', 'headers_weak'])
    expect(s.guard.status().deviceCookies).toBe('off')
    expect(setup().diagnostics).toEqual([])
  })

  it.each<[Record<string, unknown>, string]>([
    [{ clientAddress: undefined }, 'clientAddress'],
    [{ publicOrigins: undefined }, 'publicOrigins'],
    [{ publicOrigins: ['https://app.example', 'http://app.example'] }, 'leave the http origins out'],
    [{ mode: 'off' }, 'mode is "off"'],
    [{ controlPlane: { url: 'http://localhost:8700' } }, 'controlPlane.token'],
    [{ controlPlane: { url: 'http://localhost:8700', token: 'ppt_test-token', retries: 3 } }, 'controlPlane has no option "retries"'],
    [{ controlPlane: null }, 'controlPlane'],
    [{ loginRoutes: ['login'] }, 'loginRoutes'],
    [{ limits: { anonymus: { limit: 1, windowMs: 1 } } }, 'limits has no option "anonymus"'],
    [{ limits: { user: { limit: 0, windowMs: 1 } } }, 'policies.user.limit'],
    [{ preset: 'web' }, 'headers.preset'],
    [{ session: { idle: 5 } }, 'session has no option "idle"'],
    [{ login: { failures: 0 } }, 'login.failures'],
    [{ csrf: { exempt: ['/hooks/*'] } }, 'csrf.exempt'],
    [{ secret: 'short' }, 'secret is a text of 5'],
    [{ store: {} }, 'session.store'],
    [{ cors: true }, 'createGuard has no option "cors"'],
  ])('refuses %j by name', (options, message) => {
    const make = (): Guard => createGuard({ clientAddress: 'direct', publicOrigins: [ORIGIN], onDiagnostic: () => undefined, ...options })
    expect(make).toThrow(message)
  })

  it('takes a store of the application', async () => {
    const s = setup({ store: memoryStore() })
    expect(status(await s.go({}, await signIn(s)))).toBe(200)
  })
})

describe('with a masker', () => {
  const masker = { text: (value: string): string => value.replaceAll(/[\w.]+@[\w.]+/g, '[email]') }

  it('sends and tells no text that the masker has not seen, and still names whom a decision could be made on', async () => {
    const s = setup({ masker })
    const passage = await s.go({ url: '/reset/anna@example.org?to=anna@example.org' }, { 'user-agent': 'bot anna@example.org' })
    passage.done(200)
    const request: GuardRequest = {
      method: 'POST',
      url: '/login?anna@example.org',
      header: () => undefined,
      peer: '203.0.113.7',
      secure: true,
    }
    await s.guard.login.attempt({ subject: 'anna@example.org', method: 'password', request }, () => false)
    const texts = s.events.map(({ 'user.name': _name, ...event }) => JSON.stringify(event))
    expect(texts.join('\n')).not.toContain('anna@')
    expect(texts.join('\n')).toContain('[email]')
    expect(s.events.at(-1)).toMatchObject({ 'user.name': 'anna@example.org', 'event.dataset': 'guard.login' })
  })

  it('is refused at the start when it is none', () => {
    expect(() => setup({ masker: {} as never })).toThrow(/masker/)
  })
})
