import { randomUUID, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import process from 'node:process'
import { createGuard, type GuardRequest, UNKNOWN_SUBJECT } from '@parapet/guard'
import { createMasker } from '@parapet/privacy'

const required = (name: string): string => {
  const value = process.env[name] ?? ''
  if (value.length < 32) throw new Error(`Set ${name} (32 characters or more): openssl rand -base64 32`)
  return value
}
const { CONTROL_PLANE_URL, CONTROL_PLANE_TOKEN, PUBLIC_ORIGIN = 'https://studio.example' } = process.env
const token = Buffer.from(`Bearer ${required('GATE_TOKEN')}`)

const guard = createGuard({
  clientAddress: { trusted: ['127.0.0.1'] }, // nginx, and Django, which names the client that nginx named
  publicOrigins: [PUBLIC_ORIGIN],
  secret: required('GUARD_SECRET'),
  loginRoutes: ['/accounts/login/'],
  // who is refused is refused at once: Django has few workers, and one that waits serves nobody
  login: { failures: 5, windowMs: 15 * 60_000, delay: 'none' },
  requestEvents: false, // nginx's access log has the status that Django gave
  masker: createMasker(),
  onEvent: (event) => process.stdout.write(`${JSON.stringify(event)}\n`),
  ...(CONTROL_PLANE_URL && CONTROL_PLANE_TOKEN ? { controlPlane: { url: CONTROL_PLANE_URL, token: CONTROL_PLANE_TOKEN } } : {}),
})

const textOf = (request: IncomingMessage, name: string): string | undefined => {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

/** What nginx asks before Django sees a request. Its headers come along; its method and target stand in two of nginx's own. */
const judge = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { context, headers, refusal, done } = await guard.enter({
    method: textOf(request, 'x-original-method') ?? '',
    url: textOf(request, 'x-original-uri') ?? '/',
    header: (name) => textOf(request, name),
    peer: request.socket.remoteAddress,
    secure: true,
  })
  done(refusal?.status ?? 204)
  for (const [name, value] of headers) response.appendHeader(name, value)
  response.setHeader('X-Parapet-Status', String(refusal?.status ?? 204))
  response.setHeader('X-Parapet-Request', context.id)
  response.setHeader('X-Parapet-Client', context.client.kind === 'known' ? context.client.address : '')
  response.setHeader('X-Parapet-Nonce', context.nonce)
  // nginx takes 2xx and 403 for an answer; the real status is for its error page
  response.writeHead(refusal === undefined ? 204 : 403).end()
}

type Told = Readonly<Record<string, unknown>>
const read = async (request: IncomingMessage): Promise<Told> => {
  let text = ''
  for await (const chunk of request) if ((text += String(chunk)).length > 32_768) throw new Error('more than Django sends')
  const told: unknown = JSON.parse(text)
  return typeof told === 'object' && told !== null ? (told as Told) : {}
}
const field = (told: Told, name: string, most: number): string | undefined => {
  const value = told[name]
  return typeof value === 'string' ? value.slice(0, most) : undefined
}

/** Attempts whose password Django is looking at. */
type Outcome = 'ok' | 'failed' | 'unknown'
type Waiting = { readonly say: (outcome: Outcome) => void; readonly cookies: Promise<readonly string[] | undefined> }
const waiting = new Map<string, Waiting>()
const PATIENCE_MS = 10_000

/** Counts an attempt to sign in, before the password is looked at. `{}`: locked, and the password must not be looked at. */
const begin = async (told: Told): Promise<unknown> => {
  const id = randomUUID()
  const headers: Readonly<Record<string, string | undefined>> = {
    cookie: field(told, 'cookie', 16_384),
    'user-agent': field(told, 'agent', 512),
    'x-forwarded-for': field(told, 'address', 64),
  }
  const request: GuardRequest = {
    method: 'POST',
    url: '/accounts/login/',
    header: (name) => headers[name],
    peer: '127.0.0.1',
    secure: true,
  }
  const attempt = { subject: field(told, 'name', 4_096) ?? '', method: 'password', request } as const
  return new Promise((resolve) => {
    const verdict = guard.login.attempt(attempt, async () => {
      const outcome = await new Promise<Outcome>((say) => {
        const timer = setTimeout(() => say('failed'), PATIENCE_MS)
        waiting.set(id, {
          say: (said) => {
            clearTimeout(timer)
            say(said)
          },
          cookies: verdict.then((said) => (said.kind === 'ok' ? said.cookies : undefined)),
        })
        resolve({ attempt: id })
      })
      waiting.delete(id)
      return outcome === 'unknown' ? UNKNOWN_SUBJECT : outcome === 'ok'
    })
    void verdict.then(() => resolve({}))
  })
}

/** Hears what the password was. `{}`: it does not count, because too much time has passed or a decision holds. */
const finish = async (id: string, told: Told): Promise<unknown> => {
  const attempt = waiting.get(id)
  if (attempt === undefined) return {}
  attempt.say(told['outcome'] === 'ok' ? 'ok' : told['outcome'] === 'unknown' ? 'unknown' : 'failed')
  return { cookies: await attempt.cookies }
}

/** What Django's signals and its log of security tell. */
const take = (told: Told): unknown => {
  const [reason, name, address] = [field(told, 'reason', 64), field(told, 'name', 256), field(told, 'address', 64)]
  guard.parts.emit({
    '@timestamp': Date.now(),
    'event.category': told['action'] === 'logout' ? 'authentication' : 'web',
    'event.action': field(told, 'action', 64) ?? 'unknown',
    'event.outcome': told['outcome'] === 'success' ? 'success' : 'failure',
    'event.dataset': 'django',
    ...(reason === undefined ? {} : { 'event.reason': reason }),
    ...(name === undefined ? {} : { 'user.name': name }),
    ...(address === undefined ? {} : { 'source.ip': address }),
  })
  return {}
}

const isDjango = (request: IncomingMessage): boolean => {
  const given = Buffer.from(textOf(request, 'authorization') ?? '')
  return given.length === token.length && timingSafeEqual(given, token)
}

const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { method, url = '' } = request
  if (url === '/judge') return judge(request, response)
  if (method !== 'POST' || !isDjango(request)) return void response.writeHead(404).end()
  const told = await read(request)
  const said = url === '/events' ? take(told) : url === '/attempts' ? await begin(told) : await finish(url.slice('/attempts/'.length), told)
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(said))
}

const server = createServer((request, response) => {
  // what cannot be judged does not pass: nginx takes 400 for a failure of ours
  answer(request, response).catch(() => response.writeHead(400).end())
})
server.listen(Number(process.env['PORT'] ?? 4000), '127.0.0.1', () => process.stdout.write('The gate listens\n'))
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    server.close(() => void guard.close().then(() => process.exit(0)))
    server.closeAllConnections()
  })
