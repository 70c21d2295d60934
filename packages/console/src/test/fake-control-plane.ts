import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import type { AlertView, Decision, DecisionRequest } from '@parapet/core'
import { ERRORS, parseDuration, parseRange, toProblem } from '@parapet/core'

import { answerAccount } from './fake-account.js'
import type { DetectWorld } from './fake-detect.js'
import { answerDetect, makeDetectWorld } from './fake-detect.js'
import type { RespondWorld } from './fake-respond.js'
import { answerRespond, makeRespondWorld } from './fake-respond.js'
import type { PeopleWorld } from './fake-people.js'
import { answerPeople, makePeopleWorld } from './fake-people.js'
import { makeDetail, makeOverview } from './fixtures.js'

/** The policy under which the built site has to work; the strictest that a browser knows. */
export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; " +
  "frame-ancestors 'none'; form-action 'self'; require-trusted-types-for 'script'; trusted-types 'none'"

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}

/** What the fake control plane holds; tests change it while the server runs. */
export type World = {
  operator: { readonly id: string; readonly name: string; readonly role: 'admin' | 'viewer' }
  password: string
  setupLink: string | undefined
  signedIn: Set<string>
  alerts: AlertView[]
  decisions: Decision[]
  detect: DetectWorld
  people: PeopleWorld
  respond: RespondWorld
  empty: boolean
  /** operators and passkeys that were removed */
  readonly gone: Set<string>
  /** answers every API request except the session with this code */
  failing: keyof typeof ERRORS | undefined
  /** leaves API requests without an answer */
  hanging: boolean
  /** closes streams at once instead of holding them */
  streamsDown: boolean
  requests: { readonly method: string; readonly path: string; readonly body: unknown }[]
}

/** A server of the built site and of the API's contract, with data in memory. */
export type FakeControlPlane = {
  readonly url: string
  readonly world: World
  readonly emitAlert: (alert: AlertView) => void
  readonly emitDecision: (decision: Decision) => void
  readonly dropStreams: () => void
  readonly streams: () => number
  readonly close: () => Promise<void>
}

const readBody = async (request: IncomingMessage): Promise<unknown> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  return text === '' ? undefined : JSON.parse(text)
}

const cookieOf = (request: IncomingMessage): string => /(?:^|; )session=([a-f0-9]+)/.exec(request.headers.cookie ?? '')?.[1] ?? ''

const pageOf = <T>(items: readonly T[], query: URLSearchParams): { items: readonly T[]; next: string | null } => {
  const from = Number(query.get('cursor') ?? 0)
  const to = from + Number(query.get('limit') ?? 50)
  return { items: items.slice(from, to), next: to < items.length ? String(to) : null }
}

const PERMISSIONS = {
  admin: [
    'events.read',
    'alerts.read',
    'decisions.read',
    'decisions.write',
    'triage.write',
    'rules.manage',
    'sources.manage',
    'operators.manage',
    'policies.manage',
    'lockdown.manage',
    'subjects.read',
    'subjects.write',
    'notifications.read',
    'notifications.manage',
    'incidents.read',
    'incidents.write',
  ],
  viewer: ['events.read', 'alerts.read', 'decisions.read', 'subjects.read', 'notifications.read', 'incidents.read'],
} as const
const ORDER = ['informational', 'low', 'medium', 'high', 'critical']

/** Starts the server on a free port of loopback. */
export const startFakeControlPlane = async (site: string, seed: Partial<World> = {}): Promise<FakeControlPlane> => {
  const world: World = {
    operator: { id: 'op-1', name: 'ada', role: 'admin' },
    password: 'correct horse battery staple',
    setupLink: undefined,
    signedIn: new Set(),
    alerts: [],
    decisions: [],
    detect: makeDetectWorld(Date.now(), seed.empty === true),
    people: makePeopleWorld(Date.now(), seed.empty === true),
    respond: makeRespondWorld(Date.now(), seed.empty === true),
    empty: false,
    gone: new Set(),
    failing: undefined,
    hanging: false,
    streamsDown: false,
    requests: [],
    ...seed,
  }
  const streams = new Map<ServerResponse, 'alerts' | 'decisions'>()
  let revision = 1_000

  const json = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void => {
    response
      .writeHead(status, { 'content-type': status >= 400 ? 'application/problem+json' : 'application/json', ...headers })
      .end(body === undefined ? undefined : JSON.stringify(body))
  }
  const problem = (response: ServerResponse, code: keyof typeof ERRORS, detail?: string): void =>
    json(response, ERRORS[code].status, toProblem(code, { detail, instance: '0199a7c2-5b1e-7a10-8000-3f2d9c4e1b77' }))

  const emit = (kind: 'alerts' | 'decisions', event: string, id: number, data: unknown): void => {
    for (const [stream, of] of streams) if (of === kind) stream.write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  }
  const emitDecision = (decision: Decision): void => {
    const fresh = { ...decision, revision: ++revision }
    world.alerts = world.alerts.map((alert) =>
      alert.id === fresh.alertId && !alert.decisionIds.includes(fresh.id)
        ? Object.assign(structuredClone(alert), { decisionIds: [...alert.decisionIds, fresh.id] })
        : alert,
    )
    world.decisions = [fresh, ...world.decisions.filter((known) => known.id !== fresh.id)]
    emit('decisions', 'decision', revision, fresh)
  }
  const lift = (ids: readonly string[], reason: string): readonly Decision[] => {
    const lifted = world.decisions
      .filter((decision) => ids.includes(decision.id))
      .map((decision): Decision =>
        Object.assign(structuredClone(decision), {
          lifted: { at: Date.now(), by: { kind: 'operator', id: world.operator.id, name: world.operator.name }, reason },
        }),
      )
    for (const decision of lifted) emitDecision(decision)
    return lifted
  }

  const stream = (response: ServerResponse, kind: 'alerts' | 'decisions'): void => {
    if (world.streamsDown) return problem(response, 'PPT_DATABASE_UNAVAILABLE')
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write(': hello\n\n')
    streams.set(response, kind)
    response.on('close', () => streams.delete(response))
    if (kind !== 'decisions') return undefined
    const decisions = world.decisions.filter((decision) => decision.lifted === undefined && decision.expiresAt > Date.now())
    response.write(`id: ${revision}\nevent: snapshot\ndata: ${JSON.stringify({ revision, decisions })}\n\n`)
    return undefined
  }

  const decide = (response: ServerResponse, body: DecisionRequest): void => {
    if (parseRange(body.target.value) === undefined) return problem(response, 'PPT_ADDRESS_INVALID')
    if (body.target.value.startsWith('127.')) return problem(response, 'PPT_PROTECTED_TARGET', 'loopback')
    const span = parseDuration(body.duration)
    if (span === undefined || span > 30 * 86_400_000) return problem(response, 'PPT_INVALID', 'duration: takes 1m to 30d')
    const now = Date.now()
    const made: Decision = {
      id: `made-${now}`,
      revision: 0,
      target: body.target,
      action: body.action,
      scope: body.scope,
      mode: 'enforce',
      reason: body.reason,
      author: { kind: 'operator', id: world.operator.id, name: world.operator.name },
      batch: `made-${now}`,
      startsAt: now,
      expiresAt: now + span,
    }
    emitDecision(made)
    return json(response, 201, made)
  }

  const listDecisions = (query: URLSearchParams): readonly Decision[] => {
    const now = Date.now()
    const state = query.get('state')
    const target = query.get('target')
    return world.decisions.filter((decision) => {
      if (target !== null && decision.target.value !== target) return false
      if (state === 'lifted') return decision.lifted !== undefined
      if (state === 'expired') return decision.lifted === undefined && decision.expiresAt <= now
      return state === 'active' ? decision.lifted === undefined && decision.expiresAt > now : true
    })
  }

  const listAlerts = (query: URLSearchParams): readonly AlertView[] => {
    const floor = ORDER.indexOf(query.get('level') ?? 'informational')
    const target = query.get('target')
    const since = Number(query.get('since') ?? 0)
    return world.alerts.filter(
      (alert) =>
        ORDER.indexOf(alert.rule.level) >= floor &&
        alert.detectedAt >= since &&
        (target === null || alert.scope.value === target || alert.targets.includes(target)),
    )
  }

  const signedIn = (response: ServerResponse, status: number): void => {
    const id = createHash('sha256').update(`${Date.now()}${Math.random()}`).digest('hex')
    world.signedIn.add(id)
    json(response, status, world.operator, { 'set-cookie': `session=${id}; HttpOnly; SameSite=Lax; Path=/` })
  }

  const api = async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
    const body = await readBody(request)
    const route = `${request.method} ${url.pathname}`
    world.requests.push({ method: request.method ?? '', path: url.pathname + url.search, body })
    if (world.hanging) return undefined
    if (route === 'GET /v1/setup') return json(response, 200, { needed: world.setupLink !== undefined })
    if (route === 'POST /v1/setup') {
      const input = body as { link: string; name: string; password: string }
      if (world.setupLink === undefined || input.link !== world.setupLink) return problem(response, 'PPT_SETUP_LINK')
      world.setupLink = undefined
      world.operator = { id: 'op-1', name: input.name, role: 'admin' }
      world.password = input.password
      return signedIn(response, 201)
    }
    if (route === 'POST /v1/session') {
      const input = body as { name: string; password: string }
      if (input.name !== world.operator.name || input.password !== world.password) return problem(response, 'PPT_SIGN_IN_FAILED')
      return signedIn(response, 200)
    }
    if (route === 'POST /v1/session/passkey/challenge') return json(response, 200, { challenge: 'AAAA', rpId: 'localhost' })
    if (route === 'POST /v1/reset/check') return json(response, 200, { name: world.operator.name })
    if (!world.signedIn.has(cookieOf(request))) return problem(response, 'PPT_UNAUTHENTICATED')
    if (route === 'GET /v1/session')
      return json(response, 200, { kind: 'operator', ...world.operator, permissions: PERMISSIONS[world.operator.role], expiresAt: null })
    if (route === 'DELETE /v1/session') {
      world.signedIn.delete(cookieOf(request))
      response.writeHead(204).end()
      return undefined
    }
    if (route === 'GET /v1/alerts/stream') return stream(response, 'alerts')
    if (route === 'GET /v1/decisions/stream') return stream(response, 'decisions')
    if (world.failing !== undefined) return problem(response, world.failing)
    const own = answerAccount(route, world)
    if (own !== undefined) return json(response, own.status, own.body)
    const detected = answerDetect(request.method ?? '', url, body, world)
    const answered =
      detected ?? answerRespond(request.method ?? '', url, body, world) ?? answerPeople(request.method ?? '', url, body, world)
    if (answered !== undefined && 'problem' in answered) return problem(response, answered.problem, answered.detail)
    if (answered !== undefined) return json(response, answered.status, answered.body)
    if (route === 'GET /v1/overview')
      return json(response, 200, makeOverview(Date.now(), world.alerts, world.decisions, { empty: world.empty }))
    if (route === 'GET /v1/alerts') return json(response, 200, pageOf(listAlerts(url.searchParams), url.searchParams))
    if (route === 'GET /v1/decisions') return json(response, 200, pageOf(listDecisions(url.searchParams), url.searchParams))
    if (route === 'POST /v1/decisions') return decide(response, body as DecisionRequest)
    if (route === 'POST /v1/decisions/lift') {
      const { batch, reason } = body as { batch: string; reason: string }
      return json(response, 200, {
        lifted: lift(
          world.decisions.filter((decision) => decision.batch === batch).map((decision) => decision.id),
          reason,
        ),
      })
    }
    const single = /^POST \/v1\/decisions\/([^/]+)\/lift$/.exec(route)?.[1]
    if (single !== undefined) return json(response, 200, lift([decodeURIComponent(single)], (body as { reason: string }).reason)[0])
    const id = /^GET \/v1\/alerts\/([^/]+)$/.exec(route)?.[1]
    const alert = world.alerts.find((known) => known.id === (id === undefined ? '' : decodeURIComponent(id)))
    if (alert === undefined) return problem(response, 'PPT_NOT_FOUND')
    return json(
      response,
      200,
      makeDetail(
        alert,
        world.decisions.filter((decision) => decision.alertId === alert.id),
        Date.now(),
      ),
    )
  }

  const file = async (response: ServerResponse, path: string): Promise<void> => {
    const wanted = join(site, normalize(path))
    const found = path !== '/' && wanted.startsWith(site) && existsSync(wanted) ? wanted : join(site, 'index.html')
    response
      .writeHead(200, {
        'content-type': TYPES[extname(found)] ?? 'application/octet-stream',
        'content-security-policy': POLICY,
        'x-content-type-options': 'nosniff',
      })
      .end(await readFile(found))
  }

  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const done = url.pathname.startsWith('/v1/') ? api(request, response, url) : file(response, url.pathname)
    done.catch(() => problem(response, 'PPT_INTERNAL'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    world,
    emitAlert: (alert) => {
      world.alerts = [alert, ...world.alerts.filter((known) => known.id !== alert.id)]
      emit('alerts', 'alert', ++revision, alert)
    },
    emitDecision,
    dropStreams: () => {
      for (const response of streams.keys()) response.destroy()
    },
    streams: () => streams.size,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
